"""The golden city through `domain/`: rows and alerts equal a plain recomputation, whatever order and batches."""

import random
from functools import cache

import pytest

from domain.event import Event
from tests.golden.city import DAY, LIVE_SINCE, NOW, SMALL, WHOLE, Said, golden_city
from tests.golden.city.said import EAST_8
from tests.golden.compare import differences, empty, plain, published, standing
from tests.golden.in_memory import ALL_RULES, ALL_VIEWS, City
from tests.golden.recompute import RECOMPUTED, Answer, recompute
from wire.contracts import contracts

SUBJECTS = {topic: contract.subject for topic, contract in contracts().items()}


@cache
def answer(seed: int, residents: int, events: int) -> tuple[list[Said], Answer]:
    statements = golden_city(seed, residents, events)
    return statements, recompute(statements, NOW, LIVE_SINCE)


def as_events(statements: list[Said]) -> list[tuple[str, Event]]:
    return [(SUBJECTS[statement.topic], Event(*statement)) for statement in statements]


def assert_equal(city: City, wanted: Answer) -> None:
    assert wanted.rows.keys() <= ALL_VIEWS.keys()
    for view in wanted.rows:  # a view that is not recomputed (tests/golden/recompute/) has the laws only
        fields = next(iter(wanted.rows[view].values()))
        rows = {key: published(row, fields) for key, row in city.rows[view].items()}
        got = {key: row for key, row in rows.items() if not empty(row)}
        different = differences(got, wanted.rows[view])
        assert not different, f"{view}: {different}"
    different = differences(standing(map(plain, city.alerts.values())), wanted.alerts)
    assert not different


@pytest.mark.rare
def test_the_golden_city_itself_has_what_makes_merging_hard() -> None:
    statements, wanted = answer(3, *WHOLE)
    slots = {(s.subject, s.topic, s.record, s.kind) for s in statements}
    assert len(statements) == len({s.event_id for s in statements}) == WHOLE[1]
    assert {s.topic for s in statements} == set(SUBJECTS)
    assert {s.kind for s in statements} == {kind for contract in contracts().values() for kind in contract.kinds}
    assert len(slots) < WHOLE[1] * 9 // 10, "thousands of corrections and withdrawals"
    assert sum(s.withdrawn for s in statements) > 3_000
    assert len({(s.subject, s.topic, s.record, s.kind, s.recorded_at) for s in statements}) < len(statements), "ties"
    states = {(rule, alert["state"]) for (rule, _, _), alert in wanted.alerts.items()}
    assert {rule for rule, state in states if state == "open"} == RECOMPUTED <= set(ALL_RULES)
    held = {rule for rule, state in states if state == "held"}
    assert held >= {"benefit-for-dead", "car-and-benefit", "newly-let", "over-occupied", "button-sos"}
    assert "elder-alone" not in held, "a duty of today is not held back because the facts are old"
    assert any(row["disagreements"] for row in wanted.rows["household"].values())


@pytest.mark.rare
def test_the_whole_golden_city_as_it_was_recorded() -> None:
    statements, wanted = answer(3, *WHOLE)
    city = City(LIVE_SINCE)
    city.play(as_events(statements), random.Random(1), largest=400, ticks=range(LIVE_SINCE, NOW, 20 * DAY))
    city.finish(NOW)
    assert_equal(city, wanted)


def test_a_city_whose_offices_write_down_days_only() -> None:
    """Thousands of statements tie in both times: the table, the sequence and the content decide, in any order."""
    by_id = {}
    for statement in golden_city(7, *SMALL):
        days = {
            name: (getattr(statement, name) + EAST_8) // DAY * DAY - EAST_8 for name in ("occurred_at", "recorded_at")
        }
        only_days = statement.renewed(**days)
        by_id[only_days.event_id] = only_days
    statements = list(by_id.values())
    wanted = recompute(statements, NOW, LIVE_SINCE)
    draw = random.Random(7)
    events = as_events(statements)
    draw.shuffle(events)
    city = City(LIVE_SINCE)
    city.play(events, draw, 50, ticks=range(LIVE_SINCE, NOW, 90 * DAY))
    city.finish(NOW)
    assert_equal(city, wanted)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("way", ["in order", "shuffled", "backwards", "every tenth doubled"])
def test_other_cities_by_other_ways(seed: int, way: str) -> None:
    statements, wanted = answer(100 + seed, *SMALL)
    draw = random.Random(seed)
    events = as_events(statements)
    if way == "shuffled":
        draw.shuffle(events)
    if way == "backwards":
        events.reverse()
    if way == "every tenth doubled":
        events += [draw.choice(events) for _ in range(len(events) // 10)]
        draw.shuffle(events)
    city = City(LIVE_SINCE)
    city.play(events, draw, draw.choice((1, 7, 300)), ticks=range(LIVE_SINCE, NOW, draw.choice((9, 90)) * DAY))
    city.finish(NOW)
    assert_equal(city, wanted)


def test_the_clock_alone_turns_findings() -> None:
    """Benefits and leases begin and end after the last event: each day's alerts are those of that day."""
    statements, _ = answer(100, *SMALL)
    city = City(LIVE_SINCE)
    city.play(as_events(statements), random.Random(0), 300, ticks=())
    for day in range(0, 500, 25):
        city.finish(NOW + day * DAY)
        wanted = recompute(statements, NOW + day * DAY, LIVE_SINCE).alerts
        different = differences(standing(map(plain, city.alerts.values())), wanted)
        assert not different


def test_the_same_city_again_says_nothing() -> None:
    """Everything published once more, and the clock standing still: no alert, no contribution."""
    statements, _ = answer(101, *SMALL)
    city = City(LIVE_SINCE)
    for _ in range(2):
        city.play(as_events(statements), random.Random(0), 300, ticks=())
        city.finish(NOW)
        before, city.said = city.said, []
    assert before == []
