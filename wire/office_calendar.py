"""The days on which offices work, and on which they are closed for a public holiday, as the State Council arranges
them for each year.

`chinesecalendar` holds them. An ordinary weekend is none: a contract's limit allows for those. The days off around a
holiday are, and the weekend days that are worked in exchange are not.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import chinese_calendar

from domain.time import DAY, day_of, midnight

_EPOCH = date(1970, 1, 1)
LONGEST = 60 * DAY
"""Nobody is closed for longer in a year: what is silent for so long beyond its limit is silent."""


@lru_cache(maxsize=4_096)
def is_holiday(day: int) -> bool:
    """Whether offices are closed on `day` (days since 1970-01-01) for a holiday. A year that is not known has none."""
    try:
        _, name = chinese_calendar.get_holiday_detail(_EPOCH + timedelta(days=day))
    except NotImplementedError:
        return False
    return name is not None and chinese_calendar.is_holiday(_EPOCH + timedelta(days=day))


def holiday_time(begin: int, end: int) -> int:
    """Microseconds of holidays between two instants (microseconds UTC)."""
    days = range(day_of(begin), day_of(end) + 1)
    return sum(max(0, min(end, midnight(day + 1)) - max(begin, midnight(day))) for day in days if is_holiday(day))


def known_until() -> int:
    """The instant at which the last year ends whose holidays are known, microseconds UTC."""
    year = max(chinese_calendar.constants.holidays).year
    return midnight((date(year + 1, 1, 1) - _EPOCH).days)


def works_on(day: date) -> bool:
    """Whether offices work on `day`; a year that is not known has no holidays."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


@lru_cache(maxsize=1)
def known_days() -> tuple[date, list[bool]]:
    """The first day of the years whose arrangement is known, and for each day from there on whether offices work."""
    years = sorted({day.year for day in chinese_calendar.constants.holidays})
    first, end = date(years[0], 1, 1), date(years[-1] + 1, 1, 1)
    days = (first + timedelta(days=number) for number in range((end - first).days))
    return first, [chinese_calendar.is_workday(day) for day in days]
