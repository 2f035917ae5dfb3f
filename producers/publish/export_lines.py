"""A department's export file, a line at a time, whatever its form: text, JSON, workbook or web page.

    with ExportFile(path) as file:
        for line in file.lines(department): …

The file is read once and judged as a whole (`line_spool.py`) before its first line is given out.
"""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from producers.publish.columns import Department, Export, ExportUnknown
from producers.publish.header import HEAD_ROWS, Head, Names, head_of, is_no_record, is_ruled
from producers.publish.line_spool import LineSpool, RoundedNumbers, lines_of
from producers.publish.roles import day_columns, identity_columns, naming_columns
from producers.tables import delimited, json_rows
from producers.tables.file_form import FileRefused, form_of
from producers.tables.rows import Damaged, DayCell, Line, Read, Row, Stated
from producers.tables.spool import Spooled

__all__ = ["Damaged", "ExportFile", "FileRefused", "Line", "Read", "Stated"]

#: Rows of which the usual number of cells is taken.
WIDTH_ROWS = 200
#: Rows from which on something is usual.
USUAL_FROM = 2
#: Words such as 是 and 否 are shorter, and of one length by chance.
DAY_LENGTH = 8
#: A sheet that names so many of the columns is meant to be read, also if it lacks one.
RESEMBLES = 3
#: Lines of a sheet are numbered from a multiple of this, so that their order in the file is that of their numbers.
SHEET_BITS = 20
#: What the first cell of a total, a signature or a note can begin with.
_PERHAPS_NO_RECORD = frozenset("合总小共累本填制审复打导经负单备注说tT")
#: What the first cell of a row can begin with that rules a line, numbers the columns or says which must be filled.
_PERHAPS_RULED = frozenset("-=+|:─━1必选非可*([（")


class Table(NamedTuple):
    """A table of the file: its sheet's name, its head, how many cells its rows have and how long their last one is at
    least, and its rows."""

    name: str
    head: Head
    width: int
    shortest: int
    base: int
    rows: Callable[[], Iterator[Row | Damaged]]


