"""What is shown of a person before somebody says why he looks: the first character of a text, and no number or date.

What counts as personal is said by the schemas: each field of `schemas/rows/<view>.avsc` has a classification.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

ROWS = Path(__file__).resolve().parent.parent / "schemas" / "rows"
PERSONAL = frozenset({"personal", "sensitive"})
HIDDEN = "*"


def mask_text(text: str | None) -> str | None:
    """`周伟` → `周*`; a text of one character or none is hidden whole."""
    if text is None:
        return None
    return text[:1] + HIDDEN if len(text) > 1 else HIDDEN


@cache
def schema(view: str) -> dict[str, Any]:
    """The row schema of a view; a view without one has no table either. Raises FileNotFoundError."""
    loaded: dict[str, Any] = json.loads((ROWS / f"{view}.avsc").read_text("utf-8"))
    return loaded


@cache
def views() -> frozenset[str]:
    """The views that have a row schema."""
    return frozenset(file.stem for file in ROWS.glob("*.avsc"))


def mask_row(view: str, row: dict[str, Any]) -> dict[str, Any]:
    """`row` with every personal leaf masked; what the schema does not know is left out. The id and the shape stay."""
    masked = _masked_record(schema(view), row, _named_types(schema(view), {}))
    return {**masked, **({"id": row["id"]} if "id" in row else {})}


def whole_row(view: str, row: dict[str, Any]) -> dict[str, Any]:
    """`row` as it is, its fields in the schema's order (JSON in PostgreSQL has none), what it does not know last."""
    return dict(_ordered(schema(view), row, _named_types(schema(view), {})))


def _ordered(kind: Any, value: Any, named: dict[str, dict[str, Any]]) -> Any:
    if isinstance(kind, list):
        fitting = [branch for branch in kind if branch != "null"]
        return _ordered(fitting[0], value, named) if len(fitting) == 1 else value
    kind = _resolved(kind, named)
    if not isinstance(kind, dict):
        return value
    if kind["type"] == "record" and isinstance(value, dict):
        types = {field["name"]: field["type"] for field in kind["fields"] if field["name"] in value}
        known = {name: _ordered(each, value[name], named) for name, each in types.items()}
        return {**known, **{name: each for name, each in value.items() if name not in known}}
    if kind["type"] == "array" and isinstance(value, list):
        return [_ordered(kind["items"], item, named) for item in value]
    return value


def _masked_record(record: dict[str, Any], value: dict[str, Any], named: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        field["name"]: _masked(field["type"], value[field["name"]], field.get("classification") in PERSONAL, named)
        for field in record["fields"]
        if field["name"] in value
    }


def _masked(kind: Any, value: Any, personal: bool, named: dict[str, dict[str, Any]]) -> Any:
    if value is None:
        return None
    if isinstance(kind, list):
        branches = [_resolved(branch, named) for branch in kind if branch != "null"]
        wanted = dict if any(isinstance(b, dict) and b.get("type") == "record" for b in branches) else None
        if wanted and isinstance(value, dict):
            record = next(b for b in branches if isinstance(b, dict) and b.get("type") == "record")
            return _masked_record(record, value, named)
        return _masked(branches[0], value, personal, named) if len(branches) == 1 else _leaf(value, personal)
    kind = _resolved(kind, named)
    if isinstance(kind, dict):
        if kind["type"] == "record" and isinstance(value, dict):
            return _masked_record(kind, value, named)
        if kind["type"] == "array" and isinstance(value, list):
            return [_masked(kind["items"], item, personal, named) for item in value]
        if kind["type"] == "map" and isinstance(value, dict):
            return {key: _masked(kind["values"], item, personal, named) for key, item in value.items()}
    return _leaf(value, personal)


def _leaf(value: Any, personal: bool) -> Any:
    if not personal:
        return value
    return mask_text(value) if isinstance(value, str) else None


def _resolved(kind: Any, named: dict[str, dict[str, Any]]) -> Any:
    return named.get(kind, kind) if isinstance(kind, str) else kind


def _named_types(kind: Any, found: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Every record of a schema by its name: a schema says a record once and then names it."""
    if isinstance(kind, list):
        for branch in kind:
            _named_types(branch, found)
    elif isinstance(kind, dict):
        if kind.get("type") == "record":
            found[kind["name"]] = kind
            for field in kind["fields"]:
                _named_types(field["type"], found)
        else:
            _named_types(kind.get("items", kind.get("values", kind.get("type"))), found)
    return found
