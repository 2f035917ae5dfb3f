"""The departments' door as a process of its own: it keeps to its description under schemathesis, and answers 202 for
what Kafka has and for nothing else, be Kafka frozen or killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from local.stack import downloads
from local.stack.children import Child
from local.stack.local import LocalStack, Ports
from local.stack.ports import free_ports
from producers.doors import key_register as keys
from runtime.settings import Settings
from tests.e2e.running import Processes, processes, until
from tests.integration.doors.statements import TENANCY, event_id, let, on_topic
from wire.contracts import contracts
from wire.topics import ensure_schemas, ensure_topics

EXAMPLES = 4
WHOLE = {"housing", "tax"}
"""Whose description is tried whole; of the others what only they have: what they may state."""
SECONDS = 60
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)
"""All of schemathesis' but that valid-looking data is accepted: no schema says which check character a number has."""


@dataclass(frozen=True)
class Served:
    """A gateway process that is ready. `health` is the port of /ready."""

    settings: Settings
    ours: Processes
    url: str
    health: int

    def client(self) -> httpx.Client:
        """With a key of the housing department."""
        key = keys.create(self.settings.dsn("owner"), "housing")
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {key}"}, timeout=60)

    def trouble(self) -> str | None:
        """What /ready says is lacking."""
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.health}/ready", timeout=5)
        except httpx.TransportError as away:
            return type(away).__name__
        return None if answer.status_code == 200 else answer.text


@pytest.fixture
def served(settings: Settings, tmp_path: Path) -> Iterator[Served]:
    """On the session's stack."""
    yield from serving(settings, tmp_path)


def serving(settings: Settings, folder: Path) -> Iterator[Served]:
    """`citygrid worker gateway` under `settings`, ready."""
    ensure_topics(settings)
    ensure_schemas(settings)
    door, health = free_ports(2)
    here = settings.model_copy(
        update={
            "gateway_port": door,
            "gateway_requests_per_second": 5_000.0,
            "device_requests_per_second": 5_000.0,
            "gateway_patience_seconds": 4.0,
            "worker_ports": {"gateway": health},
        }
    )
    with processes(here, folder) as ours:
        ours.start("gateway")
        ready = Served(here, ours, f"http://127.0.0.1:{door}", health)
        until(ready.trouble, 120)
        yield ready


@pytest.mark.timeout(600)
def test_the_door_keeps_to_its_description(served: Served, tmp_path: Path) -> None:
    """For every department that has a contract, with its own key at the same door."""
    departments = sorted({contract.department for contract in contracts().values()})
    assert set(departments) > WHOLE
    with ThreadPoolExecutor(2) as judges:
        judgements = list(judges.map(lambda department: judged(served, department, tmp_path / department), departments))
    assert [judgement for judgement in judgements if judgement] == []
    assert '"status": 500' not in served.ours.running["gateway"].program.log.read_text()


def judged(served: Served, department: str, folder: Path) -> str | None:
    """What schemathesis has against the door as the holder of a key of `department` sees it."""
    key = keys.create(served.settings.dsn("owner"), department)
    some = () if department in WHOLE else ("--include-path-regex", "^/v1/events/")
    command = (
        sys.executable, "-m", "schemathesis.cli", "run", f"{served.url}/v1/openapi.json", "--url", served.url, *some,
        "--header", f"Authorization: Bearer {key}", "--checks", ",".join(CHECKS), "--max-examples", str(EXAMPLES),
        "--phases", "examples,coverage,fuzzing", "--generation-deterministic", "--workers", "1", "--no-shrink",
        "--request-timeout", "20", "--warnings", "off", "--no-color",
    )  # fmt: skip
    folder.mkdir()  # it leaves one with what it found where it runs
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS * 4, check=False)
    return None if ran.returncode == 0 else f"{department}: {ran.stdout[-6_000:]}{ran.stderr[-2_000:]}"


@dataclass
class OwnKafka:
    """A broker of one test, beside the session's registry and database."""

    local: LocalStack
    settings: Settings
    child: Child


@pytest.fixture
def own_kafka(settings: Settings, tmp_path: Path) -> Iterator[OwnKafka]:
    """It may be frozen and killed."""
    local = LocalStack(tmp_path / "stack", Ports.free(), downloads.folder(Settings().downloads_dir))
    child = local.start(["kafka"])["kafka"]
    broker = OwnKafka(local, settings.model_copy(update={"kafka_bootstrap": local.address("kafka")}), child)
    yield broker
    broker.child.process.send_signal(signal.SIGCONT)
    broker.child.stop()


def test_without_kafka_there_is_no_202(own_kafka: OwnKafka, tmp_path: Path) -> None:
    for served in serving(own_kafka.settings, tmp_path):
        with served.client() as client, ThreadPoolExecutor(8) as callers:

            def state(index: int) -> httpx.Response:
                return client.post(f"/v1/events/{TENANCY}", json=[let(index)])

            taken = [state(index) for index in range(3)]
            assert {answer.status_code for answer in taken} == {202}

            own_kafka.child.process.send_signal(signal.SIGSTOP)
            asked = [callers.submit(state, index) for index in range(3, 11)]
            frozen = [future.result(60) for future in asked]
            assert {answer.status_code for answer in frozen} == {503}, "nobody acknowledged it"
            assert all(int(answer.headers["retry-after"]) >= 1 for answer in frozen)
            assert served.trouble() is not None
            wrong = client.post(f"/v1/events/{TENANCY}", json=[{}])
            assert wrong.status_code == 422, "what is wrong is told without Kafka"

            own_kafka.child.process.send_signal(signal.SIGCONT)
            until(served.trouble, 120)
            taken += [state(index) for index in range(3, 11)]

            own_kafka.child.kill()
            assert state(11).status_code == 503
            own_kafka.child = own_kafka.local.start(["kafka"])["kafka"]
            until(served.trouble, 120)
            taken.append(state(11))
        assert {answer.status_code for answer in taken} == {202}
        promised = {answer.json()["event_ids"][0] for answer in taken}
        assert len(promised) == 12
        assert {event_id(message) for message in on_topic(own_kafka.settings, TENANCY)} == promised


def test_a_department_sees_what_was_put_aside_of_its_own(served: Served) -> None:
    """A record that breaks the contract is put aside by the stage, told to its department, and stated anew."""
    served.ours.start("stage", "dwelling")
    with served.client() as client:
        produce_broken(served.settings)

        def lacking() -> str | None:
            return None if client.get("/v1/dead-letters").json()["items"] else "no dead letter is shown"

        until(lacking, 90, every=1)
        listed = client.get("/v1/dead-letters").json()
        assert [(count["topic"], count["waiting"], count["replayed"]) for count in listed["counts"]] == [
            (TENANCY, 1, 0)
        ]
        (letter,) = listed["items"]
        assert letter["origin"].startswith(f"{served.settings.topic_prefix}{TENANCY}:")
        assert letter["event_id"] == BROKEN_ID
        assert "framed" in letter["reason"]
        other = keys.create(served.settings.dsn("owner"), "tax")
        answer = client.get("/v1/dead-letters", headers={"Authorization": f"Bearer {other}"})
        assert answer.json()["items"] == []


BROKEN_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"


def produce_broken(settings: Settings) -> None:
    """As a department's own client does that forgot the framing."""
    from confluent_kafka import Producer

    producer = Producer(settings.kafka_client())
    producer.produce(
        settings.topic_prefix + TENANCY, b"\x01not framed", b"D-1", headers=[("ce_id", BROKEN_ID.encode())]
    )
    assert producer.flush(30) == 0
