"""Sheets of a workbook (.xlsx, .xlsm, .xlsb, .xls, .ods) as rows of text, as a person sees them.

Numbers beyond 15 digits are written as the spreadsheet shows them (9.90000198001011E+17): it no longer knows their
last digits, so no door may take them for a code.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from lxml import etree
from python_calamine import (
    CalamineError,
    CalamineSheet,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    load_workbook,
)

from producers.tables.binary_workbook import untold_of_xls, untold_of_xlsb
from producers.tables.file_form import FileRefused
from producers.tables.number_format import Forms, Shown, forms_of_columns, shown, written
from producers.tables.rows import DayCell
from producers.tables.sheet_pieces import Merged, Pieces, column_of, is_large

#: A spreadsheet keeps so many digits of a number.
EXACT = 10**15
BLOCK = 1 << 20
LONGEST_FORMULA = 16_384
_CELL = re.compile(rb'<(?:[a-zA-Z]+:)?c r="([A-Z]{1,3})[0-9]+"([^>]*)><(?:[a-zA-Z]+:)?v>')
#: Where a workbook's list of sheets says which part a sheet is.
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STYLE = re.compile(rb' s="([0-9]+)"')
#: Some libraries write a prefix before every name: <x:c>.
_PREFIX = rb"(?:[a-zA-Z]+:)?"
_NO_RESULT = re.compile(
    rb'<%(p)sc [^>]*t="e"|'
    rb'<%(p)sc (?![^>]*t="str")[^>]*><%(p)sf(?: [^>]*)?>[^<]*</%(p)sf>(?:<%(p)sv></%(p)sv>|<%(p)sv ?/>)?</%(p)sc>'
    rb'|calcext:value-type="error"' % {b"p": _PREFIX}
)
#: In an OpenDocument, where the format of a number is not looked up: the number's attributes, and what is shown of it.
_NUMBER_SHOWN = re.compile(rb'<table:table-cell ([^>]*office:value-type="float"[^>]*)><text:p>([^<]*)</text:p>')
_WHOLE = re.compile(rb'office:value="[0-9]+"')
_AS_A_NUMBER = re.compile(rb"(?:[1-9][0-9]{0,2}(?:[, ][0-9]{3})+|0|[1-9][0-9]*)(?:[.][0-9]+)?(?:E[-+]?[0-9]+)?%?")
_SHEET_PART = re.compile(r"xl/worksheets/.+\.xml|content\.xml")


class Sheet(NamedTuple):
    """A sheet or table by its name; `rows`: (number of the row, its cells)."""

    name: str
    rows: Iterator[tuple[int, list[str]]]


def sheets(path: Path) -> Iterator[Sheet]:
    """The sheets that a person sees, hidden ones left out. Raises FileRefused, while rows are read, too."""
    with _damage_refused(path):
        if zipfile.is_zipfile(path):
            _refuse_untold(path)
            parts = _parts(path)
            formats = _formats(path, parts)
        else:
            parts = {}
            in_error, formats = untold_of_xls(path)
            if in_error:
                raise _in_error(path)
        with ExitStack() as opened:
            pieces = opened.enter_context(Pieces(path)) if parts and is_large(path) else None
            book = opened.enter_context(load_workbook(path) if pieces is None else pieces.without_cells())
            for known in book.sheets_metadata:
                if known.visible is not SheetVisibleEnum.Visible or known.typ is not SheetTypeEnum.WorkSheet:
                    continue
                cut = pieces.cut_of(parts[known.name]) if pieces is not None and known.name in parts else None
                if pieces is not None and cut is not None:
                    values, left, merged = pieces.rows_of(known.name, cut), cut.left, cut.merged
                else:
                    whole = book if pieces is None else opened.enter_context(load_workbook(path))
                    values, left, merged = _whole(whole.get_sheet_by_name(known.name))
                yield Sheet(known.name, _rows(path, values, left, merged, formats.get(known.name, {})))


@contextmanager
def _damage_refused(path: Path) -> Iterator[None]:
    try:
        yield
    except PasswordError:
        raise FileRefused(
            f"{path} is a workbook that is protected by a password: save it without one and publish that."
        ) from None
    except (CalamineError, etree.LxmlError, zipfile.BadZipFile, zlib.error, OSError, ValueError, IndexError):
        raise FileRefused(
            f"{path} is a workbook that is damaged or cut: open it, save it again as .xlsx and publish that."
        ) from None


def _refuse_untold(path: Path) -> None:
    """The reader gives nothing for a formula without a result, and an empty cell says something; nor does it tell the
    formats of numbers. Raises FileRefused."""
    in_error, differs = untold_of_xlsb(path)
    if in_error:
        raise _in_error(path)
    if differs:
        raise _shown_otherwise(path)
    with zipfile.ZipFile(path) as book:
        for part in book.namelist():
            if not _SHEET_PART.fullmatch(part):
                continue
            with book.open(part) as opened:
                last = b""
                while block := opened.read(BLOCK):
                    if part == "content.xml" and any(_differs(*cell) for cell in _NUMBER_SHOWN.findall(last + block)):
                        raise _shown_otherwise(path)
                    if _NO_RESULT.search(last + block):
                        raise _in_error(path)
                    last = block[-LONGEST_FORMULA:]


def _differs(held: bytes, shown_as: bytes) -> bool:
    """Whether a whole number of an OpenDocument is shown with noughts before it or with letters: 0123, H-44."""
    return _WHOLE.search(held) is not None and not _AS_A_NUMBER.fullmatch(shown_as)


def _shown_otherwise(path: Path) -> FileRefused:
    return FileRefused(
        f"{path} has numbers that are shown with noughts before them or with letters (000123, H-007), which only .xlsx "
        "and .xls can tell: give the column the format of text, or save it as .xlsx, and publish that."
    )


def _in_error(path: Path) -> FileRefused:
    return FileRefused(
        f"{path} has formulas whose result is an error (#N/A, #REF!) or was never calculated: mend them in a "
        "spreadsheet, save it and publish it again."
    )


def _formats(path: Path, parts: Mapping[str, str]) -> dict[str, dict[int, Shown]]:
    """By sheet and column, counted from 0, how its numbers are shown: 000123, H-123. Raises FileRefused if only some
    numbers of a column are shown so."""
    if not parts:
        return {}
    with zipfile.ZipFile(path) as book:
        if "xl/styles.xml" not in book.namelist():
            return {}
        forms = _forms(_xml(book, "xl/styles.xml"))
        if not forms:
            return {}
        return {name: _columns(path, name, book, part, forms) for name, part in parts.items()}


def _parts(path: Path) -> dict[str, str]:
    """By a sheet's name, where in the file it stands; of another kind of workbook nothing."""
    if not zipfile.is_zipfile(path):
        return {}
    with zipfile.ZipFile(path) as book:
        there = set(book.namelist())
        if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= there:
            return {}
        relations = _xml(book, "xl/_rels/workbook.xml.rels")
        listed = _xml(book, "xl/workbook.xml")
    targets = {one.get("Id"): (one.get("Target") or "").lstrip("/") for one in relations}
    found: dict[str, str] = {}
    for sheet in listed.iter("{*}sheet"):
        target = targets.get(sheet.get(_RELATION), "")
        part = target if target.startswith("xl/") else f"xl/{target}"
        if part in there:
            found[sheet.get("name") or ""] = part
    return found


