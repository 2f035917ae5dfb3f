"""What one glance answers: the head line, the map, the charts, how fresh each department is."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from api.database import AsCaller
from api.filters import AlertFilters
from api.models import GridPrefix
from api.overview_models import (
    Acknowledging,
    AlertsByRule,
    Feature,
    FeatureCollection,
    FreshnessList,
    Geometry,
    HourOfAcknowledging,
    HourOfRule,
    Summary,
)
from api.shift_models import Worker, Workers
from api.stream import fresh
from domain.time import CITY

router = APIRouter()

APART_PIXELS = 44
"""Two pins that are nearer than this are one: a pin of several is 36 pixels wide."""
BOX = r"^-?\d{1,3}(\.\d{1,9})?(,-?\d{1,3}(\.\d{1,9})?){3}$"
BOX_IS = "west,south,east,north in degrees: 113.1,22.8,113.5,23.1"
LEVELS = {6: "district", 9: "street", 12: "community", 15: "grid"}

Within = Annotated[GridPrefix | None, Query(description="only a district, street, community or grid of it")]
Parent = Annotated[GridPrefix, Query(description="a district, street or community; empty for the city")]


@router.get("/summary", summary="The head line", tags=["overview"])
async def summary(caller: AsCaller, grid: Within = None) -> Summary:
    """What needs somebody now, in the caller's area or a part of it. A day is a day of the city's time zone."""
    head = await caller.row("SELECT * FROM city.summary(%(area)s, %(zone)s)", {"area": grid or "", "zone": CITY.key})
    return Summary.model_validate(head)


@router.get("/workers", summary="Grid workers of the area", tags=["overview"])
async def workers(caller: AsCaller) -> Workers:
    """Those of a command centre's area, at most 1,000, those on duty first. Nobody else sees any."""
    return Workers(items=[Worker(**row) for row in await caller.rows("SELECT * FROM city.workers()")])


@router.get("/map/grids", summary="Areas with what is open in them", tags=["map"])
async def grids(caller: AsCaller, wanted: AlertFilters, parent: Parent = "") -> FeatureCollection:
    """The areas one level under `parent` as GeoJSON (WGS 84) with how many alerts of the list of the same filters lie
    in each (`open`), and how many of them are urgent. `grid` is `parent` here."""
    counted = await caller.rows(
        "SELECT * FROM city.map_areas(%(parent)s, %(wanted)s)", {"parent": parent, "wanted": wanted.filters}
    )
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


@router.get("/map/alerts", summary="Alerts as points and clusters", tags=["map"])
async def pins(
    caller: AsCaller,
    wanted: AlertFilters,
    zoom: Annotated[int, Query(ge=0, le=22, description="of a web map: 256 pixels are 360° / 2^zoom")] = 12,
    within: Annotated[str | None, Query(pattern=BOX, max_length=100, description=BOX_IS)] = None,
) -> FeatureCollection:
    """The alerts of the list of the same filters that lie somewhere. Those that would lie upon each other at `zoom` are
    one: their number (`alerts`), where they lie (`bounds`), the worst severity, and the first of them. The 1,000
    largest at most."""
    cell = 360 / 256 / 2**zoom * APART_PIXELS
    box = [float(degrees) for degrees in within.split(",")] if within else None
    listed = await caller.rows(
        "SELECT * FROM city.map_alerts(%(wanted)s, %(cell)s, %(box)s::float8[])",
        {"wanted": wanted.filters, "cell": cell, "box": box},
    )
    return FeatureCollection(features=[_pin(row) for row in listed])


def _pin(row: dict[str, Any]) -> Feature:
    bounds = [row["west"], row["south"], row["east"], row["north"]]
    return _feature(
        str(row["finding_id"]),
        {"type": "Point", "coordinates": [row["lon"], row["lat"]]},
        {field: row[field] for field in ("rule", "severity", "alerts")}
        | {"finding_id": str(row["finding_id"]), "bounds": bounds},
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
