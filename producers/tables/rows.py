"""What reading a file gives, whatever its form: rows of cells, statements, and what could not be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


class Row(NamedTuple):
    """A row as it was read: `number` of its (first) line, `original` as it stands in the file, over `lines` lines;
    `ended` is False for a last line that no line end closes, which may have been cut."""

    number: int
    cells: Sequence[str]
    original: str
    lines: int = 1
    ended: bool = True


class Line(NamedTuple):
    """A row of a table: `cells` in the order of `header`, the columns by the names of the department's export."""

    number: int
    header: Sequence[str]
    cells: Sequence[str]
    original: str


class Damaged(NamedTuple):
    """A line that could not be read; `field` is the column that is to blame, if it is one."""

    number: int
    reason: str
    original: str
    field: str = "line"


class Stated(NamedTuple):
    """A JSON object that is a statement of a contract already, `{"topic", "kind", "record", …, "change": {…}}`."""

    number: int
    item: dict[str, Any]
    original: str


class DayCell(str):
    """A cell that a spreadsheet holds as a date or time: no register's number is one."""

    __slots__ = ()


Read = Line | Damaged | Stated
