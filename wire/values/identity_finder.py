"""The one finder of citizens' identity numbers in texts and in other numbers, for every door and every text.

A number is looked for as a reader would see it: digits of every script and width, with whatever stands between them
(blanks, line breaks, hyphens, dots, brackets, invisible characters) passed over. A letter or a Chinese character ends a
run. Every window of 18 with a date that exists and the right check character is one; 15 digits, which have no check
character, only as a run of their own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from domain.codes import DISTRICTS, InvalidCode, normalised_grid_code, normalised_identity_number

MASK = "\u25ae"
"""What stands for a number that was taken out of a text: ▮."""
SHORTEST = 15
_WINDOW = re.compile(r"(?=(\d{17}[\dX]))", re.ASCII)
_RUN = re.compile(r"\d+", re.ASCII)
_DIGIT = re.compile(r"\d")
_WORDS = r"[\x00-/:-\x7f\u4e00-\u9fff]*+"
#: A text of ASCII and common Chinese characters with fewer digits than a number has: nearly all texts are.
_FEW_DIGITS = re.compile(f"{_WORDS}(?:[0-9]{_WORDS}){{0,14}}+")
#: What stands for the check character X on one keyboard or another: Roman ten is X by NFKC already.
_X = frozenset("xX\u00d7\u2715\u2573\u0425\u0445\u03a7\u03c7")
#: A separator in the text as it is read run by run, and the end of a run in both readings.
_GAP, _END = " ", "|"


class Span(NamedTuple):
    """Where an identity number stands in a text: from `start` to before `end`."""

    start: int
    end: int


def holds_identity_number(text: str) -> bool:
    """Whether an identity number stands anywhere in `text`."""
    if len(text) < SHORTEST or _FEW_DIGITS.fullmatch(text):
        return False
    return bool(identity_numbers_in(text))


def identity_numbers_in(text: str) -> list[Span]:
    """Where identity numbers stand in `text`, in order, those that overlap as one."""
    if not _may_hold(text):
        return []
    characters, places = _read(text)
    spans = [
        Span(places[match.start()], places[match.start() + 17] + 1)
        for match in _WINDOW.finditer(characters)
        if _is_number(match[1])
    ]
    # a run as it is written, and one that is written in groups
    apart, apart_places = _read(text, gap=_GAP)
    for read, read_places in ((characters, places), (apart, apart_places)):
        spans += [
            Span(read_places[run.start()], read_places[run.end() - 1] + 1)
            for run in _RUN.finditer(read)
            if len(run[0]) == SHORTEST and _is_number(run[0]) and not _is_grid(run[0])
        ]
    return _merged(spans)


def masked(text: str) -> str:
    """`text` with `MASK` in the place of every identity number."""
    while spans := identity_numbers_in(text):  # what stood around a number may read as one without it
        for start, end in reversed(spans):
            text = text[:start] + MASK + text[end:]
    return text


def _may_hold(text: str) -> bool:
    if len(text) < SHORTEST:
        return False
    return len(_DIGIT.findall(text if text.isascii() else unicodedata.normalize("NFKC", text))) >= SHORTEST


def _read(text: str, gap: str = "") -> tuple[str, Sequence[int]]:
    """Digits, X and the ends of runs, and for each where it stands in `text`; `gap` for a separator."""
    if text.isascii() and text.isdecimal():
        return text, range(len(text))
    characters: list[str] = []
    places: list[int] = []
    for place, written in enumerate(text):
        for character in written if written.isascii() else unicodedata.normalize("NFKC", written):
            meant = _meant(character, gap)
            if meant:
                characters.append(meant)
                places.append(place)
    return "".join(characters), places


def _meant(character: str, gap: str) -> str:
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    if character in _X:
        return "X"
    if character == MASK or character.isalnum():
        return _END
    return "" if unicodedata.category(character) in ("Cf", "Mn") else gap


def _is_number(digits: str) -> bool:
    try:
        number = normalised_identity_number(digits)
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14])).year < 2100
    except InvalidCode:
        return False


def _is_grid(digits: str) -> bool:
    """A grid of this city, whose digits can read as a birth date of the years 1900 to 1919."""
    try:
        return normalised_grid_code(digits)[:6] in DISTRICTS
    except InvalidCode:
        return False


def _merged(spans: list[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start < merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged
