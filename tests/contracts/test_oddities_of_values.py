"""Values as offices and their programs write them: each is published as it is meant, or rejected with its reason."""
# ruff: noqa: E501 (lines of tables)

from __future__ import annotations

from typing import Any

import pytest

from producers.publish.checked_lines import Bad
from tests.contracts.odd_files import PHONE
from tests.contracts.people import full_width, number
from tests.contracts.test_office_values import (
    BENEFIT,
    CAR,
    DWELLING,
    LEASE,
    MOVED_IN,
    WHO,
    office,
    rejected,
    stated,
)
from wire.door_reports import shown_record

__all__ = ["office"]

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
        ("粤A1234挂", "粤A1234挂"), ("粤O12345", "粤O12345"), ("粤A-20261128", "粤A20261128"),
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


@pytest.mark.parametrize(
    "plate", ["A12345", "B-0600D", "12345", "粤AB0600车", "蓝粤AB0600", "粤AB0600 小型", "车牌粤AB0600", "粤AB0600(临)"]
)
def test_a_plate_without_its_province_or_with_a_word_beside_it_is_no_other_car(plate: str, office: Any) -> None:
    ((field, _),) = rejected([office("transport", CAR | {"号牌号码": plate})])
    assert field == "号牌号码"


@pytest.mark.parametrize(
    ("written", "phone"),
    [("852-91234567", "+85291234567"), ("00852 9123 4567", "+85291234567"), ("+852 91234567", "+85291234567"),
     ("853 6612 3456", "+85366123456"), ("8620 88888888", "02088888888"), ("0086-020-88888888", "02088888888"),
     ("400-800-8888", "4008008888"), ("88888888", "88888888"), ("12345", "12345"), ("0755-8888 8888", "075588888888")],
)  # fmt: skip
def test_one_telephone_in_every_way_in_which_it_is_dialled(written: str, phone: str, office: Any) -> None:
    assert stated(office("civil-affairs", BENEFIT | {"联系电话": written})).change["phone"] == phone


@pytest.mark.parametrize(
    "slip", ["1380013800", "138001380001", "12345678901", "99999999999", "088888888", "2088888888"]
)
def test_a_telephone_number_that_nobody_can_dial(slip: str, office: Any) -> None:
    ((field, _),) = rejected([office("civil-affairs", BENEFIT | {"联系电话": slip})])
    assert field == "联系电话"


@pytest.mark.parametrize("code", ["+D-1", "@D-1", "{D-1}", "10%", "$5", "2026/1/2", "2026/11/02"])
@pytest.mark.parametrize("column", ["户号", "房屋编码"])
def test_what_programs_and_spreadsheets_leave_beside_a_code(column: str, code: str, office: Any) -> None:
    ((field, _),) = rejected([office("police", MOVED_IN | {column: code})])
    assert field == column


@pytest.mark.parametrize("record", ["HK-1;", ",HK-1", "HK-1、", "HK-1。", "2026/1/2"])
def test_a_record_that_was_cut_out_of_several_is_no_other_record(record: str, office: Any) -> None:
    ((field, _),) = rejected([office("police", MOVED_IN | {"登记编号": record})])
    assert field == "登记编号"


@pytest.mark.parametrize(
    ("department", "cells", "column", "written", "field", "meant"),
    [
        ("police", MOVED_IN, "与户主关系", "户　主", "relation", "head"), ("police", MOVED_IN, "与户主关系", "配偶(妻)", "relation", "spouse"),
        ("police", MOVED_IN, "与户主关系", "20-子", "relation", "child"), ("police", MOVED_IN, "与户主关系", "老婆", "relation", "spouse"),
        ("police", MOVED_IN, "与户主关系", "1", "relation", "other"), ("police", MOVED_IN, "性别", "男(1)", "sex", "male"),
        ("police", MOVED_IN, "性别", "Female", "sex", "female"), ("police", MOVED_IN, "性别", "男/女", "sex", "unknown"),
        ("transport", CAR, "车辆类型", "K33:小型轿车", "vehicle_kind", "car"), ("transport", CAR, "车辆类型", "小型轿车（K33）", "vehicle_kind", "car"),
        ("transport", CAR, "车辆类型", "纯电动轿车", "vehicle_kind", "car"), ("transport", CAR, "车辆类型", "K33:重型货车", "vehicle_kind", "other"),
        ("housing", DWELLING, "行政区", "440183", "district", "440118"), ("housing", DWELLING, "行政区", "东山区", "district", "440104"),
        ("housing", DWELLING, "行政区", "番 禺 区", "district", "440113"),
        ("housing", DWELLING, "建筑面积", "1,234.5", "floor_area_m2", 1234.5), ("housing", DWELLING, "建筑面积", "60平方", "floor_area_m2", 60.0),
        ("housing", DWELLING, "建筑面积", "60 M2", "floor_area_m2", 60.0),
    ],
)  # fmt: skip
def test_words_and_numbers_as_forms_are_filled_in(
    department: str, cells: dict[str, str], column: str, written: str, field: str, meant: Any, office: Any
) -> None:
    assert stated(office(department, cells | {column: written})).change[field] == meant


WARNING = {"预警编号": "YJ-1", "行政区": "番禺区", "信号状态": "发布", "灾种": "暴雨", "预警级别": "红色"} | {
    "生效时间": "2026-11-01 08:00",
    "录入时间": "2026-11-01 08:05",
}


