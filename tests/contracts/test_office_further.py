"""Further inputs of the kinds of `test_office_values.py` and `test_office_files.py`, as nasty but ordinary offices make
them: each is published as it is meant, rejected with its reason, or refused; never published as something else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from producers.doors.batch import BatchRefused, Form
from producers.publish.checked_lines import Bad
from tests.contracts.people import number
from tests.contracts.test_office_files import WHO
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
