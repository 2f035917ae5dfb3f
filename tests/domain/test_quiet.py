"""A department that falls silent: what rests on its silence is unknown, and is judged anew when it speaks."""

import random
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataplane import PartitionRows
from domain.event import Event
from domain.rule import Rule
from domain.rules.newly_let import RULE as NEWLY_LET
from domain.step import FORGET_RESOLVED_AFTER, is_unknown, judged_unknown, settle
from domain.time import DAY
from stream_apps.doubt import DoubtIndex
from tests.domain.story import History, noon
from tests.domain.strategies import INSTANTS, histories
from tests.golden.city import LIVE_SINCE, NOW, golden_city
from tests.golden.in_memory import ALL_RULES, ALL_VIEWS, City
from wire.contracts import contracts

DOORS, SCHOOLS, NEVER_QUIET = "doors", "schools", "never-quiet"
TOPICS = (DOORS, SCHOOLS)
NEEDS = (
    frozenset[str](),
    frozenset({DOORS}),
    frozenset({SCHOOLS}),
    frozenset({DOORS, SCHOOLS}),
    frozenset({NEVER_QUIET}),
)
Tick = tuple[int, frozenset[str]]
LISTENING = {NEWLY_LET.name: replace(NEWLY_LET, needs=frozenset({DOORS}))}
QUIET_SETS = (frozenset[str](), frozenset({DOORS}), frozenset({SCHOOLS}), frozenset({DOORS, SCHOOLS, "others"}))


def needing(seed: int) -> dict[str, Rule]:
    """All rules, each needing some of the topics."""
    draw = random.Random(seed)
    return {name: replace(rule, needs=draw.choice(NEEDS)) for name, rule in ALL_RULES.items()}


# --- stories ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def city() -> History:
    return History(rules=LISTENING)


def said(city: History) -> list[tuple[str, bool]]:
    return [(alert.state, alert.unknown) for alert in city.said]


def test_an_open_finding_becomes_unknown_and_opens_again_as_the_one_it_was(city: History) -> None:
    city.let("lease-1", "2026-03-01")
    city.finish(noon("2026-03-01"))
    city.finish(noon("2026-03-05"), {DOORS})
    city.finish(noon("2026-03-06"), {DOORS})
    city.finish(noon("2026-03-09"))
    assert said(city) == [("opened", False), ("held", True), ("opened", False)]
    assert {alert.opened_at for alert in city.said} == {noon("2026-03-01")}
    assert len({(alert.why_zh, alert.because, alert.respond_within) for alert in city.said}) == 1


def test_what_is_found_in_silence_opens_when_the_topic_speaks_and_not_before(city: History) -> None:
    city.finish(noon("2026-02-01"), {DOORS})
    city.let("lease-1", "2026-03-01")
    city.finish(noon("2026-03-01"), {DOORS, "others"})
    city.finish(noon("2026-03-05"), {"others"})
    assert said(city) == [("held", True), ("opened", False)]
    assert [alert.opened_at for alert in city.said] == [noon("2026-03-01"), noon("2026-03-05")]
    assert (city.said[-1].respond_within, city.said[-1].respond_unit) == (3, "working_day")


def test_what_was_said_meanwhile_ends_it(city: History) -> None:
    city.let("lease-1", "2026-03-01", until="2026-04-01")
    city.finish(noon("2026-03-01"))
    city.finish(noon("2026-03-05"), {DOORS})
    city.finish(noon("2026-04-02"), {DOORS})
    assert said(city) == [("opened", False), ("held", True), ("resolved", False)]
    city.finish(noon("2026-04-03"))
    assert len(city.said) == 3


def test_what_is_older_than_going_live_stays_held_when_the_topic_speaks() -> None:
    city = History(live_since=noon("2026-06-01"), rules=LISTENING)
    city.let("lease-1", "2026-03-01")
    city.finish(noon("2026-06-02"), {DOORS})
    city.finish(noon("2026-06-03"))
    assert said(city) == [("held", True), ("held", False)]


def test_another_topics_silence_changes_nothing(city: History) -> None:
    city.let("lease-1", "2026-03-01")
    city.finish(noon("2026-03-01"), {SCHOOLS})
    city.finish(noon("2026-03-02"))
    city.finish(noon("2026-03-03"), {SCHOOLS})
    assert said(city) == [("opened", False)]


