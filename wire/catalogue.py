"""The catalogue: every topic that departments may state facts on, what it says, how personal that is, and who reads it.

All of it stands in the contracts and in the code: a view reads every contract of its subject, its row speaks of other
views (`View.contributes_to`), a rule reads the rows of one view. Counts and freshness are asked for elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from domain.rule import Rule
from domain.view import View
from runtime.discover import discover
from wire import schema
from wire.contracts import Contract, contracts
from wire.reach import reach
from wire.schema_parser import CLASSIFICATIONS
from wire.words import words

ROWS = "rows."
ALERTS = "alerts"


class Field(NamedTuple):
    """A field of a kind. `type` as a person reads it; `optional`: it may be absent; `identity`: a number, pseudonymised
    at the door; `symbols`: the values that it may have, if it names them."""

    name: str
    type: str
    optional: bool
    many: bool
    identity: bool
    classification: str
    zh: str
    en: str
    symbols: tuple[str, ...]


class Kind(NamedTuple):
    """One kind of statement that the topic carries."""

    name: str
    zh: str
    en: str
    fields: tuple[Field, ...]


class Reader(NamedTuple):
    """Who reads what is stated: views that merge it, views that it reaches through them, rules over those, sinks."""

    views: tuple[str, ...]
    reached: tuple[str, ...]
    rules: tuple[str, ...]
    sinks: tuple[str, ...]


class Entry(NamedTuple):
    """One topic of the catalogue. `classification` is the highest among its fields."""

    topic: str
    department: str
    department_zh: str
    department_en: str
    zh: str
    en: str
    owner: str
    category: str
    legal_basis: str
    legal_basis_zh: str
    retention: str
    subject: str
    freshness: str
    limit_seconds: int
    classification: str
    head: tuple[Field, ...]
    kinds: tuple[Kind, ...]
    readers: Reader

    def matches(self, wanted: str) -> bool:
        """Whether each word of `wanted` stands in what the catalogue says of the topic, in either language."""
        text = _searched(self.topic)
        return all(word in text for word in wanted.casefold().split())


def entries(sinks: Mapping[str, Sequence[str]] | None = None) -> tuple[Entry, ...]:
    """Every topic, in the topics' order. `sinks`: name → the topics that it reads; whoever composes the rooms knows.

    The first call takes a second of work, so a process that must answer quickly calls it at its start.
    """
    return _entries(tuple((name, tuple(topics)) for name, topics in sorted((sinks or {}).items())))


@lru_cache(maxsize=4)
def _entries(sinks: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[Entry, ...]:
    return tuple(_entry(contract, dict(sinks)) for contract in contracts().values())


@lru_cache(maxsize=1)
def _views() -> dict[str, View]:
    return discover("domain.views", "VIEW", View)


@lru_cache(maxsize=64)
def topics_behind(view: str) -> tuple[str, ...]:
    """The topics whose statements can come to stand in a row of `view`, directly or by what other rows say of it."""
    behind = _behind(view, frozenset())
    return tuple(topic for topic in contracts() if topic in behind)


def _behind(view: str, seen: frozenset[str]) -> frozenset[str]:
    if view not in _views() or view in seen:
        return frozenset()
    behind = _own(view)
    for name in (name for name, other in _views().items() if view in other.contributes_to and name != view):
        # A view that contributes only once it was contributed to itself cannot be asked by stating things to it alone.
        behind |= reach(_views()[name]).get(view, _own(name))
        behind |= _behind(name, seen | {view}) - _own(name)  # it may pass on what others contribute to it
    return behind


def _own(view: str) -> frozenset[str]:
    """The topics that the view reads itself."""
    return frozenset(topic for topic, contract in contracts().items() if contract.subject == _views()[view].subject)


@lru_cache(maxsize=1)
def _topic_of_kind() -> dict[tuple[str, str], str]:
    return {(contract.department, kind): topic for topic, contract in contracts().items() for kind in contract.kinds}


def topic_of(department: str, kind: str) -> str | None:
    """The topic on which `department` states `kind`; None if it states no such thing (any more)."""
    return _topic_of_kind().get((department, kind))


@lru_cache(maxsize=1)
def rules() -> dict[str, Rule]:
    """Every rule by its name."""
    return discover("domain.rules", "RULE", Rule)


def _entry(contract: Contract, sinks: Mapping[str, Sequence[str]]) -> Entry:
    name = f"department.{contract.department}"
    kinds = tuple(
        Kind(kind, record.doc_zh or kind, record.doc, tuple(map(_field, record.fields)))
        for kind, record in contract.kinds.items()
    )
    head = tuple(map(_field, contract.record.fields[:-1]))
    fields = [*head, *(field for kind in kinds for field in kind.fields)]
    return Entry(
        topic=contract.topic,
        department=contract.department,
        department_zh=words()["zh"].get(name, contract.department),
        department_en=words()["en"].get(name, contract.department.replace("-", " ").capitalize()),
        zh=contract.record.doc_zh,
        en=contract.record.doc,
        owner=contract.owner,
        category=contract.category,
        legal_basis=contract.legal_basis,
        legal_basis_zh=contract.legal_basis_zh,
        retention=contract.retention,
        subject=contract.subject,
        freshness=contract.freshness,
        limit_seconds=contract.freshness_seconds,
        classification=max((field.classification for field in fields), key=CLASSIFICATIONS.index),
        head=head,
        kinds=kinds,
        readers=_readers(contract, sinks),
    )


def _readers(contract: Contract, sinks: Mapping[str, Sequence[str]]) -> Reader:
    views = [name for name, view in _views().items() if view.subject == contract.subject]
    reached = [name for name in _views() if name not in views and contract.topic in topics_behind(name)]
    judging = [name for name, rule in rules().items() if rule.view in {*views, *reached}]
    published = {f"{ROWS}{view}" for view in (*views, *reached)} | ({ALERTS} if judging else set())
    reading = [name for name, topics in sinks.items() if not published.isdisjoint(topics)]
    return Reader(tuple(views), tuple(reached), tuple(judging), tuple(reading))


def _field(field: schema.Field) -> Field:
    inner = field.inner.items if isinstance(field.inner, schema.Array) else field.inner
    symbols: tuple[str, ...] = ()
    match inner:
        case schema.Primitive(logical=logical) if logical:
            name = {"date": "date", "timestamp-micros": "time"}.get(logical, logical)
        case schema.Enum():
            name, symbols = "one of", inner.symbols
        case schema.Record():
            name = "record"
        case _:
            name = schema.label(inner)
    return Field(
        name=field.name,
        type=name,
        optional=field.optional,
        many=field.many,
        identity=field.identity,
        classification=field.classification,
        zh=field.doc_zh or field.name,
        en=field.doc,
        symbols=symbols,
    )


@lru_cache(maxsize=512)
def _searched(topic: str) -> str:
    entry = next(entry for entry in entries() if entry.topic == topic)
    texts = [topic, *entry[1:12], entry.category.replace("_", " "), entry.classification]
    for kind in entry.kinds:
        texts += [kind.name, kind.zh, kind.en]
        for field in kind.fields:
            texts += [field.name, field.zh, field.en, field.classification, *field.symbols]
    texts += [*entry.readers.views, *entry.readers.reached, *entry.readers.rules]
    texts += [rules()[name].title.zh for name in entry.readers.rules]
    return "\n".join(map(str, texts)).casefold()
