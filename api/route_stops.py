"""Of what today's route is planned: a stop is a door with all that is to be done there, and what it may not miss."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from domain.time import CITY
from runtime.settings import OfficeHours
from wire.catalogue import rules
from wire.office_calendar import works_on

A_DOOR_S = 300
"""Going up, being let in. Ours, to be confirmed: docs/decisions/0035-due-and-route.md"""
A_FINDING_S = 180
"""Asking and answering three to six questions."""
MOST_STOPS = 120
"""More than anybody visits in a shift; the most pressing ones. The others are named as not fitting into it."""
SHIFT_AT_NIGHT = timedelta(hours=8)
"""Of whoever begins outside of the shifts that the settings name."""


@dataclass
class RouteStop:
    """What the plan calls by `key`: a door's number, or what has no door."""

    key: str
    lon: float | None
    lat: float | None
    tasks: list[dict[str, Any]] = field(default_factory=list)
    patrols: list[dict[str, Any]] = field(default_factory=list)


def stops_of(tasks: list[dict[str, Any]], patrols: list[dict[str, Any]]) -> list[RouteStop]:
    """One stop a door, in the order in which its most pressing matter comes."""
    stops: dict[str, RouteStop] = {}
    for row, at in [*((row, "tasks") for row in tasks), *((row, "patrols") for row in patrols)]:
        key = row["door"] or str(row["id"])
        stop = stops.setdefault(key, RouteStop(key, row["lon"], row["lat"]))
        getattr(stop, at).append(row)
    return list(stops.values())


def shift_end(now: datetime, shifts: OfficeHours) -> datetime:
    """When the shift ends in which `now` lies."""
    here = now.astimezone(CITY)
    for begins, ends in shifts:
        if begins <= here.time() < ends:
            return datetime.combine(here.date(), ends, CITY)
    return here + SHIFT_AT_NIGHT


def question(
    stops: list[RouteStop],
    now: datetime,
    until: datetime,
    office_hours: OfficeHours,
    here: tuple[float, float] | None,
    before: list[str],
) -> dict[str, Any]:
    """What the planner is asked (`planning/worker.py`): times become seconds from `now` on."""

    def seconds(instant: datetime) -> int:
        return round((instant - now).total_seconds())

    return {
        "stops": [
            {
                "key": stop.key,
                "point": None if stop.lon is None else [stop.lon, stop.lat],
                "urgency": _urgency(stop),
                "seconds": _seconds(stop),
                "due": None if (due := _due(stop, now)) is None else seconds(due),
                "windows": [[seconds(opens), seconds(closes)] for opens, closes in _hours(stop, now, office_hours)],
            }
            for stop in stops
        ],
        "shift": {"start": here, "seconds": seconds(until)},
        "before": before,
    }


def _urgency(stop: RouteStop) -> str:
    if any(task["sos"] for task in stop.tasks):
        return "sos"
    severities = {row["severity"] for row in (*stop.tasks, *stop.patrols)}
    return next(severity for severity in ("urgent", "today", "planned") if severity in severities)


def _seconds(stop: RouteStop) -> int:
    minutes = sum(int(patrol["minutes"]) for patrol in stop.patrols)
    return minutes * 60 + (A_DOOR_S + A_FINDING_S * len(stop.tasks) if stop.tasks else 0)


def _due(stop: RouteStop, now: datetime) -> datetime | None:
    """The first of all that is to be done there; a recurring visit is due by the end of its day."""
    dues = [task["respond_by"] for task in stop.tasks if task["respond_by"]]
    for patrol in stop.patrols:
        last, every = patrol["last_at"], timedelta(days=patrol["every_days"])
        day = last.astimezone(CITY).date() + every if last else now.astimezone(CITY).date()
        dues.append(datetime.combine(day + timedelta(days=1), time(), CITY))
    return min(dues, default=None)


def _hours(stop: RouteStop, now: datetime, office_hours: OfficeHours) -> list[tuple[datetime, datetime]]:
    """When somebody can be met. What is urgent does not wait for it."""
    if _urgency(stop) in ("sos", "urgent"):
        return []
    today: date = now.astimezone(CITY).date()
    hours = next(((patrol["opens"], patrol["closes"]) for patrol in stop.patrols if patrol["opens"]), None)
    if hours:
        spans: OfficeHours = (hours,)
    elif any(_about_a_company(task["rule"]) for task in stop.tasks) and works_on(today):
        spans = office_hours
    else:
        return []
    return [(datetime.combine(today, opens, CITY), datetime.combine(today, closes, CITY)) for opens, closes in spans]


def _about_a_company(rule: str) -> bool:
    known = rules().get(rule)
    return known is not None and known.view == "legal_person"
