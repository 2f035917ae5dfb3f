"""Avro schemas as JSON → the typed model of `wire.schema`.

Our own files are held to more than Avro asks: every record and field is documented and classified, and a key that is
unknown (hence perhaps misspelt) is refused. What the registry gives may be of a newer release, so its unknown keys are
passed over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from wire.schema import (
    FORMATS,
    NO_DEFAULT,
    Array,
    Enum,
    Field,
    Fixed,
    Json,
    Limits,
    Map,
    Named,
    Primitive,
    Record,
    Type,
    Union,
)

PRIMITIVES = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})
CLASSIFICATIONS = ("public", "internal", "personal", "sensitive")
#: The logical types that a file of ours may use, and what each is a number of.
LOGICAL = {"date": "int", "timestamp-micros": "long"}
#: What makes a field's value plausible: `wire.values.rules` says what each means.
FIELD_RULES = ("at_least", "at_most", "above", "not_before", "after", "not_after", "within", "otherwise")
_NAME = {"type", "name", "namespace", "aliases"}
_KEYS: Mapping[str, set[str]] = {
    "record": {*_NAME, "fields", "doc", "doc_zh", "one_subject"},
    "enum": {*_NAME, "symbols", "symbols_zh", "default", "doc", "doc_zh"},
    "fixed": {*_NAME, "size"},
    "array": {"type", "items"},
    "map": {"type", "values"},
    "primitive": {"type", "logicalType"},
    "field": {
        *("name", "type", "default", "order", "aliases", "classification", "identity", "doc", "doc_zh"),
        *("code", "form", "masked", "least", "most", "format"),
        *FIELD_RULES,
    },
}


class SchemaRefused(ValueError):
    """A schema cannot be used; the message names its file if it has one, the key or field, and what to do."""


def parse(schema: Json | Type) -> Type:
    """The model of any Avro schema; one that is a model already comes back. Raises SchemaRefused."""
    if isinstance(schema, Primitive | Array | Map | Union | Record | Enum | Fixed):
        return schema
    try:
        return _Parser().type(schema, "", "")
    except (KeyError, TypeError, AttributeError) as broken:
        raise SchemaRefused(f"the schema is not Avro ({type(broken).__name__})") from broken


def parse_record(schema: Json | Record) -> Record:
    """The model of a record's schema. Raises SchemaRefused."""
    record = parse(schema)
    if not isinstance(record, Record):
        raise SchemaRefused("the schema is no record")
    return record


def read_schema(path: Path, attributes: set[str]) -> tuple[dict[str, Json], Record]:
    """A file of ours as JSON and as its model. `attributes`: what its top record may have besides. Raises
    SchemaRefused, also for a key that is unknown or written twice, and a field without documentation or class."""
    try:
        schema = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_without_repetition)
    except (OSError, ValueError) as unreadable:
        raise SchemaRefused(f"{path} cannot be read as JSON: {unreadable}. Mend the file.") from unreadable
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise SchemaRefused(f"{path}: the schema must be a JSON object of type record.")
    return schema, _StrictParser(path, attributes).top(schema)


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise ValueError(f"key {min(repeated)!r} is written twice in one object")
    return dict(pairs)


