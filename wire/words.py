"""What pages call a rule, a department, a kind of statement, a field or a value, in both languages.

Taken from where each is defined: a rule's title, a contract's and a row's `doc_zh`, an enum's `symbols_zh`, a
contract's `department_zh`. So a new rule or department has its words in its own file, and no page is touched for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from domain.rule import Rule
from runtime.discover import discover
from wire.contracts import Schema, contracts, published

CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
Words = dict[str, dict[str, str]]


@lru_cache(maxsize=1)
def words() -> Words:
    """`zh` and `en` → key (`rule.newly-let`, `kind.Let`, `field.until`, `value.dibao`, …) → text.

    Where a key is said in several places the first holds, contracts in the order of their topics, then rows.
    """
    said: Words = {"zh": {}, "en": {}}
    for key, zh, en in _all():
        said["zh"].setdefault(key, zh)
        said["en"].setdefault(key, en)
    return said


def _all() -> Iterator[tuple[str, str, str]]:
    for name, rule in discover("domain.rules", "RULE", Rule).items():
        yield f"rule.{name}", rule.title.zh, rule.title.en
    for contract in contracts().values():
        if zh := contract.schema.get("department_zh"):
            yield f"department.{contract.department}", zh, contract.department.replace("-", " ").capitalize()
        for kind, record in contract.kinds.items():
            yield f"kind.{kind}", record.get("doc_zh") or record["doc"], _spaced(kind)
            yield from _of(record)
    for each in published().values():
        for field in each.schema["fields"]:
            if zh := field.get("doc_zh"):
                yield f"fact.{field['name']}", zh, _spaced(field["name"])
            yield from _of(field["type"])


def _of(schema: Schema) -> Iterator[tuple[str, str, str]]:
    """The fields and values within `schema`."""
    match schema:
        case {"type": "record", "fields": list(fields)}:
            for field in fields:
                yield from _field(field)
        case {"type": "enum", "name": str(name), "symbols": list(symbols)}:
            group = "relation" if name == "Relation" else "value"
            for symbol in symbols:
                if zh := schema.get("symbols_zh", {}).get(symbol):
                    yield f"{group}.{symbol}", zh, _spaced(symbol)
        case {"items": inner} | {"values": inner}:
            yield from _of(inner)
        case list():
            for branch in schema:
                yield from _of(branch)


def _field(field: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    if zh := field.get("doc_zh"):
        yield f"field.{field['name']}", zh, _spaced(field["name"])
    yield from _of(field["type"])


def _spaced(name: str) -> str:
    return CAPITAL.sub(" ", name).replace("_", " ").lower()
