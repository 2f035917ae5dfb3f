"""More of what offices and their programs hand over, file by file and value by value: each is published as it is meant,
rejected with its reason, or refused in both languages; never published as something else, and never a traceback."""
# ruff: noqa: E501 (lines of tables)

from __future__ import annotations

import csv
import io
import os
import re
import struct
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from producers.departments import civil_affairs, health, housing, police, tax, weather
from producers.publish.checked_lines import Bad
from producers.publish.chinese import in_chinese
from producers.publish.columns import Department, ExportUnknown
from producers.publish.export_lines import FileRefused
from tests.contracts.people import full_width, number
from tests.contracts.test_office_files import CASES, HEAD, LINE, TEXT, WHO, read, workbook
from tests.contracts.test_office_values import (
    BENEFIT,
    CAR,
    DWELLING,
    LEASE,
    MOVED_IN,
    office,
    published,
    rejected,
    stated,
)
from tests.contracts.test_office_values import read as read_known
from wire.door_reports import shown_record
from wire.values.days import day, instant

__all__ = ["office"]

PHONE = LINE[3]


def phones(path: Path) -> list[str]:
    """The telephone numbers that the file states; no line of it is rejected."""
    good, bad, _, _ = read(path)
    assert bad == []
    return [ready.statement.change["phone"] for line in good for _, ready in line.events]


def refusal(path: Path, department: Department = police.DEPARTMENT) -> str:
    with pytest.raises((FileRefused, ExportUnknown)) as refused:
        read(path, department)
    assert in_chinese(str(refused.value)), f"nobody says in Chinese: {refused.value}"
    return str(refused.value)


def text(path: Path, rows: Sequence[Sequence[str]], encoding: str = "utf-8") -> Path:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    path.write_bytes(out.getvalue().encode(encoding))
    return path


# -- what stands around a value


@pytest.mark.parametrize("quoted", ["'{}'", "‘{}’", "`{}`", '""{}""', " '{}' ", "{}&nbsp;", "'{}"])
def test_a_database_that_quotes_its_cells_otherwise_means_what_is_between(quoted: str, office: Any) -> None:
    line = {name: quoted.format(cell) if cell else cell for name, cell in MOVED_IN.items()}
    assert stated(office("police", line)) == stated(office("police", MOVED_IN))


@pytest.mark.parametrize("household", ["D-7'", "D-7。", "“D-7", "D-7.", ".5", "1月2日", "12-Jan", "Feb-03", "0.0", "-"])
def test_what_is_left_over_makes_no_other_household(household: str, office: Any) -> None:
    ((field, _),) = rejected([office("police", MOVED_IN | {"户号": household})])
    assert field == "户号"


@pytest.mark.parametrize("code", ["3E02", "12E5", "D-1.2", "1-2", "A栋-201", "2026-11-3"])
def test_a_code_that_looks_a_little_like_a_number_is_one(code: str, office: Any) -> None:
    assert stated(office("police", MOVED_IN | {"户号": code})).change["household"] == code


@pytest.mark.parametrize("record", ["0", "000", "0.0"])
def test_a_column_of_noughts_does_not_make_all_lines_one_record(record: str, office: Any) -> None:
    ((field, _),) = rejected([office("police", MOVED_IN | {"登记编号": record})])
    assert field == "登记编号"


@pytest.mark.parametrize(
    "formula", ["=B2", "=VLOOKUP(A2,Sheet2!A:B,2,0)", "=$C$4&D4", "=Sheet2!A1", "=-A1", "None", "同上"]
)
@pytest.mark.parametrize("column", ["姓名", "住址"])
def test_a_formula_is_no_name(column: str, formula: str, office: Any) -> None:
    ((field, _),) = rejected([office("police", MOVED_IN | {column: formula})])
    assert field == column


@pytest.mark.parametrize(
    ("written", "plate"),
    [
        ("粤A·D12345", "粤AD12345"), ("粤A 1234 学", "粤A1234学"), ("粤A-1234警", "粤A1234警"), ("粵Z·1234港", "粤Z1234港"),
        ("粤Z1234澳", "粤Z1234澳"), (full_width("粤A12345"), "粤A12345"), ("'粤A12345'", "粤A12345"), ("粤a12345d", "粤A12345D"),
        ("粤Ａ•１２３４５", "粤A12345"), ("WJ粤1234X", "WJ粤1234X"), ("使014578", "使014578"), ("广州A12345", "广州A12345"),
        ("粤A1234挂", "粤A1234挂"), ("粤O12345", "粤O12345"),
    ],
)  # fmt: skip
def test_plates_of_every_kind(written: str, plate: str, office: Any) -> None:
    assert stated(office("transport", CAR | {"号牌号码": written})).record == plate


