"""What pages call a rule, a department, a topic, a view, a kind of statement, a field or a value, in both languages.

Taken from where each is defined: a rule's title, a contract's and a row's `doc_zh` (in English the names themselves),
an enum's `symbols_zh`, a contract's `department_zh`. So a new rule, department or view has its words in its own file,
and no page is touched for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from domain.rule import Rule
from runtime.discover import discover
from wire.contracts import contracts, published
from wire.schema import Enum, Record, Type, subtypes

EXPLAINED = re.compile(r"[(（]")
"""What follows explains a name and is no part of it."""
CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
Words = dict[str, dict[str, str]]


@lru_cache(maxsize=1)
def words() -> Words:
    """`zh` and `en` → key (`rule.newly-let`, `kind.Let`, `field.until`, `value.dibao`, …) → text.

    Where a key is said in several places the first holds, contracts in the order of their topics, then rows.
    """
    texts: Words = {"zh": {}, "en": {}}
    for key, zh, en in _all():
        texts["zh"].setdefault(key, zh)
        texts["en"].setdefault(key, en)
    return texts


def _all() -> Iterator[tuple[str, str, str]]:
    for name, rule in discover("domain.rules", "RULE", Rule).items():
        yield f"rule.{name}", rule.title.zh, rule.title.en
    for contract in contracts().values():
        if contract.department_zh:
            english = contract.department.replace("-", " ").capitalize()
            yield f"department.{contract.department}", contract.department_zh, english
        english = contract.topic.partition(".")[2].replace("-", " ")
        yield f"topic.{contract.topic}", EXPLAINED.split(contract.record.doc_zh)[0] or english, english
        for kind, record in contract.kinds.items():
            yield f"kind.{kind}", record.doc_zh or record.doc, _spaced(kind)
            yield from _within(record)
    for topic, output in published().items():
        if output.what == "row":
            english = _spaced(output.record.name).capitalize()
            yield f"view.{topic.removeprefix('rows.')}", output.record.doc_zh or english, english
        for field in output.record.fields:
            if field.doc_zh:
                yield f"fact.{field.name}", field.doc_zh, _spaced(field.name)
            yield from _within(field.type)


def _within(schema: Type) -> Iterator[tuple[str, str, str]]:
    """The fields and values within `schema`."""
    for part in subtypes(schema):
        match part:
            case Record(fields=fields):
                for field in fields:
                    if field.doc_zh:
                        yield f"field.{field.name}", field.doc_zh, _spaced(field.name)
            case Enum(name=name, symbols_zh=symbols_zh):
                group = "relation" if name == "Relation" else "value"
                for symbol, zh in symbols_zh.items():
                    yield f"{group}.{symbol}", zh, _spaced(symbol)


def _spaced(name: str) -> str:
    return CAPITAL.sub(" ", name).replace("_", " ").lower()


@lru_cache(maxsize=1)
def domains() -> frozenset[str]:
    """Whose business rules' alerts are: to some of these an account may be limited."""
    return frozenset(rule.domain for rule in discover("domain.rules", "RULE", Rule).values())
