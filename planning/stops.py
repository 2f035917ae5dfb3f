"""What a plan of a shift is made of, and what it says. Times are whole seconds since the plan's own beginning.

Nothing here names a person: a stop is known by a key, and its words stay with whoever asked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

EARTH_M = 6_371_008
"""Mean radius, IUGG."""
WALK_M_PER_S = 1.2
"""Brisk, with a tablet in hand. Source: docs/decisions/0035-due-and-route.md"""
DETOUR = 1.3
"""How much longer the way through streets is than the straight line: no street network is known here."""
UNKNOWN_WALK_S = 600
"""To or from a place that has no coordinates: nobody knows, and it must not look near."""

Urgency = Literal["sos", "urgent", "today", "planned"]


class Point(NamedTuple):
    """Degrees, WGS 84."""

    lon: float
    lat: float


class Window(NamedTuple):
    """When somebody can be met: the visit begins and ends within it."""

    opens: int
    closes: int


@dataclass(frozen=True)
class Stop:
    """A place to visit. `due`: until when somebody must have been there, negative if that is past, None if it may be
    any time. `windows`: none means always. `seconds`: how long the visit takes."""

    key: str
    point: Point | None
    urgency: Urgency
    seconds: int
    due: int | None = None
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True)
class Shift:
    """Where the worker is at second 0, and when the shift ends."""

    start: Point | None
    seconds: int


class Reason(NamedTuple):
    """Why a stop is where it is. `kind`: sos, late, urgent, due (by `at`), opens (somebody can be met from `at` until
    `until`), near (`metres` from the stop before), no_place; of a stop that is left out: closed, no_time; of one that
    was moved or left out because `key` came in: for_urgent."""

    kind: str
    at: int | None = None
    until: int | None = None
    metres: int | None = None
    key: str | None = None


class Visit(NamedTuple):
    """A stop in its place of the plan."""

    key: str
    arrive: int
    leave: int
    metres: int | None
    reasons: tuple[Reason, ...]


class Left(NamedTuple):
    """A stop that does not fit into the shift."""

    key: str
    reason: Reason


class Moved(NamedTuple):
    """A stop whose place among the others changed because one came in."""

    key: str
    reason: Reason


@dataclass(frozen=True)
class Plan:
    """The visits in their order, what does not fit, and what was moved against the plan before."""

    visits: tuple[Visit, ...]
    left: tuple[Left, ...]
    moved: tuple[Moved, ...] = ()
    line: tuple[Point, ...] = field(default=())


def metres(a: Point | None, b: Point | None) -> int | None:
    """Metres on foot between two places, by the straight line and a detour; None where one has no coordinates."""
    if a is None or b is None:
        return None
    across, along = math.radians(b.lat - a.lat), math.radians(b.lon - a.lon)
    half = (
        math.sin(across / 2) ** 2
        + math.cos(math.radians(a.lat)) * math.cos(math.radians(b.lat)) * math.sin(along / 2) ** 2
    )
    return round(2 * EARTH_M * math.asin(math.sqrt(half)) * DETOUR)


def walking(points: Sequence[Point | None]) -> list[list[int]]:
    """Seconds on foot from each point to each other."""

    def seconds(a: Point | None, b: Point | None) -> int:
        way = metres(a, b)
        return UNKNOWN_WALK_S if way is None else round(way / WALK_M_PER_S)

    return [[0 if a is b else seconds(a, b) for b in points] for a in points]


def plain(plan: Plan) -> dict[str, Any]:
    """The plan as JSON takes it."""
    return {
        "visits": [visit._asdict() | {"reasons": [r._asdict() for r in visit.reasons]} for visit in plan.visits],
        "left": [{"key": left.key, "reason": left.reason._asdict()} for left in plan.left],
        "moved": [{"key": moved.key, "reason": moved.reason._asdict()} for moved in plan.moved],
        "line": [list(point) for point in plan.line],
    }
