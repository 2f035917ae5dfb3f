"""The head of a table: which row names the columns, however an office's template decorates them.

Above it may stand titles, below it totals; its cells may hold blanks, stars, quotation marks, a note in brackets, or be
merged over two rows. What cannot be read in one way only is refused: a column that stands twice, or one that differs
from a known name by more than its decoration.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from domain.codes import narrow
from producers.publish import cells
from producers.publish.cells import Convert
from producers.publish.columns import Column, Department, Export
from producers.publish.roles import naming_columns
from producers.tables.file_form import FileRefused
from producers.tables.rows import Row

#: Rows among which the columns' names are looked for, and over how many of them merged cells may spread.
HEAD_ROWS = 60
MERGED_ROWS = 3
#: A title, who filled it in, and when: a row above the head has no more cells than this, or half of the columns.
RECORD_LIKE = 3

_DECORATION = re.compile(
    "[\\s*\u203b\u2217\u2605\u2606\"'`\u201c\u201d\u2018\u2019\u300c\u300d\u200b-\u200f\u2060\ufeff\u00ad\u202a-\u202e"
    "\u25b2\u25bc\u25b3\u25bd\u25b4\u25be\u2191\u2193\u21c5]+"
)
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|\{[^{}]*\}|<[^<>]*>")
#: Notes in brackets that say nothing about what stands in the column.
_NOTES = re.compile(
    r"必填项?|选填项?|必录项?|非必填|可选|可空|可不填|不可为空|必须|文本|文本型|文本格式|日期|日期型|日期格式|"
    r"格式[::]?.*|yyyy.*|年[-/.]?月[-/.]?日|例如?[::]?.*|(?:18|15|11|8)位(?:数字)?|下拉选择|required|optional",
    re.IGNORECASE,
)
_BETWEEN_NOTES = re.compile("[,;、/]")
#: The unit in brackets behind a name, where it is the one in which the column is read.
_UNITS: Mapping[Convert, re.Pattern[str]] = {
    cells.yuan: re.compile("(?:单位:?)?(?:人民币)?元|RMB|CNY", re.IGNORECASE),
    cells.decimal: re.compile("(?:单位:?)?(?:平方米|平米|㎡|m2|m²|毫米|mm|度|°|十进制度?|WGS-?84)", re.IGNORECASE),
    cells.whole: re.compile("(?:单位:?)?(?:间|人|个|户)"),
}
#: What stands above columns that tell of somebody else than the line is about.
_SOMEBODY_ELSE = re.compile(
    "(?:紧急)?(?:代办|经办|委托|受托|监护|联系|担保|介绍|见证|被监护|抚养)人|户主|父亲|母亲|父母|配偶|亲属|家属|子女"
)
_ABOUT = re.compile("(?:的?(?:基本)?(?:信息|情况|资料))$")
_IN_BRACKETS_BEHIND = re.compile(r"(.+?)[(\[【]([^()\[\]【】]+)[)\]】]")
_MARKS = frozenset('*＊※★☆"“[【<({（\ufeff')
#: A number before a name: 1.姓名, (2)姓名, 3、姓名.
_COUNTED = re.compile(r"^[(\[]?\d{1,2}[)\].、]+")
_NUMBERED = re.compile(r"[._-]?\d+$|[._-][a-zA-Z]$")
_WHOLE_BRACKETED = re.compile(r"\[(.+)\]|【(.+)】|<(.+)>|\{(.+)\}|\((.+)\)")
#: A row below the table that is no record of it.
_NO_RECORD = re.compile(
    r"(?:合|总|小|共|累)计.*|本页(?:合|小)计.*|(?:填报|填表|制表|审核|复核|打印|导出|经办|负责)(?:人|单位|部门|日期|时间)?[::].*|"
    r"(?:备注|注|说明)[::].*|(?:单位)?负责人[::].*|(?:以上|总)?共\d+[条行户人笔件].*|total.*|"
    # what a database's own program writes below, and how a page ends
    r"\(?\d+(?:rows?|行|条)[^)]*\)?|已选择\d+行.*|\d+rows?(?:selected|inset|returned|affected).*|第\d+页.*|"
    r"以[上下](?:为|是|空白|无).*|(?:此|以)下空白|\(?(?:全文)?完\)?|\(?(?:end|eof)(?:of(?:file|report))?\)?|-+(?:end|eof)-+|"
    r"PL/SQLproceduresuccessfullycompleted\.?",
    re.IGNORECASE,
)


_RULED = re.compile(r"[-=+|:\u2500\u2501]+")
_FILLED_IN = re.compile("[*(\uff08\\[]?(?:必填|选填|非必填|可填|可空|必录|选录)项?[)\uff09\\]]?")
#: Fewer cells than this prove nothing.
RESEMBLE = 3


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
        self._read_by = {
            name: column.convert
            for export in department.exports
            for column in _columns(export)
            for name in column.names
        }
        #: Columns in whose cells several people may stand.
        self.of_several = frozenset(name for name, convert in self._read_by.items() if convert is cells.identities)
        #: With what a cell begins that may be a column's name.
        self.begins = frozenset(name[0] for name in self._plain) | _MARKS
        self.known = lru_cache(maxsize=4_096)(self._known)

    def _known(self, name: str) -> str:
        """The export's name of the column called `name`; "" if there is none."""
        plain = _plain(name)
        for bare in dict.fromkeys((plain, _COUNTED.sub("", plain), _COUNTED.sub("", _unwrapped(plain)))):
            for candidate in (bare, _without_notes(bare), _unwrapped(bare)):
                if candidate in self._plain:
                    return self._plain[candidate]
            if with_unit := self._with_unit(bare):
                return with_unit
        return ""

    def _with_unit(self, plain: str) -> str:
        """The export's name of a column that bears its unit behind it; "" if there is none, or it is another unit."""
        match = _IN_BRACKETS_BEHIND.fullmatch(plain)
        known = self._plain.get(match[1], "") if match else ""
        unit = _UNITS.get(self._read_by[known]) if known in self._read_by else None
        return known if match and unit and unit.fullmatch(match[2]) else ""

    def is_of_somebody_else(self, group: str, name: str) -> bool:
        """Whether a column that is called `name` stands below a heading that says it is about another person."""
        about_people = self._read_by.get(name) in (cells.identity, cells.identities, cells.phone)
        return about_people and _SOMEBODY_ELSE.fullmatch(_ABOUT.sub("", _plain(group))) is not None

    def resembled(self, name: str) -> str:
        """The known name that is left of `name` without anything in brackets and without a number behind it, which
        programs add to a name that stands twice; "" if there is none."""
        plain = _COUNTED.sub("", _plain(name))
        behind = _IN_BRACKETS_BEHIND.fullmatch(plain)
        for bare in (_BRACKETS.sub("", plain), _unwrapped(behind[1] if behind else plain)):
            if known := self._plain.get(_NUMBERED.sub("", bare)):
                return known
        return ""

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
            read = _named(rows, index, above, names)
            if read.score and _fits(department, read):
                below = _named(rows, index + 1, above + 1, names) if index + 1 < len(rows) else read
                if below.score > read.score and _fits(department, below):
                    # the row below the first that would do names more columns: a cell is merged over both
                    return _checked(below, rows, index + 1, above + 1, names, place)
                return _checked(read, rows, index, above, names, place)
            best = max(best, (read.score, read.columns), key=lambda one: one[0])
    department.export_of(best[1])  # raises: it says what is missing
    raise AssertionError


