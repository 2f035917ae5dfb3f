"""What a department handed over and what became of it: its last files, lines to be mended, dead letters."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, NamedTuple

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.database import AsCaller, Caller
from api.problems import NOT_FOUND, Refused
from wire.contracts import departments_of

router = APIRouter(tags=["department"])

FILES, LINES, LETTERS = 50, 500, 100

Door = Literal["file", "gateway", "outbox"]


class Rejection(BaseModel):
    field: str = Field(description="the column, or the contract's field", examples=["出生日期"])
    reason: str = Field(description="without the value", examples=["is not a date such as 20260131"])
    lines: int


class HandedOver(BaseModel):
    door: Door
    source: str = Field(description="the file's name; of the other doors the topic, a line a day")
    at: datetime
    form: str = Field(examples=["workbook"])
    lines: int
    events: dict[str, int] = Field(description="on the wire, by kind")
    rejected_lines: int
    rejected: list[Rejection]
    mended_lines: int = Field(description="rejected earlier, and taken with this one")
    not_records: int
    unused: list[str] = Field(description="columns and sheets that were not read")
    held_back: int | None = Field(description="alerts held back; null: not asked")
    refused: str | None = Field(description="why nothing of it was taken")


class RejectedLine(BaseModel):
    door: Door
    source: str
    at: datetime
    place: str = Field(description="the line's number, in a workbook of several tables with its sheet")
    field: str
    reason: str
    topic: str | None
    record: str | None = Field(description="the register's number; null: it could not be read, or may not be shown")
    kind: str | None


class Letter(BaseModel):
    origin: str = Field(description="topic:partition:offset")
    topic: str
    event_id: str | None
    reason: str
    kept_in: Literal["dead-letters", "parked"]
    put_aside_at: datetime
    replayed_at: datetime | None


class DepartmentPage(BaseModel):
    department: str | None = Field(description="null: the caller's account belongs to none")
    departments: list[str] = Field(description="those that the caller may ask for")
    open_lines: int = Field(description="rejected lines that wait to be mended, those that are not listed included")
    waiting_letters: int = Field(description="dead letters that were not sent back yet")
    files: list[HandedOver] = Field(description=f"the last {FILES}")
    lines: list[RejectedLine] = Field(description=f"at most {LINES}; nothing of a line but its register's number")
    letters: list[Letter] = Field(description=f"the last {LETTERS}")


class Seen(NamedTuple):
    department: str | None
    allowed: list[str]


async def seen_department(caller: Caller, named: str | None) -> Seen:
    """Which department the caller looks at, and at which ones they may. Raises Refused (404)."""
    mine = await caller.row("SELECT city.my_department() AS name")
    own = mine["name"] if mine else None
    allowed = [own] if own else departments_of() if caller.role in ("ops", "admin") else []
    if named is not None and named not in allowed:
        raise Refused(NOT_FOUND)
    return Seen(named or next(iter(allowed), None), allowed)


@router.get("/department", summary="What a department handed over, and what became of it")
async def department(
    caller: AsCaller,
    department: Annotated[str | None, Query(max_length=80, description="for operations and administrators")] = None,
) -> DepartmentPage:
    """The caller's own department; operations and administrators name one. 404: one that the caller may not see."""
    wanted, allowed = await seen_department(caller, department)
    asked = {"department": wanted, "files": FILES, "lines": LINES, "letters": LETTERS}
    files = await caller.rows("SELECT * FROM city.publications_of(%(department)s, %(files)s)", asked)
    lines = await caller.rows("SELECT * FROM city.rejected_of(%(department)s, %(lines)s)", asked)
    letters = await caller.rows("SELECT * FROM city.put_aside_of(%(department)s, %(letters)s)", asked)
    return DepartmentPage(
        department=wanted,
        departments=allowed,
        open_lines=lines[0]["counted"] if lines else 0,
        waiting_letters=letters[0]["waiting"] if letters else 0,
        files=[HandedOver(**row) for row in files],
        lines=[RejectedLine(**{name: row[name] for name in RejectedLine.model_fields}) for row in lines],
        letters=[Letter(**{name: row[name] for name in Letter.model_fields}) for row in letters],
    )
