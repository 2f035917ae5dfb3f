"""Schemas may grow, never break: what was released stays readable, and for rows old programs read new rows too.

`schemas/released/<topic>.json` lists every released version in canonical form, oldest first. `check()` holds the
schemas of this checkout against all of them, offline; the registry holds them to the same levels.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from wire.contracts import SCHEMAS, Schema, contracts, every_schema

Level = Literal["BACKWARD_TRANSITIVE", "FULL_TRANSITIVE"]

_KEPT = ("type", "logicalType", "name", "namespace", "aliases", "items", "values", "symbols", "default")
_PROMOTED = {
    "int": {"long", "float", "double"},
    "long": {"float", "double"},
    "float": {"double"},
    "string": {"bytes"},
    "bytes": {"string"},
}


class Incompatible(Exception):
    """A schema would break readers; the message names topic and field."""


def level_of(topic: str) -> Level:
    """Events: a newer reader reads all that was ever written. All else: older readers read the new, too."""
    return "BACKWARD_TRANSITIVE" if topic in contracts() else "FULL_TRANSITIVE"


def check(root: Path = SCHEMAS) -> list[str]:
    """What is wrong with the schemas of this checkout, a sentence each. Raises ContractRefused."""
    current = every_schema(root)
    said = []
    for topic, schema in current.items():
        for number, old in enumerate(released(topic, root), 1):
            said += [f"{topic}: {trouble} (released version {number})" for trouble in troubles_of(topic, schema, old)]
    for file in sorted((root / "released").glob("*.json")):
        if file.stem not in current:
            said.append(f"{file.stem}: its schema is gone, but it was released; records of it remain. Bring it back.")
    return said


def release(root: Path = SCHEMAS) -> list[str]:
    """Write down the schemas of this checkout as released; returns the topics that changed. Raises Incompatible."""
    if troubles := check(root):
        raise Incompatible("\n".join(troubles))
    changed = []
    for topic, schema in every_schema(root).items():
        versions = released(topic, root)
        if canonical(schema) not in versions:
            file = root / "released" / f"{topic}.json"
            file.parent.mkdir(exist_ok=True)
            lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in [*versions, canonical(schema)])
            file.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
            changed.append(topic)
    return changed


def released(topic: str, root: Path = SCHEMAS) -> list[Schema]:
    """Every released version of a topic's schema, oldest first."""
    file = root / "released" / f"{topic}.json"
    versions: list[Schema] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
    return versions


def canonical(schema: Schema) -> Schema:
    """`schema` with what concerns compatibility only: no documentation, owners or classifications."""
    match schema:
        case {"type": "record", "fields": list(fields)}:
            kept = {key: schema[key] for key in _KEPT if key in schema}
            return kept | {"fields": [{**canonical_field(each)} for each in fields]}
        case dict():
            return {
                key: canonical(value) if key in ("items", "values", "type") else value
                for key, value in schema.items()
                if key in _KEPT
            }
        case list():
            return [canonical(branch) for branch in schema]
    return schema


def canonical_field(field: Mapping[str, Any]) -> dict[str, Any]:
    """A record's field with its name, type, default and aliases only."""
    return {
        key: canonical(field[key]) if key == "type" else field[key]
        for key in ("name", "type", "default", "aliases")
        if key in field
    }


def troubles_of(topic: str, new: Schema, old: Schema) -> list[str]:
    """Why `new` may not follow `old` on `topic`, a sentence each, naming the field."""
    said = list(unreadable(new, old))
    if level_of(topic) == "FULL_TRANSITIVE":
        said += [f"programs of the last release cannot read the new schema: {each}" for each in unreadable(old, new)]
    return said


def unreadable(reader: Schema, writer: Schema) -> Iterator[str]:
    """Why records written with `writer` cannot be read with `reader`, a sentence a place; nothing if they can."""
    yield from _differences(reader, writer, "", _named(reader), _named(writer), set())


