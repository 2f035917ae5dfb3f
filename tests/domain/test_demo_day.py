"""The demo's day: everything in the order of time, the same to the byte, told as its contracts take it."""

from collections import Counter
from datetime import date
from itertools import islice, pairwise

import pytest

from demo.city import DemoCity
from demo.day import Day, Happening
from demo.swipes import IN, OUT, from_now_on
from domain.time import DAY, SECOND, midnight
from producers.publish.export_file import Rehearsal
from runtime.settings import Settings

TODAY = date(2026, 3, 3)
MORNING = midnight((TODAY - date(1970, 1, 1)).days) + 9 * 3_600 * SECOND
SPEED = 60.0


@pytest.fixture(scope="module")
def city() -> DemoCity:
    return DemoCity(11, 600, date(2026, 3, 2))


@pytest.fixture(scope="module")
def happenings(city: DemoCity) -> list[Happening]:
    return list(Day(city, MORNING, SPEED).happenings())


def test_the_same_city_beginning_and_speed_is_the_same_day_to_the_byte(
    city: DemoCity, happenings: list[Happening]
) -> None:
    day = "\n".join(happening.line() for happening in happenings)
    again = DemoCity(11, 600, date(2026, 3, 2))
    assert "\n".join(happening.line() for happening in Day(again, MORNING, SPEED).happenings()) == day
    for other in (Day(city, MORNING + SECOND, SPEED), Day(city, MORNING, 120.0)):
        assert "\n".join(happening.line() for happening in other.happenings()) != day


def test_a_day_is_as_long_as_its_speed_says_and_nothing_is_stated_ahead_of_its_instant(
    happenings: list[Happening],
) -> None:
    assert all(one.second <= other.second and one.moment <= other.moment for one, other in pairwise(happenings))
    assert all(MORNING <= happening.moment <= MORNING + DAY / SPEED for happening in happenings)
    assert all(happening.stated.statement.occurred_at == happening.moment for happening in happenings)


def test_every_happening_is_a_statement_that_its_contract_takes(happenings: list[Happening]) -> None:
    door = Rehearsal(Settings(_env_file=None))
    records: Counter[tuple[str, str]] = Counter()
    for happening in happenings:
        ready = door.ready(*happening.stated)
        records[happening.stated.topic, ready.event_id] += 1
    assert records.total() == len(records), "no event is stated twice"


def test_without_a_story_doors_are_passed_at_their_real_hour_from_one_day_to_the_next(city: DemoCity) -> None:
    evening = MORNING + 9 * 3_600 * SECOND
    coming = list(islice(from_now_on(city, evening), 700))
    assert all(one[0] <= other[0] for one, other in pairwise(coming))
    assert coming[0][0] - evening < 600 * SECOND
    assert coming[-1][0] > evening + DAY / 2, "the next day's come too"
    assert all(moment == stated.statement.occurred_at >= evening for moment, stated in coming)


def test_everybody_with_a_device_comes_and_goes_and_the_story_is_told_in_its_order(
    city: DemoCity, happenings: list[Happening]
) -> None:
    swipes = [happening for happening in happenings if happening.stated.topic == "door-access.swipe"]
    doors = {home.number for building in city.buildings() for home in building.dwellings if home.device}
    seen = Counter(happening.stated.statement.subject for happening in swipes)
    assert set(seen) <= doors
    assert len(seen) >= len(doors) * 0.9
    for happening in swipes:
        assert happening.second // 3_600 in (OUT if happening.stated.statement.kind == "SwipedOut" else IN)
    titles = [happening.title for happening in happenings if happening.title]
    assert titles[0] == "暴雨橙色预警"
    assert titles.index("暴雨预警解除") < titles.index("加固危房已查看") < titles.index("老人按下 SOS")
    assert len(titles) == 13
