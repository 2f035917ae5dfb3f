"""Where the demo's buildings stand: in rows between lanes, around the middle of their grid, each on a spot of its own.

Millionths of a degree, whole numbers; only + - * / are used, which every machine rounds alike (see `demo/mesh.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from demo.draw import Draw
from demo.mesh import EAST, NORTH, Corner, Ring, Way
from demo.rivers import Reach, is_dry

TURNS = ((1.0, 0.0), (0.96, 0.28), (0.96, -0.28), (0.8, 0.6), (0.8, -0.6), (0.6, 0.8), (0.28, 0.96))
"""Cosine and sine of the ways in which a street's rows may lie."""
SIZES = ((30, 12), (24, 14), (36, 12), (20, 18))
"""Length and depth of buildings in metres."""
WIDEST, DEEPEST = 36, 18
PLOT, BLOCK = 44, 72
"""Metres from building to building along a row, and from lane to lane: two rows lie between them."""
ROWS = (20, 52)
"""How far the middles of a block's two rows are from its first lane."""
CROSSING, CROSS_LANE = 6, 14
"""A lane of so many metres crosses the rows after so many buildings."""
MARGIN = 6
REACH = 20
"""Rows and columns that are looked at from a grid's middle on."""


class Parcel(NamedTuple):
    """`middle`: the place of every dwelling in the building. `column`, `row`: in its grid's rows."""

    middle: Corner
    corners: Ring
    column: int
    row: int


class Plan:
    """The rows of one grid. `ring`: its border, convex and anticlockwise; `street`: whose rows all lie the same way;
    `reaches`: of the rivers nearby."""

    def __init__(self, ring: Ring, seed: int, street: str, reaches: list[Reach]) -> None:
        self._ring, self._reaches = ring, reaches
        cosine, sine = Draw("rows", seed, street).of(TURNS)
        self._along = (cosine * EAST, sine * NORTH)
        self._across = (-sine * EAST, cosine * NORTH)
        self._middle = (sum(x for x, _ in ring) / len(ring), sum(y for _, y in ring) / len(ring))

    def parcels(self) -> Iterator[Parcel]:
        """Those that lie wholly within the grid, nearest to its middle first, but those in the water last; the
        narrowest grids have some twenty."""
        wet = []
        for column, row in _NEAREST_FIRST:
            along, across = _along(column), _across(row)
            if all(self._is_within(corner) for corner in self._box(along, across, WIDEST + MARGIN, DEEPEST + MARGIN)):
                length, depth = SIZES[(column * 3 + row * 7) % len(SIZES)]
                middle, corners = self.point(along, across), self._box(along, across, length, depth)
                parcel = Parcel(middle, corners, column=column, row=row)
                if is_dry(middle, self._reaches):
                    yield parcel
                else:
                    wet.append(parcel)
        yield from wet

    def parcel(self, number: int) -> Parcel:
        """The parcel of this number. Where a grid is full, buildings stand a step beside those that are there."""
        found = list(islice(self.parcels(), number + 1))
        beyond, place = divmod(number, len(found))
        parcel = found[place]
        step = (beyond + 1) // 2 * (1 if beyond % 2 else -1) * 0.5
        return parcel._replace(middle=self.point(_along(parcel.column) + step, _across(parcel.row)))

    def lanes(self, parcels: list[Parcel]) -> Iterator[Way]:
        """The lanes beside these buildings."""
        columns = {parcel.column for parcel in parcels}
        rows = {lane for parcel in parcels for lane in (parcel.row // 2, parcel.row // 2 + 1)}
        west, east = _along(min(columns)) - PLOT / 2, _along(max(columns)) + PLOT / 2
        for row in sorted(rows):
            yield from self._inside(self.point(west, row * BLOCK), self.point(east, row * BLOCK))
        south, north = min(rows) * BLOCK, max(rows) * BLOCK
        for column in sorted(columns):
            if column % CROSSING == 0:
                lane = _along(column) - (PLOT + CROSS_LANE) / 2
                yield from self._inside(self.point(lane, south), self.point(lane, north))

    def through(self) -> Iterator[Way]:
        """The two streets that cross in the middle and end at the grid's border."""
        far, lane = 20_000, _along(0) - (PLOT + CROSS_LANE) / 2
        yield from self._inside(self.point(-far, 0), self.point(far, 0))
        yield from self._inside(self.point(lane, -far), self.point(lane, far))

    def point(self, along: float, across: float) -> Corner:
        """Metres from the grid's middle along its rows and across them."""
        x, y = self._middle
        (ax, ay), (bx, by) = self._along, self._across
        return round(x + along * ax + across * bx), round(y + along * ay + across * by)

    def _box(self, along: float, across: float, length: float, depth: float) -> Ring:
        half, high = length / 2, depth / 2
        return [
            self.point(along - half, across - high),
            self.point(along + half, across - high),
            self.point(along + half, across + high),
            self.point(along - half, across + high),
        ]

    def _is_within(self, point: Corner) -> bool:
        x, y = point
        before = self._ring[-1]
        for corner in self._ring:
            if (corner[0] - before[0]) * (y - before[1]) < (corner[1] - before[1]) * (x - before[0]):
                return False
            before = corner
        return True

    def _inside(self, start: Corner, end: Corner) -> Iterator[Way]:
        """The part of a line that lies within the grid."""
        (x, y), (dx, dy) = start, (end[0] - start[0], end[1] - start[1])
        enters, leaves = 0.0, 1.0
        before = self._ring[-1]
        for corner in self._ring:
            ex, ey = corner[0] - before[0], corner[1] - before[1]
            inside, turn = ex * (y - before[1]) - ey * (x - before[0]), ex * dy - ey * dx
            if turn > 0:
                enters = max(enters, -inside / turn)
            elif turn < 0:
                leaves = min(leaves, -inside / turn)
            elif inside < 0:
                return
            before = corner
        if enters < leaves:
            yield (
                (round(x + dx * enters), round(y + dy * enters)),
                (round(x + dx * leaves), round(y + dy * leaves)),
            )


def _along(column: int) -> float:
    return column * PLOT + column // CROSSING * CROSS_LANE


def _across(row: int) -> float:
    return row // 2 * BLOCK + ROWS[row % 2]


_NEAREST_FIRST = sorted(
    ((column, row) for column in range(-REACH, REACH) for row in range(-REACH, REACH)),
    key=lambda one: (_along(one[0]) ** 2 + _across(one[1]) ** 2, one),
)
