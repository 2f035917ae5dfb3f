"""Logging in and out, and who one is."""

from __future__ import annotations

import asyncio
import hashlib
import math
import secrets
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from psycopg import AsyncConnection
from psycopg.rows import DictRow

from api.database import AsCaller, Caller, SignedIn, cookie_name, entered, token_of
from api.problems import INVALID, LOGIN_REFUSED, TOO_MANY, Refused
from api.purposes import PURPOSES
from api.session_models import Area, Login, Me, NewPassword, Preferences
from database.passwords import PoorPassword, new_password, proof
from runtime import metrics
from runtime.http.language import Say
from runtime.production import SHORTEST_PASSWORD

router = APIRouter(tags=["session"])

WRONG = Say("原密码不正确。", "The old password is not right.")
POOR = Say(
    f"新密码至少 {SHORTEST_PASSWORD} 个字符，且不能是常见的默认密码。",
    f"A new password has at least {SHORTEST_PASSWORD} characters and is nobody's default.",
)


@router.post("/session", summary="Log in", response_model=Me)
async def log_in(request: Request, response: Response, login: Login) -> Me:
    """Opens a session; its token is in an HttpOnly, SameSite=Strict cookie only.

    A wrong password, an unknown name and a disabled account have the same answer in the same time. The session that
    this browser had before ends.
    """
    app = request.app.state
    settings, pool = app.settings, app.pool
    ticket, proved = await _prove(request, login.name, login.password)
    token = secrets.token_urlsafe(32)
    async with pool.connection() as connection:
        account = await _value(
            connection,
            "SELECT city.sign_in(%s, %s, %s, %s, %s) AS value",
            ticket,
            proved,
            hashlib.sha256(token.encode()).digest(),
            timedelta(hours=settings.session_hours),
            timedelta(minutes=settings.session_idle_minutes),
        )
    metrics.LOGINS.labels("refused" if account is None else "accepted").inc()
    if account is None:
        raise Refused(LOGIN_REFUSED)
    await _end_before(request)
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


@router.post("/me/password", summary="Change my password", status_code=204)
async def change_password(request: Request, caller: SignedIn, change: NewPassword) -> Response:
    """Takes the old password and a new one; the account's other sessions end. A wrong one is counted as at login."""
    app = request.app.state
    try:
        kept = await asyncio.to_thread(new_password, change.new)
    except PoorPassword:
        raise Refused(INVALID, detail=POOR) from None
    # A guess is counted in a transaction of its own, whatever becomes of the next one.
    ticket, proved = await _prove(request, caller.name, change.old)
    async with entered(app.pool, token_of(request), in_use=True) as again:
        statement = "SELECT city.change_password(%(ticket)s, %(proof)s, %(kdf)s, %(verifier)s) AS changed"
        values = {"ticket": ticket, "proof": proved, "kdf": kept.kdf, "verifier": kept.verifier}
        row = await again.row(statement, values)
    if not (row and row["changed"]):
        raise Refused(INVALID, detail=WRONG)
    return Response(status_code=204)


async def _end_before(request: Request) -> None:
    """Whoever signed out of this browser without a network did so before this one signed in."""
    with suppress(Refused):
        async with entered(request.app.state.pool, token_of(request), in_use=False) as before:
            await before.rows("SELECT city.logout()")


async def _me(caller: Caller) -> Me:
    area = await caller.row("SELECT * FROM city.my_area()")
    mine = [row["name"] for row in await caller.rows("SELECT * FROM city.my_purposes() AS name")]
    return Me(
        id=caller.account,
        name=caller.name,
        role=caller.role,
        scope=caller.scope,
        domains=caller.domains,
        language=caller.language,
        area=Area.model_validate(area) if area else None,
        session_ends_at=caller.session_ends_at,
        purposes=[PURPOSES[name] for name in mine],
    )


async def _prove(request: Request, name: str, password: str) -> tuple[UUID, bytes]:
    """The ticket of one guess, counted and committed, and the proof that it is good for. Raises Refused (429)."""
    app = request.app.state
    address = request.client.host if request.client else "?"
    limits = (app.settings.login_attempts_per_name, app.settings.login_attempts_per_address)
    async with app.pool.connection() as connection:
        wait = await _value(connection, "SELECT city.login_wait(%s, %s, %s, %s) AS value", name, address, *limits)
        if wait:  # before a core is spent on the password
            raise _too_early(wait)
        kdf = await _value(connection, "SELECT city.login_kdf(%s) AS value", name)
    async with app.password_turns:
        proved = await asyncio.to_thread(proof, kdf, password)
    async with app.pool.connection() as connection:
        statement = "SELECT city.login_attempt(%s, %s, %s, %s, %s) AS value"
        ticket = await _value(connection, statement, name, address, proved, *limits)
    if ticket is None:
        raise _too_early(timedelta(seconds=1))
    return ticket, proved


def _too_early(wait: timedelta) -> Refused:
    metrics.LOGINS.labels("limited").inc()
    return Refused(TOO_MANY, headers={"Retry-After": str(math.ceil(wait.total_seconds()))})


async def _value(connection: AsyncConnection[DictRow], statement: str, *parameters: object) -> Any:
    row = await (await connection.execute(statement, parameters)).fetchone()
    return row["value"] if row else None
