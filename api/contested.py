"""Which facts are contested: told wherever one is shown (docs/decisions/0043-two-ways.md)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.case_models import Contested, ContestedFact
from api.database import Caller


async def of_case(caller: Caller, finding: UUID) -> dict[str, Contested]:
    """Those of the statements behind a case that are contested, by `event_id`."""
    found = await caller.rows("SELECT * FROM city.contested_of_case(%(finding)s)", {"finding": finding})
    return {row.pop("event_id"): Contested(**row) for row in found}


def of_row(row: dict[str, Any]) -> list[ContestedFact]:
    """The contested statements of a row as `city.read_row` gives it, its own and those that others contribute."""
    return [ContestedFact(**one) for one in row["contested"]]
