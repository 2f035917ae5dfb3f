"""Records to bytes and back: Confluent's framing (0, schema id, Avro body) and schema resolution.

What cannot be read is told apart, because each goes another way: bytes that nobody can read are a dead letter, a kind
(or a value) that only this reader is too old for is parked, a registry that is away is waited for.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from math import isfinite
from sys import intern
from typing import Any, Final, NamedTuple

from fastavro import parse_schema, schemaless_reader
from fastavro.read import SchemaResolutionError
from fastavro.schema import SchemaParseException, UnknownType

from domain.codes import LONGEST_NAME, NAMING_FIELDS, SUBJECT_CODES, InvalidCode, plain_name
from domain.event import Event
from wire.avro_writer import writer
from wire.contracts import Contract, contracts
from wire.registry import Registry
from wire.schema import (
    TIMES,
    Array,
    Field,
    Format,
    Json,
    Limits,
    Map,
    Primitive,
    Record,
    Type,
    Union,
    avro,
    without_null,
)
from wire.schema_parser import SchemaRefused, parse_record

FRAME: Final = struct.Struct(">bI")
#: What fastavro raises on bytes that do not fit the schema: it has no exception of its own for it.
BROKEN = (EOFError, ValueError, LookupError, TypeError, OverflowError, MemoryError, RecursionError, struct.error)

#: Why a value breaks its contract, or None if it does not.
Check = Callable[[Any], str | None]


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
    written: Json
    wanted: Json | None


class _Reading(NamedTuple):
    """How events of one topic are read and what their fields are held to."""

    contract: Contract
    department: str
    schema: Json
    parsed: Json
    checks: dict[str, tuple[tuple[str, Check], ...]]
    named: dict[str, tuple[_Names, _Names]]


class Decoder:
    """Reads events of all contracts. `topic_prefix` is what stands before each topic's name on this cluster.

    Not thread-safe on purpose: each partition fetcher has one of its own, or calls it from one thread.
    """

    def __init__(
        self, registry: Registry, known: Mapping[str, Contract] | None = None, *, topic_prefix: str = ""
    ) -> None:
        self._registry = registry
        self._readings = {
            topic_prefix + topic: _reading(contract)
            for topic, contract in (contracts() if known is None else known).items()
        }
        self._writers: dict[tuple[str, int], _Writer] = {}

    def decode(self, topic: str, key: bytes | None, value: bytes | None) -> Event | Unreadable | Parked:
        """The event in the record. Blocks while the registry is away; raises RegistryAway only when told to stop.

        `topic` is the name on the cluster and must be a contract's (KeyError otherwise: a mistake of the caller).
        """
        reading = self._readings[topic]
        if value is None or len(value) < FRAME.size or value[0] != 0:
            return Unreadable("not framed: a record begins with a zero byte and the schema's id", None)
        schema_id = FRAME.unpack_from(value)[1]
        writer = self._writers.get((topic, schema_id)) or self._writer(reading, topic, schema_id)
        if writer.refused is not None:
            return Unreadable(writer.refused, schema_id)
        body = BytesIO(value)
        body.seek(FRAME.size)
        try:
            record: Any = schemaless_reader(body, writer.written, writer.wanted, return_record_name=True)
        except (SchemaResolutionError, *BROKEN) as failed:
            return self._why(failed, writer, value, schema_id)
        if body.tell() != len(value):
            return Unreadable("bytes are left over after the record", schema_id)
        branch, change = record["change"]
        subject = record["subject"]
        if key is None or key != subject.encode():
            return Unreadable("the key is not the subject", schema_id)
        kind = intern(branch.rpartition(".")[2])  # rows keep it: once, not once a statement
        fault = _fault(record, change, reading.checks[kind]) or _misnamed(record, change, reading.named[kind])
        if fault is not None:
            return Unreadable(f"{kind}: {fault}", schema_id)
        sequence = record["sequence"]
        if sequence is not None and sequence < 0:
            return Unreadable(f"{kind}: 'sequence' is smaller than 0", schema_id)
        return Event(
            record["event_id"],
            reading.department,
            reading.contract.topic,
            subject,
            record["record"],
            record["occurred_at"],
            record["recorded_at"],
            record["withdrawn"],
            kind,
            change,
            sequence,
        )

    def _writer(self, reading: _Reading, topic: str, schema_id: int) -> _Writer:
        schema = self._registry.schema(schema_id)
        if schema is None:
            # Not remembered here: the registry's client asks again after a while.
            return _Writer(f"unknown schema: id {schema_id} is not known to the registry as an Avro record", None, None)
        writer = _writer(reading, schema)
        self._writers[topic, schema_id] = writer
        return writer

    def _why(self, failed: Exception, writer: _Writer, value: bytes, schema_id: int) -> Unreadable | Parked:
        body = BytesIO(value)
        body.seek(FRAME.size)
        try:
            record: Any = schemaless_reader(body, writer.written, None, return_record_name=True)
        except BROKEN as broken:
            return Unreadable(f"the body does not fit its schema ({type(broken).__name__})", schema_id)
        if body.tell() != len(value):
            return Unreadable("bytes are left over after the record", schema_id)
        kind = record["change"][0].rpartition(".")[2]
        return Parked(f"{kind} as written is newer than this reader ({type(failed).__name__})", kind, schema_id)


def _reading(contract: Contract) -> _Reading:
    schema = avro(contract.record, logical=False)
    return _Reading(
        contract,
        contract.department,
        schema,
        parse_schema(schema),
        {kind: tuple(_checks(record)) for kind, record in contract.kinds.items()},
        _named(contract),
    )


def _writer(reading: _Reading, schema: Mapping[str, Any]) -> _Writer:
    try:
        record = parse_record(dict(schema))
        if record.fullname != reading.contract.fullname:
            return _Writer(
                f"the schema is {record.fullname}, but the topic holds {reading.contract.fullname}", None, None
            )
        written = avro(record, logical=False)
        parsed = parse_schema(written)
    except (SchemaRefused, SchemaParseException, UnknownType, *BROKEN) as broken:
        return _Writer(f"the schema cannot be parsed ({type(broken).__name__})", None, None)
    return _Writer(None, parsed, None if written == reading.schema else reading.parsed)


def _checks(record: Record) -> Iterator[tuple[str, Check]]:
    for field in record.fields:
        check = _check_of_field(field)
        if check is not None:
            yield field.name, check


def _check_of_field(field: Field) -> Check | None:
    own = _check_of_format(field.format) if field.format else _check_of_limits(field.bounds) if field.bounds else None
    if own is None:
        return _check(field.type)
    return _check_of_optional(own) if field.optional else own


def _check_of_limits(limits: Limits) -> Check:
    least, most, otherwise = limits
    return lambda value: None if least <= value <= most else otherwise


def _check_of_format(form: Format) -> Check:
    fits = re.compile(form.pattern).fullmatch
    return lambda text: None if fits(text) else form.otherwise


def _check(schema: Type) -> Check | None:
    """What a value of the type is held to beyond Avro's encoding; None if that is all."""
    match schema:
        case Primitive(name="string"):
            return _without_nul
        case Primitive(name="float" | "double"):
            return lambda value: None if isfinite(value) else "is not a finite number"
        case Primitive(limits=limits) if limits is not None:
            return _check_of_limits(limits)
        case Array(items=inner):
            item = _check(inner)
            return item and _check_of_many(item)
        case Map(values=inner):
            value = _check(inner) or _unchecked
            names = _check_of_many(_without_nul)
            contents = _check_of_many(value)
            return lambda mapping: names(mapping) or contents(mapping.values())
        case Union() if without_null(schema) is not schema:
            choice = _check(without_null(schema))
            return choice and _check_of_optional(choice)
    return None


