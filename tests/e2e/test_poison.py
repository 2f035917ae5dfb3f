"""Poison on every topic: each bad record is put aside with its origin and a reason, everything else goes on."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import KafkaError, Message, Producer

from citygrid.cli import main
from dataplane import partition_of
from domain.event import Event
from local.stack import children
from local.stack.children import Child
from local.stack.ports import free_ports
from runtime.settings import CHECKOUT, Settings
from sinks.worker import sinks
from tests.e2e.golden_run import (
    CONTRIBUTED,
    INPUTS,
    ROWS,
    VIEWS,
    Running,
    assert_as_recomputed,
    assert_tables_follow,
    golden_settings,
)
from tests.e2e.poison import (
    CONTRACTS,
    NAME,
    NUMBER,
    Poison,
    misplaced,
    on_events,
    on_what_stages_publish,
    without_key,
)
from tests.e2e.running import Topics, environment, processes, stage_lag, tick, until
from tests.golden.city import LIVE_SINCE, NOW, golden_city
from tests.golden.recompute import recompute
from wire.codec import Decoder, RecordReader
from wire.contracts import RECORD_TOPICS, published
from wire.topics import ALERTS, CLOCK, ensure_schemas, ensure_topics, subject_of


class City(Running):
    """One worker a stage and every sink, with the addresses of their metrics."""

    def start(self) -> None:
        ensure_topics(self.settings)
        ensure_schemas(self.settings)
        for view in VIEWS:
            self.ours.start("stage", view)
        self.ours.start("records")
        for sink in sinks():
            self.ours.start("sink", sink)

    def good_events(self, topics: Topics, bad: Collection[str]) -> list[Event]:
        """What the topics hold besides the records of the names `bad`."""
        decoder = Decoder(self.registry, topic_prefix=self.settings.topic_prefix)
        read = []
        for topic in CONTRACTS:
            name = self.settings.topic_prefix + topic
            for key, record in topics.all[topic]:
                if f"{name}:{record.partition}:{record.offset}" not in bad:
                    event = decoder.decode(name, key, record.value)
                    assert isinstance(event, Event), f"{topic}: {event}"
                    read.append(event)
        return read

    def read_by(self, topics: Topics, views: Collection[str]) -> None:
        """Return once the stages of `views` have read all that there is."""

        def lacking() -> str | None:
            topics.catch_up()
            lags = {view: stage_lag(self.settings, view, INPUTS[view], topics.ends) for view in views}
            return f"lags of {lags}" if any(lags.values()) else None

        until(lacking, 90)

    def metric(self, process: str, name: str) -> Counter[str]:
        """The values of a metric of one process, by its label `topic`."""
        text = httpx.get(
            f"http://127.0.0.1:{self.settings.worker_ports[process.replace('_', '-')]}/metrics", timeout=10
        ).text
        counts = Counter[str]()
        for topic, value in re.findall(rf'^{name}{{.*topic="([^"]*)".*}} (\S+)$', text, re.MULTILINE):
            counts[topic.removeprefix(self.settings.topic_prefix)] += int(float(value))
        return counts

    def send(self, poison: list[Poison]) -> dict[str, Poison]:
        """Put the records where they are wanted; returns them by the name that `dead-letters list` gives them."""
        producer = Producer({**self.settings.kafka_client(), "message.max.bytes": 2_000_000})
        sent: dict[str, Poison] = {}

        def delivered(bad: Poison) -> Callable[[KafkaError | None, Message], None]:
            def delivered(error: KafkaError | None, message: Message) -> None:
                assert error is None, f"{bad.topic}: {error}"
                sent[f"{message.topic()}:{message.partition()}:{message.offset()}"] = bad

            return delivered

        for bad in poison:
            topic = self.settings.topic_prefix + bad.topic
            producer.produce(topic, bad.value, bad.key, bad.partition, on_delivery=delivered(bad))
        assert producer.flush(60) == 0
        assert len(sent) == len(poison)
        return sent


@pytest.fixture
def city(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[City]:
    names = [name.replace("_", "-") for name in (*(f"stage-{view}" for view in VIEWS), *(f"sink-{s}" for s in sinks()))]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    settings = golden_settings(settings).model_copy(update={"worker_ports": ports})
    (tmp_path / "empty.env").touch()
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CITYGRID_ENV_FILE", str(tmp_path / "empty.env"))
    with processes(settings, tmp_path) as ours:
        running = City(settings, ours)
        yield running
        running.close()


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """`citygrid dead-letters … --json` as its script does it; in this process, which spares its start."""

    def run(*arguments: str) -> Any:
        monkeypatch.setattr(sys, "argv", ["citygrid", "dead-letters", *arguments, "--json"])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        assert not ended.value.code, captured.err
        assert NAME not in captured.out
        assert NUMBER not in captured.out
        return json.loads(captured.out)

    return run


# --- the tests --------------------------------------------------------------------------------------------------------


def test_poison_is_put_aside_and_everything_else_goes_on(
    city: City, command: Callable[..., Any], tmp_path: Path
) -> None:
    city.start()
    statements = golden_city(5, 60, 1_000)
    ids = {
        topic: city.registry.id_of(subject_of(city.settings, topic), schema)
        for topic, schema in {
            **{topic: contract.schema for topic, contract in CONTRACTS.items()},
            **{topic: output.schema for topic, output in published().items()},
        }.items()
    }
    partitions = city.settings.partitions
    city.publish(statements[:300])
    tick(city.settings, LIVE_SINCE)
    contributed = [f"contributions.{view}" for view in CONTRIBUTED]
    topics = Topics(city.settings, [*CONTRACTS, *contributed, *ROWS, ALERTS, CLOCK, *RECORD_TOPICS], keep_all=True)
    city.settle(topics)
    keyless = city.send(list(without_key(ids, partitions)))
    strays = city.send(list(misplaced(ids, partitions)))
    bad = keyless | strays | city.send(list(on_events(ids, partitions)))
    stages = city.send([poison for poison in on_what_stages_publish(ids) if poison.reason == "unreadable"])
    tables = city.send([poison for poison in on_what_stages_publish(ids) if poison.reason != "unreadable"])
    city.publish(statements[300:])
    tick(city.settings, NOW)
    try:
        city.settle(topics)
        # A stage that starts anew reads its rows: what somebody else wrote there must be deleted before.
        city.send([poison._replace(value=None) for poison in tables.values()])
        letters = {row["record"]: row for row in command("list")}
        assert letters.keys() == (bad | stages | tables).keys()
        for name, sent in (bad | stages | tables).items():
            letter = letters[name]
            assert sent.reason in letter["reason"], (sent.topic, letter["reason"])
            assert NAME not in letter["reason"]
            assert NUMBER not in letter["reason"]
            assert (letter["topic"], letter["partition"]) == (city.settings.topic_prefix + sent.topic, sent.partition)
            assert letter["schema_id"] == sent.schema_id
            assert letter["kept_in"] == "dead-letters"
            assert letter["bytes"] == len(sent.value or b"")
        counted = sum((city.metric(f"stage-{view}", "rdkafka_dead_letters_total") for view in VIEWS), Counter[str]())
        assert counted == Counter(poison.topic for poison in bad.values()) + Counter(
            # every stage reads the clock
            poison.topic for poison in stages.values() for _ in range(len(VIEWS) if poison.topic == CLOCK else 1)
        )  # fmt: skip

        mend(city, command, one_a_kind(keyless) | one_a_kind(strays), tmp_path, topics)
        assert command("replay", "--topic", city.settings.topic_prefix + CLOCK) == {"replayed": []}, (
            "the past came back"
        )
        assert not [row for row in command("list") if row["replay_of"]], "what was mended came back"

        for poison in (*stages.values(), *tables.values()):
            topics.newest[poison.topic].pop(poison.key or b"", None)
        wanted = recompute(city.good_events(topics, bad), NOW, LIVE_SINCE)
        assert wanted.alerts
        assert_as_recomputed(city, topics, wanted)
        assert_tables_follow(city, topics, wanted)
        assert all(child.alive for child in city.ours.running.values())
    finally:
        topics.close()


def one_a_kind(letters: dict[str, Poison]) -> dict[str, Poison]:
    """One for each kind of subject: mending one reads all dead letters twice, and is the same for every contract."""
    return dict({CONTRACTS[letter.topic].subject: (name, letter) for name, letter in letters.items()}.values())


def mend(city: City, command: Callable[..., Any], letters: dict[str, Poison], folder: Path, topics: Topics) -> None:
    """What only lay badly is sent back as it reads; it goes where its subject belongs, once."""
    for number, name in enumerate(letters):
        file = folder / f"mend-{number}.json"
        assert command("show", name, "--to", str(file))["record"] == name
        assert command("replay", "--id", name, "--mended", str(file)) == {"replayed": [name]}
        if number < 2:
            assert command("replay", "--id", name, "--mended", str(file)) == {"replayed": []}
    city.settle(topics)
    for number, name in enumerate(letters):
        topic = letters[name].topic
        subject = json.loads((folder / f"mend-{number}.json").read_text())["subject"].encode()
        row = topics.newest[f"rows.{CONTRACTS[topic].subject.replace('-', '_')}"][subject]
        assert row.partition == partition_of(subject, city.settings.partitions)


LATER = {"police.household-registration": "Death", "housing.tenancy": "Renewed"}
"""Kinds that the older release of the second test does not know."""


def test_a_kind_newer_than_the_stage_waits_for_the_stage(
    city: City, command: Callable[..., Any], tmp_path: Path
) -> None:
    """An older release reads what a newer one publishes; the newer one replaces it and takes up what was parked."""
    ensure_topics(city.settings)
    ensure_schemas(city.settings)
    release = older_release(tmp_path / "older", LATER)
    for view in ("resident", "dwelling"):
        started(city, "stage", view, release)
    statements = [stated for stated in golden_city(5, 40, 700) if stated.topic in LATER]
    waiting = [stated for stated in statements if stated.kind == LATER[stated.topic]]
    assert {stated.topic for stated in waiting} == LATER.keys()
    city.publish(statements)
    topics = Topics(city.settings, [*CONTRACTS, "contributions.dwelling", *ROWS, CLOCK, *RECORD_TOPICS], keep_all=True)
    try:
        views = ("resident", "dwelling")
        city.read_by(topics, views)
        letters = command("list")
        assert {row["kept_in"] for row in letters} == {"parked"}
        assert len(letters) == len({stated.event_id for stated in waiting})
        kinds = Counter(row["reason"].split(" ")[0] for row in letters)
        assert kinds.keys() == set(LATER.values())
        assert sum((city.metric(f"stage-{view}", "rdkafka_parked_total") for view in views), Counter[str]()).keys() == (
            LATER.keys()
        )
        for view in views:
            city.ours.stop(f"stage-{view}")
            city.ours.start("stage", view)

        assert len(command("replay", "--parked")["replayed"]) == len(letters)
        assert command("replay", "--parked") == {"replayed": []}

        city.ours.start("stage", "household")
        tick(city.settings, NOW)
        city.read_by(topics, views)
        assert all(row["replayed_at"] for row in command("list"))
        wanted = recompute(city.good_events(topics, ()), NOW, LIVE_SINCE)
        reader = RecordReader(city.registry, published()["rows.resident"].schema)
        died = {
            key.decode()
            for key, record in topics.newest["rows.resident"].items()
            if reader.read(record.value or b"")["died_on"] is not None
        }
        assert died == {number for number, row in wanted.rows["resident"].items() if row["died_on"] is not None}
        assert died
    finally:
        topics.close()


def older_release(folder: Path, lacking: dict[str, str]) -> Path:
    """The product as it was before it knew these kinds: {topic: kind}."""
    rooms = {file.parent.name for file in CHECKOUT.glob("*/__init__.py")} - {"bench", "tests", "web"}
    for room in ("schemas", *rooms):
        shutil.copytree(CHECKOUT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    for topic, kind in lacking.items():
        path = folder / CONTRACTS[topic].path.relative_to(CHECKOUT)
        schema = json.loads(path.read_text(encoding="utf-8"))
        kinds = schema["fields"][-1]["type"]
        schema["fields"][-1]["type"] = [listed for listed in kinds if listed["name"] != kind]
        path.write_text(json.dumps(schema), encoding="utf-8")
    return folder


def started(city: City, kind: str, plugin: str, release: Path) -> Child:
    """A process of another release."""
    child = city.ours.start(kind, plugin)
    city.ours.kill(f"{kind}-{plugin}")
    city.ours.running[f"{kind}-{plugin}"] = children.start(replace(child.program, folder=release))
    return city.ours.running[f"{kind}-{plugin}"]
