"""Real Kafka, real worker processes: a small counting app whose every loss and every doubling shows."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec  # type: ignore[attr-defined]

from dataplane import codes

PARTITIONS = 4
KEYS = 40
APP = Path(__file__).with_name("counting_app.py")
#: The local broker allows so short a session; a machine at work on other things must still heartbeat within it.
QUICK_SESSION = {"session_timeout_ms": 4_000, "heartbeat_interval_ms": 400}
#: The classic protocol has a minimum of its own: `group.min.session.timeout.ms` of the broker.
QUICK_CLASSIC_SESSION = {"session_timeout_ms": 6_000, "heartbeat_interval_ms": 400}


def wait_for(what: str, condition: Callable[[], Any], seconds: float = 60) -> Any:
    """The first true answer of `condition`; fails naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.05)
    return answer


class Worker:
    """One worker process; its output goes to `log`."""

    def __init__(self, log: Path, given: dict[str, Any]) -> None:
        self.log = log
        self.process = subprocess.Popen(
            [sys.executable, str(APP), json.dumps(given)],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
            stdout=log.open("ab"),
            stderr=subprocess.STDOUT,
        )

    def logged(self, pattern: str) -> list[str]:
        """All matches of `pattern` in what the worker printed."""
        return re.findall(pattern, self.log.read_text())

    def wait_until_said(self, pattern: str, seconds: float = 40, times: int = 1) -> None:
        """Fails when the worker ends, or does not print `pattern` so many times."""

        def answer() -> bool:
            if len(self.logged(pattern)) >= times:
                return True
            assert self.process.poll() is None, f"the worker ended:\n{self.log.read_text()[-3000:]}"
            return False

        wait_for(f"worker says {pattern!r} ({self.log.read_text()[-2000:]})", answer, seconds)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        self.process.send_signal(number)

    def exit_code(self, seconds: float = 30) -> int:
        """Wait for the end."""
        return self.process.wait(seconds)

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of an HTTP answer of the worker."""
        [port] = set(self.logged(r"http://127\.0\.0\.1:(\d+)"))
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def end(self) -> None:
        """Whatever state it is in."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait(10)


