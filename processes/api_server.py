"""The API and the pages under one origin, as one process: `citygrid worker api`.

The pages are files; everything under `/api/` is the API's, and nothing else is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus

import psycopg
import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from prometheus_client import start_http_server
from starlette.types import ASGIApp, Receive, Scope, Send

from api import problems
from api.app import create_app
from api.gate import Gate
from database.accounts import AccountRefused, refuse_demo_in_production
from processes.operations import WatchedProcesses
from runtime import metrics
from runtime.http.hosts import hosts_of
from runtime.http.patience import PatientHttp
from runtime.log import configure
from runtime.settings import Settings, load
from sinks.worker import sinks
from web.assets import CONTENT_SECURITY_POLICY
from web.bundle import Bundle, File, bundle
from wire.words import words

PAGE_REQUESTS_PER_SECOND = 200
SHUTDOWN_SECONDS = 5
FOR_GOOD = "public, max-age=31536000, immutable"


class Site:
    """ASGI: `/api/` to the API, the rest to the pages; the API's lifespan is the site's."""

    def __init__(self, api: ASGIApp, pages: ASGIApp) -> None:
        self._api = api
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and not scope["path"].startswith("/api/")
        await (self._pages if is_page else self._api)(scope, receive, send)


def site(settings: Settings, release: Bundle | None = None) -> Site:
    """Everything that answers on the API's port; `release`: the pages' version, this checkout's if none.

    Raises web.assets.AssetMissing, SettingsRefused.
    """
    topics = {name: sink.topics() for name, sink in sinks().items()}
    return Site(create_app(settings, topics, WatchedProcesses(settings)), pages(settings, release))


def pages(settings: Settings, release: Bundle | None = None) -> FastAPI:
    """One version of the pages and the libraries that they import, with their own security policy."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    problems.install(app)
    app.add_middleware(
        Gate,
        body_limit=0,
        rate=PAGE_REQUESTS_PER_SECOND,
        burst=PAGE_REQUESTS_PER_SECOND,
        secure=settings.mode == "production",
        hosts=hosts_of(settings),
        policy=CONTENT_SECURITY_POLICY,
    )
    served = release or bundle(words_module())

    def versioned(request: Request, version: str, path: str) -> Response:
        """A file of this version, for good; of another one there is nothing, and never this one's in its place."""
        file = served.files.get(f"/{path}") if version == served.version else None
        return _answer(request, file, FOR_GOOD)

    def plate(request: Request, code: str) -> Response:  # noqa: ARG001 - the page reads it from its address
        """The page of a door plate, the same for every code: whether there is such a plate, the API says."""
        return _answer(request, served.pages["/plate.html"], "no-store", {"X-Robots-Tag": "noindex"})

    def page(request: Request, path: str) -> Response:
        """A page, asked for anew each time; or a file without its version, for programs."""
        own = f"/{path or 'index.html'}"
        return _answer(request, served.pages.get(own) or served.files.get(own), "no-cache")

    app.add_api_route("/v/{version}/{path:path}", versioned, methods=["GET", "HEAD"])
    app.add_api_route("/p/{code}", plate, methods=["GET", "HEAD"])
    app.add_api_route("/{path:path}", page, methods=["GET", "HEAD"])
    return app


def main() -> int:
    """Serve until told to stop; the exit code. Raises SettingsRefused."""
    settings = load()
    configure(settings, "api")
    try:
        refuse_demo_in_production(settings)
    except AccountRefused as refused:
        raise SystemExit(str(refused)) from None
    except psycopg.Error as away:
        raise SystemExit(
            f"PostgreSQL cannot be reached ({type(away).__name__}): look at CITYGRID_DATABASE_API_DSN."
        ) from None
    if settings.api_metrics_port:
        start_http_server(settings.api_metrics_port, settings.host, metrics.API_REGISTRY)
    server = uvicorn.Server(
        uvicorn.Config(
            site(settings),
            host=settings.host,
            port=settings.api_port,
            loop="uvloop",
            http=PatientHttp,
            log_config=None,
            access_log=False,  # its lines hold paths, and a path names a person's row
            server_header=False,
            proxy_headers=bool(settings.api_proxies),
            forwarded_allow_ips=settings.api_proxies or None,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
    )
    server.run()
    return 0 if server.started else 1


def words_module() -> str:
    """The names of rules, departments, kinds and values as a module that pages import."""
    return f"export default {json.dumps(words(), ensure_ascii=False)};\n"


def _answer(request: Request, file: File | None, keep: str, headers: Mapping[str, str] | None = None) -> Response:
    """The file as the browser takes it; 304 if it has it. Raises HTTPException (404) without one."""
    if file is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    content, encoding = file.encoded(request.headers.get("accept-encoding", ""))
    tag = f'"{file.sha256}{f"-{encoding}" if encoding else ""}"'
    shown = {"Cache-Control": keep, "ETag": tag, "Vary": "Accept-Encoding", **(headers or {})}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=shown)
    if encoding:
        shown["Content-Encoding"] = encoding
    return Response(content, media_type=file.media_type, headers=shown)
