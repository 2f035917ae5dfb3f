"""A large sheet of an .xlsx workbook, some rows at a time.

The reader of workbooks holds a whole sheet, ten times what it takes on disk. So a large sheet's part is cut between two
rows, and each piece is read as the only sheet of a small workbook with the same styles and the texts of its own cells.
Merged cells stand behind the last row: they are read first.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from python_calamine import CalamineSheet, CalamineWorkbook

from producers.tables import shared_texts
from producers.tables.shared_texts import SharedTexts

LARGE = 64 << 20
"""Bytes of a sheet's part or of the shared texts, unpacked, from which on sheets are cut."""
PIECE = 16 << 20
"""Bytes of a piece, about."""
BLOCK = 1 << 20

_BEGIN, _END, _ROW, _NO_ROWS = b"<sheetData>", b"</sheetData>", b"<row ", b"<sheetData/>"
_NUMBERED_ROW = re.compile(rb'<row (?:[^>]* )?r="[0-9]+"')
_CELL_BEGINS = re.compile(rb"<c[ />]")
_NUMBERED_CELL = re.compile(rb'<c r="([A-Z]{1,3})[0-9]+"')
_MERGED = re.compile(rb'<mergeCell ref="([A-Z]{1,3})([0-9]+):([A-Z]{1,3})([0-9]+)"')
#: What a sheet is read with: the list of sheets and the styles. Pictures and charts are not.
_NEEDED = re.compile(r"\[Content_Types\]\.xml|_rels/\.rels|xl/_rels/workbook\.xml\.rels|xl/[^/]+\.xml")
_CELLS = re.compile(r"xl/worksheets/[^/]+\.xml|xl/sharedStrings\.xml")

Merged = tuple[tuple[int, int], tuple[int, int]]
"""(row, column) of the first and of the last cell, counted from 0."""


class Cut(NamedTuple):
    """What must be known of a sheet before its pieces are read: the first and the last column that hold anything,
    counted from 0, and the cells that are merged."""

    part: str
    left: int
    right: int
    merged: list[Merged]


def column_of(letters: bytes) -> int:
    """A column's letters → its place, from 0."""
    place = 0
    for letter in letters:
        place = place * 26 + letter - 64
    return place - 1


def is_large(path: Path) -> bool:
    """Whether a workbook holds more than its reader should hold at a time."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as book:
        return any(part.file_size >= LARGE for part in book.infolist() if _CELLS.fullmatch(part.filename))


class Pieces:
    """A large workbook of which each sheet is read some rows at a time. Raises ValueError and what zipfile raises."""

    def __init__(self, path: Path) -> None:
        self._book = zipfile.ZipFile(path)
        there = self._book.namelist()
        self._kept = {
            part: self._book.read(part) for part in there if _NEEDED.fullmatch(part) and part != shared_texts.PART
        }
        self._texts: SharedTexts | None = None
        if shared_texts.PART in there:
            with self._book.open(shared_texts.PART) as opened:
                self._texts = SharedTexts(opened)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._texts is not None:
            self._texts.close()
        self._book.close()

    def without_cells(self) -> CalamineWorkbook:
        """The workbook, to see which sheets there are."""
        return CalamineWorkbook.from_filelike(self._small({}))

    def cut_of(self, part: str) -> Cut | None:
        """None of a sheet that must be read whole: its rows and cells do not say where they stand, or in a way of their
        own."""
        columns: set[bytes] = set()
        pieces = _pieces(self._book, part)
        if next(pieces, None) is None:
            return None
        behind = b""
        for rows, behind in pieces:  # noqa: B007 (that of the last)
            found = _NUMBERED_CELL.findall(rows)
            if len(found) != len(_CELL_BEGINS.findall(rows)) or len(_NUMBERED_ROW.findall(rows)) != rows.count(_ROW):
                return None
            if not shared_texts.are_plain(rows):
                return None
            columns.update(found)
        places = [column_of(letters) for letters in columns]
        merged = [
            ((int(top) - 1, column_of(left)), (int(bottom) - 1, column_of(right)))
            for left, top, right, bottom in _MERGED.findall(behind)
        ]
        return Cut(part, min(places, default=0), max(places, default=-1), merged)

    def rows_of(self, name: str, cut: Cut) -> Iterator[tuple[int, list[Any]]]:
        """(Row's number from 0, its values from the first column to the last that hold anything), as of the whole
        sheet."""
        width = cut.right - cut.left + 1
        following: int | None = None
        pieces = _pieces(self._book, cut.part)
        head, _ = next(pieces)
        for rows, _ in pieces:
            own = self._texts.written_into(rows) if self._texts is not None else rows
            sheet = self._read(name, cut.part, head + _BEGIN + own + _END + b"</worksheet>")
            top, left = sheet.start or (0, 0)
            if sheet.height:
                yield from ((index, [""] * width) for index in range(top if following is None else following, top))
                before = [""] * (left - cut.left)
                for index, values in enumerate(sheet.to_python(skip_empty_area=True), top):
                    yield index, [*before, *values, *[""] * (width - len(before) - len(values))]
                following = top + sheet.height

    def _read(self, name: str, part: str, xml: bytes) -> CalamineSheet:
        with CalamineWorkbook.from_filelike(self._small({part: xml})) as book:
            return book.get_sheet_by_name(name)

    def _small(self, sheets: dict[str, bytes]) -> io.BytesIO:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as small:
            for part, content in (self._kept | sheets).items():
                small.writestr(part, content)
        made.seek(0)
        return made


def _pieces(book: zipfile.ZipFile, part: str) -> Iterator[tuple[bytes, bytes]]:
    """First what stands before the rows; then rows, and with the last of them what stands behind. Nothing of a part
    that is written in another way than spreadsheets do."""
    with book.open(part) as opened:
        text = b""
        while _BEGIN not in text and (block := opened.read(BLOCK)):
            text += block
            if len(text) > PIECE:
                return
        head, begin, text = text.partition(_BEGIN)
        if not begin:
            head, none, behind = head.partition(_NO_ROWS)
            if none:
                yield head, b""
                yield b"", behind
            return
        yield head, b""
        while _END not in text and (block := opened.read(BLOCK)):
            # an end that two blocks share is found with the next
            text += block
            if len(text) >= PIECE:
                rows, cut, rest = text.rpartition(_ROW)
                if rows and _END not in rest:
                    yield rows, b""
                    text = cut + rest
        rows, _, behind = text.partition(_END)
        while block := opened.read(BLOCK):
            behind += block
        yield rows, behind
