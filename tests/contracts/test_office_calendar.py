"""Golden Week makes no office quiet: on public holidays its silence does not count; a device's does."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from domain.time import CITY, DAY
from wire.contract_rules import ContractRefused, check_contract
from wire.contracts import Contract, contracts
from wire.freshness import allowed_seconds, quiet_topics
from wire.office_calendar import holiday_time, known_days, known_until

REGISTER, DOORS = "housing.dwelling-register", "door-access.swipe"
"""An office whose contract allows a day, and devices."""
EVE = datetime(2026, 9, 30, 17, tzinfo=CITY)  # Golden Week 2026: 1 to 7 October


def instant(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000


def quiet(newest: datetime, now: datetime, *topics: str) -> list[str]:
    known = {topic: contracts()[topic] for topic in topics}
    return quiet_topics(dict.fromkeys(topics, instant(newest) // 1_000), known, instant(now))


def test_an_office_is_not_quiet_because_of_golden_week_and_is_after_it() -> None:
    for day in range(1, 8):
        assert quiet(EVE, datetime(2026, 10, day, 23, 59, tzinfo=CITY), REGISTER) == []
    back = datetime(2026, 10, 8, tzinfo=CITY)
    assert quiet(EVE, back + timedelta(hours=16, minutes=59), REGISTER) == []
    assert quiet(EVE, back + timedelta(hours=17, minutes=1), REGISTER) == [REGISTER]


def test_devices_have_no_holiday() -> None:
    assert quiet(EVE, EVE + timedelta(hours=9), DOORS, REGISTER) == [DOORS]


def test_a_weekend_is_no_holiday_and_one_that_is_worked_in_exchange_neither() -> None:
    friday = datetime(2026, 11, 13, 18, tzinfo=CITY)
    assert quiet(friday, friday + timedelta(hours=25), REGISTER) == [REGISTER]
    worked = datetime(2026, 10, 10, tzinfo=CITY)  # a Saturday, in exchange for a day of Golden Week
    assert holiday_time(instant(worked), instant(worked + timedelta(days=1))) == 0


def test_a_topic_that_never_spoke_or_fell_silent_long_ago_is_quiet_on_a_holiday_too() -> None:
    holiday = datetime(2026, 10, 3, 12, tzinfo=CITY)
    assert quiet_topics({}, {REGISTER: contracts()[REGISTER]}, instant(holiday)) == [REGISTER]
    assert quiet(holiday - timedelta(days=90), holiday, REGISTER) == [REGISTER]


def test_what_is_quiet_is_counted_one_way_whoever_asks() -> None:
    """The pages' limit is the clock's: both add the holidays since the newest event."""
    now = instant(datetime(2026, 10, 5, 12, tzinfo=CITY))
    allowed = allowed_seconds(contracts()[REGISTER], instant(EVE) // 1_000, now)
    assert allowed * 1_000_000 == DAY + holiday_time(instant(EVE), now)
    assert holiday_time(instant(EVE), now) == 4 * DAY + DAY // 2


def test_how_far_the_holidays_are_known_is_said() -> None:
    """After that offices count as open; the State Council arranges a year in the autumn before it."""
    assert known_until() >= instant(datetime(2027, 1, 1, tzinfo=CITY))
    beyond = known_until() + 40 * DAY
    assert holiday_time(beyond, beyond + 30 * DAY) == 0


def test_a_contract_says_only_that_it_is_open() -> None:
    doors: Contract = contracts()[DOORS]
    assert doors.open_on_holidays
    closed = replace(doors.record, attributes={**doors.record.attributes, "on_holidays": "closed"})
    with pytest.raises(ContractRefused, match="on_holidays"):
        check_contract(doors.path, closed)


def test_the_days_that_are_known_are_whole_years_with_make_up_days() -> None:
    first, works = known_days()
    assert (first.month, first.day) == (1, 1)
    assert instant(datetime.combine(first, datetime.min.time(), CITY)) + len(works) * DAY >= known_until() - DAY
    works_on = {day: works[(date(2026, *day) - first).days] for day in ((9, 30), (10, 1), (10, 7), (10, 8), (10, 10))}
    assert works_on == {(9, 30): True, (10, 1): False, (10, 7): False, (10, 8): True, (10, 10): True}
