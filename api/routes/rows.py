"""Published rows by view and id, and who looked at them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from psycopg import sql

from api import quiet
from api.database import AsCaller, Caller
from api.masking import mask_row, views, whole_row
from api.models import CompanyLookup, LookedAt, Looks, Lookup, Purpose, Row
from api.problems import INVALID, NOT_FOUND, Refused, refuse
from domain.codes import InvalidCode, normalised_credit_code
from runtime.http.language import Say
from wire.values.documents import TAIWAN_PERMIT
from wire.values.identity_finder import holds_identity_number

router = APIRouter(tags=["rows"])

View = Annotated[str, Path(pattern=r"^[a-z][a-z_]{0,40}$", examples=["household"])]
Key = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00]+$", examples=["H-20113"])]
NOT_A_CODE = Say("不是有效的统一社会信用代码。", "This is not a valid unified social credit code.")
NOT_A_NUMBER = Say(
    "不是有效的身份证件号码；非居民身份证的，可在号码前写明证件类型，如“护照:E12345678”。",
    "This is not a valid identity number; of another document, its kind may stand before it: passport:E12345678.",
)
LOOKED_WITHOUT = "list"
"""What is recorded as the purpose of a look at a masked row: none was given."""


@router.get("/rows/{view}/{key}", summary="A row", response_model=Row)
async def row(
    request: Request,
    caller: AsCaller,
    view: View,
    key: Key,
    purpose: Annotated[Purpose | None, Query(description="unmasks personal fields; recorded")] = None,
) -> Row | Response:
    """The newest row of one subject. Personal fields are masked until a purpose is given; every look is recorded."""
    return await _row(request, caller, view, key, purpose)


@router.post("/rows/resident/lookup", summary="A resident by identity number", response_model=Row)
async def lookup(request: Request, caller: AsCaller, wanted: Lookup) -> Row | Response:
    """The number stays in the body: it is turned into the pseudonym here and kept nowhere."""
    try:
        key = request.app.state.pseudonyms().of_number(wanted.identity_number, eight_digits=TAIWAN_PERMIT)
    except InvalidCode:
        raise Refused(INVALID, detail=NOT_A_NUMBER) from None
    return await _row(request, caller, "resident", key, wanted.purpose)


@router.post("/rows/legal_person/lookup", summary="A legal person by credit code", response_model=Row)
async def look_up_company(request: Request, caller: AsCaller, wanted: CompanyLookup) -> Row | Response:
    """Written in any width or case; the look is recorded as everybody's is."""
    try:
        key = normalised_credit_code(wanted.credit_code)
    except InvalidCode:
        raise Refused(INVALID, detail=NOT_A_CODE) from None
    return await _row(request, caller, "legal_person", key, wanted.purpose)


@router.get("/rows/{view}/{key}/looks", summary="Who looked at a row, and why")
async def looks(caller: AsCaller, view: View, key: Key, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Looks:
    """The newest looks that this account may know of: its own, and for an administrator everybody's."""
    listed = await caller.rows(
        "SELECT l.at, a.name AS account, a.role, l.purpose FROM city.look l JOIN city.account a ON a.id = l.account "
        "WHERE l.view = %(view)s AND l.key = %(key)s ORDER BY l.at DESC, l.id LIMIT %(limit)s",
        {"view": view, "key": key, "limit": limit},
    )
    return Looks(items=[LookedAt(**one) for one in listed])


async def _row(request: Request, caller: Caller, view: str, key: str, purpose: str | None) -> Row | Response:
    if view not in views() or (view != "legal_person" and holds_identity_number(key)):
        raise Refused(NOT_FOUND)  # no row has such a key, and the look would keep the number
    row_found = await _found(caller, view, key)
    await caller.rows(
        "SELECT city.look_at(%(view)s, %(key)s, %(purpose)s, %(found)s)",
        {"view": view, "key": key, "purpose": purpose or LOOKED_WITHOUT, "found": row_found is not None},
    )
    if row_found is None:
        return refuse(request, NOT_FOUND)
    shown = whole_row(view, row_found["row"]) if purpose else mask_row(view, row_found["row"])
    return Row(
        view=view,
        id=row_found["id"],
        version=row_found["version"],
        updated_at=row_found["updated_at"],
        masked=not purpose,
        unknown=await quiet.behind_row(caller, view),
        row=shown,
    )


async def _found(caller: Caller, view: str, key: str) -> dict[str, Any] | None:
    statement = sql.SQL("SELECT id, version, updated_at, row FROM city.{} WHERE id = %(key)s LIMIT 1")
    cursor = await caller.connection.execute(statement.format(sql.Identifier(view)), {"key": key})
    return await cursor.fetchone()
