"""What a shift hands over to the next, as JSON and as a sheet of paper."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.database import AsCaller, Caller
from api.handover_models import HandedTask, Handover, OpenCount
from api.problems import FORBIDDEN, INVALID, Refused
from api.shift_models import Shift
from domain.time import CITY
from runtime.http.language import Say
from runtime.settings import OfficeHours

router = APIRouter(tags=["shifts"])

MOST = 200
LONGEST = timedelta(hours=48)
BACKWARDS = Say("开始时间须早于现在，且不超过 48 小时。", "The beginning lies before now, by at most 48 hours.")

From = Annotated[
    datetime | None, Query(alias="from", description="with an offset; if not given, when the shift began that runs")
]


@router.get("/handover", summary="What a shift hands over to the next")
async def handover(request: Request, caller: AsCaller, since: From = None) -> Handover:
    """Open tasks of the caller's area by urgency and deadline, suspended ones and why, what was done in the shift, and
    who serves next. For command centres and grid workers; the look is recorded."""
    return await _handover(request, caller, since)


@router.get("/handover.pdf", summary="The same on paper", response_class=Response)
async def sheet(request: Request, caller: AsCaller, since: From = None) -> Response:
    """A PDF in the account's language."""
    shift = await _handover(request, caller, since)
    content = await request.app.state.sheets.handover(shift, caller.language)
    name = f"handover-{shift.until.astimezone(CITY):%Y%m%d-%H%M}.pdf"
    return Response(
        content, media_type="application/pdf", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


async def _handover(request: Request, caller: Caller, since: datetime | None) -> Handover:
    if caller.role not in ("command_centre", "grid_worker"):
        raise Refused(FORBIDDEN)
    now = datetime.now(CITY)
    if since is not None and (since.tzinfo is None or not timedelta(0) < now - since <= LONGEST):
        raise Refused(INVALID, detail=BACKWARDS)
    began, next_until = around(now, request.app.state.settings.shift_hours)
    asked = {"begins": since or began, "until": now, "next_until": next_until, "most": MOST}
    rows = await caller.rows("SELECT * FROM city.handover(%(begins)s, %(until)s, %(next_until)s, %(most)s)", asked)
    counts = await caller.rows("SELECT * FROM city.handover_due(%(until)s, %(next_until)s)", asked)
    roster = await caller.rows("SELECT * FROM city.roster(%(until)s, %(next_until)s)", asked)
    counted = {row["part"]: row["counted"] for row in rows}
    return Handover(
        scope=caller.scope,
        begins=since or began,
        until=now,
        next_until=next_until,
        counts=[OpenCount(**row) for row in counts],
        suspended=counted.get("suspended", 0),
        done=counted.get("done", 0),
        tasks=[HandedTask(**{name: row[name] for name in HandedTask.model_fields}) for row in rows],
        roster=[Shift(**row) for row in roster],
    )


def around(now: datetime, hours: OfficeHours) -> tuple[datetime, datetime]:
    """When the last shift began, and when the one after it ends, by the hours of shifts; `now` is the city's time."""
    days = [now.date() + timedelta(days=step) for step in (-1, 0, 1, 2)]
    shifts = [
        (datetime.combine(day, opens, CITY), datetime.combine(day, closes, CITY))
        for day in days
        for opens, closes in hours
    ]
    begun = [index for index, (opens, _) in enumerate(shifts) if opens <= now]
    last = begun[-1] if begun else 0
    return shifts[last][0], shifts[last + 1][1]
