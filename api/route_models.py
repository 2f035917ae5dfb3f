"""Today's route: what the API answers and takes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from api.models import Severity, Taken


class Position(Taken):
    """Degrees, WGS 84."""

    lon: float = Field(ge=-180, le=180, examples=[113.36])
    lat: float = Field(ge=-90, le=90, examples=[22.94])


class RouteWish(Taken):
    position: Position | None = Field(None, description="where the worker is; it is not kept")
    before: list[Annotated[str, Field(max_length=80)]] = Field(
        default_factory=list, max_length=200, description="keys of the stops in the order that the worker has in hand"
    )
    anew: bool = Field(False, description="plan all from scratch, whatever `before` says")


class RouteReason(BaseModel):
    kind: Literal["sos", "urgent", "late", "due", "opens", "near", "no_place", "closed", "no_time", "for_urgent"] = (
        Field(
            description="of a stop's place: sos, urgent, late or due (`at`), opens (`at`, `until`), near (`metres`), "
            "no_place (no coordinates); of one left out: closed, no_time; of who gave way: for_urgent (`key` came in)"
        )
    )
    at: datetime | None = None
    until: datetime | None = None
    metres: int | None = None
    key: str | None = None


class Patrol(BaseModel):
    """A recurring visit of the patrol plan that is due today."""

    id: UUID
    kind: str = Field(examples=["low_income"])
    title_zh: str = Field(examples=["低收入家庭走访"])
    title_en: str = Field(examples=["low-income family"])
    severity: Severity
    every_days: int
    last_at: datetime | None = Field(description="when somebody was met there last")
    spot: str | None = Field(description="a component's code, where it is no door", examples=["A-0173"])
    address: str | None


class RoutePart(BaseModel):
    key: str = Field(description="a door's number, or the id of what has no door")
    tasks: list[UUID] = Field(description="open tasks of this account's queues that are answered in this one visit")
    patrols: list[Patrol]
    lon: float | None
    lat: float | None


class RouteStop(RoutePart):
    begin_at: datetime = Field(description="when the visit is expected to begin")
    leave_at: datetime
    metres: int | None = Field(description="on foot from the stop before, estimated; null: not known")
    reasons: list[RouteReason] = Field(description="why it stands here")


class RouteLeft(RoutePart):
    reason: RouteReason


class RouteMoved(BaseModel):
    key: str
    reason: RouteReason


class RoutePlan(BaseModel):
    made_at: datetime
    shift_ends_at: datetime
    stops: list[RouteStop]
    left: list[RouteLeft] = Field(description="what does not fit into the shift")
    moved: list[RouteMoved] = Field(description="what an urgent stop moved against `before`")
    line: list[tuple[float, float]] = Field(description="from the position on, longitude and latitude in WGS 84")


class PatrolVisit(BaseModel):
    """The answer to a recurring visit; sent again it is the same."""

    id: UUID
    seen_at: datetime
    sent_at: datetime
    note_masked: bool
