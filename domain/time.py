"""Instants, days and lengths of time. An instant is an int of microseconds since 1970-01-01 UTC, a day an int of days.

A date means midnight in Asia/Shanghai (which knew summer time from 1986 to 1991). Nothing here reads a clock.
"""

from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from functools import lru_cache
from zoneinfo import ZoneInfo

CITY = ZoneInfo("Asia/Shanghai")
_EPOCH = date(1970, 1, 1)
SECOND = 1_000_000
DAY = 86_400 * SECOND
_MOSTLY = 8 * 3600 * SECOND
"""By how much the city's clock is ahead of UTC; not in some summers, nor before 1901."""


def minutes(count: float) -> int:
    """`count` minutes in microseconds."""
    return int(count * 60 * SECOND)


def hours(count: float) -> int:
    """`count` hours in microseconds."""
    return int(count * 3600 * SECOND)


@lru_cache(maxsize=65_536)
def midnight(day: int) -> int:
    """The instant at which `day` (days since 1970-01-01) begins in the city."""
    return int(datetime.combine(_EPOCH + timedelta(days=day), time_of_day(), CITY).timestamp()) * SECOND


def day_of(instant: int) -> int:
    """The city's local day in which `instant` lies."""
    day = (instant + _MOSTLY) // DAY
    if midnight(day) <= instant < midnight(day + 1):
        return day
    return (datetime.fromtimestamp(instant // SECOND, CITY).date() - _EPOCH).days


def iso_day(day: int) -> str:
    """`day` as YYYY-MM-DD."""
    return (_EPOCH + timedelta(days=day)).isoformat()


def years_later(day: int, years: int) -> int:
    """The same day of the calendar `years` later; after 29 February the first of March where there is no such day."""
    then = _EPOCH + timedelta(days=day)
    try:
        then = then.replace(year=then.year + years)
    except ValueError:
        then = date(then.year + years, 3, 1)
    return (then - _EPOCH).days
