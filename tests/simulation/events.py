"""Random valid statements of every contract under `schemas/events/`: a new contract is covered without a line here.

All values come from small pools, so that subjects, records, people, days and instants meet again and again. What is
valid is what the real decoder takes; whatever it refuses is drawn anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from domain.codes import with_credit_check
from domain.event import Event
from domain.time import SECOND, midnight
from tests.simulation.codecs import CONTRACTS, RULES, decoder, event_encoder
from wire.catalogue import topics_behind
from wire.contracts import Contract
from wire.schema import FIRST_DAY, LAST_DAY, Array, Enum, Field, Map, Primitive, Record, Type, Union

_EVENT = UUID("7d7c1f6a-3a53-5e52-8c5e-2f8a0c6b1d77")
BASE = 20_000
"""The first day on which something happens: 2024-10-04."""
_FAR = (30, 31, 90, 91, 365, 366, -1, -7, -30, -90, -365)
_HOUR = 3600 * SECOND
_YEAR = 365.2425

#: Subjects of each kind. Grids of two districts; one dwelling's number is as short as a record's.
SUBJECTS: Mapping[str, tuple[str, ...]] = {contract.subject: ("S1", "S2", "R1") for contract in CONTRACTS.values()} | {
    "resident": tuple(f"k1.{name:-<43}" for name in ("ada", "bo", "cai", "dong")),
    "household": ("H1", "H2"),
    "dwelling": ("D1", "D2", "R1"),
    "grid": ("440106001001001", "440106001001002", "440103001001001"),
    "district": ("440106", "440103"),
    "legal-person": (with_credit_check("91440101MA5CU0001"), with_credit_check("91440101MA5CU0002")),
}
RECORDS = ("R1", "R2", "R3", "R4")
#: Strings that mean something to a rule, by the field's name; every other field holds one of `TEXTS`.
WORDS: Mapping[str, tuple[str, ...]] = {
    "employer": SUBJECTS["legal-person"],
    "period": ("2024", "2024-10", "2024-Q4", "2025-01", "2025-Q1", "1899"),
    "cause": RECORDS,
    "task": RECORDS,
    "facility": ("F1", "F2"),
    "outcome": ("done", "done", "nobody_home"),
    "rule": tuple(sorted(RULES)),
}
TEXTS = ("", "a", "b", "深")
NUMBERS: Mapping[str, tuple[float, ...]] = {
    "int": (1, 2, 3, 4, 2024),
    "long": (0, 1, 100),
    "float": (-1.0, 0.0, 4.5, 12.5, 60.0),
    "double": (-1.0, 0.0, 4.5, 12.5, 60.0),
}
_CONTENT = ("record", "subject", "occurred_at", "recorded_at", "withdrawn")
"""What a statement's id is made of besides its change. Whatever else its head holds is beside the content."""
_SECOND_THOUGHTS = ("withdrawn", "withdrawn", "recorded", "occurred", "field", "field", "kind", "subject", "head")
_ATTEMPTS = 200


class Statement(NamedTuple):
    """A record of a department's topic: the subject as its key, the event as its value; and what was drawn for it."""

    topic: str
    key: bytes
    value: bytes
    event: Event
    head: Mapping[str, Any]


