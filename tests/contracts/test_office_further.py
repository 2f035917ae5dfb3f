"""Further inputs of the kinds of `test_office_values.py` and `test_office_files.py`, as nasty but ordinary offices make
them: each is published as it is meant, rejected with its reason, or refused; never published as something else."""

from __future__ import annotations

import csv
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from producers.departments import housing, police
from producers.doors.batch import BatchRefused, Form
from producers.publish.checked_lines import Bad, Good
from producers.publish.export_lines import FileRefused
from tests.contracts.people import number
from tests.contracts.test_office_files import HEAD, LINE, WHO, workbook
from tests.contracts.test_office_files import read as read_file
from tests.contracts.test_office_values import BENEFIT, CAR, DWELLING, KEY, LEASE, MOVED_IN, office, rejected, stated
from wire.contracts import contracts
from wire.values.days import day

__all__ = ["office"]

TENANCY, POLICE = "housing.tenancy", "police.household-registration"


def gateway(topic: str, **fields: Any) -> Any:
    """One statement through the departments' HTTP door: what is on the wire, or (field, reason)."""
    change = {"landlord": number(8), "tenants": [number(9)], "start": "2026-11-01"}
    head = {"kind": "Let", "record": "ZL-1", "subject": "D-1"}
    if topic == POLICE:
        change = {"household": "H-1", "dwelling": "D-1", "address": "样本路1号"}
        head = {"kind": "Address", "record": "HK-1", "subject": WHO}
    times = {"occurred_at": "2026-11-01T08:00:00+08:00", "recorded_at": "2026-11-02T08:00:00+08:00"}
    of_head = {name: value for name, value in fields.items() if name in ("record", "subject")}
    of_change = {name: value for name, value in fields.items() if name not in of_head}
    body = json.dumps([{**head, **times, **of_head, "change": {**change, **of_change}}]).encode()
    try:
        (ready,) = Form(contracts()[topic], KEY).batch(body, 10)
    except BatchRefused as refused:
        (error,) = refused.errors
        return error.field.removeprefix("change."), error.reason
    return ready.statement


# -- 1 · identity and codes


@pytest.mark.parametrize(
    "changed",
    [
        *("44.0113E+17", "440.113E+16", "4,40113E+18", "4E18", "4.40113e+018", "8001.00", "=8001", "#DIV/0!", "#NAME?"),
        *("#CALC!", "#BUSY!", "#GETTING_DATA", "１２３４．０"),
    ],
)
def test_further_ways_in_which_a_spreadsheet_changes_a_number(office: Any, changed: str) -> None:
    ((field, reason),) = rejected([office("police", MOVED_IN | {"户号": changed})])
    assert (field, "spreadsheet" in reason) == ("户号", True)
    field, reason = gateway(POLICE, household=changed)
    assert (field, "spreadsheet" in reason) == ("household", True)


@pytest.mark.parametrize("word", ["nan", "NaN", "None", "NULL", "(Null)", "<NA>", "NaT", "undefined", "暂无", "nil"])
def test_what_a_program_writes_for_nothing_names_no_dwelling(office: Any, word: str) -> None:
    assert stated(office("police", MOVED_IN | {"房屋编码": word})).change["dwelling"] is None
    ((field, _),) = rejected([office("police", MOVED_IN | {"户号": word})])
    assert field == "户号"
    assert gateway(POLICE, household=word)[0] == "household"
    assert gateway(TENANCY, subject=word)[0] == "subject"


@pytest.mark.parametrize("word", ["同上", "〃", "不详", "无房屋", "待定", "——", "见附件", "…"])
def test_a_word_is_no_code_so_strangers_share_no_household(office: Any, word: str) -> None:
    ((field, _),) = rejected([office("police", MOVED_IN | {"户号": word})])
    assert field == "户号"
    assert gateway(POLICE, household=word)[0] == "household"


@pytest.mark.parametrize("column", ["住址", "姓名"])
@pytest.mark.parametrize("error", ["#N/A", "#REF!", "########", "#VALUE!", "同上"])
def test_an_error_of_a_spreadsheet_is_no_address(office: Any, column: str, error: str) -> None:
    ((field, _),) = rejected([office("police", MOVED_IN | {column: error})])
    assert field == column


