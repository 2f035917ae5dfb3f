"""What runs, how far readers are, and dead letters, for operations: docs/decisions/0044-offices.md"""

from __future__ import annotations

from fastapi import APIRouter, Request

from api.database import AsCaller, SignedIn
from api.office_models import OperationPage, Replay, ReplayAsked, WaitingLetter, WaitingLetters
from api.operations import Operations
from api.problems import FORBIDDEN, Refused

router = APIRouter(tags=["operations"])

MOST_LETTERS = 200
DASHBOARDS = ("fresh", "stuck", "served")
"""infra/grafana/dashboards"""


@router.get("/operations", summary="What runs, and how far each reader is")
async def operations(request: Request, caller: SignedIn) -> OperationPage:
    """Asked of the processes themselves, once in some seconds for everybody. For operations and administrators."""
    if caller.role not in ("ops", "admin"):
        raise Refused(FORBIDDEN)
    watched: Operations = request.app.state.operations
    now = await watched.now()
    root = request.app.state.settings.grafana_url
    return OperationPage(
        **now.model_dump(), dashboards={name: f"{root}/d/citygrid-{name}" for name in DASHBOARDS} if root else {}
    )


@router.get("/letters", summary="Records that no reader could read")
async def letters(caller: AsCaller) -> WaitingLetters:
    """Of all departments' topics. For operations and administrators."""
    rows = await caller.rows("SELECT * FROM city.letters(%(most)s)", {"most": MOST_LETTERS})
    return WaitingLetters(
        items=[WaitingLetter(**{name: row[name] for name in WaitingLetter.model_fields}) for row in rows],
        waiting=rows[0]["waiting"] if rows else 0,
    )


@router.post("/replays", summary="Have records sent back to where they came from", status_code=202)
async def replay(caller: AsCaller, body: Replay) -> ReplayAsked:
    """Each goes back once, as it came; `GET /letters` says what became of it. Who asked is recorded."""
    row = await caller.row("SELECT city.ask_replay(%(origins)s) AS asked", {"origins": body.origins})
    return ReplayAsked(asked=row["asked"] if row else 0)