@pytest.mark.parametrize(
    ("department", "cells", "column", "elsewhere"),
    [
        ("housing", DWELLING, "网格编码", "110101001001003"),
        ("housing", DWELLING, "行政区", "440305"),
        ("housing", DWELLING, "行政区", "广州市"),
        ("weather", WARNING, "行政区", "广州市"),
    ],
)
def test_a_place_that_nobody_of_this_city_looks_after_is_refused(
    department: str, cells: dict[str, str], column: str, elsewhere: str, office: Any
) -> None:
    assert stated(office(department, cells))
    ((field, reason),) = rejected([office(department, cells | {column: elsewhere})])
    assert field == column
    assert "is no district of this city, whose districts are 440103, " in reason


@pytest.mark.parametrize(("word", "withdrawn"), [("t", True), ("f", False), ("T", True), ("真", True), ("假", False)])
def test_yes_and_no_as_databases_write_them(word: str, withdrawn: bool, office: Any) -> None:
    assert stated(office("police", MOVED_IN | {"是否撤销": word})).withdrawn is withdrawn


def test_a_kind_of_business_is_known_however_it_is_spaced(office: Any) -> None:
    assert stated(office("police", MOVED_IN | {"业务类型": "迁 入 登 记"})).kind == "MovedIn"


@pytest.mark.parametrize("coordinate", ["1.13E+02", "1.13264385E2", "113,3", "113°18′0″"])
def test_a_coordinate_that_lost_its_digits_is_no_place(coordinate: str, office: Any) -> None:
    ((field, _),) = rejected([office("housing", DWELLING | {"经度": coordinate, "纬度": "22.94"})])
    assert field == "经度"


def misread(text: str, written: str, read: str) -> str:
    return text.encode(written).decode(read)


@pytest.mark.parametrize(
    "garbled",
    [misread("张三", "utf-8", "gb18030"), misread("张三", "utf-8", "latin-1"), misread("测试", "gb18030", "latin-1"),
     misread("欧阳娜娜", "utf-8", "gb18030"), misread("李雷", "gb18030", "cp1252"), "张*", "王＊＊", "张X", "&#24352;&#19977;", "张&amp;三",
     "%E5%BC%A0%E4%B8%89", "\\u5f20\\u4e09", "张三<br/>"],
)  # fmt: skip
@pytest.mark.parametrize("column", ["姓名", "住址"])
def test_what_was_garbled_masked_or_encoded_names_nobody(column: str, garbled: str, office: Any) -> None:
    ((field, _),) = rejected([office("police", MOVED_IN | {column: garbled})])
    assert field == column


@pytest.mark.parametrize(
    "name", ["陈慧娴", "朱镕基", "艾合买提·买买提", "Müller", "José Ñandú", "赵丽颖", "闫妮", "骞", "Xi"]
)
def test_a_name_that_only_looks_rare_is_one(name: str, office: Any) -> None:
    assert stated(office("police", MOVED_IN | {"姓名": name})).change["name"] == name


@pytest.mark.parametrize(
    ("kind", "written"),
    [("因私普通护照", "E12345678"), ("護照", "E12345678"), ("PASSPORT", "E12345678")],
)
def test_further_words_for_a_passport(kind: str, written: str, office: Any) -> None:
    line = office("housing", LEASE | {"出租人身份证号": written, "出租人证件类型": kind})
    plain = office("housing", LEASE | {"出租人身份证号": f"passport:{written}"})
    assert stated(line).change["landlord"] == stated(plain).change["landlord"]


WARNED = {"预警编号": "YJ-1", "信号状态": "发布", "行政区": "番禺区", "灾种": "暴雨", "预警级别": "红色"} | {
    "生效时间": "2026-11-20 08:00", "录入时间": "2026-11-20 08:00",
}  # fmt: skip
ILL = {"个案编号": "GA-1", "业务类型": "建档", "患者身份证号": WHO, "病种": "精神分裂症", "起始日期": "2026-11-01"} | {
    "业务日期": "2026-11-01", "录入时间": "2026-11-02",
}  # fmt: skip


def test_a_warning_is_of_its_hazard_and_level_with_the_word_for_warning_behind(office: Any) -> None:
    plain = stated(office("weather", WARNED)).change
    called = stated(office("weather", WARNED | {"灾种": "暴雨预警信号", "预警级别": "红色预警"})).change
    assert called == plain


@pytest.mark.parametrize(("written", "level"), [("3级", 3), ("3.0", 3), ("３", 3), ("0级", 0)])
def test_a_level_is_a_number_however_it_is_called(written: str, level: int, office: Any) -> None:
    assert stated(office("health", ILL | {"危险性等级": written})).change["level"] == level


def test_a_whole_number_with_separators_of_thousands(office: Any) -> None:
    insured = {"单位社保编号": "SB-1", "业务类型": "人数变更", "统一社会信用代码": "91440101MA5CQ1XX3G", "参保人数": "1,234"} | {
        "参保日期": "2026-11-01", "业务日期": "2026-11-01", "录入时间": "2026-11-02",
    }  # fmt: skip
    assert stated(office("social-security", insured)).change["insured_persons"] == 1234
    ((field, _),) = rejected([office("social-security", insured | {"参保人数": "12,34"})])
    assert field == "参保人数"
