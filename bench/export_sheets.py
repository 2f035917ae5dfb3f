"""A police register's export as an office hands it over, for `bench/export.py`: people, addresses and moves.

The same number of lines gives the same file. All people are invented: no place has the code that their numbers begin
with.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import xlsxwriter

from domain.codes import with_check_character

DEPARTMENT = "police"
TOPIC = "police.household-registration"
HEADER = (
    *("登记编号", "业务类型", "公民身份号码", "姓名", "性别", "出生日期", "户号", "房屋编码", "住址", "与户主关系"),
    *("母亲公民身份号码", "迁往地", "联系电话", "发生日期", "登记时间"),
)
SHEET_ROWS = 1_000_000
"""Rows of one sheet, below the 1,048,576 that it can have."""
_FIRST_DAY = date(2024, 1, 1)
_KINDS = ("迁入登记", "住址变更", "迁出注销", "联系方式变更", "出生登记")
_SHARES = (40, 25, 15, 15, 5)
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红梅建国志文海燕春雪晓东子涵梓轩雨欣浩宇"
_RELATIONS = ("户主", "妻", "夫", "长子", "长女", "父亲", "母亲", "其他")
_STREETS = ("样本一路", "样本二路", "示例大街", "示例新村", "测试东路", "测试西巷", "虚构花园", "虚构里")


def write(path: Path, lines: int) -> None:
    """Write `lines` lines to `path`: a workbook if it ends in .xlsx, else CSV in UTF-8.

    In a `.shared.xlsx` each text stands once, in a part of its own, as Excel writes it; that takes gigabytes of memory.
    """
    if path.suffix == ".xlsx":
        _workbook(path, lines)
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(HEADER)
        rows.writerows(_rows(lines))


def _workbook(path: Path, lines: int) -> None:
    each_in_its_cell = ".shared" not in path.suffixes
    with xlsxwriter.Workbook(path, {"constant_memory": each_in_its_cell}) as book:
        for number, row in enumerate(_rows(lines)):
            place = number % SHEET_ROWS
            if place == 0:
                sheet = book.add_worksheet()
                sheet.write_row(0, 0, HEADER)
            for column, cell in enumerate(row):
                if cell:
                    sheet.write_string(place + 1, column, cell)


def _rows(lines: int) -> Iterator[list[str]]:
    draw = random.Random(10)
    for number in range(lines):
        kind = draw.choices(_KINDS, _SHARES)[0]
        home, recorded = draw.randrange(lines // 3 + 1), _FIRST_DAY + timedelta(days=number * 700 // lines)
        happened = recorded - timedelta(days=draw.randrange(12))
        cells = dict.fromkeys(HEADER, "")
        born = happened if kind == "出生登记" else date(1945, 1, 1) + timedelta(days=draw.randrange(27_000))
        cells |= {
            "登记编号": f"HJ{recorded.year}{number:08d}",
            "业务类型": kind,
            "公民身份号码": _person(born, number),
            "发生日期": happened.isoformat(),
            "登记时间": f"{recorded} {draw.randrange(8, 18):02d}:{draw.randrange(60):02d}:{draw.randrange(60):02d}",
        }
        if kind == "联系方式变更":
            cells["联系电话"] = f"13{draw.randrange(10**9):09d}"
        else:
            cells["户号"] = f"H{home:09d}"
        if kind in ("迁入登记", "住址变更", "出生登记"):
            cells["房屋编码"] = f"FW{home:010d}"
            cells["住址"] = _address(home)
        if kind in ("迁入登记", "出生登记"):
            given = "".join(draw.choices(_GIVEN, k=draw.choice((1, 2, 2))))
            cells |= {"姓名": draw.choice(_SURNAMES) + given, "性别": draw.choice("男女"), "出生日期": born.isoformat()}
        if kind == "迁入登记":
            cells["与户主关系"] = draw.choice(_RELATIONS)
        if kind == "出生登记":
            cells["母亲公民身份号码"] = _person(date(1985, 1, 1) + timedelta(days=draw.randrange(6_000)), number + 7)
        if kind == "迁出注销":
            cells["迁往地"] = f"外省样本市{draw.choice(_STREETS)}{draw.randrange(1, 300)}号"
        yield [*cells.values()]


def _person(born: date, number: int) -> str:
    return with_check_character(f"99{number // 1000 % 10_000:04d}{born:%Y%m%d}{number % 1000:03d}")


def _address(home: int) -> str:
    street, rest = _STREETS[home % len(_STREETS)], home // len(_STREETS)
    return f"示例区{street}{rest % 480 + 1}号{rest // 480 % 30 + 1}栋{rest % 32 + 1:02d}{rest % 6 + 1:02d}房"
