"""What goes back to a department: the topic `feedback.<department>` (docs/decisions/0043-two-ways.md)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from runtime.settings import Settings
from wire.contracts import FEEDBACK, feedback_schema

KEPT_DAYS = 90
"""How long the topic keeps it; the department's page has it for as long as the case is kept."""
EVENT_TYPE = "cn.citygrid.Feedback"
SOURCE = "/departments/grid"
_IDS = UUID("6a3c1f0e-52a4-4d5c-9b0f-2d1f5a3a7c43")
_TIMES = ("at", "seen_at")


def department_of(topic: str) -> str | None:
    """Whose feedback is on `topic`; None if it is no such topic."""
    return topic.removeprefix(FEEDBACK) if topic.startswith(FEEDBACK) else None


def group_of(settings: Settings, department: str) -> str:
    """The consumer group as which the department's own programs read its topic."""
    return f"{settings.topic_prefix}citygrid-{FEEDBACK}{department}"


def schema() -> Mapping[str, Any]:
    """The schema of every such topic."""
    return feedback_schema()


def event_id(feedback: Mapping[str, Any], department: str) -> str:
    """`ce_id`: of what is sent again the same."""
    return str(uuid5(_IDS, f"{department}/{feedback['id']}"))


def fields(department: str, feedback: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a row of the database's outbox, whose times are ISO 8601 text. Raises ValueError, KeyError."""
    return {
        **feedback,
        "department": department,
        **{name: _micros(feedback[name]) for name in _TIMES},
        "statements": [{**one, "occurred_at": _micros(one["occurred_at"])} for one in feedback["statements"]],
    }


def _micros(instant: str | None) -> int | None:
    if instant is None:
        return None
    moment = datetime.fromisoformat(instant)
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond
