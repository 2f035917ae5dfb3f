"""The demo's rivers: along borders of districts, made up, the larger ones towards the estuary in the south-east."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from demo.mesh import EAST, NORTH, Corner, Ring, Way
from demo.outline import CORNERS

AROUND = 4_000
"""Millionths of a degree; more than a river's half width, and what is added to it."""
SMOOTHINGS = 2
BEND = 900
"""Metres from a corner within which a river turns; between them it keeps to the border."""
BANK = 25
"""Metres from the water in which no building's middle lies."""
NEAR = 1.5
"""A border whose middle is within so many half widths of a river's lies in the water."""


Mark = tuple[float, float, float]
"""A river's middle, millionths of a degree, and its half width there in metres."""
Reach = tuple[Mark, Mark]


class _River(NamedTuple):
    """`course`: letters of `demo/outline.py`. Half widths in metres where it begins and ends."""

    course: str
    narrow: float
    wide: float


COURSES = (
    _River("cACDEGKL", 90, 220),
    _River("ABeE", 70, 110),
    _River("JbcA", 30, 80),
    _River("IHFC", 20, 50),
    _River("ILKG", 25, 60),
)


class Rivers:
    """All rivers as smooth lines of corners with a half width at each."""

    def __init__(self) -> None:
        self._lines = [_smooth(river) for river in COURSES]

    def rings(self) -> Iterator[Ring]:
        """The water as convex four-sided pieces, anticlockwise, that share their sides."""
        for line in self._lines:
            banks = [_bank(line, index) for index in range(len(line))]
            for (left, right), (next_left, next_right) in pairwise(banks):
                yield [right, next_right, next_left, left]

    def near(self, ring: Ring) -> list[Reach]:
        """The reaches that may come within `ring`, for `is_dry`."""
        west, east = min(x for x, _ in ring), max(x for x, _ in ring)
        south, north = min(y for _, y in ring), max(y for _, y in ring)
        return [
            (one, other)
            for line in self._lines
            for one, other in pairwise(line)
            if min(one[0], other[0]) - AROUND < east
            and west < max(one[0], other[0]) + AROUND
            and min(one[1], other[1]) - AROUND < north
            and south < max(one[1], other[1]) + AROUND
        ]

    def runs_along(self, way: Way) -> bool:
        """Whether a border's middle lies in the water or so near to it that a road would."""
        x, y = (way[0][0] + way[1][0]) / 2, (way[0][1] + way[1][1]) / 2
        return any(_metres_from(x, y, one, other) < max(one[2], other[2]) * NEAR for one, other in self.near(list(way)))


def is_dry(point: Corner, reaches: list[Reach]) -> bool:
    """Whether a building may stand here."""
    return all(_metres_from(point[0], point[1], one, other) > max(one[2], other[2]) + BANK for one, other in reaches)


def _smooth(river: _River) -> list[Mark]:
    """x, y and half width; corners are cut (Chaikin)."""
    last = len(river.course) - 1
    line = [
        (
            CORNERS[letter][0] * 1000.0,
            CORNERS[letter][1] * 1000.0,
            river.narrow + (river.wide - river.narrow) * index / last,
        )
        for index, letter in enumerate(river.course)
    ]
    line = [point for one, other in pairwise(line) for point in (one, *_near_its_ends(one, other))] + [line[-1]]
    for _ in range(SMOOTHINGS):
        cut = [line[0]]
        for one, other in pairwise(line):
            for part in (0.25, 0.75):
                x, y, half = (a + (b - a) * part for a, b in zip(one, other, strict=True))
                cut.append((x, y, half))
        line = [*cut, line[-1]]
    return line


def _near_its_ends(one: Mark, other: Mark) -> Iterator[Mark]:
    """Two points of a straight reach: what is smoothed lies between them and its ends."""
    dx, dy = (other[0] - one[0]) / EAST, (other[1] - one[1]) / NORTH
    near = min(BEND / math.sqrt(dx * dx + dy * dy), 1 / 3)
    for part in (near, 1 - near):
        x, y, half = (a + (b - a) * part for a, b in zip(one, other, strict=True))
        yield x, y, half


def _bank(line: list[Mark], index: int) -> tuple[Corner, Corner]:
    """The river's left and right bank at one of its corners."""
    before, after = line[max(0, index - 1)], line[min(len(line) - 1, index + 1)]
    dx, dy = (after[0] - before[0]) / EAST, (after[1] - before[1]) / NORTH
    length = math.sqrt(dx * dx + dy * dy)
    x, y, half = line[index]
    aside_x, aside_y = -dy / length * half * EAST, dx / length * half * NORTH
    return (round(x + aside_x), round(y + aside_y)), (round(x - aside_x), round(y - aside_y))


def _metres_from(x: float, y: float, one: Mark, other: Mark) -> float:
    px, py = (x - one[0]) / EAST, (y - one[1]) / NORTH
    dx, dy = (other[0] - one[0]) / EAST, (other[1] - one[1]) / NORTH
    part = max(0.0, min(1.0, (px * dx + py * dy) / (dx * dx + dy * dy)))
    return math.sqrt((px - part * dx) ** 2 + (py - part * dy) ** 2)
