"""Workbooks in a binary form, .xls and .xlsb: what their reader does not tell of a cell is looked up or refused."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest
import xlwt

from tests.contracts.odd_files import PHONE, phones, refusal
from tests.contracts.test_office_files import CASES, HEAD, LINE, read
from tests.contracts.test_office_values import MOVED_IN

NUMBERS = [
    (44, '"H-"000', "H-044"),
    (1_234_567, "000-0000", "123-4567"),
    (7, "\\H\\-0000", "H-0007"),
    (12, "0000;-0000;;@", "0012"),
    (8001, "#,##0", "8001"),
    (8001, "General", "8001"),
]


def xls(path: Path, *numbers: tuple[int, str]) -> Path:
    """One line a number: the household's, shown by its format."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("a")
    for column, head in enumerate(MOVED_IN):
        sheet.write(0, column, head)
    for line, (number, shown_as) in enumerate(numbers, 1):
        for column, (head, value) in enumerate(MOVED_IN.items()):
            if head == "户号":
                sheet.write(line, column, number, xlwt.easyxf(num_format_str=shown_as))
            else:
                sheet.write(line, column, value)
    book.save(str(path))
    return path


@pytest.mark.parametrize(("number", "shown_as", "household"), NUMBERS)
def test_a_number_of_an_old_workbook_is_what_its_format_shows(
    number: int, shown_as: str, household: str, tmp_path: Path
) -> None:
    good, bad, _, _ = read(xls(tmp_path / "a.xls", (number, shown_as)))
    assert bad == []
    assert good[0].events[0][1].statement.change["household"] == household


def test_a_column_of_which_only_some_numbers_have_noughts_is_refused(tmp_path: Path) -> None:
    said = refusal(xls(tmp_path / "a.xls", (44, "0000"), (4400, "General")))
    assert "a.xls, a: some numbers of column " in said


def test_an_old_workbook_with_a_password_says_so(tmp_path: Path) -> None:
    content = xls(tmp_path / "a.xls", (44, "0000")).read_bytes()
    first = content.index(struct.pack("<HH", 0x0809, 16))  # BOF of the workbook's part; its first record follows
    place = first + 20
    # the record after it gives its place to one that says: what follows is encrypted (RC4), with salt and verifier
    encrypted = struct.pack("<HHHHH", 0x002F, 54, 1, 1, 1) + bytes(48)
    (tmp_path / "a.xls").write_bytes(content[:place] + encrypted + content[place + len(encrypted) :])
    assert "protected by a password" in refusal(tmp_path / "a.xls")


@pytest.mark.parametrize("kept", [600, 1536, 3000, 5000])
def test_an_old_workbook_that_was_cut_is_refused(kept: int, tmp_path: Path) -> None:
    content = xls(tmp_path / "a.xls", (44, "0000")).read_bytes()
    assert kept < len(content)
    (tmp_path / "a.xls").write_bytes(content[:kept])
    assert "damaged or cut" in refusal(tmp_path / "a.xls")


def test_a_cell_in_error_of_an_old_workbook_is_not_empty(tmp_path: Path) -> None:
    content = bytearray((CASES / "14" / "excel-97.xls").read_bytes())
    # a text of the title's row gives its place to an error and to a record that nobody reads
    title = content.index(struct.pack("<HHHH", 0x00FD, 10, 1, 0))
    in_error = struct.pack("<HHHHHBB", 0x0205, 8, 1, 0, 17, 0x2A, 1) + struct.pack("<HH", 0x7777, 12) + bytes(12)
    for patched, refused in ((content[:], False), (content[:title] + in_error + content[title + 28 :], True)):
        (tmp_path / "a.xls").write_bytes(patched)
        if refused:
            assert "formulas whose result is an error" in refusal(tmp_path / "a.xls")
        else:
            assert phones(tmp_path / "a.xls") == [PHONE]


# -- .xlsb


def xlsb(path: Path, shown_as: str, kind: int = 5) -> Path:
    """A line of the police's with its telephone number as a number, in records of [MS-XLSB]; `kind`: of its cell."""

    def record(kind: int, content: bytes = b"") -> bytes:
        number = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
        return number + bytes([len(content) & 0x7F | 0x80, len(content) >> 7]) + content

    def text(value: str) -> bytes:
        return struct.pack("<I", len(value)) + value.encode("utf-16-le")

    def cell(column: int, style: int = 0) -> bytes:
        return struct.pack("<II", column, style)

    rows = b""
    for number, values in enumerate((HEAD, LINE)):
        rows += record(0, struct.pack("<IIHHBI", number, 0, 300, 0, 0, 0))
        for column, value in enumerate(values):
            if value == PHONE:
                held = struct.pack("<d", float(PHONE)) if kind == 5 else b"\x2a"
                rows += record(kind, cell(column, 1) + held)
            else:
                rows += record(6, cell(column) + text(value))
    used = struct.pack("<IIII", 0, 1, 0, len(HEAD) - 1)
    sheet = record(129) + record(148, used) + record(145) + rows + record(146) + record(130)
    formats = record(615, struct.pack("<I", 1)) + record(44, struct.pack("<H", 164) + text(shown_as)) + record(616)
    styles = [struct.pack("<HHHHHBBHH", 0xFFFF, number, 0, 0, 0, 0, 0, 0, 0)[:16] for number in (0, 164)]
    own = record(617, struct.pack("<I", 2)) + b"".join(record(47, style) for style in styles) + record(618)
    book = record(131) + record(143) + record(156, struct.pack("<II", 0, 1) + text("rId1") + text("a")) + record(144)
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relations = (
        '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{relation}/worksheet" Target="worksheets/sheet1.bin"/></Relationships>'
    )
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("xl/workbook.bin", book + record(132))
        out.writestr("xl/_rels/workbook.bin.rels", relations)
        out.writestr("xl/worksheets/sheet1.bin", sheet)
        out.writestr("xl/styles.bin", record(278) + formats + own + record(279))
    return path


@pytest.mark.parametrize("shown_as", ["General", "0", "#,##0", "0.00"])
def test_a_plain_number_of_a_binary_workbook_is_read(shown_as: str, tmp_path: Path) -> None:
    assert phones(xlsb(tmp_path / "a.xlsb", shown_as)) == [PHONE]


@pytest.mark.parametrize("shown_as", ["000000000000", '"T-"0'])
def test_a_number_of_a_binary_workbook_that_is_shown_otherwise_is_refused(shown_as: str, tmp_path: Path) -> None:
    assert "which only .xlsx and .xls can tell" in refusal(xlsb(tmp_path / "a.xlsb", shown_as))


def test_a_cell_in_error_of_a_binary_workbook_is_not_empty(tmp_path: Path) -> None:
    assert "formulas whose result is an error" in refusal(xlsb(tmp_path / "a.xlsb", "General", 3))
