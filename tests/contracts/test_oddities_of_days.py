"""Days, times and amounts as offices and their programs write them: published as meant, or rejected with a reason."""
# ruff: noqa: E501 (lines of tables)

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.test_office_files import WHO
from tests.contracts.test_office_values import (
    BENEFIT,
    LEASE,
    MOVED_IN,
    office,
    rejected,
    stated,
)
from wire.values.days import instant

__all__ = ["office"]

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


@pytest.mark.parametrize(
    "written",
    ["Mon Nov 02 10:00:00 CST 2026", "Mon Nov  2 10:00:00 2026", "Nov 2, 2026 10:00:00 AM", "02-NOV-2026 10.00.00.000000 AM",
     "02-11月-2026 10.00.00.000000000 上午", "2-11月 -2026 10:00:00", "2026-11-02-10.00.00.000000", "2026-11-02 10:00:00 +0800 CST",
     "2026-11-02T10:00:00+08:00[Asia/Shanghai]", "2026-11-02 星期一 10:00", "2026年11月2日星期一上午10时", "20261102T020000Z",
     "20261102100000000", "2026-11-02 10:00:00 上午", "2026-Nov-02 10:00", "2 Nov 2026 10:00:00"],
)  # fmt: skip
def test_one_time_as_oracle_db2_java_and_long_forms_write_it(written: str, office: Any) -> None:
    assert stated(office("police", MOVED_IN | {"登记时间": written})).recorded_at == instant("2026-11-02 10:00:00")


@pytest.mark.parametrize(
    ("written", "reason"),
    [("02-NOV-26", "two digits"), ("02-11月-26 10.00.00", "two digits"), ("1793494800", "count of"), ("1793494800000", "count of"),
     ("/Date(1793494800000+0800)/", "count of"), ("2026-11-02 晚上12点", "does not exist"), ("2026-11-02 晚上1点", "does not exist"),
     ("2026-11-02 中午3点", "does not exist"), ("11/02/2026", "is not a date"), ("Mon Nov 02 10:00:00 EST 2026", "is not a date")],
)  # fmt: skip
def test_a_time_that_can_be_another_is_rejected_with_its_reason(written: str, reason: str, office: Any) -> None:
    ((field, told),) = rejected([office("police", MOVED_IN | {"登记时间": written})])
    assert field == "登记时间"
    assert reason in told


@pytest.mark.parametrize(
    "end",
    [
        "0",
        "(长期)",
        "【长期】"[1:-1],
        "终身有效",
        "长久有效",
        "无固定期",
        "不固定期限",
        "未约定",
        "31-DEC-9999",
        "31-12月-9999",
        "//",
    ],
)
def test_no_end_in_further_words(end: str, office: Any) -> None:
    assert stated(office("housing", LEASE | {"止租日期": end})).change["until"] is None


@pytest.mark.parametrize(
    "end", ["至2026-12-31", "2026年12月31日止", "2026-12-31止", "31-DEC-2026", "2026/12/31 星期四"]
)
def test_a_last_day_with_a_word_beside_it(end: str, office: Any) -> None:
    plain = stated(office("housing", LEASE | {"止租日期": "2026-12-31"}))
    assert stated(office("housing", LEASE | {"止租日期": end})).change["until"] == plain.change["until"]


ENDED = {
    "业务类型": "离职备案",
    "就业登记编号": "JY-1",
    "劳动者身份证号": WHO,
    "终止日期": "2026-11-01",
    "业务日期": "2026-11-01",
    "录入时间": "2026-11-02",
}
GRADED = {
    "业务类型": "鉴定",
    "鉴定编号": "JD-1",
    "房屋编码": "D-1",
    "鉴定等级": "C级",
    "鉴定日期": "2026-11-01",
    "业务日期": "2026-11-01",
    "录入时间": "2026-11-02",
}


@pytest.mark.parametrize(
    ("department", "cells", "column", "wrong"),
    [("social-security", ENDED, "终止日期", "1920-01-01"), ("housing", GRADED, "鉴定日期", "2062-11-01")],
)
def test_an_end_before_birth_and_an_appraisal_to_come_are_slips(
    department: str, cells: dict[str, str], column: str, wrong: str, office: Any
) -> None:
    assert stated(office(department, cells))
    ((field, _),) = rejected([office(department, cells | {column: wrong})])
    assert field == column
