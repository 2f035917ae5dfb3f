"""The product's stages as processes on a real Kafka, fed through the departments' door."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from domain.view import View
from local.stack import children
from local.stack.children import Child
from producers.publish import Publisher, Statement
from runtime.discover import discover
from runtime.settings import CHECKOUT, Settings
from stream_apps.worker import topics_of
from tests.e2e.running import Late, Processes, Topics, processes, stage_lag, tick, until
from tests.golden.city import identity_number
from tests.schemas import register_schemas
from wire.codec import RecordReader
from wire.contracts import contracts, published
from wire.pseudonym import Pseudonyms
from wire.registry import Registry
from wire.topics import ALERTS, CLOCK, DEAD_LETTERS, RECORD_CLAIMS, RECORD_MOVES, ensure_topics

APP = Path(__file__).with_name("stage_app.py")
INPUTS = {name: topics_of(view, "") for name, view in discover("domain.views", "VIEW", View).items()}
INPUTS["records"] = [RECORD_CLAIMS]
CONTRIBUTED = [topic for topics in INPUTS.values() for topic in topics if topic.startswith("contributions.")]
DAY = 86_400_000_000
MORNING = 20_000 * DAY
"""A day in 2024."""
POLICE = "police.household-registration"


class Stages:
    """Stages at work, what they wrote, and a door to speak to them."""

    def __init__(self, settings: Settings, ours: Processes) -> None:
        self.settings = settings
        self.ours = ours
        self.registry = Registry.of(settings)
        rows = [topic for topic, output in published().items() if output.what == "row"]
        ours_too = [RECORD_CLAIMS, RECORD_MOVES, ALERTS, CLOCK, DEAD_LETTERS]
        self.topics = Topics(settings, [*contracts(), *CONTRIBUTED, *rows, *ours_too], keep_all=True)
        self._readers = {topic: RecordReader(self.registry, output.schema) for topic, output in published().items()}
        self._pseudonyms = Pseudonyms.of(settings)

    def start(self, *views: str) -> None:
        """`records` is the index of records."""
        for view in views:
            if view == "records":
                self.ours.start("records")
            else:
                self.ours.start("stage", view)

    def start_changed(
        self,
        view: str,
        *,
        raises_at: str = "",
        judging_raises_at: Iterable[str] = (),
        without: Iterable[str] = (),
        needs: Mapping[str, Iterable[str]] | None = None,
    ) -> Child:
        """The stage of `view` with a mistake, without some of its rules, or with others; see `stage_app.py`."""
        usual = self.ours.start("stage", view)
        self.ours.kill(f"stage-{view}")
        change = json.dumps(
            {
                "view": view,
                "raises_at": raises_at,
                "judging_raises_at": list(judging_raises_at),
                "without": list(without),
                "needs": {rule: list(topics) for rule, topics in (needs or {}).items()},
            }
        )
        command = (sys.executable, str(APP), change)
        environment = {**usual.program.environment, "PYTHONPATH": str(CHECKOUT)}
        child = children.start(replace(usual.program, command=command, environment=environment))
        self.ours.running[f"stage-{view}"] = child
        return child

    def person(self, number: int) -> str:
        """Somebody's identity number."""
        return identity_number("440113", 7_000 + number // 900, 100 + number % 900)

    def pseudonym(self, number: int) -> str:
        """By what the rows know this person."""
        return self._pseudonyms.of_number(self.person(number))

    def say(self, topic: str, statements: Iterable[Statement]) -> None:
        """Publish as the department does."""
        with Publisher(self.settings, registry=Registry.of(self.settings)) as publisher:
            for statement in statements:
                publisher.publish(topic, statement)

    def tick(self, now: int, quiet: Iterable[str] = ()) -> None:
        tick(self.settings, now, quiet)

    def settle(self, *views: str, seconds: float = 120) -> None:
        """Return once the stages of `views`, each after the one that feeds it, have read everything."""

        def lacking() -> str | None:
            self.topics.catch_up()
            for view in views:
                if lag := stage_lag(self.settings, view, INPUTS[view], self.topics.ends):
                    return f"stage {view} lags by {lag} records"
            if undecided := self.topics.undecided():
                return f"transactions are open in {sorted(undecided)}"
            before = dict(self.topics.ends)
            self.topics.catch_up()
            return None if self.topics.ends == before else "something was still written"

        try:
            until(lacking, seconds)
        except Late as late:
            raise Late(f"{late}\n{self.ours.logs()}") from None

    def row(self, view: str, key: str) -> dict[str, Any] | None:
        """The newest row."""
        record = self.topics.newest[f"rows.{view}"].get(key.encode())
        return self._readers[f"rows.{view}"].read(record.value) if record and record.value else None

    def alerts(self) -> list[dict[str, Any]]:
        """Every alert that was ever published; those of one finding in their order."""
        return [self._readers[ALERTS].read(record.value) for _, record in self.topics.all[ALERTS] if record.value]

    def letters(self) -> list[bytes]:
        """The keys of the dead letters."""
        return [key for key, _ in self.topics.all[DEAD_LETTERS]]

    def close(self) -> None:
        self.topics.close()
        self.registry.close()


def moved_in(person: str, household: str, when: int = MORNING, **more: Any) -> Statement:
    """The police register's entry of somebody in a household."""
    change = {
        "name": "测试", "sex": "female", "born": 7_000, "household": household, "dwelling": None,
        "address": "示例路1号", "relation": "other", "collective": False,
    }  # fmt: skip
    record = f"R-{person[6:17]}-{household}"
    return Statement("MovedIn", record, person, when, when, change | more)


def car(person: str, plate: str, when: int = MORNING) -> Statement:
    return Statement("Registered", plate, person, when, when, {"vehicle_kind": "car", "owner": person})


def dibao(person: str, case: str, household: str, day: int, when: int = MORNING) -> Statement:
    change = {
        "programme": "dibao", "household": household, "effective_from": day, "until": None, "monthly_fen": None,
        "dwelling": None, "phone": None,
    }  # fmt: skip
    return Statement("Granted", case, person, when, when, change)


@pytest.fixture
def stages(settings: Settings, tmp_path: Path) -> Iterator[Stages]:
    ensure_topics(settings)
    register_schemas(settings)
    with processes(settings, tmp_path) as ours:
        made = Stages(settings, ours)
        yield made
        made.close()
