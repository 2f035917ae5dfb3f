"""What is asked of, and set on, the Kafka cluster before the group is joined. All of it blocks."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from mode import get_logger

from .errors import DataPlaneError, Misplaced
from .settings import DataPlaneSettings

logger = get_logger(__name__)
_STEADY = re.compile(r'"join_state":\s*"steady"')  # of 100 KB of statistics, of all partitions, nothing else is asked


def check_topics(admin: AdminClient, topics: Sequence[str], row_topics: Sequence[str], wait_s: float) -> None:
    """All topics exist with one partition count, else partition p of each would not go to the same worker.

    Waits up to `wait_s` for topics that are being made. Raises Misplaced.
    """
    deadline = time.monotonic() + wait_s
    wanted = [*topics, *row_topics]
    while True:
        try:
            known = admin.list_topics(timeout=10).topics
            missing = [topic for topic in wanted if topic not in known or known[topic].error is not None]
        except KafkaException as error:
            if not error.args[0].retriable() or time.monotonic() > deadline:
                raise DataPlaneError(f"the broker does not answer: {error.args[0].str()}") from error
            continue
        if not missing:
            break
        if time.monotonic() > deadline:
            raise Misplaced(f"these topics do not exist: {', '.join(sorted(missing))}; make them before the worker")
        time.sleep(0.2)
    counts = {topic: len(known[topic].partitions) for topic in wanted}
    if len(set(counts.values())) > 1:
        raise Misplaced(f"all input and row topics of an app need the same number of partitions, not {counts}")


def configure_group(admin: AdminClient, group: str, settings: DataPlaneSettings) -> None:
    """Set session and heartbeat on a KIP-848 group when settings name them. Raises DataPlaneError if refused."""
    entries = [
        ConfigEntry(name, str(value), incremental_operation=AlterConfigOpType.SET)
        for name, value in (
            ("consumer.session.timeout.ms", settings.session_timeout_ms),
            ("consumer.heartbeat.interval.ms", settings.heartbeat_interval_ms),
        )
        if value is not None
    ]
    if settings.group_protocol != "consumer" or not entries:
        return
    resource = ConfigResource(ResourceType.GROUP, group, incremental_configs=entries)
    try:
        for answer in admin.incremental_alter_configs([resource], request_timeout=10).values():
            answer.result()
    except KafkaException as error:
        raise DataPlaneError(
            f"the broker refused session or heartbeat of group {group}: {error.args[0].str()}; lower its "
            "group.consumer.min.session.timeout.ms, or leave session_timeout_ms to the broker (None)"
        ) from error


def consumer_configuration(
    servers: str, app_id: str, instance: str, settings: DataPlaneSettings, on_statistics: Callable[[bool], None]
) -> dict[str, Any]:
    """librdkafka's properties of the group consumer."""
    configuration: dict[str, Any] = {
        "bootstrap.servers": servers,
        "group.id": app_id,
        "client.id": f"{app_id}-{instance}",
        "enable.auto.commit": False,
        "isolation.level": "read_committed",
        "auto.offset.reset": settings.auto_offset_reset,
        "enable.partition.eof": True,
        "queued.max.messages.kbytes": 32_768,
        "fetch.wait.max.ms": 50,
        "max.poll.interval.ms": settings.max_poll_interval_ms,
        "statistics.interval.ms": 1_000,
        "stats_cb": lambda text: on_statistics(_STEADY.search(text) is not None),
        "error_cb": _on_error,
    }
    if settings.static_membership:
        configuration["group.instance.id"] = instance
    if settings.group_protocol == "consumer":
        configuration |= {"group.protocol": "consumer", "group.remote.assignor": "range"}
    else:
        configuration |= {
            "partition.assignment.strategy": "range",
            "session.timeout.ms": settings.session_timeout_ms or 45_000,
            "heartbeat.interval.ms": settings.heartbeat_interval_ms or 3_000,
        }
    return configuration | dict(settings.security) | dict(settings.consumer_options)


def _on_error(error: KafkaError) -> None:
    # A fatal error also comes out of poll(), which ends the fetch thread and the process.
    logger.log(40 if error.fatal() else 20, "librdkafka: %s: %s", error.name(), error.str())
