"""The demo city as `make up` plays it, with the real clock: dozens of alerts, and more while one watches."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import psycopg

from demo.play import Demo
from domain.view import View
from runtime.discover import discover
from runtime.settings import Settings
from sinks.worker import sinks
from tests.e2e.running import processes, until
from wire.topics import ensure_schemas, ensure_topics

RULES = 8
"""At least so many find something in a city of two thousand."""


def open_alerts(settings: Settings) -> Counter[str]:
    with psycopg.connect(settings.dsn("sinks")) as connection:
        rows = connection.execute("SELECT rule FROM city.alert WHERE state = 'opened' AND NOT deleted").fetchall()
    return Counter(rule for (rule,) in rows)


def opened_ever(settings: Settings) -> int:
    with psycopg.connect(settings.dsn("sinks")) as connection:
        row = connection.execute("SELECT count(*) FROM city.task").fetchone()
    return int(row[0]) if row else 0


def test_the_demo_city_has_dozens_of_alerts_and_its_day_goes_on(settings: Settings, tmp_path: Path) -> None:
    ensure_topics(settings)
    ensure_schemas(settings)
    with processes(settings, tmp_path) as ours:
        for view in discover("domain.views", "VIEW", View):
            ours.start("stage", view)
        ours.start("records")
        for sink in sinks():
            ours.start("sink", sink)
        ours.start("clock")
        demo = Demo(settings, residents=2_000)
        assert demo.load() > 4_000

        def lacking() -> str | None:
            open_now = open_alerts(settings)
            return None if open_now.total() >= 40 and len(open_now) >= RULES else f"open alerts: {dict(open_now)}"

        until(lacking, 90)
        with psycopg.connect(settings.dsn("sinks")) as connection:
            areas = connection.execute("SELECT length(grid), count(*) FROM city.grid_area GROUP BY 1 ORDER BY 1")
            assert areas.fetchall() == sorted(Counter(len(area.code) for area in demo.city.places.areas).items())
            queues = connection.execute(
                "SELECT count(DISTINCT queue) FROM city.task WHERE length(queue) = 15"
            ).fetchone()
            assert queues is not None
            assert queues[0] >= 15, "spread over the grids"
        assert Demo(settings).loaded, "a second start continues the same city"

        before, stopping = opened_ever(settings), threading.Event()
        day = threading.Thread(target=demo.play, args=(stopping, 25.0), daemon=True)
        day.start()
        until(lambda: None if opened_ever(settings) >= before + 5 else "no new alerts while the day goes on", 60)
        stopping.set()
        day.join(20)
        assert not day.is_alive()
