"""Every topic: its partitions, what is kept and for how long, how large a record may be, and its schema.

Names here have no prefix; `Topic.on(settings)` gives the name on the cluster.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic

from runtime.settings import Settings
from wire import feedback
from wire.compatibility import Incompatible, level_of, troubles_of
from wire.contracts import (
    DOOR_REPORTS_OF_ALL,
    RECORD_TOPICS,
    Contract,
    contracts,
    departments_of,
    every_schema,
    feedback_topics,
    published,
    report_topics,
)
from wire.door_reports import KEPT_DAYS
from wire.registry import Registry, RegistryRefused

DAY_MS = 86_400_000
WEEK_MS = 7 * DAY_MS
FOR_EVER = "-1"
#: A row of a large household. Brokers compare it with a batch as it comes, compressed.
LARGE_RECORD = "2200000"
#: A dead letter wraps the largest record and says where it came from.
LARGE_LETTER = "2300000"
#: What our clients may write, uncompressed (librdkafka's message.max.bytes, 1 MB if not set): a record that a broker
#: took compressed can be far larger than `LARGE_RECORD`, and must still fit into a dead letter.
WRITTEN_AT_MOST = 100_000_000
PATIENCE_S = 30.0
TIMES = frozenset({"retention.ms", "segment.ms", "max.compaction.lag.ms"})
"""What `ensure_topics` changes where a topic has it otherwise: contracts say for how long records are kept."""
COPIES = "min.insync.replicas"
OF_KAFKA = ("__consumer_offsets", "__transaction_state")
"""Kafka's own topics, made when first needed: how far readers are, which transactions hold."""
DEAD_LETTERS = "dead-letters"
PARKED = "parked"
REPLAY_OF = "replay_of"
"""Header of a record that was sent back: where it stood when it was put aside, as topic:partition:offset."""
ALERTS = "alerts"
CLOCK = "clock"
RECORD_CLAIMS, RECORD_MOVES = RECORD_TOPICS
PUBLICATIONS = "publications."
"""Before a department's name: when each of its files was first published."""
PUBLICATIONS_OF_ALL = "publications"
"""Where that stood before: it still counts, and no login may write there."""

_KEPT = {"cleanup.policy": "delete", "retention.ms": FOR_EVER, "retention.bytes": FOR_EVER}
# A closed segment an hour: compaction and deletion only touch closed ones. All is kept for a day: of records of one
# key that are sent back together a row waits for each (docs/decisions/0023-judging.md).
# Within a week of it the older versions of a row are gone, and with them what the row forgot.
_COMPACTED = {
    "cleanup.policy": "compact",
    "segment.ms": "3600000",
    "min.compaction.lag.ms": "86400000",
    "max.compaction.lag.ms": str(WEEK_MS),
    "min.cleanable.dirty.ratio": "0.3",
}


class TopicsDiffer(Exception):
    """Topics that exist are not as they must be; the message says which, how, and what to do."""


@dataclass(frozen=True)
class Topic:
    """A topic and its configuration. `why` says what the configuration rests on. `partitions`: None for as many as
    events have."""

    name: str
    why: str
    config: dict[str, str] = field(default_factory=dict)
    partitions: int | None = None

    def partitions_on(self, settings: Settings) -> int:
        """How many partitions it has on the cluster of `settings`."""
        return self.partitions or settings.partitions

    def on(self, settings: Settings) -> str:
        """The topic's name on the cluster of `settings`."""
        return settings.topic_prefix + self.name


def topics() -> list[Topic]:
    """Every topic of the system, events first."""
    made = [_of_events(contract) for contract in contracts().values()]
    for output in published().values():
        match output.what:
            case "row":
                made.append(Topic(output.topic, "changelog and published rows in one", _large(_COMPACTED)))
            case "contribution":
                made.append(Topic(output.topic, "the newest says all: a rebuild reads it", _large(_COMPACTED)))
            case "alert":
                made.append(Topic(output.topic, "the newest state of each finding", _large(_COMPACTED)))
            case "record":
                made.append(Topic(output.topic, "the newest of each record and subject says all", _COMPACTED))
            case "clock":
                stamped = {
                    **_COMPACTED,
                    "message.timestamp.type": "LogAppendTime",
                }  # the clock compares with the broker's
                made.append(Topic(output.topic, "only the last tick matters; its key is the empty string", stamped))
    month = {"cleanup.policy": "delete", "retention.ms": str(30 * DAY_MS)}
    made.append(Topic(DEAD_LETTERS, "personal data: kept short", _large(month, LARGE_LETTER)))
    made.append(Topic(PARKED, "waits for a newer reader, however long", _large(_KEPT, LARGE_LETTER)))
    reports = {**_COMPACTED, "cleanup.policy": "compact,delete", "retention.ms": str(KEPT_DAYS * DAY_MS)}
    made.append(Topic(DOOR_REPORTS_OF_ALL, "what stood there before 0047 is shown for as long", reports))
    made += [Topic(topic, "departments see what they did for some months", reports, 1) for topic in report_topics()]
    back = {"cleanup.policy": "delete", "retention.ms": str(feedback.KEPT_DAYS * DAY_MS), "segment.ms": str(WEEK_MS)}
    made += [Topic(topic, "a department reads its results within some months", back) for topic in feedback_topics()]
    noted = "when each file was first published: its key is the file's digest"
    made.append(Topic(PUBLICATIONS_OF_ALL, "what was noted before 0047 counts", _COMPACTED))
    made += [Topic(topic, noted, _COMPACTED, 1) for topic in publication_topics()]
    return made


