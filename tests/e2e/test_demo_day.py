"""The demo's day through the whole system, a day in a minute: each alert of its story stands as the story says, the one
broken record that is planted at noon is the one dead letter, and at the end nobody has anything left to read."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from demo.performance import check, play
from demo.play import Demo
from domain.view import View
from producers.mending.letters import DeadLetters
from runtime.discover import discover
from runtime.settings import Settings
from sinks.worker import sinks
from tests.e2e.golden_run import INPUTS, Running
from tests.e2e.running import Topics, processes, until
from wire.topics import DEAD_LETTERS, ensure_schemas, ensure_topics

RESIDENTS = 600
SPEED = 1_440.0
"""A day in a minute."""
PRESSED = "老人按下 SOS"
"""Answered half a second later: of a press that was read together with its answer there is no alert."""
READ = {topic for topics in INPUTS.values() for topic in topics} | {
    topic for sink in sinks().values() for topic in sink.topics()
}
"""What a stage or a sink reads."""


@pytest.mark.timeout(600)
def test_what_the_story_must_bring_comes_and_what_it_ends_is_over(settings: Settings, tmp_path: Path) -> None:
    ensure_topics(settings)
    ensure_schemas(settings)
    with processes(settings, tmp_path) as ours:
        views = discover("domain.views", "VIEW", View)
        assert views.keys() | {"records"} == INPUTS.keys()
        for view in views:
            ours.start("stage", view)
        ours.start("records")
        for sink in sinks():
            ours.start("sink", sink)
        ours.start("clock")
        demo = Demo(settings, residents=RESIDENTS)
        assert demo.load() > RESIDENTS
        titles: list[str] = []

        def tell(second: int, title: str, events: int) -> None:
            titles.extend([title] if title else [])
            if title == PRESSED:
                until(unheard, 60)

        def unheard() -> str | None:
            heard = {outcome.expected.rule for outcome in check(demo, settings) if outcome.states}
            return None if "button-sos" in heard else "nobody was told of the press"

        events = play(demo, settings, SPEED, threading.Event(), tell, dead_letter=True)
        assert events > RESIDENTS // 2
        assert len(titles) == 13, "every scene of the story was played"

        def lacking() -> str | None:
            amiss = [outcome for outcome in check(demo, settings) if not outcome.there]
            return f"not as the story says: {amiss}" if amiss else None

        until(lacking, 120)
        nobody_is_behind(Running(settings, ours), settings)
        (letter,) = DeadLetters(settings).letters().values()
        assert letter.origin.topic == f"{settings.topic_prefix}grid.observation", "what the day says is all readable"
        assert letter.kept_in == DEAD_LETTERS
        assert letter.reason.startswith("not framed: ")


def nobody_is_behind(run: Running, settings: Settings) -> None:
    """Return once no record waits for any stage or sink, though the clock goes on ticking."""
    topics = Topics(settings, READ)

    def lacking() -> str | None:
        behind = {name: lag for name, lag in run.backlog(topics).items() if lag}
        return f"records wait: {behind}" if behind else None

    try:
        until(lacking, 60)
    finally:
        topics.close()
