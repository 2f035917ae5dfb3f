"""The head's numbers, charts, the map and how fresh departments are: what the API answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from api.models import Severity


class Summary(BaseModel):
    open: int = Field(description="open alerts", examples=[128])
    urgent: int = Field(description="of them urgent", examples=[12])
    due_today: int = Field(
        description="of them those whose task is due for the rest of the city's day: `task=running&due=today`",
        examples=[41],
    )
    overdue: int = Field(description="of them those whose task is late: `task=running&due=overdue`", examples=[3])
    waiting_for_assignment: int = Field(
        description="of them those whose task nobody has claimed, outside a grid's queue: `task=waiting`", examples=[5]
    )
    escalated: int = Field(
        description="of them those that nobody acknowledged until the caller's level was told: `task=escalated`",
        examples=[1],
    )
    silenced: int = Field(
        description="open alerts that stand back behind a silence, not among `open`: `state=silenced`", examples=[17]
    )
    asking: int = Field(
        description="of them those whose worker asks for a suspension or more time: `task=asking`", examples=[2]
    )
    unanswered: int = Field(
        description="cases of which a department has let the time of its answer pass, at most 1,001: "
        "`state=any&task=unanswered`",
        examples=[1],
    )
    fed_back: int = Field(
        description="cases whose work was done and that no centre has verified yet, at most 1,001: "
        "`state=any&task=fed_back`",
        examples=[17],
    )
    workers_on_duty: int = Field(description="grid workers on duty: `on_duty` of `/workers`", examples=[212])
    mean_acknowledge_seconds: float | None = Field(
        description="dispatch to acknowledgement, last 24 h", examples=[240.0]
    )
    unknown: int = Field(description="findings of which nobody knows whether they hold, for a topic is quiet")
    opened_last_hour: int = Field(description="alerts opened in the last 60 minutes", examples=[12])


class Freshness(BaseModel):
    department: str = Field(examples=["police"])
    topic: str = Field(examples=["police.household-registration"])
    last_event_at: datetime | None
    limit_seconds: int = Field(description="the contract's own")
    kinds: list[str] = Field(description="what the topic states")
    records: int | None = Field(description="on the topic; null: not counted yet")
    delay_seconds: float | None = Field(description="now minus the newest event")
    stale: bool = Field(description="the delay is over the limit")


class FreshnessList(BaseModel):
    items: list[Freshness]


class HourOfRule(BaseModel):
    hour: datetime
    rule: str
    severity: Severity
    count: int


class AlertsByRule(BaseModel):
    items: list[HourOfRule]


class HourOfAcknowledging(BaseModel):
    hour: datetime
    count: int
    p50_seconds: float
    p90_seconds: float


class Acknowledging(BaseModel):
    count: int
    p50_seconds: float | None
    p90_seconds: float | None
    by_hour: list[HourOfAcknowledging]


class Geometry(BaseModel):
    type: str = Field(examples=["Polygon"])
    coordinates: list[Any] = Field(description="longitude, latitude in degrees, WGS 84 (RFC 7946)")


class Feature(BaseModel):
    type: Literal["Feature"] = "Feature"
    id: str
    geometry: Geometry | None
    properties: dict[str, Any]


class FeatureCollection(BaseModel):
    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[Feature]
