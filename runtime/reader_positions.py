"""How far each reader is and where topics end, asked of the broker: the one place that asks.

A reader is a consumer group: a stage commits its offsets with its rows, a sink tells the broker what PostgreSQL holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka._model import ConsumerGroupTopicPartitions
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

PATIENCE_S = 10.0
GROUPS = "citygrid-"
"""What the name of each group of ours begins with, after the installation's prefix."""

Place = tuple[str, int]
"""A topic as it is called on the cluster, and a partition."""
EARLIEST: OffsetSpec = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
LATEST: OffsetSpec = OffsetSpec.latest()  # type: ignore[no-untyped-call]


def groups(admin: AdminClient, prefix: str, patience: float = PATIENCE_S) -> list[str]:
    """The names of our groups on the cluster, sorted. Raises KafkaException, TimeoutError."""
    listed = admin.list_consumer_groups(request_timeout=patience).result(patience)
    return sorted(group.group_id for group in listed.valid if group.group_id.startswith(prefix + GROUPS))


def committed(admin: AdminClient, group: str, patience: float = PATIENCE_S) -> dict[Place, int]:
    """Where the group goes on: the offset of its next record, for every place of which it ever committed one.

    Raises KafkaException (also if there is no such group yet), TimeoutError.
    """
    asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)], request_timeout=patience)
    places = asked[group].result(patience).topic_partitions or []
    return {(own.topic, own.partition): own.offset for own in places if own.offset >= 0}


def offsets(
    admin: AdminClient,
    places: Iterable[Place],
    spec: OffsetSpec = LATEST,
    *,
    level: IsolationLevel | None = None,
    patience: float = PATIENCE_S,
    away: Callable[[Place, KafkaException], None] | None = None,
) -> dict[Place, int]:
    """The first (`EARLIEST`) or the next (`LATEST`) offset of each place.

    `level`: whether what is not decided yet counts. A place that does not answer is given to `away` and left out;
    without `away` its KafkaException is raised.
    """
    asked = {TopicPartition(*place): spec for place in places}
    if not asked:
        return {}
    more = {} if level is None else {"isolation_level": level}
    answers = admin.list_offsets(asked, request_timeout=patience, **more)
    known = {}
    for where, answer in answers.items():
        place = (where.topic, where.partition)
        try:
            known[place] = int(answer.result(patience).offset)
        except KafkaException as error:
            if away is None:
                raise
            away(place, error)
    return known
