"""What migrant-population office, health, schools, social security, provident fund and the federation export: one line
of each kind, by one or another name of its columns, is the statement that it means."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from producers.departments import disabled_federation, education, health, migration, provident_fund, social_security
from producers.publish.cells import day
from producers.publish.checked_lines import Good
from producers.publish.columns import Department
from producers.publish.export_file import Rehearsal, lines
from producers.publish.export_lines import ExportFile
from runtime.settings import Settings
from tests.contracts.people import number
from wire.pseudonym import PSEUDONYM

WHO, MOTHER = number(7), number(8)
CODE = "91440113MAEX00001N"
SETTINGS = Settings(_env_file=None)
Cells = dict[str, str]
MIGRANT = {"登记编号": "LS1", "证件号码": WHO, "发生日期": "2026-03-01", "录入时间": "2026-03-02 08:00"}
PERMIT = {"受理编号": "JZ1", "公民身份号码": WHO, "办理日期": "2026年3月1日", "登记时间": "20260301"}
ILL = {"个案编号": "YH1", "患者身份证号": WHO, "报告日期": "2026/3/1", "报告时间": "2026-03-01"}
FAMILY = {"登记编号": "SY1", "女方身份证号": WHO, "业务日期": "2026-03-01", "登记时间": "2026-03-01"}
WORK = {"就业登记编号": "JY1", "劳动者身份证号": WHO, "业务日期": "2026-03-01", "录入时间": "2026-03-01"}
INSURED = {"参保登记编号": "CB1", "参保人身份证号": WHO, "业务日期": "2026-03-01", "录入时间": "2026-03-01"}
FUND = {"业务流水号": "GJ1", "职工身份证号": WHO, "记账日期": "2026-03-01", "录入时间": "2026-03-01"}
SCHOOL = {"学校登记编号": "XJ1", "学生身份证号": WHO, "变动日期": "2026-03-01", "录入时间": "2026-03-01"}
CARD = {"受理编号": "CJ1", "持证人身份证号": WHO, "办理日期": "2026-03-01", "录入时间": "2026-03-01"}
FIRST = day("2026-03-01")

SAID: list[tuple[Department, Cells, str, str, dict[str, Any]]] = [
    (
        migration.DEPARTMENT,
        MIGRANT
        | {"业务类型": "居住登记", "姓名": "测试甲", "性别": "1", "出生日期": "1990-1-1", "户籍地址": "示例省"}
        | {"居住地房屋编码": "D1", "居住事由": "投亲", "手机号码": "139 0000 0000"},
        "migration.residence",
        "Arrived",
        {"name": "测试甲", "sex": "male", "born": day("19900101"), "origin": "示例省", "dwelling": "D1"}
        | {"purpose": "family", "phone": "13900000000"},
    ),
    (
        migration.DEPARTMENT,
        PERMIT | {"办理业务": "居住证签注", "签发日期": "2026-03-01", "有效期至": "2027-03-01"},
        "migration.residence",
        "PermitIssued",
        {"effective_from": FIRST, "until": day("20270302")},
    ),
    (
        migration.DEPARTMENT,
        PERMIT | {"办理业务": "居住证缴销", "注销日期": "2026-03-01"},
        "migration.residence",
        "PermitCancelled",
        {"on": FIRST},
    ),
    (
        migration.DEPARTMENT,
        MIGRANT | {"业务类型": "居住地变更", "房屋编码": "D2", "现居住地址": "样本路2号"},
        "migration.residence",
        "Moved",
        {"dwelling": "D2", "address": "样本路2号"},
    ),
    (
        migration.DEPARTMENT,
        MIGRANT | {"业务类型": "离穗登记", "离穗日期": "2026-03-01", "离穗去向": "-"},
        "migration.residence",
        "Left",
        {"on": FIRST, "destination": None},
    ),
    (
        health.DEPARTMENT,
        ILL | {"业务类型": "建档", "诊断类别": "双相情感障碍", "危险性评估": "3", "确诊日期": "2026-03-01"},
        "health.condition",
        "Reported",
        {"condition": "severe_mental", "level": 3, "effective_from": FIRST},
    ),
    (
        health.DEPARTMENT,
        ILL | {"业务类型": "治愈", "结案日期": "2026-03-01", "结案原因": "治愈"},
        "health.condition",
        "ConditionEnded",
        {"effective_from": FIRST, "reason": "治愈"},
    ),
    (
        health.DEPARTMENT,
        {"分娩登记编号": "FM1", "出生证编号": "Z990000007", "出生时间": "2026-03-01 03:20", "签发日期": "2026-03-02"}
        | {"新生儿性别": "女", "母亲有效身份证件号码": MOTHER, "接生机构名称": "示例医院"},
        "health.birth-record",
        "Born",
        {"sex": "female", "born": FIRST, "mother": MOTHER, "father": None, "hospital": "示例医院"},
    ),
    (
        health.DEPARTMENT,
        FAMILY | {"业务类型": "生育登记", "孩次": "2", "登记日期": "2026-03-01"},
        "health.family-planning",
        "ServiceRegistered",
        {"children": 2, "on": FIRST},
    ),
    (
        health.DEPARTMENT,
        FAMILY | {"业务类型": "服务终止", "终止日期": "2026-03-01"},
        "health.family-planning",
        "ServiceEnded",
        {"on": FIRST},
    ),
    (
        social_security.DEPARTMENT,
        WORK | {"业务类型": "招用", "用人单位统一社会信用代码": CODE, "岗位": "会计", "录用日期": "2026-03-01"},
        "social-security.employment",
        "Employed",
        {"employer": CODE, "occupation": "会计", "effective_from": FIRST},
    ),
    (
        social_security.DEPARTMENT,
        WORK | {"业务类型": "解除劳动关系", "离职日期": "2026-03-01", "离职原因": ""},
        "social-security.employment",
        "EmploymentEnded",
        {"effective_from": FIRST, "reason": None},
    ),
    (
        social_security.DEPARTMENT,
        INSURED | {"业务类型": "增员", "险种类型": "职工医保", "参保日期": "2026-03-01", "单位统一社会信用代码": CODE},
        "social-security.insurance",
        "Insured",
        {"scheme": "medical", "employer": CODE, "effective_from": FIRST},
    ),
    (
        social_security.DEPARTMENT,
        INSURED | {"业务类型": "减员", "险种": "养老保险", "停保日期": "2026-03-01"},
        "social-security.insurance",
        "InsuranceEnded",
        {"scheme": "pension", "effective_from": FIRST},
    ),
    (
        provident_fund.DEPARTMENT,
        FUND | {"业务类型": "个人开户", "统一社会信用代码": CODE, "开户日期": "2026-03-01"},
        "provident-fund.account",
        "AccountOpened",
        {"employer": CODE, "effective_from": FIRST},
    ),
    (
        provident_fund.DEPARTMENT,
        FUND | {"业务类型": "单位汇缴", "缴存年月": "202602", "缴存金额": "1,200.00"},
        "provident-fund.account",
        "Deposited",
        {"period": "2026-02", "amount_fen": 120_000},
    ),
    (
        provident_fund.DEPARTMENT,
        FUND | {"业务类型": "销户提取", "销户日期": "2026-03-01"},
        "provident-fund.account",
        "AccountClosed",
        {"on": FIRST},
    ),
    (
        education.DEPARTMENT,
        SCHOOL | {"变动类型": "注册学籍", "学校名称": "示例一小", "学段": "小学", "入学时间": "2026-03-01"},
        "education.enrolment",
        "Enrolled",
        {"school": "示例一小", "stage": "primary", "effective_from": FIRST},
    ),
    (
        education.DEPARTMENT,
        SCHOOL | {"变动类型": "转出", "离校日期": "2026-03-01", "变动原因": "随迁"},
        "education.enrolment",
        "EnrolmentEnded",
        {"effective_from": FIRST, "reason": "随迁"},
    ),
    (
        education.DEPARTMENT,
        SCHOOL | {"变动类型": "学位授予", "学位级别": "硕士学位", "授予单位": "示例大学", "学位授予日期": "2026-03-01"},
        "education.enrolment",
        "DegreeAwarded",
        {"degree": "master", "school": "示例大学", "on": FIRST},
    ),
    (
        disabled_federation.DEPARTMENT,
        CARD | {"办理类型": "换领", "残疾类别": "肢体残疾", "残疾级别": "二级", "有效期限": "长期"},
        "disabled-federation.card",
        "CardIssued",
        {"disability": "physical", "level": 2, "until": None},
    ),
    (
        disabled_federation.DEPARTMENT,
        CARD | {"办理类型": "残疾人证注销", "注销日期": "2026-03-01"},
        "disabled-federation.card",
        "CardCancelled",
        {"on": FIRST},
    ),
]


@pytest.mark.parametrize(("department", "cells", "topic", "kind", "change"), SAID, ids=[case[3] for case in SAID])
def test_a_line_is_the_statement_that_it_means(
    tmp_path: Path, department: Department, cells: Cells, topic: str, kind: str, change: dict[str, Any]
) -> None:
    path, door = tmp_path / "export.csv", Rehearsal(SETTINGS)
    with path.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows([cells.keys(), cells.values()])
    with ExportFile(path, None) as file:
        (line,) = lines(file, department, door)
    assert isinstance(line, Good), line
    ((read_topic, (_, statement)),) = line.events
    assert (read_topic, statement.kind, statement.withdrawn) == (topic, kind, False)
    assert PSEUDONYM.fullmatch(statement.subject)
    stated = {name: value for name, value in statement.change.items() if not name.endswith("_as_stated")}
    assert {name: _plain(value, change[name]) for name, value in stated.items()} == change
    assert not any(value for name, value in statement.change.items() if name.endswith("_as_stated"))


def _plain(value: Any, wanted: Any) -> Any:
    """A person's number leaves the door as a pseudonym: whose it was is not to be seen."""
    return wanted if wanted == MOTHER and PSEUDONYM.fullmatch(value) else value


def test_each_kind_of_these_departments_was_tried() -> None:
    tried = {kind for _, _, _, kind, _ in SAID}
    employers = set(social_security.EMPLOYERS.kinds_said())
    departments = {id(case[0]): case[0] for case in SAID}.values()
    exported = {kind for department in departments for export in department.exports for kind in export.kinds_said()}
    assert exported - employers == tried