@pytest.mark.parametrize(
    "plate", ["无牌", "未上牌", "新车", "粤A12345蓝", "粤A12345(黄牌)", "粤A12345绿牌", "粤A12345、粤A54321", "临牌"]
)
def test_what_is_no_plate_makes_no_car(plate: str, office: Any) -> None:
    ((field, _),) = rejected([office("transport", CAR | {"号牌号码": plate})])
    assert field == "号牌号码"


@pytest.mark.parametrize(
    ("written", "phone"),
    [("+86 20 8888 8888", "02088888888"), ("86-020-88888888", "02088888888"), ("+86-10-88888888", "01088888888"),
     ("'13800000014", PHONE), ("+8613800000014", PHONE), ("(+86)138-0000-0014", PHONE)],
)  # fmt: skip
def test_telephone_numbers_with_the_countrys_code(written: str, phone: str, office: Any) -> None:
    assert stated(office("civil-affairs", BENEFIT | {"联系电话": written})).change["phone"] == phone


@pytest.mark.parametrize("none", ["000-0000", "11111111111", "0", "138****0014", "1.38E+10", "13800000014.0"])
def test_a_telephone_number_that_is_none(none: str, office: Any) -> None:
    ((field, _),) = rejected([office("civil-affairs", BENEFIT | {"联系电话": none})])
    assert field == "联系电话"


@pytest.mark.parametrize("written", ["粤A·B0600", "'粤ab0600", full_width("粤AB0600")])
def test_a_rejected_lines_record_is_known_again_when_it_is_mended(written: str, office: Any) -> None:
    """Else the line stays to be mended for ever, and a full export withdraws what it only could not read."""
    bad = office("transport", CAR | {"号牌号码": written, "业务日期": "2026-02-30"})
    assert isinstance(bad, Bad)
    assert bad.record == stated(office("transport", CAR | {"号牌号码": written})).record == "粤AB0600"
    assert shown_record(bad.record) == "粤AB0600"
    assert shown_record("粤(2026)广州市不动产权第0012345号")
    assert shown_record("样本路1号") is shown_record("张三1") is None


# -- documents


@pytest.mark.parametrize("card", ["1234567(8)", "1234567（8）", "1/234567/8", "A123456(7)", "AB123456(A)", "123456789"])
def test_a_card_of_hong_kong_or_macau_is_no_permit(card: str, office: Any) -> None:
    ((field, _),) = rejected([office("housing", LEASE | {"出租人身份证号": card})])
    assert field == "出租人身份证号"


@pytest.mark.parametrize(
    ("kind", "written", "same"),
    [
        ("港澳居民来往内地通行证", "H12345678 01", "H12345678"), ("", "H12345678(02)", "H12345678"),
        ("516.0", "h1234567803", "H12345678"), ("回乡证", full_width("H12345678"), "H12345678"),
        ("台湾居民来往大陆通行证（台胞证）", "1234567801", "12345678"), ("511", "12345678(B)"[:8], "12345678"),
        ("外国（地区）护照", "e 1234 5678", "passport:E12345678"), ("414.0", "'E12345678", "护照:E12345678"),
        ("身份证号码", number(3), number(3)), ("1", number(3), None), ("护照", number(3), None), ("身份证", "E12345678", None),
        ("回乡证", "E12345678", None), ("台胞证", number(3), None), ("护照", "123456789012345", None),
    ],
)  # fmt: skip
def test_kinds_of_documents_as_offices_write_them(kind: str, written: str, same: str | None, office: Any) -> None:
    line = office("housing", LEASE | {"出租人身份证号": written, "出租人证件类型": kind})
    if same is None:
        assert isinstance(line, Bad)
    else:
        assert (
            stated(line).change["landlord"]
            == stated(office("housing", LEASE | {"出租人身份证号": same})).change["landlord"]
        )


# -- days, times, amounts


@pytest.mark.parametrize(
    "never", ["1900-01-01", "1900/1/1 0:00:00", "1899-12-30", "19000101", "1753-01-01", "0001-01-01"]
)
@pytest.mark.parametrize("column", ["出生日期", "发生日期", "登记时间"])
def test_a_databases_day_for_none_is_nobodys_birth(column: str, never: str, office: Any) -> None:
    ((field, _),) = rejected([office("police", MOVED_IN | {column: never})])
    assert field == column


