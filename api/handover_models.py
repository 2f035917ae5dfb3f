"""What a shift hands over to the next."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from api.shift_models import Shift

Severity = Literal["urgent", "today", "planned"]


class HandedTask(BaseModel):
    part: Literal["open", "suspended", "done"]
    task: UUID
    finding: UUID
    rule: str
    severity: Severity
    queue: str = Field(description="grid, district or city")
    address: str | None
    respond_by: datetime | None
    holder: str | None = Field(description="who has claimed it, if the caller may see the account")
    reason: str | None = Field(description="why it is suspended, or is asked to be")
    outcome: str | None
    by_name: str | None = Field(description="who completed it; null: it closed by itself")
    at: datetime | None = Field(description="when it was done")
    late: bool
    due_next: bool = Field(description="its deadline lies in the next shift")


class OpenCount(BaseModel):
    severity: Severity
    open: int
    late: int
    due_next: int


class Handover(BaseModel):
    scope: str = Field(description="the area: the caller's")
    begins: datetime
    until: datetime
    next_until: datetime = Field(description="when the next shift ends")
    counts: list[OpenCount]
    suspended: int
    done: int
    tasks: list[HandedTask] = Field(description="at most 200 of each part, by urgency and deadline")
    roster: list[Shift] = Field(description="shifts that run then or begin before the next one ends")