class _Parser:
    """Takes every Avro schema. `where` is the dotted path of the field that a type belongs to."""

    def __init__(self) -> None:
        self._named: dict[str, Named] = {}

    def type(self, schema: Json, namespace: str, where: str) -> Type:
        if isinstance(schema, list):
            return Union(tuple(self.type(branch, namespace, where) for branch in schema))
        if isinstance(schema, str):
            return Primitive(schema) if schema in PRIMITIVES else self._known(schema, namespace, where)
        if not isinstance(schema, dict) or "type" not in schema:
            raise self.refusal(where, f"has a type that is not Avro: {json.dumps(schema)[:80]}")
        kind = schema["type"]
        match kind:
            case "array":
                self.keys(schema, "array", f"field '{where}'")
                return Array(self.type(schema["items"], namespace, where))
            case "map":
                self.keys(schema, "map", f"field '{where}'")
                return Map(self.type(schema["values"], namespace, where))
            case "record" | "error":
                return self.record(schema, namespace, where)
            case "enum":
                return self._enum(schema, namespace)
            case "fixed":
                return self._fixed(schema, namespace)
            case str() if kind in PRIMITIVES:
                self.keys(schema, "primitive", f"field '{where}'")
                return self.primitive(kind, str(schema.get("logicalType", "")), where)
        return self.type(kind, namespace, where)

    def record(self, schema: Json, namespace: str, where: str, attributes: set[str] | None = None) -> Record:
        name, namespace = _name_of(schema, namespace)
        inside = f"{where}.{name}" if "." in where else name if where else ""
        self.keys(schema, "record", inside or "the top record", attributes)
        self.check_record(schema, inside or "the top record")
        record = Record(
            name,
            namespace,
            doc=schema.get("doc") or "",
            doc_zh=schema.get("doc_zh") or "",
            aliases=tuple(schema.get("aliases", ())),
            one_subject=schema.get("one_subject"),
            attributes={key: value for key, value in schema.items() if key not in _KEYS["record"]},
        )
        self._define(record, where)
        fields = tuple(self._field(field, namespace, inside) for field in schema["fields"])
        object.__setattr__(record, "fields", fields)  # only now: a field may be of the record's own type
        return record

    def _field(self, field: Mapping[str, Json], namespace: str, inside: str) -> Field:
        where = f"{inside}.{field.get('name')}" if inside else str(field.get("name"))
        self.keys(field, "field", f"field '{where}'")
        self.check_field(field, where)
        return Field(
            field["name"],
            self.type(field["type"], namespace, where),
            default=field.get("default", NO_DEFAULT),
            doc=field.get("doc") or "",
            doc_zh=field.get("doc_zh") or "",
            classification=field.get("classification") or "",
            identity=bool(field.get("identity")),
            aliases=tuple(field.get("aliases", ())),
            code=field.get("code") or "",
            form=field.get("form") or "",
            rules={name: field[name] for name in FIELD_RULES if name in field},
            masked=bool(field.get("masked")),
            bounds=_bounds(field),
            format=FORMATS.get(field.get("format", "")),
        )

    def _enum(self, schema: Json, namespace: str) -> Enum:
        name, namespace = _name_of(schema, namespace)
        self.keys(schema, "enum", f"enum '{name}'")
        symbols_zh = schema.get("symbols_zh", {})
        self.check_symbols(name, schema["symbols"], symbols_zh)
        enum = Enum(
            name,
            namespace,
            tuple(schema["symbols"]),
            symbols_zh,
            default=schema.get("default"),
            doc=schema.get("doc") or "",
            doc_zh=schema.get("doc_zh") or "",
            aliases=tuple(schema.get("aliases", ())),
        )
        self._define(enum, name)
        return enum

    def _fixed(self, schema: Json, namespace: str) -> Fixed:
        name, namespace = _name_of(schema, namespace)
        self.keys(schema, "fixed", f"fixed '{name}'")
        fixed = Fixed(name, namespace, schema["size"], tuple(schema.get("aliases", ())))
        self._define(fixed, name)
        return fixed

    def _define(self, named: Named, where: str) -> None:
        if named.fullname in self._named:
            raise self.refusal(where or named.name, f"defines '{named.fullname}', which is defined before: refer to it")
        self._named[named.fullname] = named

    def _known(self, name: str, namespace: str, where: str) -> Named:
        """A name without a dot is looked for in the namespace around it, then outside of all."""
        for fullname in (name if "." in name or not namespace else f"{namespace}.{name}", name):
            if fullname in self._named:
                return self._named[fullname]
        raise self.refusal(where, f"has the unknown type '{name}'")

    def refusal(self, where: str, reason: str) -> SchemaRefused:
        return SchemaRefused(f"field '{where}' {reason}" if where else f"the schema {reason}")

    def keys(self, schema: Mapping[str, Json], kind: str, what: str, attributes: set[str] | None = None) -> None:
        """Whether every key of `schema` is known; nothing here."""

    def primitive(self, name: str, logical: str, where: str) -> Primitive:  # noqa: ARG002
        return Primitive(name, logical)

    def check_record(self, schema: Json, what: str) -> None:
        """What our own records must have; nothing here."""

    def check_field(self, field: Mapping[str, Json], where: str) -> None:
        """What our own fields must have; nothing here."""

    def check_symbols(self, name: str, symbols: list[str], symbols_zh: Mapping[str, str]) -> None:
        """Whether every symbol that is translated is one; nothing here."""


