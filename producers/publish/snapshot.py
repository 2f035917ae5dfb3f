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
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import TracebackType
from typing import Self

from domain.event import Event
from domain.slot import slot_record
from producers.publish.publisher import Publisher, PublishRefused
from producers.publish.statement import Ready, Statement
from runtime import topic_reader
from runtime.settings import Settings
from runtime.topic_reader import TopicUnreadable
from wire.codec import Decoder
from wire.registry import Registry

READ_PATIENCE_S = 60.0
A_COLUMN = 20
"""From so many records on that a file states about another subject than before, one column may have been sorted without
the others; fewer are corrections."""
BATCH = 2_000

# `slot` is the record as the row keeps it, `tied`: another content was stated with the same times and sequence.
_TABLES = """
CREATE TABLE known(subject, slot, kind, record, occurred_at, recorded_at, sequence, withdrawn, change, tied DEFAULT 0,
                   PRIMARY KEY (subject, slot, kind)) WITHOUT ROWID;
CREATE TABLE export(subject, slot, kind, record, occurred_at, recorded_at, sequence, withdrawn, change, tied DEFAULT 0,
                    PRIMARY KEY (subject, slot, kind)) WITHOUT ROWID;
CREATE TABLE rejected(record PRIMARY KEY) WITHOUT ROWID;
"""
# The newest recorded statement of a slot holds (docs/decisions/0003-facts.md). Which of two contents holds that only
# their values order is the row's to say: such a slot counts as changed, whatever the export says.
_ORDER = "({0}.recorded_at, coalesce({0}.sequence, -1), {0}.withdrawn, {0}.occurred_at)"
_NEW, _OLD = _ORDER.format("excluded"), _ORDER.format("held")
_NEWEST = f"""
INSERT INTO {{table}} AS held(subject, slot, kind, record, occurred_at, recorded_at, sequence, withdrawn, change)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (subject, slot, kind) DO UPDATE SET occurred_at = excluded.occurred_at, record = excluded.record,
    recorded_at = excluded.recorded_at, sequence = excluded.sequence, withdrawn = excluded.withdrawn,
    change = excluded.change, tied = {_NEW} = {_OLD} AND (held.tied OR excluded.change <> held.change)
WHERE {_NEW} >= {_OLD}
"""
_SAME = "e.occurred_at = k.occurred_at AND e.change = k.change AND e.withdrawn = k.withdrawn AND NOT k.tied"
# Whether what the export says is to be published, and as what. Of statements about one subject that happened at one
# instant the order in which they were recorded decides (domain/order.py): if one of them is stated anew, or they stand
# in another order than before, all of them are restated in the export's order.
_COMPARED = f"""
WITH compared AS (
    SELECT CASE WHEN k.subject IS NULL THEN 'new' WHEN {_SAME} THEN 'unchanged'
                WHEN max(e.recorded_at, :at) <= k.recorded_at THEN 'newer' ELSE 'changed' END AS what,
           e.*, k.recorded_at AS known_at, coalesce(k.sequence, -1) AS known_sequence,
           k.subject IS NULL OR (e.recorded_at, coalesce(e.sequence, -1)) > (k.recorded_at, coalesce(k.sequence, -1))
               AS counts
    FROM export e LEFT JOIN known k USING (subject, slot, kind)
), ranked AS (
    SELECT *, count(*) OVER instant AS together, min(counts) OVER instant AS all_count,
           rank() OVER (instant ORDER BY recorded_at, coalesce(sequence, -1)) AS place,
           rank() OVER (instant ORDER BY known_at, known_sequence) AS known_place
    FROM compared WINDOW instant AS (PARTITION BY subject, occurred_at, what = 'newer')
), grouped AS (
    SELECT *, together > 1 AND what <> 'newer' AND max(what <> 'unchanged' OR place <> known_place)
              OVER (PARTITION BY subject, occurred_at, what = 'newer') AS again
    FROM ranked
)
SELECT CASE WHEN again AND what = 'unchanged' THEN 'restated' ELSE what END AS what,
       subject, slot, kind, record, occurred_at, recorded_at, sequence, withdrawn, change,
       known_at, CASE WHEN again AND NOT all_count THEN place END AS place, again
FROM grouped
"""
_ABSENT = """
SELECT CASE WHEN k.recorded_at >= :at THEN 'newer'
            WHEN :blind OR k.record IN (SELECT record FROM rejected) THEN 'rejected'
            WHEN (k.slot, k.kind) IN (SELECT slot, kind FROM export) THEN 'moved' ELSE 'withdrawn' END AS what,
       k.subject, k.slot, k.kind, k.record, k.occurred_at, k.recorded_at, k.sequence, k.withdrawn, k.change,
       k.recorded_at, NULL AS place, 0 AS again
FROM known k LEFT JOIN export e USING (subject, slot, kind) WHERE e.subject IS NULL AND NOT k.withdrawn
"""


class WithdrawsMany(PublishRefused):
    """A snapshot would withdraw more than the usual share of what is known."""


