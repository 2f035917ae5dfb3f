"""The live list and the case."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api import contested, cursor, people, quiet, select
from api.case_models import CaseInstruction, Contested
from api.database import AsCaller
from api.filters import AlertFilters
from api.masking import mask_text
from api.models import Alerts, Because, Case, CasePhoto, Count, Moment, Unmasked
from api.problems import NOT_FOUND, refuse
from api.routes import questions
from api.routes.reports import of_case
from api.row_models import Look

router = APIRouter(tags=["alerts"])

SORTED_BY = {"resolved": "changed_at", "held": "changed_at", "any": "opened_at"}
"""By what the list of a state is sorted, newest first; all others by what is due first (`city.alerts_by`)."""
LINES = "SELECT * FROM city.lines_of(%(wanted)s, %(keys)s)"
COUNT = "SELECT city.count_alerts(%(wanted)s) AS counted, city.count_lines(%(wanted)s) AS lines"
PHOTOS = "SELECT * FROM city.photos_of(%(finding)s)"
INSTRUCTIONS = "SELECT * FROM city.instructions_of(%(finding)s)"
MOST_OF_HISTORY = 1_000
"""Nobody counts more than these and one (`city.count_alerts`)."""


@router.get("/alerts", summary="Alerts, calls for help and what is due first")
async def alerts(
    caller: AsCaller,
    wanted: AlertFilters,
    after: Annotated[str | None, Query(alias="cursor", max_length=300, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=select.MOST)] = select.PAGE,
    lines: Annotated[bool, Query(description="what is one warning over an area is one item of the list")] = False,
) -> Alerts:
    """Alerts of the caller's area and rules: calls for help first, then by the time left. What is over comes newest
    first. With `lines` the first alert of a line stands for it, `gathered` says for how many; `line` lists them."""
    listed = "list_lines" if lines else "list_alerts"
    statement = f"SELECT * FROM city.{listed}(%(wanted)s, %(most)s, %(rank)s, %(time)s, %(id)s)"
    rows = await caller.rows(statement, {"wanted": wanted.filters, "most": limit + 1, **cursor.position(after)})
    shown, following = cursor.page(rows, limit, "finding_id", SORTED_BY.get(wanted.state, "due"))
    items = [select.alert_of(row) for row in shown]
    keys = [one.line for one in items if one.line]
    if lines and keys and wanted.has_lines:
        counted = await caller.rows(LINES, {"wanted": wanted.filters, "keys": keys})
        by_line = {row["line"]: row for row in counted}
        for one in items:
            if one.line in by_line:
                one.gathered = select.line_of(one, by_line[one.line])
    return Alerts(items=items, next=following)


@router.get("/alerts/count", summary="How many alerts a list has")
async def count(caller: AsCaller, wanted: AlertFilters) -> Count:
    """Of the list of the same filters, as alerts and as lines; of history at most 1,000 are counted."""
    row = await caller.row(COUNT, {"wanted": wanted.filters})
    counted, lines = (int(row["counted"]), int(row["lines"])) if row else (0, 0)
    if wanted.state in SORTED_BY and counted > MOST_OF_HISTORY:
        return Count(count=MOST_OF_HISTORY, lines=MOST_OF_HISTORY, more=True)
    return Count(count=counted, lines=lines, more=False)


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
        because=_because(row, await contested.among(caller, row["because"]), masked=True),
        quiet=await quiet.behind_case(caller, row["rule"], row["because"]),
        resolution_zh=row["resolution_zh"],
        resolution_en=row["resolution_en"],
        people=people.shown(await people.concerned(caller, row, purpose=None), masked=True),
        tasks=[select.case_task_of(task, caller.account) for task in tasks],
        timeline=sorted(timeline, key=lambda moment: moment.at),
        photos=[CasePhoto(**one) for one in await caller.rows(PHOTOS, {"finding": finding_id})],
        report=await of_case(caller, finding_id) if row["rule"] == "public-report" else None,
        questions=(await questions.of_case(caller, finding_id)).items,
        instructions=[CaseInstruction(**one) for one in await caller.rows(INSTRUCTIONS, {"finding": finding_id})],
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
        because=_because(row, await contested.among(caller, row["because"]), masked=False),
        people=people.shown(residents, masked=False),
    )


def _because(row: dict[str, Any], disputed: dict[str, Contested], *, masked: bool) -> list[Because]:
    return [
        Because.model_validate(
            {
                **fact,
                "record": mask_text(fact.get("record")) if masked else fact.get("record"),
                "contested": disputed.get(fact["event_id"]),
            }
        )
        for fact in row["because"]
    ]
