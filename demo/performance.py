"""Plays the demo's day on an installation, and says afterwards whether the alerts came that its story must bring."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import psycopg
from confluent_kafka import Producer

from demo.day import Day
from demo.play import Demo, DemoRefused
from demo.story import Expected
from domain.time import SECOND
from producers.publish import Publisher
from runtime.settings import Settings

TOLD_EVERY_S = 0.5
LONGEST_WAIT_S = 0.2
"""What is due within so short a time is published at once: the clock of a day that is played quickly is not finer."""
DAY_SECONDS = 86_400
NOON = DAY_SECONDS // 2

Report = Callable[[int, str, int], None]
"""Called with the second of the day, the title of a scene (or nothing), and how many events were published."""


class Found(NamedTuple):
    """What the installation has of an expected alert: the states of those that the day touched."""

    expected: Expected
    states: tuple[str, ...]

    @property
    def there(self) -> bool:
        return self.expected.state in self.states if self.expected.state else bool(self.states)


def play(
    demo: Demo,
    settings: Settings,
    speed: float,
    stopping: threading.Event,
    report: Report,
    *,
    dead_letter: bool = False,
) -> int:
    """The day from 00:00 to 24:00, each happening at its own instant; the number of events. Ends early if `stopping`
    is set. `dead_letter`: a record that nobody can read is put in on purpose."""
    begin = time.time_ns() // 1000
    demo.note(day={"begin": begin, "speed": speed})
    count, last_report = 0, 0.0
    idle = lambda second: report(second, "", count)  # noqa: E731
    with Publisher(settings) as publisher:
        for happening in Day(demo.city, begin, speed).happenings():
            late = time.time_ns() // 1000 - happening.moment
            if late < -LONGEST_WAIT_S * SECOND:
                publisher.flush()
                if not _wait(stopping, begin, happening.moment, speed, idle):
                    return count
            publisher.publish(happening.stated.topic, happening.stated.statement)
            count += 1
            if dead_letter and happening.second >= NOON:
                _plant_dead_letter(settings)
                dead_letter = False
            if happening.title or time.monotonic() - last_report > TOLD_EVERY_S:
                report(happening.second, happening.title, count)
                last_report = time.monotonic()
        publisher.flush()
    _wait(stopping, begin, begin + round(DAY_SECONDS * SECOND / speed), speed, idle)
    return count


def _plant_dead_letter(settings: Settings) -> None:
    """What nobody can read, on a topic of a department, as a broken program would send it."""
    producer = Producer(settings.kafka_client())
    producer.produce(settings.topic_prefix + "grid.observation", b"not what the contract says", b"demo")
    producer.flush(30)


def _wait(stopping: threading.Event, begin: int, until: int, speed: float, report: Callable[[int], None]) -> bool:
    """Whether the instant came before `stopping` was set."""
    while (left := until / SECOND - time.time()) > 0:
        if stopping.wait(min(left, TOLD_EVERY_S)):
            return False
        report(round((time.time() - begin / SECOND) * speed))
    return not stopping.is_set()


def check(demo: Demo, settings: Settings) -> list[Found]:
    """For each alert that the last day must have brought, what the database has. Raises DemoRefused if none was
    played."""
    played = demo.known.get("day")
    if not played:
        raise DemoRefused("No day was played here yet: `citygrid demo day` plays one.")
    begin = datetime.fromtimestamp(played["begin"] / SECOND, UTC)
    with psycopg.connect(settings.dsn("sinks")) as connection:
        return [
            Found(expected, tuple(state for (state,) in connection.execute(TOUCHED, (*expected[:2], begin)).fetchall()))
            for expected in Day(demo.city, played["begin"], played["speed"]).story.expected()
        ]


TOUCHED = """
SELECT DISTINCT state FROM city.alert
WHERE rule = %s AND dwelling = %s AND changed_at >= %s::timestamptz - interval '1 minute' AND NOT deleted ORDER BY state
"""
