"""Somebody with a severe mental illness lives alone: a visit every day. Source: docs/decisions/0013-rules-of-the-day.md

Each day is a duty of its own: it is open until somebody has been met that day, and over at midnight.
"""

from collections.abc import Iterator

from domain.checks import RELATIVES_TOLD, SOMEONE_MET
from domain.contributions import ConditionHeld
from domain.living import alone, holds, next_of, perhaps_alone, turns
from domain.rule import Check, Finding, Rule, Text
from domain.service_time import plain_hours
from domain.time import day_of, iso_day, midnight
from domain.views.dwelling import Dwelling

CONDITION = "severe_mental"
WHY = Text("严重精神障碍患者独居，今日尚未走访", "lives alone with a severe mental illness, not visited today")


def check(home: Dwelling, now: int) -> Iterator[Finding]:
    reported = [condition for condition in _reports(home) if holds(condition, now)]
    person = alone(home, now) if reported else None
    if person is None:
        return
    today, newest = day_of(now), max(reported, key=lambda condition: (condition.effective_from, condition.source))
    if not home.visited_since(midnight(today)):
        cause = f"{newest.source.record} {iso_day(today)}"
        yield Finding(cause, WHY, (newest.source, person.source), arose=midnight(today))


def look_again(home: Dwelling, now: int) -> int | None:
    reports = _reports(home)
    if any(holds(condition, now) for condition in reports) and alone(home, now):
        return midnight(day_of(now) + 1)
    return next_of((*turns(reports), *home.lease_turns()), now) if reports else None


def _reports(home: Dwelling) -> list[ConditionHeld]:
    """What is reported of the only person here who is registered or staying."""
    person = perhaps_alone(home)
    return [] if person is None else [condition for condition in person.conditions if condition.condition == CONDITION]


RULE = Rule(
    "severe-mental-alone",
    title=Text("独居严重精神障碍患者", "severe mental illness, living alone"),
    view="dwelling",
    version=1,
    severity="today",
    domain="care",
    respond_within=plain_hours(18),  # from midnight: the evening of the same day
    check=check,
    look_again=look_again,
    resolved=Text(
        "今日已走访，或当日已过、不再独居、病情已解除", "visited, the day is over, or no longer alone or ill"
    ),
    checks=(
        SOMEONE_MET,
        Check("takes_medicine", Text("按时服药？", "Is medicine taken?")),
        Check("calm", Text("情绪平稳？", "Is the person calm?")),
        RELATIVES_TOLD,
    ),
)