class Counting:
    """The topics of one counting app and what is in them."""

    def __init__(self, servers: str, prefix: str, folder: Path) -> None:
        self.servers = servers
        self.prefix = prefix
        self.folder = folder
        self.workers: list[Worker] = []
        self.sent: list[tuple[bytes, bytes]] = []
        self.admin = AdminClient({"bootstrap.servers": servers})
        compact = {"cleanup.policy": "compact"}
        topics = [
            NewTopic(prefix + name, PARTITIONS, 1, config=compact if name == "rows" else {})
            for name in ("a", "b", "rows", "out", "dead")
        ]
        for answer in self.admin.create_topics(topics).values():
            answer.result()

    def fill(self, count: int, value: bytes | None = None, *, trickling: bool = False) -> None:
        """Send `count` more numbers (or `value`) to the two inputs in turn, spread over `KEYS` keys.

        `trickling`: each waits for the broker's answer to the one before.
        """
        producer = Producer(
            {
                "bootstrap.servers": self.servers,
                "partitioner": "murmur2_random",
                "linger.ms": 5,
                "enable.idempotence": True,
            }
        )
        for number in range(len(self.sent), len(self.sent) + count):
            key, content = b"key%d" % (number % KEYS), value if value is not None else b"%d" % number
            producer.produce(self.prefix + "ab"[number // KEYS % 2], content, key)
            self.sent.append((key, content))
            if trickling:
                producer.flush(30)
            elif number % 1_000 == 0:
                producer.poll(0)
        assert producer.flush(30) == 0

    def start(self, wrong: dict[str, Any] | None = None, **settings: Any) -> Worker:
        """A worker process with these settings."""
        number = len(self.workers)
        session = QUICK_CLASSIC_SESSION if settings.get("group_protocol") == "classic" else QUICK_SESSION
        given = {
            "servers": self.servers,
            "prefix": self.prefix,
            "datadir": str(self.folder / f"faust{number}"),
            "settings": {**session, **settings},
            "wrong": wrong or {},
        }
        worker = Worker(self.folder / f"worker{number}.log", given)
        self.workers.append(worker)
        return worker

    def read(self, topic: str, isolation: str = "read_committed") -> list[Message]:
        """All records of a topic up to its present (stable) end."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.servers,
                "group.id": self.prefix + "reader",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": isolation,
            }
        )
        consumer.assign([TopicPartition(self.prefix + topic, partition, 0) for partition in range(PARTITIONS)])
        ended, records = set[int](), list[Message]()
        while len(ended) < PARTITIONS:
            for message in consumer.consume(5_000, 0.5):
                error = message.error()
                if error is None:
                    records.append(message)
                else:
                    assert error.code() == KafkaError._PARTITION_EOF, error
                    ended.add(message.partition() or 0)
        consumer.close()
        return records

    def end_of(self, topic: str) -> int:
        """Sum of the partitions' ends, control records included."""
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        answers = self.admin.list_offsets(
            {TopicPartition(self.prefix + topic, partition): latest for partition in range(PARTITIONS)},
            isolation_level=IsolationLevel.READ_COMMITTED,
        )
        return sum(answer.result().offset for answer in answers.values())

    def committed(self) -> int:
        """Sum of the group's committed offsets over both inputs."""
        # Uncommitted: a killed worker's undecided transaction must not make the *test* wait.
        uncommitted = {"isolation.level": "read_uncommitted"}
        consumer = Consumer({"bootstrap.servers": self.servers, "group.id": self.prefix, **uncommitted})
        asked = [TopicPartition(self.prefix + name, p) for name in "ab" for p in range(PARTITIONS)]
        try:
            answers = consumer.committed(asked, timeout=10)
        except KafkaException as error:  # the broker is being started again: the callers ask until it answers
            if not error.args[0].retriable() and error.args[0].code() not in codes.COORDINATOR_AWAY:
                raise
            return 0
        finally:
            consumer.close()
        return sum(max(0, answer.offset) for answer in answers)

    def rows(self) -> dict[bytes, int]:
        """The last row of every key."""
        rows = dict[bytes, int]()
        for record in self.read("rows"):
            key, value = record.key(), record.value()
            assert isinstance(key, bytes)
            if value is None:
                rows.pop(key, None)
            else:
                rows[key] = int(value)
        return rows

    def wait_until_read(self, seconds: float = 90) -> None:
        """Until the group has committed all that was sent."""
        wait_for("all input committed", lambda: self.committed() >= len(self.sent), seconds)

    def assert_exact(self) -> None:
        """Each input was counted once, in the order of its key and topic, and echoed once."""
        echoes = [record.value().split() for record in self.read("out")]  # type: ignore[union-attr]
        origins = [tuple(echo[:3]) for echo in echoes]
        assert len(set(origins)) == len(origins), "an input was echoed twice"
        assert len(origins) == len(self.sent), "an input was not echoed"
        last = dict[tuple[bytes, ...], int]()
        for topic, partition, offset in origins:
            assert int(offset) > last.get((topic, partition), -1), f"{topic!r} {partition!r} {offset!r} came late"
            last[topic, partition] = int(offset)
        wanted = dict[bytes, int]()
        for key, _ in self.sent:
            wanted[key] = wanted.get(key, 0) + 1
        assert self.rows() == wanted


@pytest.fixture
def counting(kafka: str, prefix: str, tmp_path: Path) -> Iterator[Counting]:
    """Fresh topics; every worker is ended and, when the test failed, its log stays in the temporary folder."""
    made = Counting(kafka, prefix, tmp_path)
    yield made
    for worker in made.workers:
        worker.end()
    ours = [topic for topic in made.admin.list_topics(timeout=10).topics if topic.startswith(prefix)]
    for answer in made.admin.delete_topics(ours).values():
        answer.result()
