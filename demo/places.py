"""Where the demo city lies: Guangzhou's 11 districts with streets, towns, communities and grids that tile them exactly.

Longitude and latitude in degrees, WGS 84. All borders and all names below the districts are made up.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from demo.draw import Draw
from demo.mesh import Mesh, Ring
from demo.outline import CORNERS, OUTLINES
from demo.parcels import Plan
from demo.rivers import Rivers
from domain.codes import DISTRICTS

COMMUNITIES = (("东社区", "East"), ("南社区", "South"), ("西社区", "West"), ("北社区", "North"), ("中社区", "Middle"))
FEWEST_COMMUNITIES, MOST_COMMUNITIES = 3, 5
FEWEST_GRIDS, MOST_GRIDS = 4, 6
HEART = "440113001001003"
"""The grid that fills first, however small the city, and after it its street: the demo accounts' worker is there."""
FIRST_TOWN = 100
MICRO = 1_000_000

Point = tuple[float, float]


class Area(NamedTuple):
    """A district, street, community or grid by the prefix of its code. `corners` as the mesh has them."""

    code: str
    name_zh: str
    name_en: str
    corners: Ring

    @property
    def ring(self) -> list[Point]:
        """Closed and anticlockwise, degrees with at most six decimals."""
        return [(x / MICRO, y / MICRO) for x, y in (*self.corners, self.corners[0])]

    @property
    def geometry(self) -> dict[str, Any]:
        return {"type": "Polygon", "coordinates": [[list(point) for point in self.ring]]}

    def feature(self) -> dict[str, Any]:
        """The area as a GeoJSON feature (RFC 7946)."""
        names = {"name_zh": self.name_zh, "name_en": self.name_en}
        return {"type": "Feature", "id": self.code, "properties": names, "geometry": self.geometry}


class Places:
    """The city's map, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.seed, self.rivers = seed, Rivers()
        mesh = Mesh()
        made = list(_areas(seed, mesh))
        self.areas = [area._replace(corners=mesh.whole(area.corners)) for area in made]
        self.names = {area.code: area for area in self.areas}
        grids = [area.code for area in self.areas if len(area.code) == 15]
        near = [grid for grid in grids if grid.startswith(HEART[:9]) and grid != HEART]
        far = [grid for grid in grids if not grid.startswith(HEART[:9])]
        #: In the order in which they fill: a small city lives in the first ones, in every district some.
        self.grids = [HEART, *near, *_every_district_first(Draw("grids", seed).shuffled(far))]

    def within(self, grid: str, draw: Draw) -> Point:
        """A place inside the grid, away from its borders."""
        corners = self.names[grid].corners
        corner = draw.below(len(corners))
        (ax, ay), (bx, by) = corners[corner - 1], corners[corner]
        middle_x, middle_y = sum(x for x, _ in corners) / len(corners), sum(y for _, y in corners) / len(corners)
        along, out = draw.share(), draw.share() * 0.85
        x, y = ax + (bx - ax) * along, ay + (by - ay) * along
        return round(middle_x + (x - middle_x) * out) / MICRO, round(middle_y + (y - middle_y) * out) / MICRO

    def plan(self, grid: str) -> Plan:
        """How the buildings of a grid stand."""
        corners = self.names[grid].corners
        return Plan(corners, self.seed, grid[:9], self.rivers.near(corners))

    def street_address(self, grid: str) -> str:
        """What stands before a house number: `番禺区示例一街道`."""
        district, street = self.names[grid[:6]].name_zh, self.names[grid[:9]].name_zh
        return district + street.removeprefix(district.removesuffix("区"))


@lru_cache(maxsize=4)
def places_of(seed: int) -> Places:
    """The map of a seed, drawn once: a city of a million has the same one as a small one."""
    return Places(seed)


def _every_district_first(grids: list[str]) -> list[str]:
    """`grids` in their order, but the first of each district before all others."""
    first = {grid[:6]: grid for grid in reversed(grids)}
    return sorted(grids, key=lambda grid: first[grid[:6]] != grid)


def _areas(seed: int, mesh: Mesh) -> Iterator[Area]:
    for code, outline in OUTLINES.items():
        zh, en = DISTRICTS[code]
        draw = Draw("places", seed, code)
        ring = [(CORNERS[letter][0] * 1000, CORNERS[letter][1] * 1000) for letter in outline.ring]
        yield Area(code, f"{zh}区", en, ring)
        for number, part in enumerate(mesh.parts(ring, outline.streets + outline.towns, draw)):
            if number < outline.streets:
                street = Area(
                    f"{code}{number + 1:03d}",
                    f"{zh}示例{numeral(number + 1)}街道",
                    f"{en} Sample Street {number + 1}",
                    part,
                )
            else:
                town = number - outline.streets
                street = Area(
                    f"{code}{FIRST_TOWN + town:03d}",
                    f"{zh}示例{numeral(town + 1)}镇",
                    f"{en} Sample Town {town + 1}",
                    part,
                )
            yield street
            yield from _within_street(street, mesh, draw)


def _within_street(street: Area, mesh: Mesh, draw: Draw) -> Iterator[Area]:
    count = draw.between(FEWEST_COMMUNITIES, MOST_COMMUNITIES)
    for number, part in enumerate(mesh.parts(street.corners, count, draw)):
        zh, en = COMMUNITIES[number]
        code = f"{street.code}{number + 1:03d}"
        yield Area(code, f"{street.name_zh}{zh}", f"{en} community, {street.name_en}", part)
        grids = draw.between(FEWEST_GRIDS, MOST_GRIDS)
        for grid, cell in enumerate(mesh.parts(part, grids, draw)):
            yield Area(f"{code}{grid + 1:03d}", f"{zh}{grid + 1:02d}网格", f"Grid {grid + 1:02d}", cell)


def numeral(number: int) -> str:
    """1–99 in Chinese."""
    digits = "〇一二三四五六七八九"
    tens, ones = divmod(number, 10)
    head = "" if not tens else "十" if tens == 1 else f"{digits[tens]}十"
    return head + (digits[ones] if ones else "")
