"""What offices really hand over, value by value: the files of `tests/cases`, from the line to what is on the wire, and
more of the same kinds. Wrong silently is worse than refused."""

from __future__ import annotations

import csv
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from demo.sheets import READERS
from domain.codes import with_check_character
from domain.time import CITY
from producers.publish.checked_lines import Bad, Good
from producers.publish.export_file import lines
from producers.publish.export_lines import ExportFile, FileRefused
from producers.publish.statement import Checked, Ready, Statement
from tests.contracts.people import full_width, number
from wire.contracts import contracts
from wire.pseudonym import Pseudonyms
from wire.values.days import EPOCH_DAY, day

CASES = Path(__file__).parent.parent / "cases"
KEY = Pseudonyms(b"k" * 32)
TODAY = datetime.now(CITY).date()
WHO = number(7)
MOVED_IN = {"登记编号": "HK-1", "业务类型": "迁入登记", "公民身份号码": WHO, "姓名": "测试", "性别": "男"} | {
    "出生日期": "1980-01-01", "户号": "H-1", "房屋编码": "D-1", "住址": "样本路1号", "与户主关系": "户主",
    "发生日期": "2026-11-01", "登记时间": "2026-11-02 09:00:00",
}  # fmt: skip
DWELLING = {"登记编号": "FW-1", "房屋编码": "D-1", "网格编码": "440113001001003", "房屋地址": "样本路1号"} | {
    "建筑面积": "60", "房屋用途": "住宅", "行政区": "440113", "登记日期": "2026-11-01", "录入时间": "2026-11-02 08:00",
}  # fmt: skip
LEASE = {"备案编号": "ZL-1", "房屋编码": "D-1", "业务类型": "租赁备案", "出租人身份证号": number(8)} | {
    "承租人身份证号": WHO, "起租日期": "2026-11-01", "发生日期": "2026-11-01", "录入时间": "2026-11-02 09:00",
}  # fmt: skip
BENEFIT = {"救助案号": "JZ-1", "变更类型": "批准", "申请人身份证号": WHO, "救助项目": "低保"} | {
    "起始日期": "2026-11-01", "审批日期": "2026-11-01", "录入时间": "2026-11-02",
}  # fmt: skip
CAR = {"号牌号码": "粤AB0600", "业务类型": "注册登记", "车辆类型": "小型轿车", "所有人身份证号": WHO} | {
    "业务日期": "2026-11-01", "录入时间": "2026-11-02",
}  # fmt: skip


