"""Published rows by view and id, and who looked at them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api import contested, people, quiet
from api.database import AsCaller, Caller
from api.masking import mask_row, views, whole_row
from api.problems import INVALID, NOT_FOUND, Refused, refuse
from api.row_models import CaseLook, CompanyLookup, LookedAt, Looks, Lookup, Row
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


@router.get("/rows/{view}/{key}", summary="A row", response_model=Row)
async def row(
    request: Request,
    caller: AsCaller,
    view: View,
    key: Key,
) -> Row | Response:
    """The newest row of one subject, personal fields masked; every look is recorded."""
    return await _row(request, caller, view, key, None)


@router.post("/rows/resident/lookup", summary="A resident by identity number", response_model=Row)
async def lookup(request: Request, caller: AsCaller, wanted: Lookup) -> Row | Response:
    """The number stays in the body: it is turned into the pseudonym here and kept nowhere."""
    try:
        key = request.app.state.pseudonyms().of_number(wanted.identity_number, eight_digits=TAIWAN_PERMIT)
    except InvalidCode:
        raise Refused(INVALID, detail=NOT_A_NUMBER) from None
    return await _row(request, caller, "resident", key, wanted)


@router.post("/rows/legal_person/lookup", summary="A legal person by credit code", response_model=Row)
async def look_up_company(request: Request, caller: AsCaller, wanted: CompanyLookup) -> Row | Response:
    """Written in any width or case; the look is recorded as everybody's is."""
    try:
        key = normalised_credit_code(wanted.credit_code)
    except InvalidCode:
        raise Refused(INVALID, detail=NOT_A_CODE) from None
    return await _row(request, caller, "legal_person", key, wanted)


# After the lookups, whose paths it would take.
@router.post("/rows/{view}/{key}", summary="A row with its personal fields", response_model=Row)
async def unmask_row(request: Request, caller: AsCaller, view: View, key: Key, look: CaseLook) -> Row | Response:
    """Whole, with a purpose of this account's role; `handle_case` names a case that concerns the row. Recorded."""
    return await _row(request, caller, view, key, look)


@router.get("/rows/{view}/{key}/looks", summary="Who looked at a row, and why")
async def looks(caller: AsCaller, view: View, key: Key, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Looks:
    """The newest looks that this account may know of: its own, and for an administrator everybody's."""
    statement = "SELECT * FROM city.looks(%(view)s, %(key)s, %(limit)s)"
    made = await caller.rows(statement, {"view": view, "key": key, "limit": limit})
    return Looks(items=[LookedAt(**one) for one in made])


async def _row(request: Request, caller: Caller, view: str, key: str, look: CaseLook | None) -> Row | Response:
    if view not in views() or (view != "legal_person" and holds_identity_number(key)):
        raise Refused(NOT_FOUND)  # no row has such a key, and the look would keep the number
    purpose, case = (look.purpose, look.case) if look else (None, None)
    read = await people.read(caller, view, [key], purpose, case)
    if not read:
        return refuse(request, NOT_FOUND)  # not raised: the look at nothing is committed
    row = read[0]
    return Row(
        view=view,
        id=row["id"],
        version=row["version"],
        updated_at=row["updated_at"],
        masked=look is None,
        unknown=await quiet.behind_row(caller, view),
        contested=await contested.of_row(caller, row["row"]),
        row=mask_row(view, row["row"]) if look is None else whole_row(view, row["row"]),
    )
