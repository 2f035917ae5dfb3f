"""Who serves which grid when, and the heartbeat of a grid worker's tablet: docs/decisions/0038-roster-and-leases.md"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Request
from psycopg.types.json import Jsonb

from api.database import AsCaller, entered, token_of
from api.shift_models import Alive, Beat, PlannedDay, PlannedShift, Roster, Shift, ShiftEnd, ShiftEnded
from domain.time import CITY

router = APIRouter(tags=["shifts"])

MOST_DAYS = 31


@router.get("/roster", summary="Who serves which grid when")
async def roster(
    caller: AsCaller,
    day: Annotated[
        date | None,
        Query(ge=date(2000, 1, 1), le=date(2100, 1, 1), description="the first day, of the city; none: today"),
    ] = None,
    days: Annotated[int, Query(ge=1, le=MOST_DAYS)] = 1,
) -> Roster:
    """Shifts of the caller's area, those that begin first at the top; at most 1,000."""
    first = datetime.combine(day or datetime.now(CITY).date(), time(), CITY)
    rows = await caller.rows(
        "SELECT * FROM city.roster(%(first)s, %(last)s)", {"first": first, "last": first + timedelta(days=days)}
    )
    return Roster(items=[Shift(**row) for row in rows])


@router.put("/roster/{grid}/{day}", summary="Plan who serves a grid on a day")
async def plan_day(
    caller: AsCaller,
    grid: Annotated[str, Path(pattern=r"^[0-9]{15}$", examples=["440113001002003"])],
    day: Annotated[date, Path(ge=date(2000, 1, 1), le=date(2100, 1, 1), description="of the city")],
    body: PlannedDay,
) -> Roster:
    """By a street's, a district's or the city's command centre for its own grids. What is sent is the whole of the
    grid's day, but for shifts that have begun. The answer is the roster of that day."""
    lines = [_line(day, shift) for shift in body.items]
    await caller.rows(
        "SELECT city.plan_day(%(grid)s, %(day)s, %(lines)s)", {"grid": grid, "day": day, "lines": Jsonb(lines)}
    )
    return await roster(caller, day)


def _line(day: date, shift: PlannedShift) -> dict[str, str | None]:
    begins = datetime.combine(day, time.fromisoformat(shift.begins), CITY)
    ends = datetime.combine(day, time.fromisoformat(shift.ends), CITY)
    if ends <= begins:
        ends += timedelta(days=1)
    return {"begins": begins.isoformat(), "ends": ends.isoformat(), "worker": shift.worker, "deputy": shift.deputy}


@router.post("/heartbeat", summary="This tablet is alive")
async def heartbeat(request: Request, body: Annotated[Alive, Body(default_factory=Alive)]) -> Beat:
    """Sent every minute by a grid worker's page: who sends it is on duty if the roster says so, and an urgent task that
    was claimed stays claimed. It does not keep a session alive: nobody need be there."""
    async with entered(request.app.state.pool, token_of(request), in_use=False) as caller:
        request.state.account, request.state.language = caller.account, caller.language
        at = body.position
        row = await caller.row(
            "SELECT * FROM city.beat(%(lon)s, %(lat)s, %(age)s)",
            {
                "lon": at.lon if at else None,
                "lat": at.lat if at else None,
                "age": timedelta(seconds=at.age_s if at else 0),
            },
        )
    return Beat(**(row or {}))


@router.post("/shift/end", summary="End one's shift")
async def end_shift(caller: AsCaller, body: ShiftEnd) -> ShiftEnded:
    """What this account has claimed goes back to its queues, and the note to whoever serves the grid next."""
    row = await caller.row("SELECT city.end_shift(%(note)s) AS released", {"note": body.note})
    return ShiftEnded(released=row["released"] if row else 0)
