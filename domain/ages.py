"""Ages, by the city's calendar. Days are ints since 1970-01-01."""

from datetime import date, timedelta

ELDER_FROM_AGE = 60
"""Years. Source: docs/decisions/0013-rules-of-the-day.md"""
_EPOCH = date(1970, 1, 1)


def birthday(born: int, age: int) -> int:
    """The day on which somebody born on the day `born` turns `age`: for one born on 29 February the first of March
    where there is no such day."""
    day = _EPOCH + timedelta(days=born)
    try:
        turned = day.replace(year=day.year + age)
    except ValueError:
        turned = date(day.year + age, 3, 1)
    return (turned - _EPOCH).days