class _Named(NamedTuple):
    """How rows name columns: the lowest name of each, what stands above it, both as far as that is a known name, and
    the export's."""

    labels: list[str]
    groups: list[str]
    named: list[str]
    columns: tuple[str, ...]

    @property
    def score(self) -> int:
        return sum(map(bool, self.columns))


def _named(rows: Sequence[Row], index: int, above: int, names: Names) -> _Named:
    """What the `above` rows up to `index` name."""
    labels = _labels(rows[index - above + 1 : index + 1])
    groups = _groups(rows[index - 1].cells if index else (), len(labels))
    named = [
        group + label if label and names.known(group + label) else label
        for group, label in zip(groups, labels, strict=True)
    ]
    return _Named(labels, groups, named, tuple(map(names.known, named)))


def _fits(department: Department, read: _Named) -> bool:
    return any(not export.missing(read.columns) for export in department.exports)


def _checked(read: _Named, rows: Sequence[Row], index: int, above: int, names: Names, place: str) -> Head:
    _refuse_records_above(rows[: index - above + 1], read.score, names, place)
    _refuse_somebody_else(read.groups, read.named, read.columns, names, place)
    return _head(read.labels, read.columns, names, index, place)


def _refuse_records_above(rows: Sequence[Row], columns: int, names: Names, place: str) -> None:
    """Above the columns' names stand titles and what several columns have in common; a row with as many cells as a
    record would be lost. Raises FileRefused."""
    for row in rows:
        filled = sum(bool(cell and not cell.isspace()) for cell in row.cells)
        # a record holds a day at least; a row without any digit is of other names
        dated = any(character.isdecimal() for cell in row.cells for character in cell)
        if filled > max(RECORD_LIKE, columns // 2) and dated and not names.score(row.cells):
            raise FileRefused(
                f"{place}: line {row.number} stands above the columns' names and is as full as a record. Leave the "
                "columns' names above all records, once, and publish the file again."
            )


def _refuse_somebody_else(
    groups: Sequence[str], named: Sequence[str], columns: Sequence[str], names: Names, place: str
) -> None:
    """Raises FileRefused for a column that stands below a heading that says it is about another person."""
    for group, label, name in zip(groups, named, columns, strict=True):
        if name and not label.startswith(group) and names.is_of_somebody_else(group, name):
            raise FileRefused(
                f"{place}: the column {_shown(label)} stands below {_shown(group)}, so it may be about somebody else "
                f"than the line is. Call it {name} in one row of names if it is not, leave it out or give it another "
                "name if it is, and publish the file again."
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
    passed = _passed_over(export, columns)
    unused = tuple(
        _shown(label)
        for label, name in zip(labels, columns, strict=True)
        if label.strip() and (not name or name in passed)
    )
    return Head(export, columns, tuple(labels), unused, row)


def _passed_over(export: Export, columns: Sequence[str]) -> set[str]:
    """The names of columns that are known and yet not read, for the file has another column of the same field. Of those
    that say who or what is meant all are read: they must agree."""
    there = set(filter(None, columns))
    naming = {name for column in naming_columns(export) for name in column.names}
    read = naming | {name for column in _columns(export) for name in column.document_names()}
    for column in _columns(export):
        first = next((name for name in column.names if name in there), None)
        read |= {first} if first else set()
    return there - read


def is_ruled(cells: Sequence[str]) -> bool:
    """Whether a row only rules a line (----, +----+), as a database's own program does below its columns' names, or
    numbers the columns 1, 2, 3 …, or says of each whether it must be filled."""
    filled = [cell.strip() for cell in cells if cell and not cell.isspace()]
    if all(_RULED.fullmatch(cell) for cell in filled):
        return any(len(cell) > 1 for cell in filled)
    if len(filled) < RESEMBLE:
        return False
    return filled == [str(number) for number in range(1, len(filled) + 1)] or all(map(_FILLED_IN.fullmatch, filled))


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


def _groups(above: Sequence[str], width: int) -> list[str]:
    """What stands above each column in the row before its name: a cell that is merged over several columns has its text
    in the first of them."""
    groups, last = [], ""
    for index in range(width):
        cell = above[index].strip() if index < len(above) else ""
        last = str(cell) or last
        groups.append(last)
    return groups


def _columns(export: Export) -> list[Column]:
    columns = [column for kind in export.says() for column in kind.columns.values()] + [*export.head.values()]
    return columns + ([export.kind_column] if export.kind_column else [])


def _names(export: Export) -> list[str]:
    return [name for column in _columns(export) for name in (*column.names, *column.document_names())]


def _plain(name: str) -> str:
    return _DECORATION.sub("", narrow(name)).rstrip(":")


def _without_notes(name: str) -> str:
    def kept(match: re.Match[str]) -> str:
        notes = _BETWEEN_NOTES.split(match[0][1:-1])
        return "" if _NOTES.fullmatch(match[0][1:-1]) or all(map(_NOTES.fullmatch, notes)) else match[0]

    return _BRACKETS.sub(kept, name)


def _unwrapped(name: str) -> str:
    match = _WHOLE_BRACKETED.fullmatch(name)
    return next(part for part in match.groups() if part) if match else name


def _shown(label: str) -> str:
    return "".join(label.split())[:40]
