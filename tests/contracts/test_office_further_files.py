"""Further files of the kinds of `test_office_files.py`, as nasty but ordinary offices make them: each line is published
as it is meant, rejected with its reason, or the file refused; nothing is published as something else."""

from __future__ import annotations

import csv
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from producers.departments import housing, police
from producers.publish.checked_lines import Good
from producers.publish.export_lines import FileRefused
from tests.contracts.people import number
from tests.contracts.test_office_files import HEAD, LINE, WHO, workbook
from tests.contracts.test_office_files import read as read_file
from tests.contracts.test_office_values import MOVED_IN, office

__all__ = ["office"]

POLICE = "police.household-registration"


def _csv(path: Path, rows: list[list[Any]], encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as out:
        csv.writer(out).writerows(rows)
    return path


def _phones(good: list[Good]) -> list[str]:
    return [ready.statement.change["phone"] for line in good for _, ready in line.events]


def test_a_line_of_another_encoding_in_the_middle_is_not_read_as_what_it_is_not(tmp_path: Path) -> None:
    names = [*HEAD[:3], "姓名", "性别", "出生日期", "户号", "住址", "与户主关系", *HEAD[4:]]
    line = [
        "HK-1",
        "迁入登记",
        WHO,
        "测试人",
        "男",
        "1980-01-01",
        "H-1",
        "样本路一号",
        "户主",
        "2026-11-01",
        "2026-11-02",
    ]
    first = ",".join(names).encode("gb18030") + b"\n" + ",".join(line).encode("gb18030") + b"\n"
    path = tmp_path / "x.csv"
    path.write_bytes(
        first * 1
        + ",".join(["HK-2", *line[1:]]).encode("utf-8")
        + b"\n"
        + ",".join(["HK-3", *line[1:]]).encode("gb18030")
    )
    good, bad, _, _ = read_file(path)
    assert [ready.statement.change["name"] for one in good for _, ready in one.events] == ["测试人"] * 2
    assert [one.place for one in bad] == ["3"]


def test_noughts_that_a_format_shows_belong_to_the_number(tmp_path: Path) -> None:
    def made(path: Path, mixed: bool) -> Path:
        with xlsxwriter.Workbook(path) as book:
            sheet, shown = book.add_worksheet("户籍"), book.add_format({"num_format": "00000000"})
            names = [*HEAD[:3], "姓名", "性别", "出生日期", "户号", "住址", "与户主关系", *HEAD[4:]]
            sheet.write_row(0, 0, names)
            for row, household in enumerate((1234, 56), 1):
                cells = [
                    f"HK-{row}",
                    "迁入登记",
                    number(row),
                    "测试",
                    "男",
                    "1980-01-01",
                    "",
                    "路1号",
                    "户主",
                    "2026-11-01",
                    "2026-11-02",
                ]
                sheet.write_row(row, 0, cells)
                sheet.write_number(row, 6, household, None if mixed and row == 2 else shown)
        return path

    good, bad, _, _ = read_file(made(tmp_path / "a.xlsx", mixed=False))
    assert bad == []
    assert [ready.statement.change["household"] for line in good for _, ready in line.events] == [
        "00001234",
        "00000056",
    ]
    with pytest.raises(FileRefused, match="noughts"):
        read_file(made(tmp_path / "b.xlsx", mixed=True))


def test_a_workbook_of_the_macs_calendar_has_the_days_that_it_shows(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(path, {"date_1904": True, "default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEAD)
        sheet.write_row(1, 0, [*LINE[:4], date(2026, 11, 20), datetime(2026, 11, 20, 10)])  # noqa: DTZ001
    good, bad, _, _ = read_file(path)
    assert bad == []
    plain, _, _, _ = read_file(_csv(tmp_path / "x.csv", [HEAD, LINE]))
    assert good[0].events[0][1].statement.occurred_at == plain[0].events[0][1].statement.occurred_at


@pytest.mark.parametrize(
    ("text", "published"),
    [
        ('{"迁入":[%s],"迁出":[%s]}', 1),
        ("[%s]\n[%s]", 1),
        ('{"RECORDS":[%s,%s]}', 2),
        ('{"data":[%s,%s],"total":2,"page":{"n":1},"next":null}', 2),
        ("[%s,%s]\n", 2),
    ],
)
def test_no_second_list_of_a_json_file_is_left_out_without_a_word(tmp_path: Path, text: str, published: int) -> None:
    objects = [json.dumps(dict(zip(HEAD, [f"HK-{i}", *LINE[1:]], strict=True)), ensure_ascii=False) for i in (1, 2)]
    path = tmp_path / "x.json"
    path.write_text(text % tuple(objects), encoding="utf-8")
    good, bad, _, _ = read_file(path)
    assert (len(good), len(bad)) == (published, 0 if published == 2 else 1)


@pytest.mark.parametrize("value", [8001.0, 4.40113e18, [1, [2]], {"a": 1}])
def test_a_number_of_json_that_is_no_code(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps([MOVED_IN | {"户号": value}]), encoding="utf-8")
    good, bad, _, _ = read_file(path)
    assert (good, [line.field for line in bad]) == ([], ["户号"])


def test_tabs_bars_and_blank_lines_between(tmp_path: Path) -> None:
    for delimiter in "\t|;":
        path = tmp_path / "x.txt"
        path.write_text(
            f"\n\n{delimiter.join(HEAD)}\r\n\r\n{delimiter.join(LINE)}\r\n{delimiter * 5}\r\n", encoding="gb18030"
        )
        good, bad, unused, _ = read_file(path)
        assert (_phones(good), bad, unused) == (["13800000014"], [], [])


def test_a_cell_of_several_lines_and_a_stray_quote_cost_at_most_their_own_line(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    lines = [LINE, ["HK-2", *LINE[1:]], ["HK-3", *LINE[1:]]]
    path.write_text(
        "\n".join(
            [
                ",".join([*HEAD, "备注"]),
                ",".join([*lines[0], '"甲\n乙"']),
                ",".join([*lines[1], '"甲']),
                ",".join([*lines[2], "丙"]),
            ]
        )
    )
    good, bad, unused, _ = read_file(path)
    assert [ready.statement.record for line in good for _, ready in line.events] == ["HK-1", "HK-3"]
    assert ([line.place for line in bad], unused) == (["4"], ["备注"])


@pytest.mark.parametrize(
    "name",
    [
        "*公民身份号码",
        "公民身份号码\n(18位)",
        "【公民身份号码】",
        "公民 身份 号码：",
        '"公民身份号码"',
        "公民身份号码※",
    ],
)
def test_decorated_names_of_columns(tmp_path: Path, name: str) -> None:
    good, bad, unused, _ = read_file(_csv(tmp_path / "x.csv", [[*HEAD[:2], name, *HEAD[3:]], LINE]))
    assert (len(good), bad, unused) == (1, [], [])


def test_hidden_sheets_are_left_out_and_two_visible_tables_are_both_read(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name, record in (("一", "HK-1"), ("二", "HK-2"), ("旧", "HK-3")):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, HEAD)
            sheet.write_row(1, 0, [record, *LINE[1:]])
        sheet.hide()
    good, bad, _, _ = read_file(path)
    assert [ready.statement.record for line in good for _, ready in line.events] == ["HK-1", "HK-2"]
    assert bad == []


def test_a_whole_number_in_a_typed_cell_is_that_number_and_a_long_one_is_refused(tmp_path: Path) -> None:
    leases = [["ZL-1", 1001, "租赁备案", number(1), number(2), date(2026, 11, 1), date(2026, 11, 1), date(2026, 11, 1)]]
    head = ["备案编号", "房屋编码", "业务类型", "出租人身份证号", "承租人身份证号", "起租日期", "发生日期", "录入时间"]
    good, bad, _, _ = read_file(workbook(tmp_path / "a.xlsx", {"a": [head, *leases]}), housing.DEPARTMENT)
    assert (good[0].events[0][1].statement.subject, bad) == ("1001", [])
    leases[0][1] = 4_401_130_010_010_031_234
    good, bad, _, _ = read_file(workbook(tmp_path / "b.xlsx", {"a": [head, *leases]}), housing.DEPARTMENT)
    assert (good, [line.field for line in bad]) == ([], ["房屋编码"])


def test_these_doors_know_the_same_department() -> None:
    assert {export.topic for export in police.DEPARTMENT.exports} >= {POLICE}
