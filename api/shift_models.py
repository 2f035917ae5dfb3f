"""Who serves which grid when, and who is there now: what the API answers and takes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from api.models import Taken
from api.typed_text import WithoutNumber


class Worker(BaseModel):
    account: UUID = Field(description="for `assignee` of a list")
    name: str = Field(examples=["panyu-w-3"])
    scope: str = Field(description="a prefix of the grid code", examples=["440113001002003"])
    on_duty: bool = Field(
        description="the roster has this account now and its tablet was heard of within 10 minutes; where nobody keeps "
        "a roster, its session was used within the hour"
    )
    open: int = Field(description="tasks in hand", examples=[4])


class Workers(BaseModel):
    items: list[Worker]


class Shift(BaseModel):
    grid: str = Field(examples=["440113001002003"])
    begins: datetime
    ends: datetime
    worker: str = Field(examples=["panyu-w-3"])
    deputy: str | None = Field(description="who serves it where the worker does not")
    on_duty: str | None = Field(description="of one that runs now: who serves it and whose tablet is alive")
    ended_at: datetime | None = Field(description="when its worker handed over before its end")
    note: str | None = Field(description="to who comes next")
    planned_by: str | None = Field(description="the account, as it was called then; null: a file of `citygrid roster`")
    planned_at: datetime | None = Field(description="null: before this was recorded")


class PlannedShift(Taken):
    """Times of the city; an end at or before the beginning is on the day after."""

    begins: str = Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["08:00"])
    ends: str = Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["18:00"])
    worker: str = Field(min_length=1, max_length=80, examples=["panyu-w-3"])
    deputy: str | None = Field(None, min_length=1, max_length=80)


class PlannedDay(Taken):
    items: list[PlannedShift] = Field(max_length=24)


class Roster(BaseModel):
    items: list[Shift]


class Beat(BaseModel):
    """The caller's own shift, as the roster has it now."""

    shift_grid: str | None = Field(description="null: the roster has none for this account now")
    shift_ends_at: datetime | None
    is_deputy: bool | None
    note_of: str | None = Field(description="who handed this grid over last")
    note: str | None


class Position(Taken):
    """Where the tablet is, WGS 84. The last one only is kept, for as long as it can say who is nearest to a call."""

    lon: float = Field(ge=-180, le=180, examples=[113.36])
    lat: float = Field(ge=-90, le=90, examples=[22.94])
    age_s: float = Field(0, ge=0, le=86_400, description="how long ago, by the tablet's own clock")


class Alive(Taken):
    position: Position | None = Field(None, description="none: the worker does not allow it, or it is not known")


class ShiftEnd(Taken):
    note: WithoutNumber | None = Field(None, max_length=500, examples=["3 栋楼道杂物未清"])


class ShiftEnded(BaseModel):
    released: int = Field(description="tasks that went back to their queues")