class ExportFile:
    """An export file. `read_bytes` of `size` tells how far reading has come; `passed` counts the rows below a table's
    head that are no records (totals, signatures, the head again).

    `encoding`: utf-8 or gb18030; None finds out. Raises FileRefused.
    """

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        self.path = path
        self.read_bytes = 0
        self.passed = 0
        known = form_of(path)
        self.format = known.form
        chosen = _known(encoding) if encoding else None
        self._spooled: Spooled | None = None
        self._text: delimited.Text | None = None
        self._tables: list[Table] | None = None
        self._sheets_unused: list[str] = []
        self._json_unused: dict[str, None] = {}
        self._json_export: Export | None = None
        if known.form in ("workbook", "html"):
            self._spooled = Spooled(path, known.form, chosen)
            self.size, self.encoding = self._spooled.size, chosen or "its own"
        else:
            self._text = delimited.text_of(path, known.begins, chosen)
            self.size, self.encoding = path.stat().st_size, self._text.encoding

    def __enter__(self) -> ExportFile:
        return self

    def __exit__(self, *_: object) -> None:
        if self._spooled:
            self._spooled.close()

    def exports(self, department: Department) -> list[Export]:
        """The exports whose columns the file has, none if it holds statements of contracts. Raises ExportUnknown,
        FileRefused."""
        names = Names(department)
        if self.format in ("json", "jsonl"):
            export = self._export_of_json(names)
            return [export] if export else []
        return list({id(table.head.export): table.head.export for table in self._opened(names)}.values())

    def unused(self) -> list[str]:
        """The columns and sheets that are not used, as the file calls them; of JSON those read so far."""
        columns = [name for table in self._tables or [] for name in table.head.unused]
        return list(dict.fromkeys([*columns, *self._json_unused])) + self._sheets_unused

    def lines(self, department: Department) -> Iterator[Read]:
        """Every line below the columns' names. Raises ExportUnknown, FileRefused before the first line, also if a
        spreadsheet has rounded the file's identity numbers."""
        for block in self.blocks(department):
            yield from lines_of(block)

    def blocks(self, department: Department) -> Iterator[bytes]:
        """As `lines`, in blocks for `line_spool.lines_of`."""
        self.read_bytes = self.passed = 0
        rounded = RoundedNumbers()
        with LineSpool() as spool:
            spool.fill(self._read(department, rounded))
            rounded.refuse(self.path)
            yield from spool.blocks(self._progress)

    def _read(self, department: Department, rounded: RoundedNumbers) -> Iterator[Read]:
        lines = self._all_lines(department, rounded)
        first = next(lines, None)
        if first is None:
            raise FileRefused(f"{self.path} holds no record: there is nothing to publish.")
        yield first
        yield from lines

    def _all_lines(self, department: Department, rounded: RoundedNumbers) -> Iterator[Read]:
        if self.format in ("json", "jsonl"):
            yield from self._json_lines(department, rounded)
            return
        names = Names(department)
        for table in self._opened(names):
            yield from self._table_lines(table, names, rounded)

    def place(self, number: int) -> str:
        """Where a line stands, as a person looks for it: its number, in a workbook of several tables with the sheet."""
        base = number >> SHEET_BITS << SHEET_BITS
        if self._tables and len(self._tables) > 1:
            name = next(table.name for table in self._tables if table.base == base)
            return f"{name}!{number - base}"
        return str(number)

    def _progress(self, share: float) -> None:
        self.read_bytes = int(share * self.size)

    def _opened(self, names: Names) -> list[Table]:
        if self._tables is None and self._text:
            self._tables = self._text_table(self._text, names)
        elif self._tables is None and self._spooled:
            self._tables = self._sheet_tables(self._spooled, names)
        return self._tables or []

    def _text_table(self, text: delimited.Text, names: Names) -> list[Table]:
        delimiter = delimited.best_delimiter(text, names.score, HEAD_ROWS)
        sample = [row for row in islice(delimited.rows(text, delimiter), HEAD_ROWS) if isinstance(row, Row)]
        if not sample:
            raise FileRefused(f"{self.path} has no line that can be read: there is nothing to publish.")
        head = head_of(sample, names, str(self.path))
        last = sample[head.row].number + sample[head.row].lines - 1

        def rows() -> Iterator[Row | Damaged]:
            every = delimited.rows(text, delimiter, width)
            return (row for row in every if row.number > last or type(row) is Damaged)

        width: int | None = None
        usual = _usual(rows(), head.labels)
        if usual is None:
            raise FileRefused(f"{self.path} has no line but the columns' names: there is nothing to publish.")
        width = usual
        return [Table("", head, width, _shortest(rows(), width), 0, rows)]

    def _sheet_tables(self, spooled: Spooled, names: Names) -> list[Table]:
        tables: list[Table] = []
        unknown: list[tuple[int, ExportUnknown]] = []
        for number, sheet in enumerate(spooled.sheets):
            sample = list(islice(spooled.rows(sheet), HEAD_ROWS))
            if not sample:
                continue
            try:
                head = head_of(sample, names, f"{self.path}, {sheet}")
            except ExportUnknown as misfit:
                score = max(names.score(row.cells) for row in sample)
                unknown.append((score, misfit))
                self._sheets_unused.append(sheet)
                continue
            last = sample[head.row].number
            tables.append(
                Table(
                    sheet,
                    head,
                    len(head.columns),
                    0,
                    number << SHEET_BITS,
                    _after(spooled, sheet, last, len(head.columns)),
                )
            )
        best, nearest = max(unknown, key=lambda one: one[0], default=(0, None))
        if nearest is not None and (not tables or best >= RESEMBLES):
            raise nearest
        if not tables:
            raise FileRefused(f"{self.path} has no row that can be read: there is nothing to publish.")
        return tables

    def _table_lines(self, table: Table, names: Names, rounded: RoundedNumbers) -> Iterator[Line | Damaged]:
        head, width, base = table.head, table.width, table.base
        columns = head.columns
        always = {name for column in head.export.always() for name in column.names}
        needed = [index for index, name in enumerate(columns) if name in always]
        days = day_columns(head.export)
        undated = [index for index, name in enumerate(columns) if name and name not in days]
        rivals = _rivals(head)
        typed = self._spooled is not None
        begins = names.begins | {label.strip()[0] for label in head.labels if label.strip()}
        people = identity_columns(head.export)
        numbers = [index for index, name in enumerate(columns) if name in people]
        for row in table.rows():
            if isinstance(row, Damaged):
                yield row._replace(number=base + row.number)
                continue
            number, cells, original, _, ended = row
            if len(cells) == width:
                for index in numbers:
                    rounded.count(cells[index])
            leading = cells[0].lstrip() if cells else ""
            leading = leading or next((cell for cell in cells if cell and not cell.isspace()), "").lstrip()
            if not leading:
                continue
            first_alone = len(cells) != width or not any(cells[1:])
            told = (first_alone or leading[0] in _PERHAPS_NO_RECORD) and is_no_record(cells, needed)
            if told or (leading[0] in _PERHAPS_RULED and is_ruled(cells)):
                self.passed += 1
            elif len(cells) != width:
                yield Damaged(base + number, f"has {len(cells)} cells, but the table has {width} columns", original)
            elif leading[0] in begins and self._names_again(table, names, number, cells):
                self.passed += 1
            elif typed and any(type(cells[index]) is DayCell for index in undated):
                index = next(index for index in undated if type(cells[index]) is DayCell)
                reason = "was changed into a date by a spreadsheet: write it as text in your register's export"
                yield Damaged(base + number, reason, original, columns[index])
            elif not ended and len(cells[-1]) < table.shortest:
                yield Damaged(
                    base + number, "may have been cut: it has no line end and its last cell is short", original
                )
            elif rivals and (rival := _disagree(rivals, cells)):
                yield Damaged(
                    base + number, f"says otherwise than {rival[1]}, which means the same", original, rival[0]
                )
            else:
                yield Line(base + number, columns, list(map(str, cells)) if typed else cells, original)

    def _names_again(self, table: Table, names: Names, number: int, cells: Sequence[str]) -> bool:
        """Whether a row is the head of its table again. Raises FileRefused for another table's head: what is below it
        would be read as what it is not."""
        labels = table.head.labels
        named = tuple(map(names.known, cells[: len(labels)]))
        if named == table.head.columns[: len(named)] or all(map(_is_label, cells, labels)):
            return True
        if names.score(cells) >= RESEMBLES:
            raise FileRefused(
                f"{self.path}{f', {table.name}' if table.name else ''}: line {number} names columns again, in another "
                "way than the head of the table does. Publish the tables one by one, each with one line of names."
            )
        return False

    def _objects(self) -> Iterator[Stated | Damaged]:
        of_form = json_rows.objects_of_list if self.format == "json" else json_rows.objects_of_lines
        return of_form(self._text) if self._text else iter(())

    def _export_of_json(self, names: Names) -> Export | None:
        if self._json_export is None:
            keys: dict[str, None] = {}
            sample = list(islice(self._objects(), HEAD_ROWS))
            if sample and all(isinstance(one, Damaged) for one in sample):
                raise FileRefused(
                    f"{self.path} has no record that can be read as JSON: there is nothing to publish. Export it again."
                )
            for one in sample:
                if isinstance(one, Stated) and not _is_statement(one):
                    keys |= dict.fromkeys(map(names.known, one.item))
            if keys:
                self._json_export = names.department.export_of(list(keys))
        return self._json_export

    def _json_lines(self, department: Department, rounded: RoundedNumbers) -> Iterator[Read]:
        names = Names(department)
        people = {name for export in department.exports for name in identity_columns(export)}
        lists = names.of_several
        export = self._export_of_json(names)
        used: dict[tuple[str, ...], tuple[str, ...]] = {}
        for one in self._objects():
            if isinstance(one, Damaged) or _is_statement(one):
                yield one
                continue
            keys = tuple(one.item)
            header = used.get(keys)
            if header is None:
                header = used[keys] = tuple(map(names.known, keys))
                self._json_unused |= dict.fromkeys(key for key, name in zip(keys, header, strict=True) if not name)
            twice = next((name for name, count in Counter(filter(None, header)).items() if count > 1), None)
            several = next(
                (
                    name
                    for name, value in zip(header, one.item.values(), strict=True)
                    if name and type(value) is list and name not in lists
                ),
                None,
            )
            cells = [json_rows.cell(value) for value in one.item.values()]
            nested = next((name for name, cell in zip(header, cells, strict=True) if cell is None and name), None)
            if twice or nested or several:
                reason = "stands twice" if twice else "is an object or holds one, not a value"
                reason = "is a list, where one value is meant" if several and not (twice or nested) else reason
                yield Damaged(one.number, reason, one.original, twice or nested or several or "line")
            elif export is None:
                yield Damaged(one.number, "is neither a line of an export nor a statement", one.original)
            else:
                for name, cell in zip(header, cells, strict=True):
                    if name in people and cell:
                        rounded.count(cell)
                yield Line(one.number, header, [cell or "" for cell in cells], one.original)


