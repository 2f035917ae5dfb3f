"""What a tablet keeps unsent: the key to seal it under, and its opening for the account that sealed it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from api.database import AsCaller
from api.problems import NOT_FOUND, Refused
from api.sealing import NotSealed
from api.session_models import Opened, Sealed, SealingKey

router = APIRouter(tags=["sealed"])


@router.get("/sealing-key", summary="The key to seal what is not sent yet")
async def sealing_key(request: Request, _caller: AsCaller) -> SealingKey:
    """A public key: whoever has it can seal, the server alone can open."""
    key_id, key = request.app.state.sealing().public
    return SealingKey(id=key_id, key=key)


@router.post("/sealed/open", summary="Open what this account sealed")
async def open_sealed(request: Request, caller: AsCaller, body: Sealed) -> Opened:
    """To send it now, or to go on writing it. Another account's is as one that is not there."""
    try:
        content: Any = request.app.state.sealing().open(body.sealed)
    except NotSealed:
        raise Refused(NOT_FOUND) from None
    if not isinstance(content, dict) or content.get("account") != str(caller.account):
        raise Refused(NOT_FOUND)
    return Opened(content=content.get("content"))
