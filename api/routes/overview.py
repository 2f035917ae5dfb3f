"""What one glance answers: the head line, the map, the charts, how fresh each department is."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from api.database import AsCaller, filters
from api.models import (
    Acknowledging,
    AlertsByRule,
    Feature,
    FeatureCollection,
    FreshnessList,
    Geometry,
    GridPrefix,
    HourOfAcknowledging,
    HourOfRule,
    Severity,
    Summary,
)
from api.stream import fresh
from domain.time import CITY

router = APIRouter()

LEVELS = {6: "district", 9: "street", 12: "community", 15: "grid"}

Parent = Annotated[GridPrefix, Query(description="a district, street or community; empty for the city")]


@router.get("/summary", summary="The head line", tags=["overview"])
async def summary(caller: AsCaller) -> Summary:
    """What needs somebody now, in the caller's area. A day is a day of the city's time zone."""
    head = await caller.row("SELECT * FROM city.summary(%(zone)s)", {"zone": CITY.key})
    return Summary.model_validate(head)


@router.get("/map/grids", summary="Areas with what is open in them", tags=["map"])
async def grids(caller: AsCaller, parent: Parent = "") -> FeatureCollection:
    """The areas one level under `parent` as GeoJSON (WGS 84) with the open and urgent alerts in the caller's area."""
    counted = await caller.rows("SELECT * FROM city.map_areas(%(parent)s)", {"parent": parent})
    return FeatureCollection(
        features=[
            _feature(
                row["grid"],
                row["geometry"],
                {"grid": row["grid"], "level": LEVELS[len(row["grid"])]}
                | {field: row[field] for field in ("name_zh", "name_en", "open", "urgent")},
            )
            for row in counted
        ]
    )


@router.get("/map/alerts", summary="Open alerts as points", tags=["map"])
async def pins(
    caller: AsCaller,
    parent: Parent = "",
    severity: Severity | None = None,
    rule: Annotated[str | None, Query(max_length=80, pattern=r"^[^\x00]*$")] = None,
) -> FeatureCollection:
    """At most 1,000 open alerts with a place, in the order of the list."""
    wanted = filters(area=parent, severity=severity, rule=rule)
    listed = await caller.rows("SELECT * FROM city.map_alerts(%(wanted)s)", {"wanted": wanted})
    return FeatureCollection(
        features=[
            _feature(
                str(row["finding_id"]),
                {"type": "Point", "coordinates": [row["lon"], row["lat"]]},
                {"finding_id": str(row["finding_id"]), "rule": row["rule"], "severity": row["severity"]},
            )
            for row in listed
        ]
    )


@router.get("/freshness", summary="How late each department is", tags=["overview"])
async def freshness(caller: AsCaller) -> FreshnessList:
    """The newest event of each topic, and whether it is older than the topic's limit."""
    return FreshnessList(items=await fresh(caller))


@router.get("/stats/alerts-by-rule", summary="Alerts of 24 hours by rule and hour", tags=["statistics"])
async def alerts_by_rule(caller: AsCaller) -> AlertsByRule:
    """How many alerts each rule opened in each of the last 24 hours; hours without one are left out."""
    return AlertsByRule(items=[HourOfRule(**row) for row in await caller.rows("SELECT * FROM city.alerts_by_rule()")])


@router.get("/stats/acknowledge", summary="Time from dispatch to acknowledgement", tags=["statistics"])
async def acknowledging(caller: AsCaller) -> Acknowledging:
    """Median and 90th percentile of the last 24 hours, as a whole and by the hour."""
    whole, *hours = await caller.rows("SELECT * FROM city.acknowledging()")
    return Acknowledging(
        **{field: whole[field] for field in ("count", "p50_seconds", "p90_seconds")},
        by_hour=[HourOfAcknowledging(**row) for row in hours],
    )


def _feature(key: str, geometry: Any, properties: dict[str, Any]) -> Feature:
    shape = Geometry.model_validate(geometry) if geometry else None
    kind: Literal["Feature"] = "Feature"
    return Feature(type=kind, id=key, geometry=shape, properties=properties)
