"""Who goes through which door when: everybody behind a door with a device leaves in the morning and comes home in the
evening, most days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import count
from typing import NamedTuple

from demo.city import Building, DemoCity, Dwelling, Person
from demo.draw import Draw
from demo.registers import TopicStatement, moment
from demo.registers.door_access import behind_doors, never_seen, silent_for_days, swiped
from domain.time import CITY, SECOND

HOUR = 3_600
OUT, IN = range(6, 11), range(16, 22)
"""Hours in which people leave and come home."""


class Swipe(NamedTuple):
    """`second` of the day."""

    second: int
    kind: str
    home: Dwelling
    person: Person


def swipes(city: DemoCity, day: date, hour: int) -> list[Swipe]:
    """All swipes of an hour of a day in the order of time. Only this hour's are held, whoever asks."""
    if hour not in OUT and hour not in IN:
        return []
    of_the_hour = [
        swipe for building in city.buildings() for swipe in _of(city, building, day) if swipe.second // HOUR == hour
    ]
    return sorted(of_the_hour, key=lambda swipe: (swipe.second, swipe.person.number))


def from_now_on(city: DemoCity, now: int) -> Iterator[tuple[int, TopicStatement]]:
    """Every swipe from the instant `now` on at the real hour of its day, endlessly: (instant, statement)."""
    first = datetime.fromtimestamp(now // SECOND, CITY).date()
    for ahead in count():
        day = first + timedelta(days=ahead)
        for hour in range(24):
            if moment(day, hour + 1) <= now:
                continue
            for swipe in swipes(city, day, hour):
                swiped_at = moment(day) + swipe.second * SECOND
                if swiped_at >= now:
                    yield swiped_at, swiped(swipe.kind, swipe.home, swipe.person, swiped_at)


def _of(city: DemoCity, building: Building, day: date) -> Iterator[Swipe]:
    draw = Draw("swipes", city.seed, building.position, day)
    for home, people in behind_doors(building):
        for number, person in enumerate(people):
            goes, leaves, comes = draw.share(), draw.share(), draw.share()
            if goes < 0.9 and not silent_for_days(building, home) and not (number == 0 and never_seen(building, home)):
                yield Swipe(int((OUT.start + leaves * len(OUT)) * HOUR), "SwipedOut", home, person)
                yield Swipe(int((IN.start + comes * len(IN)) * HOUR), "SwipedIn", home, person)
