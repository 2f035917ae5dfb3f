"""A department's export as a table of its columns: which column says which field, and in which form.

    SAYS = says("Death", on=column("死亡日期", day))

A column may have several names (exports of different years differ). What a line says is decided by its kind column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from producers.publish import cells
from producers.publish.cells import NOTHING, Convert, Unfit, says_nothing, text
from producers.publish.statement import Statement
from wire.values.days import is_zero_day
from wire.values.plain import AS_ABOVE, is_spreadsheet_error, plain, unwrapped

#: How a column of people's numbers ends, and what the column beside it ends in that says of which document they are.
_NUMBER_NAME = re.compile(
    "(?:有效)?(?:公民身份号码|居民身份证号码?|身份证件号码?|身份证明号码?|身份证号码?|证件号码?|证件编号|号码)$"
)
_DOCUMENT_NAMES = tuple(
    what + ending
    for what in ("证件", "身份证件", "身份证明", "有效证件", "有效身份证件")
    for ending in ("类型", "种类", "类别", "名称")
)
#: Values of a column that are remembered.
REMEMBERED = 2_000
HEAD = ("record", "subject", "occurred_at", "recorded_at")


class Rejected(Exception):
    """A line cannot be published. `field` is the column; `reason` says why, without the cell's content."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"'{field}' {reason}")
        self.field = field
        self.reason = reason


class ExportUnknown(Exception):
    """The file's columns fit none of the department's exports; the message says which are missing."""


@dataclass(frozen=True)
class Column:
    """A column by its names; `absent` is what an empty cell says, if it may be empty, or a column that is missing."""

    names: tuple[str, ...]
    convert: Convert
    required: bool = True
    absent: Any = None
    may_be_missing: bool = True

    @property
    def needed(self) -> bool:
        """Whether a file without it cannot be read."""
        return self.required or not self.may_be_missing

    def document_names(self) -> Iterator[str]:
        """The names that a column may have which says of which document a person's number is: beside 出租人证件号码
        that is 出租人证件类型. None but for people's numbers."""
        if self.convert not in (cells.identity, cells.identities):
            return
        for name in self.names:
            of_whom = _NUMBER_NAME.sub("", name)
            if of_whom != name:
                yield from (of_whom + ending for ending in _DOCUMENT_NAMES)


def column(names: str, convert: Convert = text) -> Column:
    """A column that must be filled; `names` are separated by `|`."""
    return Column(tuple(names.split("|")), convert)


def optional(names: str, convert: Convert = text, absent: Any = None) -> Column:
    """A column that may be empty or missing."""
    return Column(tuple(names.split("|")), convert, False, absent)


def column_of_some(names: str, convert: Convert = text, absent: Any = None) -> Column:
    """A column that must be there, with cells that may be empty: if it were called otherwise, all would be lost."""
    return Column(tuple(names.split("|")), convert, False, absent, may_be_missing=False)


class Says(NamedTuple):
    """One event that a line makes: its kind and where each field comes from."""

    kind: str
    columns: Mapping[str, Column]


def says(kind: str, **columns: Column) -> Says:
    """An event of `kind`; columns named as its fields, and those of the head that differ from the export's."""
    return Says(kind, columns)


Line = tuple[str, Statement]
Read = Callable[[Sequence[str]], list[Statement]]


