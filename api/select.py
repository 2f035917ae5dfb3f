"""The statements that read alerts and tasks, in one place, and how a row of theirs becomes an answer.

None of them says whose they are: row-level security does. Each has a limit.
"""

from __future__ import annotations

from typing import Any

from api.database import Caller
from api.models import Alert, Check, Place, Task, TaskMark
from api.places import place_en, place_zh
from domain.rule import GENERAL_CHECKS
from wire.catalogue import rules

PAGE = 50
MOST = 200

# The names of a placement's street, community and grid, from the top: three look-ups by primary key for each row.
_NAMED = """LEFT JOIN city.grid_area street ON street.grid = left(p.grid, 9)
LEFT JOIN city.grid_area community ON community.grid = left(p.grid, 12)
LEFT JOIN city.grid_area area ON area.grid = p.grid"""
# The middle of the grid is where a whole grid's matter stands; a door without coordinates stands nowhere.
_PLACE = """p.dwelling AS placed, p.grid, p.district, p.address,
       CASE WHEN starts_with(p.dwelling, 'grid/') THEN area.lon ELSE p.lon END AS lon,
       CASE WHEN starts_with(p.dwelling, 'grid/') THEN area.lat ELSE p.lat END AS lat,
       ARRAY[street.name_zh, community.name_zh, area.name_zh] AS names_zh,
       ARRAY[street.name_en, community.name_en, area.name_en] AS names_en"""
# What concerns a whole grid or district has a place and no door that one could look up or scan.
_DOOR = "nullif(regexp_replace({}.dwelling, '^(grid|district)/[0-9]+$', ''), '') AS dwelling"

ALERT = f"""
SELECT a.finding_id, a.rule, a.rule_version, a.state, a.unknown, a.view, a.subject, a.severity, a.why_zh, a.why_en,
       {_DOOR.format("a")}, a.household, a.opened_at, a.changed_at, a.respond_by,
       a.cause, a.because, a.resolution_zh, a.resolution_en,
       {_PLACE},
       t.id AS task_id, t.state AS task_state, t.queue AS task_queue, t.outcome AS task_outcome,
       t.respond_by AS task_respond_by, t.dispatched_at AS task_dispatched_at,
       array_position(ARRAY['urgent', 'today', 'planned'], a.severity) AS rank
FROM city.alert a
LEFT JOIN city.placement p ON p.dwelling = a.dwelling AND p.dwelling <> ''
{_NAMED}
LEFT JOIN LATERAL (
    SELECT * FROM city.task WHERE finding_id = a.finding_id ORDER BY dispatched_at DESC, id DESC LIMIT 1
) t ON true
"""

TASK = f"""
SELECT t.id, t.finding_id, t.rule, t.queue, t.state, t.suspended_from, t.claimed_by, t.severity, t.respond_by,
       t.dispatched_at, t.acknowledged_at, t.finished_at, t.outcome, t.note, t.checks, t.closed_zh, t.closed_en,
       {_DOOR.format("t")}, a.why_zh, a.why_en, a.unknown, c.name AS claimed_name,
       t.outcome_before,
       ARRAY(SELECT l.move FROM city.legal_moves(t, (SELECT city.my_account()), (SELECT city.my_role())) l) AS moves,
       {_PLACE},
       array_position(ARRAY['urgent', 'today', 'planned'], t.severity) AS rank
FROM city.task t
LEFT JOIN city.alert a ON a.finding_id = t.finding_id
LEFT JOIN city.account c ON c.id = t.claimed_by
LEFT JOIN city.placement p ON p.dwelling = t.dwelling AND p.dwelling <> ''
{_NAMED}
"""


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
    return Alert(**fields, place=place_of(row), task=task)


def task_of(row: dict[str, Any], caller: Caller) -> Task:
    """A row of `TASK` with the moves that this caller may make now."""
    return Task(
        id=row["id"],
        finding_id=row["finding_id"],
        rule=row["rule"],
        queue=row["queue"],
        state=row["state"],
        suspended=row["state"] == "suspended",
        claimed_by=row["claimed_name"],
        mine=row["claimed_by"] == caller.account,
        severity=row["severity"],
        why_zh=row["why_zh"] or "",
        why_en=row["why_en"] or "",
        dwelling=row["dwelling"],
        place=place_of(row),
        before=row["outcome_before"],
        outcome=row["outcome"],
        unknown=bool(row["unknown"]),
        respond_by=row["respond_by"],
        dispatched_at=row["dispatched_at"],
        acknowledged_at=row["acknowledged_at"],
        completed_at=row["finished_at"] if row["state"] == "completed" else None,
        moves=[move.replace("_", "-") for move in row["moves"]],
        checks=checks_of(row["rule"]),
    )


def checks_of(rule: str) -> list[Check]:
    """What `rule` asks at the door; a rule that is no more left its open tasks with the general questions."""
    checks = rules()[rule].checks if rule in rules() else GENERAL_CHECKS
    return [Check(id=check.id, question_zh=check.question.zh, question_en=check.question.en) for check in checks]
