"""Why a finding is over, with what a department has stated since: for whoever had its task."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from domain.time import day_of
from wire.words import words

MOST = 3
"""Statements that are named, the newest first; a sentence for people, not the record of all."""


def with_facts(resolution: str | None, resolved_by: Sequence[dict[str, Any]], language: str) -> str | None:
    """`resolution` with the department, kind and day of what ended the finding; `resolved_by` as in `alert.avsc`. No
    record's number: it may be a person's."""
    if not resolution or not resolved_by:
        return resolution
    names = words()[language]
    newest = sorted(resolved_by, key=lambda fact: fact["occurred_at"], reverse=True)[:MOST]
    stated = [
        (
            names.get(f"department.{fact['department']}", fact["department"]),
            names.get(f"kind.{fact['kind']}", fact["kind"]),
            str(date(1970, 1, 1) + timedelta(days=day_of(fact["occurred_at"]))),
        )
        for fact in newest
    ]
    if language == "zh":
        return f"{resolution}（依据：{'；'.join(f'{who}「{what}」{day}' for who, what, day in stated)}）"
    return f"{resolution} ({'; '.join(f'{who}: {what}, {day}' for who, what, day in stated)})"