def publication_topics() -> list[str]:
    """A topic a department, as with the reports."""
    return [PUBLICATIONS + department for department in departments_of()]


def group_of_stage(settings: Settings, view: str) -> str:
    """The consumer group of a view's stage, or of the index of records (`records`)."""
    return f"{settings.topic_prefix}citygrid-stage-{view}"


def ensure_topics(settings: Settings) -> list[str]:
    """Make the topics that are missing; returns their names on the cluster. May be run again at any time.

    Those that are there, Kafka's own too, are held to the same number of copies before a record counts as acknowledged,
    and are given the times that this version keeps records for.
    Raises TopicsDiffer if one exists with another number of partitions, another cleanup policy or too few copies,
    KafkaException if the cluster does not answer within `PATIENCE_S`.
    """
    admin = AdminClient({**settings.kafka_client()})
    there = admin.list_topics(timeout=PATIENCE_S).topics
    wanted = {topic.on(settings): topic for topic in topics()}
    copies = {COPIES: str(settings.copies_acknowledged)} if settings.replication_factor > 1 else {}
    missing = [
        NewTopic(name, topic.partitions_on(settings), settings.replication_factor, config={**topic.config, **copies})
        for name, topic in wanted.items()
        if name not in there
    ]
    made = []
    for name, future in (admin.create_topics(missing, request_timeout=PATIENCE_S) if missing else {}).items():
        try:
            future.result(PATIENCE_S)
        except KafkaException as refused:
            # another process of ours was quicker
            if refused.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
        else:
            made.append(name)
    _wait_until_led(admin, wanted)
    _refuse_others(admin, settings, wanted)
    if copies:
        _acknowledge_copies(admin, settings, wanted)
    return made


def _acknowledge_copies(admin: AdminClient, settings: Settings, names: Iterable[str]) -> None:
    """Let Kafka acknowledge a record only once `copies_acknowledged` brokers have it. Raises TopicsDiffer, with nothing
    changed, if a topic has fewer copies: it could not be written to any more."""
    there, wanted = admin.list_topics(timeout=PATIENCE_S).topics, settings.copies_acknowledged
    known = [name for name in (*names, *OF_KAFKA) if name in there]
    few = {name: min(len(part.replicas) for part in there[name].partitions.values()) for name in known}
    if troubles := [
        f"Topic {name} keeps {copies} copy of each record, and CITYGRID_REPLICATION_FACTOR wants "
        f"{settings.replication_factor}: give it as many by kafka-reassign-partitions.sh, then go on."
        for name, copies in few.items()
        if copies < wanted
    ]:
        raise TopicsDiffer("\n".join(troubles))
    # A broker that is asked may not have heard yet what another has changed: what reads as wanted is said once more
    # (where it holds already nothing changes), and only what somebody has set higher is left alone.
    configured = _configurations(admin, known).items()
    _set(admin, {name: {COPIES: str(wanted)} for name, config in configured if int(config[COPIES].value) <= wanted})


