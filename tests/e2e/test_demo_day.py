"""The demo's day through the whole system, a day in a minute: each alert of its story stands as the story says."""

from __future__ import annotations

import threading
from pathlib import Path

from citygrid.demo.performance import check, play
from citygrid.demo.play import Demo
from domain.view import View
from runtime.discover import discover
from runtime.settings import Settings
from runtime.topics import ensure_schemas, ensure_topics
from sinks.worker import sinks
from tests.e2e.running import processes, until

RESIDENTS = 600
SPEED = 1_440.0
"""A day in a minute."""


def test_what_the_story_must_bring_comes_and_what_it_ends_is_over(settings: Settings, tmp_path: Path) -> None:
    ensure_topics(settings)
    ensure_schemas(settings)
    with processes(settings, tmp_path) as ours:
        for view in discover("domain.views", "VIEW", View):
            ours.start("stage", view)
        for sink in sinks():
            ours.start("sink", sink)
        ours.start("clock")
        demo = Demo(settings, residents=RESIDENTS)
        assert demo.load() > RESIDENTS
        titles: list[str] = []

        def tell(second: int, title: str, events: int) -> None:
            titles.extend([title] if title else [])

        events = play(demo, settings, SPEED, threading.Event(), tell)
        assert events > RESIDENTS // 2
        assert len(titles) == 13, "every scene of the story was played"

        def lacking() -> str | None:
            amiss = [found for found in check(demo, settings) if not found.there]
            return f"not as the story says: {amiss}" if amiss else None

        until(lacking, 120)
