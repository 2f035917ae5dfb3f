"""What departments may say and stages publish: the schemas under `schemas/`, read and checked at every start.

A contract is one hand-written Avro file. Its schema attributes (owner, legal basis, classification …) are part of the
contract, so an attribute that is missing, unknown or misspelt stops the start with the file and the key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

Schema = Any  # an Avro schema as JSON: a name, a union (list) or an object

SCHEMAS = Path(__file__).resolve().parent.parent / "schemas"

#: The 16 categories of basic information that departments share (docs/glossary.md has the Chinese names).
CATEGORIES = (
    "population",
    "household_registration",
    "marriage",
    "family_planning",
    "education",
    "employment",
    "provident_fund",
    "social_assistance",
    "disability",
    "health",
    "housing",
    "real_estate",
    "vehicle",
    "legal_person",
    "tax",
    "urban_management",
)
CLASSIFICATIONS = ("public", "internal", "personal", "sensitive")
SUBJECTS = ("resident", "household", "dwelling", "legal-person", "grid", "district")
HEAD: Mapping[str, Schema] = {
    "event_id": "string",
    "record": "string",
    "subject": "string",
    "occurred_at": "long",
    "recorded_at": "long",
    "withdrawn": "boolean",
    "sequence": ["null", "long"],
}

_CONTRACT_ATTRIBUTES = {
    "department",
    "owner",
    "category",
    "legal_basis",
    "legal_basis_zh",
    "retention",
    "freshness",
    "subject",
}
#: ISO 8601, without years and months: they have no length in seconds.
_DURATION = re.compile(r"P(?=.)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_SECONDS = (604_800, 86_400, 3_600, 60, 1)
#: What pages call the department, if no page's own texts do.
_CONTRACT_WORDS = {"department_zh"}
_DESCRIBED = {"doc", "doc_zh"}
_ALLOWED = {
    "record": {"type", "name", "namespace", "aliases", "fields"} | _DESCRIBED,
    "field": {"name", "type", "default", "order", "aliases", "classification", "identity"} | _DESCRIBED,
    "enum": {"type", "name", "namespace", "aliases", "symbols", "symbols_zh", "default"} | _DESCRIBED,
    "array": {"type", "items"},
    "map": {"type", "values"},
    "primitive": {"type", "logicalType"},
}
_PRIMITIVES = {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}
_LOGICAL = {"date": "int", "timestamp-micros": "long"}


class ContractRefused(Exception):
    """A schema file breaks the rules for contracts; the message names the file, the key and what to do."""


@dataclass(frozen=True)
class Contract:
    """One topic's contract. `schema` is the file as JSON; `kinds` maps each kind to the schema of its record."""

    topic: str
    path: Path
    schema: Mapping[str, Any]

    @property
    def department(self) -> str:
        return str(self.schema["department"])

    @property
    def subject(self) -> str:
        """What the statements are about: resident, household, dwelling …"""
        return str(self.schema["subject"])

    @cached_property
    def freshness_seconds(self) -> int:
        """After how long without any event of the topic its department counts as quiet, in seconds."""
        return _seconds(self.path, str(self.schema["freshness"]))

    @property
    def fullname(self) -> str:
        """The record's name with its namespace: what a writer's schema must be called to belong here."""
        return f"{self.schema['namespace']}.{self.schema['name']}"

    @cached_property
    def kinds(self) -> dict[str, Mapping[str, Any]]:
        return {kind["name"]: kind for kind in self.schema["fields"][-1]["type"]}

    @property
    def subject_is_identity(self) -> bool:
        """Whether the subject is a person's number, hence a pseudonym on the wire."""
        return self.subject == "resident"

    @cached_property
    def identity_fields(self) -> dict[str, tuple[str, ...]]:
        """For each kind the fields that hold identity numbers (one number, or a list of them)."""
        return {
            kind: tuple(field["name"] for field in record["fields"] if field.get("identity"))
            for kind, record in self.kinds.items()
        }

    @cached_property
    def classification(self) -> dict[str, str]:
        """`subject` or `Kind.field` → public, internal, personal or sensitive."""
        found = {field["name"]: field["classification"] for field in self.schema["fields"]}
        for kind, record in self.kinds.items():
            found |= {f"{kind}.{field['name']}": field["classification"] for field in record["fields"]}
        return found


@dataclass(frozen=True)
class Published:
    """What a stage publishes: a row, a contribution, an alert or the clock."""

    topic: str
    path: Path
    schema: Mapping[str, Any]
    what: Literal["row", "contribution", "alert", "clock"]


