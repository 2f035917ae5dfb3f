"""What a person sees of a number whose cell has a format of its own: 000123 for 123, H-007 for 7.

A register's number that a spreadsheet holds as a number is what is shown, not what is held.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from producers.tables.file_form import FileRefused

#: A literal between quotation marks or behind a backslash, a place for a digit, or a character that stands for itself.
_PARTS = re.compile(r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|(?P<digit>[0#])|(?P<itself>[-() \u4e00-\u9fff])')


class Shown(NamedTuple):
    """A format of whole numbers: literals, and None for each digit; `digits`: so many are shown at least."""

    parts: tuple[str | None, ...]
    digits: int


Forms = dict[int, Shown]
"""By a column, counted from 0, how its numbers are shown; a column is left out if they are what they are."""


@lru_cache(maxsize=1024)
def shown(code: str) -> Shown | None:
    """How a number is shown by a format's code; None: as the number that it is, or as a day, an amount, a share."""
    code = _first_section(code)
    parts: list[str | None] = []
    place = zeros = 0
    while place < len(code):
        part = _PARTS.match(code, place)
        if part is None:
            return None
        if part["digit"]:
            parts.append(None)
            zeros += part["digit"] == "0"
        else:
            parts.append(part["quoted"] or part["escaped"] or part["itself"] or "")
        place = part.end()
    if None not in parts or (zeros < 2 and not any(parts)):
        return None
    return Shown(tuple(parts), zeros)


def written(number: float, form: Shown) -> str | None:
    """`number` as `form` shows it; None: it has decimals or a sign, for which the form has no place."""
    if number < 0 or number != int(number):
        return None
    digits = str(int(number)).zfill(form.digits)
    out: list[str] = []
    first = form.parts.index(None)
    for place in range(len(form.parts) - 1, -1, -1):
        part = form.parts[place]
        if part is not None:
            out.append(part)
        elif place == first:
            out.append(digits)
        else:
            digits, last = digits[:-1], digits[-1:]
            out.append(last)
    return "".join(reversed(out))


def forms_of_columns(path: Path, sheet: str, used: Mapping[int, Set[Shown | None]]) -> Forms:
    """The one form of each column of those in which its numbers stand. Raises FileRefused if they have several."""
    for column, found in used.items():
        if len(found) > 1:
            raise FileRefused(
                f"{path}, {sheet}: some numbers of column {column + 1} are shown with noughts before them or with "
                "letters, and some are not, so nobody can tell what they are. Give the column the format of text and "
                "export it again."
            )
    return {column: form for column, found in used.items() for form in found if form is not None}


def _first_section(code: str) -> str:
    """Of the sections for numbers above, below and at nought, the first."""
    quoted = False
    for place, character in enumerate(code):
        if character == '"':
            quoted = not quoted
        elif character == ";" and not quoted:
            return code[:place]
    return code
