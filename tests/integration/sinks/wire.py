"""Rows and alerts on Kafka as the stages publish them, and a sink's process to be killed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from runtime.settings import CHECKOUT, Settings
from sinks.runner import Runner
from sinks.sink import Sink
from sinks.worker import sinks
from wire.codec import encoder
from wire.contracts import published
from wire.registry import Registry
from wire.topics import ensure_topics

NOON = 1_772_424_000_000_000


class Wire:
    """Publishes what stages publish; `send` returns when the broker has it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        ensure_topics(settings)
        registry = Registry.of(settings)
        self._schemas = {topic: output.schema for topic, output in published().items()}
        self._encode = {
            topic: encoder(registry.register(f"{settings.topic_prefix}{topic}-value", schema), schema)
            for topic, schema in self._schemas.items()
        }
        # idempotent, as the stages' is: a batch that a topic just made refuses is sent again before what follows it
        self._producer = Producer(
            {**settings.kafka_client(), "partitioner": "murmur2_random", "linger.ms": 5, "enable.idempotence": True}
        )

    def row(self, view: str, key: str, **fields: Any) -> None:
        """A row with these fields; the others have their defaults."""
        self._put(f"rows.{view}", key, {"id": key, "bookkeeping": {}} | fields)

    def alert(self, finding: uuid.UUID, state: str = "opened", dwelling: str | None = None, **fields: Any) -> None:
        content = {
            "finding_id": str(finding),
            "rule": "newly-let",
            "rule_version": 1,
            "domain": "housing",
            "state": state,
            "view": "dwelling",
            "subject": dwelling or "d",
            "cause": "lease-1",
            "severity": "today",
            "why_zh": "新出租",
            "why_en": "newly let",
            "because": [],
            "dwelling": dwelling,
            "opened_at": NOON,
            "at": NOON,
        }
        self._put("alerts", str(finding), content | fields)

    def deleted(self, topic: str, key: str) -> None:
        self._producer.produce(self.settings.topic_prefix + topic, None, key.encode())

    def junk(self, topic: str, key: bytes | None, value: bytes) -> None:
        self._producer.produce(self.settings.topic_prefix + topic, value, key)

    def aborted(self, topic: str, key: str) -> None:
        """A transaction that was given up: its record and its marker take offsets that no reader sees."""
        producer = Producer(
            {**self.settings.kafka_client(), "transactional.id": f"{self.settings.topic_prefix}aborted"}
        )
        producer.init_transactions(30)
        producer.begin_transaction()
        producer.produce(self.settings.topic_prefix + topic, b"never", key.encode())
        producer.flush(30)
        producer.abort_transaction(30)

    def send(self) -> None:
        assert self._producer.flush(60) == 0

    def _put(self, topic: str, key: str, record: dict[str, Any]) -> None:
        fields = self._schemas[topic]["fields"]
        bare = {"array": [], "map": {}, "boolean": False, "string": ""}
        full = {field["name"]: record.get(field["name"], _default(field, bare)) for field in fields}
        self._producer.produce(self.settings.topic_prefix + topic, self._encode[topic](full), key.encode())
        self._producer.poll(0)


def _default(field: Any, bare: dict[str, Any]) -> Any:
    if "default" in field:
        return field["default"]
    kind = field["type"]
    return bare.get(kind["type"] if isinstance(kind, dict) else kind)


@contextmanager
def running(settings: Settings, sink: str | Sink) -> Iterator[Runner]:
    """The sink in a thread of this process; its error, if it ends with one, is raised here."""
    stopping, errors = threading.Event(), []
    runner = Runner(sinks()[sink] if isinstance(sink, str) else sink, settings, stopping)

    def turn() -> None:
        try:
            runner.run()
        except BaseException as error:  # noqa: BLE001 - told by the raise below
            errors.append(error)

    thread = threading.Thread(target=turn, name="sink")
    thread.start()
    try:
        yield runner
    finally:
        stopping.set()
        thread.join(60)
    if errors:
        raise errors[0]


def environment(settings: Settings, tmp_path: Path) -> dict[str, str]:
    """The environment in which a process of ours has these settings."""
    from local.stack.ports import free_ports

    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(CHECKOUT),
        "CITYGRID_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "CITYGRID_REGISTRY_URL": settings.registry_url,
        "CITYGRID_TOPIC_PREFIX": settings.topic_prefix,
        "CITYGRID_DATABASE_SINKS_DSN": settings.dsn("sinks"),
        "CITYGRID_PSEUDONYM_KEY_FILE": str(settings.pseudonym_key_file),
        "CITYGRID_STATE_DIR": str(tmp_path / "nothing"),
        "CITYGRID_WORKER_PORT": str(free_ports(1)[0]),
    }


def process(
    settings: Settings, tmp_path: Path, module: str, *arguments: str, own: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """A process of ours; the caller kills it. `own`: what it alone is told by its environment."""
    with (tmp_path / f"{module}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env=environment(settings, tmp_path) | dict(own or {}),
            cwd=CHECKOUT,
            stdout=log,
            stderr=log,
        )


def until(condition: Callable[[], Any], seconds: float = 60, why: str = "") -> Any:
    """The first true answer of `condition`; AssertionError after `seconds`."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.05)):
        answer = condition()
        if answer:
            return answer
        pause.wait(0.05)
    raise AssertionError(why or "the condition did not come true in time")
