"""Avro records as JSON that PostgreSQL keeps: dates as `2026-01-31`, times as ISO 8601 in UTC.

What a schema's values become is generated once as Python, a function a record type: walking the schema for each value
took most of a sink's time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from math import isfinite
from typing import Any

import orjson

from sinks.sink import Unreadable
from wire.codec import RecordReader
from wire.registry import Registry
from wire.schema import Array, Map, Primitive, Record, Type, Union
from wire.schema_parser import parse

EPOCH_DAY = date(1970, 1, 1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - in UTC; its text has no offset, and is made in half the time
Convert = Callable[[Any], Any]


class _Days(dict[int, str]):
    """Days since 1970-01-01 → `2026-01-31`; each is written once."""

    def __missing__(self, number: int) -> str:
        text = self[number] = (EPOCH_DAY + timedelta(days=number)).isoformat()
        return text


DAYS = _Days()


def instant(micros: int) -> datetime:
    """Microseconds since 1970-01-01 UTC → an aware time in UTC."""
    return EPOCH + timedelta(microseconds=micros)


def iso_instant(micros: int) -> str:
    """Microseconds since 1970-01-01 UTC → `2026-01-31T08:05:00.000000Z`."""
    return (NAIVE_EPOCH + timedelta(microseconds=micros)).isoformat(timespec="microseconds") + "Z"


def finite(number: float) -> float:
    """The number. Raises ValueError for what JSON has no way to write."""
    if not isfinite(number):
        raise ValueError("a number is not finite")
    return number


class JsonReader:
    """Reads records of one published schema into plain JSON values."""

    def __init__(self, registry: Registry, schema: Mapping[str, Any]) -> None:
        self._records = RecordReader(registry, schema)
        self._convert = converter(parse(schema))

    def read(self, value: bytes) -> dict[str, Any]:
        """The record. Raises Unreadable; the reason names no value."""
        try:
            record: dict[str, Any] = self._convert(self._records.read(value))
        except (ValueError, OverflowError) as broken:
            raise Unreadable(f"{type(broken).__name__}: the value does not fit the schema") from broken
        return record


def as_jsonb(record: Any) -> bytes:
    """The record as text for a jsonb column. Raises Unreadable for what PostgreSQL cannot keep."""
    try:
        text = orjson.dumps(record)
    except TypeError as broken:  # a number of more than 64 bits, or half a character
        raise Unreadable("a value has no way to be written as JSON") from broken
    if b"\\u0000" in text:
        raise Unreadable("a text holds a NUL character")
    return text


def converter(schema: Type) -> Convert:
    """A function from a value of `schema`, as read, to the same as JSON has it."""
    generator = _Generator()
    expression = generator.expression(schema, "v")
    source = "\n".join([*generator.functions, f"def convert(v):\n    return {expression or 'v'}"])
    namespace: dict[str, Any] = {"DAYS": DAYS, "TIME": iso_instant, "FINITE": finite}
    exec(compile(source, "<json of a record>", "exec"), namespace)  # noqa: S102
    function: Convert = namespace["convert"]
    return function


class _Generator:
    """Turns a schema into one Python expression; each record type becomes a function of its own, which returns a new
    record (what is read may hold a schema's default, which is nobody's to change)."""

    def __init__(self) -> None:
        self.functions: list[str] = []
        self._named: dict[Record, str | None] = {}
        self._depth = 0

    def expression(self, schema: Type, x: str) -> str | None:
        """What the Python expression `x` becomes under `schema`; None where JSON takes it as it is."""
        match schema:
            case Primitive(is_date=True):
                return f"DAYS[{x}]"
            case Primitive(is_time=True):
                return f"TIME({x})"
            case Primitive(name="float" | "double"):
                return f"FINITE({x})"
            case Union(choices=(choice,)):
                bound = self._variable()
                inner = self.expression(choice, bound)
                return inner and f"(None if ({bound} := {x}) is None else {inner})"
            case Union():
                raise TypeError("a published row has optional values only, no choice of several")
            case Record():
                function = self._function(schema)
                return function and f"{function}({x})"
            case Array(items=inner_type):
                bound = self._variable()
                inner = self.expression(inner_type, bound)
                return inner and f"[{inner} for {bound} in {x}]"
            case Map(values=inner_type):
                bound = self._variable()
                inner = self.expression(inner_type, bound)
                return inner and f"{{k{bound}: {inner} for k{bound}, {bound} in {x}.items()}}"
        return None

    def _variable(self) -> str:
        self._depth += 1
        return f"i{self._depth}"

    def _function(self, schema: Record) -> str | None:
        if schema in self._named:
            return self._named[schema]
        name = self._named[schema] = f"r{len(self._named)}"
        fields = [(field.name, self.expression(field.type, f"v[{field.name!r}]")) for field in schema.fields]
        changed = ", ".join(f"{field!r}: {expression}" for field, expression in fields if expression)
        if not changed:
            self._named[schema] = None
            return None
        self.functions.append(f"def {name}(v):\n    return {{**v, {changed}}}")
        return name
