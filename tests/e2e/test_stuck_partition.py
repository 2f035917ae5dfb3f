"""Operations find what is stuck by the dashboard alone: nothing but its own expressions is asked of Prometheus."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import which

import httpx
import psycopg
import pytest
from confluent_kafka import Producer

from dataplane import partition_of
from local.stack import children
from local.stack.children import Program
from local.stack.ports import free_ports
from processes import observe
from producers.publish import Publisher, Statement
from runtime.settings import Settings
from tests.e2e.dashboards import DASHBOARDS, shown
from tests.e2e.running import Processes, processes, until
from tests.golden.city import identity_number
from tests.integration.stages.conftest import MORNING, POLICE, moved_in
from wire.topics import ensure_schemas, ensure_topics

STARTED = (("stage", "resident"), ("stage", "dwelling"), ("sink", "row-tables"), ("clock", None))
NAMES = ["-".join(part for part in worker if part) for worker in STARTED]
DWELLINGS = "housing.dwelling-register"
STANDING, UNDECIDED = "Partitions that stand still", "Transactions that nobody decides"
ANSWERING = "Processes that answer"

Place = tuple[str, str, str]
"""A reader ("" for all), a topic, a partition."""


@dataclass(frozen=True)
class Watched:
    """Processes of ours, and Prometheus over them."""

    settings: Settings
    ours: Processes
    prometheus: httpx.Client

    def panel(self, title: str) -> list[tuple[dict[str, str], float]]:
        """What the panel of the dashboard shows: labels and value of each of its series."""
        (panel,) = [listed for listed in DASHBOARDS["stuck"]["panels"] if listed["title"].startswith(title)]
        return shown(self.prometheus, panel)

    def places(self, title: str) -> set[Place]:
        """The readers, topics and partitions that the panel names."""
        return {(labels.get("reader", ""), labels["topic"], labels["partition"]) for labels, _ in self.panel(title)}

    def say(self, topic: str, *statements: Statement) -> None:
        with Publisher(self.settings) as publisher:
            for statement in statements:
                publisher.publish(topic, statement)

    def partition(self, key: str) -> str:
        return str(partition_of(key.encode(), self.settings.partitions))

    def written(self, table: str, count: int) -> str | None:
        """None once PostgreSQL has so many rows."""
        with psycopg.connect(self.settings.dsn("admin")) as connection:
            row = connection.execute(f"SELECT count(*) FROM city.{table}").fetchone()
        return None if row and row[0] >= count else f"{table} has {row} rows of {count}"


@pytest.fixture
def watched(settings: Settings, tmp_path: Path) -> Iterator[Watched]:
    *ports, port = free_ports(len(NAMES) + 1)
    settings = settings.model_copy(update={"worker_ports": dict(zip(NAMES, ports, strict=True))})
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    ensure_topics(settings)
    ensure_schemas(settings)
    with processes(settings, tmp_path) as ours:
        for kind, plugin in STARTED:
            ours.start(kind, plugin)
        with prometheus(settings, tmp_path, port) as address:
            yield Watched(settings, ours, address)


@contextmanager
def prometheus(settings: Settings, folder: Path, port: int) -> Iterator[httpx.Client]:
    """The real server with the product's own rules, over the processes that run here, every second."""
    configuration = observe.write_local(settings)
    text = configuration.read_text()
    for what in ("scrape_interval: 5s", "evaluation_interval: 15s"):
        assert what in text
        text = text.replace(what, f"{what.split()[0]} 1s")
    configuration.write_text(text)
    targets = configuration.parent / "targets" / "local.json"
    here = [target for target in json.loads(targets.read_text()) if target["labels"]["process"] in NAMES]
    targets.write_text(json.dumps(here))
    program = which("prometheus")
    assert program is not None, "prometheus is not installed: apt-get install prometheus"
    address = f"127.0.0.1:{port}"
    command = (
        program, f"--config.file={configuration}", f"--web.listen-address={address}",
        f"--storage.tsdb.path={folder / 'prometheus-data'}",
    )  # fmt: skip
    server = children.start(Program("prometheus", command, folder, folder / "prometheus.log", {}))

    with httpx.Client(base_url=f"http://{address}", timeout=10) as client:

        def ready() -> str | None:
            try:
                return None if client.get("/-/ready").status_code == 200 else "not ready"
            except httpx.TransportError as error:
                return str(error)

        try:
            until(ready, 30)
            yield client
        finally:
            server.stop()


def dwelling(number: str) -> Statement:
    change = {
        "grid": "440113001001003", "address": "示例路1号", "floor_area_m2": 60.0, "use": "residential",
        "district": "440113", "lon": None, "lat": None,
    }  # fmt: skip
    return Statement("DwellingRegistered", f"E-{number}", number, MORNING, MORNING, change)


def person(number: int) -> Statement:
    return moved_in(identity_number("440113", 7_000, 100 + number), f"H-{number}")


@pytest.mark.timeout(900)
def test_what_is_stuck_is_found_by_the_dashboard_alone(watched: Watched) -> None:
    """Three at once: a frozen stage, a sink before a lock, a transaction that somebody left open."""
    watched.say(POLICE, *(person(number) for number in range(20)))
    watched.say(DWELLINGS, *(dwelling(f"D-{number}") for number in range(20)))
    until(lambda: watched.written("resident", 20), 120)
    until(lambda: watched.written("dwelling", 20), 120)
    until(lambda: f"{places}" if (places := watched.places(STANDING) | watched.places(UNDECIDED)) else None, 180)

    watched.ours.freeze("stage-resident")
    with Publisher(watched.settings) as publisher:
        frozen = ("stage-resident", POLICE, watched.partition(publisher.publish(POLICE, person(21)).key.decode()))
    lock = psycopg.connect(watched.settings.dsn("admin"))
    lock.execute("LOCK TABLE city.dwelling_g1 IN ACCESS EXCLUSIVE MODE")
    watched.say(DWELLINGS, dwelling("D-99"))
    locked = ("sink-row-tables", "rows.dwelling", watched.partition("D-99"))
    topic = watched.settings.topic_prefix + DWELLINGS
    left_open = Producer(
        {**watched.settings.kafka_client(), "transactional.id": topic, "transaction.timeout.ms": 900_000}
    )
    left_open.init_transactions(30)
    left_open.begin_transaction()
    left_open.produce(topic, b"never decided", b"k", 1)
    left_open.flush(30)

    def lacking() -> str | None:
        places = watched.places(STANDING), watched.places(UNDECIDED)
        return None if {frozen, locked} <= places[0] and places[1] else f"the dashboard shows {places}"

    until(lacking, 240, every=1)
    standing = watched.places(STANDING)
    # by its own clock a frozen stage stands in every partition; by what was said, in one
    assert {place for place in standing if place[1] != "clock"} == {frozen, locked}
    assert {place[0] for place in standing if place[1] == "clock"} == {"stage-resident"}
    assert watched.places(UNDECIDED) == {("", DWELLINGS, "1")}
    answering = {labels["process"]: up for labels, up in watched.panel(ANSWERING)}
    assert answering == {"stage-resident": 0, "stage-dwelling": 1, "sink-row-tables": 1, "clock": 1}

    lock.close()
    left_open.abort_transaction(30)
    watched.ours.thaw("stage-resident")

    def still() -> str | None:
        watched.ours.keep_alive()  # the stage was late: others may have had its partitions, so it ends
        places = watched.places(STANDING) | watched.places(UNDECIDED)
        return f"the dashboard still shows {places}" if places else None

    until(still, 240, every=1)
    until(lambda: watched.written("resident", 21), 60)
