"""Lines of the offices' own exports about grids, districts and legal persons, and what each states."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from domain.time import midnight
from producers import departments
from producers.publish.columns import Department, Rejected
from producers.publish.statement import Statement
from runtime.discover import discover
from wire.contracts import contracts

DEPARTMENTS = discover(departments.__name__, "DEPARTMENT", Department)
COMPANY, GRID = "91350100M000100Y43", "440113001002003"
OURS = ("urban-management", "weather", "market-regulation", "tax", "social-security")


def day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def read(department: str, line: dict[str, str]) -> tuple[str, Statement]:
    """The topic and the one statement of a line, given by its columns."""
    export = DEPARTMENTS[department].export_of(list(line))
    (statement,) = export.reader(list(line))(list(line.values()))
    return export.topic, statement


@pytest.mark.parametrize(
    ("department", "line", "topic", "kind", "subject", "change"),
    [
        (
            "weather",
            {"预警编号": "YJ-1", "行政区": "番禺区", "生效时间": "2026-03-01 22:15", "录入时间": "2026-03-01 22:16",
             "信号状态": "发布", "灾种": "暴雨", "预警级别": "橙色", "雨量（毫米）": "６３.５",
             "有效期止": "2026-03-02 00:00"},
            "weather.warning", "WarningIssued", "440113",
            {"hazard": "rain", "level": "orange", "rainfall_mm": 63.5, "until": midnight(day("2026-03-02"))},
        ),
        (
            "weather",
            {"预警编号": "YJ-1", "行政区": "440113", "生效时间": "2026-03-02 06:40", "录入时间": "2026-03-02 06:41",
             "信号状态": "解除", "灾种": "暴雨", "预警级别": "橙色"},
            "weather.warning", "WarningLifted", "440113", {},
        ),
        (
            "urban-management",
            {"部件编码": "BJ-1", "网格编码": GRID, "普查日期": "2025-01-10", "登记时间": "2025-01-11",
             "部件大类": "公用设施类",
             "部件名称": "井盖", "位置描述": "门前", "经度": "113.36", "纬度": "22.94"},
            "urban-management.facility", "FacilityInstalled", GRID,
            {"facility": "BJ-1", "facility_kind": "public_utility", "what": "井盖", "address": "门前", "lon": 113.36,
             "lat": 22.94},
        ),
        (
            "urban-management",
            {"案卷编号": "AJ-1", "网格编码": GRID, "上报时间": "2026-03-01 08:00", "录入时间": "2026-03-01 08:05",
             "处置状态": "上报", "部件编码": "BJ-1", "问题描述": "破损", "是否紧急": "是", "处置日期": ""},
            "urban-management.facility", "HazardReported", GRID,
            {"facility": "BJ-1", "hazard": "破损", "urgent": True},
        ),
        (
            "market-regulation",
            {"登记编号": "SD-1", "统一社会信用代码": COMPANY.lower(), "核准日期": "2020-05-06",
             "登记时间": "2020-05-06",
             "业务类型": "设立登记", "名称": "示例公司", "主体类型": "有限责任公司",
             "法定代表人身份证号": "x", "住所": "示例街1号",
             "房屋编码": "D-1", "注册资本(元)": "1,000,000"},
            "market-regulation.registration", "CompanyRegistered", COMPANY,
            {"name": "示例公司", "company_kind": "enterprise", "legal_representative": "x", "dwelling": "D-1",
             "address": "示例街1号", "capital_fen": 100_000_000, "on": day("2020-05-06")},
        ),
        (
            "market-regulation",
            {"年报编号": "NB-1", "统一社会信用代码": COMPANY, "报送日期": "2025-06-20",
             "登记时间": "2025-06-20", "年度": "2024",
             "年报状态": "已公示"},
            "market-regulation.annual-inspection", "Inspected", COMPANY, {"year": 2024, "outcome": "passed"},
        ),
        (
            "tax",
            {"文书号": "SB-1", "纳税人识别号": COMPANY, "业务日期": "2026-03-10", "录入时间": "2026-03-10",
             "业务类型": "申报",
             "税款所属期": "2026年2月", "申报税额": "1234.50"},
            "tax.company-tax", "CompanyTaxReturn", COMPANY, {"period": "2026-02", "amount_fen": 123_450},
        ),
        (
            "social-security",
            {"单位社保编号": "SI-1", "统一社会信用代码": COMPANY, "业务日期": "2020-06-01", "录入时间": "2020-06-01",
             "业务类型": "单位参保登记", "参保人数": "12"},
            "social-security.employer-insurance", "EmployerInsured", COMPANY,
            {"insured_persons": 12, "effective_from": day("2020-06-01")},
        ),
    ],
)  # fmt: skip
def test_a_line_states_what_the_office_means(
    department: str, line: dict[str, str], topic: str, kind: str, subject: str, change: dict[str, Any]
) -> None:
    read_topic, statement = read(department, line)
    stated = {name: value for name, value in statement.change.items() if value or not name.endswith("_as_stated")}
    assert (read_topic, statement.kind, statement.subject, stated) == (topic, kind, subject, change)


def test_every_kind_of_these_departments_can_be_exported() -> None:
    exported: dict[str, set[str]] = {}
    for export in (listed for name in OURS for listed in DEPARTMENTS[name].exports):
        exported.setdefault(export.topic, set()).update(export.kinds_said())
    assert exported == {topic: set(contracts()[topic].kinds) for topic in exported}


def test_a_wrong_code_is_refused_with_its_column() -> None:
    line = {
        "文书号": "SB-1",
        "统一社会信用代码": COMPANY[:-1] + "4",
        "业务日期": "2026-03-10",
        "录入时间": "2026-03-10",
    }
    with pytest.raises(Rejected, match="check character") as refused:
        read("tax", line | {"业务类型": "申报", "税款所属期": "2026", "申报税额": "1"})
    assert refused.value.field == "统一社会信用代码"
