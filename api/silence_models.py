"""Silences as the API takes and answers them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from api.models import GridPrefix, Taken
from api.typed_text import WithoutNumber


class NewSilence(Taken):
    rule: str = Field(min_length=1, max_length=80, examples=["newly-let"])
    area: GridPrefix = Field(description="a district, street, community or grid of the account's area; empty: the city")
    reason: WithoutNumber = Field(min_length=1, max_length=500, examples=["整栋改造，七月底前每日有施工方巡查"])
    ends_at: AwareDatetime = Field(description="within 90 days; it ends by itself")


class Silence(BaseModel):
    id: UUID
    rule: str = Field(examples=["newly-let"])
    area: str = Field(examples=["440113001"])
    reason: str
    made_by_name: str = Field(description="its owner, as they were called then", examples=["panyu-centre"])
    made_at: datetime
    ends_at: datetime
    ended_at: datetime | None = Field(description="null: it holds")
    ended_by_name: str | None = Field(description="who ended it before its time; null: it ended by itself, or holds")
    alerts: int = Field(description="open alerts of the caller's area that it silences now", examples=[17])
    may_end: bool = Field(description="whether this account may end it")


class Silences(BaseModel):
    items: list[Silence]
