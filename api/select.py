"""How a row of the database's reading functions (migrations/0014.reading.sql, 0015.lists.sql) becomes an answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.database import Caller
from api.models import Alert, CaseTask, Check, Line, Place, SilencedBy, Task, TaskMark
from api.places import place_en, place_zh
from domain.rule import GENERAL_CHECKS
from wire.catalogue import rules

EXTENDED_BY = {"minute": "hour", "working_minute": "working_hour", "working_day": "working_day"}
PAGE = 50
MOST = 200


def place_of(row: dict[str, Any]) -> Place | None:
    """Where, if the dwelling is in the caller's scope and placed."""
    if row["placed"] is None:
        return None
    return Place(
        **{field: row[field] for field in ("grid", "district", "address", "lon", "lat")},
        name_zh=place_zh(row["names_zh"]),
        name_en=place_en(row["names_en"]),
    )


def alert_of(row: dict[str, Any]) -> Alert:
    """A row of `ALERT` as the list shows it."""
    fields = {field: row[field] for field in Alert.model_fields if field in row}
    mark = {field: row[f"task_{field}"] for field in TaskMark.model_fields}
    task = TaskMark(**mark) if mark["id"] else None
    silenced = row["silenced_by"] and SilencedBy(
        id=row["silenced_by"],
        reason=row["silenced_because"],
        name=row["silenced_name"],
        until=row["silenced_until"],
    )
    return Alert(**fields, call=row["rank"] == 0, place=place_of(row), task=task, silenced=silenced)


def line_of(alert: Alert, counted: dict[str, Any]) -> Line:
    """What `alert` stands for. The rules of a line write what its findings have in common before a colon."""
    return Line(
        alerts=counted["alerts"],
        visited=counted["visited"],
        urgent=counted["urgent"],
        title_zh=alert.why_zh.split("：")[0],
        title_en=alert.why_en.split(": ")[0],
    )


def task_of(row: dict[str, Any], account: UUID) -> Task:
    """A row of `TASK` with the moves that this account may make now."""
    return Task(
        id=row["id"],
        finding_id=row["finding_id"],
        rule=row["rule"],
        queue=row["queue"],
        state=row["state"],
        suspended=row["state"] == "suspended",
        claimed_by=row["claimed_name"],
        mine=str(row["claimed_by"]) == str(account),  # ids are text where they come as JSON
        severity=row["severity"],
        why_zh=row["why_zh"] or "",
        why_en=row["why_en"] or "",
        dwelling=row["dwelling"],
        place=place_of(row),
        before=row["outcome_before"],
        outcome=row["outcome"],
        unknown=bool(row["unknown"]),
        line=row["line"],
        closed_zh=row["closed_zh"],
        closed_en=row["closed_en"],
        respond_by=row["respond_by"],
        dispatched_at=row["dispatched_at"],
        acknowledged_at=row["acknowledged_at"],
        seen_at=row["seen_at"],
        completed_at=row["finished_at"] if row["state"] in ("completed", "verified") else None,
        verified_at=row["verified_at"],
        rating=row["rating"],
        missing=row["missing"],
        asked=row["asked"],
        escalated_to=row["escalated_to"],
        asked_because=row["asked_because"],
        asked_amount=row["asked_amount"],
        extension_unit=EXTENDED_BY[row["respond_unit"]],
        moves=[move.replace("_", "-") for move in row["moves"]],
        checks=checks_of(row["rule"]),
    )


def case_task_of(row: dict[str, Any], account: UUID) -> CaseTask:
    """The same with what was reported."""
    task = task_of(row, account)
    return CaseTask(**dict(task), note=row["note"], answers=row["checks"] or {})


def checks_of(rule: str) -> list[Check]:
    """What `rule` asks at the door; a rule that is no more left its open tasks with the general questions."""
    checks = rules()[rule].checks if rule in rules() else GENERAL_CHECKS
    return [Check(id=check.id, question_zh=check.question.zh, question_en=check.question.en) for check in checks]


async def alert(caller: Caller, finding: UUID) -> dict[str, Any] | None:
    """One alert as `alert_of` takes it; the look is recorded, found or not: commit in both cases."""
    return await caller.row("SELECT * FROM city.read_alerts(%(ids)s)", {"ids": [finding]})


async def task(caller: Caller, task_id: UUID) -> Task | None:
    """One task with the moves that this account may make now; recorded as `alert` is."""
    row = await caller.row("SELECT * FROM city.read_tasks(%(ids)s)", {"ids": [task_id]})
    return task_of(row, caller.account) if row else None