def _check_of_many(check: Check) -> Check:
    return lambda values: next((reason for value in values if (reason := check(value)) is not None), None)


def _check_of_optional(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def _without_nul(text: str) -> str | None:
    return "has a NUL character" if "\0" in text else None


def _unchecked(_: Any) -> None:
    return None


def _fault(record: Mapping[str, Any], change: Mapping[str, Any], checks: tuple[tuple[str, Check], ...]) -> str | None:
    """Why the event breaks the contract although its bytes are in order; a reason without a value in it.

    What passes here can be computed with and stored: calendars end, PostgreSQL takes no NUL, JSON no NaN.
    """
    for name in ("event_id", "record", "subject"):
        if not record[name] or "\0" in record[name]:
            return f"'{name}' is empty or has a NUL character"
        if len(record[name]) > LONGEST_NAME:
            return f"'{name}' is longer than {LONGEST_NAME} characters"
    for name in ("occurred_at", "recorded_at"):
        if not TIMES.least <= record[name] <= TIMES.most:
            return f"'{name}' {TIMES.otherwise}"
    for name, check in checks:
        reason = check(change[name])
        if reason is not None:
            return f"'{name}' {reason}"
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
                (field.name, SUBJECT_CODES[NAMING_FIELDS[field.name]])
                for field in record.fields
                if field.name in NAMING_FIELDS
            ),
        )
        for kind, record in contract.kinds.items()
    }


