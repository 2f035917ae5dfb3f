"""Which topics' statements a view's rows tell other views of: found by stating one thing after another to the view
itself, because what a row contributes is said in code and nowhere else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from functools import lru_cache
from itertools import combinations
from typing import Any

from domain.event import Event
from domain.view import View
from wire.contracts import Contract, Schema, contracts


@lru_cache(maxsize=64)
def reach(view: View) -> Mapping[str, frozenset[str]]:
    """Target view → the topics that `view` reads and of which its rows tell that view."""
    if not view.contributes_to:
        return {}
    said = [
        event for contract in contracts().values() if contract.subject == view.subject for event in _events(contract)
    ]
    found: dict[str, set[str]] = defaultdict(set)
    for target, told in _first_told(view, said):
        row = _after(view, told)
        before = view.contribute(row)[target]
        found[target] |= {event.topic for event in told}
        for event in said:
            if view.contribute(_after(view, (event,), row)).get(target) != before:
                found[target].add(event.topic)
    return {target: frozenset(topics) for target, topics in found.items()}


def _first_told(view: View, said: Sequence[Event]) -> Iterator[tuple[str, tuple[Event, ...]]]:
    """(target, the statements after which the row speaks of it): one of them, or two where no one is enough."""
    alone = [(target, (event,)) for event in said for target in _spoken_of(view, (event,))]
    yield from alone
    left = view.contributes_to - {target for target, _ in alone}
    for pair in combinations(said, 2) if left else ():
        for target in _spoken_of(view, pair) & left:
            yield target, pair
            left -= {target}


def _spoken_of(view: View, told: Sequence[Event]) -> Set[str]:
    return view.contribute(_after(view, told)).keys() & view.contributes_to


def _after(view: View, told: Sequence[Event], row: Any = None) -> Any:
    """The row after what was told, one later than the other."""
    here = view.row("a") if row is None else row
    at = 1 if row is None else 100
    for later, event in enumerate(told, at):
        here = view.merge(here, event._replace(occurred_at=later, recorded_at=later))
    return here


def _events(contract: Contract) -> Iterator[Event]:
    """A statement of each kind, one for each value that an enum in it may have."""
    named: dict[str, Schema] = {}
    for kind, record in contract.kinds.items():
        fields = record["fields"]
        changes = [{field["name"]: _sample(field["type"], named, 0) for field in fields}]
        for field in fields:
            symbols = _symbols(field["type"], named)
            changes += [changes[0] | {field["name"]: symbol} for symbol in symbols[1:]]
        for change in changes:
            yield Event(
                f"{contract.topic} {kind}", contract.department, contract.topic, "a", kind, 1, 1, False, kind, change
            )


def _symbols(schema: Schema, named: dict[str, Schema]) -> list[str]:
    match named.get(schema, schema) if isinstance(schema, str) else schema:
        case {"symbols": list(symbols)}:
            return symbols
        case list(branches):
            return next((found for branch in branches if (found := _symbols(branch, named))), [])
    return []


def _sample(schema: Schema, named: dict[str, Schema], depth: int) -> Any:
    """One value of the type, not null if there is a choice."""
    if isinstance(schema, dict) and "name" in schema:
        named[schema["name"]] = schema
    match named.get(schema, schema) if isinstance(schema, str) else schema:
        case list(branches):
            return _sample(next(branch for branch in branches if branch != "null"), named, depth)
        case {"symbols": list(symbols)}:
            return symbols[0]
        case {"type": "array", "items": items}:
            return [_sample(items, named, depth + 1)]
        case {"type": "map"}:
            return {}
        case {"type": str(primitive)} | str(primitive):
            return {"string": "a", "boolean": False, "double": 1.0, "float": 1.0}.get(primitive, 1)
    raise ValueError(f"no sample for {schema!r}")
