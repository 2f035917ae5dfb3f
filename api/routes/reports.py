"""Reports from door plates, for the command centre of their area: a person looks, then it becomes a case or not."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import Response as Plain

from api import cursor, pictures, select
from api.database import AsCaller, Caller
from api.models import Nothing, Report, ReportState
from api.plate_models import Decline, Reports
from api.problems import NOT_FOUND, Refused, refuse

router = APIRouter(tags=["reports"])

PICTURE = {
    "Cache-Control": "private, no-store",
    "Content-Disposition": "inline",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


@router.get("/reports", summary="Reports of one's area")
async def reports(
    caller: AsCaller,
    state: ReportState = "waiting",
    after: Annotated[str | None, Query(alias="cursor", max_length=300, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=select.MOST)] = select.PAGE,
) -> Reports:
    """Those that wait, the oldest first; those that were decided, the newest first. For command centres."""
    place = cursor.position(after)
    statement = "SELECT * FROM city.list_reports(%(state)s, %(most)s, %(time)s, %(id)s)"
    rows = await caller.rows(statement, {"state": state, "most": limit + 1, **place})
    shown, following = cursor.page([{**row, "rank": 0} for row in rows], limit, "id", "made_at")
    waiting = await caller.row("SELECT city.count_reports() AS waiting")
    return Reports(items=[_report(row) for row in shown], next=following, waiting=waiting["waiting"] if waiting else 0)


@router.post("/reports/{report_id}/accept", summary="Make a case of a report")
async def accept(caller: AsCaller, report_id: UUID, _body: Nothing) -> Report:
    """It is stated as an event; the rule `public-report` makes the case, which a grid worker gets within seconds."""
    return await _decide(caller, report_id, accept=True, reason=None)


@router.post("/reports/{report_id}/decline", summary="Put a report away, with a reason")
async def decline(caller: AsCaller, report_id: UUID, body: Decline) -> Report:
    """Nothing follows; it is forgotten after a while (docs/retention.md)."""
    return await _decide(caller, report_id, accept=False, reason=body.reason)


@router.get(
    "/reports/{report_id}/photo",
    summary="The photo of a report",
    response_class=Plain,
    responses={200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def photo(request: Request, caller: AsCaller, report_id: UUID) -> Response:
    """For the centre of its area, and whoever sees its case. Each look is recorded."""
    row = await caller.row("SELECT city.report_photo(%(id)s) AS photo", {"id": report_id})
    content = await pictures.stored(request, row["photo"]) if row and row["photo"] else None
    if content is None:
        return refuse(request, NOT_FOUND)
    return Response(content, media_type="image/jpeg", headers=PICTURE)


async def of_case(caller: Caller, finding: UUID) -> Report | None:
    """What was reported, of a case that began with it."""
    row = await caller.row("SELECT * FROM city.report_of_case(%(finding)s)", {"finding": finding})
    return _report(row) if row else None


async def _decide(caller: Caller, report_id: UUID, *, accept: bool, reason: str | None) -> Report:
    await caller.row(
        "SELECT city.decide_report(%(id)s, %(accept)s, %(reason)s)",
        {"id": report_id, "accept": accept, "reason": reason},
    )
    row = await caller.row("SELECT * FROM city.read_report(%(id)s)", {"id": report_id})
    if row is None:
        raise Refused(NOT_FOUND)
    return _report(row)


def _report(row: dict[str, Any]) -> Report:
    return Report(**{name: row[name] for name in Report.model_fields if name in row}, place=select.place_of(row))
