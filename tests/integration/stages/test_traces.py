"""One event through all hops is one tree of spans, and no line of any log says whom it was about."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from confluent_kafka import Producer

from database.accounts import Account, create
from local.stack.ports import free_ports
from runtime.settings import Settings
from tests.e2e.running import until
from tests.integration.stages.conftest import DAY, MORNING, POLICE, Stages, car, dibao, moved_in
from wire.topics import ALERTS

VEHICLES, ASSISTANCE = "transport.vehicle-registration", "civil-affairs.social-assistance"
PEOPLE = range(1, 6)
NAMES = [f"欧阳样本{number}" for number in PEOPLE]
PHONE, ADDRESS, PASSWORD = "13800138000", "示例路九十九号", "a long pass phrase of a test"


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """Every event that a door chooses is traced, into files; the logs say all that they can."""
    api, metrics = free_ports(2)
    traced = {
        "trace_sample": 1.0, "trace_file": tmp_path / "traces.jsonl", "log_level": "debug", "api_port": api,
        "api_metrics_port": metrics,
    }  # fmt: skip
    return settings.model_copy(update=traced)


@dataclass(frozen=True)
class Spans:
    """What the processes of one test have written."""

    folder: Path
    prefix: str

    @property
    def all(self) -> list[dict[str, Any]]:
        files = self.folder.glob("traces.*.jsonl")
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]

    def hop(self, span: dict[str, Any]) -> tuple[str, str]:
        """The span's process, and what it did on which topic."""
        return span["resource"]["attributes"]["service.name"], span["name"].replace(self.prefix, "")

    def await_hops(self, expected: Counter[tuple[str, str]]) -> list[dict[str, Any]]:
        """The spans, once there are these and no others."""

        def lacking() -> str | None:
            counts = Counter(map(self.hop, self.all))
            return None if counts == expected else f"more than expected: {counts - expected}, less: {expected - counts}"

        until(lacking, 60)
        return self.all


@pytest.fixture
def spans(settings: Settings, tmp_path: Path) -> Spans:
    return Spans(tmp_path, settings.topic_prefix)


def test_one_event_is_one_tree_of_spans_from_the_door_to_the_task(
    settings: Settings, stages: Stages, spans: Spans
) -> None:
    for sink in ("row-tables", "grid-tasks"):
        stages.ours.start("sink", sink)
    stages.start("resident", "household")
    person = stages.person(1)
    stages.settings = settings.model_copy(update={"trace_sample": 0.0})  # a door that chooses none
    stages.say(POLICE, [moved_in(person, "H-1")])
    stages.say(VEHICLES, [car(person, "粤A00001")])
    stages.tick(MORNING + DAY)
    stages.settle("resident", "household")
    assert spans.all == []

    stages.settings = settings
    stages.say(ASSISTANCE, [dibao(person, "DB-1", "H-1", 20_000)])
    door = ("publish", f"send {ASSISTANCE}")
    resident, household = (
        ("stage-resident", f"process {ASSISTANCE}"),
        ("stage-household", "process contributions.household"),
    )
    sinks = [("sink-row-tables", f"process rows.{view}") for view in ("resident", "household")]
    task = ("sink-grid-tasks", "process alerts")
    by_hop = {spans.hop(span): span for span in spans.await_hops(Counter([door, resident, household, *sinks, task]))}

    assert len({span["context"]["trace_id"] for span in by_hop.values()}) == 1
    hop_of = {span["context"]["span_id"]: hop for hop, span in by_hop.items()}
    parents = {hop: hop_of.get(span["parent_id"]) for hop, span in by_hop.items()}
    assert parents == {
        door: None, resident: door, household: resident, sinks[0]: resident, sinks[1]: household, task: household
    }  # fmt: skip
    with psycopg.connect(settings.dsn("sinks")) as connection:
        ((finding,),) = connection.execute("SELECT finding_id FROM city.task").fetchall()
    assert by_hop[household]["attributes"]["citygrid.finding_ids"] == [str(finding)]
    sent, read = by_hop[door]["attributes"], by_hop[resident]["attributes"]
    assert sent["cloudevents.event_id"] == read["cloudevents.event_id"] == str(uuid.UUID(sent["messaging.message.id"]))
    assert read["messaging.consumer.group.name"] == f"{settings.topic_prefix}citygrid-stage-resident"
    content = json.dumps(list(by_hop.values()), ensure_ascii=False)
    assert [
        personal for personal in (person, stages.pseudonym(1), "H-1", "粤A00001", "DB-1") if personal in content
    ] == []
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in spans.folder.glob("traces.*.jsonl"))


def test_a_row_that_several_events_changed_at_once_follows_the_newest_and_links_the_others(
    stages: Stages, spans: Spans
) -> None:
    moves = [moved_in(stages.person(1), f"H-{number}", MORNING + number) for number in range(3)]
    stages.say(POLICE, [*moves, moved_in(stages.person(2), "H-9")])
    stages.start("resident")  # it finds them all in one batch
    door, stage = ("publish", f"send {POLICE}"), ("stage-resident", f"process {POLICE}")
    listed = spans.await_hops(Counter({door: 4, stage: 2}))
    sent = {span["context"]["span_id"]: span for span in listed if spans.hop(span) == door}
    (merged,) = [span for span in listed if span["links"]]
    offsets = [link["attributes"]["messaging.kafka.offset"] for link in merged["links"]]
    assert offsets == sorted(offsets)
    assert offsets[-1] < merged["attributes"]["messaging.kafka.offset"]
    assert merged["parent_id"] in sent
    assert {link["context"]["span_id"] for link in merged["links"]} | {merged["parent_id"]} < sent.keys()
    assert merged["attributes"]["messaging.batch.message_count"] == 3


