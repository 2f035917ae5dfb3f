"""What every request of an HTTP door passes first: its id, its limits, security headers, log line and metric."""

from __future__ import annotations

import time
import uuid
from collections import OrderedDict

import structlog
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runtime.http import problems
from runtime.http.hosts import is_ours
from runtime.http.problems import FAILED, TOO_LARGE, UNKNOWN_HOST, Kind

log = structlog.get_logger("citygrid.http")

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
METHODS = UNSAFE | {"GET", "HEAD", "OPTIONS"}
NO_ROUTE = "(none)"

# Of answers that are no page.
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
        left, now = self._now(caller)
        self._left.pop(caller, None)
        allowed = left >= 1
        self._left[caller] = (left - 1 if allowed else left, now)
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return 0.0 if allowed else (1 - left) / self._rate

    def looked_at(self, caller: str) -> float:
        """What `wait` would say, without counting it."""
        left, _ = self._now(caller)
        return 0.0 if left >= 1 else (1 - left) / self._rate

    def _now(self, caller: str) -> tuple[float, float]:
        """What the caller has left, and the time."""
        now = time.monotonic()
        left, seen = self._left.get(caller, (float(self._burst), now))
        return min(self._burst, left + (now - seen) * self._rate), now


def retry_after(seconds: float) -> dict[str, str]:
    """The header for a wait of `seconds`, in whole seconds."""
    return {"Retry-After": str(int(seconds) + 1)}


class Gate:
    """ASGI middleware around a whole application; answers by a problem whatever the routes did not.

    A door says by `refusal` whom it turns away before a route sees it, by `record` what it tells of a request, and by
    `is_page` of which paths a browser may keep the answer.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        body_limit: int,
        secure: bool,
        hosts: frozenset[str],
        policy: str = CONTENT_SECURITY_POLICY,
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._body_limit = body_limit
        self._secure = secure
        self._policy = policy

    def refusal(self, request: Request) -> tuple[Kind | None, dict[str, str]]:
        """The problem that answers the request, with its headers; None: it goes on."""
        return self.too_large(request), {}

    def record(self, request: Request, status: int, seconds: float) -> None:
        """Called once a request, at its end."""

    def is_page(self, path: str) -> bool:  # noqa: ARG002 - for those that override it
        """Whether a browser may keep the answer and asks again, so that an update is seen at once."""
        return False

    def too_large(self, request: Request) -> Kind | None:
        """Whether the length that the request announces is over the limit, or none."""
        length = request.headers.get("content-length", "0")
        return TOO_LARGE if not length.isdigit() or int(length) > self.limit_of(request.url.path) else None

    def limit_of(self, path: str) -> int:  # noqa: ARG002 - for those that override it
        """The longest body in bytes of a request to this path."""
        return self._body_limit

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

        refusal, extra = self.refusal(request) if is_ours(request, self._hosts) else (UNKNOWN_HOST, {})
        try:
            if refusal:
                response = problems.answer(refusal, problems.language_of(request), request_id, headers=extra)
                await response(scope, receive, sending)
            else:
                await self._app(scope, self._limited(receive, self.limit_of(scope["path"])), sending)
        except Exception as error:  # noqa: BLE001 # the last resort: a broken route answers 500 and the server goes on
            # An exception's text may quote a value of somebody's row: its type and where it was raised are enough.
            log.error(  # noqa: TRY400
                "request_failed", request=str(request_id), error=type(error).__name__, where=_where(error)
            )
            if not status:
                response = problems.answer(FAILED, problems.language_of(request), request_id)
                await response(scope, receive, sending)
        finally:
            self.record(request, status, time.perf_counter() - began)

    def _limited(self, receive: Receive, limit: int) -> Receive:
        """`receive` for a body sent in pieces, which has no Content-Length to look at."""
        got = 0

        async def receiving() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > limit:
                raise HTTPException(TOO_LARGE.status)
            return message

        return receiving

    def _add_headers(self, headers: MutableHeaders, path: str, request_id: uuid.UUID) -> None:
        headers.setdefault("Content-Security-Policy", self._policy)
        for name, value in SECURITY_HEADERS.items():
            headers.setdefault(name, value)
        if self._secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        headers.setdefault("Cache-Control", "no-cache" if self.is_page(path) else "no-store")
        headers["X-Request-Id"] = str(request_id)


def media_type_of(request: Request) -> str:
    """`application/json` of `application/json; charset=utf-8`."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def method_of(request: Request) -> str:
    """The request's method as a label; "?" for one that somebody made up, and where there is no route."""
    return request.method if request.method in METHODS and route_of(request) else "?"


def route_of(request: Request) -> str | None:
    """The route's own path with its parameters' names: a label that names nobody. None if there is no such route."""
    template: str | None = getattr(request.scope.get("route"), "path", None)
    return template


def _where(error: BaseException) -> str:
    """`file:line` of where it was raised."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
