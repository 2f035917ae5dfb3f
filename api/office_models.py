"""Accounts, looks and dead letters: what administrators and operations read and send."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from api.models import Taken
from api.operations import Operation
from database.roles import Role
from runtime.http.language import Language

Scope = Annotated[str, StringConstraints(pattern=r"^([0-9]{6}|[0-9]{9}|[0-9]{12}|[0-9]{15})?$")]
Domain = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]


class Managed(BaseModel):
    """An account as an administrator sees it; nothing of its password."""

    id: UUID
    name: str = Field(examples=["panyu-w-3"])
    role: Role
    scope: str = Field(description="a prefix of the grid code; empty for the city")
    domains: list[str] | None = Field(description="of rules whose alerts it sees; null is all")
    department: str | None = Field(description="of role department: whose files it sees")
    language: Language
    shown_as: str | None = Field(description="what door plates call a grid worker")
    demo: bool
    created_at: datetime
    locked_at: datetime | None = Field(description="since when nobody logs in by it")
    used_at: datetime | None = Field(description="when a session of it that is open was used last; null: none is open")


class ManagedPage(BaseModel):
    items: list[Managed]
    counted: int = Field(description="accounts that fit, those on other pages included")
    next: str | None = Field(description="pass as `after`")
    departments: list[str] = Field(description="those that an account may belong to")
    domains: list[str] = Field(description="those that an account may be limited to")


class Rights(Taken):
    role: Role
    scope: Scope = Field("", description="a prefix of the grid code (6, 9, 12 or 15 digits); empty for the city")
    domains: list[Domain] | None = Field(None, min_length=1, max_length=40, description="null: all")
    department: str | None = Field(None, max_length=80, description="of role department: whose files it sees")


class NewAccount(Rights):
    name: str = Field(min_length=1, max_length=80, pattern=r"^\S+$", examples=["panyu-w-3"])
    language: Language = "zh"


class GivenPassword(BaseModel):
    """Shown once; it is kept nowhere."""

    id: UUID
    name: str
    password: str


class Lock(Taken):
    locked: bool


class ListedLook(BaseModel):
    id: UUID
    at: datetime
    account: str
    role: str
    scope: str
    view: str = Field(description="what the keys are of", examples=["resident", "alert", "account", "dead-letter"])
    keys: list[str] = Field(description="as the audit keeps them: pseudonyms and register numbers, at most 10")
    counted: int = Field(description="keys in all")
    purpose: str = Field(examples=["handle_case", "list"])
    case_id: UUID | None
    found: bool


class ListedLooks(BaseModel):
    items: list[ListedLook]
    next: UUID | None = Field(description="pass as `before`")


class WaitingLetter(BaseModel):
    """A record that no reader could read: where it stood and why, nothing that it says."""

    origin: str = Field(description="topic:partition:offset")
    department: str
    topic: str
    event_id: str | None
    reason: str
    kept_in: Literal["dead-letters", "parked"]
    put_aside_at: datetime
    replayed_at: datetime | None
    asked_name: str | None = Field(description="who wanted it sent back last")
    asked_at: datetime | None
    answer: Literal["sent", "gone", "unreadable", "not_ours"] | None = Field(
        description="null: not done yet; gone: its retention is over; unreadable: this version cannot read it either"
    )


class WaitingLetters(BaseModel):
    items: list[WaitingLetter] = Field(description="those that wait first; at most 200")
    waiting: int = Field(description="that were not sent back yet, those that are not listed included")


class Replay(Taken):
    origins: list[Annotated[str, StringConstraints(min_length=1, max_length=300)]] = Field(min_length=1, max_length=200)


class ReplayAsked(BaseModel):
    asked: int = Field(description="that will be sent back; others are not there, were sent or are asked for already")


class OperationPage(Operation):
    dashboards: dict[str, str] = Field(description="Grafana's, by name; empty: CITYGRID_GRAFANA_URL is not set")
