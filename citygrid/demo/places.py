"""Where the demo city lies: streets, communities and grids that tile a part of Panyu, and the dwellings in them.

Longitude and latitude in degrees, WGS 84. The corners of the grids are those of one lattice, so neighbours share them
and nothing overlaps.
"""

from __future__ import annotations

import random
from typing import Any, NamedTuple

DISTRICT = "440113"
STREETS = (("示例一街道", "Sample Street 1"), ("示例二街道", "Sample Street 2"))
COMMUNITIES = (("东社区", "East community"), ("中社区", "Middle community"), ("西社区", "West community"))
ACROSS, DOWN = 2, 2
"""Grids of a community, side by side and one under the other."""

WEST, SOUTH = 113.345, 22.920
CELL_LON, CELL_LAT = 0.0095, 0.0075
JITTER = 0.22
"""How far a corner inside the city is moved, as a share of a grid's side."""

Point = tuple[float, float]


class Area(NamedTuple):
    """A district, street, community or grid by the prefix of its code. `ring` is closed and anticlockwise."""

    code: str
    name_zh: str
    name_en: str
    ring: list[Point]

    @property
    def geometry(self) -> dict[str, Any]:
        return {"type": "Polygon", "coordinates": [[list(point) for point in self.ring]]}


class Dwelling(NamedTuple):
    """`number` is that of the address register."""

    number: str
    grid: str
    address: str
    floor_area_m2: float
    use: str
    lon: float
    lat: float


class Places:
    """The city's map, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        draw = random.Random(f"places {seed}")
        self._columns, self._rows = ACROSS * len(STREETS), DOWN * len(COMMUNITIES)
        self._corners = {
            (column, row): self._corner(draw, column, row)
            for column in range(self._columns + 1)
            for row in range(self._rows + 1)
        }
        self.areas = [Area(DISTRICT, "番禺区", "Panyu", self._ring(0, 0, self._columns, self._rows))]
        self.grids: dict[str, tuple[int, int]] = {}
        for street, (zh, en) in enumerate(STREETS):
            self._add_street(f"{DISTRICT}{street + 1:03d}", zh, en, street * ACROSS)

    def _corner(self, draw: random.Random, column: int, row: int) -> Point:
        inside = 0 < column < self._columns and 0 < row < self._rows
        move = (draw.uniform(-JITTER, JITTER), draw.uniform(-JITTER, JITTER)) if inside else (0.0, 0.0)
        return (
            round(WEST + (column + move[0]) * CELL_LON, 6),
            round(SOUTH + (row + move[1]) * CELL_LAT, 6),
        )

    def _add_street(self, code: str, name_zh: str, name_en: str, column: int) -> None:
        self.areas.append(Area(code, name_zh, name_en, self._ring(column, 0, column + ACROSS, self._rows)))
        for community, (zh, en) in enumerate(COMMUNITIES):
            row, inner = community * DOWN, f"{code}{community + 1:03d}"
            ring = self._ring(column, row, column + ACROSS, row + DOWN)
            self.areas.append(Area(inner, f"{name_zh}{zh}", f"{en}, {name_en}", ring))
            for number in range(ACROSS * DOWN):
                grid = f"{inner}{number + 1:03d}"
                cell = (column + number % ACROSS, row + number // ACROSS)
                self.grids[grid] = cell
                name = (f"{zh}{number + 1:02d}网格", f"Grid {number + 1:02d}")
                self.areas.append(Area(grid, *name, self._ring(*cell, cell[0] + 1, cell[1] + 1)))

    def _ring(self, west: int, south: int, east: int, north: int) -> list[Point]:
        """The lattice's corners around a block of grids, anticlockwise, the first again at the end."""
        around = [(column, south) for column in range(west, east)]
        around += [(east, row) for row in range(south, north)]
        around += [(column, north) for column in range(east, west, -1)]
        around += [(west, row) for row in range(north, south, -1)]
        return [self._corners[corner] for corner in (*around, around[0])]

    def within(self, draw: random.Random, grid: str) -> Point:
        """A place inside the grid, away from its borders."""
        column, row = self.grids[grid]
        across, up = draw.uniform(0.12, 0.88), draw.uniform(0.12, 0.88)
        south = _between(self._corners[column, row], self._corners[column + 1, row], across)
        north = _between(self._corners[column, row + 1], self._corners[column + 1, row + 1], across)
        lon, lat = _between(south, north, up)
        return round(lon, 6), round(lat, 6)

    def dwellings(self, seed: int, count: int) -> list[Dwelling]:
        """`count` dwellings, spread over all grids; each fifth is let, each ninth public rental housing."""
        draw = random.Random(f"dwellings {seed}")
        found = []
        for at in range(count):
            grid = list(self.grids)[at % len(self.grids)]
            street = STREETS[int(grid[6:9]) - 1][0]
            use = "出租屋" if at % 5 == 3 else "公租房" if at % 9 == 4 else "住宅"
            address = f"番禺区{street}{draw.randint(1, 80)}号{draw.randint(1, 18)}0{draw.randint(1, 6)}房"
            area = draw.choice((28.0, 36.5, 45.0, 58.0, 72.5, 89.0, 104.0))
            found.append(Dwelling(f"4401130{at:08d}", grid, address, area, use, *self.within(draw, grid)))
        return found


def _between(one: Point, other: Point, share: float) -> Point:
    return one[0] + (other[0] - one[0]) * share, one[1] + (other[1] - one[1]) * share