def _xml(book: zipfile.ZipFile, part: str) -> etree._Element:
    return etree.fromstring(book.read(part), etree.XMLParser(resolve_entities=False, no_network=True))


def _forms(styles: etree._Element) -> dict[int, Shown]:
    """By the number of a cell's style, how it shows a number."""
    formats = {
        one.get("numFmtId"): form
        for one in styles.iter("{*}numFmt")
        if (form := shown(one.get("formatCode") or "")) is not None
    }
    used = styles.find("{*}cellXfs")
    listed = enumerate(used) if used is not None else ()
    return {index: formats[one.get("numFmtId")] for index, one in listed if one.get("numFmtId") in formats}


def _columns(path: Path, name: str, book: zipfile.ZipFile, part: str, forms: Mapping[int, Shown]) -> Forms:
    used: dict[int, set[Shown | None]] = {}

    def look(text: bytes) -> None:
        for column, attributes in _CELL.findall(text):
            if b' t="' not in attributes or b' t="n"' in attributes:
                style = _STYLE.search(attributes)
                used.setdefault(column_of(column), set()).add(forms.get(int(style[1])) if style else None)

    with book.open(part) as opened:
        last = b""
        while block := opened.read(BLOCK):
            text = last + block
            # a cell that two blocks share is looked at with the second
            begins = max(text.rfind(b"<c "), text.rfind(b":c "), 0)
            begins = text.rfind(b"<", 0, begins + 1) if text[begins : begins + 1] == b":" else begins
            look(text[:begins])
            last = text[begins:]
        look(last)
    return forms_of_columns(path, name, used)