def test_no_log_names_anybody_whatever_goes_wrong(settings: Settings, stages: Stages, tmp_path: Path) -> None:
    """Poison, a view's mistake, a refused note, a look-up in a URL: told, with event ids."""
    create(settings.dsn("owner"), Account("centre", "command_centre"), PASSWORD)
    for process in (("sink", "row-tables"), ("sink", "grid-tasks"), ("outbox",), ("api",)):
        stages.ours.start(*process)
    stages.start("resident", "household", "dwelling")
    people = {number: stages.person(number) for number in PEOPLE}
    for (number, person), name in zip(people.items(), NAMES, strict=True):
        stages.say(POLICE, [moved_in(person, f"H-{number}", name=name, address=ADDRESS, dwelling=f"D-{number}")])
        stages.say(VEHICLES, [car(person, f"粤A0000{number}")])
        stages.say(ASSISTANCE, [dibao(person, f"DB-{number}", f"H-{number}", 20_000)])
    event = str(uuid.uuid4())
    stages.tick(MORNING + DAY)
    poison(settings, stages.pseudonym(1).encode(), event)
    with psycopg.connect(settings.dsn("sinks"), autocommit=True) as connection:
        refused = {"kind": "Visited", "record": "V-1", "subject": "D-1", "withdrawn": False}
        times = dict.fromkeys(("occurred_at", "recorded_at"), "2026-03-02T08:00:00+08:00")
        change = {"task": "V-1", "outcome": "done", "note": "", "checks": f"电话{people[1]}"}
        connection.execute(
            "INSERT INTO city.outbox (topic, statement) VALUES ('grid.observation', %s::jsonb)",
            (json.dumps(refused | times | {"change": change}),),
        )
        connection.execute("NOTIFY city_outbox")
        stages.settle("resident", "household", "dwelling")
        until(lambda: logged(tmp_path, "outbox", "outbox_refused"), 30)
    until(lambda: logged(tmp_path, "sink-grid-tasks", "record_dead_lettered"), 60)
    look(settings, stages, people[1])

    stages.ours.kill("stage-resident")
    wrong = moved_in(people[2], "H-22", name=NAMES[1])
    stages.start_changed("resident", raises_at=wrong.record)
    failing = stages.ours.running["stage-resident"]
    stages.say(POLICE, [wrong])
    until(lambda: logged(tmp_path, "stage-resident", "subject_put_aside"), 60)
    assert failing.alive

    logs = {file.stem: file.read_text() for file in tmp_path.glob("*.log")}
    assert {f"stage-{view}" for view in ("resident", "household", "dwelling")} | {"api", "outbox"} < logs.keys()
    personal = [
        *people.values(), *(stages.pseudonym(number) for number in PEOPLE), *NAMES, PHONE, ADDRESS,
        *(f"{kind}{number}" for number in PEOPLE for kind in ("H-", "D-", "DB-", "粤A0000")), PASSWORD,
    ]  # fmt: skip
    assert {(name, value) for name, text in logs.items() for value in personal if value in text} == set()
    rejections = [json.loads(line) for line in logs["stage-resident"].splitlines() if "record_dead_lettered" in line]
    assert event in {line["event_id"] for line in rejections}
    assert all(line["trace_id"] is None or len(line["trace_id"]) == 32 for line in rejections)


def logged(folder: Path, process: str, event: str) -> str | None:
    """None once the process has said so."""
    return None if f'"{event}"' in (folder / f"{process}.log").read_text() else f"{process} has not logged {event}"


def poison(settings: Settings, key: bytes, event_id: str) -> None:
    """What nobody can read, full of what nobody may say, on an input, a contribution and the alerts."""
    producer = Producer({**settings.kafka_client(), "partitioner": "murmur2_random"})
    junk = f"{NAMES[0]} {PHONE} {ADDRESS}".encode()
    for topic in (POLICE, "contributions.household", ALERTS):
        for value in (junk, b"\x00\x00\x00\x00\x01" + junk):
            producer.produce(settings.topic_prefix + topic, value, key, headers={"ce_id": event_id})
    assert producer.flush(30) == 0


def look(settings: Settings, stages: Stages, number: str) -> None:
    """As a page does: the number in a body, then the row by its pseudonym."""
    address = f"http://127.0.0.1:{settings.api_port}"
    with httpx.Client(base_url=f"{address}/api/v1", headers={"Origin": address}, timeout=10) as client:

        def away() -> str | None:
            try:
                return None if client.get("/health/ready").status_code == 200 else "not ready"
            except httpx.TransportError as error:
                return str(error)

        until(away, 60)
        assert client.post("/session", json={"name": "centre", "password": PASSWORD}).status_code < 300
        body = {"identity_number": number, "purpose": "supervise"}
        assert client.post("/rows/resident/lookup", json=body).status_code in {200, 404}
        assert client.get(f"/rows/resident/{stages.pseudonym(1)}?purpose=handle_case").status_code in {200, 404}
        assert client.get(f"/rows/nothing/{number}").status_code == 404
