"""Server-Sent Events."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Request
from sse_starlette import EventSourceResponse
from starlette.types import Receive, Scope, Send

from api.database import entered, token_of
from api.stream import Follower, Places, position_of

router = APIRouter(tags=["stream"])

DESCRIPTION = """Server-Sent Events: what changes in the caller's area, as it is when it is sent.

- `ready`: the stream has begun; its id is where. Read the lists after it and nothing is missed.
- `alert`: an `Alert` · `task`: a `Task`, or `{"id", "gone": true}` once it has left the caller's queues
- `freshness`: an item of `/freshness` that moved
- `behind`: `{"seconds"}`, how old the events are that follow now; 0 once they are fresh again
- `reset`: the cursor brought along is older than what is kept: read everything again
- `ended`: the session is over; log in again

`Last-Event-ID`, which browsers send when they come back, goes on after that event."""


class StreamResponse(EventSourceResponse):
    """A stream that gives its place back however it ends."""

    def __init__(self, follower: Follower, places: Places, account: UUID, heartbeat: float) -> None:
        super().__init__(follower.events(), ping=heartbeat, send_timeout=30)
        self._places = places
        self._account = account

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._places.leave(self._account)


RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "the events, until one side closes",
        "content": {
            "text/event-stream": {"schema": {"type": "string"}, "example": "event: ready\nid: 90121\ndata: {}\n\n"}
        },
    }
}


@router.get(
    "/stream",
    summary="Follow what changes",
    description=DESCRIPTION,
    response_class=EventSourceResponse,
    responses=RESPONSES,
)
async def stream(
    request: Request,
    last_event_id: Annotated[str | None, Header(max_length=60, description="the id of the last event one has")] = None,
) -> StreamResponse:
    """See `DESCRIPTION`. The account is looked at here, at every read, and at least at each re-check."""
    app = request.app.state
    token = token_of(request)
    # Not the usual dependency: a stream must not hold a transaction as long as it is open.
    async with entered(app.pool, token, in_use=True) as caller:
        request.state.account = caller.account
        request.state.language = caller.language
    app.places.take(caller.account)
    follower = Follower(app.pool, app.watch, app.news, app.settings, token, position_of(last_event_id))
    return StreamResponse(follower, app.places, caller.account, app.settings.stream_heartbeat_seconds)
