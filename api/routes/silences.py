"""Silences: for a while nobody is sent for a rule in an area. docs/decisions/0041-noise.md"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api.database import AsCaller
from api.models import Nothing
from api.problems import FORBIDDEN, INVALID, Refused
from api.silence_models import NewSilence, Silence, Silences
from runtime.http.language import Say
from wire.catalogue import rules

router = APIRouter(tags=["silences"])

LISTED = "SELECT * FROM city.list_silences(%(ended)s)"
MAKE = "SELECT city.make_silence(%(rule)s, %(area)s, %(reason)s, %(ends_at)s) AS id"
UNKNOWN = Say("没有这条规则。", "There is no such rule.")
CALL = Say("求助呼叫不能静默。", "A call for help cannot be silenced.")


@router.get("/silences", summary="Silences of one's area")
async def silences(
    caller: AsCaller,
    ended: Annotated[bool, Query(description="those that have ended, instead of those that hold")] = False,
) -> Silences:
    """The newest first, at most 200; also those from above that hold here. For command centres."""
    return Silences(items=[Silence(**row) for row in await caller.rows(LISTED, {"ended": ended})])


@router.post("/silences", summary="Silence a rule in an area")
async def make(caller: AsCaller, wanted: NewSilence) -> Silences:
    """By a street's, a district's or the city's command centre in its own area. Open alerts that nobody has claimed
    lose their task until it ends; they are counted (`silenced` of the head) and listed (`state=silenced`). A call for
    help cannot be silenced. The answer is what holds now."""
    rule = rules().get(wanted.rule)
    if rule is None or rule.domain == "sos":
        raise Refused(INVALID, detail=UNKNOWN if rule is None else CALL)
    if caller.domains is not None and rule.domain not in caller.domains:
        raise Refused(FORBIDDEN)
    await caller.rows(MAKE, wanted.model_dump())
    return Silences(items=[Silence(**row) for row in await caller.rows(LISTED, {"ended": False})])


@router.post("/silences/{silence_id}/end", summary="End a silence before its time")
async def end(caller: AsCaller, silence_id: UUID, _body: Nothing) -> Silences:
    """By a command centre in whose area all of it lies; what is still open is dispatched with its whole time. The
    answer is what holds now."""
    await caller.rows("SELECT city.end_silence(%(id)s)", {"id": silence_id})
    return Silences(items=[Silence(**row) for row in await caller.rows(LISTED, {"ended": False})])
