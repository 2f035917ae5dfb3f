"""Which topics' statements a view's rows tell other views of: found by stating one thing after another to the view
itself, because what a row contributes is said in code and nowhere else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from domain.event import Event
from domain.view import View
from runtime.contracts import Contract, Schema, contracts


@lru_cache(maxsize=64)
def reach(view: View) -> Mapping[str, frozenset[str]]:
    """Target view → the topics that `view` reads and of which its rows tell that view."""
    found: dict[str, set[str]] = defaultdict(set)
    if not view.contributes_to:
        return {}
    read = [contract for contract in contracts().values() if contract.subject == view.subject]
    said = [event for contract in read for event in _events(contract)]
    empty = view.row("a")
    nothing = dict(view.contribute(empty))
    for first in said:
        row = view.merge(empty, first)
        before = view.contribute(row)
        for target in before.keys() - nothing.keys():
            found[target].add(first.topic)
        for second in said if before else ():
            after = view.contribute(view.merge(row, second._replace(occurred_at=2, recorded_at=2)))
            for target in before:
                if after.get(target) != before[target]:
                    found[target].add(second.topic)
    return {target: frozenset(topics) for target, topics in found.items()}


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
