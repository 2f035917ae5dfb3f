"""Where the demo's buildings stand, and the map that is drawn under them."""

import gzip
import math
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import pytest
from pmtiles.reader import MemorySource, Reader, all_tiles
from shapely import STRtree, union_all
from shapely.geometry import Point, Polygon, shape

from demo.base_map import ATTRIBUTION, HIGHEST, base_map
from demo.city import DemoCity
from demo.places import HEART, places_of
from demo.vector_tiles import EXTENT
from domain.codes import DISTRICTS

SEED = 11
TODAY = date(2026, 3, 2)
LARGEST = 700_000
"""Bytes of the file."""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return base_map(tmp_path_factory.mktemp("map") / "demo.pmtiles", SEED).read_bytes()


def test_no_two_buildings_stand_on_one_spot_and_each_stands_in_its_grid() -> None:
    city = DemoCity(SEED, 400_000, TODAY)  # some grids have eight
    grids = {code: Polygon(area.ring) for code, area in places_of(SEED).names.items() if len(code) == 15}
    spots: dict[tuple[float, float], int] = {}
    for position in range(city.count):
        spot = city.place_of(position)
        assert spots.setdefault(spot, position) == position
        assert grids[city.grid_of(position)].contains(Point(spot)), position


def test_flats_of_one_building_share_its_place() -> None:
    for building in DemoCity(SEED, 2_000, TODAY).buildings():
        assert len({(home.lon, home.lat) for home in building.dwellings}) == 1


def test_a_grid_that_is_full_takes_more_buildings_on_spots_of_their_own() -> None:
    places = places_of(SEED)
    grids = [area for area in places.areas if len(area.code) == 15]
    smallest = min(grids, key=lambda area: Polygon(area.corners).area)
    spots = [places.plan(smallest.code).parcel(number).middle for number in range(120)]
    assert len(set(spots)) == len(spots)
    assert all(Polygon(smallest.corners).contains(Point(spot)) for spot in spots)


def test_buildings_of_a_grid_touch_neither_each_other_nor_a_lane() -> None:
    places = places_of(SEED)
    for grid in places.grids[:60]:
        plan = places.plan(grid)
        parcels = [parcel for parcel, _ in zip(plan.parcels(), range(16), strict=False)]
        outlines = [Polygon(parcel.corners) for parcel in parcels]
        assert union_all(outlines).area == pytest.approx(sum(one.area for one in outlines))
        lanes = [shape({"type": "LineString", "coordinates": way}) for way in plan.lanes(parcels)]
        assert lanes
        tree = STRtree(outlines)
        assert not [lane for lane in lanes if len(tree.query(lane, predicate="intersects"))]


def test_the_same_seed_is_the_same_file_to_the_byte_and_it_is_drawn_once(tmp_path: Path, file: bytes) -> None:
    path = tmp_path / "again.pmtiles"
    assert base_map(path, SEED).read_bytes() == file
    assert len(file) < LARGEST
    drawn = path.stat().st_mtime_ns
    assert base_map(path, SEED).stat().st_mtime_ns == drawn
    assert base_map(path, SEED + 1).read_bytes() != file


def test_every_door_has_an_outline_under_it(file: bytes) -> None:
    outlines = STRtree([Polygon(ring) for ring in shapes(file, "building")])
    city = DemoCity(SEED, 20_000, TODAY)
    lacking = [
        position
        for position in range(city.count)
        if not len(outlines.query(Point(city.place_of(position)), predicate="within"))
    ]
    assert not lacking


def test_rivers_and_roads_are_valid_shapes_of_the_open_schema(file: bytes) -> None:
    header, metadata = Reader(MemorySource(file)).header(), Reader(MemorySource(file)).metadata()
    assert metadata["attribution"] == ATTRIBUTION
    assert (header["min_zoom"], header["max_zoom"]) == (8, HIGHEST)
    water = [Polygon(ring) for ring in shapes(file, "water")]
    assert all(one.is_valid for one in water)
    assert len(water) > 100
    classes: dict[int, set[str]] = defaultdict(set)
    for (zoom, _, _), content in all_tiles(MemorySource(file)):
        for feature in decoded(content).get("transportation", {"features": []})["features"]:
            classes[zoom].add(feature["properties"]["class"])
    assert classes[8] == {"primary"}
    assert classes[HIGHEST] == {"primary", "secondary", "tertiary", "minor", "service"}


def test_no_building_of_the_first_street_or_of_any_district_stands_in_the_water(file: bytes) -> None:
    water = STRtree([Polygon(ring) for ring in shapes(file, "water")])
    city = DemoCity(SEED, 20_000, TODAY)
    assert {city.grid_of(position)[:6] for position in range(city.count)} == set(DISTRICTS)
    assert city.grid_of(0) == HEART
    drowned = [
        position
        for position in range(city.count)
        if len(water.query(Point(city.place_of(position)), predicate="within"))
    ]
    assert not drowned


def decoded(content: bytes) -> dict[str, Any]:
    return dict(mapbox_vector_tile.decode(gzip.decompress(content), default_options={"y_coord_down": True}))


def shapes(file: bytes, layer: str) -> list[list[tuple[float, float]]]:
    """Outer rings of the finest zoom in degrees; read back by a library that did not write them."""
    found = []
    for (zoom, column, row), content in all_tiles(MemorySource(file)):
        if zoom != HIGHEST:
            continue
        for feature in decoded(content).get(layer, {"features": []})["features"]:
            geometry = feature["geometry"]
            several = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
            found += [[_degrees(column + x / EXTENT, row + y / EXTENT) for x, y in rings[0]] for rings in several]
    return found


def _degrees(x: float, y: float) -> tuple[float, float]:
    side = 2**HIGHEST
    return x / side * 360 - 180, math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y / side))))
