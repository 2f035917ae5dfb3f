"""What a recomputed finding says, and the calendar of the rules."""

from calendar import isleap
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tests.golden.recompute.standing import Facts, Plain

CITY = ZoneInfo("Asia/Shanghai")
EPOCH = date(1970, 1, 1)
Found = Iterator[tuple[tuple[str, str, str], Plain]]


class World(NamedTuple):
    """What the rules are asked about: statements by subject, rows by view and subject, the instant and its day."""

    facts: dict[str, Facts]
    rows: dict[str, dict[str, Plain]]
    now: int
    today: int


def alert(
    rule: str,
    severity: str,
    subject: str,
    cause: str,
    because: Iterable[Plain],
    dwelling: Any,
    household: Any,
    arose: int = 0,
) -> tuple[tuple[str, str, str], Plain]:
    reasons = list(because)
    return (rule, subject, cause), {
        "severity": severity,
        "because": frozenset(source["event_id"] for source in reasons),
        "newest": max(arose, *(source["occurred_at"] for source in reasons)),
        "dwelling": dwelling,
        "household": household,
    }


def called(sources: Iterable[Plain]) -> dict[str, str]:
    """event id → what a finding about it is called: the record; with department and kind where one that happened
    before has that number; and counted where even these are equal."""
    names: dict[str, str] = {}
    for s in sorted(sources, key=lambda s: [s[n] for n in ("occurred_at", "department", "record", "kind", "event_id")]):
        longer = f"{s['record']} {s['department']} {s['kind']}"
        choices = [s["record"], longer, *(f"{longer} {number}" for number in range(2, 99))]
        if s["event_id"] not in names:
            names[s["event_id"]] = next(name for name in choices if name not in names.values())
    return names


def runs(begin: int, end: int | None, day: int) -> bool:
    return begin <= day and (end is None or day < end)


def years_on(day: int, years: int) -> int:
    """The day of the same date so many years later; 1 March for a 29 February that there is not."""
    then = EPOCH + timedelta(days=day)
    year = then.year + years
    if (then.month, then.day) == (2, 29) and not isleap(year):
        return (date(year, 3, 1) - EPOCH).days
    return (then.replace(year=year) - EPOCH).days


def local_day(instant: int) -> int:
    return (datetime.fromtimestamp(instant // 1_000_000, CITY).date() - EPOCH).days


def midnight(day: int) -> int:
    """The instant at which the day begins in the city."""
    return round(datetime.combine(EPOCH + timedelta(days=day), time(), CITY).timestamp()) * 1_000_000
