"""How long there is to respond to a finding, and by which clock. Until when that is, only the database says: it knows
when its task was dispatched and how long it was suspended (docs/decisions/0035-due-and-route.md).
"""

from typing import Literal, NamedTuple

Unit = Literal["minute", "working_minute", "working_day"]


class ServiceTime(NamedTuple):
    """`amount` of `unit`: `minute` counts day and night; the others count while offices are open, a `working_day` as
    many hours as an office is open on a day."""

    amount: int
    unit: Unit


def plain_minutes(count: int) -> ServiceTime:
    """`count` minutes, nights and holidays included."""
    return ServiceTime(count, "minute")


def plain_hours(count: int) -> ServiceTime:
    """`count` hours, nights and holidays included."""
    return ServiceTime(count * 60, "minute")


def working_hours(count: int) -> ServiceTime:
    """`count` hours in which offices are open."""
    return ServiceTime(count * 60, "working_minute")


def working_days(count: int) -> ServiceTime:
    """`count` days on which offices are open."""
    return ServiceTime(count, "working_day")
