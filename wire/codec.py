"""Records to bytes and back: Confluent's framing (0, schema id, Avro body) and schema resolution.

What cannot be read is told apart, because each goes another way: bytes that nobody can read are a dead letter, a kind
(or a value) that only this reader is too old for is parked, a registry that is away is waited for.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from io import BytesIO
from math import isfinite
from typing import Any, Final, NamedTuple

from fastavro import parse_schema, schemaless_reader
from fastavro.read import SchemaResolutionError
from fastavro.schema import SchemaParseException, UnknownType

from domain.codes import NAMING_FIELDS, SUBJECT_CODES, InvalidCode, plain_name
from domain.event import Event
from wire.avro_writer import writer
from wire.contracts import Contract, Schema, contracts, plain
from wire.registry import Registry

FRAME: Final = struct.Struct(">bI")
#: What fastavro raises on bytes that do not fit the schema: it has no exception of its own for it.
BROKEN = (EOFError, ValueError, LookupError, TypeError, OverflowError, MemoryError, RecursionError, struct.error)

#: Instants (microseconds) and days outside of 1850–2199 are no times of a living city: they would break the calendar.
FIRST_DAY, LAST_DAY = -43_829, 84_005
DAY = 86_400_000_000
#: fastavro reads an `int` of any size; only these can be written again.
LEAST_INT, LARGEST_INT = -(2**31), 2**31 - 1


def schema_id_of(value: object) -> int | None:
    """The schema id that `value` is framed with; None if it is not framed."""
    if not isinstance(value, bytes) or len(value) < FRAME.size or value[0] != 0:
        return None
    return int(FRAME.unpack_from(value)[1])


class Unreadable(NamedTuple):
    """A record that goes to the dead letters. `reason` holds no personal value; `schema_id` None: not even framed."""

    reason: str
    schema_id: int | None


class Parked(NamedTuple):
    """A record that is in order but newer than this reader: kept, and replayed once the reader is up to date."""

    reason: str
    kind: str
    schema_id: int


class _Writer(NamedTuple):
    """What is known of one schema id on one topic: how to read its records, or why they cannot be read."""

    refused: str | None
    written: Schema
    wanted: Schema | None


class Decoder:
    """Reads events of all contracts. `topic_prefix` is what stands before each topic's name on this cluster.

    Not thread-safe on purpose: each partition fetcher has one of its own, or calls it from one thread.
    """

    def __init__(
        self, registry: Registry, known: Mapping[str, Contract] | None = None, *, topic_prefix: str = ""
    ) -> None:
        self._registry = registry
        self._contracts = {topic_prefix + topic: c for topic, c in (contracts() if known is None else known).items()}
        self._readers = {topic: parse_schema(plain(c.schema)) for topic, c in self._contracts.items()}
        self._bounds = {topic: _bounds(c) for topic, c in self._contracts.items()}
        self._named = {topic: _named(c) for topic, c in self._contracts.items()}
        self._writers: dict[tuple[str, int], _Writer] = {}

    def decode(self, topic: str, key: bytes | None, value: bytes | None) -> Event | Unreadable | Parked:
        """What the record says. Blocks while the registry is away; raises RegistryAway only when told to stop.

        `topic` is the name on the cluster and must be a contract's (KeyError otherwise: a mistake of the caller).
        """
        contract = self._contracts[topic]
        if value is None or len(value) < FRAME.size or value[0] != 0:
            return Unreadable("not framed: a record begins with a zero byte and the schema's id", None)
        schema_id = FRAME.unpack_from(value)[1]
        writer = self._writers.get((topic, schema_id)) or self._writer(contract, topic, schema_id)
        if writer.refused is not None:
            return Unreadable(writer.refused, schema_id)
        body = BytesIO(value)
        body.seek(FRAME.size)
        try:
            said: Any = schemaless_reader(body, writer.written, writer.wanted, return_record_name=True)
        except (SchemaResolutionError, *BROKEN) as failed:
            return self._why(failed, writer, value, schema_id)
        if body.tell() != len(value):
            return Unreadable("bytes are left over after the record", schema_id)
        branch, change = said["change"]
        subject = said["subject"]
        if key is None or key != subject.encode():
            return Unreadable("the key is not the subject", schema_id)
        kind = branch.rpartition(".")[2]
        fault = _fault(said, change, self._bounds[topic][kind]) or _misnamed(said, change, self._named[topic][kind])
        if fault is not None:
            return Unreadable(f"{kind}: {fault}", schema_id)
        return Event(
            said["event_id"],
            contract.department,
            contract.topic,
            subject,
            said["record"],
            said["occurred_at"],
            said["recorded_at"],
            said["withdrawn"],
            kind,
            change,
            said["sequence"],
        )

    def _writer(self, contract: Contract, topic: str, schema_id: int) -> _Writer:
        schema = self._registry.schema(schema_id)
        if schema is None:
            # Not remembered here: the registry's client asks again after a while.
            return _Writer(f"unknown schema: id {schema_id} is not known to the registry as an Avro record", None, None)
        writer = _writer(contract, self._readers[topic], schema)
        self._writers[topic, schema_id] = writer
        return writer

    def _why(self, failed: Exception, writer: _Writer, value: bytes, schema_id: int) -> Unreadable | Parked:
        body = BytesIO(value)
        body.seek(FRAME.size)
        try:
            said: Any = schemaless_reader(body, writer.written, None, return_record_name=True)
        except BROKEN as broken:
            return Unreadable(f"the body does not fit its schema ({type(broken).__name__})", schema_id)
        if body.tell() != len(value):
            return Unreadable("bytes are left over after the record", schema_id)
        kind = said["change"][0].rpartition(".")[2]
        return Parked(f"{kind} as written is newer than this reader ({type(failed).__name__})", kind, schema_id)


def _writer(contract: Contract, reader: Schema, schema: Mapping[str, Any]) -> _Writer:
    name = schema.get("name", "")
    fullname = name if "." in name else f"{schema.get('namespace', '')}.{name}"
    if fullname != contract.fullname:
        return _Writer(f"the schema is {fullname}, but the topic holds {contract.fullname}", None, None)
    try:
        written = parse_schema(plain(dict(schema)))
    except (SchemaParseException, UnknownType, *BROKEN) as broken:
        return _Writer(f"the schema cannot be parsed ({type(broken).__name__})", None, None)
    return _Writer(None, written, None if plain(dict(schema)) == plain(contract.schema) else reader)


class _Bounds(NamedTuple):
    """Between what an integer of a kind must lie, and what one that does not is called."""

    least: int
    most: int
    otherwise: str


_DAYS = _Bounds(FIRST_DAY, LAST_DAY, "is not a day between 1850 and 2199")
_TIMES = _Bounds(FIRST_DAY * DAY, LAST_DAY * DAY, "is not a time between 1850 and 2199")
_INTS = _Bounds(LEAST_INT, LARGEST_INT, "is not a 32-bit number")


def _bounds(contract: Contract) -> dict[str, dict[str, _Bounds]]:
    return {
        kind: {
            field["name"]: _DAYS if '"date"' in said else _TIMES if '"timestamp-micros"' in said else _INTS
            for field in record["fields"]
            if '"int"' in (said := json.dumps(field["type"])) or '"timestamp-micros"' in said
        }
        for kind, record in contract.kinds.items()
    }


def _fault(said: Mapping[str, Any], change: Mapping[str, Any], bounds: Mapping[str, _Bounds]) -> str | None:
    """Why the event breaks the contract although its bytes are in order; a reason without a value in it.

    What passes here can be computed with and stored: calendars end, PostgreSQL takes no NUL, JSON no NaN.
    """
    for name in ("event_id", "record", "subject"):
        if not said[name] or "\0" in said[name]:
            return f"'{name}' is empty or has a NUL character"
    for name in ("occurred_at", "recorded_at"):
        if not FIRST_DAY * DAY <= said[name] <= LAST_DAY * DAY:
            return f"'{name}' is not a time between 1850 and 2199"
    for name, value in change.items():
        if (bound := bounds.get(name)) is not None:
            if value is not None and not bound.least <= value <= bound.most:
                return f"'{name}' {bound.otherwise}"
        elif not _storable(value):
            return f"'{name}' has a NUL character or is not a finite number"
    return None


_Names = tuple[tuple[str, Callable[[str], str]], ...]
"""Fields that name something, each with how such a name is written."""


def _named(contract: Contract) -> dict[str, tuple[_Names, _Names]]:
    """For each kind the naming fields of the head and of the change."""
    head = (("record", plain_name), ("subject", SUBJECT_CODES.get(contract.subject, plain_name)))
    return {
        kind: (
            head,
            tuple(
                (field["name"], SUBJECT_CODES[NAMING_FIELDS[field["name"]]])
                for field in record["fields"]
                if field["name"] in NAMING_FIELDS
            ),
        )
        for kind, record in contract.kinds.items()
    }


def _misnamed(said: Mapping[str, Any], change: Mapping[str, Any], named: tuple[_Names, _Names]) -> str | None:
    """Why a name is none as the door writes it; a row or a key under it would be of nobody, or of somebody else."""
    for values, fields in zip((said, change), named, strict=True):
        for field, normalised in fields:
            name = values[field]
            try:
                if name is not None and normalised(name) != name:
                    return f"the code of the {field} is not written as the door does"
            except InvalidCode as wrong:
                return f"the {field} is wrong: {wrong}"
    return None


def _storable(value: Any) -> bool:
    match value:
        case str():
            return "\0" not in value
        case float():
            return isfinite(value)
        case list():
            return all(_storable(each) for each in value)
        case dict():
            return all(_storable(key) and _storable(each) for key, each in value.items())
    return True


class RecordReader:
    """Reads records of one schema (a row, a contribution, an alert, the clock) written under any compatible one.

    Dates come as ints of days, times as ints of microseconds.
    """

    def __init__(self, registry: Registry, schema: Mapping[str, Any]) -> None:
        self._registry = registry
        self._plain = plain(dict(schema))
        self._reader = parse_schema(self._plain)
        self._writers: dict[int, tuple[Schema, Schema | None]] = {}

    def read(self, value: bytes) -> dict[str, Any]:
        """The record. Raises ValueError if the bytes are not one: what our own stages wrote must be readable."""
        if len(value) < FRAME.size or value[0] != 0:
            raise ValueError("not framed: a record begins with a zero byte and the schema's id")
        schema_id = FRAME.unpack_from(value)[1]
        if schema_id not in self._writers:
            schema = self._registry.schema(schema_id)
            if schema is None:
                raise ValueError(f"schema id {schema_id} is not known to the registry")
            written = plain(dict(schema))
            try:
                parsed = parse_schema(written)
            except (SchemaParseException, UnknownType, *BROKEN) as broken:
                raise ValueError(f"schema {schema_id} cannot be parsed ({type(broken).__name__})") from broken
            self._writers[schema_id] = (parsed, None if written == self._plain else self._reader)
        written, wanted = self._writers[schema_id]
        body = BytesIO(value)
        body.seek(FRAME.size)
        try:
            said: dict[str, Any] = schemaless_reader(body, written, wanted)
        except (SchemaResolutionError, *BROKEN) as broken:
            raise ValueError(f"the body does not fit schema {schema_id} ({type(broken).__name__})") from broken
        if body.tell() != len(value):
            raise ValueError("bytes are left over after the record")
        return said


def encoder(schema_id: int, schema: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], bytes]:
    """A function from a record to its framed bytes. A union's record is given as (full name, record).

    Dates are ints of days, times ints of microseconds. It raises `wire.avro_writer.InvalidValue` (a
    ValueError naming the field, never the value) on a record that does not fit.
    """
    write = writer(plain(dict(schema)), schema_id)
    if not any(field["name"] == "change" and len(field["type"]) == 1 for field in schema["fields"]):
        return write
    # the generated writer takes the value of a union of one branch without a name
    return lambda record: write({**record, "change": record["change"][1]})
