"""The HTTP application of the doors: its routes, its limits, what it holds while it runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response

from producers.doors import department_routes as departments
from producers.doors import device_routes as devices
from producers.doors.answers import ADDRESSES_REQUESTS, AWAY, KINDS, DoorGate
from producers.doors.batch import BatchRefused
from producers.doors.department_routes import Caller
from producers.doors.device_routes import DeviceProblem
from producers.doors.door import Door
from producers.doors.openapi import RESPONSES, VERSION, description_of
from producers.doors.relay import Away, Relay
from runtime.http import problems
from runtime.http.hosts import hosts_of
from runtime.settings import Settings
from wire.pseudonym import Pseudonyms

log = structlog.get_logger("citygrid.doors")
RETRY_AFTER = {"Retry-After": "5"}


def create_app(settings: Settings, failed: Callable[[], None] = lambda: None) -> FastAPI:
    """The application; its pools and its relay live from its start to its end (ASGI lifespan).

    `failed` is called if the relay ends by an error of ours. Raises SettingsRefused, KeyRefused.
    """
    pseudonyms = Pseudonyms.of(settings)
    relay = Relay(settings, pseudonyms, failed=failed)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        door = app.state.door = Door(settings, pseudonyms, relay)
        relay.start()
        door.reporting.start()
        try:
            async with door.pool, door.device_pool, door.call_pool:
                yield
        finally:
            relay.stop()
            door.reporting.stop()

    app = FastAPI(
        title="citygrid gateway",
        version=VERSION,
        lifespan=lifespan,
        openapi_url=None,  # served below, to those with a key
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.relay = relay
    problems.install(app, KINDS)
    app.add_exception_handler(BatchRefused, _refused_batch)
    app.add_exception_handler(Away, _away)
    app.add_exception_handler(DeviceProblem, devices.answer_problem)
    app.add_middleware(
        DoorGate,
        body_limit=settings.gateway_body_bytes,
        rate=settings.gateway_requests_per_second * ADDRESSES_REQUESTS,
        secure=settings.mode == "production",
        hosts=hosts_of(settings),
    )
    for part in (departments, devices):
        app.include_router(part.router, responses=RESPONSES)

    @app.get("/v1/openapi.json", summary="This description", tags=["departments"], responses=RESPONSES)
    async def openapi(holder: Caller) -> JSONResponse:
        """OpenAPI 3.1, with a schema for each contract of the caller's department."""
        return JSONResponse(description_of(app, holder.department))

    return app


def _refused_batch(request: Request, refused: Exception) -> Response:
    assert isinstance(refused, BatchRefused)  # noqa: S101 - what it is installed for
    language = problems.language_of(request)
    return problems.answer(
        refused.kind, language, request.state.request_id, detail=refused.detail, errors=refused.errors
    )


def _away(request: Request, away: Exception) -> Response:
    log.warning("door_waits", request=str(request.state.request_id), reason=str(away))
    return problems.answer(AWAY, problems.language_of(request), request.state.request_id, headers=RETRY_AFTER)