class Author:
    """Draws one history. Every draw comes from `draw`, so one seed gives one history."""

    def __init__(self, draw: Random) -> None:
        self._draw = draw
        days = [BASE + day for day in (*draw.sample(range(8), draw.choice((1, 2, 4))), *draw.sample(_FAR, 2))]
        if draw.random() < 0.1:
            days.append(draw.choice((FIRST_DAY, LAST_DAY, -1, 0, 6000)))
        self._days = days
        born = (draw.choice((5, 6, 7, 14, 15, 59, 60, 60, 60, 61, 90)) for _ in range(3))
        self._births = [int(BASE - years * _YEAR) + draw.choice((-2, -1, 0, 1, 2, 40)) for years in born]
        self._births.append(draw.choice((-3594, -5055, *days)))  # 29 February of 1960 and of 1956
        self._instants = [
            midnight(BASE + draw.choice((0, 0, 1, 2, 3, 5, 20, 32))) + draw.choice((0, 0, 1, 12 * _HOUR, -1))
            for _ in range(draw.choice((2, 4, 8)))
        ]
        if draw.random() < 0.05:
            self._instants.append(midnight(draw.choice((FIRST_DAY + 1, LAST_DAY - 1, 0))))
        self._kinds = self._some_kinds()
        self._subjects = {kind: all_of[: draw.choice((1, 1, 1, 2, len(all_of)))] for kind, all_of in SUBJECTS.items()}
        self._nothing = draw.choice((0.1, 0.25, 0.5))  # how often an optional field is empty
        self._narrow = draw.choice((1, 2, 99))  # how many symbols of an enum occur
        self._symbols: dict[str, list[str]] = {}
        self._unusual = draw.choice((0.01, 0.01, 0.3))  # how often a flag is set that is not set by default
        self._records = RECORDS[: draw.randint(1, len(RECORDS))]

    def history(self, count: int) -> list[Statement]:
        """`count` statements: new ones, and second thoughts about those."""
        statements: list[Statement] = []
        while len(statements) < count:
            again = statements and self._draw.random() < 0.4
            statements.append(self._restated(self._draw.choice(statements)) if again else self._new())
        return statements

    def _some_kinds(self) -> list[tuple[str, str]]:
        """The (topic, kind)s of this history: mostly few, of topics whose statements meet in the rows that some rule
        reads, since of a hundred kinds no two would ever meet."""
        draw, everything = self._draw, sorted(CONTRACTS)
        view = draw.choice(sorted({rule.view for rule in RULES.values()}))
        rule = draw.choice([rule for _, rule in sorted(RULES.items()) if rule.view == view])
        theme = topics_behind(view) if draw.random() < 0.85 else tuple(everything)
        topics = draw.sample(theme, min(len(theme), draw.choice((2, 3, 4, 8, 8))))
        topics += sorted(rule.needs.intersection(CONTRACTS)) if draw.random() < 0.5 else []
        # The first kind of a contract mostly begins what its others change and end.
        some = [
            (topic, kind)
            for topic in topics
            for number, kind in enumerate(CONTRACTS[topic].kinds)
            for _ in range(draw.choice((0, 0, 0, 1, 1, 4) if number else (1, 4, 8)))
        ]
        other = draw.choice(everything)
        return [*some, (other, draw.choice(sorted(CONTRACTS[other].kinds)))]

    def _new(self, contract: Contract | None = None, **known: Any) -> Statement:
        """A statement of `contract`, None: of any; `known`: what is given of its head."""
        for _ in range(_ATTEMPTS):
            topic, kind = self._draw.choice(self._kinds)
            drawn = contract or CONTRACTS[topic]
            if contract is not None:
                kind = self._draw.choice(sorted(contract.kinds))
            statement = made(drawn, self._head(drawn) | known, kind, self._record(drawn.kinds[kind]))
            if statement is not None:
                return statement
        raise AssertionError(f"no valid statement of {contract.topic if contract else 'any contract'} was drawn")

    def _restated(self, old: Statement) -> Statement:
        """The record of `old` again: withdrawn, corrected in its times, a field or its subject, ended, or repeated."""
        draw, contract, head = self._draw, CONTRACTS[old.topic], dict(old.head)
        change = dict(old.event.change)
        match draw.choice(
            ("withdrawn", "withdrawn", "recorded", "occurred", "field", "field", "kind", "subject", "head")
        ):
            case "withdrawn":
                head["withdrawn"] = not old.event.withdrawn
                head["recorded_at"] = self._instant()
            case "recorded":
                head["recorded_at"] = self._instant()
            case "occurred":
                head["occurred_at"] = self._instant()
            case "field" if change:
                name = draw.choice(sorted(change))
                change[name] = self._record(contract.kinds[old.event.kind])[name]
                head["recorded_at"] = draw.choice((head["recorded_at"], self._instant()))
            case "kind":
                return self._new(contract, record=head["record"], subject=head["subject"])
            case "subject":
                head["subject"] = draw.choice(self._subjects[contract.subject])
            case "head":  # what stands in the head beside the content: a copy that differs in that alone
                head |= {name: value for name, value in self._head(contract).items() if name not in _CONTENT}
        return made(contract, head, old.event.kind, change) or old

    def _head(self, contract: Contract) -> dict[str, Any]:
        known = {"event_id", "change", *_CONTENT}
        head = {
            field.name: self._value(field.type, field) for field in contract.record.fields if field.name not in known
        }
        return head | {
            "record": self._draw.choice(self._records),
            "subject": self._draw.choice(self._subjects[contract.subject]),
            "occurred_at": self._instant(),
            "recorded_at": self._instant(),
            "withdrawn": self._draw.random() < 0.1,
        }

    def _record(self, kind: Record) -> dict[str, Any]:
        return {field.name: self._value(field.type, field) for field in kind.fields}

    def _instant(self) -> int:
        return self._draw.choice(self._instants)

    def _value(self, schema: Type, field: Field, most: int = 3) -> Any:
        """What `field` may hold, of the type `schema`; lists of up to `most` items."""
        draw = self._draw
        match schema:
            case Union(choices=choices):
                if schema.nullable and draw.random() < self._nothing:
                    return None
                return self._value(draw.choice(choices), field, most)
            case Record(fields=fields):
                return {inner.name: self._value(inner.type, inner, most) for inner in fields}
            case Enum(name=name, symbols=symbols):
                if name not in self._symbols:
                    self._symbols[name] = draw.sample(symbols, min(self._narrow, len(symbols)))
                return draw.choice(self._symbols[name])
            case Array(items=items):
                return [self._value(items, field, 1) for _ in range(draw.randint(0, most))]
            case Map(values=values):
                return {key: self._value(values, field, 1) for key in draw.sample(TEXTS, draw.randint(0, 1))}
            case Primitive(is_date=True):
                births = field.name == "born" and draw.random() < 0.9
                return draw.choice(self._births if births else self._days)
            case Primitive(is_time=True):
                return self._instant()
            case Primitive(name="boolean"):
                return draw.random() < (self._unusual if field.has_default else 0.5)
            case Primitive(name=name) if name in NUMBERS:
                return draw.choice(NUMBERS[name])
            case Primitive(name="string"):
                return draw.choice(self._strings(field))
        raise AssertionError(f"no value for {schema!r} of field {field.name}: teach it to tests/simulation/events.py")

    def _strings(self, field: Field) -> tuple[str, ...]:
        if field.identity:
            return self._subjects["resident"]
        return self._subjects.get(field.name) or WORDS.get(field.name) or TEXTS


def made(contract: Contract, head: Mapping[str, Any], kind: str, change: Mapping[str, Any]) -> Statement | None:
    """The statement on the wire; None if it is not valid. Its id is that of its content."""
    content = repr((contract.topic, [head[name] for name in _CONTENT], kind, sorted(change.items())))
    record = {**head, "event_id": str(uuid5(_EVENT, content)), "change": (_fullname(contract, kind), change)}
    key = str(head["subject"]).encode()
    try:
        value = event_encoder(contract.topic)(record)
    except ValueError:  # the contract's own bounds
        return None
    event = decoder().decode(contract.topic, key, value)
    return Statement(contract.topic, key, value, event, head) if isinstance(event, Event) else None


def _fullname(contract: Contract, kind: str) -> str:
    return f"{contract.namespace}.{kind}"
