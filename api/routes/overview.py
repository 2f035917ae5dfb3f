"""What one glance answers: the head line, the map, the charts, how fresh each department is."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request

from api.database import AsCaller
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

router = APIRouter()

SUMMARY = """
SELECT
    (SELECT count(*) FROM city.alert WHERE state = 'opened') AS open,
    (SELECT count(*) FROM city.alert WHERE state = 'opened' AND severity = 'urgent') AS urgent,
    (SELECT count(*) FROM city.alert WHERE unknown AND state <> 'resolved') AS unknown,
    (SELECT count(*) FROM city.alert
     WHERE opened_at > now() - interval '1 hour' AND state <> 'held') AS opened_last_hour,
    t.due_today, t.overdue, t.waiting AS waiting_for_assignment, d.mean_acknowledge_seconds,
    city.workers_on_duty() AS workers_on_duty
FROM (
    SELECT count(*) FILTER (WHERE respond_by >= now()
               AND (respond_by AT TIME ZONE %(zone)s)::date = (now() AT TIME ZONE %(zone)s)::date) AS due_today,
           count(*) FILTER (WHERE respond_by < now()) AS overdue,
           count(*) FILTER (WHERE state = 'dispatched' AND claimed_by IS NULL AND length(queue) < 15) AS waiting
    FROM city.task WHERE state IN ('dispatched', 'acknowledged')
) t, (
    SELECT extract(epoch FROM avg(acknowledged_at - dispatched_at))::float8 AS mean_acknowledge_seconds
    FROM city.task WHERE acknowledged_at > now() - interval '24 hours'
) d
"""

# Every area of the next level under `parent`, whether anything is open there or not.
GRIDS = """
SELECT g.grid, g.name_zh, g.name_en, g.geometry, coalesce(c.open, 0) AS open, coalesce(c.urgent, 0) AS urgent
FROM city.grid_area g
LEFT JOIN (
    SELECT left(p.grid, %(length)s) AS grid, count(*) AS open, count(*) FILTER (WHERE a.severity = 'urgent') AS urgent
    FROM city.alert a JOIN city.placement p ON p.dwelling = a.dwelling
    WHERE a.state = 'opened' AND p.grid >= %(parent)s AND p.grid < %(parent)s || 'z'
    GROUP BY 1
) c ON c.grid = g.grid
WHERE g.parent = %(parent)s ORDER BY g.grid LIMIT 1000
"""
LEVELS = {6: "district", 9: "street", 12: "community", 15: "grid"}

PINS = """
SELECT a.finding_id, a.rule, a.severity, spot.lon, spot.lat
FROM city.alert a JOIN city.placement p ON p.dwelling = a.dwelling
LEFT JOIN city.grid_area g ON starts_with(p.dwelling, 'grid/') AND g.grid = p.grid,
    LATERAL (SELECT coalesce(p.lon, g.lon) AS lon, coalesce(p.lat, g.lat) AS lat) spot
WHERE a.state = 'opened' AND spot.lon IS NOT NULL AND spot.lat IS NOT NULL
    AND p.place >= %(parent)s AND p.place < %(parent)s || 'z'
    AND (%(severity)s::text IS NULL OR a.severity = %(severity)s)
ORDER BY array_position(ARRAY['urgent', 'today', 'planned'], a.severity), a.opened_at DESC, a.finding_id LIMIT 1000
"""

BY_RULE = """
SELECT date_trunc('hour', opened_at) AS hour, rule, severity, count(*) AS count
FROM city.alert WHERE opened_at > date_trunc('hour', now()) - interval '23 hours' AND state <> 'held'
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT 5000
"""

_QUANTILES = """
    count(*) AS count,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY took)::float8 AS p50_seconds,
    percentile_cont(0.9) WITHIN GROUP (ORDER BY took)::float8 AS p90_seconds
FROM city.task, extract(epoch FROM acknowledged_at - dispatched_at) AS took
WHERE acknowledged_at > date_trunc('hour', now()) - interval '23 hours'
"""

Parent = Annotated[GridPrefix, Query(description="a district, street or community; empty for the city")]


@router.get("/summary", summary="The head line", tags=["overview"])
async def summary(request: Request, caller: AsCaller) -> Summary:
    """What needs somebody now, in the caller's area. A day is a day of the city's time zone."""
    counted = await caller.row(SUMMARY, {"zone": request.app.state.settings.timezone})
    return Summary.model_validate(counted)


@router.get("/map/grids", summary="Areas with what is open in them", tags=["map"])
async def grids(caller: AsCaller, parent: Parent = "") -> FeatureCollection:
    """The areas one level under `parent` as GeoJSON (WGS 84) with the open and urgent alerts in the caller's area."""
    length = len(parent) + 3 if parent else 6
    counted = await caller.rows(GRIDS, {"parent": parent, "length": length})
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
async def pins(caller: AsCaller, parent: Parent = "", severity: Severity | None = None) -> FeatureCollection:
    """At most 1,000 open alerts with a place, the most urgent and newest first."""
    listed = await caller.rows(PINS, {"parent": parent, "severity": severity})
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
    return AlertsByRule(items=[HourOfRule(**row) for row in await caller.rows(BY_RULE)])


@router.get("/stats/acknowledge", summary="Time from dispatch to acknowledgement", tags=["statistics"])
async def acknowledging(caller: AsCaller) -> Acknowledging:
    """Median and 90th percentile of the last 24 hours, as a whole and by the hour."""
    whole = await caller.row(f"SELECT {_QUANTILES}") or {}
    hours = await caller.rows(
        f"SELECT date_trunc('hour', acknowledged_at) AS hour, {_QUANTILES} GROUP BY 1 ORDER BY 1 LIMIT 24"
    )
    return Acknowledging(**whole, by_hour=[HourOfAcknowledging(**row) for row in hours])


def _feature(key: str, geometry: Any, properties: dict[str, Any]) -> Feature:
    shape = Geometry.model_validate(geometry) if geometry else None
    kind: Literal["Feature"] = "Feature"
    return Feature(type=kind, id=key, geometry=shape, properties=properties)
