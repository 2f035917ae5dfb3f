"""The HTTP application: its routes, its limits, what it holds while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse

from api import problems
from api.base_map import base_map
from api.database import AsCaller, make_pool
from api.gate import ROOT, Gate
from api.news import NewsReader
from api.operations import Operations, Unwatched
from api.planner import Planner
from api.problems import MEDIA_TYPE, Problem
from api.routes import (
    accounts,
    alerts,
    calls,
    catalogue,
    department,
    handover,
    health,
    operations,
    overview,
    photos,
    plates,
    push,
    questions,
    reports,
    route,
    rows,
    sealed,
    session,
    shifts,
    silences,
    stream,
    tasks,
    tiles,
)
from api.sealing import SealingKeys
from api.sheets import Sheets
from api.stream import BATCH, Places
from api.watch import FeedWatch
from runtime.http.hosts import hosts_of
from runtime.object_store import photo_store
from runtime.settings import Settings
from wire.catalogue import entries
from wire.pseudonym import Pseudonyms

VERSION = "1.0.0"
PASSWORDS_AT_ONCE = 2
"""argon2 takes 19 MiB and a core each: more would only make everybody wait."""
PICTURES_AT_ONCE = 2
"""A photo that is made anew takes up to 160 MB and a core."""
BURST_SECONDS = 4
PARTS = (
    *(
        session,
        alerts,
        tasks,
        route,
        shifts,
        calls,
        push,
        sealed,
        rows,
        overview,
        tiles,
        catalogue,
        department,
        accounts,
        operations,
        handover,
        plates,
        photos,
        questions,
        reports,
        silences,
        stream,
        health,
    ),
)
OPEN_TO_ALL = (f"{ROOT}/health", f"{ROOT}/plates/{{code}}")
"""What begins with these needs no account, but for a plate's `door`."""

DESCRIPTION = """What a city's command centres, departments and grid workers read and do.

**Who sees what** is decided by the database for the account of the session cookie: its area (a prefix of the grid
code) and its rules. What is out of it does not exist for the caller: it is not found, not counted, not sorted and
not streamed.

**Errors** are problem documents (RFC 9457), in the account's language or by `Accept-Language`.

**Times** are UTC (ISO 8601), coordinates WGS 84. Lists come in pages: pass `next` as `cursor`.

**Writing**: JSON only, from this installation's own pages (same origin) or from a program. A move with an
`Idempotency-Key` may be sent again."""

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": description, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for status, description in (
        (401, "no session, or it has ended"),
        (404, "not there, or not for this account"),
        (422, "not valid; `errors` names the fields"),
        (429, "too many requests"),
        (503, "the database is away, or no stream is free"),
    )
}


def create_app(
    settings: Settings, sinks: Mapping[str, Sequence[str]] | None = None, watched: Operations | None = None
) -> FastAPI:
    """The application; its pool and its listener live from its start to its end (ASGI lifespan).

    `sinks`: name → the topics that it reads, for the catalogue; this room knows no sink. `watched`: what runs.
    Raises SettingsRefused where the base map is no such file.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        dsn = settings.dsn("api")
        app.state.watch = FeedWatch(dsn)
        app.state.news = NewsReader(dsn, BATCH)
        app.state.pool = make_pool(dsn, settings.api_connections)
        app.state.planner = Planner()
        try:
            async with app.state.pool, app.state.watch.running(), app.state.news.running():
                yield
        finally:
            await app.state.planner.close()
            if app.state.base_map:
                app.state.base_map.close()

    app = FastAPI(
        title="citygrid",
        version=VERSION,
        description=DESCRIPTION,
        lifespan=lifespan,
        # Without an account there is nothing to read, the description included; it is served below.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.sinks = sinks or {}
    entries(app.state.sinks)  # worked out once, before anybody waits for it
    app.state.base_map = base_map(settings)
    app.state.operations = watched or Unwatched()
    app.state.secure = settings.mode == "production"
    app.state.places = Places(settings.stream_limit, settings.streams_per_account)
    app.state.password_turns = asyncio.Semaphore(PASSWORDS_AT_ONCE)
    app.state.pseudonyms = cache(lambda: Pseudonyms.of(settings))
    app.state.sealing = cache(lambda: SealingKeys.of(settings))
    app.state.photos = cache(lambda: photo_store(settings))
    app.state.sheets = Sheets()
    app.state.picture_turns = asyncio.Semaphore(PICTURES_AT_ONCE)
    app.state.plate_limits = plates.PlateLimits()
    problems.install(app)
    app.add_middleware(
        Gate,
        body_limit=settings.api_body_bytes,
        photo_limit=settings.photo_bytes * 2 + settings.api_body_bytes,  # in Base64, and in that once more when sealed
        rate=settings.api_requests_per_second,
        burst=int(settings.api_requests_per_second * BURST_SECONDS),
        secure=app.state.secure,
        hosts=hosts_of(settings),
    )
    for part in PARTS:
        app.include_router(part.router, prefix=ROOT, responses=PROBLEMS)

    @app.get(f"{ROOT}/openapi.json", summary="This description", tags=["health"], response_class=JSONResponse)
    async def openapi(_caller: AsCaller) -> Response:
        """OpenAPI 3.1."""
        return JSONResponse(description_of(app))

    return app


def description_of(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document, with how to log in and the problem's schema."""
    if not app.openapi_schema:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes, servers=[{"url": "/"}]
        )
        components = document.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= {**problem.pop("$defs", {}), "Problem": problem}
        components["securitySchemes"] = {
            "session": {
                "type": "apiKey",
                "in": "cookie",
                "name": "citygrid_session",
                "description": "set by `POST /session`",
            }
        }
        document["security"] = [{"session": []}]
        for path, operations in document["paths"].items():
            if path == f"{ROOT}/session" or (path.startswith(OPEN_TO_ALL) and not path.endswith("/door")):
                for method, operation in operations.items():
                    if method != "delete":
                        operation["security"] = []
            for operation in operations.values():
                if "422" in operation["responses"]:
                    operation["responses"]["422"] = PROBLEMS[422]
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        app.openapi_schema = document
    return app.openapi_schema
