"""Calls for help: what a desk and the workers who were told of one see."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from api.models import Place


class Told(BaseModel):
    name: str = Field(examples=["panyu-w-3"])
    at: datetime
    metres: int | None = Field(description="from the call's door; null: no position was known")


class Call(BaseModel):
    task: UUID
    finding_id: UUID
    rule: str = Field(examples=["button-sos"])
    state: Literal["dispatched", "acknowledged"]
    queue: str
    dispatched_at: datetime
    why_zh: str
    why_en: str
    acknowledged_at: datetime | None
    by: str | None = Field(description="who has claimed it")
    mine: bool
    may_answer: bool
    sees_case: bool = Field(description="it lies in the caller's own area: the case can be opened")
    place: Place | None
    next_at: datetime | None = Field(description="when the next is told; null: somebody has acknowledged it")
    desk_at: datetime | None = Field(description="when the desk was told; null: not yet")
    told_at: datetime | None = Field(description="when the caller was told")
    told: list[Told] = Field(description="workers, in their order; for desks only")


class Calls(BaseModel):
    items: list[Call]
