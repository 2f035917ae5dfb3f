"""A large sheet of an .xlsx workbook, some rows at a time.

The reader of workbooks holds a whole sheet, ten times what it takes on disk. So a large sheet's part is cut between two
rows, and each piece is read as the only sheet of a small workbook with the same texts and styles. Merged cells stand
behind the last row: they are read first. What memory still grows with are the texts that cells share, which a workbook
keeps in one part.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from python_calamine import CalamineSheet, CalamineWorkbook

LARGE = 64 << 20
"""Bytes of a sheet's part, unpacked, from which on it is cut."""
PIECE = 16 << 20
"""Bytes of a piece, about."""
BLOCK = 1 << 20

_BEGIN, _END, _ROW = b"<sheetData>", b"</sheetData>", b"<row "
_NUMBERED_ROW = re.compile(rb'<row (?:[^>]* )?r="[0-9]+"')
_CELL_BEGINS = re.compile(rb"<c[ />]")
_NUMBERED_CELL = re.compile(rb'<c r="([A-Z]{1,3})[0-9]+"')
_MERGED = re.compile(rb'<mergeCell ref="([A-Z]{1,3})([0-9]+):([A-Z]{1,3})([0-9]+)"')
#: What a sheet is read with: the list of sheets, the styles, the shared texts. Pictures and charts are not.
_NEEDED = re.compile(r"\[Content_Types\]\.xml|_rels/\.rels|xl/_rels/workbook\.xml\.rels|xl/[^/]+\.xml")

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


def cut_of(book: zipfile.ZipFile, part: str) -> Cut | None:
    """None of a sheet that is read whole: it is small, or its rows and cells do not say where they stand."""
    if book.getinfo(part).file_size < LARGE:
        return None
    columns: set[bytes] = set()
    pieces = _pieces(book, part)
    if next(pieces, None) is None:
        return None
    behind = b""
    for rows, behind in pieces:  # noqa: B007 (that of the last)
        found = _NUMBERED_CELL.findall(rows)
        if len(found) != len(_CELL_BEGINS.findall(rows)) or len(_NUMBERED_ROW.findall(rows)) != rows.count(_ROW):
            return None
        columns.update(found)
    if not columns:
        return None
    places = [column_of(letters) for letters in columns]
    merged = [
        ((int(top) - 1, column_of(left)), (int(bottom) - 1, column_of(right)))
        for left, top, right, bottom in _MERGED.findall(behind)
    ]
    return Cut(part, min(places), max(places), merged)


def rows_of(path: Path, name: str, cut: Cut) -> Iterator[tuple[int, list[Any]]]:
    """(Row's number from 0, its values from the first column to the last that hold anything), as of the whole sheet."""
    width = cut.right - cut.left + 1
    following: int | None = None
    with zipfile.ZipFile(path) as book:
        kept = {part: book.read(part) for part in book.namelist() if _NEEDED.fullmatch(part)}
        pieces = _pieces(book, cut.part)
        head, _ = next(pieces)
        for rows, _ in pieces:
            sheet = _read(name, kept, cut.part, head + _BEGIN + rows + _END + b"</worksheet>")
            top, left = sheet.start or (0, 0)
            if sheet.height:
                yield from ((index, [""] * width) for index in range(top if following is None else following, top))
                before = [""] * (left - cut.left)
                for index, values in enumerate(sheet.to_python(skip_empty_area=True), top):
                    yield index, [*before, *values, *[""] * (width - len(before) - len(values))]
                following = top + sheet.height


def _read(name: str, kept: dict[str, bytes], part: str, xml: bytes) -> CalamineSheet:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as small:
        for other, content in kept.items():
            small.writestr(other, content)
        small.writestr(part, xml)
    made.seek(0)
    with CalamineWorkbook.from_filelike(made) as book:
        return book.get_sheet_by_name(name)


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
