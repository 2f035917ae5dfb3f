"""Usual lines made the quick way are byte for byte the events that the long way makes, and nothing else is made so."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.sheets import READERS
from producers.publish.checked_lines import Bad, LineCheck
from producers.publish.columns import Department, Export
from producers.publish.encoding import Encoded, Encoding
from producers.publish.quick_lines import QuickLines
from producers.publish.statement import Statement
from producers.tables.rows import Line
from tests.contracts.people import full_width, number
from tests.contracts.test_office_values import BENEFIT, CAR, DWELLING, LEASE, MOVED_IN
from wire.contracts import contracts
from wire.pseudonym import Pseudonyms

KEY = Pseudonyms(b"k" * 32)
NOW = time.time_ns() // 1000
SEEN = 1_795_000_000
USUAL = {
    ("police", "户籍变动"): [
        MOVED_IN,
        {**MOVED_IN, "业务类型": "迁出登记", "迁往地": "外省"},
        {**MOVED_IN, "业务类型": "联系方式变更", "联系电话": "13800000014"},
        {**MOVED_IN, "业务类型": "出生登记", "母亲公民身份号码": number(30)},
        {**MOVED_IN, "业务类型": "死亡注销", "死亡日期": "2026-11-01"},
    ],
    ("housing", "房屋登记"): [DWELLING, {**DWELLING, "经度": "113.36", "纬度": "22.94"}],
    ("housing", "租赁备案"): [LEASE, {**LEASE, "业务类型": "退租", "终止日期": "2026-11-02"}],
    ("civil-affairs", "社会救助"): [BENEFIT, {**BENEFIT, "月金额": "1,200.50", "户号": "H-9", "截止日期": "长期"}],
    ("transport", "机动车登记"): [{**CAR, "号牌号码": "VA12345"}],
}
CELLS = st.sampled_from(
    [
        *("", "-", "无", "None", "nan", "同上", "#N/A", "4.4E+18", "8001.0", "0", "00", "00000000", "0000-00-00"),
        *("H-1", "h 1", "D-B03-1", "'D-1", '="D-1"', "D─1", "测试", "王?", "样本路1号", full_width("H-1"), "\u200bH1"),
        *(
            "2026-11-01",
            "2026-11-02 09:00:00",
            "20261102",
            "2026-02-30",
            "9999-12-31",
            "长期",
            "2030-01-01",
            "1840-01-01",
        ),
        *(
            number(40),
            number(41).lower(),
            number(42)[:-1],
            number(43)[:15],
            "passport:E12345678",
            "12345678",
            "H12345678",
        ),
        *(
            "男",
            "1",
            "X",
            "户主",
            "02",
            "干女儿",
            "13800000014",
            "138 0000 0014",
            "113.36",
            "22.94",
            "-1",
            "60",
            "是",
            "true",
        ),
        *("Granted", f"找{number(44)}", number(45) + "7", "a" * 80, "粤AB0600"),
    ]
)


def both_ways(department: Department, export: Export, cells: dict[str, str]) -> tuple[list[Encoded] | None, Any]:
    """The events by the quick way (None: it leaves the line), and those, or the Bad line, of the long way."""
    contract, header, line = contracts()[export.topic], tuple(cells), list(cells.values())
    encoding = Encoding(contract, KEY, 7)

    def ready(_: str, statement: Statement) -> Any:
        return encoding.checked.ready(statement, NOW)

    quick = QuickLines(export, header, contract, KEY, 7, SEEN)
    made = [quick(5, line, NOW) for _ in range(2)]  # the second time from what is remembered
    assert made[0] == made[1]
    checked = LineCheck(department, [export], ready, SEEN)(Line(5, header, line, ",".join(line)))
    return made[0], checked if isinstance(checked, Bad) else [encoding.event(one) for _, one in checked.events]


def export_of(department: str, title: str) -> tuple[Department, Export]:
    reader = READERS[department]
    return reader, next(export for export in reader.exports if export.title == title)


@pytest.mark.parametrize("of", USUAL, ids=" ".join)
def test_a_usual_line_is_made_the_quick_way(of: tuple[str, str]) -> None:
    for cells in USUAL[of]:
        quick, long = both_ways(*export_of(*of), cells)
        assert not isinstance(long, Bad), long
        assert quick in (long, None)
        if of != ("housing", "租赁备案") or cells is not LEASE:  # several tenants in a cell are read the long way
            assert quick == long


@pytest.mark.parametrize("of", USUAL, ids=" ".join)
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_whatever_stands_in_the_cells_the_quick_way_makes_what_the_long_way_makes(
    of: tuple[str, str], data: st.DataObject
) -> None:
    cells = dict(data.draw(st.sampled_from(USUAL[of])))
    for column in data.draw(st.lists(st.sampled_from(list(cells)), max_size=3)):
        cells[column] = data.draw(CELLS | st.text(max_size=12))
    quick, long = both_ways(*export_of(*of), cells)
    assert quick is None or quick == long


@pytest.mark.parametrize("plate", ["H-1", "AB"])
def test_a_record_that_is_a_plate_is_checked_as_one(plate: str) -> None:
    of = ("transport", "机动车登记")
    quick, long = both_ways(*export_of(*of), {**USUAL[of][0], "号牌号码": plate})
    assert (quick, type(long)) == (None, Bad)


def test_a_line_that_lacks_cells_or_a_column_is_left_to_the_long_way() -> None:
    department, export = export_of("police", "户籍变动")
    contract, header = contracts()[export.topic], tuple(MOVED_IN)
    quick = QuickLines(export, header, contract, KEY, 7, None)
    assert quick(1, list(MOVED_IN.values())[:-1], NOW) is None
    without = {name: cell for name, cell in MOVED_IN.items() if name != "户号"}
    assert both_ways(department, export, without)[0] is None


def test_an_event_that_lies_ahead_and_a_child_that_is_not_born_are_left_to_the_long_way() -> None:
    department, export = export_of("police", "户籍变动")
    for column, cell in (("登记时间", "2199-01-01"), ("公民身份号码", "990000219901010011")):
        quick, _ = both_ways(department, export, {**MOVED_IN, column: cell})
        assert quick is None