@dataclass
class Difference:
    """What publishing the export would do, by kind.

    `restated` is as it was, but happened at the instant of something that differs, and their order counts.
    `moved` is withdrawn of its subject, since the file states the same record about another one.
    Left as it is: `newer`, said after the export was made; `rejected`, absent only because a line was rejected.
    """

    new: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    restated: Counter[str] = field(default_factory=Counter)
    moved: Counter[str] = field(default_factory=Counter)
    withdrawn: Counter[str] = field(default_factory=Counter)
    unchanged: Counter[str] = field(default_factory=Counter)
    newer: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)

    @property
    def events(self) -> int:
        """How many events it would publish."""
        published = (self.new, self.changed, self.restated, self.moved, self.withdrawn)
        return sum(counted.total() for counted in published)

    @property
    def known(self) -> int:
        """How many statements are known that were not withdrawn before."""
        there = (self.changed, self.restated, self.moved, self.withdrawn, self.unchanged, self.newer, self.rejected)
        return sum(counted.total() for counted in there)

    def within(self, share: float) -> bool:
        """Whether at most `share` of what is known would be withdrawn, or taken, as a column, from whom it was stated
        about."""
        moved = self.moved.total()
        return self.withdrawn.total() + (moved if moved >= A_COLUMN else 0) <= share * self.known

    def refuse_many(self, share: float) -> None:
        """Raises WithdrawsMany if more than `share` of what is known would be withdrawn: the export was cut, a filter
        was left on, or it is another district's."""
        withdrawn, moved = self.withdrawn.total(), self.moved.total()
        if not self.within(share):
            states = f", and states {moved} about another subject than before" if moved else ""
            raise WithdrawsMany(
                f"The file lacks {withdrawn} of {self.known} known statements{states} "
                f"({(withdrawn + moved) / self.known:.1%}), which would be withdrawn; by itself a snapshot withdraws "
                f"at most {share:.0%}. Was the export cut, is a filter on, or was one column sorted without the "
                "others? If it is right, publish it with --withdraw-many. Nothing was published."
            )

    def as_json(self) -> dict[str, dict[str, int]]:
        """What would change, by kind."""
        return {f.name: dict(sorted(getattr(self, f.name).items())) for f in fields(self)}


class Snapshot:
    """The comparison of one topic, for the kinds that the export can say. `as_of`: when it was made, µs UTC."""

    def __init__(self, topic: str, kinds: set[str], as_of: int) -> None:
        self.topic = topic
        self.kinds = kinds
        self.as_of = as_of
        self.blind = False
        self._folder = tempfile.TemporaryDirectory(prefix="citygrid-snapshot-")  # mode 0700
        self._rows = sqlite3.connect(Path(self._folder.name) / "compared.sqlite", isolation_level=None)
        self._rows.execute("PRAGMA journal_mode=OFF")
        self._rows.execute("PRAGMA synchronous=OFF")
        self._rows.executescript(_TABLES)
        self._rows.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._rows.close()
        self._folder.cleanup()

    def exported(self, ready: Ready) -> None:
        """Note a statement of the export."""
        self._note("export", ready.statement)

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
            self.known(event)
        return count

    def known(self, event: Event) -> None:
        """Note what the department has said before."""
        if event.kind in self.kinds:
            self._note("known", event)

    def difference(self) -> Difference:
        """What publishing would change; nothing is published."""
        counted = Difference()
        for query in (_COMPARED, _ABSENT):
            statement = f"SELECT what, kind, count(*) FROM ({query}) GROUP BY what, kind"
            for what, kind, count in self._rows.execute(statement, self._given()):
                getattr(counted, what)[kind] += count
        return counted

    def statements(self) -> Iterator[Statement]:
        """What is to be published, numbers pseudonymised already.

        A change is said with the export's own time of recording, or as of the export if what is known was recorded
        later; a withdrawal restates what was known, as of the export.
        """
        for query in (_COMPARED, _ABSENT):
            rows = self._rows.execute(f"{query} ORDER BY 2, 3, 4", self._given())
            for (
                what, subject, _, kind, record, occurred_at, recorded_at, sequence, withdrawn, change, known_at, place,
                again,
            ) in rows:  # fmt: skip
                if what not in ("new", "changed", "restated", "moved", "withdrawn"):
                    continue
                absent = what in ("moved", "withdrawn")
                recorded = self.as_of if absent else recorded_at
                if again:
                    recorded = recorded_at if place is None else self.as_of + place - 1
                elif what == "changed" and recorded_at <= known_at:
                    recorded = self.as_of
                yield Statement(
                    kind, record, subject, occurred_at, recorded, json.loads(change),
                    absent or bool(withdrawn), sequence,
                )  # fmt: skip

    def _given(self) -> dict[str, int]:
        return {"at": self.as_of, "blind": self.blind}

    def _note(self, table: str, statement: Statement | Event) -> None:
        slot = slot_record(statement.kind, statement.record, statement.change)
        change = json.dumps(statement.change, ensure_ascii=False, sort_keys=True)
        cells = (
            statement.subject,
            slot,
            statement.kind,
            statement.record,
            statement.occurred_at,
            statement.recorded_at,
            statement.sequence,
        )
        self._rows.execute(_NEWEST.format(table=table), (*cells, statement.withdrawn, change))


def events_of(settings: Settings, topic: str) -> Iterator[Event]:
    """Every committed event of a topic up to its end as it is now. Unreadable ones are the stages' business.

    Raises PublishRefused if the cluster does not answer.
    """
    name = settings.topic_prefix + topic
    registry = Registry.of(settings)
    decoder = Decoder(registry, topic_prefix=settings.topic_prefix)
    try:
        for record in topic_reader.records(settings, name, patience=READ_PATIENCE_S):
            event = decoder.decode(name, record.key(), record.value())
            if isinstance(event, Event):
                yield event
    except TopicUnreadable as unreadable:
        raise PublishRefused(str(unreadable)) from unreadable
    finally:
        registry.close()


def publish(snapshot: Snapshot, publisher: Publisher) -> Counter[str]:
    """Publish the difference; returns how many events it was by kind. Raises NotDelivered."""
    sent: Counter[str] = Counter()
    for statement in snapshot.statements():
        publisher.publish(snapshot.topic, statement, pseudonymised=True)
        sent[statement.kind] += 1
    return sent
