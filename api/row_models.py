"""A row, who is looked at and why, and who has looked: what the API takes and answers about it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from api.case_models import ContestedFact
from api.models import Purpose, QuietTopic, Taken
from database.roles import Role


class Look(Taken):
    purpose: Purpose = Field(description="why this account looks; it is recorded and shown to those entitled")


class CaseLook(Look):
    case: UUID | None = Field(None, description="the finding whose case is handled; `handle_case` names one")


class Lookup(CaseLook):
    identity_number: str = Field(
        min_length=7,
        max_length=60,
        description="in the body, never in a URL: an identity number of 15 or 18 characters, or another document's "
        "number, perhaps with its kind before it: `passport:E12345678`",
        examples=["11010519491231002X"],
    )


class CompanyLookup(CaseLook):
    credit_code: str = Field(
        min_length=18,
        max_length=60,
        description="18 characters, GB 32100, in any width and grouping",
        examples=["91440101MA5CQ1XX3G"],
    )


class Row(BaseModel):
    view: str
    id: str
    version: int
    updated_at: datetime
    masked: bool = Field(description="names, phones and addresses are masked until a purpose is given")
    unknown: list[QuietTopic] = Field(
        description="topics that may state facts of this row and are quiet: what they said may hold no more, what is "
        "missing may be there"
    )
    contested: list[ContestedFact] = Field(description="statements of the row that are contested")
    row: dict[str, Any] = Field(description="as `schemas/rows/<view>.avsc` says")


class LookedAt(BaseModel):
    at: datetime
    account: str
    role: Role
    purpose: str


class Looks(BaseModel):
    items: list[LookedAt]