def _misnamed(record: Mapping[str, Any], change: Mapping[str, Any], named: tuple[_Names, _Names]) -> str | None:
    """Why a name is none as the door writes it; a row or a key under it would be of nobody, or of somebody else."""
    for values, fields in zip((record, change), named, strict=True):
        for field, normalised in fields:
            name = values[field]
            try:
                if name is not None and normalised(name) != name:
                    return f"the code of the {field} is not written as the door does"
            except InvalidCode as wrong:
                return f"the {field} is wrong: {wrong}"
    return None


class RecordReader:
    """Reads records of one schema (a row, a contribution, an alert, the clock) written under any compatible one.

    Dates come as ints of days, times as ints of microseconds.
    """

    def __init__(self, registry: Registry, schema: Mapping[str, Any] | Record) -> None:
        self._registry = registry
        self._schema = avro(parse_record(schema), logical=False)
        self._reader = parse_schema(self._schema)
        self._writers: dict[int, tuple[Json, Json | None]] = {}

    def read(self, value: bytes) -> dict[str, Any]:
        """The record. Raises ValueError if the bytes are not one: what our own stages wrote must be readable."""
        if len(value) < FRAME.size or value[0] != 0:
            raise ValueError("not framed: a record begins with a zero byte and the schema's id")
        schema_id = FRAME.unpack_from(value)[1]
        if schema_id not in self._writers:
            self._writers[schema_id] = self._writer(schema_id)
        written, wanted = self._writers[schema_id]
        body = BytesIO(value)
        body.seek(FRAME.size)
        try:
            record: dict[str, Any] = schemaless_reader(body, written, wanted)
        except (SchemaResolutionError, *BROKEN) as broken:
            raise ValueError(f"the body does not fit schema {schema_id} ({type(broken).__name__})") from broken
        if body.tell() != len(value):
            raise ValueError("bytes are left over after the record")
        return record

    def _writer(self, schema_id: int) -> tuple[Json, Json | None]:
        schema = self._registry.schema(schema_id)
        if schema is None:
            raise ValueError(f"schema id {schema_id} is not known to the registry")
        try:
            written = avro(parse_record(dict(schema)), logical=False)
            parsed = parse_schema(written)
        except (SchemaRefused, SchemaParseException, UnknownType, *BROKEN) as broken:
            raise ValueError(f"schema {schema_id} cannot be parsed ({type(broken).__name__})") from broken
        return parsed, None if written == self._schema else self._reader


def encoder(schema_id: int, schema: Mapping[str, Any] | Record) -> Callable[[Mapping[str, Any]], bytes]:
    """A function from a record to its framed bytes. A union's record is given as (full name, record).

    Dates are ints of days, times ints of microseconds. It raises `wire.avro_writer.InvalidValue` (a
    ValueError naming the field, never the value) on a record that does not fit.
    """
    record = parse_record(schema)
    write = writer(record, schema_id)
    if not any(field.name == "change" and _is_single(field.type) for field in record.fields):
        return write
    # the generated writer takes the value of a union of one branch without a name
    return lambda event: write({**event, "change": event["change"][1]})


def _is_single(schema: Type) -> bool:
    return isinstance(schema, Union) and len(schema.branches) == 1