def _after(spooled: Spooled, sheet: str, last: int, width: int) -> Callable[[], Iterator[Row | Damaged]]:
    """The rows of a sheet below its head; a sheet may be wider than its table by empty cells."""

    def rows() -> Iterator[Row | Damaged]:
        for row in spooled.rows(sheet):
            if row.number > last:
                cells = row.cells
                short = len(cells) < width
                yield row._replace(cells=[*cells, *[""] * (width - len(cells))]) if short else row

    return rows


def _usual(rows: Iterator[Row | Damaged], labels: Sequence[str]) -> int | None:
    """How many cells the rows of a table have: as many as its head, more if all of its rows end with the same empty
    ones, or fewer if its head does. None if there is no row."""
    columns = len(labels)
    sample = list(islice(rows, WIDTH_ROWS))
    counted = Counter(len(row.cells) for row in sample if isinstance(row, Row))
    if not counted:
        return columns if sample else None
    usual = counted.most_common(1)[0][0]
    if usual < columns and not any(label.strip() for label in labels[usual:]):
        return usual
    longer = [row for row in sample if isinstance(row, Row) and len(row.cells) == usual]
    if usual > columns and not any(cell.strip() for row in longer for cell in row.cells[columns:]):
        return usual
    return columns


def _shortest(rows: Iterator[Row | Damaged], width: int) -> int:
    """How long the last cell of a row is at least, as far as that is usual; 0 if too few rows show it."""
    lengths = [
        len(row.cells[-1]) for row in islice(rows, WIDTH_ROWS) if isinstance(row, Row) and len(row.cells) == width
    ]
    if len(lengths) <= USUAL_FROM:
        return 0
    length, count = Counter(lengths[:-1]).most_common(1)[0]
    # a day or code of one length in most rows, though a few are empty or spoilt
    return length if count * 2 > len(lengths) - 1 and length >= DAY_LENGTH else min(lengths[:-1])