@pytest.mark.parametrize(
    "written",
    ["2026-11-02 10:00:00+08", "2026-11-02 02:00:00+00", "2026-11-02T10:00:00.000+0800", "2026/11/2 10:00", "20261102100000",
     "2026年11月02日 10时", "2026-11-02 上午10:00:00", "2026-11-02 10:00:00.000000", "2026.11.02 10:00", "２０２６－１１－０２ 10:00"],
)  # fmt: skip
def test_one_time_as_programs_write_it(written: str, office: Any) -> None:
    assert stated(office("police", MOVED_IN | {"登记时间": written})).recorded_at == instant("2026-11-02 10:00:00")


@pytest.mark.parametrize(
    "written",
    ["民国115年11月20日", "115/11/20", "1151120", "0115-11-20", "20-11月-26", "20-NOV-26", "46346.0", "46346.4167", "2026-11-31",
     "2026/11", "11月20日", "2026-11-20至2026-12-20", "昨天", "1763596800", "2026-11-20 25:00", "2026-11-20 10:60"],
)  # fmt: skip
def test_a_day_that_nobody_can_be_sure_of_is_rejected(written: str, office: Any) -> None:
    ((field, _),) = rejected([office("police", MOVED_IN | {"发生日期": written})])
    assert field == "发生日期"


@pytest.mark.parametrize(
    "end",
    ["长 期", "长期有效", "至今", "永久", "永远", "无截止日期", "infinity", "∞", "9999/12/31 23:59:59", "99991231235959", "2999-12-31",
     "9999年12月31日", "3000-01-01", "99999999", "1899-12-30", "1900/1/0", "1970-01-01 08:00:00", "0000-00-00", "—", "NULL", "\\N"],
)  # fmt: skip
def test_no_end_however_it_is_spelt(end: str, office: Any) -> None:
    for department, cells, column in (
        ("housing", LEASE, "止租日期"),
        ("civil-affairs", BENEFIT, "截止日期"),
    ):
        assert stated(office(department, cells | {column: end})).change["until"] is None


def test_a_warning_of_one_day_holds_until_the_day_is_over(office: Any) -> None:
    warning = {"预警编号": "YJ-1", "信号状态": "发布", "行政区": "番禺区", "灾种": "暴雨", "预警级别": "红色"} | {
        "生效时间": "2026-11-20 08:00", "录入时间": "2026-11-20 08:00",
    }  # fmt: skip
    for written, ends in (("2026-11-20", "2026-11-20 24:00"), ("2026-11-20 18:00", "2026-11-20 18:00"), ("长期", None)):
        until = stated(office("weather", warning | {"有效期止": written})).change["until"]
        assert until == (None if ends is None else instant(ends))


@pytest.mark.parametrize("period", ["46023", "20261", "2026.1", "2026-13", "2026-01-01", "2026年上半年", "26-01"])
def test_a_period_that_a_spreadsheet_changed_is_no_other_month(period: str, office: Any) -> None:
    return_ = {"文书号": "WS-1", "业务类型": "申报", "纳税人身份证号": WHO, "税款所属期": period, "申报税额": "1"} | {
        "业务日期": "2026-11-01", "录入时间": "2026-11-02",
    }  # fmt: skip
    ((field, _),) = rejected([office("tax", return_)])
    assert field == "税款所属期"


@pytest.mark.parametrize(
    ("written", "period"),
    [("202601", "2026-01"), ("2026年1月", "2026-01"), ("2026/1", "2026-01"), ("2026.10", "2026-10"), ("2026年第3季度", "2026-Q3"),
     ("2026Q2", "2026-Q2"), ("2026年度", "2026"), ("2026-1", "2026-01")],
)  # fmt: skip
def test_a_period_as_it_is_written(written: str, period: str, office: Any) -> None:
    return_ = {"文书号": "WS-1", "业务类型": "申报", "纳税人身份证号": WHO, "税款所属期": written, "申报税额": "￥1,234.50元"} | {
        "业务日期": "2026-11-01", "录入时间": "2026-11-02",
    }  # fmt: skip
    change = stated(office("tax", return_)).change
    assert (change["period"], change["amount_fen"]) == (period, 123_450)


# -- heads


