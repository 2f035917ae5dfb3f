"""Workbooks and web pages as programs write them: read as a person sees them, or refused in both languages."""
# ruff: noqa: E501 (lines of tables)

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path

import pytest
import xlsxwriter

from producers.departments import housing
from tests.contracts.odd_files import PHONE, phones, refusal, text
from tests.contracts.people import number
from tests.contracts.test_office_files import HEAD, LINE, WHO, read, workbook
from tests.contracts.test_office_values import (
    LEASE,
    MOVED_IN,
)
from wire.values.days import instant

# -- workbooks


def changed_part(path: Path, part: str, change: Callable[[str], str]) -> Path:
    """The workbook with one of its parts rewritten."""
    made = path.with_name(f"changed-{path.name}")
    with zipfile.ZipFile(path) as book, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
        for name in book.namelist():
            content = book.read(name)
            out.writestr(name, change(content.decode()) if name == part else content)
    return made


def test_how_a_name_is_spoken_is_no_part_of_it(tmp_path: Path) -> None:
    names = [*HEAD[:3], "姓名", "性别", "出生日期", "户号", "住址", "与户主关系", *HEAD[4:]]
    line = ["HK-1", "迁入登记", WHO, "测试", "男", "1980-01-01", "H-1", "样本路1号", "户主", "2026-11-01", "2026-11-02"]
    spoken = changed_part(
        workbook(tmp_path / "a.xlsx", {"a": [names, line]}),
        "xl/sharedStrings.xml",
        lambda part: part.replace(
            "<t>测试</t>", '<r><t>测</t></r><r><t>试</t></r><rPh sb="0" eb="2"><t>ceshi</t></rPh>'
        ),
    )
    good, bad, _, _ = read(spoken)
    assert bad == []
    assert good[0].events[0][1].statement.change["name"] == "测试"


def test_a_workbook_of_typed_cells_in_the_macs_calendar_with_hidden_sheets(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path, {"date_1904": True, "default_date_format": "yyyy/m/d h:mm"}) as book:
        for name, record, hidden in (
            ("一", "HK-1", False),
            ("二", "HK-2", False),
            ("三", "HK-3", True),
            ("四", "HK-4", True),
        ):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["示例区月报表"])
            sheet.write_row(1, 0, HEAD)
            sheet.write_row(2, 0, [record, *LINE[1:3], 13_800_000_014, date(2026, 11, 20), datetime(2026, 11, 20, 10)])  # noqa: DTZ001
            sheet.write_row(3, 0, ["合计", "", "", 1])
            if hidden:
                sheet.very_hidden() if name == "四" else sheet.hide()
    good, bad, _, passed = read(path)
    assert (bad, passed) == ([], 2)
    events = [ready.statement for line in good for _, ready in line.events]
    assert [event.record for event in events] == ["HK-1", "HK-2"]
    assert {(event.occurred_at, event.recorded_at) for event in events} == {
        (instant("2026-11-20"), instant("2026-11-20 10:00:00"))
    }


def test_a_head_without_records_is_nothing_to_publish_in_any_form(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[]")
    page = "".join(f"<td>{name}</td>" for name in HEAD)
    (tmp_path / "a.xls").write_text(f"<table><tr>{page}</tr></table>", encoding="utf-8")
    for path in (
        text(tmp_path / "a.csv", [HEAD]),
        workbook(tmp_path / "a.xlsx", {"a": [HEAD]}),
        workbook(tmp_path / "b.xlsx", {"a": [], "b": []}),
        tmp_path / "a.json",
        tmp_path / "a.xls",
    ):
        assert "nothing to publish" in refusal(path)


def with_prefix(path: Path) -> Path:
    """The workbook as Microsoft's own library writes it: <x:row>."""
    made = path.with_name(f"prefixed-{path.name}")
    with zipfile.ZipFile(path) as book, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
        for name in book.namelist():
            content = book.read(name)
            if name.startswith("xl/") and name.endswith(".xml") and "theme" not in name:
                content = content.replace(b'xmlns="http://schemas.open', b'xmlns:x="http://schemas.open')
                content = re.sub(rb"<(/?)(?=[a-zA-Z])", rb"<\1x:", content)
            out.writestr(name, content)
    return made


def test_a_workbook_with_prefixed_names_is_read_as_one_without(tmp_path: Path) -> None:
    numbered, in_error = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    with xlsxwriter.Workbook(numbered) as book:
        sheet, shown = book.add_worksheet(), book.add_format({"num_format": "00000000"})
        sheet.write_row(0, 0, list(MOVED_IN))
        sheet.write_row(1, 0, list(MOVED_IN.values()))
        sheet.write_number(1, list(MOVED_IN).index("户号"), 1234, shown)
    for path in (numbered, with_prefix(numbered)):
        good, bad, _, _ = read(path)
        assert (bad, good[0].events[0][1].statement.change["household"]) == ([], "00001234")
    with xlsxwriter.Workbook(in_error) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, [*LEASE, "止租日期"])
        sheet.write_row(1, 0, list(LEASE.values()))
        sheet.write_formula(1, len(LEASE), "=NA()", None, "#N/A")
    for path in (in_error, with_prefix(in_error)):
        assert "formulas whose result is an error" in refusal(path, housing.DEPARTMENT)


MANIFEST = (
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    '<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>'
    "</manifest:manifest>"
)
ODS = (
    '<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"><office:body><office:spreadsheet>'
    '<table:table table:name="a">{}</table:table></office:spreadsheet></office:body></office:document-content>'
)


