"""What the doors answer with: problems of their own, and the gate before them."""

from __future__ import annotations

import structlog
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.types import ASGIApp

from runtime import metrics
from runtime.http import gate
from runtime.http.gate import NO_ROUTE, Buckets, media_type_of, method_of, retry_after, route_of
from runtime.http.language import Say
from runtime.http.problems import (
    BAD_REQUEST,
    FAILED,
    INVALID,
    METHOD,
    NOT_JSON,
    TOO_LARGE,
    TOO_MANY,
    Kind,
    Refused,
)

log = structlog.get_logger("citygrid.doors")

BURST_SECONDS = 4
ADDRESSES_REQUESTS = 10
"""An address may send so many times what a key may: offices share one, and a device platform stands for thousands."""

NO_KEY = Kind(
    "no-key",
    401,
    Say("密钥无效", "No valid key"),
    Say(
        "请在 Authorization 头中以 Bearer 方式携带有效的部门密钥；丢失或已吊销的，请向运维申请新的。",
        "Send your department's key as `Authorization: Bearer cgk_…`; ask the operator for a new one if it was lost.",
    ),
)
NOT_YOURS = Kind(
    "not-yours",
    403,
    Say("不是本部门的主题", "Not your department's topic"),
    Say(
        "本密钥只能用于本部门的主题，见 GET /v1/contracts。",
        "This key is for its own department's topics, which GET /v1/contracts lists.",
    ),
)
QUOTA_USED = Kind(
    "quota-used",
    429,
    Say("今日身份号码已达上限", "The day's identity numbers are used up"),
    Say(
        "该密钥今日可申报的身份号码数已达上限，本批未接受；请于 Retry-After 所示时间后重发，或请运维调高上限。",
        "This key has stated as many identity numbers as it may in a day; nothing of the batch was taken. Send it "
        "again as Retry-After says, or ask the operator for a higher limit.",
    ),
)
NO_DEVICE = Kind(
    "device-refused",
    401,
    Say("设备消息未被接受", "The device's message is refused"),
    Say(
        "设备未登记、已停用、签名不符或签名时间不在时限内。",
        "The device is not known or no longer valid, or the signature or its time is wrong.",
    ),
)
TOO_FAR_AHEAD = Kind(
    "too-far-ahead",
    409,
    Say("消息编号跳得太远", "The message's number is too far ahead"),
    Say(
        "设备的消息编号须逐条加一；计数丢失时请重新登记设备。",
        "A device counts its messages by one; if it lost its count, register it anew.",
    ),
)
TAKEN_ALREADY = Kind(
    "taken-already",
    409,
    Say("序号已用过", "Taken already"),
    Say(
        "该设备的这一序号(或更大的序号)已被接受；请继续发送下一条。",
        "A message of this device with this number or a higher one was taken: go on with the next.",
    ),
)
NOT_FOUND = Kind(
    "not-found",
    404,
    Say("没有找到", "Not found"),
    Say("没有这个地址或主题，见 GET /v1/contracts。", "There is no such address or topic; see GET /v1/contracts."),
)
AWAY = Kind(
    "unavailable",
    503,
    Say("暂时无法服务", "Unavailable for now"),
    Say(
        "消息集群或数据库暂时没有确认，请稍候重发：重复发送不会重复计入。",
        "The city's brokers or database did not confirm it. Send it again as Retry-After says: nothing doubles.",
    ),
)

KINDS = {
    kind.status: kind
    for kind in (BAD_REQUEST, NO_KEY, NOT_YOURS, NOT_FOUND, METHOD, TAKEN_ALREADY, TOO_LARGE, NOT_JSON, INVALID)
} | {429: TOO_MANY, 500: FAILED, 503: AWAY}


class ItemError(BaseModel):
    """What is wrong with one statement; what was sent is never repeated."""

    index: int = Field(description="which statement of the array, from 0", ge=0)
    field: str = Field(description="its field, by the contract", examples=["occurred_at"])
    reason: str = Field(description="what is wrong with it", examples=["is missing"])
    reason_zh: str | None = Field(default=None, description="the same in Chinese", examples=["为空"])


def json_only(request: Request) -> None:
    """A dependency of routes that read a body. Raises Refused: 415 if it is another type, or compressed."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if media_type_of(request) != "application/json" or encoding != "identity":
        raise Refused(NOT_JSON, headers={"Accept": "application/json", "Accept-Encoding": "identity"})


class DoorGate(gate.Gate):
    """The gate of the doors: a limit for each address, a line in the log and a metric for each request."""

    def __init__(self, app: ASGIApp, *, body_limit: int, rate: float, secure: bool, hosts: frozenset[str]) -> None:
        super().__init__(app, body_limit=body_limit, secure=secure, hosts=hosts)
        self._buckets = Buckets(rate, int(rate * BURST_SECONDS) + 1)

    def refusal(self, request: Request) -> tuple[Kind | None, dict[str, str]]:
        wait = self._buckets.wait(request.client.host if request.client else "?")
        if wait:
            return TOO_MANY, retry_after(wait)
        return self.too_large(request), {}

    def record(self, request: Request, status: int, seconds: float) -> None:
        route = route_of(request) or NO_ROUTE
        method = method_of(request)
        metrics.GATEWAY_REQUEST_SECONDS.labels(method, route, status).observe(seconds)
        log.info(
            "request",
            request=str(request.state.request_id),
            method=method,
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
            department=getattr(request.state, "department", None),
            key_id=getattr(request.state, "key_id", None),
        )