def test_an_error_of_a_spreadsheet_is_nothing_that_a_program_states() -> None:
    assert gateway(POLICE, address="#N/A")[0] == "address"
    assert gateway(POLICE, address="#3号楼").change["address"] == "#3号楼"


def test_a_failed_look_up_is_no_relation_of_another_kind(office: Any) -> None:
    for column in ("与户主关系", "性别"):
        ((field, _),) = rejected([office("police", MOVED_IN | {column: "#N/A"})])
        assert field == column


@pytest.mark.parametrize("lost", ["王?", "??路1号", "王\ufffd", "张锟斤拷"])
def test_characters_that_an_encoding_did_not_have_are_not_published(office: Any, lost: str) -> None:
    bad = office("police", MOVED_IN | {"姓名": lost})
    assert isinstance(bad, Bad)
    assert "lost" in bad.reason
    assert gateway(POLICE, address=lost)[0] == "address"


@pytest.mark.parametrize(
    "written",
    [
        *('"D-1"', "“D-1”", "「D-1」", "D─1", "D━1", "Dー1", "D⁃1", "D﹣1", "\tD-1\t", '\'="D-1"'),
        *("D-1\u3000", "\u2066D-1\u2069", "\ufeff'D-1"),
    ],
)
def test_one_dwelling_in_further_spellings(office: Any, written: str) -> None:
    line = office("police", MOVED_IN | {"房屋编码": written})
    assert isinstance(line, Bad) or stated(line).change["dwelling"] == "D-1"
    assert gateway(POLICE, dwelling=written.strip()).change["dwelling"] == "D-1"


@pytest.mark.parametrize("lookalike", ["D-А1", "Н-1", "D-Ο1", "ТD-1"])
def test_a_letter_that_only_looks_like_a_latin_one_makes_no_other_dwelling(office: Any, lookalike: str) -> None:
    ((field, reason),) = rejected([office("police", MOVED_IN | {"房屋编码": lookalike})])
    assert (field, "looks like" in reason) == ("房屋编码", True)


@pytest.mark.parametrize(
    ("written", "phone"),
    [
        ("020-88888888-801", "02088888888"),
        ("88888888转801", "88888888"),
        ("(020)88888888", "02088888888"),
        ("138-0000-0014", "13800000014"),
        ("0086 138 0000 0014", "13800000014"),
        ("１３８００００００１４", "13800000014"),
    ],
)
def test_a_telephone_number_can_be_dialled(office: Any, written: str, phone: str) -> None:
    assert stated(office("civil-affairs", BENEFIT | {"联系电话": written})).change["phone"] == phone


@pytest.mark.parametrize("two", ["13800000014/13900000015", "13800000014、13900000015", "13800000014 13900000015"])
def test_two_telephone_numbers_are_not_run_together(office: Any, two: str) -> None:
    ((field, _),) = rejected([office("civil-affairs", BENEFIT | {"联系电话": two})])
    assert field == "联系电话"


@pytest.mark.parametrize("written", ["番禺", "番禺区", "广州市番禺区", "广东省广州市番禺区", "440113", "440113000000"])
def test_a_district_by_its_name_or_either_code(office: Any, written: str) -> None:
    assert stated(office("housing", DWELLING | {"行政区": written})).change["district"] == "440113"


@pytest.mark.parametrize("noted", ["0", "000", "H-1(旧)", "H-1*", "户号:H-1", "8001-", "H-1、H-2", "H-1;H-2"])
def test_what_stands_around_a_code_makes_no_other_household(office: Any, noted: str) -> None:
    ((field, _),) = rejected([office("police", MOVED_IN | {"户号": noted})])
    assert field == "户号"
    assert gateway(POLICE, household=noted)[0] == "household"


@pytest.mark.parametrize("plate", ["粤AB06OO", "粤AI2345", "粤A·DO1234"])
def test_a_letter_typed_for_a_digit_makes_no_other_car(office: Any, plate: str) -> None:
    ((field, _),) = rejected([office("transport", CAR | {"号牌号码": plate})])
    assert field == "号牌号码"


@pytest.mark.parametrize("column", ["姓名", "住址"])
@pytest.mark.parametrize("text", ["0", "123", "·", "0.0"])
def test_a_nought_is_neither_a_name_nor_an_address(office: Any, column: str, text: str) -> None:
    ((field, _),) = rejected([office("police", MOVED_IN | {column: text})])
    assert field == column


