"""The map of a whole city, as the pages ask for it: one level at a time, however many areas there are."""

from __future__ import annotations

import time

from shapely import coverage_is_valid
from shapely.geometry import shape

from demo.places import places_of
from demo.play import load_areas
from tests.integration.api.two_streets import City, LogIn

LARGEST = 100_000
"""Bytes of a level's answer."""
SLOWEST_S = 1.0
"""For the median level, on a machine that does other things too: it takes a few milliseconds."""


async def test_each_level_of_the_map_is_small_and_comes_at_once(city: City, log_in: LogIn) -> None:
    areas = places_of(11).areas
    load_areas(city.database.sinks, areas)
    centre = await log_in("city")
    took = []
    walked, waiting = 0, [""]
    while waiting:
        parent = waiting.pop()
        began = time.monotonic()
        answer = await centre.get("/map/grids", params={"parent": parent})
        took.append(time.monotonic() - began)
        assert answer.status_code == 200
        assert len(answer.content) < LARGEST, f"{parent or 'city'}: {len(answer.content)}"
        features = answer.json()["features"]
        assert coverage_is_valid([shape(feature["geometry"]) for feature in features])
        walked += len(features)
        deeper = [feature["id"] for feature in features if len(feature["id"]) < 15]
        waiting += deeper if len(parent) < 6 else deeper[:2]
    assert walked > 400
    assert sorted(took)[len(took) // 2] < SLOWEST_S, f"{len(took)} levels took {sum(took):.1f} s"