class _StrictParser(_Parser):
    """Takes the files under `schemas/`."""

    def __init__(self, path: Path, attributes: set[str]) -> None:
        super().__init__()
        self._path = path
        self._attributes = attributes

    def top(self, schema: Json) -> Record:
        try:
            return self.record(schema, "", "", self._attributes)
        except (KeyError, TypeError, AttributeError) as broken:
            missing = f"a key is missing: {broken}" if isinstance(broken, KeyError) else type(broken).__name__
            raise SchemaRefused(f"{self._path}: the schema is not Avro ({missing}). Mend the file.") from broken

    def refusal(self, where: str, reason: str) -> SchemaRefused:
        return SchemaRefused(f"{self._path}: field '{where}' {reason}.")

    def keys(self, schema: Mapping[str, Json], kind: str, what: str, attributes: set[str] | None = None) -> None:
        known = _KEYS[kind] | (attributes or set())
        for key in schema:
            if key not in known:
                meant = " or ".join(f"'{name}'" for name in get_close_matches(key, known, n=1)) or "misspelt"
                raise SchemaRefused(f"{self._path}: {what} has the unknown key '{key}': {meant}?")

    def primitive(self, name: str, logical: str, where: str) -> Primitive:
        if logical and LOGICAL.get(logical) != name:
            raise self.refusal(where, f"has the unknown logical type '{logical}' of {name}")
        return Primitive(name, logical)

    def check_record(self, schema: Json, what: str) -> None:
        if not schema.get("doc"):
            raise SchemaRefused(f"{self._path}: {what} has no 'doc'.")
        if schema.get("one_subject") not in (None, True, False):
            raise SchemaRefused(f"{self._path}: {what} has a 'one_subject' that is neither true nor false.")

    def check_field(self, field: Mapping[str, Json], where: str) -> None:
        for key in ("name", "type", "doc", "classification"):
            if not field.get(key):
                raise self.refusal(where, f"has no '{key}'")
        if field["classification"] not in CLASSIFICATIONS:
            allowed = ", ".join(CLASSIFICATIONS)
            raise self.refusal(
                where, f"has the classification {field['classification']!r}; it must be one of {allowed}"
            )
        if field.get("identity") not in (None, True, False):
            raise self.refusal(where, "has an 'identity' that is neither true nor false")
        if field.get("identity") and field["classification"] != "sensitive":
            raise self.refusal(where, "holds an identity number, so its classification is sensitive")
        bounds = [field[key] for key in ("least", "most") if key in field]
        if bounds and (len(bounds) != 2 or not all(type(bound) is int for bound in bounds) or bounds[0] > bounds[1]):
            raise self.refusal(where, "has bounds that are not two whole numbers, 'least' and 'most'")
        if bounds and not _is(field["type"], "int", "long"):
            raise self.refusal(where, "has bounds, but is no int or long")
        if "format" in field and (field["format"] not in FORMATS or not _is(field["type"], "string")):
            raise self.refusal(where, f"has a 'format'; a string may have one of {', '.join(FORMATS)}")

    def check_symbols(self, name: str, symbols: list[str], symbols_zh: Mapping[str, str]) -> None:
        for symbol in symbols_zh:
            if symbol not in symbols:
                raise SchemaRefused(
                    f"{self._path}: '{name}.symbols_zh' has {symbol!r}; it must be one of {', '.join(symbols)}."
                )


def _is(schema: Json, *names: str) -> bool:
    """Whether a field's type is one of the primitive types `names`, or null."""
    branches = schema if isinstance(schema, list) else [schema]
    return all(branch in (*names, "null") for branch in branches)


def _bounds(field: Mapping[str, Json]) -> Limits | None:
    least, most = field.get("least"), field.get("most")
    return None if least is None or most is None else Limits(least, most, f"is not between {least} and {most}")


def _name_of(schema: Json, around: str) -> tuple[str, str]:
    """(name, namespace) of a definition within the namespace `around` it."""
    namespace, _, name = schema["name"].rpartition(".")
    return name, namespace or schema.get("namespace", around)