# -- 2 · other documents


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("外国人永久居留身份证", number(21)),
        ("港澳台居民居住证", number(21)),
        ("临时居民身份证", number(21)),
        ("户口簿", number(21)),
        ("", number(21).lower()),
        ("居民身份证", f" {number(21)} "),
        ("111", number(21)),
    ],
)
def test_a_number_of_18_is_one_person_whatever_card_it_stands_on(office: Any, kind: str, written: str) -> None:
    plain_one = stated(office("housing", LEASE | {"出租人身份证号": number(21)})).change["landlord"]
    line = office("housing", LEASE | {"出租人身份证号": written, "出租人证件类型": kind})
    assert isinstance(line, Bad) or stated(line).change["landlord"] == plain_one


@pytest.mark.parametrize(
    "slip", [number(21)[:-1], number(21) + "0", number(21)[1:], "G1234567890123456", "99000019X0101001X"]
)
def test_a_slip_in_a_number_makes_no_passport(office: Any, slip: str) -> None:
    ((field, _),) = rejected([office("housing", LEASE | {"承租人身份证号": slip})])
    assert field == "承租人身份证号"


# -- 3 · tables of codes


@pytest.mark.parametrize(
    ("word", "relation"),
    [
        ("儿媳", "other"),
        ("女婿", "other"),
        ("外孙女", "grandchild"),
        ("岳母", "parent"),
        ("舅舅", "other"),
        ("保姆", "other"),
        ("二弟", "sibling"),
    ],
)
def test_words_of_the_register_for_relations(office: Any, word: str, relation: str) -> None:
    change = stated(office("police", MOVED_IN | {"与户主关系": word})).change
    assert change["relation"] in (relation, "other")
    assert change["relation"] == relation or change["relation_as_stated"] == word


@pytest.mark.parametrize("word", ["X", "9", "不明", "男性", "1.0", "M", "女"])
def test_a_sex_is_known_or_unknown_as_stated_and_never_the_other(office: Any, word: str) -> None:
    change = stated(office("police", MOVED_IN | {"性别": word})).change
    known = {"男性": "male", "1.0": "male", "M": "male", "女": "female"}
    assert change["sex"] in (known.get(word, "unknown"), "unknown")
    assert change["sex"] != "unknown" or change["sex_as_stated"] in (word, None)


# -- 5 · days and times


@pytest.mark.parametrize(
    "written",
    ["26-11-20", "11/20/2026", "20/11/2026", "46346", "1763596800000", "2026-11", "2026-13-01", "二〇二六年十一月"],
)
def test_a_day_that_can_be_read_in_two_ways_or_none_is_rejected(office: Any, written: str) -> None:
    ((field, _),) = rejected([office("housing", LEASE | {"起租日期": written})])
    assert field == "起租日期"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1980-01-01T16:00:00.000Z", "1980-01-02"),
        ("1987-06-30T15:00:00Z", "1987-07-01"),  # the city's summer time
        ("1980-01-02T00:00:00+08:00", "1980-01-02"),
        ("1980-01-01T15:59:59Z", "1980-01-01"),
        ("1980-01-02 00:00:00", "1980-01-02"),
    ],
)
def test_a_day_that_a_program_wrote_as_an_instant_is_the_citys(office: Any, written: str, meant: str) -> None:
    assert stated(office("police", MOVED_IN | {"出生日期": written})).change["born"] == day(meant)
    until = stated(office("housing", LEASE | {"止租日期": written.replace("19", "21", 1)})).change["until"]
    assert until is None or until > 0


@pytest.mark.parametrize(
    ("department", "cells", "column", "wrong"),
    [
        ("civil-affairs", BENEFIT, "月金额", "-500"),
        ("housing", LEASE, "出租间数", "-1"),
        ("housing", DWELLING, "建筑面积", "-0.5"),
        ("housing", DWELLING, "经度", "113,36"),
        ("housing", LEASE, "止租日期", "2026-02-30"),
        ("transport", CAR, "业务日期", "2026-11-01 25:00"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_rejected_beside_its_column(
    office: Any, department: str, cells: dict[str, str], column: str, wrong: str
) -> None:
    ((field, _),) = rejected(
        [office(department, cells | {column: wrong, **({"纬度": "22.9"} if column == "经度" else {})})]
    )
    assert field == column


# -- 6 · files


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
