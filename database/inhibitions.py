"""Pairs of rules of which a building's open alert stands for those of its flats (docs/decisions/0041-noise.md)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import psycopg
from psycopg.types.json import Jsonb

from wire.catalogue import rules

COLUMNS = ("rule", "inhibits")


class Pair(NamedTuple):
    """An open alert of `rule` at a building hides those of `inhibits` at its flats."""

    rule: str
    inhibits: str


class PairsRefused(Exception):
    """What was asked for is no list of pairs; the message says what to mend, and nothing was changed."""


def pairs(dsn: str) -> list[Pair]:
    """The pairs in force. `dsn` logs in as the owner."""
    with psycopg.connect(dsn) as owner:
        return _pairs(owner)


def add(dsn: str, pair: Pair) -> None:
    """What the pair hides is hidden at once, its tasks closed. Raises PairsRefused."""
    with psycopg.connect(dsn) as owner:
        known = _pairs(owner)
        if pair in known:
            raise PairsRefused(f"{pair.rule} inhibits {pair.inhibits} already.")
        _keep(owner, [*known, pair])


def end(dsn: str, pair: Pair) -> None:
    """What the pair hid is shown again, with new tasks. Raises PairsRefused."""
    with psycopg.connect(dsn) as owner:
        known = _pairs(owner)
        if pair not in known:
            raise PairsRefused(f"{pair.rule} does not inhibit {pair.inhibits}: citygrid inhibitions list")
        _keep(owner, [one for one in known if one != pair])


def load(dsn: str, content: bytes) -> int:
    """Take a CSV file's lines as the whole list; how many pairs it has. Raises PairsRefused."""
    read = _read(content)
    with psycopg.connect(dsn) as owner:
        _keep(owner, read)
    return len(read)


def _pairs(owner: psycopg.Connection) -> list[Pair]:
    return [Pair(*row) for row in owner.execute("SELECT rule, inhibits FROM city.inhibition ORDER BY rule, inhibits")]


def _keep(owner: psycopg.Connection, wanted: Sequence[Pair]) -> None:
    known = set(_pairs(owner))
    for pair in wanted:
        if pair not in known:  # a rule that is no more may still stand in the list
            _check(pair)
    lines = Jsonb([pair._asdict() for pair in wanted])
    owner.execute("SELECT city.keep_inhibitions(%s)", (lines,))


def _check(pair: Pair) -> None:
    for name in pair:
        if name not in rules():
            raise PairsRefused(f"There is no rule '{name}'. Rules: {', '.join(sorted(rules()))}.")
    if rules()[pair.inhibits].domain == "sos":
        raise PairsRefused(f"'{pair.inhibits}' is a call for help, and nothing hides one.")


def _read(content: bytes) -> list[Pair]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise PairsRefused("The file is neither UTF-8 nor GB 18030: save it as CSV in one of them.")
    head, *lines = [*csv.reader(io.StringIO(text))] or [[]]
    if sorted(cell.strip() for cell in head) != sorted(COLUMNS):
        raise PairsRefused(f"The first line names the columns {' and '.join(COLUMNS)}.")
    order = [[cell.strip() for cell in head].index(name) for name in COLUMNS]
    return list(dict.fromkeys(_lines(lines, order)))


def _lines(lines: Iterable[list[str]], order: Sequence[int]) -> Iterable[Pair]:
    for number, cells in enumerate(lines, 2):
        if not cells:
            continue
        if len(cells) != len(COLUMNS) or not all(cell.strip() for cell in cells):
            raise PairsRefused(f"line {number}: name a rule in each of the two columns; nothing of the file was taken.")
        yield Pair(*(cells[position].strip() for position in order))
