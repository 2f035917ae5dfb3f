"""Which facts are contested: told wherever one is shown (docs/decisions/0043-two-ways.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from psycopg.types.json import Jsonb

from api.case_models import Contested, ContestedFact
from api.database import Caller

NAMES = ("department", "kind", "record", "event_id")
MOST = 5_000
"""Statements of one row that are asked about: a grid's row holds those of all its doors."""


async def among(caller: Caller, facts: Iterable[dict[str, Any]]) -> dict[str, Contested]:
    """Those of these facts (with department, kind, record, event_id) that are contested, by `event_id`."""
    asked = [{name: fact[name] for name in NAMES} for fact in facts if _is_fact(fact)]
    if not asked:
        return {}
    found = await caller.rows("SELECT * FROM city.contested(%(facts)s)", {"facts": Jsonb(asked)})
    return {row.pop("event_id"): Contested(**row) for row in found}


async def of_row(caller: Caller, row: dict[str, Any]) -> list[ContestedFact]:
    """The contested statements of a row, its own and those that others contribute."""
    facts = {fact["event_id"]: fact for fact, _ in zip(_facts(row), range(MOST), strict=False)}
    return [
        ContestedFact(event_id=event, **one.model_dump())
        for event, one in (await among(caller, facts.values())).items()
    ]


def _facts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from _facts(item)
    elif isinstance(value, dict):
        if _is_fact(value):
            yield value
        for item in value.values():
            yield from _facts(item)


def _is_fact(value: dict[str, Any]) -> bool:
    return not value.get("withdrawn") and all(isinstance(value.get(name), str) for name in NAMES)
