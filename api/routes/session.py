"""Logging in and out, and who one is."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from datetime import timedelta

from fastapi import APIRouter, Request, Response
from psycopg import AsyncConnection
from psycopg.rows import DictRow

from api.database import AsCaller, Caller, Pool, cookie_name, entered
from api.models import Area, Login, Me, Preferences
from api.problems import LOGIN_REFUSED, TOO_MANY, Refused
from api.purposes import PURPOSES
from database.passwords import proof
from runtime import metrics

router = APIRouter(tags=["session"])

RETRY_SECONDS = 15 * 60


@router.post("/session", summary="Log in", response_model=Me)
async def log_in(request: Request, response: Response, login: Login) -> Me:
    """Opens a session; its token is in an HttpOnly, SameSite=Strict cookie only.

    A wrong password, an unknown name and a disabled account have the same answer in the same time.
    """
    app = request.app.state
    settings, pool = app.settings, app.pool
    if not await _may_try(pool, request, login.name):
        metrics.LOGINS.labels("limited").inc()
        raise Refused(TOO_MANY, headers={"Retry-After": str(RETRY_SECONDS)})
    async with pool.connection() as connection:
        kdf = await _value(connection, "SELECT city.login_kdf(%s) AS value", login.name)
    async with app.password_turns:
        proved = await asyncio.to_thread(proof, kdf, login.password)
    token = secrets.token_urlsafe(32)
    async with pool.connection() as connection:
        account = await _value(
            connection,
            "SELECT city.sign_in(%s, %s, %s, %s, %s) AS value",
            login.name,
            proved,
            hashlib.sha256(token.encode()).digest(),
            timedelta(hours=settings.session_hours),
            timedelta(minutes=settings.session_idle_minutes),
        )
    metrics.LOGINS.labels("refused" if account is None else "accepted").inc()
    if account is None:
        raise Refused(LOGIN_REFUSED)
    response.set_cookie(
        cookie_name(app.secure),
        token,
        max_age=int(settings.session_hours * 3600),
        httponly=True,
        samesite="strict",
        secure=app.secure,
        path="/",
    )
    async with entered(pool, token, in_use=True) as caller:
        request.state.account = caller.account
        return await _me(caller)


@router.delete("/session", summary="Log out", status_code=204)
async def log_out(request: Request, caller: AsCaller) -> Response:
    """Ends this session; its streams end within the time of one re-check."""
    await caller.rows("SELECT city.logout()")
    response = Response(status_code=204)
    secure = request.app.state.secure
    response.delete_cookie(cookie_name(secure), path="/", httponly=True, samesite="strict", secure=secure)
    return response


@router.get("/me", summary="Who I am", response_model=Me)
async def me(caller: AsCaller) -> Me:
    """The account of this session, its area and the purposes it may give for looking at a person."""
    return await _me(caller)


@router.patch("/me", summary="Change my language", response_model=Me)
async def change_me(caller: AsCaller, preferences: Preferences) -> Me:
    """Remembers the language of this account's texts and problems."""
    await caller.rows("SELECT city.set_language(%(language)s)", {"language": preferences.language})
    return (await _me(caller)).model_copy(update={"language": preferences.language})


async def _me(caller: Caller) -> Me:
    area = await caller.row(
        "SELECT grid, name_zh, name_en FROM city.grid_area WHERE grid = %(scope)s LIMIT 1", {"scope": caller.scope}
    )
    return Me(
        id=caller.account,
        name=caller.name,
        role=caller.role,
        scope=caller.scope,
        domains=caller.domains,
        language=caller.language,
        area=Area.model_validate(area) if area else None,
        session_ends_at=caller.session_ends_at,
        purposes=PURPOSES,
    )


async def _may_try(pool: Pool, request: Request, name: str) -> bool:
    """Counts the attempt, in a transaction of its own so that it counts whatever comes after."""
    settings = request.app.state.settings
    address = request.client.host if request.client else "?"
    limits = (settings.login_attempts_per_name, settings.login_attempts_per_address)
    async with pool.connection() as connection:
        statement = "SELECT city.may_try(%s, %s, %s, %s) AS value"
        return bool(await _value(connection, statement, name, address, *limits))


async def _value(connection: AsyncConnection[DictRow], statement: str, *parameters: object) -> str:
    row = await (await connection.execute(statement, parameters)).fetchone()
    return row["value"] if row else None  # type: ignore[return-value]