def _differences(
    reader: Schema,
    writer: Schema,
    where: str,
    ours: dict[str, Schema],
    theirs: dict[str, Schema],
    seen: set[tuple[str, str]],
) -> Iterator[str]:
    reader, writer = ours.get(_name(reader), reader), theirs.get(_name(writer), writer)
    at = f"field '{where}'" if where else "the record"
    if isinstance(writer, list):
        for branch in writer:
            yield from _differences(reader, branch, where, ours, theirs, seen)
        return
    if isinstance(reader, list):
        fitting = [branch for branch in reader if _kind(ours.get(_name(branch), branch)) == _kind(writer)]
        fitting = fitting or [b for b in reader if _kind(writer) in _PROMOTED and _kind(b) in _PROMOTED[_kind(writer)]]
        if not fitting:
            yield f"{at} no longer takes {_kind(writer)}, which was written before"
            return
        several = sum(branch != "null" for branch in reader) > 1
        kind = f"{where}.{writer['name']}" if several and "name" in writer else where
        yield from _differences(fitting[0], writer, kind, ours, theirs, seen)
        return
    if _kind(reader) != _kind(writer):
        if _kind(reader) not in _PROMOTED.get(_kind(writer), set()):
            yield f"{at} was {_kind(writer)} and is now {_kind(reader)}"
        return
    if _logical(reader) != _logical(writer):
        yield f"{at} meant {_logical(writer) or 'a plain value'} and now means {_logical(reader) or 'a plain value'}"
    match reader:
        case {"type": "record"} if (reader["name"], writer["name"]) not in seen:
            seen.add((reader["name"], writer["name"]))
            yield from _record_differences(reader, writer, where, ours, theirs, seen)
        case {"type": "enum", "symbols": list(symbols)}:
            lost = [symbol for symbol in writer["symbols"] if symbol not in symbols]
            if lost and "default" not in reader:
                yield f"{at} no longer has the symbol {', '.join(lost)} and no default"
        case {"type": "array"}:
            yield from _differences(reader["items"], writer["items"], where, ours, theirs, seen)
        case {"type": "map"}:
            yield from _differences(reader["values"], writer["values"], where, ours, theirs, seen)


def _record_differences(
    reader: Schema,
    writer: Schema,
    where: str,
    ours: dict[str, Schema],
    theirs: dict[str, Schema],
    seen: set[tuple[str, str]],
) -> Iterator[str]:
    written = {field["name"]: field for field in writer["fields"]}
    for field in reader["fields"]:
        path = f"{where or reader['name']}.{field['name']}"
        names = [field["name"], *field.get("aliases", [])]
        old = next((written[name] for name in names if name in written), None)
        if old is not None:
            yield from _differences(field["type"], old["type"], path, ours, theirs, seen)
        elif "default" not in field:
            yield f"field '{path}' has no default, and records without it were written before"


def _name(schema: Schema) -> str:
    return schema.rpartition(".")[2] if isinstance(schema, str) else ""


def _kind(schema: Schema) -> str:
    match schema:
        case {"type": "record" | "enum" as what, "name": str(name)}:
            return f"{what} {name}"
        case {"type": str(kind)}:
            return kind
        case str():
            return schema
    return "union"


def _logical(schema: Schema) -> str:
    return str(schema.get("logicalType", "")) if isinstance(schema, dict) else ""


def _named(schema: Schema) -> dict[str, Schema]:
    """Every record and enum that `schema` defines, by its name."""
    match schema:
        case {"type": "record", "name": str(name), "fields": list(fields)}:
            found = {name: schema}
            for field in fields:
                found |= _named(field["type"])
            return found
        case {"type": "enum", "name": str(name)}:
            return {name: schema}
        case {"type": "array", "items": inner} | {"type": "map", "values": inner}:
            return _named(inner)
        case list():
            found = {}
            for branch in schema:
                found |= _named(branch)
            return found
    return {}