def _rivals(head: Head) -> list[tuple[str, int, str, int]]:
    """Pairs of columns that mean the same person or record: (name, position, name, position)."""
    position = {name: index for index, name in enumerate(head.columns) if name}
    pairs = []
    for column in naming_columns(head.export):
        there = [name for name in column.names if name in position]
        pairs += [(there[0], position[there[0]], other, position[other]) for other in there[1:]]
    return list(dict.fromkeys(pairs))


def _disagree(rivals: Sequence[tuple[str, int, str, int]], cells: Sequence[str]) -> tuple[str, str] | None:
    for name, one, other_name, other in rivals:
        if (stated := cells[other].strip()) and cells[one].strip() != stated:
            return other_name, name
    return None


def _is_label(cell: str, label: str) -> bool:
    return _label(cell) == _label(label)


def _label(cell: str) -> str:
    """A name of a column as it is compared: files that were joined have a byte order mark in the middle."""
    return cell.strip().lstrip("\ufeff")


def _is_statement(one: Stated) -> bool:
    return "kind" in one.item and isinstance(one.item.get("change"), dict)


def _known(encoding: str) -> str:
    """The encoding by its name: GBK and GB2312 are parts of GB18030."""
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        name = ""
    if name in {"gb2312", "gbk", "gb18030"}:
        return "gb18030"
    if name not in {"utf-8", "utf-8-sig", "ascii"}:
        raise FileRefused(f"'{encoding}' is not supported: say --encoding utf-8 or --encoding gb18030.")
    return "utf-8"
