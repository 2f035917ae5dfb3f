"""A large sheet that is read in pieces gives what it gives when it is read whole."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from producers.tables import shared_texts, sheet_pieces, workbook
from producers.tables.file_form import FileRefused
from producers.tables.workbook import sheets


def book_of(path: Path, seed: int, shared: bool = True) -> Path:
    """Two sheets of texts, numbers, days and padded numbers, with gaps, merged cells and columns that begin late, and
    an empty one. `shared`: whether the texts stand in a part of their own, some of them in two fonts."""
    draw = random.Random(seed)
    with xlsxwriter.Workbook(path, {"constant_memory": not shared}) as book:
        book.add_worksheet("空")
        bold = book.add_format({"bold": True})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        padded = book.add_format({"num_format": "00000000"})
        for name in ("一月", "二月 & 其他"):
            sheet = book.add_worksheet(name)
            first, row = draw.randint(0, 2), draw.randint(0, 3)
            for _ in range(60):
                for column in range(first, first + 5):
                    if draw.random() < 0.3:
                        continue
                    match column - first:
                        case 0 if shared and draw.random() < 0.3:
                            sheet.write_rich_string(row, column, "户 ", bold, f" {draw.randint(0, 9)} & ", "号\n")
                        case 0:
                            sheet.write_string(row, column, f"<row {draw.randint(0, 9)}> & \n记录")
                        case 1:
                            sheet.write_number(row, column, draw.randint(1, 999), padded)
                        case 2:
                            day_of = date(2026, 1, 1) + timedelta(days=draw.randint(0, 300))
                            sheet.write_datetime(row, column, day_of, day)
                        case 3:
                            sheet.write_number(row, column, draw.random() * 100)
                        case _:
                            sheet.write_boolean(row, column, draw.random() < 0.5)
                row += draw.choice((1, 1, 1, 1, 4))
            for top in range(2, 40, 9):
                sheet.merge_range(top, first + 6, top + draw.randint(1, 6), first + 6, f"并 {top}")
    return path


def rows(path: Path) -> dict[str, list[Any]]:
    """Rows that hold anything, by sheet: what a file's readers are given."""
    return {
        sheet.name: [(number, [(type(cell), cell) for cell in cells]) for number, cells in sheet.rows if any(cells)]
        for sheet in sheets(path)
    }


@pytest.fixture
def all_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_pieces, "LARGE", 0)
    monkeypatch.setattr(sheet_pieces, "BLOCK", 64)
    monkeypatch.setattr(shared_texts, "BLOCK", 50)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("size", [900, 2_000, 10_000])
def test_pieces_are_what_the_whole_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, seed: int, size: int, shared: bool
) -> None:
    path = book_of(tmp_path / "x.xlsx", seed, shared)
    whole = rows(path)
    assert [len(found) > 30 for found in whole.values()] == [False, True, True]
    request.getfixturevalue("all_large")
    monkeypatch.setattr(sheet_pieces, "PIECE", size)
    monkeypatch.setattr(workbook, "_whole", None)  # none is read whole
    assert rows(path) == whole


def changed(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """The workbook with each part of which the name holds `part` changed."""
    other = path.with_name("y.xlsx")
    with zipfile.ZipFile(path) as book, zipfile.ZipFile(other, "w") as written:
        for name in book.namelist():
            written.writestr(name, change(book.read(name)) if part in name else book.read(name))
    return other


@pytest.mark.parametrize(
    ("written", "otherwise"),
    [(b'<c r="B', b'<c x="B'), (b'<row r="', b'<row x="'), (b"<sheetData>", b"<sheetData >"), (b"<v>", b"<v >")],
)
def test_a_sheet_that_does_not_say_where_its_cells_stand_is_read_whole(
    tmp_path: Path, all_large: None, written: bytes, otherwise: bytes
) -> None:
    path = changed(
        book_of(tmp_path / "x.xlsx", 1), "worksheets/sheet2", lambda content: content.replace(written, otherwise)
    )
    with sheet_pieces.Pieces(path) as pieces:
        assert pieces.cut_of("xl/worksheets/sheet2.xml") is None
        assert pieces.cut_of("xl/worksheets/sheet3.xml") is not None


@pytest.mark.parametrize("part", ["worksheets", "sharedStrings"])
def test_a_large_workbook_that_is_cut_off_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, all_large: None, part: str
) -> None:
    path = changed(book_of(tmp_path / "x.xlsx", 1), part, lambda content: content[: len(content) // 2])
    monkeypatch.setattr(sheet_pieces, "PIECE", 500)
    with pytest.raises(FileRefused, match="damaged or cut"):
        rows(path)


def test_a_cell_whose_shared_text_is_not_there_refuses_the_workbook(tmp_path: Path, all_large: None) -> None:
    path = changed(
        book_of(tmp_path / "x.xlsx", 1),
        "worksheets/sheet2",
        lambda content: content.replace(b"<v>1</v>", b"<v>999999</v>"),
    )
    with pytest.raises(FileRefused, match="damaged or cut"):
        rows(path)


def test_rows_are_numbered_as_the_spreadsheet_shows_them(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("a")
        sheet.write_row("C6", ["登记编号", "户号"])
        sheet.merge_range("D7:D8", "H-1")
        sheet.write("C7", "R-1")
        sheet.write("C8", "R-2")
    (sheet_read,) = sheets(path)
    filled = [(number, cells) for number, cells in sheet_read.rows if any(cells)]
    assert filled == [(6, ["登记编号", "户号"]), (7, ["R-1", "H-1"]), (8, ["R-2", "H-1"])]
