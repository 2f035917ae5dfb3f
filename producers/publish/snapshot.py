"""A department's full export, held against what it has said so far: what is new, what changed, what is withdrawn.

What it said so far is read from the event topic itself. Both sides lie in a temporary SQLite file (pseudonyms only, for
its owner only), so memory stays flat however large they are.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from domain.event import Event
from producers.publish.publisher import Publisher, PublishRefused
from producers.publish.statement import Ready, Statement
from runtime import topic_reader
from runtime.settings import Settings
from runtime.topic_reader import TopicUnreadable
from wire.codec import Decoder
from wire.registry import Registry

READ_PATIENCE_S = 60.0
BATCH = 2_000

_TABLES = """
CREATE TABLE known(subject, record, kind, occurred_at, recorded_at, event_id, withdrawn, change,
                   PRIMARY KEY (subject, record, kind)) WITHOUT ROWID;
CREATE TABLE export(subject, record, kind, occurred_at, recorded_at, event_id, withdrawn, change,
                    PRIMARY KEY (subject, record, kind)) WITHOUT ROWID;
CREATE TABLE rejected(record PRIMARY KEY) WITHOUT ROWID;
"""
# The newest recorded statement of a slot holds (docs/decisions/0003-facts.md).
_NEWEST = """
INSERT INTO {table} AS held VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (subject, record, kind) DO UPDATE SET occurred_at = excluded.occurred_at,
    recorded_at = excluded.recorded_at, event_id = excluded.event_id, withdrawn = excluded.withdrawn,
    change = excluded.change
WHERE (excluded.recorded_at, excluded.event_id) > (held.recorded_at, held.event_id)
"""
_SAME = "e.occurred_at = k.occurred_at AND e.change = k.change AND e.withdrawn = k.withdrawn"
# Whether what the export says is to be published, and as what.
_COMPARED = f"""
SELECT CASE WHEN k.subject IS NULL THEN 'new' WHEN {_SAME} THEN 'unchanged'
            WHEN max(e.recorded_at, :at) <= k.recorded_at THEN 'newer' ELSE 'changed' END AS what,
       e.subject, e.record, e.kind, e.occurred_at, e.recorded_at, e.withdrawn, e.change, k.recorded_at
FROM export e LEFT JOIN known k USING (subject, record, kind)
"""
_ABSENT = """
SELECT CASE WHEN k.recorded_at >= :at THEN 'newer'
            WHEN :blind OR k.record IN (SELECT record FROM rejected) THEN 'rejected' ELSE 'withdrawn' END AS what,
       k.subject, k.record, k.kind, k.occurred_at, k.recorded_at, k.withdrawn, k.change, k.recorded_at
FROM known k LEFT JOIN export e USING (subject, record, kind) WHERE e.subject IS NULL AND NOT k.withdrawn
"""


@dataclass
class Difference:
    """What publishing the export would do, by kind.

    Left as it is: `newer`, said after the export was made; `rejected`, absent only because a line was rejected.
    """

    new: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    withdrawn: Counter[str] = field(default_factory=Counter)
    unchanged: Counter[str] = field(default_factory=Counter)
    newer: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)

    @property
    def events(self) -> int:
        """How many events it would publish."""
        return self.new.total() + self.changed.total() + self.withdrawn.total()


class Snapshot:
    """The comparison of one topic, for the kinds that the export can say. `at`: when it was made, microseconds UTC."""

    def __init__(self, topic: str, kinds: set[str], at: int) -> None:
        self.topic = topic
        self.kinds = kinds
        self.at = at
        self.blind = False
        self._folder = tempfile.TemporaryDirectory(prefix="citygrid-snapshot-")  # mode 0700
        self._rows = sqlite3.connect(Path(self._folder.name) / "compared.sqlite", isolation_level=None)
        self._rows.execute("PRAGMA journal_mode=OFF")
        self._rows.execute("PRAGMA synchronous=OFF")
        self._rows.executescript(_TABLES)
        self._rows.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._rows.close()
        self._folder.cleanup()

    def exported(self, ready: Ready) -> None:
        """Note a statement of the export."""
        said = ready.statement
        self._note(
            "export", said.subject, said.record, said.kind, said.occurred_at, said.recorded_at, ready.event_id,
            said.withdrawn, said.change,
        )  # fmt: skip

    def rejected(self, record: str | None) -> None:
        """A line of the export was rejected: its record is not absent. If that is not known, nothing is withdrawn."""
        if record is None:
            self.blind = True
        else:
            self._rows.execute("INSERT OR IGNORE INTO rejected VALUES (?)", (record,))

    def read_known(self, settings: Settings) -> int:
        """Read what the department has said so far from its topic; returns how many events it was."""
        count = 0
        for event in events_of(settings, self.topic):
            count += 1
            if event.kind in self.kinds:
                self._note(
                    "known", event.subject, event.record, event.kind, event.occurred_at, event.recorded_at,
                    event.event_id, event.withdrawn, event.change,
                )  # fmt: skip
        return count

    def difference(self) -> Difference:
        """What publishing would change; nothing is published."""
        found = Difference()
        for query in (_COMPARED, _ABSENT):
            counted = f"SELECT what, kind, count(*) FROM ({query}) GROUP BY what, kind"
            for what, kind, count in self._rows.execute(counted, self._given()):
                getattr(found, what)[kind] += count
        return found

    def statements(self) -> Iterator[Statement]:
        """What is to be published, numbers pseudonymised already.

        A change is said with the export's own time of recording, or as of the export if what is known was recorded
        later; a withdrawal restates what was known, as of the export.
        """
        for query in (_COMPARED, _ABSENT):
            rows = self._rows.execute(f"{query} ORDER BY 2, 3, 4", self._given())
            for what, subject, record, kind, occurred_at, recorded_at, withdrawn, change, known_at in rows:
                if what not in ("new", "changed", "withdrawn"):
                    continue
                recorded = self.at if what == "withdrawn" else recorded_at
                if what == "changed" and recorded_at <= known_at:
                    recorded = self.at
                yield Statement(
                    kind, record, subject, occurred_at, recorded, json.loads(change),
                    what == "withdrawn" or bool(withdrawn),
                )  # fmt: skip

    def _given(self) -> dict[str, int]:
        return {"at": self.at, "blind": self.blind}

    def _note(self, table: str, *cells: object) -> None:
        *plain, change = cells
        text = json.dumps(change, ensure_ascii=False, sort_keys=True)
        self._rows.execute(_NEWEST.format(table=table), (*plain, text))


def events_of(settings: Settings, topic: str) -> Iterator[Event]:
    """Every committed event of a topic up to its end as it is now. Unreadable ones are the stages' business.

    Raises PublishRefused if the cluster does not answer.
    """
    name = settings.topic_prefix + topic
    registry = Registry.of(settings)
    decoder = Decoder(registry, topic_prefix=settings.topic_prefix)
    try:
        for record in topic_reader.records(settings, name):
            event = decoder.decode(name, record.key(), record.value())
            if isinstance(event, Event):
                yield event
    except TopicUnreadable as unreadable:
        raise PublishRefused(str(unreadable)) from unreadable
    finally:
        registry.close()


def publish(snapshot: Snapshot, publisher: Publisher) -> int:
    """Publish the difference; returns how many events it was. Raises NotDelivered."""
    count = 0
    for said in snapshot.statements():
        publisher.publish(snapshot.topic, said, pseudonymised=True)
        count += 1
    return count
