"""The API and the pages under one origin, as one process: `citygrid worker api`.

The pages are files; everything under `/api/` is the API's, and nothing else is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import FileResponse
from prometheus_client import start_http_server
from starlette.staticfiles import StaticFiles
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
from web.assets import CONTENT_SECURITY_POLICY, STATIC, WORDS, libraries
from wire.words import words

PAGE_REQUESTS_PER_SECOND = 200
SHUTDOWN_SECONDS = 5


class Site:
    """ASGI: `/api/` to the API, the rest to the pages; the API's lifespan is the site's."""

    def __init__(self, api: ASGIApp, pages: ASGIApp) -> None:
        self._api = api
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and not scope["path"].startswith("/api/")
        await (self._pages if is_page else self._api)(scope, receive, send)


def site(settings: Settings) -> Site:
    """Everything that answers on the API's port. Raises web.assets.AssetMissing, SettingsRefused."""
    topics = {name: sink.topics() for name, sink in sinks().items()}
    return Site(create_app(settings, topics, WatchedProcesses(settings)), pages(settings))


def pages(settings: Settings) -> FastAPI:
    """The static web folder and the libraries it imports, with the pages' own security policy."""
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
    app.add_api_route(WORDS, _words, methods=["GET", "HEAD"])
    for path, file in libraries().items():
        app.add_api_route(path, _file(file), methods=["GET", "HEAD"], response_class=FileResponse)
    app.add_api_route("/p/{code}", _plate, methods=["GET", "HEAD"], response_class=FileResponse)
    app.mount("/", StaticFiles(directory=STATIC, html=True))
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


def _words() -> Response:
    """The names of rules, departments, kinds and values as a module that pages import."""
    return Response(f"export default {json.dumps(words(), ensure_ascii=False)};\n", media_type="text/javascript")


def _plate(code: str) -> FileResponse:  # noqa: ARG001 - the page reads it from its address
    """The page of a door plate, the same for every code: whether there is such a plate, the API says."""
    return FileResponse(STATIC / "plate.html", headers={"Cache-Control": "no-store", "X-Robots-Tag": "noindex"})


def _file(file: Path) -> Callable[[], FileResponse]:
    def answer() -> FileResponse:
        return FileResponse(file)

    return answer