def test_a_columns_unit_is_no_other_column(tmp_path: Path) -> None:
    head = [f"{name}(平方米)" if name == "建筑面积" else name for name in DWELLING]
    head += ["经度（WGS84）", "纬度(°)"]
    line = [*DWELLING.values(), "113.36", "22.94"]
    good, bad, unused, _ = read(text(tmp_path / "a.csv", [head, line]), housing.DEPARTMENT)
    assert (len(good), bad, unused) == (1, [], [])
    assert good[0].events[0][1].statement.change["lon"] == 113.36
    for other in ("建筑面积(亩)", "经度(GCJ-02)"):
        names = [other if other.startswith(name[:2]) else name for name in head]
        said = refusal(text(tmp_path / "b.csv", [names, line]), housing.DEPARTMENT)
        assert "may or may not be" in said or "it lacks 建筑面积" in said
    benefit = [f"{name}（元）" if name == "月金额" else name for name in [*BENEFIT, "月金额"]]
    good, bad, unused, _ = read(
        text(tmp_path / "c.csv", [benefit, [*BENEFIT.values(), "500"]]), civil_affairs.DEPARTMENT
    )
    assert (good[0].events[0][1].statement.change["monthly_fen"], unused) == (50_000, [])
    benefit[-1] = "月金额(万元)"
    assert "may or may not be" in refusal(
        text(tmp_path / "d.csv", [benefit, [*BENEFIT.values(), "500"]]), civil_affairs.DEPARTMENT
    )


LEASE_ABOVE = ["备案编号", "房屋编码", "业务类型", "出租人", "", "承租人", "", "起租日期", "发生日期", "录入时间"]
LEASE_BELOW = ["", "", "", "姓名", "证件号码", "姓名", "证件号码", "", "", ""]
LEASE_CELLS = [
    "ZL-1",
    "D-1",
    "租赁备案",
    "甲",
    number(8),
    "乙",
    LEASE["承租人身份证号"],
    "2026-11-01",
    "2026-11-01",
    "2026-11-02 09:00",
]


def test_a_head_of_two_rows_is_read_from_the_top_down(tmp_path: Path) -> None:
    for path in (
        text(tmp_path / "a.csv", [LEASE_ABOVE, LEASE_BELOW, LEASE_CELLS]),
        workbook(
            tmp_path / "a.xlsx",
            {"a": [[name or None for name in LEASE_ABOVE], [name or None for name in LEASE_BELOW], LEASE_CELLS]},
            merged=["A1:A2", "B1:B2", "C1:C2", "D1:E1", "F1:G1", "H1:H2", "I1:I2", "J1:J2"],
        ),
    ):
        good, bad, unused, _ = read(path, housing.DEPARTMENT)
        assert (len(good), bad) == (1, [])
        assert unused == ["姓名"], "twice, neither is used"
        plain = text(tmp_path / "b.csv", [list(LEASE), list(LEASE.values())])
        assert published(read_known("housing", path)) == published(read_known("housing", plain))


def test_a_column_below_somebody_elses_heading_is_not_taken_for_the_lines(tmp_path: Path) -> None:
    above = ["", "", "本人", "代办人", "", ""]
    assert "somebody" in refusal(text(tmp_path / "a.csv", [above, HEAD, LINE]))
    above = ["", "", "本人", "本人信息", "", ""]
    assert phones(text(tmp_path / "b.csv", [above, HEAD, LINE])) == [PHONE]
    above = ["", "户主", "", "", "", ""]
    assert "somebody" in refusal(text(tmp_path / "c.csv", [above, HEAD, LINE]))


def test_a_second_table_below_the_first_is_not_read_by_the_first_ones_head(tmp_path: Path) -> None:
    other = [*HEAD[:4], HEAD[5], HEAD[4]]
    rows = [HEAD, LINE, ["二、其他", "", "", "", "", ""], other, ["HK-2", *LINE[1:4], LINE[5], LINE[4]]]
    assert "names columns again" in refusal(text(tmp_path / "a.csv", rows))
    assert "names columns again" in refusal(workbook(tmp_path / "a.xlsx", {"a": rows}))
    joined = f"\ufeff{TEXT}\ufeff{TEXT}".replace(TEXT, TEXT, 1)
    (tmp_path / "b.csv").write_text(joined, encoding="utf-8")
    assert phones(tmp_path / "b.csv") == [PHONE] * 2
    numbered = [["序号", *HEAD], ["1", *LINE], ["序号", *HEAD], ["2", *LINE]]
    assert phones(text(tmp_path / "c.csv", numbered)) == [PHONE] * 2


def test_a_head_that_is_longer_than_its_rows_by_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TEXT.replace("登记时间\n", "登记时间,,\n"), encoding="utf-8")
    assert phones(tmp_path / "a.csv") == [PHONE]


