"""Which topics' statements a view's rows contribute to other views: found by stating one thing after another to the
view itself, because what a row contributes is written in code and nowhere else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from functools import lru_cache
from itertools import combinations
from typing import Any

from domain.event import Event
from domain.view import View
from wire.contracts import Contract, contracts
from wire.schema import Array, Enum, Map, Primitive, Type, without_null


@lru_cache(maxsize=64)
def reach(view: View) -> Mapping[str, frozenset[str]]:
    """Target view → the topics that `view` reads and of which its rows contribute something to that view."""
    if not view.contributes_to:
        return {}
    events = [
        event for contract in contracts().values() if contract.subject == view.subject for event in _events(contract)
    ]
    topics: dict[str, set[str]] = defaultdict(set)
    for target, first in _first_to_reach(view, events):
        row = _after(view, first)
        before = view.contribute(row)[target]
        topics[target] |= {event.topic for event in first}
        for event in events:
            if view.contribute(_after(view, (event,), row)).get(target) != before:
                topics[target].add(event.topic)
    return {target: frozenset(names) for target, names in topics.items()}


def _first_to_reach(view: View, events: Sequence[Event]) -> Iterator[tuple[str, tuple[Event, ...]]]:
    """(target, the statements after which the row contributes to it): one, or two where no one is enough."""
    alone = [(target, (event,)) for event in events for target in _reached(view, (event,))]
    yield from alone
    left = view.contributes_to - {target for target, _ in alone}
    for pair in combinations(events, 2) if left else ():
        for target in _reached(view, pair) & left:
            yield target, pair
            left -= {target}


def _reached(view: View, events: Sequence[Event]) -> Set[str]:
    return view.contribute(_after(view, events)).keys() & view.contributes_to


def _after(view: View, events: Sequence[Event], row: Any = None) -> Any:
    """The row after `events`, one later than the other."""
    merged = view.row("a") if row is None else row
    first = 1 if row is None else 100
    for later, event in enumerate(events, first):
        merged = view.merge(merged, event._replace(occurred_at=later, recorded_at=later))
    return merged


def _events(contract: Contract) -> Iterator[Event]:
    """A statement of each kind, one for each value that an enum in it may have."""
    for kind, record in contract.kinds.items():
        changes = [{field.name: _sample(field.type) for field in record.fields}]
        for field in record.fields:
            if isinstance(field.inner, Enum):
                changes += [changes[0] | {field.name: symbol} for symbol in field.inner.symbols[1:]]
        for change in changes:
            yield Event(
                f"{contract.topic} {kind}", contract.department, contract.topic, "a", kind, 1, 1, False, kind, change
            )


def _sample(schema: Type) -> Any:
    """One value of the type, not null if there is a choice."""
    match without_null(schema):
        case Enum(symbols=symbols):
            return symbols[0]
        case Array(items=items):
            return [_sample(items)]
        case Map():
            return {}
        case Primitive(name=name):
            return {"string": "a", "boolean": False, "double": 1.0, "float": 1.0}.get(name, 1)
    raise ValueError(f"no sample for {schema!r}")