def test_an_older_tick_that_comes_late_does_not_bring_its_silence(city: History) -> None:
    city.let("lease-1", "2026-03-01")
    city.finish(noon("2026-03-02"))
    city.tick(noon("2026-03-01"), {DOORS})
    assert said(city) == [("opened", False)]


# --- the law ---------------------------------------------------------------------------------------------------------

quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ticks = st.lists(st.tuples(st.sampled_from(INSTANTS), st.sampled_from(QUIET_SETS)), max_size=6)


def played(
    history: list[tuple[str, Event]],
    seed: int,
    rules: dict[str, Rule],
    live_since: int,
    told: Iterable[Tick],
) -> City:
    """The history in batches, with some of the ticks in between; the last word is left to the caller."""
    city, draw = City(live_since, rules), random.Random(seed)
    clock = sorted(told, key=lambda tick: tick[0])
    for each in range(0, len(history), 4):
        city.play(history[each : each + 4], draw, 3, [])
        if clock and draw.random() < 0.5:
            city.tick(*clock.pop(0))
    return city


@quick
@given(
    history=histories(longest=30),
    draw=st.randoms(use_true_random=False),
    seed=st.integers(0, 99),
    live_since=st.sampled_from(INSTANTS[:8]),
    told=ticks,
    last=st.sampled_from(QUIET_SETS),
)
def test_what_is_unknown_is_a_function_of_the_events_and_the_last_tick(
    history: list[tuple[str, Event]],
    draw: random.Random,
    seed: int,
    live_since: int,
    told: list[Tick],
    last: frozenset[str],
) -> None:
    rules, other = needing(seed), [*history, draw.choice(history)]
    draw.shuffle(other)
    here, there = played(history, seed, rules, live_since, []), played(other, seed + 1, rules, live_since, told)
    for city in (here, there):
        city.finish(max(INSTANTS), last)
        assert_level_triggered(city, rules, live_since, last)
    assert standing(here) == standing(there)


def standing(city: City) -> dict[str, tuple[Any, ...]]:
    """What the last alert of each standing finding says, but for when."""
    return {
        at: (alert.state.replace("changed", "opened"), alert.unknown, alert.why_zh, alert.because, alert.dwelling)
        for at, alert in city.alerts.items()
        if alert.state != "resolved"
    }


def assert_level_triggered(city: City, rules: dict[str, Rule], live_since: int, quiet: frozenset[str]) -> None:
    assert city.now is not None
    for alert in city.alerts.values():
        if alert.state != "resolved":
            unknown = bool(rules[alert.rule].needs & quiet)
            assert alert.unknown == unknown
            old = max(source.occurred_at for source in alert.because) < live_since
            assert (alert.state == "held") == (unknown or old)
    for name, view in ALL_VIEWS.items():
        of_view = [rule for rule in rules.values() if rule.view == name]
        for row in city.rows[name].values():
            again = settle(view, of_view, row, city.now, live_since, (), quiet)
            assert (again.row, [*again.alerts], [*again.contributions]) == (row, [], [])


@pytest.mark.parametrize("seed", range(2))
def test_in_a_golden_city_what_rests_on_a_quiet_topic_is_unknown(seed: int) -> None:
    """Random events find next to nothing; this city was made so that the rules do."""
    rules = needing(seed)
    subjects = {topic: contract.subject for topic, contract in contracts().items()}
    statements = golden_city(300 + seed, residents=200, events=2_800)
    city = City(LIVE_SINCE, rules)
    city.play([(subjects[said.topic], Event(*said)) for said in statements], random.Random(seed), 40, ())
    for turn, quiet in enumerate((*QUIET_SETS, *QUIET_SETS)):
        city.finish(NOW + turn, quiet)
        standing_now = [alert for alert in city.alerts.values() if alert.state != "resolved"]
        assert {alert.unknown for alert in standing_now} == ({True, False} if quiet else {False})
        for alert in standing_now:
            assert alert.unknown == bool(rules[alert.rule].needs & quiet), alert.rule
            assert not (alert.unknown and alert.state == "opened")


# --- exactly the rows that are concerned -----------------------------------------------------------------------------


