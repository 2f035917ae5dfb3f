"""The demo city's map: every level tiles the one above it, on every machine to the byte."""

import json
from collections import Counter, defaultdict
from hashlib import sha256

import pytest
from shapely import coverage_is_valid, unary_union
from shapely.geometry import Point, Polygon

from database.accounts import DEMO_GRID
from demo.draw import Draw
from demo.mesh import doubled_area
from demo.places import HEART, Area, Places, numeral
from domain.codes import DISTRICTS, normalised_grid_code


def by_parent(areas: list[Area]) -> dict[str, list[Area]]:
    areas_of: dict[str, list[Area]] = defaultdict(list)
    for area in areas:
        areas_of["" if len(area.code) == 6 else area.code[:-3]].append(area)
    return areas_of


@pytest.fixture(scope="module", params=[11, 1])
def places(request: pytest.FixtureRequest) -> Places:
    return Places(request.param)


def test_grids_tile_communities_communities_streets_and_streets_districts(places: Places) -> None:
    shapes = {area.code: Polygon(area.ring) for area in places.areas}
    for area in places.areas:
        assert shapes[area.code].is_valid
        assert shapes[area.code].exterior.is_ccw, "anticlockwise, as RFC 7946 wants it"
    for parent, parts in by_parent(places.areas).items():
        inner = [shapes[part.code] for part in parts]
        assert coverage_is_valid(inner), (
            f"parts of {parent or 'the city'} overlap, or share a border without its corners"
        )
        if parent:
            assert unary_union(inner).equals(shapes[parent]), f"the parts of {parent} leave a gap or stick out"
            assert sum(doubled_area(part.corners) for part in parts) == doubled_area(places.names[parent].corners)
    grids = [shapes[grid] for grid in places.grids]
    assert coverage_is_valid(grids)
    assert unary_union(grids).equals(unary_union([shapes[district] for district in DISTRICTS]))


def test_parts_have_disjoint_interiors_pair_by_pair(places: Places) -> None:
    for parts in by_parent(places.areas).values():
        shapes = [Polygon(part.ring) for part in parts]
        for place, one in enumerate(shapes):
            for other in shapes[:place]:
                assert not one.relate_pattern(other, "T********"), "interiors meet"


def test_the_districts_are_guangzhous_and_the_codes_are_grid_codes(places: Places) -> None:
    of_level = Counter(len(area.code) for area in places.areas)
    assert of_level[6] == 11
    assert of_level[9] == 142 + 34, "streets and towns, as many as there were in 2023"
    assert {area.code for area in places.areas if len(area.code) == 6} == set(DISTRICTS)
    assert all(normalised_grid_code(grid) == grid for grid in places.grids)
    assert all(len(parts) <= 30 for parts in by_parent(places.areas).values()), "the map draws one level at a time"
    assert len({area.name_zh for area in places.areas if len(area.code) < 15}) == sum(of_level.values()) - of_level[15]
    assert places.grids[0] == HEART == DEMO_GRID
    assert len(set(places.grids[:50])) == 50
    assert len({grid[:6] for grid in places.grids[:50]}) == 11, "a small city has some in every district"


def test_a_place_within_a_grid_is_within_it(places: Places) -> None:
    draw = Draw("within")
    for grid in places.grids:
        assert Polygon(places.names[grid].ring).contains(Point(places.within(grid, draw)))


def test_the_same_seed_is_the_same_map_to_the_byte() -> None:
    features = json.dumps([area.feature() for area in Places(11).areas], ensure_ascii=False).encode()
    assert sha256(features).hexdigest() == "0ed4f2296f2a3402ee0ead23f84ab34bfac7f4e5c45af5ca0155457513bab07c"
    assert Places(12).areas[20].corners != Places(11).areas[20].corners


def test_numerals() -> None:
    assert [numeral(number) for number in (1, 10, 11, 20, 24)] == ["一", "十", "十一", "二十", "二十四"]