@pytest.mark.parametrize(
    ("cell", "refused"),
    [
        ('office:value-type="float" office:value="13800000014"><text:p>1.38E+10</text:p>', ""),
        ('table:formula="of:=NA()" office:value-type="string" office:string-value="" calcext:value-type="error"><text:p>#N/A</text:p>',
         "formulas whose result is an error"),
        ('office:value-type="float" office:value="13800000014"><text:p>013800000014</text:p>', "noughts"),
        ('office:value-type="float" office:value="13800000014"><text:p>T-13800000014</text:p>', "or with letters"),
        ('office:value-type="float" office:value="13800000014"><text:p>13,800,000,014.00</text:p>', ""),
    ],
)  # fmt: skip
def test_an_open_document_is_read_as_it_is_shown_or_refused(cell: str, refused: str, tmp_path: Path) -> None:
    def row(*cells: str) -> str:
        return f"<table:table-row>{''.join(f'<table:table-cell {one}</table:table-cell>' for one in cells)}</table:table-row>"

    def words(texts: Sequence[str]) -> list[str]:
        return [f'office:value-type="string"><text:p>{one}</text:p>' for one in texts]

    content = ODS.format(row(*words(HEAD)) + row(*words(LINE[:3]), cell, *words(LINE[4:])))
    with zipfile.ZipFile(tmp_path / "a.ods", "w") as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr("META-INF/manifest.xml", MANIFEST)
        book.writestr("content.xml", content)
    if refused:
        assert refused in refusal(tmp_path / "a.ods")
    else:
        assert phones(tmp_path / "a.ods") == [PHONE]


# -- web pages


@pytest.mark.parametrize("charset", ["gb2312", "gbk", "utf-8", "", "iso-8859-1"])
@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_a_page_is_read_in_the_encoding_that_it_has_whatever_it_says(
    charset: str, encoding: str, tmp_path: Path
) -> None:
    names = [*HEAD[:3], "姓名", "性别", "出生日期", "户号", "住址", "与户主关系", *HEAD[4:]]
    line = [
        "HK-1",
        "迁入登记",
        WHO,
        "朱镕喆珺",
        "男",
        "1980-01-01",
        "H-1",
        "样本路<br>1号",
        "户主",
        "2026-11-01",
        "2026-11-02",
    ]
    rows = "".join("<tr>" + "".join(f"<td>\n  {cell}\n</td>" for cell in row) + "</tr>\n" for row in (names, line))
    meta = f'<meta http-equiv="Content-Type" content="text/html; charset={charset}">' if charset else ""
    (tmp_path / "a.xls").write_bytes(f"<html><head>{meta}</head><table>{rows}</table></html>".encode(encoding))
    good, bad, _, _ = read(tmp_path / "a.xls")
    assert bad == []
    change = good[0].events[0][1].statement.change
    assert (change["name"], change["address"]) == ("朱镕喆珺", "样本路\n1号")


def test_a_byte_that_is_none_of_the_pages_encoding_takes_no_row_with_it(tmp_path: Path) -> None:
    rows = "".join(
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in (HEAD, LINE, ["HK-2", *LINE[1:]])
    )
    page = f"<html><meta charset=gb2312><table>{rows}</table></html>".encode("gb18030")
    (tmp_path / "a.xls").write_bytes(page.replace(b"HK-1", b"HK-1\xff"))
    good, bad, _, _ = read(tmp_path / "a.xls")
    assert [ready.statement.record for line in good for _, ready in line.events][-1:] == ["HK-2"]
    assert len(good) + len(bad) == 2


def test_two_people_on_two_lines_of_a_cell_are_two(tmp_path: Path) -> None:
    cells = LEASE | {"承租人身份证号": f"{number(5)}<br/>{number(6)}"}
    rows = "".join(
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in (cells.keys(), cells.values())
    )
    (tmp_path / "a.xls").write_text(f"<table>{rows}</table>", encoding="utf-8")
    good, bad, _, _ = read(tmp_path / "a.xls", housing.DEPARTMENT)
    assert bad == []
    assert len(good[0].events[0][1].statement.change["tenants"]) == 2


@pytest.mark.parametrize(
    ("number", "shown_as", "household"),
    [(44, '"H-"000', "H-044"), (44, '"H-"0', "H-44"), (1_234_567, "000-0000", "123-4567"), (7, "\\H\\-0000", "H-0007"), (12, '0"号"', "12号"),
     (12, "0000;-0000;;@", "0012"), (8001, "#,##0", "8001"), (8001, "0.00", "8001")],
)  # fmt: skip
def test_a_number_is_what_its_format_shows(number: int, shown_as: str, household: str, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, list(MOVED_IN))
        sheet.write_row(1, 0, list(MOVED_IN.values()))
        sheet.write_number(1, list(MOVED_IN).index("户号"), number, book.add_format({"num_format": shown_as}))
    good, bad, _, _ = read(path)
    assert bad == []
    assert good[0].events[0][1].statement.change["household"] == household


def test_numbers_of_which_only_some_are_shown_with_letters_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, list(MOVED_IN))
        for row, form in ((1, '"H-"0'), (2, "General")):
            sheet.write_row(row, 0, list(MOVED_IN.values()))
            sheet.write_number(row, list(MOVED_IN).index("户号"), 44, book.add_format({"num_format": form}))
    assert "nobody can tell what they are" in refusal(path)
