"""Grids, districts and legal persons by HTTP: whose scope, what is masked, and alerts that have no door."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from database import queries
from tests.integration.api.two_streets import DISTRICT, HERE, NOW, City, LogIn

RISK = {
    "address": "1", "grade": None, "graded": None, "reinforced": None,
    "vulnerable": [{"need": "severe_mental", "effective_from": 1, "until": None, "source": {"record": "JB-1"}}],
}  # fmt: skip
ALERT = """
INSERT INTO city.alert (finding_id, rule, rule_version, domain, state, view, subject, cause, severity, why_zh, why_en,
    dwelling, place, opened_at, changed_at, version)
VALUES (gen_random_uuid(), 'facility-danger', 1, 'facilities', 'opened', %(view)s, %(code)s, 'AJ-1', 'urgent', '井盖',
    'cover', %(key)s, %(code)s, %(now)s, %(now)s, 1)
RETURNING finding_id
"""
TASK = """
INSERT INTO city.task (finding_id, rule, domain, severity, dwelling, queue, dispatched_at)
VALUES (%(finding)s, 'facility-danger', 'facilities', 'urgent', %(key)s, %(code)s, %(now)s)
"""


@pytest.fixture
def placed(city: City) -> City:
    """The two streets' grids and their district, each with a row and an alert of its own."""
    with psycopg.connect(city.database.sinks) as sinks:
        keys = [f"grid/{city.here.grid}", f"grid/{city.there.grid}", f"district/{DISTRICT}"]
        queries.name_places(sinks, keys)
        for key in keys:
            view, _, code = key.partition("/")
            row: dict[str, Any] = {"id": code, "place": key}
            if view == "grid":
                row |= {"doors": [{"dwelling": "D-1", "risk": RISK}], "open_hazards": 1, "district": DISTRICT}
            sinks.execute(
                f"INSERT INTO city.{view}_g1 (id, dwelling, place, version, row) VALUES (%s, %s, %s, 1, %s)",
                (code, key, code, Jsonb(row)),
            )
            parameters = {"view": view, "code": code, "key": key, "now": NOW}
            (finding,) = sinks.execute(ALERT, parameters).fetchall()[0]
            sinks.execute(TASK, parameters | {"finding": finding})
    return city


async def test_a_grids_row_is_for_its_street_and_shows_no_illness_without_a_purpose(
    placed: City, log_in: LogIn
) -> None:
    here = await log_in("here")
    masked = (await here.get(f"/rows/grid/{placed.here.grid}")).json()
    assert masked["masked"] is True
    assert masked["row"]["open_hazards"] == 1
    assert "severe_mental" not in str(masked)
    whole = (await here.post(f"/rows/grid/{placed.here.grid}", json={"purpose": "verify_fact"})).json()
    assert whole["row"]["doors"][0]["risk"]["vulnerable"][0]["need"] == "severe_mental"
    assert (await here.get(f"/rows/grid/{placed.there.grid}")).status_code == 404
    assert (await here.get(f"/rows/district/{DISTRICT}")).status_code == 404, "a street is no district"
    assert (await (await log_in("district")).get(f"/rows/district/{DISTRICT}")).json()["row"]["id"] == DISTRICT


async def test_an_alert_about_a_whole_grid_has_a_place_and_no_door(placed: City, log_in: LogIn) -> None:
    client = await log_in("here")
    (alert,) = (await client.get("/alerts", params={"rule": "facility-danger"})).json()["items"]
    assert alert["dwelling"] is None
    assert (alert["place"]["grid"], alert["subject"]) == (placed.here.grid, placed.here.grid)
    assert (await client.get(f"/alerts/{alert['finding_id']}")).json()["people"] == []
    (task,) = [item for item in (await client.get("/tasks")).json()["items"] if item["rule"] == "facility-danger"]
    assert (task["dwelling"], task["queue"]) == (None, placed.here.grid)
    counted = (await (await log_in("district")).get("/map/grids", params={"parent": HERE[:6]})).json()["features"]
    assert [feature["properties"]["open"] for feature in counted] == [4, 5], "the map counts them in their street"


async def test_what_concerns_a_whole_grid_has_a_pin_in_its_middle(placed: City, log_in: LogIn) -> None:
    corners = [[113.2, 23.0], [113.4, 23.0], [113.4, 23.2], [113.2, 23.2], [113.2, 23.0]]
    outline = Jsonb({"type": "Polygon", "coordinates": [corners]})
    with psycopg.connect(placed.database.sinks) as sinks:
        sinks.execute(
            "INSERT INTO city.grid_area (grid, name_zh, name_en, geometry) VALUES (%s, '网格', 'grid', %s)"
            " ON CONFLICT (grid) DO UPDATE SET geometry = excluded.geometry",
            (placed.here.grid, outline),
        )
    client = await log_in("here")
    (alert,) = (await client.get("/alerts", params={"rule": "facility-danger"})).json()["items"]
    middle = pytest.approx([113.3, 23.1])
    assert [alert["place"]["lon"], alert["place"]["lat"]] == middle
    pins = (await client.get("/map/alerts", params={"parent": DISTRICT})).json()["features"]
    (pin,) = [listed for listed in pins if listed["id"] == alert["finding_id"]]
    assert pin["geometry"]["coordinates"] == middle