def _of_events(contract: Contract) -> Topic:
    """What lasts is kept: rows are rebuilt from it. What happens at a moment is kept for as long as rows keep it, by
    when it came; they count whole local days from when it was recorded, which may lie a day ahead of that."""
    if not contract.momentary or contract.kept is None:
        return Topic(contract.topic, "events keep everything: rows are rebuilt from them", _KEPT)
    kept_ms = (366 * contract.kept.years + contract.kept.days + 1) * DAY_MS
    # Whole segments go, a week's at most: without it a quiet door's would stay.
    segment_ms = max(DAY_MS, min(WEEK_MS, kept_ms // 30))
    why = f"of moments: rows forget it after {contract.retention}, so does the topic"
    return Topic(contract.topic, why, {**_KEPT, "retention.ms": str(kept_ms), "segment.ms": str(segment_ms)})


def _wait_until_led(admin: AdminClient, names: Iterable[str]) -> None:
    """A broker answers that a topic is made before it knows it itself: who reads or counts it then would find nothing.

    Raises KafkaException if a topic has no leader within `PATIENCE_S`.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        there = admin.list_topics(timeout=PATIENCE_S).topics
        for name in names:
            parts = there[name].partitions.values() if name in there else ()
            if not parts or any(part.leader < 0 for part in parts):
                break
        else:
            return
        if time.monotonic() > deadline:
            raise KafkaException(KafkaError(KafkaError.LEADER_NOT_AVAILABLE, f"no broker leads {name} yet"))
        time.sleep(0.1)


def subject_of(settings: Settings, topic: str) -> str:
    """The registry's subject of a topic's values."""
    return f"{settings.topic_prefix}{topic}-value"


def ensure_schemas(settings: Settings, registry: Registry | None = None) -> dict[str, int]:
    """Register every schema and hold its subject to its level; topic → schema id. May be run again at any time.

    Raises Incompatible, naming topic and field, if the registry holds a version that the new one would break.
    """
    ours = registry or Registry.of(settings)
    try:
        return {topic: _registered(ours, settings, topic, schema) for topic, schema in every_schema().items()}
    finally:
        if registry is None:
            ours.close()


def _registered(registry: Registry, settings: Settings, topic: str, schema: Mapping[str, Any]) -> int:
    subject = subject_of(settings, topic)
    try:
        schema_id = registry.register(subject, schema)
    except RegistryRefused as refused:
        if refused.status != 409:
            raise
        troubles = [trouble for old in registry.versions(subject) for trouble in troubles_of(topic, schema, old)]
        raise Incompatible(
            f"The registry refuses the schema of {topic}: {'; '.join(dict.fromkeys(troubles)) or refused}. "
            "Give a new field a default, and leave fields and kinds that were released."
        ) from refused
    registry.set_compatibility(subject, level_of(topic))
    return schema_id


def _refuse_others(admin: AdminClient, settings: Settings, wanted: dict[str, Topic]) -> None:
    troubles = []
    other_times: dict[str, dict[str, str]] = {}
    there = admin.list_topics(timeout=PATIENCE_S).topics
    # Topics made a moment ago may not be listed yet.
    for name, config in _configurations(admin, [name for name in wanted if name in there]).items():
        count = len(there[name].partitions)
        if wanted[name].partitions is not None and count != wanted[name].partitions:
            troubles.append(f"Topic {name} has {count} partitions, not {wanted[name].partitions}: make it anew.")
        elif wanted[name].partitions is None and count != settings.partitions:
            troubles.append(
                f"Topic {name} has {count} partitions, CITYGRID_PARTITIONS says {settings.partitions}: rows "
                f"of one subject would lie in two places. Set CITYGRID_PARTITIONS={count}, or rebuild into new topics."
            )
        times = {key: wanted[name].config[key] for key in TIMES & wanted[name].config.keys()}
        if differing := {key: value for key, value in times.items() if config[key].value != value}:
            other_times[name] = differing
        policy = config["cleanup.policy"].value
        if policy != wanted[name].config["cleanup.policy"]:
            troubles.append(
                f"Topic {name} has cleanup.policy={policy}; it must be "
                f"{wanted[name].config['cleanup.policy']} ({wanted[name].why}). Change it there."
            )
    if troubles:
        raise TopicsDiffer("\n".join(troubles))
    _set(admin, other_times)


def _set(admin: AdminClient, configs: Mapping[str, Mapping[str, str]]) -> None:
    """Give these topics these settings. Raises KafkaException."""
    changes = [
        ConfigResource(
            ResourceType.TOPIC,
            name,
            incremental_configs=[
                ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in config.items()
            ],
        )
        for name, config in configs.items()
    ]
    for future in (admin.incremental_alter_configs(changes, request_timeout=PATIENCE_S) if changes else {}).values():
        future.result(PATIENCE_S)


def _configurations(admin: AdminClient, names: Collection[str]) -> dict[str, dict[str, Any]]:
    """Each topic's configuration. Of several brokers one may not know yet a topic that another has made: it is asked
    again. Raises KafkaException."""
    deadline = time.monotonic() + PATIENCE_S
    known: dict[str, dict[str, Any]] = {}
    while lacking := [ConfigResource(ResourceType.TOPIC, name) for name in names if name not in known]:
        for resource, future in admin.describe_configs(lacking, request_timeout=PATIENCE_S).items():
            try:
                known[resource.name] = future.result(PATIENCE_S)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART or time.monotonic() > deadline:
                    raise
        time.sleep(0.1 if len(known) < len(names) else 0)
    return known


def _large(config: dict[str, str], most: str = LARGE_RECORD) -> dict[str, str]:
    return {**config, "max.message.bytes": most}