@quick
@given(history=histories(longest=40), seed=st.integers(0, 99), told=ticks, data=st.data())
def test_exactly_the_rows_whose_findings_are_affected_are_judged_again(
    history: list[tuple[str, Event]], seed: int, told: list[Tick], data: st.DataObject
) -> None:
    """Also of an index that is built anew, as after a restart."""
    rules = needing(seed)
    city = played(history, seed, rules, 0, told)
    city.finish(max(INSTANTS), data.draw(st.sampled_from(QUIET_SETS)))
    for name, view in ALL_VIEWS.items():
        of_view = [rule for rule in rules.values() if rule.view == name]
        rows = PartitionRows[Any]("rows", 0, lambda _: b"", lambda *_: None)
        rows.restore({key.encode(): row for key, row in city.rows[name].items()})
        index = DoubtIndex(rows, of_view)
        for quiet in data.draw(st.lists(st.sampled_from(QUIET_SETS), min_size=1, max_size=4)):
            wanted = affected(rows, rules, quiet)
            assert affected_by(DoubtIndex(rows, of_view), quiet) == wanted, "after a restart"
            asked = dict(index.misjudged(quiet))
            assert asked.keys() == wanted
            for key, row in asked.items():
                outcome = settle(view, of_view, row, max(INSTANTS), 0, (), quiet)
                assert outcome.alerts, "what is judged again says something"
                rows.put(key, outcome.row)
                index.note(key, outcome.row)
            assert affected(rows, rules, quiet) == set()
            assert dict(index.misjudged(quiet)) == {}


def affected(rows: PartitionRows[Any], rules: dict[str, Rule], quiet: frozenset[str]) -> set[bytes]:
    """By looking at every finding of every row."""
    return {
        key
        for key, row in rows.items()
        for noted in row.bookkeeping.findings
        if judged_unknown(noted) not in (None, is_unknown(rules[noted.rule], quiet))
    }


def affected_by(index: DoubtIndex, quiet: frozenset[str]) -> set[bytes]:
    return {key for key, _ in index.misjudged(quiet)}


def test_a_row_that_cannot_be_put_is_not_asked_for_at_every_tick(city: History) -> None:
    city.let("lease-1", "2026-03-01")
    city.finish(noon("2026-03-01"))
    rows = PartitionRows[Any]("rows", 0, lambda _: b"", lambda *_: None)
    rows.restore({key.encode(): row for key, row in city.rows["dwelling"].items()})
    index = DoubtIndex(rows, list(LISTENING.values()))
    assert len(list(index.misjudged({DOORS}))) == 1
    assert list(index.misjudged({DOORS})) == []
    (key, row), *_ = rows.items()
    index.note(key, row)
    assert len(list(index.misjudged({DOORS}))) == 1, "once something is said of it, it is"


def test_a_row_whose_finding_has_ended_is_left_alone(city: History) -> None:
    city.let("lease-1", "2026-03-01", until="2026-04-01")
    city.finish(noon("2026-03-01"))
    rows = PartitionRows[Any]("rows", 0, lambda _: b"", lambda *_: None)
    rows.restore({key.encode(): row for key, row in city.rows["dwelling"].items()})
    index = DoubtIndex(rows, list(LISTENING.values()))
    city.finish(noon("2026-04-02"))
    for key, row in city.rows["dwelling"].items():
        rows.put(key.encode(), row)
        index.note(key.encode(), row)
    assert list(index.misjudged({DOORS})) == []


def test_a_resolved_finding_is_forgotten_whoever_is_quiet(city: History) -> None:
    city.let("lease-1", "2026-03-01", until="2026-04-01")
    city.finish(noon("2026-03-02"), {DOORS})
    city.finish(noon("2026-04-02"), {DOORS})
    city.finish(noon("2026-04-02") + FORGET_RESOLVED_AFTER + DAY, {DOORS})
    assert city.alerts == {}


# --- what rules need -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ALL_RULES.values(), ids=lambda rule: rule.name)
def test_a_rule_needs_topics_that_there_are_and_none_that_its_own_tasks_make_speak(rule: Rule) -> None:
    """A finding that waits for what only its task brings about would wait for ever."""
    known = contracts()
    assert rule.needs <= known.keys()
    assert {topic for topic in rule.needs if known[topic].department == "grid"} == set()
