"""A day of the demo city from 00:00 to 24:00: the story, everybody's door swipes, and what else happens meanwhile.

The day's own clock runs `speed` times as fast as the real one, and says only when something happens. What is stated has
happened when it is stated: `occurred_at` is the real instant at which the day's clock shows the scene's hour. So the
city's rules, which know the real time only, take it as they take everything: nothing lies ahead, nothing is late, and a
duty of today is one of the real today. The same city, beginning and speed is the same day to the byte.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from heapq import merge
from typing import NamedTuple

from demo.changes import Changes
from demo.city import DemoCity
from demo.draw import Draw
from demo.registers import TopicStatement
from demo.registers.door_access import swiped
from demo.registers.grid import visited
from demo.story import STORY_BUILDINGS, Story, seconds
from demo.swipes import HOUR, swipes
from domain.time import CITY, SECOND

HOURS = 24
CHANGE_SECONDS = 1_200
"""Between two changes somewhere in the city that belong to no story."""
VISITS = 20
"""One visit for so many buildings, between the hours of `WORK`."""
WORK = (seconds("08:30"), seconds("17:30"))
FIRST_CHANGE = 1_000_000_000
"""The day's changes have numbers of their own, beside those of `citygrid demo`."""


class Happening(NamedTuple):
    """`second` of the day; `moment`: its real instant (µs UTC); `title`: of a scene of the story, or empty."""

    second: int
    moment: int
    title: str
    stated: TopicStatement

    def line(self) -> str:
        """A line of JSON as `schemas/examples` has them."""
        topic, statement = self.stated
        return json.dumps({"topic": topic, **statement._asdict()}, ensure_ascii=False, sort_keys=True)


class Day:
    """The day of `city` that begins at `begin` (microseconds UTC), `speed` times as fast as the real one."""

    def __init__(self, city: DemoCity, begin: int, speed: float) -> None:
        self._city, self._begin, self._speed = city, begin, speed
        local = datetime.fromtimestamp(begin // SECOND, CITY)
        self._today, self._run = local.date(), f"{local:%m%d%H%M%S}"
        self.story = Story(city)

    def moment_of(self, second: int) -> int:
        """The real instant of a second of the day."""
        return self._begin + round(second * SECOND / self._speed)

    def happenings(self) -> Iterator[Happening]:
        """Everything in the order of time; never more than an hour's of it in memory."""
        scenes = self.story.scenes(self._run, self.moment_of, self._today)
        staged = (Happening(scene.second, self.moment_of(scene.second), scene.title, scene.stated) for scene in scenes)
        yield from merge(
            staged, self._changes(), self._visits(), self._swipes(), key=lambda happening: happening.second
        )

    def _swipes(self) -> Iterator[Happening]:
        for hour in range(HOURS):
            for swipe in swipes(self._city, self._today, hour):
                moment = self.moment_of(swipe.second)
                yield Happening(swipe.second, moment, "", swiped(swipe.kind, swipe.home, swipe.person, moment))

    def _changes(self) -> Iterator[Happening]:
        first = FIRST_CHANGE + self._begin // SECOND % 10_000_000 * 100
        changes = Changes(self._city, first, STORY_BUILDINGS)
        for number, second in enumerate(range(CHANGE_SECONDS // 2, HOURS * HOUR, CHANGE_SECONDS)):
            moment = self.moment_of(second)
            yield Happening(second, moment, "", changes.change(first + number, moment).stated)

    def _visits(self) -> Iterator[Happening]:
        """Grid workers visit rentals, one after the other."""
        count = self._city.count // VISITS
        for number in range(count):
            second = WORK[0] + (WORK[1] - WORK[0]) * number // count
            leases = self._city.building(
                Draw("visit", self._run, number).between(STORY_BUILDINGS, self._city.count - 1)
            ).leases
            if leases:
                home, moment = leases[number % len(leases)].home, self.moment_of(second)
                yield Happening(second, moment, "", visited(home.number, f"走访{self._run}-日{number}", moment))
