"""What each department's register says of a building of the demo city: ONE FILE PER DEPARTMENT, exporting `REGISTER`.

A register draws from a seed of its own, so that a further one leaves the others as they are. It says what happened up
to the city's `today`; what goes on happening is the day's (demo/day.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, NamedTuple

from demo.city import Building, DemoCity
from domain.time import hours, midnight
from producers.publish import Statement

EPOCH = date(1970, 1, 1)
Day = date | int
"""A day, or an instant in microseconds UTC."""


class TopicStatement(NamedTuple):
    """A statement and its contract."""

    topic: str
    statement: Statement


class Register(NamedTuple):
    """`name`: the department's."""

    name: str
    say: Callable[[DemoCity, Building], Iterator[TopicStatement]]


def statement(topic: str, kind: str, record: str, subject: str, when: Day, /, **change: Any) -> TopicStatement:
    """A statement of what happened `when` (a day: at its midnight). Dates become days; what is None is left out."""
    instant = when if isinstance(when, int) else moment(when)
    values = {
        name: (value - EPOCH).days if isinstance(value, date) else value
        for name, value in change.items()
        if value is not None
    }
    return TopicStatement(topic, Statement(kind, record, subject, instant, instant, values))


def moment(day: date, hour: float = 0) -> int:
    """An hour of a day in the city, in microseconds UTC."""
    return midnight((day - EPOCH).days) + hours(hour)
