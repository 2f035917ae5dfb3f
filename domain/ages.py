"""Ages, by the city's calendar. Days are ints since 1970-01-01."""

from domain.time import years_later

ELDER_FROM_AGE = 60
"""Years. Source: docs/decisions/0013-rules-of-the-day.md"""


def birthday(born: int, age: int) -> int:
    """The day on which somebody born on the day `born` turns `age`: for one born on 29 February the first of March
    where there is no such day."""
    return years_later(born, age)
