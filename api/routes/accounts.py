"""Accounts and looks, for administrators. What each does is recorded by the database: docs/decisions/0044-offices.md"""

from __future__ import annotations

import asyncio
import secrets
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query, Request, Response

from api.database import AsCaller
from api.models import Nothing
from api.office_models import (
    GivenPassword,
    ListedLook,
    ListedLooks,
    Lock,
    Managed,
    ManagedPage,
    NewAccount,
    Rights,
)
from api.problems import INVALID, Refused
from database.passwords import Kept, keep
from database.roles import Role
from runtime.http.language import Say
from wire.contracts import departments_of
from wire.words import domains

router = APIRouter(tags=["admin"])

MOST_LOOKS, MOST_DAYS, MOST_KEYS = 100, 92, 10
NO_DEPARTMENT = Say("没有这个部门。", "There is no such department.")
NO_DOMAIN = Say("没有这个业务领域。", "There is no such domain of rules.")
BACKWARDS = Say(
    f"结束时间须晚于开始时间，且不超过 {MOST_DAYS} 天。",
    f"The end is after the beginning, by at most {MOST_DAYS} days.",
)


@router.get("/accounts", summary="Accounts")
async def accounts(
    caller: AsCaller,
    search: Annotated[str, Query(max_length=80, description="part of a name, or the beginning of a scope")] = "",
    role: Role | None = None,
    locked: bool | None = None,
    after: Annotated[str, Query(max_length=80, description="`next` of the page before")] = "",
    limit: Annotated[int, Query(ge=1, le=199)] = 100,
) -> ManagedPage:
    """By name. For administrators; the look is recorded."""
    asked = {"search": search.strip(), "role": role, "locked": locked, "after": after, "most": limit + 1}
    rows = await caller.rows(
        "SELECT * FROM city.accounts(%(search)s, %(role)s, %(locked)s, %(after)s, %(most)s)", asked
    )
    page = rows[:limit]
    return ManagedPage(
        items=[Managed(**{name: row[name] for name in Managed.model_fields}) for row in page],
        counted=rows[0]["counted"] if rows else 0,
        next=page[-1]["name"] if len(rows) > limit else None,
        departments=departments_of(),
        domains=sorted(domains()),
    )


@router.post("/accounts", summary="Make an account", status_code=201)
async def make(request: Request, response: Response, caller: AsCaller, body: NewAccount) -> GivenPassword:
    """Its random password is in the answer, once, and kept nowhere."""
    _check(body)
    password, kept = await _new_password(request)
    values = {**body.model_dump(), "kdf": kept.kdf, "verifier": kept.verifier}
    (row,) = await caller.rows(
        "SELECT city.make_account(%(name)s, %(kdf)s, %(verifier)s, %(role)s, %(scope)s, %(domains)s, %(language)s,"
        " %(department)s) AS id",
        values,
    )
    response.headers["Cache-Control"] = "no-store"
    return GivenPassword(id=row["id"], name=body.name, password=password)


@router.put("/accounts/{account_id}", summary="Give an account other rights", status_code=204)
async def change(caller: AsCaller, account_id: UUID, body: Rights) -> Response:
    """It is signed out everywhere, and what it had claimed goes back to its queues. 422: one's own account."""
    _check(body)
    await caller.rows(
        "SELECT city.change_account(%(id)s, %(role)s, %(scope)s, %(domains)s, %(department)s)",
        {"id": account_id, **body.model_dump()},
    )
    return Response(status_code=204)


@router.post("/accounts/{account_id}/lock", summary="Lock an account, or let it in again", status_code=204)
async def lock(caller: AsCaller, account_id: UUID, body: Lock) -> Response:
    """A locked one is signed out everywhere, and what it had claimed goes back to its queues; its history stays."""
    await caller.rows("SELECT city.lock_account(%(id)s, %(locked)s)", {"id": account_id, "locked": body.locked})
    return Response(status_code=204)


@router.post("/accounts/{account_id}/password", summary="Give an account a new password")
async def give_password(
    request: Request,
    response: Response,
    caller: AsCaller,
    account_id: UUID,
    _body: Annotated[Nothing, Body(default_factory=Nothing)],
) -> GivenPassword:
    """Random, in the answer once, kept nowhere; the account's sessions end."""
    password, kept = await _new_password(request)
    (row,) = await caller.rows(
        "SELECT city.give_password(%(id)s, %(kdf)s, %(verifier)s) AS name",
        {"id": account_id, "kdf": kept.kdf, "verifier": kept.verifier},
    )
    response.headers["Cache-Control"] = "no-store"
    return GivenPassword(id=account_id, name=row["name"], password=password)


@router.get("/looks", summary="Who looked at what, and did what")
async def looks(
    caller: AsCaller,
    since: Annotated[datetime, Query(alias="from", description="with an offset")],
    until: Annotated[datetime, Query(description=f"with an offset; at most {MOST_DAYS} days later")],
    account: Annotated[str | None, Query(max_length=80)] = None,
    view: Annotated[str | None, Query(max_length=40)] = None,
    before: Annotated[UUID | None, Query(description="`next` of the page before")] = None,
) -> ListedLooks:
    """The newest first, a hundred at once. For administrators; this look is recorded too."""
    if since.tzinfo is None or until.tzinfo is None or not timedelta(0) < until - since <= timedelta(days=MOST_DAYS):
        raise Refused(INVALID, detail=BACKWARDS)
    asked = {
        "account": account or None,
        "view": view or None,
        "since": since,
        "until": until,
        "before": before,
        "most": MOST_LOOKS + 1,
    }
    rows = await caller.rows(
        "SELECT * FROM city.looks_by(%(account)s, %(view)s, %(since)s, %(until)s, %(before)s, %(most)s)", asked
    )
    page = rows[:MOST_LOOKS]
    return ListedLooks(
        items=[ListedLook(**{**row, "keys": row["keys"][:MOST_KEYS], "counted": len(row["keys"])}) for row in page],
        next=page[-1]["id"] if len(rows) > MOST_LOOKS else None,
    )


def _check(rights: Rights) -> None:
    if rights.department is not None and (rights.role != "department" or rights.department not in departments_of()):
        raise Refused(INVALID, detail=NO_DEPARTMENT)
    if rights.domains is not None and not domains() >= set(rights.domains):
        raise Refused(INVALID, detail=NO_DOMAIN)


async def _new_password(request: Request) -> tuple[str, Kept]:
    password = secrets.token_urlsafe(15)
    async with request.app.state.password_turns:
        return password, await asyncio.to_thread(keep, password)