# -- text files


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("DOS", TEXT.replace("\n", "\r\n").encode("gb18030") + b"\x1a"),
        ("twice converted", TEXT.replace("\n", "\r\r\n").encode()),
        ("Mac with a last line end", TEXT.replace("\n", "\r").encode() + b"\n"),
        ("GB18030 with its mark", b"\x84\x31\x95\x33" + TEXT.encode("gb18030")),
        ("two marks and sep", "\ufeff\ufeffsep=;\n".encode() + TEXT.replace(",", ";").encode()),
        ("sep in quotation marks", b'"sep=\t"\r\n' + TEXT.replace(",", "\t").encode("gb18030")),
        ("bars twice", TEXT.replace(",", "||").encode()),
        ("no last line end", TEXT.rstrip("\n").encode()),
        ("blank lines above", b"\n\n  \n" + TEXT.encode()),
        ("quoted throughout", "\n".join(",".join(f'"{c}"' for c in row.split(",")) for row in TEXT.split("\n") if row).encode()),
        ("tab before numbers", TEXT.replace(WHO, f"\t{WHO}").encode()),
        ("single quotes", "\n".join(",".join(f"'{c}'" for c in row.split(",")) for row in TEXT.split("\n") if row).encode()),
    ],
)  # fmt: skip
def test_text_as_programs_write_it(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    assert phones(tmp_path / "a.csv") == [PHONE], name


# -- JSON

OBJECT = '{"登记编号":"HK-1","业务类型":"联系方式变更","公民身份号码":"%s","联系电话":"13800000014","发生日期":"2026-11-20","登记时间":"2026-11-20 10:00:00"%s}'


@pytest.mark.parametrize(
    "form",
    [
        "[{0}]", "{0}\n", "\ufeff[{0}]", '{{"RECORDS":[{0}]}}', '{{"code":0,"msg":"ok","data":[{0}]}}',
        '{{"code":200,"success":true,"data":{{"total":1,"list":[{0}]}}}}', '{{"code":0,"data":{{"list":[{0}],"total":1}},"msg":"ok"}}',
        "[\n  {0}\n]\n", '{{"data":[{0}],"total":1}}',
    ],
)  # fmt: skip
def test_json_as_services_answer_it(form: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(form.format(OBJECT % (WHO, ',"备注":NaN')), encoding="utf-8")
    assert phones(tmp_path / "a.json") == [PHONE]


def test_numbers_of_json_are_what_they_say(tmp_path: Path) -> None:
    who = next(number(index) for index in range(3, 99) if number(index).isdecimal())
    typed = OBJECT.replace('"%s"', who).replace('"13800000014"', "13800000014") % ""
    (tmp_path / "a.json").write_text(f"[{typed}]", encoding="utf-8")
    assert phones(tmp_path / "a.json") == [PHONE]
    rounded = typed.replace(who, f"{float(who):.14e}")
    (tmp_path / "a.json").write_text(f"[{rounded}]", encoding="utf-8")
    good, bad, _, _ = read(tmp_path / "a.json")
    assert (good, [line.field for line in bad]) == ([], ["公民身份号码"])


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


# -- what is no file of a table


def test_what_is_no_file_is_said_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "nowhere.csv").symlink_to(tmp_path / "gone.csv")
    for name in ("pipe.csv", "folder.csv", "nowhere.csv"):
        assert "is no file" in refusal(tmp_path / name)
    text(tmp_path / "a.csv", [HEAD, LINE])
    (tmp_path / "link.csv").symlink_to(tmp_path / "a.csv")
    assert phones(tmp_path / "link.csv") == [PHONE]


@pytest.mark.parametrize("long", ["a line", "a cell in quotation marks", "one object", "one list"])
def test_a_line_without_end_costs_itself(long: str, tmp_path: Path) -> None:
    endless, path = "长" * 3_000_000, tmp_path / "a.csv"
    noted = OBJECT % (WHO, f',"备注":"{endless}"')
    contents = {
        "a line": f"{TEXT}HK-2,{endless}\n" + TEXT.split("\n")[1] + "\n",
        "a cell in quotation marks": f'{TEXT}HK-2,"{endless}",\n' + TEXT.split("\n")[1] + "\n",
        "one object": f"{OBJECT % (WHO, '')}\n{noted}\n{OBJECT % (WHO, '')}\n",
        "one list": f"[{OBJECT % (WHO, '')},{noted}]",
    }
    path.write_text(contents[long], encoding="utf-8")
    good, bad, _, _ = read(path)
    assert len(good) == (1 if long == "one list" else 2)
    assert len(bad) == 1
    assert len(bad[0].original) < 10_000


def test_these_departments_are_there() -> None:
    assert {health.DEPARTMENT.name, tax.DEPARTMENT.name, weather.DEPARTMENT.name} == {"health", "tax", "weather"}
    assert day("2026-11-01")
