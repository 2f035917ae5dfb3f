"""JSON as a register's program writes it: a list of objects, or an object a line.

Of a list each object is read by itself, so that its size does not matter; a list that breaks off ends with one damaged
line, for what stands behind a fault cannot be told from what stands in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from producers.tables.delimited import LONGEST_LINE, Text
from producers.tables.rows import Damaged, Stated

BLOCK = 1 << 20
#: What may stand behind a list: nothing, or the end of the object whose one list it is, with numbers and words in it.
_ENDS = re.compile(r'\s*(?:(?:,\s*"[^"]*"\s*:\s*(?:"[^"]*"|[-+.\w]+|\{[^][{}]*\})\s*)*\}\s*){0,2}')


class _Twice(ValueError):
    """A name stands twice in one object."""


def objects_of_lines(text: Text) -> Iterator[Stated | Damaged]:
    """JSON Lines, perhaps with a comma behind each: a fault costs its line. One object that is written over several
    lines is one."""
    if (one := _one_object(text)) is not None:
        yield one
        return
    with text.path.open("rb") as opened:
        opened.seek(text.begins)
        for number, raw in enumerate(iter(lambda: opened.readline(LONGEST_LINE), b""), 1):
            if not raw.strip():
                continue
            try:
                line = raw.decode(text.encoding).strip("\r\n")
            except UnicodeDecodeError:
                line = raw.decode(text.encoding, "backslashreplace").strip("\r\n")
                yield Damaged(number, f"has bytes that are not {text.encoding.upper()}", line)
                continue
            if "\0" in line or len(raw) == LONGEST_LINE:
                rest = raw
                while len(rest) == LONGEST_LINE and not rest.endswith(b"\n"):
                    rest = opened.readline(LONGEST_LINE)
                yield Damaged(number, "is too long or holds a NUL byte", line[:1000])
                continue
            try:
                yield _object(number, DECODER.decode(line.rstrip().removesuffix(",")), line)
            except (ValueError, RecursionError) as wrong:
                yield Damaged(number, _reason(wrong), line)


def _one_object(text: Text) -> Stated | None:
    """The object of which the file consists, written over several lines; None: it is something else."""
    with text.path.open("rb") as opened:
        opened.seek(text.begins)
        first = opened.readline(LONGEST_LINE)
        while first and not first.strip():
            first = opened.readline(LONGEST_LINE)
        rest = (
            opened.read(LONGEST_LINE) if first.strip() == b"{" or first.rstrip().endswith((b",", b"[", b"{")) else b""
        )
    if not rest or len(rest) == LONGEST_LINE:
        return None
    try:
        value = DECODER.decode((first + rest).decode(text.encoding))
    except ValueError:
        return None
    return Stated(1, value, json.dumps(value, ensure_ascii=False)) if isinstance(value, dict) else None


def objects_of_list(text: Text) -> Iterator[Stated | Damaged]:
    """The objects of a list, which may be the one value of an object; numbered from 1."""
    number = 0
    with text.path.open(encoding=text.encoding, errors="backslashreplace") as opened:
        buffer = opened.read(BLOCK)
        place = buffer.index("[") + 1
        while True:
            while place < len(buffer) and buffer[place] in " \t\r\n,":
                place += 1
            if place >= len(buffer):
                buffer, place = opened.read(BLOCK), 0
                if not buffer:
                    yield Damaged(number + 1, "breaks off: the list has no end", "")
                    return
                continue
            if buffer[place] == "]":
                if not _ENDS.fullmatch(buffer[place + 1 :] + opened.read(BLOCK)):
                    reason = "is behind the end of the list, which is read alone: leave one list of all records"
                    yield Damaged(number + 1, reason, "")
                return
            number += 1
            try:
                value, end = DECODER.raw_decode(buffer, place)
            except (ValueError, RecursionError) as wrong:
                more = opened.read(BLOCK) if len(buffer) - place < LONGEST_LINE else ""
                if not more or isinstance(wrong, _Twice):
                    yield Damaged(
                        number, f"{_reason(wrong)}, and neither is what stands behind it", buffer[place:][:1000]
                    )
                    return
                buffer, place, number = buffer[place:] + more, 0, number - 1
                continue
            yield _object(number, value, buffer[place:end])
            place = end


def cell(value: Any) -> str | None:
    """A value of JSON as the text of a cell; None if it is no cell."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "是" if value else "否"
        case int() | float():
            return json.dumps(value)
        case list():
            cells = [cell(part) for part in value]
            return None if None in cells else ",".join(part for part in cells if part)
    return None


def _object(number: int, value: Any, original: str) -> Stated | Damaged:
    if not isinstance(value, dict):
        return Damaged(number, "is not a JSON object", original)
    return Stated(number, value, original)


def _reason(wrong: Exception) -> str:
    return "has a name twice in one object" if isinstance(wrong, _Twice) else "is not JSON"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Twice
    return made


def _no_number(written: str) -> None:
    """NaN is what a data frame writes for nothing. Raises ValueError for an infinite number."""
    if written != "NaN":
        raise ValueError


DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_number)
