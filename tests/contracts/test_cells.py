"""Cells as offices write them: each form of a date, full-width digits, money, words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.publish import cells
from producers.publish.cells import Unfit
from tests.contracts.people import full_width

DATES = st.dates(min_value=date(1850, 1, 1), max_value=date(2199, 12, 31))
FIRST, LAST = (datetime(year, 1, 1, tzinfo=None) for year in (1992, 2100))  # noqa: DTZ001 (local times)
FORMS: list[Callable[[date], str]] = [
    lambda d: f"{d:%Y%m%d}",
    lambda d: f"{d:%Y-%m-%d}",
    lambda d: f"{d.year}-{d.month}-{d.day}",
    lambda d: f"{d.year}/{d.month}/{d.day}",
    lambda d: f"{d:%Y/%m/%d}",
    lambda d: f"{d.year}.{d.month}.{d.day}",
    lambda d: f"{d.year}年{d.month}月{d.day}日",
    lambda d: f"{d:%Y年%m月%d日}",
]


@settings(deadline=None)
@given(DATES, st.sampled_from(FORMS), st.booleans())
def test_a_date_in_every_form(day: date, form: Callable[[date], str], wide: bool) -> None:
    cell = full_width(form(day)) if wide else form(day)
    assert cells.day(cell) == (day - date(1970, 1, 1)).days
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert cells.instant(cell) == round(midnight.timestamp()) * 1_000_000


@settings(deadline=None)
@given(st.datetimes(min_value=FIRST, max_value=LAST).map(lambda d: d.replace(microsecond=0)))
def test_a_time_in_every_form(moment: datetime) -> None:
    microseconds = round(moment.replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()) * 1_000_000
    for cell in (
        f"{moment:%Y-%m-%d %H:%M:%S}",
        f"{moment:%Y/%m/%d %H:%M:%S}",
        f"{moment:%Y%m%d%H%M%S}",
        f"{moment:%Y-%m-%dT%H:%M:%S}+08:00",
        f"{moment.year}年{moment.month}月{moment.day}日 {moment.hour}时{moment.minute}分{moment.second}秒",
        full_width(f"{moment:%Y-%m-%d}") + f" {moment:%H:%M:%S}",
    ):
        assert cells.instant(cell) == microseconds, cell
    assert cells.instant(f"{moment:%Y-%m-%dT%H:%M:%S}Z") == round(moment.replace(tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    "cell", ["2026-02-30", "20261301", "25-12-30", "1987", "30/01/2026", "明天", "2026-01-31 25:00", "0001-01-01"]
)
def test_what_is_no_date(cell: str) -> None:
    with pytest.raises(Unfit) as refused:
        cells.instant(cell)
    assert cell not in str(refused.value)


def test_dates_mean_midnight_of_the_city_even_in_its_summer_times() -> None:
    assert cells.instant("1988-07-01") == round(datetime(1988, 6, 30, 15, tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("convert", "cell", "value"),
    [
        (cells.yuan, "1,234.50", 123450),
        (cells.yuan, "1234.5元", 123450),
        (cells.yuan, "0.29", 29),
        (cells.yuan, "-12", -1200),
        (cells.yuan, "¥88", 8800),
        (cells.decimal, "86.5㎡", 86.5),
        (cells.whole, "3间", 3),
        (cells.period, "202601", "2026-01"),
        (cells.period, "2026年1月", "2026-01"),
        (cells.period, "2026年第一季度", "2026-Q1"),
        (cells.period, "2026Q4", "2026-Q4"),
        (cells.period, "2026年", "2026"),
        (cells.phone, "020-8888 0000", "02088880000"),
        (cells.flag, "是", True),
        (cells.flag, "否", False),
        (cells.district, "天河区", "440106"),
        (cells.district, "440106", "440106"),
        (cells.identities, "1、2,3;4", ["1", "2", "3", "4"]),
        (cells.identity, "'11010519491231002X", "11010519491231002X"),
    ],
)
def test_a_cell(convert: Callable[[str], Any], cell: str, value: Any) -> None:
    assert convert(cell) == value
    if convert is not cells.identities:
        assert convert(full_width(cell)) == value


@pytest.mark.parametrize(
    ("convert", "cell"),
    [
        (cells.yuan, "12.345"),
        (cells.yuan, "1,23"),
        (cells.decimal, "NaN"),
        (cells.decimal, "1e999"),
        (cells.whole, "3.5"),
        (cells.period, "2026-13"),
        (cells.phone, "不详"),
        (cells.flag, "也许"),
        (cells.grid, "123"),
        (cells.choice({"a": "甲|乙"}), "丙"),
    ],
)
def test_an_unfit_cell_is_not_repeated(convert: Callable[[str], Any], cell: str) -> None:
    with pytest.raises(Unfit) as refused:
        convert(cell)
    assert cell not in str(refused.value)
