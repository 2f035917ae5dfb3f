"""Somebody is registered or a tenant in a rental, and its door has not seen him for 30 days.

A door that has been heard of for less than most of those days proves nothing.
"""

from collections.abc import Iterator

from domain.causes import causes
from domain.checks import SOMEONE_MET, STILL_LIVES_HERE
from domain.event import Source
from domain.keys import itself
from domain.living import Person, leases_in_force, next_of, people
from domain.rule import Check, Finding, Rule, Text
from domain.service_time import working_days
from domain.time import DAY
from domain.views.dwelling import Dwelling

UNSEEN_DAYS = 30
HEARD_DAYS = 25
"""Days of 24 hours: without a swipe; since which the door must have been heard of. A row keeps 31 local days.
Source: docs/decisions/0013-rules-of-the-day.md"""


def check(home: Dwelling, now: int) -> Iterator[Finding]:
    if not home.swipes or not _rental(home, now):
        return
    seen, first, last = _door(home)
    if now < first + HEARD_DAYS * DAY or last + UNSEEN_DAYS * DAY <= now:
        return
    here = people(home, now)
    called = causes(person.source for person in here)
    missed: dict[Source, list[int]] = {}  # tenants of one lease are one finding
    for person in here:
        since = _not_since(person, seen)
        if since + UNSEEN_DAYS * DAY <= now:
            missed.setdefault(person.source, []).append(since)
    for source, them in missed.items():
        why = Text(
            f"登记在此的 {len(them)} 人已 {UNSEEN_DAYS} 天无门禁记录",
            f"{len(them)} registered here, not seen at the door for {UNSEEN_DAYS} days",
        )
        arose = max(them, key=itself) + UNSEEN_DAYS * DAY
        yield Finding(called[source], why, (source,), arose=arose)


def look_again(home: Dwelling, now: int) -> int | None:
    if not home.swipes or not (home.use == "rental" or home.leases):
        return None
    seen, first, last = _door(home)
    missing = (_not_since(person, seen) + UNSEEN_DAYS * DAY for person in people(home, now))
    return next_of((first + HEARD_DAYS * DAY, last + UNSEEN_DAYS * DAY, *missing, *home.lease_turns()), now)


def _rental(home: Dwelling, now: int) -> bool:
    return home.use == "rental" or bool(leases_in_force(home, now))


def _door(home: Dwelling) -> tuple[dict[str, int], int, int]:
    """When each was last seen at the door, and its first and last passage that are kept."""
    seen = {who: passed.last.occurred_at for who, passed in home.passages().items()}
    times = [swipe.occurred_at for swipe in home.swipes if not swipe.withdrawn]
    return seen, min(times, key=itself, default=0), max(times, key=itself, default=0)


def _not_since(person: Person, seen: dict[str, int]) -> int:
    return max((person.since, *(seen[number] for number in person.numbers if number in seen)), key=itself)


RULE = Rule(
    "unseen-registered",
    title=Text("登记人员长期未见", "registered, not seen"),
    view="dwelling",
    version=1,
    severity="planned",
    domain="housing",
    respond_within=working_days(10),
    check=check,
    look_again=look_again,
    resolved=Text("已有门禁记录，或已不登记在此", "seen at the door, or no longer registered here"),
    needs=frozenset({"door-access.swipe"}),
    checks=(
        SOMEONE_MET,
        STILL_LIVES_HERE,
        Check("neighbours_asked", Text("问过邻居？", "Were neighbours asked?")),
    ),
)