@dataclass(frozen=True)
class Export:
    """One type of file. `kinds` maps what the kind column says (several words by `|`) to the events of such a line;
    an export that has no kind column says the same of every line (`every_line`)."""

    title: str
    topic: str
    head: Mapping[str, Column]
    kind_column: Column | None = None
    kinds: Mapping[str, Sequence[Says]] = field(default_factory=dict)
    every_line: Sequence[Says] = ()

    def says(self) -> list[Says]:
        return [*self.every_line, *(form for group in self.kinds.values() for form in group)]

    def kinds_said(self) -> set[str]:
        """The kinds of events that this export can make."""
        return {form.kind for form in self.says()}

    def column_of(self, kind: str, name: str) -> str:
        """The column from which the field `name` of a kind comes: what a person who mends the file looks for."""
        columns = next((form.columns for form in self.says() if form.kind == kind), {})
        column = columns.get(name) or self.head.get(name)
        return column.names[0] if column else name

    def record_of(self, header: Sequence[str], cells: Sequence[str]) -> str | None:
        """The record's number in a line, if it can be read."""
        places = {name: index for index, name in reversed(list(enumerate(header)))}
        try:
            return str(cell_of(cells, place_of(self.head["record"], places), self.head["record"]))
        except Rejected:
            return None

    def kind_of(self, header: Sequence[str], cells: Sequence[str]) -> str | None:
        """The kind of event that a line would state; None if its kind column says none, or it would state several."""
        group = list(self.every_line)
        if self.kind_column is not None:
            places = {name: index for index, name in reversed(list(enumerate(header)))}
            index = place_of(self.kind_column, places)
            word = unwrapped(cells[index]) if index is not None and index < len(cells) else ""
            group += [form for words, forms in self.kinds.items() if word in words.split("|") for form in forms]
        return group[0].kind if len(group) == 1 else None

    def always(self) -> list[Column]:
        """The columns without which no line of this export can be read."""
        always = [self.kind_column] if self.kind_column else []
        always += [column for column in self.head.values() if column.required and not self._overridden(column)]
        always += [column for form in self.every_line for column in form.columns.values() if column.needed]
        return always

    def _overridden(self, head: Column) -> bool:
        name = next(name for name, column in self.head.items() if column is head)
        return all(name in form.columns for form in self.says())

    def missing(self, header: Iterable[str]) -> list[str]:
        """The columns that this export needs and `header` has not."""
        there = set(header)
        return [column.names[0] for column in self.always() if not there.intersection(column.names)]

    def known(self, header: Iterable[str]) -> int:
        """How many of the columns of `header` this export knows."""
        columns = [column for form in self.says() for column in form.columns.values()] + [*self.head.values()]
        names = {name for column in columns for name in column.names}
        return len(names.intersection(header))

    def reader(self, header: Sequence[str]) -> Read:
        """A function from a line's cells, in the order of `header`, to its statements. It raises Rejected."""
        places = {name: index for index, name in reversed(list(enumerate(header)))}
        every = [_bound({**self.head, **form.columns}, form.kind, places) for form in self.every_line]
        if self.kind_column is None:
            return lambda cells: [make(cells) for make in every]
        by_word = {
            word: [_bound({**self.head, **form.columns}, form.kind, places) for form in group]
            for words, group in self.kinds.items()
            for word in words.split("|")
        }
        named, index = self.kind_column.names[0], place_of(self.kind_column, places)
        known = ", ".join(by_word)

        def read(cells: Sequence[str]) -> list[Statement]:
            word = unwrapped(cells[index]) if index is not None and index < len(cells) else ""
            makers = by_word.get(word) or by_word.get(plain(word).replace(" ", ""))
            if makers is None:
                raise Rejected(named, f"must be one of {known}" if word else "is empty")
            return [make(cells) for make in makers]

        return read


@dataclass(frozen=True)
class Department:
    """A department: its name on the wire and the types of file that it exports."""

    name: str
    title: str
    exports: tuple[Export, ...]

    def export_of(self, header: Sequence[str]) -> Export:
        """The export whose columns these are. Raises ExportUnknown."""
        fitting = [export for export in self.exports if not export.missing(header)]
        if fitting:
            return max(fitting, key=lambda export: export.known(header))
        nearest = max(self.exports, key=lambda export: (export.known(header), -len(export.missing(header))))
        raise ExportUnknown(
            f"The file's columns fit no export of {self.name}. The nearest is {nearest.title}; it lacks "
            f"{'、'.join(nearest.missing(header))}. Is it the right department, and does the first line name the "
            "columns? If the names look garbled, say --encoding gb18030 or --encoding utf-8."
        )


