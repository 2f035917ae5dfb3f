"""What a department says about one subject, as it comes out of the decoder."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Event(NamedTuple):
    """One statement of a department.

    Times are microseconds since 1970-01-01 UTC. `change` holds the fields of the kind by the names of its schema
    (`schemas/events/<department>/`); identity numbers in it are pseudonyms, dates are days since 1970-01-01.
    `sequence` orders statements that were recorded at one instant (docs/decisions/0022-wire.md); None: it has none.
    """

    event_id: str
    department: str
    topic: str
    subject: str
    record: str
    occurred_at: int
    recorded_at: int
    withdrawn: bool
    kind: str
    change: Mapping[str, Any]
    sequence: int | None = None


class Input(NamedTuple):
    """A record of Kafka: its topic as it is called on the cluster, partition and offset."""

    topic: str
    partition: int
    offset: int


class Source(NamedTuple):
    """Where something shown comes from: the department's record, and the event that said so."""

    department: str
    kind: str
    record: str
    event_id: str
    occurred_at: int

    @property
    def happened(self) -> tuple[int, str, str, str, str]:
        """What puts sources in the order in which they happened; at one instant by what they are called."""
        return (self.occurred_at, self.department, self.record, self.kind, self.event_id)
