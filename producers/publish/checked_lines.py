"""A line of a department's file as statements that a door has checked, or the reason why it cannot be published."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from producers.publish.columns import Department, Export, Rejected
from producers.publish.columns import Read as ReadCells
from producers.publish.first_seen import sequence_of
from producers.publish.json_form import statement_of
from producers.publish.statement import InvalidStatement, Ready, Statement, record_on_the_wire
from producers.tables.rows import Damaged, Line, Read, Stated
from wire.contracts import Contract, contracts

KNOWN_HEADERS = 64


class Door(Protocol):
    """What takes a file's statements: the Publisher, or a Rehearsal that sends nothing."""

    def ready(self, topic: str, statement: Statement) -> Ready: ...

    def send(self, topic: str, ready: Ready) -> object: ...


class Good(NamedTuple):
    """A line's statements, checked: (topic, statement) each."""

    number: int
    events: list[tuple[str, Ready]]


class Bad(NamedTuple):
    """A line that cannot be published. `place`: its number, or its sheet and row. `reason` holds nothing of the line;
    `original` is the line."""

    place: str
    field: str
    reason: str
    original: str
    record: str | None = None
    """The record that it speaks of, if that much can be read."""
    topic: str | None = None
    kind: str | None = None
    """The kind of event that it would state, if that can be read and is one only."""


class LineCheck:
    """Checks the lines of one file. `exports`: those that its columns fit; `first_seen`: when the file was first
    published, in seconds since 1970 UTC; `place`: how a line is called by its number."""

    def __init__(
        self,
        department: Department,
        exports: Sequence[Export],
        ready: Callable[[str, Statement], Ready],
        first_seen: int | None = None,
        place: Callable[[int], str] = str,
    ) -> None:
        self._department = department
        self._exports = exports
        self._ready = ready
        self._first_seen = first_seen
        self._place = place
        self._contracts = contracts()
        self._readers: dict[tuple[str, ...], tuple[Export, ReadCells]] = {}

    def __call__(self, read: Read) -> Good | Bad:
        """The line's statements, checked by the door."""
        if isinstance(read, Damaged):
            return Bad(self._place(read.number), read.field, read.reason, read.original)
        chosen: Export | None = None
        statement: Statement | None = None
        try:
            if isinstance(read, Stated):
                topic, stated = _stated(read.item, self._department, self._contracts)
                statements: Sequence[Statement] = [stated]
            else:
                chosen, reader = self._reader(read)
                topic, statements = chosen.topic, reader(read.cells)
            events = []
            for one in statements:
                statement = one
                if self._first_seen is not None and one.sequence is None:
                    # as _replace does, at a third of its time
                    statement = Statement(*one[:-1], sequence_of(self._first_seen, read.number))
                events.append((topic, self._ready(topic, statement)))
        except Rejected as wrong:
            return self._bad(read, wrong.field, wrong.reason, chosen)
        except InvalidStatement as wrong:
            field = chosen.column_of(statement.kind, wrong.field) if chosen and statement else wrong.field
            return self._bad(read, field, wrong.reason, chosen)
        return Good(read.number, events)

    def _bad(self, read: Line | Stated, field: str, reason: str, export: Export | None) -> Bad:
        if isinstance(read, Stated):
            record, topic, kind = (_text(read.item.get(name)) for name in ("record", "topic", "kind"))
        else:
            record = export.record_of(read.header, read.cells) if export else None
            topic, kind = (export.topic, export.kind_of(read.header, read.cells)) if export else (None, None)
        contract = self._contracts.get(topic or "")
        record = record_on_the_wire(contract, record) if contract else record
        return Bad(self._place(read.number), field, reason, read.original, record, topic, kind)

    def _reader(self, line: Line) -> tuple[Export, ReadCells]:
        """How to read a line: of a table always the same, of JSON by the keys that its object has."""
        header = tuple(line.header)
        known = self._readers.get(header)
        if known is None:
            if len(self._readers) >= KNOWN_HEADERS:
                self._readers.clear()
            only = len(self._exports) == 1
            chosen = self._exports[0] if only else self._department.export_of(header)
            known = self._readers[header] = (chosen, chosen.reader(header))
        return known


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _stated(line: Mapping[str, Any], department: Department, known: Mapping[str, Contract]) -> tuple[str, Statement]:
    """Raises Rejected or InvalidStatement."""
    contract = known.get(str(line.get("topic")))
    if contract is None or contract.department != department.name:
        topics = ", ".join(topic for topic, contract in known.items() if contract.department == department.name)
        raise Rejected("topic", f"must be one of {topics}")
    return contract.topic, statement_of(contract, line)
