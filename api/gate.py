"""What every request passes first: its id, limits, cross-site refusal, security headers, log line and metric."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections import OrderedDict
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.problems import CROSS_SITE, FAILED, NOT_JSON, TOO_LARGE, TOO_MANY, Kind
from runtime import metrics

log = structlog.get_logger("citygrid.api")

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
ROOT = "/api/v1"
NO_ROUTE = "(none)"

# Of answers that are no page; the pages' policy is web/assets.py's.
CONTENT_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Buckets:
    """A token bucket for each caller: `rate` requests a second on average, `burst` at once; at most `most` callers."""

    def __init__(self, rate: float, burst: int, most: int = 10_000) -> None:
        self._rate = rate
        self._burst = burst
        self._most = most
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, caller: str) -> float:
        """0 if `caller` may go on now, else the seconds until it may."""
        now = time.monotonic()
        left, seen = self._left.pop(caller, (float(self._burst), now))
        left = min(self._burst, left + (now - seen) * self._rate)
        allowed = left >= 1
        self._left[caller] = (left - 1 if allowed else left, now)
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return 0.0 if allowed else (1 - left) / self._rate


class Gate:
    """ASGI middleware around the whole application; answers by a problem whatever the routes did not."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        body_limit: int,
        rate: float,
        burst: int,
        secure: bool,
        policy: str = CONTENT_SECURITY_POLICY,
    ) -> None:
        self._app = app
        self._body_limit = body_limit
        self._buckets = Buckets(rate, burst)
        self._secure = secure
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        request.state.request_id = request_id = uuid.uuid4()
        began = time.perf_counter()
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(MutableHeaders(scope=message), scope["path"], request_id)
            await send(message)

        refusal, extra = self._refusal(request)
        try:
            if refusal:
                response = problems.answer(refusal, problems.language_of(request), request_id, headers=extra)
                await response(scope, receive, sending)
            else:
                await self._app(scope, self._limited(receive), sending)
        except Exception as error:  # noqa: BLE001 # the last resort: a broken route answers 500 and the server goes on
            # An exception's text may quote a value of somebody's row: its type and where it was raised are enough.
            log.error(  # noqa: TRY400
                "request_failed", request=str(request_id), error=type(error).__name__, where=_where(error)
            )
            if not status:
                response = problems.answer(FAILED, problems.language_of(request), request_id)
                await response(scope, receive, sending)
        finally:
            _record(request, status, time.perf_counter() - began)

    def _refusal(self, request: Request) -> tuple[Kind | None, dict[str, str]]:
        headers = request.headers
        if not request.url.path.startswith("/api/"):
            return None, {}
        wait = self._buckets.wait(request.client.host if request.client else "?")
        if wait:
            return TOO_MANY, {"Retry-After": str(int(wait) + 1)}
        if request.method in UNSAFE:
            if not same_origin(headers):
                return CROSS_SITE, {}
            # A page elsewhere cannot send JSON without asking first, and it is never told yes.
            media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
            if media_type != "application/json" and (request.method != "DELETE" or media_type):
                return NOT_JSON, {"Accept": "application/json"}
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self._body_limit:
            return TOO_LARGE, {}
        return None, {}

    def _limited(self, receive: Receive) -> Receive:
        """`receive` for a body sent in pieces, which has no Content-Length to look at."""
        got = 0

        async def receiving() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > self._body_limit:
                raise HTTPException(TOO_LARGE.status)
            return message

        return receiving

    def _add_headers(self, headers: MutableHeaders, path: str, request_id: uuid.UUID) -> None:
        headers.setdefault("Content-Security-Policy", self._policy)
        for name, value in SECURITY_HEADERS.items():
            headers.setdefault(name, value)
        if self._secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        # A page's file may be kept but is asked for again, so that an update is seen at once.
        headers.setdefault("Cache-Control", "no-store" if path.startswith("/api/") else "no-cache")
        headers["X-Request-Id"] = str(request_id)


def same_origin(headers: Headers) -> bool:
    """Whether a browser says that this installation's own page sent the request; a program says nothing."""
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def _where(error: BaseException) -> str:
    """`file:line` of where it was raised."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"


def _record(request: Request, status: int, seconds: float) -> None:
    if not request.url.path.startswith("/api/"):
        return
    template = getattr(request.scope.get("route"), "path", None)
    # A route of an included router knows its path without the prefix.
    route = f"{ROOT}{template.removeprefix(ROOT)}" if template else NO_ROUTE
    if not route.endswith("/stream"):
        metrics.REQUEST_SECONDS.labels(request.method if route != NO_ROUTE else "?", route, status).observe(seconds)
    account = getattr(request.state, "account", None)
    log.info(
        "request",
        request=str(request.state.request_id),
        method=request.method,
        route=route,
        status=status,
        ms=round(seconds * 1000, 1),
        account=hashlib.sha256(str(account).encode()).hexdigest()[:12] if account else None,
    )
