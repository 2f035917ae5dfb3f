"""The live list and the case."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from api import cursor, people, quiet, select
from api.database import AsCaller, filters
from api.masking import mask_text
from api.models import Alerts, Because, Case, GridPrefix, Look, Moment, Severity, Unmasked
from api.problems import NOT_FOUND, refuse

router = APIRouter(tags=["alerts"])

State = Literal["open", "opened", "resolved", "held", "unknown", "any"]
OVER = ("resolved", "held")
"""States whose list is ordered by when they came about, newest first, instead of by what is due."""


@router.get("/alerts", summary="Alerts, calls for help and what is due first")
async def alerts(
    caller: AsCaller,
    state: Annotated[
        State,
        Query(
            description="`open` is not yet resolved; `held` is older than going live; of `unknown` nobody knows if "
            "they hold, for a topic is quiet; `any` is all but `held`"
        ),
    ] = "open",
    rule: Annotated[str | None, Query(max_length=80, pattern=r"^[^\x00]*$")] = None,
    severity: Severity | None = None,
    grid: Annotated[GridPrefix | None, Query(description="a district, street, community or grid")] = None,
    department: Annotated[str | None, Query(max_length=80, pattern=r"^[^\x00]*$")] = None,
    due_from: AwareDatetime | None = None,
    due_until: AwareDatetime | None = None,
    opened_from: AwareDatetime | None = None,
    assignee: UUID | None = None,
    after: Annotated[str | None, Query(alias="cursor", max_length=300, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=select.MOST)] = select.PAGE,
) -> Alerts:
    """Alerts of the caller's area and rules: calls for help first, then by the time left. What is over comes newest
    first."""
    wanted = filters(
        state=state,
        rule=rule,
        severity=severity,
        area=grid,
        department=department,
        due_from=due_from,
        due_until=due_until,
        opened_from=opened_from,
        assignee=assignee,
    )
    statement = "SELECT * FROM city.list_alerts(%(wanted)s, %(most)s, %(rank)s, %(time)s, %(id)s)"
    rows = await caller.rows(statement, {"wanted": wanted, "most": limit + 1, **cursor.position(after)})
    shown, following = cursor.page(rows, limit, "finding_id", "changed_at" if state in OVER else "respond_by")
    return Alerts(items=[select.alert_of(row) for row in shown], next=following)


@router.get("/alerts/{finding_id}", summary="A case: why, where, whom, what was done", response_model=Case)
async def case(request: Request, caller: AsCaller, finding_id: UUID) -> Case | Response:
    """One alert with the statements it rests on, the people concerned (masked), its tasks and their history."""
    row = await select.alert(caller, finding_id)
    if row is None:
        return refuse(request, NOT_FOUND)
    tasks = await caller.rows("SELECT * FROM city.tasks_of(%(finding)s)", {"finding": finding_id})
    moved = await caller.rows("SELECT * FROM city.timeline_of(%(finding)s)", {"finding": finding_id})
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
        people=people.shown(await people.concerned(caller, row, purpose=None), masked=True),
        tasks=[select.task_of(task, caller) for task in tasks],
        timeline=sorted(timeline, key=lambda moment: moment.at),
    )


@router.post("/alerts/{finding_id}/people", summary="The people concerned, with a purpose", response_model=Unmasked)
async def unmask(request: Request, caller: AsCaller, finding_id: UUID, look: Look) -> Unmasked | Response:
    """Names, phones, addresses and record numbers; who looked, at whom and why is recorded, found or not."""
    row = await select.alert(caller, finding_id)
    if row is None:
        return refuse(request, NOT_FOUND)
    residents = await people.concerned(caller, row, purpose=look.purpose)
    return Unmasked(
        purpose=look.purpose,
        cause=row["cause"],
        because=_because(row, masked=False),
        people=people.shown(residents, masked=False),
    )


def _because(row: dict[str, Any], *, masked: bool) -> list[Because]:
    return [
        Because.model_validate({**fact, "record": mask_text(fact.get("record")) if masked else fact.get("record")})
        for fact in row["because"]
    ]
