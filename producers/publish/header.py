"""The head of a table: which row names the columns, however an office's template decorates them.

Above it may stand titles, below it totals; its cells may hold blanks, stars, quotation marks, a note in brackets, or be
merged over two rows. What cannot be read in one way only is refused: a column that stands twice, or one that differs
from a known name by more than its decoration.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from domain.codes import narrow
from producers.publish.columns import Department, Export
from producers.tables.file_form import FileRefused
from producers.tables.rows import Row

#: Rows among which the columns' names are looked for, and over how many of them merged cells may spread.
HEAD_ROWS = 60
MERGED_ROWS = 3
#: A title, who filled it in, and when: a row above the head has no more cells than this, or half of the columns.
RECORD_LIKE = 3

_DECORATION = re.compile(
    "[\\s*\u203b\u2217\u2605\u2606\"'`\u201c\u201d\u2018\u2019\u300c\u300d\u200b-\u200f\u2060\ufeff\u00ad\u202a-\u202e]+"
)
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|\{[^{}]*\}|<[^<>]*>")
#: Notes in brackets that say nothing about what stands in the column.
_NOTES = re.compile(
    r"必填项?|选填项?|必录项?|非必填|可选|可空|可不填|不可为空|必须|文本|文本型|文本格式|日期|日期型|日期格式|"
    r"格式[::]?.*|yyyy.*|例如?[::]?.*|18位|15位|下拉选择|required|optional",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"[._-]?\d+$|[._-][a-zA-Z]$")
_WHOLE_BRACKETED = re.compile(r"\[(.+)\]|【(.+)】|<(.+)>|\{(.+)\}|\((.+)\)")
#: A row below the table that is no record of it.
_NO_RECORD = re.compile(
    r"(?:合|总|小|共|累)计.*|本页(?:合|小)计.*|(?:填报|填表|制表|审核|复核|打印|导出|经办|负责)(?:人|单位|部门|日期|时间)?[::].*|"
    r"(?:备注|注|说明)[::].*|(?:单位)?负责人[::].*|共\d+[条行户人笔件].*|total.*",
    re.IGNORECASE,
)


class Head(NamedTuple):
    """The head of a table. `columns`: the export's names by position, "" where a column is not used; `unused`: the
    names of those as they stand in the file; `labels`: all names as they stand there; `row`: the last row of the head,
    counted from 0."""

    export: Export
    columns: tuple[str, ...]
    labels: tuple[str, ...]
    unused: tuple[str, ...]
    row: int


class Names:
    """The names of a department's columns, and how they may be decorated."""

    def __init__(self, department: Department) -> None:
        self.department = department
        self._plain = {_plain(name): name for export in department.exports for name in _names(export)}
        self.known = lru_cache(maxsize=4_096)(self._known)

    def _known(self, name: str) -> str:
        """The export's name of the column called `name`; "" if there is none."""
        plain = _plain(name)
        for candidate in (plain, _without_notes(plain), _unwrapped(plain)):
            if candidate in self._plain:
                return self._plain[candidate]
        return ""

    def resembled(self, name: str) -> str:
        """The known name that is left of `name` without anything in brackets and without a number behind it, which
        programs add to a name that stands twice; "" if there is none."""
        return self._plain.get(_NUMBERED.sub("", _BRACKETS.sub("", _plain(name))), "")

    def score(self, cells: Iterable[str]) -> int:
        """How many of the cells name a column."""
        return sum(bool(self.known(cell)) for cell in cells)


def head_of(rows: Sequence[Row], names: Names, place: str) -> Head:
    """The head of a table by its first rows. Raises ExportUnknown, or FileRefused for a head that can be read in two
    ways; `place` names the file, and its sheet."""
    department = names.department
    best: tuple[int, tuple[str, ...]] = (0, ())
    for above in range(1, MERGED_ROWS + 1):
        for index in range(above - 1, len(rows)):
            labels = _labels(rows[index - above + 1 : index + 1])
            columns = tuple(map(names.known, labels))
            score = sum(map(bool, columns))
            if score and any(not export.missing(columns) for export in department.exports):
                _refuse_records_above(rows[: index - above + 1], score, names, place)
                return _head(labels, columns, names, index, place)
            best = max(best, (score, columns), key=lambda one: one[0])
    department.export_of(best[1])  # raises: it says what is missing
    raise AssertionError


def _refuse_records_above(rows: Sequence[Row], columns: int, names: Names, place: str) -> None:
    """Above the columns' names stand titles and what several columns have in common; a row with as many cells as a
    record would be lost. Raises FileRefused."""
    for row in rows:
        filled = sum(bool(cell and not cell.isspace()) for cell in row.cells)
        if filled > max(RECORD_LIKE, columns // 2) and not names.score(row.cells):
            raise FileRefused(
                f"{place}: line {row.number} stands above the columns' names and is as full as a record. Leave the "
                "columns' names above all records, once, and publish the file again."
            )


def _head(labels: Sequence[str], columns: tuple[str, ...], names: Names, row: int, place: str) -> Head:
    export = names.department.export_of(columns)
    used = set(_names(export))
    columns = tuple(name if name in used else "" for name in columns)
    for name, count in Counter(filter(None, columns)).items():
        if count > 1:
            places = " and ".join(str(position) for position, one in enumerate(columns, 1) if one == name)
            raise FileRefused(
                f"{place}: the column {name} stands {count} times (columns {places}), and nothing says which is meant. "
                "Leave one, or give the others another name, and publish the file again."
            )
    for label, name in zip(labels, columns, strict=True):
        meant = "" if name else names.resembled(label)
        if meant and meant in used:
            raise FileRefused(
                f"{place}: the column {_shown(label)} may or may not be {meant}. Call it {meant} if it is, leave it "
                "out or give it another name if it is not, and publish the file again."
            )
    unused = tuple(_shown(label) for label, name in zip(labels, columns, strict=True) if label.strip() and not name)
    return Head(export, columns, tuple(labels), unused, row)


def is_no_record(cells: Sequence[str], needed: Sequence[int]) -> bool:
    """Whether a row below the head is a total, a signature or a note; `needed`: the cells that a record must have."""
    first = next((cell for cell in cells if cell and not cell.isspace()), "")
    if _NO_RECORD.fullmatch(_plain(first)):
        empty = sum(not (index < len(cells) and cells[index].strip()) for index in needed)
        return empty * 2 >= len(needed)
    return False


def _labels(rows: Sequence[Row]) -> list[str]:
    """The lowest name of each column: above it stands what several columns have in common."""
    width = max(len(row.cells) for row in rows)
    labels = [""] * width
    for row in rows:
        for index, cell in enumerate(row.cells):
            if cell and not cell.isspace():
                labels[index] = str(cell)
    return labels


def _names(export: Export) -> list[str]:
    columns = [column for kind in export.says() for column in kind.columns.values()] + [*export.head.values()]
    columns += [export.kind_column] if export.kind_column else []
    return [name for column in columns for name in (*column.names, *column.document_names())]


def _plain(name: str) -> str:
    return _DECORATION.sub("", narrow(name)).rstrip(":")


def _without_notes(name: str) -> str:
    return _BRACKETS.sub(lambda match: "" if _NOTES.fullmatch(match[0][1:-1]) else match[0], name)


def _unwrapped(name: str) -> str:
    match = _WHOLE_BRACKETED.fullmatch(name)
    return next(part for part in match.groups() if part) if match else name


def _shown(label: str) -> str:
    return "".join(label.split())[:40]