def contracts(root: Path = SCHEMAS) -> dict[str, Contract]:
    """Every contract by its topic, in the topics' order. Raises ContractRefused."""
    return dict(_ours() if root == SCHEMAS else _read(root))


@lru_cache(maxsize=1)
def _ours() -> tuple[tuple[str, Contract], ...]:
    return _read(SCHEMAS)


def _read(root: Path) -> tuple[tuple[str, Contract], ...]:
    paths = sorted((root / "events").glob("*/*.avsc"))
    if not paths:
        raise ContractRefused(f"{root / 'events'} holds no contract: run from a checkout or an image of citygrid.")
    found = {}
    for path in paths:
        topic = f"{path.parent.name}.{path.stem}"
        schema = _loaded(path)
        _check_contract(path, schema)
        found[topic] = Contract(topic, path, schema)
    return tuple(found.items())


def published(root: Path = SCHEMAS) -> dict[str, Published]:
    """Every schema that stages publish, by topic. Raises ContractRefused."""
    found: dict[str, Published] = {}
    whats: tuple[tuple[str, Literal["row", "contribution"]], ...] = (("rows", "row"), ("contributions", "contribution"))
    for folder, what in whats:
        for path in sorted((root / folder).glob("*.avsc")):
            found[f"{folder}.{path.stem}"] = Published(f"{folder}.{path.stem}", path, _loaded(path), what)
    found["alerts"] = Published("alerts", root / "alert.avsc", _loaded(root / "alert.avsc"), "alert")
    found["clock"] = Published("clock", root / "clock.avsc", _loaded(root / "clock.avsc"), "clock")
    for each in found.values():
        _check_record(each.path, each.schema, "", {"view"} if each.what in ("row", "contribution") else set(), set())
    return found


def every_schema(root: Path = SCHEMAS) -> dict[str, Mapping[str, Any]]:
    """Topic → schema of all that is said on the wire."""
    said: dict[str, Mapping[str, Any]] = {topic: contract.schema for topic, contract in contracts(root).items()}
    return said | {topic: each.schema for topic, each in published(root).items()}


def plain(schema: Schema) -> Schema:
    """`schema` without logical types: dates are ints of days, times ints of microseconds, as `domain/` wants them."""
    match schema:
        case {"logicalType": _, "type": str(underlying)}:
            return underlying
        case dict():
            return {
                key: plain(value) if key in ("type", "items", "values", "fields") else value
                for key, value in schema.items()
            }
        case list():
            return [plain(branch) for branch in schema]
    return schema


def _loaded(path: Path) -> dict[str, Any]:
    try:
        schema = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_no_twins)
    except (OSError, ValueError) as unreadable:
        raise ContractRefused(f"{path} cannot be read as JSON: {unreadable}. Mend the file.") from unreadable
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise ContractRefused(f"{path}: the schema must be a JSON object of type record.")
    return schema


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = {key for key, _ in pairs if [name for name, _ in pairs].count(key) > 1}
    if twice:
        raise ValueError(f"key {min(twice)!r} is written twice in one object")
    return dict(pairs)


def _check_contract(path: Path, schema: dict[str, Any]) -> None:
    for key in sorted(_CONTRACT_ATTRIBUTES | {"namespace", "doc_zh"}):
        if not isinstance(schema.get(key), str) or not schema[key]:
            raise ContractRefused(f"{path}: '{key}' is missing: every contract says it on its top record.")
    department = path.parent.name
    _one_of(path, "department", schema["department"], (department,))
    _one_of(path, "namespace", schema["namespace"], (f"cn.citygrid.{department.replace('-', '_')}",))
    _one_of(path, "category", schema["category"], CATEGORIES)
    _one_of(path, "subject", schema["subject"], SUBJECTS)
    _seconds(path, schema["freshness"])
    _check_record(path, schema, "", _CONTRACT_ATTRIBUTES | _CONTRACT_WORDS, set())
    head = [field["name"] for field in schema["fields"]]
    if head != [*HEAD, "change"]:
        raise ContractRefused(f"{path}: the top record's fields must be {', '.join([*HEAD, 'change'])}, in this order.")
    for field, wanted in zip(schema["fields"], HEAD.values(), strict=False):
        if plain(field["type"]) != wanted:
            raise ContractRefused(f"{path}: field '{field['name']}' must be of type {wanted}.")
    subject = schema["fields"][2]
    if bool(subject.get("identity")) != (schema["subject"] == "resident"):
        raise ContractRefused(f"{path}: field 'subject' must say \"identity\": true if, and only if, it is a resident.")
    kinds = schema["fields"][-1]["type"]
    if not isinstance(kinds, list) or not all(isinstance(k, dict) and k.get("type") == "record" for k in kinds):
        raise ContractRefused(f"{path}: field 'change' must be a union of records, one for each kind.")


