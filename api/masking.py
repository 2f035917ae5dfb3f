"""What is shown of a person before somebody says why he looks: the first character of a text, and no number or date.

What counts as personal is said by the schemas: each field of `schemas/rows/<view>.avsc` has a classification.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from wire.contracts import published
from wire.schema import Array, Map, Record, Type, Union, without_null

PERSONAL = frozenset({"personal", "sensitive"})
HIDDEN = "*"


def mask_text(text: str | None) -> str | None:
    """`周伟` → `周*`; a text of one character or none is hidden whole."""
    if text is None:
        return None
    return text[:1] + HIDDEN if len(text) > 1 else HIDDEN


@cache
def schema(view: str) -> Record:
    """The row schema of a view; a view without one has no table either. Raises KeyError."""
    return published()[f"rows.{view}"].record


@cache
def views() -> frozenset[str]:
    """The views that have a row schema."""
    return frozenset(topic.removeprefix("rows.") for topic, output in published().items() if output.what == "row")


def mask_row(view: str, row: dict[str, Any]) -> dict[str, Any]:
    """`row` with every personal leaf masked; what the schema does not know is left out. The id, the shape
    and whether it was judged stay."""
    masked = _masked_record(schema(view), row)
    return {**masked, **{name: row[name] for name in ("id", "not_judged") if name in row}}


def whole_row(view: str, row: dict[str, Any]) -> dict[str, Any]:
    """`row` as it is, its fields in the schema's order (JSON in PostgreSQL has none), what it does not know last."""
    return dict(_ordered(schema(view), row))


def _ordered(kind: Type, value: Any) -> Any:
    match without_null(kind):
        case Record(fields=fields) if isinstance(value, dict):
            known = {field.name: _ordered(field.type, value[field.name]) for field in fields if field.name in value}
            return {**known, **{name: inner for name, inner in value.items() if name not in known}}
        case Array(items=items) if isinstance(value, list):
            return [_ordered(items, item) for item in value]
    return value


def _masked_record(record: Record, value: dict[str, Any]) -> dict[str, Any]:
    return {
        field.name: _masked(field.type, value[field.name], field.classification in PERSONAL)
        for field in record.fields
        if field.name in value
    }


def _masked(kind: Type, value: Any, personal: bool) -> Any:
    if value is None:
        return None
    match without_null(kind):
        case Union(choices=choices) if isinstance(value, dict):
            record = next((choice for choice in choices if isinstance(choice, Record)), None)
            return _masked_record(record, value) if record else _leaf(value, personal)
        case Record() as record if isinstance(value, dict):
            return _masked_record(record, value)
        case Array(items=items) if isinstance(value, list):
            return [_masked(items, item, personal) for item in value]
        case Map(values=values) if isinstance(value, dict):
            return {key: _masked(values, item, personal) for key, item in value.items()}
    return _leaf(value, personal)


def _leaf(value: Any, personal: bool) -> Any:
    if not personal:
        return value
    return mask_text(value) if isinstance(value, str) else None
