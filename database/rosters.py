"""The roster: who serves which grid when, from a table's rows and back (migrations/0009.roster.sql)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from domain.time import CITY

COLUMNS = ("grid", "date", "begins", "ends", "worker", "deputy")
"""As `export` writes them; times of the city, `ends` at or before `begins` is on the day after."""
CALLED = {
    "网格": "grid", "网格编码": "grid", "日期": "date", "开始": "begins", "上班": "begins", "结束": "ends",
    "下班": "ends", "网格员": "worker", "账号": "worker", "副手": "deputy", "替班": "deputy",
}  # fmt: skip
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]0?0:00(?::00)?)?")
_CLOCK = re.compile(r"(\d{1,2})[:：](\d{2})(?::00)?")
ACCOUNTS = "SELECT id, name, role, scope, disabled_at FROM city.account WHERE name = ANY(%s)"
SHIFTS = """
SELECT s.grid, s.begins, s.ends, w.name AS worker, d.name AS deputy
FROM city.shift s JOIN city.account w ON w.id = s.worker LEFT JOIN city.account d ON d.id = s.deputy
WHERE s.begins >= %(first)s AND s.begins < %(last)s AND s.grid >= %(grid)s AND s.grid < %(grid)s || 'z'
ORDER BY s.begins, s.grid, w.name
"""


class Wrong(NamedTuple):
    """A cell that is to be mended: where it stands, and what belongs there."""

    line: int
    field: str
    what: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.field}: {self.what}"


class RosterRefused(Exception):
    """A table is no roster, and nothing of it was taken."""

    def __init__(self, wrong: Sequence[Wrong]) -> None:
        super().__init__("; ".join(map(str, wrong)))
        self.wrong = wrong


def load(dsn: str, rows: Iterable[tuple[int, Sequence[str]]]) -> int:
    """Take a table's rows (number of the line, cells; the first names the columns) into the roster, all or none.

    What they say of a grid's day is the whole of it, but for shifts that have begun. `dsn` logs in as the owner.
    Raises RosterRefused with every cell that is wrong.
    """
    table = list(rows)
    if not table:
        raise RosterRefused([Wrong(1, "columns", f"the file is empty; its first line names {', '.join(COLUMNS)}")])
    names = [CALLED.get(cell.strip(), cell.strip().lower()) for cell in table[0][1]]
    if missing := [name for name in COLUMNS[:-1] if names.count(name) != 1]:
        raise RosterRefused([Wrong(table[0][0], "columns", f"name {', '.join(missing)} once each")])
    lines = [(number, dict(zip(names, map(str.strip, cells), strict=False))) for number, cells in table[1:]]
    with psycopg.connect(dsn, row_factory=dict_row) as owner:
        called = {line.get(name, "") for _, line in lines for name in ("worker", "deputy")}
        accounts = {row["name"]: row for row in owner.execute(ACCOUNTS, (sorted(called),))}
        wrong: list[Wrong] = []
        shifts = [_shift(number, line, accounts, wrong) for number, line in lines]
        known: dict[tuple[Any, ...], int] = {}
        for (number, _), shift in zip(lines, shifts, strict=True):
            key = (shift["grid"], shift["worker"], shift["begins"])
            if None not in key and (before := known.setdefault(key, number)) != number:
                wrong.append(Wrong(number, "worker", f"line {before} has the same shift"))
        if wrong:
            raise RosterRefused(sorted(wrong))
        owner.execute("SELECT city.plan_shifts(%s)", (Jsonb(shifts, dumps=_as_json),))
    return len(shifts)


def shifts(dsn: str, first: date, last: date, grid: str = "") -> list[list[str]]:
    """The rows of the roster from the first to the last day, as `load` takes them, the columns' names first."""
    span = {"first": _begin(first), "last": _begin(last + timedelta(days=1)), "grid": grid}
    with psycopg.connect(dsn, row_factory=dict_row) as owner:
        rows = owner.execute(SHIFTS, span).fetchall()
    return [list(COLUMNS), *(_cells(row) for row in rows)]


def _shift(
    number: int, line: Mapping[str, str], accounts: Mapping[str, Mapping[str, Any]], wrong: list[Wrong]
) -> dict[str, Any]:
    def refuse(field: str, what: str) -> None:
        wrong.append(Wrong(number, field, what))

    grid = line.get("grid", "")
    if not re.fullmatch("[0-9]{15}", grid):
        refuse("grid", "must be the 15 digits of a grid")
        grid = ""
    day, begins, ends = _day(line.get("date", "")), _clock(line.get("begins", "")), _clock(line.get("ends", ""))
    if day is None:
        refuse("date", "must be a day as 2026-03-01")
    for field, clock in (("begins", begins), ("ends", ends)):
        if clock is None:
            refuse(field, "must be a time as 08:00")

    def account(field: str) -> UUID | None:
        name = line.get(field, "")
        known = accounts.get(name)
        if known is None or known["role"] != "grid_worker" or known["disabled_at"]:
            refuse(field, f"'{name}' is no grid worker's account" if name else "names a grid worker's account")
        elif grid and not grid.startswith(known["scope"]):
            refuse(field, f"'{name}' does not see grid {grid}: its scope is {known['scope']}")
        else:
            return known["id"]  # type: ignore[no-any-return]
        return None

    worker = account("worker")
    deputy = account("deputy") if line.get("deputy") else None
    if deputy and deputy == worker:
        refuse("deputy", "must be somebody else than the worker")
    if day is None or begins is None or ends is None:
        return {"grid": grid or None, "begins": None, "ends": None, "worker": worker, "deputy": deputy}
    begun = datetime.combine(day, begins, CITY)
    ended = datetime.combine(day if ends > begins else day + timedelta(days=1), ends, CITY)
    return {"grid": grid or None, "begins": begun, "ends": ended, "worker": worker, "deputy": deputy}


def _day(cell: str) -> date | None:
    matched = _DAY.fullmatch(cell)
    try:
        return date(*map(int, matched.groups())) if matched else None
    except ValueError:
        return None


def _clock(cell: str) -> time | None:
    matched = _CLOCK.fullmatch(cell)
    try:
        return time(int(matched[1]), int(matched[2])) if matched else None
    except ValueError:
        return None


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), CITY)


def _cells(row: Mapping[str, Any]) -> list[str]:
    begins, ends = row["begins"].astimezone(CITY), row["ends"].astimezone(CITY)
    return [row["grid"], f"{begins:%Y-%m-%d}", f"{begins:%H:%M}", f"{ends:%H:%M}", row["worker"], row["deputy"] or ""]


def _as_json(value: Any) -> str:
    return json.dumps(value, default=str)
