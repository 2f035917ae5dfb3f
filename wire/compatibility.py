"""Schemas may grow, never break: what was released stays readable, and for rows old programs read new rows too.

`schemas/released/<topic>.json` lists every released version in canonical form, oldest first. `check()` holds the
schemas of this checkout against all of them, offline; the registry holds them to the same levels.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from wire.contracts import SCHEMAS, contracts, every_schema
from wire.schema import Array, Enum, Fixed, Json, Map, Primitive, Record, Type, Union, avro, label
from wire.schema_parser import parse

Level = Literal["BACKWARD_TRANSITIVE", "FULL_TRANSITIVE"]

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
    troubles = []
    for topic, schema in current.items():
        for number, old in enumerate(released(topic, root), 1):
            troubles += [
                f"{topic}: {trouble} (released version {number})" for trouble in troubles_of(topic, schema, old)
            ]
    for file in sorted((root / "released").glob("*.json")):
        if file.stem not in current:
            troubles.append(
                f"{file.stem}: its schema is gone, but it was released; records of it remain. Bring it back."
            )
    return troubles


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
            lines = ",\n".join(json.dumps(version, ensure_ascii=False) for version in [*versions, canonical(schema)])
            file.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
            changed.append(topic)
    return changed


def released(topic: str, root: Path = SCHEMAS) -> list[Json]:
    """Every released version of a topic's schema, oldest first."""
    file = root / "released" / f"{topic}.json"
    versions: list[Json] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
    return versions


def canonical(schema: Json | Type) -> Json:
    """`schema` as JSON with what concerns compatibility only: no documentation, owners or classifications."""
    return avro(parse(schema))


def troubles_of(topic: str, new: Json | Type, old: Json | Type) -> list[str]:
    """Why `new` may not follow `old` on `topic`, a sentence each, naming the field."""
    troubles = list(unreadable(new, old))
    if level_of(topic) == "FULL_TRANSITIVE":
        troubles += [
            f"programs of the last release cannot read the new schema: {trouble}" for trouble in unreadable(old, new)
        ]
    return troubles


def unreadable(reader: Json | Type, writer: Json | Type) -> Iterator[str]:
    """Why records written with `writer` cannot be read with `reader`, a sentence a place; nothing if they can."""
    yield from _differences(parse(reader), parse(writer), "", set())


def _differences(reader: Type, writer: Type, where: str, seen: set[tuple[str, str]]) -> Iterator[str]:
    place = f"field '{where}'" if where else "the record"
    if isinstance(writer, Union):
        for branch in writer.branches:
            yield from _differences(reader, branch, where, seen)
        return
    if isinstance(reader, Union):
        fitting = _fitting(reader, writer)
        if fitting is None:
            yield f"{place} no longer takes {_kind(writer)}, which was written before"
            return
        if len(reader.choices) > 1 and isinstance(writer, Record | Enum | Fixed):
            where = f"{where}.{writer.name}"
        yield from _differences(fitting, writer, where, seen)
        return
    if _kind(reader) != _kind(writer):
        if _kind(reader) not in _PROMOTED.get(_kind(writer), set()):
            yield f"{place} was {_kind(writer)} and is now {_kind(reader)}"
        return
    match reader, writer:
        case Primitive(logical=now), Primitive(logical=before) if now != before:
            yield f"{place} meant {before or 'a plain value'} and now means {now or 'a plain value'}"
        case Record(), Record() if (reader.name, writer.name) not in seen:
            seen.add((reader.name, writer.name))
            yield from _record_differences(reader, writer, where, seen)
        case Enum(), Enum():
            lost = [symbol for symbol in writer.symbols if symbol not in reader.symbols]
            if lost and reader.default is None:
                yield f"{place} no longer has the symbol {', '.join(lost)} and no default"
        case Array(), Array():
            yield from _differences(reader.items, writer.items, where, seen)
        case Map(), Map():
            yield from _differences(reader.values, writer.values, where, seen)


def _fitting(reader: Union, writer: Type) -> Type | None:
    """The branch that reads what was written, if need be by a promotion."""
    kind = _kind(writer)
    same = [branch for branch in reader.branches if _kind(branch) == kind]
    promoted = [branch for branch in reader.branches if _kind(branch) in _PROMOTED.get(kind, set())]
    return next(iter(same or promoted), None)


def _record_differences(reader: Record, writer: Record, where: str, seen: set[tuple[str, str]]) -> Iterator[str]:
    for field in reader.fields:
        path = f"{where or reader.name}.{field.name}"
        names = [name for name in (field.name, *field.aliases) if name in writer.by_name]
        if names:
            yield from _differences(field.type, writer.by_name[names[0]].type, path, seen)
        elif not field.has_default:
            yield f"field '{path}' has no default, and records without it were written before"


def _kind(schema: Type) -> str:
    """What two types must have in common to be compared further. Namespaces may differ, as Avro allows."""
    match schema:
        case Record() | Enum() | Fixed():
            return f"{type(schema).__name__.lower()} {schema.name}"
    return label(schema)
