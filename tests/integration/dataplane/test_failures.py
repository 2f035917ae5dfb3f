"""Whatever goes wrong, the process ends with a status other than 0 and nothing of the open transaction is read."""

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType  # type: ignore[attr-defined]

from local.stack import downloads
from local.stack.children import Child
from local.stack.local import LocalStack, PartName, Ports, stop
from runtime.settings import Settings
from tests.integration.dataplane.conftest import Counting, wait_for


def test_an_agent_that_raises_ends_the_process_and_commits_nothing_of_its_batch(counting: Counting) -> None:
    counting.fill(2_000)
    healthy = counting.start()
    counting.wait_until_read()
    healthy.signal(signal.SIGTERM)
    assert healthy.exit_code() == 0
    before, echoed = counting.committed(), len(counting.read("out"))
    counting.fill(100)
    counting.fill(1, b"raise")
    began = time.monotonic()
    worker = counting.start(batch_records=1_000)
    assert worker.exit_code() != 0
    assert time.monotonic() - began < 20
    assert worker.logged("failed on purpose")
    left = counting.read("out")[echoed:]
    assert counting.committed() - before == len(left), "an offset without its output, or an output without its offset"


def test_a_refused_record_ends_the_process_with_nothing_visible(counting: Counting) -> None:
    limit = ConfigEntry("max.message.bytes", "100000", incremental_operation=AlterConfigOpType.SET)
    out = ConfigResource(ResourceType.TOPIC, counting.prefix + "out", incremental_configs=[limit])
    for answer in counting.admin.incremental_alter_configs([out]).values():
        answer.result()
    counting.fill(40)
    counting.fill(1, b"huge")
    worker = counting.start({"bytes": 500_000}, commit_interval_ms=2_000, idle_commit_ms=2_000)
    assert worker.exit_code() != 0
    assert worker.logged("MSG_SIZE_TOO_LARGE"), worker.log.read_text()[-2000:]
    assert len(counting.read("out")) == counting.committed() <= 40


def test_lost_partitions_end_the_process_when_work_on_them_is_open(counting: Counting) -> None:
    counting.fill(400)
    # The agent stops in the middle of a batch, and the process is silent for longer than its session.
    worker = counting.start({"park_after": 50})
    worker.wait_until_said("PARKED")
    worker.signal(signal.SIGSTOP)
    second = counting.start()
    second.wait_until_said("ASSIGNED")
    worker.signal(signal.SIGCONT)
    assert worker.exit_code() != 0
    assert worker.logged("PartitionsLost"), worker.log.read_text()[-2000:]
    counting.wait_until_read()
    counting.assert_exact()


def test_a_stuck_agent_is_not_live(counting: Counting) -> None:
    counting.fill(400)
    worker = counting.start({"park_after": 50}, http_port=0, stuck_after_s=2.0)
    worker.wait_until_said("PARKED")
    wait_for("not live", lambda: worker.get("/live")[0] == 503, 20)
    assert "in flight" in worker.get("/live")[1]


@dataclass
class OwnKafka:
    """A broker of one test."""

    local: LocalStack
    children: dict[PartName, Child]


@pytest.fixture
def own_kafka(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnKafka]:
    """A broker that may be killed; it lives too shortly for Java's second compiler to pay for itself."""
    monkeypatch.setenv("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")
    local = LocalStack(tmp_path / "stack", Ports.free(), downloads.folder(Settings().downloads_dir))
    broker = OwnKafka(local, dict(local.start(["kafka"])))
    yield broker
    stop(broker.children)


def test_kafka_killed_and_started_again(own_kafka: OwnKafka, prefix: str, tmp_path: Path) -> None:
    """The worker waits, or ends and is started again; the result is exact."""
    local = own_kafka.local
    counting = Counting(local.address("kafka"), prefix, tmp_path)
    counting.fill(20_000)
    small: dict[str, Any] = {"batch_records": 100, "instance": "one"}
    worker = counting.start({"slow_s": 0.01}, **small)
    try:
        wait_for("some is read", lambda: counting.committed() > 4_000)
        own_kafka.children["kafka"].kill()
        own_kafka.children = dict(local.start(["kafka"]))
        deadline = time.monotonic() + 100
        while counting.committed() < len(counting.sent):
            if worker.process.poll() is not None:
                assert worker.process.returncode != 0
                worker = counting.start(**small)
            assert time.monotonic() < deadline, worker.log.read_text()[-3000:]
            time.sleep(0.2)
        counting.assert_exact()
    finally:
        for running in counting.workers:
            running.end()