class OneKey:
    """A door that sends nothing and knows people again."""

    def ready(self, topic: str, statement: Statement) -> Ready:
        return Checked(contracts()[topic], KEY).ready(statement, time.time_ns() // 1000)

    def send(self, topic: str, ready: Ready) -> None:
        """Nothing is sent."""


def read(department: str, path: Path) -> list[Good | Bad]:
    with ExportFile(path, None) as file:
        return list(lines(file, READERS[department], OneKey()))


def published(read_lines: list[Good | Bad]) -> list[Statement]:
    """The statements of lines of which none may be rejected."""
    assert not [line for line in read_lines if isinstance(line, Bad)]
    return [ready.statement for line in read_lines if isinstance(line, Good) for _, ready in line.events]


def rejected(read_lines: list[Good | Bad]) -> list[tuple[str, str]]:
    """(column, reason) of lines of which all must be rejected."""
    bad = [line for line in read_lines if isinstance(line, Bad)]
    assert len(bad) == len(read_lines), "a line was published"
    return [(line.field, line.reason) for line in bad]


def case(name: str, department: str, tmp_path: Path) -> list[Good | Bad]:
    path = tmp_path / Path(name).name
    path.write_bytes((CASES / name).read_bytes().replace(b"@TODAY@", TODAY.isoformat().encode()))
    return read(department, path)


@pytest.fixture
def office(tmp_path: Path) -> Any:
    """Reads one line of cells as a department's export."""

    def line(department: str, cells: dict[str, str]) -> Good | Bad:
        path = tmp_path / "export.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([cells.keys(), cells.values()])
        (only,) = read(department, path)
        return only

    return line


def stated(line: Good | Bad) -> Statement:
    (only,) = published([line])
    return only


def test_what_a_spreadsheet_changed_is_rejected(tmp_path: Path) -> None:
    for name, department in (("01/housing.csv", "housing"), ("01/police.csv", "police")):
        reasons = rejected(case(name, department, tmp_path))
        assert all("was changed by a spreadsheet" in reason for _, reason in reasons)


@pytest.mark.parametrize("changed", ["4.40113E+18", "8.8e17", "8001.0", "880001202611011000", "#N/A", "8,001", "####"])
@pytest.mark.parametrize(
    ("department", "cells", "column"),
    [
        ("police", MOVED_IN, "户号"),
        ("police", MOVED_IN, "房屋编码"),
        ("police", MOVED_IN, "登记编号"),
        ("housing", LEASE, "房屋编码"),
        ("housing", LEASE, "备案编号"),
    ],
)
def test_in_every_number_of_a_register(
    office: Any, department: str, cells: dict[str, str], column: str, changed: str
) -> None:
    ((field, reason),) = rejected([office(department, cells | {column: changed})])
    assert (field, "was changed by a spreadsheet" in reason) == (column, True)


def test_a_file_of_rounded_identity_numbers_is_refused_whole(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="end in 000"):
        case("02/police.csv", "police", tmp_path)


def test_invisible_characters_name_no_other_dwelling(tmp_path: Path) -> None:
    published(case("03/housing.csv", "housing", tmp_path))
    moved = published(case("03/police.csv", "police", tmp_path))
    assert [statement.change["dwelling"] for statement in moved] == ["D-B03-1"] * 5


@pytest.mark.parametrize(
    "written",
    [
        "D-B03\u200b-1",
        "\xa0D-B03-1\u3000",
        "‘D-B03-1",
        '="D-B03-1"',
        "\u202aD-B03-1\u202c",
        "D–B03‐1",
        full_width("D-B03-1"),
        "D\xad-B03-1",
        "\u2060D-B03-1",
    ],
)
def test_one_dwelling_however_it_is_written(office: Any, written: str) -> None:
    assert stated(office("police", MOVED_IN | {"房屋编码": written})).change["dwelling"] == "D-B03-1"
    assert stated(office("housing", LEASE | {"房屋编码": written})).subject == "D-B03-1"


def test_every_relation_of_the_standard_is_published(tmp_path: Path) -> None:
    moved = published(case("05/police.csv", "police", tmp_path))
    relations = [statement.change["relation"] for statement in moved]
    assert relations[:22] == [
        *("head", "spouse", "spouse", *["child"] * 7, *["grandchild"] * 3, *["parent"] * 2, "grandparent"),
        *(*["sibling"] * 4, "other", "other"),
    ]
    assert relations[22:] == ["child", "child", "other", "other", "parent", "other", "parent", "head"]


def test_an_unknown_relation_is_other_as_stated(office: Any) -> None:
    known = stated(office("police", MOVED_IN | {"与户主关系": "次女"})).change
    assert (known["relation"], known["relation_as_stated"]) == ("child", None)
    unknown = stated(office("police", MOVED_IN | {"与户主关系": "干女儿"})).change
    assert (unknown["relation"], unknown["relation_as_stated"]) == ("other", "干女儿")


def test_every_vehicle_of_the_register_is_published(tmp_path: Path) -> None:
    kinds = [
        statement.change["vehicle_kind"] for statement in published(case("06/transport.csv", "transport", tmp_path))
    ]
    assert kinds == [*["car"] * 7, *["truck"] * 3, "bus", *["motorcycle"] * 2, "car", "car", "truck", "motorcycle"]


@pytest.mark.parametrize(
    ("word", "kind"),
    [("K49", "car"), ("k39", "car"), ("K21", "bus"), ("Q11", "truck"), ("X99", "other"), ("飞行汽车", "other")],
)
def test_a_vehicle_by_its_code_or_none(office: Any, word: str, kind: str) -> None:
    change = stated(office("transport", CAR | {"车辆类型": word})).change
    assert (change["vehicle_kind"], change["vehicle_kind_as_stated"]) == (
        kind,
        "飞行汽车" if word == "飞行汽车" else None,
    )


@pytest.mark.parametrize(
    "plate", ["粤AB0600", "粤A·B0600", "粤A-B0600", "粤a b0600", "粵A•B0600", full_width("粤AB0600")]
)
def test_one_plate_in_every_spelling(office: Any, plate: str) -> None:
    assert stated(office("transport", CAR | {"号牌号码": plate})).record == "粤AB0600"


def test_other_documents_are_taken(tmp_path: Path) -> None:
    assert len(published(case("07/housing.csv", "housing", tmp_path))) == 3
    assert len(published(case("07/marriage.csv", "civil-affairs", tmp_path))) == 2


def test_a_document_is_one_person_in_every_field_and_spelling(office: Any) -> None:
    landlord = {
        written: stated(office("housing", LEASE | {"出租人身份证号": written, **besides})).change["landlord"]
        for written, besides in (
            ("H12345678", {}),
            ("h1234567801", {"出租人证件类型": "港澳居民来往内地通行证"}),
            ("护照：E12345678", {}),
            ("E12345678", {"出租人证件类型": "护照"}),
            ("M12345678", {"出租人证件类型": "414"}),
            ("M12345678 ", {}),
        )
    }
    permit, reissued, passport, kind_stated, foreign, macau = landlord.values()
    assert (permit, passport) == (reissued, kind_stated)
    assert len({permit, passport, foreign, macau}) == 4
    tenant = LEASE | {"承租人身份证号": "E12345678、12345678", "承租人证件类型": "护照、台胞证"}
    assert stated(office("housing", tenant)).change["tenants"][0] == passport


@pytest.mark.parametrize(
    "wrong", ["19610909", "123456789", "99000019X", WHO[:17], WHO[:-1] + "A", "A123456(7)", "4.4E+17"]
)
def test_a_slip_is_no_document_of_another_kind(office: Any, wrong: str) -> None:
    ((field, _),) = rejected([office("housing", LEASE | {"出租人身份证号": wrong})])
    assert field == "出租人身份证号"


def test_what_eight_digits_are_is_the_contracts_to_say(office: Any) -> None:
    stated(office("housing", LEASE | {"出租人身份证号": "12345678"}))
    ((_, reason),) = rejected([office("police", MOVED_IN | {"公民身份号码": "12345678"})])
    assert "state the kind" in reason
    stated(office("police", MOVED_IN | {"公民身份号码": "12345678", "证件类型": "台湾居民来往大陆通行证"}))


def test_case_numbers_of_district_day_and_serial_pass(tmp_path: Path) -> None:
    assert len(published(case("08/civil.csv", "civil-affairs", tmp_path))) == 66


def test_case_numbers_pass_in_every_register_that_declares_them_but_nobodys_own_number(office: Any) -> None:
    # every serial from 0 on: one in eleven has the right check character
    for serial in range(40):
        record = f"44011320261101{serial:04d}"
        assert stated(office("housing", LEASE | {"备案编号": record})).record == record
    child = with_check_character("44011320150909905")
    for department, cells, column, person in (
        ("civil-affairs", BENEFIT, "救助案号", "申请人身份证号"),
        ("housing", LEASE, "备案编号", "承租人身份证号"),
    ):
        ((field, reason),) = rejected([office(department, cells | {column: child, person: child})])
        assert (field, "identity number" in reason) == (column, True)


def test_identity_numbers_inside_other_numbers_are_refused(tmp_path: Path) -> None:
    reasons = rejected(case("09/cards.csv", "disabled-federation", tmp_path))
    assert [(field, "identity number" in reason) for field, reason in reasons] == [("受理编号", True)] * 3


INSIDE = number(11)
GROUPS = f"{INSIDE[:6]} {INSIDE[6:14]} {INSIDE[14:]}"
ARABIC_INDIC = INSIDE.translate({ord(str(digit)): chr(0x660 + digit) for digit in range(10)})
HIDDEN = [
    *(INSIDE, INSIDE.lower(), f"{INSIDE}42", f"7{INSIDE}", GROUPS, GROUPS.replace(" ", "-"), f"第{INSIDE}号"),
    *(full_width(INSIDE), ARABIC_INDIC, "\u200b".join(INSIDE), f"{INSIDE[:6]}\u00a0{INSIDE[6:]}"),
    *(INSIDE[:6] + INSIDE[8:17], f"证 {INSIDE[:6]}-{INSIDE[8:14]}-{INSIDE[14:17]}。"),
]


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize(
    ("department", "cells", "column"),
    [
        ("police", MOVED_IN, "住址"),
        ("police", MOVED_IN, "姓名"),
        ("police", MOVED_IN, "户号"),
        ("police", MOVED_IN, "登记编号"),
        ("housing", DWELLING, "房屋地址"),
        ("housing", DWELLING, "房屋编码"),
        ("police", MOVED_IN, "与户主关系"),
    ],
)
def test_wherever_and_however_a_number_is_hidden(
    office: Any, department: str, cells: dict[str, str], column: str, hidden: str
) -> None:
    ((field, reason),) = rejected([office(department, cells | {column: hidden})])
    assert field == column
    assert INSIDE not in reason


def test_grids_phones_and_dates_are_no_identity_numbers(office: Any) -> None:
    address = "网格440113001001003,电话13800138000,2026-11-01,邮编511400"
    stated(office("housing", DWELLING | {"房屋地址": address}))


def test_the_last_day_of_a_term_belongs_to_it(tmp_path: Path) -> None:
    today = (TODAY - EPOCH_DAY).days
    (lease,) = published(case("12/lease.csv", "housing", tmp_path))
    assert lease.change["until"] == today + 1, "the first day after it"
    (control,) = published(case("12/control.csv", "housing", tmp_path))
    assert control.change["until"] == day("2026-11-29")


def test_no_end_in_every_spelling(tmp_path: Path) -> None:
    benefits = published(case("13/civil.csv", "civil-affairs", tmp_path))
    assert [benefit.change["until"] for benefit in benefits] == [None] * 7


@pytest.mark.parametrize(
    "end", ["永久", "无固定期限", "99991231", "2999-12-31", "00000000", "0000-00-00 00:00:00", "1753-01-01"]
)
def test_no_end_in_further_spellings(office: Any, end: str) -> None:
    assert stated(office("housing", LEASE | {"止租日期": end})).change["until"] is None
    assert stated(office("civil-affairs", BENEFIT | {"截止日期": end})).change["until"] is None


def test_an_end_before_its_beginning_is_rejected(office: Any) -> None:
    ((field, _),) = rejected([office("housing", LEASE | {"止租日期": "2026-10-31"})])
    assert field == "止租日期"
    ((field, _),) = rejected([office("civil-affairs", BENEFIT | {"截止日期": "2025-01-01"})])
    assert field == "截止日期"
    stated(office("housing", LEASE | {"止租日期": "2026-11-01"}))  # of one day


def test_coordinates_and_areas_that_cannot_be_are_rejected(tmp_path: Path, office: Any) -> None:
    fields = [field for field, _ in rejected(case("17/housing.csv", "housing", tmp_path))]
    assert fields == ["经度", "经度", "建筑面积"]
    for lon, lat in (("0", "0"), ("113.36", "39.9"), ("-113.36", "22.94")):
        rejected([office("housing", DWELLING | {"经度": lon, "纬度": lat})])
    stated(office("housing", DWELLING | {"经度": "113.36", "纬度": "22.94"}))


def test_a_call_for_help_holds_wherever_the_bracelet_thinks_it_is(office: Any) -> None:
    pressed = {"呼叫编号": "BR-1-1", "业务类型": "呼叫", "佩戴人身份证号": WHO, "按键": "SOS", "设备编号": "BR-1"} | {
        "发生时间": "2026-11-01 09:00", "上报时间": "2026-11-01 09:00", "经度": "0", "纬度": "0",
    }  # fmt: skip
    change = stated(office("bracelet", pressed)).change
    assert (change["lon"], change["lat"]) == (None, None)


def test_nobody_is_born_tomorrow_or_dies_before_birth(office: Any) -> None:
    tomorrow = (TODAY + timedelta(days=30)).isoformat()
    ((field, _),) = rejected([office("police", MOVED_IN | {"出生日期": tomorrow})])
    assert field == "出生日期"
    unborn = with_check_character(f"990000{TODAY.year + 1}0101001")
    ((field, _),) = rejected([office("police", MOVED_IN | {"公民身份号码": unborn})])
    assert field == "公民身份号码"
    death = {"登记编号": "SW-1", "业务类型": "死亡注销", "公民身份号码": WHO, "死亡日期": "1949-12-31"} | {
        "发生日期": "2026-11-01", "登记时间": "2026-11-02",
    }  # fmt: skip
    ((field, _),) = rejected([office("police", death)])
    assert field == "死亡日期"


@pytest.mark.parametrize(
    ("written", "hour"),
    [("2026-11-01 24:00", 24), ("2026-11-01 9时", 9), ("2026-11-01 09", 9), ("2026年11月1日 下午3点05分", 15 + 5 / 60)],
)
def test_hours_only_and_the_24th(office: Any, written: str, hour: float) -> None:
    midnight = stated(office("police", MOVED_IN | {"登记时间": "2026-11-01"})).recorded_at
    recorded = stated(office("police", MOVED_IN | {"登记时间": written})).recorded_at
    assert (recorded - midnight) / 3_600_000_000 == pytest.approx(hour)
