"""What offices hand over, file by file: the inputs of `tests/cases` and more of the same kinds, from the file to what
would be published, or the sentence that refuses it. Wrong silently is worse than refused."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from producers.departments import housing, police
from producers.publish.checked_lines import Bad, Good
from producers.publish.columns import Department, ExportUnknown
from producers.publish.export_file import Rehearsal, RejectedFile, lines, publish
from producers.publish.export_lines import ExportFile, FileRefused
from runtime.settings import Settings
from tests.contracts.people import number

CASES = Path(__file__).parent.parent / "cases"
SETTINGS = Settings(_env_file=None)
HEAD = ["登记编号", "业务类型", "公民身份号码", "联系电话", "发生日期", "登记时间"]
WHO = number(3)
LINE = ["HK-1", "联系方式变更", WHO, "13800000014", "2026-11-20", "2026-11-20 10:00:00"]
TEXT = f"{','.join(HEAD)}\n{','.join(LINE)}\n"


def read(path: Path, department: Department = police.DEPARTMENT) -> tuple[list[Good], list[Bad], list[str], int]:
    """Good lines, bad ones, what was not used, and how many rows were passed over."""
    with ExportFile(path) as file:
        made = list(lines(file, department, Rehearsal(SETTINGS)))
        good = [line for line in made if isinstance(line, Good)]
        return good, [line for line in made if isinstance(line, Bad)], file.unused(), file.passed


def workbook(path: Path, sheets: dict[str, Sequence[Sequence[Any]]], merged: Sequence[str] = ()) -> Path:
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for cells in merged:
                sheet.merge_range(cells, "")
            for place, row in enumerate(rows):
                for column, value in enumerate(row):
                    if value is not None:
                        sheet.write(place, column, value)
    return path


@pytest.mark.parametrize(
    "file", ["04/police-space.csv", "04/police-stars.csv", "14/array.json", "14/mac.csv", "14/sep.csv", "14/title.csv",
             "14/two-boms.csv", "14/excel-97.xls", "29/police.csv"],
)  # fmt: skip
def test_these_are_read_as_they_are_meant(file: str) -> None:
    good, bad, unused, passed = read(CASES / file)
    assert (len(good), bad, unused) == (1, [], [])
    assert passed == (file in ("14/title.csv", "14/excel-97.xls"))
    ((_, ready),) = good[0].events
    if file.startswith("04"):
        assert ready.statement.change["dwelling"] == "D-B03-1"
    else:
        assert ready.statement.change["phone"] in ("13800000014", "13800000029")


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("15/police.csv", "公民身份号码 stands 2 times (columns 3 and 5)"),
        ("14/户籍变动.xlsx", "is a workbook that is damaged or cut: open it, save it again"),
        ("14/户籍变动.xls", "is a workbook that is damaged or cut: open it, save it again"),
        ("14/html.xls", "it lacks 业务类型"),
    ],
)
def test_these_are_refused_in_a_sentence(file: str, sentence: str) -> None:
    with pytest.raises((FileRefused, ExportUnknown)) as refused:
        read(CASES / file)
    assert sentence in str(refused.value)


def _zip(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (_zip("a.csv"), "is a ZIP archive: unpack it"),
        (_zip("word/document.xml"), "is a Word document"),
        (b"PK\x03\x04cut", "was cut or damaged"),
        (b"%PDF-1.7\n", "is a PDF document"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "is a picture"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), "is a Word document"),
        (bytes(range(256)) * 20, "no text and no workbook"),
        (TEXT.encode("utf-16"), "UTF-16"),
        (TEXT.encode("utf-16-le"), "UTF-16"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', "Excel 2003"),
        (b"<html><body><p>404</p></body></html>", "without a table"),
        (b"<html><table><tr><td>x</td></tr>", "breaks off within a table"),
        (b"MIME-Version: 1.0\n", "web archive"),
        ("姓名,联系电话\n测试,1\n".encode(), "fit no export of police"),
        (TEXT.replace("联系电话", "联系电话(旧)").encode(), "联系电话(旧) may or may not be 联系电话"),
        (TEXT.replace("联系电话", "公民身份号码.1").encode(), "公民身份号码.1 may or may not be 公民身份号码"),
        ((",".join(LINE) + "\n" + TEXT).encode(), "is as full as a record"),
    ],
)  # fmt: skip
def test_what_is_no_table_says_what_it_is_and_what_to_do(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "户籍变动.csv"
    path.write_bytes(content)
    with pytest.raises((FileRefused, ExportUnknown)) as refused:
        read(path)
    assert sentence in str(refused.value)
    assert WHO not in str(refused.value)


def test_a_workbook_of_two_months_with_titles_totals_merged_heads_and_typed_cells(tmp_path: Path) -> None:
    ten = datetime.combine(date(2026, 11, 20), time(10))
    typed: list[Any] = [*LINE[:3], 13_800_000_014, ten.date(), ten]
    above: list[list[Any]] = [["示例区户籍变动月报表"], ["填报单位:户政科", None, None, None, "2026-11"]]
    over: list[list[Any]] = [["登记编号", "业务类型", "人员信息", None, "时间", None], [None, None, *HEAD[2:]]]
    path = workbook(
        tmp_path / "户籍变动.csv",
        {
            "十一月": [*above, *over, typed, ["合计", None, None, 1]],
            "十二月": [HEAD, typed[:], HEAD],
            "说明": [["不用填"]],
        },
        merged=["A1:F1", "A3:A4", "B3:B4", "C3:D3", "E3:F3"],
    )
    good, bad, unused, passed = read(path)
    assert (len(good), bad, unused, passed) == (2, [], ["说明"], 2)
    events = {ready.event_id for line in good for _, ready in line.events}
    assert len(events) == 1, "the same record twice is the same event"
    assert good[0].events[0][1].statement.change == {"phone": "13800000014"}


def test_what_a_spreadsheet_has_changed_is_rejected(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "x.xlsx",
        {"a": [HEAD, [date(2026, 1, 3), *LINE[1:]], [*LINE[:2], int(WHO[:17] + "0"), *LINE[3:]]]},
    )
    good, bad, _, _ = read(path)
    assert good == []
    assert [(line.place, line.field) for line in bad] == [("2", "登记编号"), ("3", "公民身份号码")]
    assert "changed into a date by a spreadsheet" in bad[0].reason
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEAD)
        sheet.write_row(1, 0, LINE)
        sheet.write_formula(1, 3, "=NA()", None, "#N/A")
    with pytest.raises(FileRefused, match="formulas whose result is an error"):
        read(path)


def test_a_merged_cell_of_several_records_stands_in_each_of_them(tmp_path: Path) -> None:
    names = [*HEAD[:3], "姓名", "性别", "出生日期", "户号", "房屋编码", "住址", "与户主关系", *HEAD[4:]]
    rows: list[list[Any]] = [
        [f"HK-{i}", "迁入登记", number(i), "测试", "男", "1980-01-01", "H-1", None if i else "D-1", "样本路", "户主",
         "2026-11-01", "2026-11-02"]
        for i in range(3)
    ]  # fmt: skip
    good, bad, _, _ = read(workbook(tmp_path / "x.xlsx", {"a": [names, *rows]}, merged=["H2:H4"]))
    assert bad == []
    assert [ready.statement.change["dwelling"] for line in good for _, ready in line.events] == ["D-1"] * 3
    page = "".join(
        "<tr>"
        + "".join(f"<td{' rowspan=3' if value == 'D-1' else ''}>{value}</td>" for value in row if value)
        + "</tr>"
        for row in [list[Any](names), *rows]
    )
    (tmp_path / "x.xls").write_text(f"<html><meta charset=gbk><table>{page}</table></html>", encoding="gb18030")
    good, bad, _, _ = read(tmp_path / "x.xls")
    assert bad == []
    assert [ready.statement.change["dwelling"] for line in good for _, ready in line.events] == ["D-1"] * 3


def test_a_ragged_line_costs_itself_and_unused_columns_are_named(tmp_path: Path) -> None:
    rows = [[*LINE, ""], LINE[:-1], [*LINE, "x", "y"], [*LINE[:2], "", *LINE[2:]], [*LINE, "x"]]
    path = tmp_path / "x.csv"
    with path.open("w", newline="") as out:
        csv.writer(out).writerows([[*HEAD, "经办人"], *rows])
    good, bad, unused, _ = read(path)
    assert len(good) == 2
    assert [line.place for line in bad] == ["3", "4", "5"]
    assert "has 5 cells, but the table has 7 columns" in bad[0].reason
    assert unused == ["经办人"]


def test_two_names_of_one_person_that_differ_are_rejected(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"{','.join(HEAD)},身份证号\n{','.join(LINE)},{WHO}\n{','.join(LINE)},{number(9)}\n")
    good, bad, _, _ = read(path)
    assert (len(good), [line.field for line in bad]) == (1, ["身份证号"])
    assert "公民身份号码" in bad[0].reason


@pytest.mark.parametrize("rounded", [0, 1, 2])
def test_a_file_of_rounded_numbers_is_refused_whole(tmp_path: Path, rounded: int) -> None:
    rows = [[f"ZL-{i}", f"D-{i}", "租赁备案", number(i), number(i + 1), "2026-11-01", "2026-11-01", "2026-11-01"]
            for i in range(20)]  # fmt: skip
    for row in rows[: rounded * 2]:
        row[3] = row[3][:15] + "000"
    path = tmp_path / "x.csv"
    with path.open("w", newline="") as out:
        people = ["出租人身份证号", "承租人身份证号"]
        head = ["备案编号", "房屋编码", "业务类型", *people, "起租日期", "发生日期", "录入时间"]
        csv.writer(out).writerows([head, *rows])
    if rounded < 2:
        good, bad, _, _ = read(path, housing.DEPARTMENT)
        assert (len(good) + len(bad)) == 20
    else:
        with pytest.raises(FileRefused, match=r"4 of 40 identity numbers end in 000"):
            read(path, housing.DEPARTMENT)


def test_a_rejected_formula_does_not_run_where_the_line_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"{','.join(HEAD)}\n=1+1,,,,,\n＠x,,,,,\n")
    with ExportFile(path) as file, RejectedFile(path) as rejected:
        publish(file, police.DEPARTMENT, Rehearsal(SETTINGS), rejected)
    with rejected.path.open(encoding="utf-8-sig", newline="") as opened:
        assert [line["original"][:2] for line in csv.DictReader(opened)] == ["'=", "'＠"]
    assert rejected.reasons["业务类型", "is empty"] == 2


@pytest.mark.parametrize(
    "cell",
    [
        "=HYPERLINK(1)", "+1", "-1+cmd", "@SUM(1)", "\t=1", "\r=1", "\n=1", "\tx", "\rx", "  =1", "\u3000=1",
        "\ufeff=1", "\u200b@x", "＝1", "＋1", "－1", "＠x",
    ],
)  # fmt: skip
def test_no_cell_of_a_rejected_line_is_reckoned(cell: str, tmp_path: Path) -> None:
    """What begins with a formula's sign, or with what a spreadsheet takes away or splits at, is shown as text."""
    with RejectedFile(tmp_path / "x.csv") as rejected:
        rejected.write(Bad("2", "address", "is not known", cell))
        rejected.write(Bad("3", "address", "is not known", "广州市"))
    with (tmp_path / "x.csv.rejected.csv").open(encoding="utf-8-sig", newline="") as opened:
        originals = [line["original"] for line in csv.DictReader(opened)]
    assert originals == [f"'{cell}", "广州市"]
