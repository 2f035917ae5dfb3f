"""What the reader of sheets does not tell of a workbook in a binary form: cells in error (#N/A, #REF!), for which it
gives nothing, and numbers that are not what is shown (000123, H-007).

.xls: Excel 97 to 2003; .xlsb: [MS-XLSB], records of (kind, size, content) in the parts of a ZIP container.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import xlrd

from producers.tables.file_form import FileRefused
from producers.tables.number_format import Forms, Shown, forms_of_columns, shown

_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_NUMBERS_OF_XLSB = (2, 5, 9)  # BrtCellRk, BrtCellReal, BrtFmlaNum
_ERRORS_OF_XLSB = (3, 11)  # BrtCellError, BrtFmlaError
_FORMAT, _STYLE, _STYLES_BEGIN, _STYLES_END = 44, 47, 617, 618  # BrtFmt, BrtXF, BrtBeginCellXFs, BrtEndCellXFs


class Untold(NamedTuple):
    """`in_error`: some cell is; `forms`: by sheet and column from 0, how its numbers are shown."""

    in_error: bool
    forms: dict[str, Forms]


def untold_of_xls(path: Path) -> Untold:
    """Of a workbook of Excel 97 to 2003. Raises ValueError for one that is damaged, FileRefused if only some numbers
    of a column are shown so."""
    with path.open("rb") as opened:
        if opened.read(len(_MAGIC)) != _MAGIC:
            return Untold(False, {})
    with Path(os.devnull).open("w") as nowhere:
        try:
            book = xlrd.open_workbook(
                str(path), logfile=nowhere, formatting_info=True, on_demand=True, ignore_workbook_corruption=True
            )
            with book:
                return _untold(path, book)
        except FileRefused:
            raise
        except Exception as met:  # noqa: BLE001 - in a file that is cut xlrd stumbles over whatever comes next
            if "encrypted" in str(met):  # the reader of its sheets asks for the password
                return Untold(False, {})
            raise ValueError from None


def _untold(path: Path, book: xlrd.Book) -> Untold:
    by_style: dict[int, Shown] = {}
    for index, style in enumerate(book.xf_list):
        known = book.format_map.get(style.format_key)
        if known is not None and (form := shown(known.format_str)) is not None:
            by_style[index] = form
    found: dict[str, Forms] = {}
    for number, name in enumerate(book.sheet_names()):
        sheet = book.sheet_by_index(number)
        used: dict[int, set[Shown | None]] = {}
        for row in range(sheet.nrows):
            kinds = sheet.row_types(row)
            if xlrd.XL_CELL_ERROR in kinds:
                return Untold(True, {})
            for column, kind in enumerate(kinds) if by_style else ():
                if kind == xlrd.XL_CELL_NUMBER:
                    used.setdefault(column, set()).add(by_style.get(sheet.cell_xf_index(row, column)))
        found[name] = forms_of_columns(path, name, used)
        book.unload_sheet(number)
    return Untold(False, found)


def untold_of_xlsb(path: Path) -> tuple[bool, bool]:
    """Of a binary workbook in a ZIP container: whether a cell is in error, and whether a number is not what is
    shown."""
    in_error = differs = False
    with zipfile.ZipFile(path) as book:
        parts = book.namelist()
        own = _own_styles(book.read("xl/styles.bin")) if "xl/styles.bin" in parts else set()
        for part in parts:
            if part.startswith("xl/worksheets/") and part.endswith(".bin"):
                for kind, content in _records(book.read(part)):
                    in_error |= kind in _ERRORS_OF_XLSB
                    differs |= kind in _NUMBERS_OF_XLSB and int.from_bytes(content[4:7], "little") in own
    return in_error, differs


def _own_styles(styles: bytes) -> set[int]:
    """The numbers of the cells' styles by which a number is not what is shown."""
    formats: dict[int, str] = {}
    own: set[int] = set()
    index: int | None = None
    for kind, content in _records(styles):
        if kind == _FORMAT and len(content) >= 6:
            formats[int.from_bytes(content[:2], "little")] = content[6:].decode("utf-16-le", "replace")
        elif kind == _STYLES_BEGIN:
            index = 0
        elif kind == _STYLES_END:
            index = None
        elif kind == _STYLE and index is not None:
            if shown(formats.get(int.from_bytes(content[2:4], "little"), "")) is not None:
                own.add(index)
            index += 1
    return own


def _records(content: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place < len(content):
        kind = content[place]
        place += 1
        if kind & 0x80 and place < len(content):
            kind = kind & 0x7F | (content[place] & 0x7F) << 7
            place += 1
        size = shift = 0
        while place < len(content):
            size |= (content[place] & 0x7F) << shift
            shift += 7
            place += 1
            if not content[place - 1] & 0x80:
                break
        yield kind, content[place : place + size]
        place += size