Values = Iterator[tuple[int, list[Any]]]
"""(Row's number from 0, its values from the first column on that holds anything.)"""


def _whole(sheet: CalamineSheet) -> tuple[Values, int, list[Merged]]:
    """A sheet's rows, their first column from 0, and the cells that are merged."""
    _, left = sheet.start or (0, 0)
    # rows above the first that holds anything are given, too; columns before the first are not
    return enumerate(sheet.iter_rows()), left, sheet.merged_cell_ranges or []


def _rows(
    path: Path, values: Values, left: int, merged: Sequence[Merged], formats: Mapping[int, Shown]
) -> Iterator[tuple[int, list[str]]]:
    """A cell that spans several rows stands in each of them. `formats`: how a column's numbers are shown."""
    spanning: dict[int, list[tuple[int, int, int]]] = {}
    for (first, column), (last, _) in merged:
        if last > first:
            spanning.setdefault(first, []).append((last, column, column - left))
    held: list[tuple[int, int, str]] = []
    with _damage_refused(path):
        for index, row in values:
            cells = [cell(value) for value in row]
            for place, form in formats.items():
                if 0 <= place - left < len(cells) and type(row[place - left]) in (int, float):
                    cells[place - left] = written(row[place - left], form) or cells[place - left]
            held = [one for one in held if one[0] >= index]
            for _, place, text in held:
                if 0 <= place < len(cells) and not cells[place]:
                    cells[place] = text
            for last, _, place in spanning.get(index, ()):
                if 0 <= place < len(cells):
                    held.append((last, place, cells[place]))
            yield index + 1, cells


def cell(value: Any) -> str:
    """What stands in a cell, as text; days and times as DayCell."""
    match value:
        case str():
            return value
        case bool():
            return "是" if value else "否"
        case int() | float():
            return _number(value)
        case datetime():
            rounded = (value + timedelta(milliseconds=500)).replace(microsecond=0)
            midnight = rounded.time() == time()
            return DayCell(rounded.date().isoformat() if midnight else rounded.isoformat(sep=" "))
        case date() | time():
            return DayCell(value.isoformat())
        case timedelta():
            minutes, seconds = divmod(round(value.total_seconds()), 60)
            return DayCell(f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}")
    return "" if value is None else str(value)


def _number(value: float) -> str:
    if abs(value) >= EXACT:
        mantissa, exponent = f"{value:.14E}".split("E")
        return f"{mantissa.rstrip('0').rstrip('.')}E{exponent}"
    if value == int(value):
        return str(int(value))
    shown = f"{value:.15g}"
    return shown if "e" not in shown else f"{value:.15f}".rstrip("0")
