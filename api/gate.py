"""What a request of the API and the pages passes first: limits of an address, cross-site refusal, log and metric."""

from __future__ import annotations

import hashlib
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp

from api.problems import CROSS_SITE
from runtime import metrics
from runtime.http import gate
from runtime.http.gate import (
    CONTENT_SECURITY_POLICY,
    NO_ROUTE,
    UNSAFE,
    Buckets,
    media_type_of,
    method_of,
    retry_after,
    route_of,
)
from runtime.http.problems import NOT_JSON, TOO_MANY, Kind

log = structlog.get_logger("citygrid.api")

ROOT = "/api/v1"
TAKE_PHOTOS = ("/reports", "/photos", "/sealed/open")
"""How paths end whose bodies may hold a photo."""


class Gate(gate.Gate):
    """`rate` requests a second of one address, `burst` at once; `policy` is that of the pages or of the API."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        body_limit: int,
        rate: float,
        burst: int,
        secure: bool,
        hosts: frozenset[str],
        policy: str = CONTENT_SECURITY_POLICY,
        photo_limit: int = 0,
    ) -> None:
        self._photo_limit = photo_limit
        super().__init__(app, body_limit=body_limit, secure=secure, hosts=hosts, policy=policy)
        self._buckets = Buckets(rate, burst)

    def limit_of(self, path: str) -> int:
        takes_photo = path.startswith(f"{ROOT}/") and path.endswith(TAKE_PHOTOS)
        return max(self._photo_limit, self._body_limit) if takes_photo else self._body_limit

    def is_page(self, path: str) -> bool:
        return not path.startswith("/api/")

    def refusal(self, request: Request) -> tuple[Kind | None, dict[str, str]]:
        if self.is_page(request.url.path):
            return None, {}
        wait = self._buckets.wait(request.client.host if request.client else "?")
        if wait:
            return TOO_MANY, retry_after(wait)
        if request.method in UNSAFE:
            if not same_origin(request.headers):
                return CROSS_SITE, {}
            # A page elsewhere cannot send JSON without asking first, and it is never told yes.
            media_type = media_type_of(request)
            if media_type != "application/json" and (request.method != "DELETE" or media_type):
                return NOT_JSON, {"Accept": "application/json"}
        return self.too_large(request), {}

    def record(self, request: Request, status: int, seconds: float) -> None:
        if self.is_page(request.url.path):
            return
        template = route_of(request)
        # A route of an included router knows its path without the prefix.
        route = f"{ROOT}{template.removeprefix(ROOT)}" if template else NO_ROUTE
        if not route.endswith("/stream"):
            metrics.REQUEST_SECONDS.labels(method_of(request), route, status).observe(seconds)
        account = getattr(request.state, "account", None)
        log.info(
            "request",
            request=str(request.state.request_id),
            method=method_of(request),
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
            account=hashlib.sha256(str(account).encode()).hexdigest()[:12] if account else None,
        )


def same_origin(headers: Headers) -> bool:
    """Whether a browser says that this installation's own page sent the request; a program says nothing."""
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")
