"""Avro records as JSON that PostgreSQL keeps: dates as `2026-01-31`, times as ISO 8601 in UTC."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sinks.sink import Unreadable
from wire.codec import RecordReader
from wire.registry import Registry
from wire.schema import Array, Map, Primitive, Record, Type, Union
from wire.schema_parser import parse

EPOCH_DAY = date(1970, 1, 1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Convert = Callable[[Any], Any]


def day(number: int) -> str:
    """Days since 1970-01-01 → `2026-01-31`."""
    return (EPOCH_DAY + timedelta(days=number)).isoformat()


def instant(micros: int) -> datetime:
    """Microseconds since 1970-01-01 UTC → an aware time in UTC."""
    return EPOCH + timedelta(microseconds=micros)


def iso_instant(micros: int) -> str:
    """Microseconds since 1970-01-01 UTC → `2026-01-31T08:05:00.000000Z`."""
    return instant(micros).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class JsonReader:
    """Reads records of one published schema into plain JSON values."""

    def __init__(self, registry: Registry, schema: Mapping[str, Any]) -> None:
        self._records = RecordReader(registry, schema)
        self._convert = _converter(parse(schema)) or _same

    def read(self, value: bytes) -> dict[str, Any]:
        """The record. Raises Unreadable; the reason names no value."""
        try:
            record: dict[str, Any] = self._convert(self._records.read(value))
        except (ValueError, OverflowError) as broken:
            raise Unreadable(f"{type(broken).__name__}: the value does not fit the schema") from broken
        return record


def as_jsonb(record: Any) -> str:
    """The record as text for a jsonb column. Raises Unreadable for what PostgreSQL cannot keep."""
    try:
        text = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError as broken:
        raise Unreadable("a number is not finite") from broken
    if "\\u0000" in text:
        raise Unreadable("a text holds a NUL character")
    return text


def _same(value: Any) -> Any:
    return value


def _converter(schema: Type) -> Convert | None:
    """None where JSON takes the value as it is."""
    match schema:
        case Primitive(is_date=True):
            return day
        case Primitive(is_time=True):
            return iso_instant
        case Union(choices=(choice,)):
            inner = _converter(choice)
            return inner and _optional(inner)
        case Union():
            raise TypeError("a published row has optional values only, no choice of several")
        case Record(fields=fields):
            converters = [(field.name, convert) for field in fields if (convert := _converter(field.type))]
            return _record(converters) if converters else None
        case Array(items=inner):
            item = _converter(inner)
            return item and _array(item)
        case Map(values=inner):
            item = _converter(inner)
            return item and _map(item)
    return None


def _optional(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def _array(convert: Convert) -> Convert:
    return lambda values: [convert(value) for value in values]


def _map(convert: Convert) -> Convert:
    return lambda values: {key: convert(value) for key, value in values.items()}


def _record(fields: list[tuple[str, Convert]]) -> Convert:
    def convert(record: dict[str, Any]) -> dict[str, Any]:
        return record | {name: convert_field(record[name]) for name, convert_field in fields}

    return convert
