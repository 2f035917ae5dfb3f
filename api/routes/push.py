"""Web Push of a grid worker's tablet: docs/decisions/0046-punctual-and-push.md"""

from __future__ import annotations

from fastapi import APIRouter, Request

from api.database import AsCaller
from api.problems import INVALID, Refused
from api.push_models import PushState, PushSubscription
from runtime.http.language import Say
from runtime.push_services import may_be_asked

router = APIRouter(tags=["push"])

NOT_LISTED = Say(
    "本市未允许这个浏览器的推送服务，请联系管理员。",
    "The city does not use this browser's push service (CITYGRID_PUSH_SERVICES); ask your administrator.",
)


@router.get("/push", summary="Whether this browser is told by Web Push")
async def state(caller: AsCaller) -> PushState:
    """Of grid workers' tablets only, and where the installation names push services."""
    row = await caller.row("SELECT * FROM city.my_push()") or {}
    return PushState(key=row["public_key"], subscribed=row["subscribed"])


@router.put("/push", summary="Tell this browser by Web Push", status_code=204)
async def subscribe(request: Request, caller: AsCaller, body: PushSubscription) -> None:
    """Of calls for help that the caller is told of, as long as this session lasts. What is sent names no person and no
    place: that an urgent task waits, and its id. Endpoints of services that the settings do not list are refused."""
    if not may_be_asked(request.app.state.settings, body.endpoint):
        raise Refused(INVALID, detail=NOT_LISTED)
    await caller.rows(
        "SELECT city.subscribe_push(%(endpoint)s, %(p256dh)s, %(auth)s)",
        {"endpoint": body.endpoint, "p256dh": body.keys.p256dh, "auth": body.keys.auth},
    )


@router.delete("/push", summary="Tell this browser no more", status_code=204)
async def unsubscribe(caller: AsCaller) -> None:
    """This session's; another tablet of the account is told as before."""
    await caller.rows("SELECT city.unsubscribe_push()")
