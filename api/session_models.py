"""Who is signed in: what the API takes and answers about an account, its session and what its tablet seals."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from api.models import Purpose, Taken
from database.roles import Role
from runtime.http.language import Language


class Login(Taken):
    name: str = Field(min_length=1, max_length=80, examples=["panyu-centre"])
    password: str = Field(min_length=1, max_length=256, examples=["correct horse battery staple"])


class Preferences(Taken):
    language: Language = Field(description="of texts and problems for this account", examples=["en"])


class NewPassword(Taken):
    old: str = Field(min_length=1, max_length=256)
    new: str = Field(min_length=1, max_length=256, description="at least 12 characters, and nobody's default")


class PurposeName(BaseModel):
    name: Purpose = Field(examples=["handle_case"])
    zh: str = Field(examples=["办理本案"])
    en: str = Field(examples=["handling this case"])


class Area(BaseModel):
    grid: str = Field(description="a prefix of the grid code; empty for the city", examples=["440113"])
    name_zh: str = Field(examples=["番禺区"])
    name_en: str = Field(examples=["Panyu"])


class Me(BaseModel):
    id: UUID
    name: str = Field(examples=["panyu-centre"])
    role: Role
    scope: str = Field(description="a prefix of the grid code; empty for the city", examples=["440113"])
    domains: list[str] | None = Field(description="of rules whose alerts it sees; null is all", examples=[["benefits"]])
    language: Language
    area: Area | None = Field(description="the scope's name, where the city's map has one")
    session_ends_at: datetime = Field(description="at the latest; earlier when idle")
    purposes: list[PurposeName] = Field(description="the reasons that may be given for looking at a person")


class SealingKey(BaseModel):
    id: str = Field(examples=["k1"])
    key: str = Field(description="an uncompressed point of P-256 (65 bytes) in Base64")


class Sealed(Taken):
    sealed: str = Field(
        min_length=1, max_length=12_000_000, description="`<key id>.<point>.<iv>.<data>`: api/sealing.py"
    )


class Opened(BaseModel):
    content: Any = Field(description="what was sealed, as JSON")