def place_of(column: Column, places: Mapping[str, int]) -> int | None:
    """Where the column stands in a table; None: the table lacks it."""
    return next((places[name] for name in column.names if name in places), None)


def _bound(columns: Mapping[str, Column], kind: str, places: Mapping[str, int]) -> Callable[[Sequence[str]], Statement]:
    readers = {name: _reading(column, places) for name, column in columns.items()}
    record, subject, occurred_at, recorded_at = (readers.pop(name) for name in HEAD)
    withdrawn = readers.pop("withdrawn", _not_withdrawn)
    change = list(readers.items())

    def make(cells: Sequence[str]) -> Statement:
        return Statement(
            kind,
            record(cells),
            subject(cells),
            occurred_at(cells),
            recorded_at(cells),
            {name: read(cells) for name, read in change},
            bool(withdrawn(cells)),
        )

    return make


def _not_withdrawn(_: Sequence[str]) -> bool:
    return False


def _reading(column: Column, places: Mapping[str, int]) -> Callable[[Sequence[str]], Any]:
    """`cell_of` for one column of a table. Most columns hold few values, and what a cell means follows from its text
    alone, so the last `REMEMBERED` are kept."""
    place, document = place_of(column, places), document_place(column, places)
    if place is None and not column.needed:
        return lambda _: column.absent
    if place is None or document is not None or column.convert is cells.identities:
        return lambda line: cell_of(line, place, column, document)
    convert, known = column.convert, dict[str, Any]()

    def read(line: Sequence[str]) -> Any:
        text = line[place] if place < len(line) else ""
        value = known.get(text, known)
        if value is known:
            if text.isalnum() and text.isascii() and text[0] != "0" and text not in NOTHING and text not in AS_ABOVE:
                try:
                    value = convert(text)  # as cell_of, of which there is nothing to do here
                except Unfit as wrong:
                    raise Rejected(column.names[0], str(wrong)) from None
            else:
                value = cell_of(line, place, column)
            if len(known) >= REMEMBERED:
                known.clear()
            known[text] = value
        return value

    return read


def document_place(column: Column, places: Mapping[str, int]) -> int | None:
    """Where the table says of which document a person's number is; None: nowhere."""
    return next((places[name] for name in column.document_names() if name in places), None)


def cell_of(line: Sequence[str], index: int | None, column: Column, document: int | None = None) -> Any:
    """What a cell says; `document`: where the line says of which document it is the number."""
    cell = unwrapped(line[index]) if index is not None and index < len(line) else ""
    if cell in NOTHING or (cell[0] in "0\uff10" and is_zero_day(cell)):
        if column.required or (index is None and column.needed):
            raise Rejected(column.names[0], "is empty" if index is not None else "is not among the file's columns")
        return column.absent
    if cell in AS_ABOVE:
        raise Rejected(column.names[0], "says 'as above': write it out in every line")
    if is_spreadsheet_error(cell):
        raise Rejected(
            column.names[0],
            "was changed by a spreadsheet into an error or a formula (#N/A, ####, =B2): mend it there and export it "
            "again",
        )
    try:
        value = column.convert(cell)
        return value if document is None else _with_document(line, document, value)
    except Unfit as wrong:
        raise Rejected(column.names[0], str(wrong)) from None


def _with_document(line: Sequence[str], index: int, value: Any) -> Any:
    """A person's number, or several, with the kind of document; Unfit if the kinds are not one for all or one each."""
    kind = unwrapped(line[index]) if index < len(line) else ""
    if says_nothing(kind):
        return value
    if not isinstance(value, list):
        return cells.with_document(kind, value)
    kinds = [part for part in re.split(r"[,;、/|\s]+", kind) if part]
    if len(kinds) not in (1, len(value)):
        raise Unfit("has as many numbers as its column of kinds of documents has not")
    return [cells.with_document(kinds[i % len(kinds)], number) for i, number in enumerate(value)]