def _seconds(path: Path, duration: str) -> int:
    match = _DURATION.fullmatch(duration)
    seconds = sum(int(n or 0) * each for n, each in zip(match.groups(), _SECONDS, strict=True)) if match else 0
    if not 0 < seconds < 2**31:
        raise ContractRefused(
            f"{path}: 'freshness' is {duration!r}; it must be an ISO 8601 duration in weeks, days, hours, minutes or "
            "seconds, such as P1D or PT1H: after how long without an event the department counts as quiet."
        )
    return seconds


def _one_of(path: Path, key: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ContractRefused(f"{path}: '{key}' is {value!r}; it must be one of {', '.join(allowed)}.")


def _check_keys(path: Path, where: str, schema: Mapping[str, Any], allowed: set[str]) -> None:
    for key in schema:
        if key not in allowed:
            raise ContractRefused(f"{path}: {where or 'the top record'} has the unknown key '{key}'; misspelt?")


def _check_record(path: Path, schema: Mapping[str, Any], where: str, extra: set[str], names: set[str]) -> None:
    _check_keys(path, where, schema, _ALLOWED["record"] | extra)
    if not schema.get("doc"):
        raise ContractRefused(f"{path}: {where or 'the top record'} has no 'doc'.")
    names.add(schema["name"])
    for field in schema["fields"]:
        name = f"{where}.{field.get('name')}".lstrip(".")
        _check_keys(path, f"field '{name}'", field, _ALLOWED["field"])
        for key in ("doc", "classification"):
            if not field.get(key):
                raise ContractRefused(f"{path}: field '{name}' has no '{key}'.")
        _one_of(path, f"{name}.classification", field["classification"], CLASSIFICATIONS)
        if field.get("identity") and field["classification"] != "sensitive":
            raise ContractRefused(
                f"{path}: field '{name}' holds an identity number, so its classification is sensitive."
            )
        _check_type(path, field["type"], name, names)


def _check_type(path: Path, schema: Schema, where: str, names: set[str]) -> None:
    match schema:
        case str():
            if schema not in _PRIMITIVES and schema not in names:
                raise ContractRefused(f"{path}: field '{where}' has the unknown type '{schema}'.")
        case list():
            for branch in schema:
                _check_type(path, branch, where, names)
        case {"type": "record", "name": str(name)}:
            _check_record(path, schema, f"{where}.{name}" if "." in where else name, set(), names)
        case {"type": "enum", "name": str(name)}:
            names.add(name)
            _check_keys(path, f"enum '{name}'", schema, _ALLOWED["enum"])
            for symbol in schema.get("symbols_zh", {}):
                _one_of(path, f"{name}.symbols_zh", symbol, tuple(schema["symbols"]))
        case {"type": "array", "items": inner} | {"type": "map", "values": inner}:
            _check_keys(path, f"field '{where}'", schema, _ALLOWED[schema["type"]])
            _check_type(path, inner, where, names)
        case {"type": str(primitive), "logicalType": str(logical)}:
            _check_keys(path, f"field '{where}'", schema, _ALLOWED["primitive"])
            if _LOGICAL.get(logical) != primitive:
                raise ContractRefused(
                    f"{path}: field '{where}' has the unknown logical type '{logical}' of {primitive}."
                )
        case _:
            raise ContractRefused(f"{path}: field '{where}' has a type that is not Avro: {json.dumps(schema)[:80]}")


def leaves(schema: Schema, where: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every field of `schema`, nested ones too, as (dotted path, field): for documents and checks."""
    match schema:
        case {"type": "record", "fields": list(fields), "name": str(name)}:
            for field in fields:
                path = f"{where}.{field['name']}" if where else f"{name}.{field['name']}"
                yield path, field
                yield from leaves(field["type"], path)
        case {"type": "array", "items": inner} | {"type": "map", "values": inner}:
            yield from leaves(inner, where)
        case list():
            for branch in schema:
                named = branch.get("name") if isinstance(branch, dict) and len(schema) > 2 else None
                yield from leaves(branch, f"{where}.{named}" if named else where)
