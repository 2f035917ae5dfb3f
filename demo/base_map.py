"""The demo city's base map: its rivers, streets and buildings as vector tiles in one PMTiles file.

Layers and classes have the names of the OpenMapTiles schema, as a city's own file has them. The file is a function of
the seed alone: a city of any size lives in it. Nothing is traced from a map (docs/decisions/0016-demo-geography.md).
"""

from __future__ import annotations

import gzip
import math
import os
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path

from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from demo.mesh import Corner, Ring, Way
from demo.places import MICRO, Places, places_of
from demo.vector_tiles import BUFFER, EXTENT, LINES, POLYGONS, Point, Tile, clipped_line, clipped_ring

DRAWING = 1
"""Raised with every change of what is drawn, so that the next start draws it anew."""
LOWEST, HIGHEST = 8, 13
"""Zooms of the file, of tiles that are 360° / 2^zoom wide."""
FIRST_GRIDS, DRAWN_FIRST, DRAWN = 500, 16, 2
"""Buildings drawn in each of the grids that fill first, with the lanes between them, and in each of the others. So
every building of a city of 140,000 has its outline; in a larger one, some stand on open ground."""
ATTRIBUTION = "示例地图，虚构 · Sample map, made up"
FROM_ZOOM = {"primary": 8, "secondary": 11, "tertiary": 13, "minor": 13, "service": 13}
"""Borders of streets (街道), of communities, of grids; a grid's own streets; lanes between buildings."""
CLASS_OF_LEVEL = {6: "primary", 9: "primary", 12: "secondary", 15: "tertiary"}
WORLD = EXTENT << HIGHEST


def base_map(path: Path, seed: int) -> Path:
    """The file of a seed's city at `path`: written at once and whole, unless it is there as this version draws it.

    Takes some 1.5 s, else nothing."""
    noted = path.with_suffix(".drawn")
    drawing = f"{DRAWING} {seed}"
    if not path.is_file() or not noted.is_file() or noted.read_text() != drawing:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(f".{os.getpid()}")
        try:
            write(beside, places_of(seed))
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        noted.write_text(drawing)
    return path


def write(path: Path, places: Places) -> None:
    """The map of `places` as a PMTiles file (version 3), the same for the same places."""
    drawing = _Drawing()
    for ring in places.rivers.rings():
        drawing.polygon("water", "river", ring, LOWEST)
    for name, way in _roads(places):
        drawing.line("transportation", name, way, FROM_ZOOM[name])
    for number, grid in enumerate(places.grids):
        plan = places.plan(grid)
        parcels = list(islice(plan.parcels(), DRAWN_FIRST if number < FIRST_GRIDS else DRAWN))
        for parcel in parcels:
            drawing.polygon("building", "building", parcel.corners, HIGHEST)
        for way in plan.through():
            drawing.line("transportation", "minor", way, FROM_ZOOM["minor"])
        for way in plan.lanes(parcels) if number < FIRST_GRIDS else ():
            drawing.line("transportation", "service", way, FROM_ZOOM["service"])
    corners = [corner for area in places.areas if len(area.code) == 6 for corner in area.corners]
    west, east = min(x for x, _ in corners), max(x for x, _ in corners)
    south, north = min(y for _, y in corners), max(y for _, y in corners)
    header = {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": west * 10,
        "min_lat_e7": south * 10,
        "max_lon_e7": east * 10,
        "max_lat_e7": north * 10,
    }
    layers = {"water": LOWEST, "transportation": LOWEST, "building": HIGHEST}
    metadata = {
        "name": "Demo city",
        "attribution": ATTRIBUTION,
        "vector_layers": [
            {"id": layer, "fields": {"class": "String"}, "minzoom": zoom, "maxzoom": HIGHEST}
            for layer, zoom in layers.items()
        ],
    }
    with path.open("wb") as file:
        writer = Writer(file)
        for number, content in drawing.tiles():
            writer.write_tile(number, gzip.compress(content, 6, mtime=0))
        writer.finalize(header, metadata)


def _roads(places: Places) -> Iterator[tuple[str, Way]]:
    """Every border once, as the road of the highest area that it bounds; none in the water."""
    known: set[Way] = set()
    for length, name in CLASS_OF_LEVEL.items():
        for area in places.areas:
            if len(area.code) != length:
                continue
            for one, other in zip(area.corners, area.corners[1:] + area.corners[:1], strict=True):
                way = (one, other) if one < other else (other, one)
                if way not in known:
                    known.add(way)
                    if length > 6 or not places.rivers.runs_along(way):
                        yield name, way


class _Drawing:
    """Tiles as they come to be. Points come in millionths of degrees."""

    def __init__(self) -> None:
        self._tiles: dict[tuple[int, int, int], Tile] = {}

    def line(self, layer: str, name: str, way: Way, lowest: int) -> None:
        """A line from the zoom `lowest` on."""
        start, end = _projected(way[0]), _projected(way[1])
        for zoom in range(lowest, HIGHEST + 1):
            points = [(x >> HIGHEST - zoom, y >> HIGHEST - zoom) for x, y in (start, end)]
            if points[0] == points[1]:
                continue
            for tile, (one, other) in self._touched(zoom, points):
                part = clipped_line(one, other)
                if part and part[0] != part[1]:
                    tile.shapes(layer, name, LINES).add(part, closed=False)

    def polygon(self, layer: str, name: str, ring: Ring, lowest: int) -> None:
        """A convex polygon, anticlockwise on the globe, from the zoom `lowest` on."""
        projected = [_projected(corner) for corner in ring]
        for zoom in range(lowest, HIGHEST + 1):
            points = [(x >> HIGHEST - zoom, y >> HIGHEST - zoom) for x, y in projected]
            for tile, local in self._touched(zoom, points):
                part = _without_repeats(clipped_ring(local))
                if len(part) > 2:
                    tile.shapes(layer, name, POLYGONS).add(part, closed=True)

    def tiles(self) -> Iterator[tuple[int, bytes]]:
        """Number in the file and content, in the order of the numbers."""
        numbered = sorted((zxy_to_tileid(*place), tile) for place, tile in self._tiles.items())
        for number, tile in numbered:
            content = tile.encoded()
            if content:
                yield number, content

    def _touched(self, zoom: int, points: list[Point]) -> Iterator[tuple[Tile, list[Point]]]:
        (low_x, *_, high_x), (low_y, *_, high_y) = sorted(x for x, _ in points), sorted(y for _, y in points)
        for column in range((low_x - BUFFER) // EXTENT, (high_x + BUFFER) // EXTENT + 1):
            for row in range((low_y - BUFFER) // EXTENT, (high_y + BUFFER) // EXTENT + 1):
                tile = self._tiles.get((zoom, column, row))
                if tile is None:
                    tile = self._tiles[zoom, column, row] = Tile()
                west, north = column * EXTENT, row * EXTENT
                yield tile, [(x - west, y - north) for x, y in points]


def _without_repeats(ring: list[Point]) -> list[Point]:
    return [point for index, point in enumerate(ring) if point != ring[index - 1]]


@lru_cache(maxsize=1 << 16)
def _projected(corner: Corner) -> Point:
    """Web Mercator, in units of the finest zoom from the north-west of the world."""
    lon, lat = corner[0] / MICRO, math.radians(corner[1] / MICRO)
    return (
        int((lon + 180) / 360 * WORLD),
        int((1 - math.asinh(math.tan(lat)) / math.pi) / 2 * WORLD),
    )
