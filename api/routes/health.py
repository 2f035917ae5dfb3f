"""Whether it runs and whether it can serve: the only answers without an account."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.database import is_ready
from api.models import Health

router = APIRouter(prefix="/health", tags=["health"])


@router.get("/live", summary="The process answers")
async def live() -> Health:
    """200 as long as the process can answer at all."""
    return Health(status="up")


@router.get("/ready", summary="The process can serve", responses={503: {"model": Health, "description": "not yet"}})
async def ready(request: Request, response: Response) -> Health:
    """200 once the database answers and the feed is listened to, else 503."""
    app = request.app.state
    if app.watch.connected.is_set() and await is_ready(app.pool):
        return Health(status="ready")
    response.status_code = 503
    return Health(status="waiting")
