"""One seed: its history, what it must come to, and what differs."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from domain.event import Event
from domain.time import DAY, hours, midnight
from tests.golden.recompute import recompute, surviving
from tests.simulation.codecs import QUIETABLE, RULES
from tests.simulation.events import BASE, Author, Statement
from tests.simulation.outcome import Outcome, differ, differ_from_answer, kept_too_long, outcome_of
from tests.simulation.schedule import End, Schedule, Tick, quiet_topics
from tests.simulation.worker import Judging

_WAYS = 6
"""Schedules that are tried on a smaller history: its own may hide what differs."""


class Case(NamedTuple):
    """The statements of a seed, and how every schedule of them ends."""

    seed: int
    statements: tuple[Statement, ...]
    end: End


class Result(NamedTuple):
    """`differences`, a line each, empty if all is equal; `did` counts events, batches, commits, kills, restarts …"""

    differences: list[str]
    did: Counter[str]


def case_of(seed: int) -> Case:
    draw = Random(f"{seed} history")
    count = draw.choice((10, 30, 60, 100))
    statements = tuple(Author(draw).history(count))
    days = draw.choice((0, 3, 5, 7, 10, 31, 37, 91, 122, 370, 1100, 1829))
    now = midnight(BASE + days) + draw.choice((0, 1, hours(12)))
    rules = dict(RULES)
    if draw.random() < 0.3:
        for name in draw.sample(sorted(rules), 2):
            del rules[name]
    live_since = draw.choice((0, 0, midnight(BASE + 2), now))
    judging = Judging(tuple(rules.values()), live_since)
    return Case(seed, statements, End(judging, (now, quiet_topics(draw)), draw.randint(1, 3)))


def run(case: Case, way: str = "") -> Result:
    """Two schedules of the same events, one of the surviving events only, and the recomputation: all must be equal.
    `way`: other schedules than the seed's own."""
    did: Counter[str] = Counter()
    try:
        lines = _differences(case, way, did)
    except Exception as error:  # noqa: BLE001 (whatever ends a stage is what is looked for)
        lines = [f"a stage ended: {''.join(traceback.format_exception_only(error)).strip()} ({_where(error)})"]
    return Result(lines, did)


def smallest(case: Case) -> Case:
    """`case` with as few of its statements as still differ."""
    size = len(case.statements) // 2
    while size:
        start = 0
        while start < len(case.statements):
            fewer = case._replace(statements=case.statements[:start] + case.statements[start + size :])
            if fewer.statements and any(run(fewer, f"{way} ").differences for way in range(_WAYS)):
                case = fewer
            else:
                start += size
        size //= 2
    return case


def _differences(case: Case, way: str, did: Counter[str]) -> list[str]:
    events = [statement.event for statement in case.statements]
    schedule = _played(case, case.statements, way + "first", did)
    first = outcome_of(schedule.broker)
    if lines := _against_recomputation(case, first, events, case.end.tick):
        return lines
    later = _later(case)
    schedule.go_on(later)
    if lines := _against_recomputation(case, outcome_of(schedule.broker), events, later):
        return [f"days later, {line}" for line in lines]
    second = outcome_of(_played(case, case.statements, way + "second", did).broker)
    if lines := differ(second, first):
        return [f"against another schedule: {line}" for line in lines]
    kept = surviving(events)
    survivors = [statement for statement in case.statements if statement.event.event_id in kept]
    if len(survivors) == len(case.statements):
        return []
    third = outcome_of(_played(case, survivors, way + "third", did).broker)
    return [f"against the surviving events: {line}" for line in differ(third, first)]


def _later(case: Case) -> Tick:
    """Days after the end, or at its very instant, when other topics are quiet: nobody was started with those."""
    draw, (now, quiet) = Random(f"{case.seed} later"), case.end.tick
    later = now + draw.choice((0, 1, 30, 100, 400, 1096, 1827)) * DAY
    return later, quiet ^ set(draw.sample(QUIETABLE, draw.randint(1, 4)))


def _against_recomputation(case: Case, outcome: Outcome, events: Sequence[Event], tick: Tick) -> list[str]:
    (now, quiet), judging = tick, case.end.judging
    answer = recompute(events, now, judging.live_since, quiet, {rule.name for rule in judging.rules})
    lines = [f"against the recomputation: {line}" for line in differ_from_answer(outcome, answer)]
    return lines + kept_too_long(outcome, now)


def _played(case: Case, statements: Sequence[Statement], way: str, did: Counter[str]) -> Schedule:
    schedule = Schedule(statements, case.end, Random(f"{case.seed} {way}"))
    try:
        schedule.play()
    finally:
        did.update(schedule.did)
    return schedule


def _where(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.filename}:{frame.lineno} in {frame.name}"
