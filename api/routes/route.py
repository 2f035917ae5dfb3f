"""Today's route: a grid worker's open tasks and recurring visits in the order in which they are best made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Request
from psycopg.types.json import Jsonb

from api.database import AsCaller, entered, token_of
from api.move_models import Complete
from api.route_models import Patrol, PatrolVisit, RouteLeft, RouteMoved, RoutePlan, RouteReason, RouteStop, RouteWish
from api.route_stops import MOST_STOPS, question, shift_end, stops_of
from domain.time import CITY
from wire.values.identity_finder import masked

router = APIRouter(tags=["route"])


@router.post("/route", summary="Plan today's route")
async def plan(request: Request, body: RouteWish) -> RoutePlan:
    """The stops of this shift from open tasks and the patrol plan, each with its reasons; what does not fit, and why.

    A stop is a door with all that is to be done there. `before` is the order that the worker has in hand: it stays,
    but for at most three stops that make room for an urgent one. Without it, or `anew`, all is planned from scratch.
    The position is used for this plan and not kept.
    """
    settings = request.app.state.settings
    async with entered(request.app.state.pool, token_of(request), in_use=True) as caller:
        request.state.account, request.state.language = caller.account, caller.language
        now = datetime.now(UTC)
        tasks = await caller.rows("SELECT * FROM city.route_tasks()")
        today = now.astimezone(CITY).date()
        shift = await caller.row("SELECT city.my_shift_ends_at() AS ends")
        patrols = await caller.rows("SELECT * FROM city.route_patrols(%(today)s)", {"today": today})
    # From here on it holds no connection: planning takes a while.
    every = stops_of(tasks, patrols)
    stops, beyond = every[:MOST_STOPS], every[MOST_STOPS:]
    until = (shift and shift["ends"]) or shift_end(now, settings.shift_hours)
    here = (body.position.lon, body.position.lat) if body.position else None
    before = [] if body.anew else body.before
    answer = await request.app.state.planner.plan(question(stops, now, until, settings.office_hours, here, before))
    known = {stop.key: stop for stop in every}

    def instant(seconds: int | None) -> datetime | None:
        return None if seconds is None else now + timedelta(seconds=seconds)

    def reason(one: dict[str, Any]) -> RouteReason:
        return RouteReason(**one | {"at": instant(one["at"]), "until": instant(one["until"])})

    def what(key: str) -> dict[str, Any]:
        stop = known[key]
        return {
            "key": key,
            "tasks": [task["id"] for task in stop.tasks],
            "patrols": [Patrol(**{name: row[name] for name in Patrol.model_fields}) for row in stop.patrols],
            "lon": stop.lon,
            "lat": stop.lat,
        }

    return RoutePlan(
        made_at=now,
        shift_ends_at=until,
        stops=[
            RouteStop(
                **what(visit["key"]),
                begin_at=now + timedelta(seconds=visit["arrive"]),
                leave_at=now + timedelta(seconds=visit["leave"]),
                metres=visit["metres"],
                reasons=[reason(one) for one in visit["reasons"]],
            )
            for visit in answer["visits"]
        ],
        left=[
            *(RouteLeft(**what(left["key"]), reason=reason(left["reason"])) for left in answer["left"]),
            *(RouteLeft(**what(stop.key), reason=RouteReason(kind="no_time")) for stop in beyond),
        ],
        moved=[RouteMoved(key=moved["key"], reason=reason(moved["reason"])) for moved in answer["moved"]],
        line=[(lon, lat) for lon, lat in answer["line"]],
    )


@router.post("/patrols/{patrol_id}/complete", summary="Say what was seen on a recurring visit")
async def complete(
    caller: AsCaller,
    patrol_id: UUID,
    body: Complete,
    key: Annotated[UUID | None, Header(alias="Idempotency-Key", description="made by the sender for one visit")] = None,
) -> PatrolVisit:
    """The visit is kept, and for a door published like a task's. Where somebody was met (`done`) it is due again after
    its interval; else tomorrow. An identity number in the note is replaced by ▮; `note_masked` says so."""
    note = body.note and masked(body.note)
    checks = {masked(check): answer for check, answer in body.checks.items()}
    row = await caller.row(
        "SELECT * FROM city.patrol_visited(%(patrol)s, %(seen)s, %(at)s, %(key)s)",
        {
            "patrol": patrol_id,
            "seen": Jsonb({"outcome": body.outcome, "note": note, "checks": checks}),
            "at": body.seen_at,
            "key": key,
        },
    )
    return PatrolVisit(id=patrol_id, note_masked=(note, checks) != (body.note, body.checks), **(row or {}))
