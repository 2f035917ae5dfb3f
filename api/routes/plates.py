"""Door plates: what anybody learns who scans one, what they report, and what a grid worker finds there."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from api import doors, pictures
from api.database import AsCaller
from api.places import place_en, place_zh
from api.plate_models import CommunityLine, Door, NewReport, Plate, PlateMark, PlateMarks, ReportTaken
from api.problems import NOT_FOUND, TOO_MANY, Refused, refuse
from runtime.http.gate import Buckets, retry_after
from wire.values.identity_finder import masked

router = APIRouter(tags=["plates"])

Code = Annotated[
    str,
    Path(pattern=r"^[A-Z2-7]{26}$", description="as it stands on the plate", examples=["MFRGGZDFMZTWQ2LKNNWG23TPOA"]),
]
CATEGORIES = ("exit_blocked", "wiring", "building", "leak", "lighting", "rubbish", "noise", "other")
PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


class PlateLimits:
    """How often one address, and one plate, is answered. An address may be a whole street's: a carrier shares one."""

    def __init__(self) -> None:
        self._looks = Buckets(rate=2, burst=60)
        self._looks_of_plate = Buckets(rate=1, burst=60)
        self._reports = Buckets(rate=1 / 60, burst=20)

    def look(self, address: str, code: str) -> None:
        """Raises Refused (429)."""
        self._take(self._looks, address)
        self._take(self._looks_of_plate, hashlib.sha256(code.encode()).hexdigest())

    def report(self, address: str) -> None:
        """Raises Refused (429). How many of one plate: the database counts (`city.plate_can_report`)."""
        self._take(self._reports, address)

    @staticmethod
    def _take(buckets: Buckets, caller: str) -> None:
        if wait := buckets.wait(caller):
            raise Refused(TOO_MANY, headers=retry_after(wait))


@router.get("/plates", summary="Plates of the doors on one's route")
async def marks(caller: AsCaller) -> PlateMarks:
    """By the hash of their code, so that a tablet without a network finds the stop whose plate it scans. Only a grid
    worker has any."""
    rows = await caller.rows("SELECT * FROM city.my_plates()")
    return PlateMarks(items=[PlateMark(door=row["door"], sha256=row["code_sha256"].hex()) for row in rows])


@router.get("/plates/{code}", summary="What a door plate tells everybody")
async def plate(request: Request, response: Response, code: Code) -> Plate:
    """The address, who serves the grid, what the community tells. Nothing about who lives there; no account needed."""
    request.app.state.plate_limits.look(_address(request), code)
    async with request.app.state.pool.connection() as connection:
        cursor = await connection.execute("SELECT * FROM city.read_plate(%s)", (code,))
        row = await cursor.fetchone()
    if row is None:
        raise Refused(NOT_FOUND)
    response.headers.update(PRIVATE)
    return Plate(
        address=row["address"],
        name_zh=place_zh(row["names_zh"]),
        name_en=place_en(row["names_en"]),
        workers=row["workers"],
        lines=[CommunityLine(**line) for line in row["lines"]],
        categories=list(CATEGORIES),
    )


@router.post("/plates/{code}/reports", summary="Report something at this door", status_code=201)
async def report(request: Request, code: Code, body: NewReport) -> ReportTaken:
    """A person of the command centre looks at it before anything follows. Who sends it is not kept; the photo is made
    anew from its pixels. An identity number in the note is replaced by ▮; `note_masked` says so."""
    limits: PlateLimits = request.app.state.plate_limits
    limits.look(_address(request), code)
    async with request.app.state.pool.connection() as connection:
        cursor = await connection.execute("SELECT city.plate_can_report(%s) AS can", (code,))
        row = await cursor.fetchone()
    if row is None or row["can"] is None:
        raise Refused(NOT_FOUND)
    if not row["can"]:
        raise Refused(TOO_MANY, headers=retry_after(3600))
    limits.report(_address(request))
    note = body.note and masked(body.note)
    photo = await pictures.keep(request, body.photo) if body.photo else None
    try:
        async with request.app.state.pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT city.report_at_plate(%s, %s, %s, %s) AS id", (code, body.category, note or None, photo)
            )
            made = await cursor.fetchone()
    except BaseException:
        await pictures.forget(request, photo)
        raise
    return ReportTaken(id=made["id"], note_masked=note != body.note)


@router.get("/plates/{code}/door", summary="The door of a plate, for who serves it", response_model=Door)
async def door(request: Request, caller: AsCaller, code: Code) -> Door | Response:
    """Open tasks, who is registered there (masked), earlier visits, and who came and went since somebody was met; of a
    door that the account sees. Recorded."""
    row = await caller.row("SELECT city.door_of_plate(%(code)s) AS door", {"code": code})
    if row is None or row["door"] is None or caller.role != "grid_worker":
        return refuse(request, NOT_FOUND)
    return await doors.door(caller, row["door"])


def _address(request: Request) -> str:
    return request.client.host if request.client else "?"
