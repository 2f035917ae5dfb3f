"""How long rows keep what happens at a moment: passages of a door, presses of a button, visits.

Such a statement goes by the clock, by when it was *recorded*: whatever goes is older by that time than all that stays,
so a late older version brings nothing back and a row remains a function of what was stated and of `now`
(docs/decisions/0031-retention.md). The lengths are those of the contracts' `retention`, by test.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from domain.keys import itself
from domain.time import day_of, midnight, years_later

_EPOCH = date(1970, 1, 1)


class Kept(NamedTuple):
    """A length of time in whole local days of the city: `years` of the calendar and then `days`."""

    years: int = 0
    days: int = 0

    def until(self, instant: int) -> int:
        """The midnight at which what was recorded, or ended, at `instant` goes. Microseconds UTC."""
        return midnight(_goes_on(self, day_of(instant)))

    def since(self, now: int) -> int:
        """The instant from which on all that was recorded is kept at `now`: `instant >= since(now)` if, and only if,
        `now < until(instant)`."""
        return midnight(_first_kept(self, day_of(now)))


@lru_cache(maxsize=65_536)
def _goes_on(length: Kept, day: int) -> int:
    return years_later(day, length.years) + length.days


@lru_cache(maxsize=256)
def _first_kept(length: Kept, today: int) -> int:
    day = _EPOCH + timedelta(days=today - length.days)
    try:
        before = day.replace(year=day.year - length.years)
    except ValueError:  # 29 February of another year: what was recorded a day before went yesterday
        before = date(day.year - length.years, 2, 28)
    return (before - _EPOCH).days + 1


SWIPES = Kept(days=31)
"""The day of recording included. docs/decisions/0012-door-swipes.md"""
PRESSES = Kept(years=3)
"""Calls by a bracelet's buttons, and the desk's answers."""
VISITS = Kept(years=5)
"""What grid workers saw and did, and what they were instructed to: each is a visit's matter."""

NOTHING_GOES: Mapping[str, Kept] = MappingProxyType({})


def without_old(row: Any, kept: Mapping[str, Kept], now: int) -> dict[str, Any]:
    """The facts of `row` among `kept` that hold something too old at `now`, without it."""
    changed: dict[str, Any] = {}
    for name, length in kept.items():
        if fact := getattr(row, name):
            since = length.since(now)
            left = tuple([statement for statement in fact if statement.recorded_at >= since])
            if len(left) < len(fact):
                changed[name] = left
    return changed


def topics_without_old(other: Any, moments: Mapping[str, Kept], now: int) -> Any:
    """`other` (statements of which a row keeps the topic only) without those that are too old at `now`; `other` itself
    if none is. `moments`: topic → for how long what it states is kept; a topic that is not among them stays."""
    since = {topic: length.since(now) for topic, length in moments.items()}
    left = tuple([held for held in other if held.value not in since or held.recorded_at >= since[held.value]])
    return left if len(left) < len(other) else other


def next_topic_to_go(other: Any, moments: Mapping[str, Kept]) -> int | None:
    """The midnight at which the first of those statements goes; None if none ever does."""
    instants = [moments[held.value].until(held.recorded_at) for held in other if held.value in moments]
    return min(instants, key=itself, default=None)


def next_to_go(row: Any, kept: Mapping[str, Kept]) -> int | None:
    """The midnight at which the oldest statement of the facts among `kept` goes; None if there is none."""
    instants = [
        length.until(min((statement.recorded_at for statement in fact), key=itself))
        for name, length in kept.items()
        if (fact := getattr(row, name))
    ]
    return min(instants, key=itself, default=None)
