"""The live list and the case."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api import cursor, people, quiet, select
from api.database import AsCaller, Caller
from api.masking import mask_text
from api.models import Alerts, Because, Case, GridPrefix, Look, Moment, Severity, Unmasked
from api.problems import BAD_REQUEST, NOT_FOUND, Refused, refuse

router = APIRouter(tags=["alerts"])

State = Literal["open", "opened", "resolved", "held", "unknown"]
IN_STATE = {
    "open": "a.state = 'opened'",
    "opened": "a.state = 'opened'",
    "resolved": "a.state = 'resolved'",
    "held": "a.state = 'held' AND NOT a.unknown",
    "unknown": "a.unknown AND a.state <> 'resolved'",
}
TIMELINE = """
SELECT at, move AS kind, actor_name AS by, reason AS note FROM (
    SELECT e.at, e.task, e.number, e.move, c.name AS actor_name, e.reason
    FROM city.task_event e JOIN city.task t ON t.id = e.task LEFT JOIN city.account c ON c.id = e.actor
    WHERE t.finding_id = %(finding)s
) AS moves ORDER BY at, task, number LIMIT 500
"""


@router.get("/alerts", summary="Alerts, the newest urgent ones first")
async def alerts(
    caller: AsCaller,
    state: Annotated[
        State,
        Query(
            description="`open` is not yet resolved; `held` is older than going live; of `unknown` nobody knows if "
            "they hold, for a topic is quiet"
        ),
    ] = "open",
    rule: Annotated[str | None, Query(max_length=80, pattern=r"^[^\x00]*$")] = None,
    severity: Severity | None = None,
    grid: Annotated[GridPrefix | None, Query(description="a district, street, community or grid")] = None,
    after: Annotated[str | None, Query(alias="cursor", max_length=300, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=select.MOST)] = select.PAGE,
) -> Alerts:
    """Alerts of the caller's area and rules, urgent before today before planned, and newest first within each."""
    wanted: dict[str, Any] = {
        "rule": rule,
        "severity": severity,
        "grid": grid or None,
        "limit": limit + 1,
    }
    where = [IN_STATE[state]]
    if rule:
        where.append("a.rule = %(rule)s")
    if severity:
        where.append("a.severity = %(severity)s")
    if grid:
        where.append("p.place >= %(grid)s AND p.place < %(grid)s || 'z'")
    if after:
        rank, opened_at, finding = _position(after)
        wanted |= {"rank": rank, "opened_at": opened_at, "finding": finding}
        where.append(
            "(array_position(ARRAY['urgent', 'today', 'planned'], a.severity), -extract(epoch FROM a.opened_at), "
            "a.finding_id)"
            " > (%(rank)s, -extract(epoch FROM %(opened_at)s::timestamptz), %(finding)s)"
        )
    listed = await caller.rows(
        f"{select.ALERT} WHERE {' AND '.join(where)} ORDER BY rank, a.opened_at DESC, a.finding_id LIMIT %(limit)s",
        wanted,
    )
    more = len(listed) > limit
    last = listed[limit - 1] if more else None
    following = cursor.write(last["rank"], last["opened_at"].isoformat(), str(last["finding_id"])) if last else None
    return Alerts(items=[select.alert_of(row) for row in listed[:limit]], next=following)


@router.get("/alerts/{finding_id}", summary="A case: why, where, whom, what was done")
async def case(caller: AsCaller, finding_id: UUID) -> Case:
    """One alert with the statements it rests on, the people concerned (masked), its tasks and their history."""
    row = await _alert(caller, finding_id)
    tasks = await caller.rows(
        f"{select.TASK} WHERE t.finding_id = %(finding)s ORDER BY t.dispatched_at DESC, t.id LIMIT 50",
        {"finding": finding_id},
    )
    moved = await caller.rows(TIMELINE, {"finding": finding_id})
    timeline = [Moment(at=row["opened_at"], kind="opened", by=None, note=None), *(Moment(**one) for one in moved)]
    if row["state"] == "resolved":
        timeline.append(Moment(at=row["changed_at"], kind="resolved", by=None, note=row["resolution_zh"]))
    return Case(
        **select.alert_of(row).model_dump(),
        cause=mask_text(row["cause"]) or "",
        because=_because(row, masked=True),
        quiet=await quiet.behind_case(caller, row["rule"], row["because"]),
        resolution_zh=row["resolution_zh"],
        resolution_en=row["resolution_en"],
        people=people.shown(await people.concerned(caller, row["view"], row["subject"], row["dwelling"]), masked=True),
        tasks=[select.task_of(task, caller) for task in tasks],
        timeline=sorted(timeline, key=lambda moment: moment.at),
    )


@router.post("/alerts/{finding_id}/people", summary="The people concerned, with a purpose", response_model=Unmasked)
async def unmask(request: Request, caller: AsCaller, finding_id: UUID, look: Look) -> Unmasked | Response:
    """Names, phones, addresses and record numbers; who looked, at whom and why is recorded, found or not."""
    row = await caller.row(f"{select.ALERT} WHERE a.finding_id = %(finding)s LIMIT 1", {"finding": finding_id})
    if row is None:
        await _looked(caller, "alert", str(finding_id), look.purpose, known=False)
        return refuse(request, NOT_FOUND)
    residents = await people.concerned(caller, row["view"], row["subject"], row["dwelling"])
    for view, key in {(row["view"], row["subject"]), *(("resident", one.resident) for one in residents)}:
        await _looked(caller, view, key, look.purpose, known=True)
    return Unmasked(
        purpose=look.purpose,
        cause=row["cause"],
        because=_because(row, masked=False),
        people=people.shown(residents, masked=False),
    )


async def _alert(caller: Caller, finding_id: UUID) -> dict[str, Any]:
    row = await caller.row(f"{select.ALERT} WHERE a.finding_id = %(finding)s LIMIT 1", {"finding": finding_id})
    if row is None:
        raise Refused(NOT_FOUND)
    return row


async def _looked(caller: Caller, view: str, key: str, purpose: str, *, known: bool) -> None:
    await caller.rows(
        "SELECT city.look_at(%(view)s, %(key)s, %(purpose)s, %(found)s)",
        {"view": view, "key": key, "purpose": purpose, "found": known},
    )


def _because(row: dict[str, Any], *, masked: bool) -> list[Because]:
    return [
        Because.model_validate({**fact, "record": mask_text(fact.get("record")) if masked else fact.get("record")})
        for fact in row["because"]
    ]


def _position(after: str) -> tuple[int, datetime, UUID]:
    rank, opened_at, finding = cursor.read(after, int, str, str)
    try:
        return int(rank), datetime.fromisoformat(str(opened_at)), UUID(str(finding))
    except ValueError:
        raise Refused(BAD_REQUEST, detail=cursor.REFUSED) from None
