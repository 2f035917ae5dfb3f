"""Photos of visits: taken in in order from the tablet, shown with the case. They lie outside the database."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import Response as Plain

from api import doors, pictures
from api.database import AsCaller, SignedIn, entered, token_of
from api.plate_models import DoorVisits, NewPhoto, Photo
from api.problems import NOT_FOUND, refuse

router = APIRouter(tags=["photos"])

PICTURE = {
    "Cache-Control": "private, no-store",
    "Content-Disposition": "inline",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}
IMAGE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}
}
SENT = "SELECT city.photo_sent(%(task)s, %(key)s) AS id"
KEEP = "SELECT city.keep_photo(%(task)s, %(id)s, %(also)s, %(at)s, %(key)s) AS id"


@router.post("/tasks/{task_id}/photos", summary="Add a photo of a visit", status_code=201)
async def add(
    request: Request,
    _who: SignedIn,  # before the body is read: nobody else is told what it should hold
    task_id: UUID,
    body: NewPhoto,
    key: Annotated[UUID, Header(alias="Idempotency-Key", description="made by the sender for one photo")],
) -> Photo:
    """Made anew from its pixels: where it was taken, and by which camera, is not kept. Never refused for the task's
    state, as a visit is not. `also`: other tasks of the same door, whose cases show it too."""
    asked = {"task": task_id, "key": key}
    token = token_of(request)
    async with entered(request.app.state.pool, token, in_use=True) as caller:
        row = await caller.row(SENT, asked)
    if row and row["id"]:
        return Photo(id=row["id"])
    # From here on it holds no connection: the picture takes a while.
    name = await pictures.keep(request, body.photo)
    try:
        async with entered(request.app.state.pool, token, in_use=True) as caller:
            row = await caller.row(KEEP, {**asked, "id": name, "also": body.also, "at": body.taken_at})
    except BaseException:
        await pictures.forget(request, name)
        raise
    kept = row["id"] if row else name
    if kept != name:
        await pictures.forget(request, name)
    return Photo(id=kept)


@router.get(
    "/alerts/{finding_id}/photos/{photo_id}", summary="A photo of a visit", response_class=Plain, responses=IMAGE
)
async def photo(request: Request, caller: AsCaller, finding_id: UUID, photo_id: UUID) -> Response:
    """For whoever sees the case. Each look is recorded."""
    asked = {"finding": finding_id, "id": photo_id}
    row = await caller.row("SELECT city.sees_photo(%(finding)s, %(id)s) AS seen", asked)
    content = await pictures.stored(request, photo_id) if row and row["seen"] else None
    if content is None:
        return refuse(request, NOT_FOUND)
    return Response(content, media_type="image/jpeg", headers=PICTURE)


@router.get("/tasks/{task_id}/visits", summary="Earlier visits at a task's door", response_model=DoorVisits)
async def visits(request: Request, caller: AsCaller, task_id: UUID) -> DoorVisits | Response:
    """The newest first, of the tasks that the caller sees and of the patrol plan. Recorded."""
    found = await caller.row("SELECT dwelling FROM city.read_tasks(%(ids)s)", {"ids": [task_id]})
    if found is None:
        return refuse(request, NOT_FOUND)
    return DoorVisits(items=await doors.visits(caller, found["dwelling"]) if found["dwelling"] else [])
