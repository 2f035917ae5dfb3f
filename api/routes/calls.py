"""Calls for help: docs/decisions/0042-calls-for-help.md"""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Header

from api.call_models import Call, Calls
from api.database import AsCaller
from api.models import Nothing
from api.select import place_of

router = APIRouter(tags=["calls"])


def _call(row: dict[str, Any]) -> Call:
    own = {"place": place_of(row), "by": row["by_name"], "why_zh": row["why_zh"] or "", "why_en": row["why_en"] or ""}
    return Call.model_validate({**{name: row[name] for name in Call.model_fields if name in row}, **own})


@router.get("/calls", summary="Calls for help that concern the caller")
async def calls(caller: AsCaller) -> Calls:
    """Those that wait first, at most 50. A desk sees all of its area, with who was told and when the next is; a grid
    worker those that they were told of while nobody has acknowledged them, wherever they lie, and their own."""
    return Calls(items=[_call(row) for row in await caller.rows("SELECT * FROM city.my_calls()")])


@router.post("/calls/{task_id}/answer", summary="Say that one is at a call")
async def answer(
    caller: AsCaller,
    task_id: UUID,
    _body: Annotated[Nothing, Body(default_factory=Nothing)],
    key: Annotated[UUID | None, Header(alias="Idempotency-Key", description="sent again, it is still one move")] = None,
) -> Calls:
    """dispatched → acknowledged, by a desk of its place or a worker who was told of it; nobody else is told. The answer
    is the caller's calls as they are now."""
    await caller.rows("SELECT city.answer_call(%(task)s, %(key)s)", {"task": task_id, "key": key})
    return await calls(caller)
