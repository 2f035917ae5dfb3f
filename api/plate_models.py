"""What the API answers and takes about door plates and what is reported there."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from api.models import Place, Report, ReportCategory, Taken, Task
from api.pictures import Base64
from api.typed_text import WithoutNumber

LineKind = Literal["profile", "office", "doctor", "housekeeper", "restaurant", "pharmacy", "police", "repair", "other"]


class CommunityLine(BaseModel):
    kind: LineKind = Field(examples=["doctor"])
    name_zh: str = Field(examples=["先锋社区卫生服务站"])
    name_en: str | None
    about_zh: str | None
    about_en: str | None
    address: str | None
    phone: str | None = Field(examples=["020-8480 0000"])
    hours: str | None = Field(examples=["8:00-12:00 14:30-17:30"])


class Plate(BaseModel):
    address: str | None = Field(examples=["先锋社区右街 12 号"])
    name_zh: str | None = Field(description="street, community and grid", examples=["市桥街道 先锋社区 03网格"])
    name_en: str | None
    workers: list[str] = Field(description="who serves this grid, as they allow to be called", examples=[["小王"]])
    lines: list[CommunityLine] = Field(description="what the community tells of itself and of services nearby")
    categories: list[ReportCategory] = Field(description="what can be reported")


class NewReport(Taken):
    category: ReportCategory
    note: str | None = Field(None, max_length=500, description="an identity number in it is replaced by ▮")
    photo: Base64 | None = None


class ReportTaken(BaseModel):
    id: UUID = Field(description="to name the report by when asking about it")
    note_masked: bool = Field(description="an identity number in the note was replaced by ▮")


class Reports(BaseModel):
    items: list[Report]
    next: str | None = Field(description="`cursor` of the next page; null on the last")
    waiting: int = Field(description="how many of the caller's area wait for a person")


class Decline(Taken):
    reason: Annotated[WithoutNumber, Field(min_length=1, max_length=500)]


class PlateMark(BaseModel):
    door: str = Field(examples=["D-1"])
    sha256: str = Field(description="of the plate's code, in hexadecimal")


class PlateMarks(BaseModel):
    items: list[PlateMark]


class VisitBefore(BaseModel):
    at: datetime
    by: str | None
    rule: str | None = Field(description="of the task", examples=["newly-let"])
    kind: str | None = Field(description="of the recurring visit", examples=["rental"])
    outcome: str | None = Field(examples=["done"])
    note: str | None


class DoorVisits(BaseModel):
    items: list[VisitBefore]


class NewPhoto(Taken):
    photo: Base64
    taken_at: AwareDatetime
    also: list[UUID] = Field(default_factory=list, max_length=20, description="other tasks of the same door")


class Photo(BaseModel):
    id: UUID


class Occupant(BaseModel):
    name: str | None = Field(description="masked", examples=["周*"])
    relation: str | None = Field(examples=["head"])
    since: str | None = Field(description="the day from which they are registered or let in", examples=["2026-03-01"])


class Change(BaseModel):
    kind: Literal["let", "let_ended", "tenant_in", "tenant_out", "registered"]
    on: str = Field(description="the day", examples=["2026-03-01"])
    name: str | None = Field(description="masked; null where it is nobody's in particular", examples=["李*"])


class Door(BaseModel):
    dwelling: str
    place: Place | None
    tasks: list[Task] = Field(description="open ones of the caller's queues")
    occupants: list[Occupant]
    visits: list[VisitBefore] = Field(description="the newest first")
    last_visit_at: datetime | None = Field(description="of the newest that met someone")
    changes: list[Change] = Field(description="who came and went since then; since ever where nobody was met")
