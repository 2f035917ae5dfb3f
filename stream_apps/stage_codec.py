"""What a stage reads and writes besides events: rows, contributions, alerts and the clock, between class and bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from domain.view import View
from wire.avro_writer import writer
from wire.codec import RecordReader
from wire.contracts import Published, published
from wire.registry import Registry
from wire.row_classes import builder
from wire.schema import TIMES
from wire.topics import LARGE_RECORD

LARGEST_WRITTEN = int(LARGE_RECORD) - 200_000
"""Bytes of what a stage writes, uncompressed; the rest of what the topic takes is for key and framing."""


class TooLarge(Exception):
    """A row, a contribution or an alert has outgrown its topic; the message says which and by how much."""


class Contribution(NamedTuple):
    """What the row `source` of the view `source_view` says about `target`; `value` None: nothing more."""

    target: str
    source_view: str
    source: str
    value: Any


def contribution_key(target: bytes, source_view: str, source: bytes) -> bytes:
    """`target`, a line break, `view/source`: two views may have subjects of one name."""
    return b"%b\n%b/%b" % (target, source_view.encode(), source)


class Tick(NamedTuple):
    """The clock's record: the time in microseconds UTC, and the topics that are quiet. `taken_back`: a later time that
    was said before was mistaken."""

    now: int
    quiet: frozenset[str]
    taken_back: bool = False


class Wire:
    """The codecs of one view. Raises RegistryRefused at the start if a schema is not registered yet."""

    def __init__(self, view: View, registry: Registry, prefix: str) -> None:
        self._registry = registry
        self._prefix = prefix
        self.dump_row: Callable[[Any], bytes] = self._writer(f"rows.{view.name}")
        row, read_row = builder(view.row), self._reader(f"rows.{view.name}").read
        self.load_row: Callable[[bytes], Any] = lambda value: row(read_row(value))
        self.dump_alert: Callable[[Any], bytes] = self._writer("alerts")
        self._dump_contribution: dict[str, Callable[[Any], bytes]] = {}
        self._read_clock = self._reader("clock").read
        if view.contribution is not None:
            self._said = builder(view.contribution | None)
            self._read_said = self._reader(f"contributions.{view.name}").read

    def dump_contribution(self, view: str, contribution: Contribution) -> bytes:
        """The bytes of what is said about a subject of `view`."""
        if view not in self._dump_contribution:
            self._dump_contribution[view] = self._writer(f"contributions.{view}")
        return self._dump_contribution[view](contribution)

    def load_contribution(self, value: bytes) -> Contribution:
        """Raises ValueError if the bytes are no contribution."""
        read = self._read_said(value)
        return Contribution(read["target"], read["source_view"], read["source"], self._said(read["value"]))

    def load_clock(self, value: bytes) -> Tick:
        """Raises ValueError if the bytes are no tick, or no time of a living city."""
        read = self._read_clock(value)
        now = int(read["now"])
        if not TIMES.least <= now <= TIMES.most:
            raise ValueError(f"'now' {TIMES.otherwise}")
        return Tick(now, frozenset(read["quiet"]), read["taken_back"])

    def _output(self, topic: str) -> Published:
        return published()[topic]

    def _writer(self, topic: str) -> Callable[[Any], bytes]:
        output = self._output(topic)
        schema_id = self._registry.id_of(f"{self._prefix}{topic}-value", output.schema)
        write = writer(output.record, schema_id, access="attribute")

        def written(value: Any) -> bytes:
            framed = write(value)
            if len(framed) > LARGEST_WRITTEN:
                raise TooLarge(f"a record of {topic} would have {len(framed)} bytes, {LARGEST_WRITTEN} at most")
            return framed

        return written

    def _reader(self, topic: str) -> RecordReader:
        return RecordReader(self._registry, self._output(topic).record)
