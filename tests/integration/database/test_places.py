"""Places that are no dwelling: what concerns a grid or a district lies in that grid's or district's queue."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from sinks.sink import Read, Unreadable
from sinks.targets.grid_tasks import _placement
from sinks.targets.row_tables import RowTables
from tests.integration.database import moves
from tests.integration.database.world import GRID_A, GRID_B, OTHER_DISTRICT, World
from wire.registry import Registry

DISTRICT = GRID_A[:6]


def arrives(world: World, view: str, key: str, place: str) -> None:
    """A view's row is written as the sink does."""
    row: dict[str, Any] = {"id": key, "place": place}
    with world.sinks() as connection:
        RowTables(Registry("http://127.0.0.1:1")).write(
            connection, [Read(f"rows.{view}", 1, key, (place, json.dumps(row).encode()), 0)]
        )


@pytest.fixture
def weather(world: World) -> World:
    """Two grids and another district's, two districts and a company at a dwelling of the first grid; alerts of each."""
    world.place("d1", GRID_A)
    for grid in (GRID_A, GRID_B, OTHER_DISTRICT):
        arrives(world, "grid", grid, f"grid/{grid}")
        world.alert(f"grid/{grid}", rule="facility-hazard", view="grid", subject=grid, domain="facilities")
    for district in (DISTRICT, OTHER_DISTRICT[:6]):
        arrives(world, "district", district, f"district/{district}")
        world.alert(f"district/{district}", rule="made-up", view="district", subject=district, domain="weather")
    world.row("legal_person", "91350100M000100Y43", "d1")
    return world


def seen(world: World, scope: str, statement: str) -> list[str]:
    with world.as_reader(world.account("command_centre", scope)) as connection:
        return [str(row[0]) for row in connection.execute(f"{statement} ORDER BY 1").fetchall()]


@pytest.mark.parametrize(
    ("scope", "grids", "districts", "companies"),
    [
        (GRID_A, [GRID_A], [], 1),
        (GRID_B, [GRID_B], [], 0),
        (GRID_A[:9], [GRID_A, GRID_B], [], 1),
        (DISTRICT, [GRID_A, GRID_B], [DISTRICT], 1),
        (OTHER_DISTRICT[:6], [OTHER_DISTRICT], [OTHER_DISTRICT[:6]], 0),
        ("", [OTHER_DISTRICT, GRID_A, GRID_B], [OTHER_DISTRICT[:6], DISTRICT], 1),
    ],
)
def test_an_account_sees_the_grids_districts_and_companies_of_its_scope(
    weather: World, scope: str, grids: list[str], districts: list[str], companies: int
) -> None:
    assert seen(weather, scope, "SELECT id FROM city.grid") == grids
    assert seen(weather, scope, "SELECT id FROM city.district") == districts
    assert len(seen(weather, scope, "SELECT id FROM city.legal_person")) == companies
    for table in ("alert", "task"):
        places = sorted([f"grid/{grid}" for grid in grids] + [f"district/{district}" for district in districts])
        assert seen(weather, scope, f"SELECT dwelling FROM city.{table}") == places
    assert seen(weather, scope, "SELECT queue FROM city.task") == sorted([*grids, *districts])


@pytest.mark.parametrize("role", ["department", "ops", "admin"])
def test_other_roles_see_none_of_them(weather: World, role: str) -> None:
    with weather.as_reader(weather.account(role, "")) as connection:
        for view in ("grid", "district", "legal_person"):
            assert connection.execute(f"SELECT count(*) FROM city.{view}").fetchone() == (0,)


@pytest.mark.parametrize("key", ["grid/1", "grid/44011300100100x", "district/4401", "grid/", "street/440113001"])
def test_what_is_no_place_lies_nowhere(world: World, key: str) -> None:
    finding = world.alert(key)
    assert world.tasks(finding)[0]["queue"] == "city"


def test_no_dwelling_takes_a_grids_place() -> None:
    row = {"id": f"grid/{GRID_A}", "grid": GRID_B, "district": None, "lon": None, "lat": None, "address": None}
    with pytest.raises(Unreadable, match="another number"):
        _placement(row, f"grid/{GRID_A}")


@pytest.mark.parametrize(("place", "visited"), [("d1", ["d1"]), (f"grid/{GRID_A}", []), (f"district/{DISTRICT}", [])])
def test_a_finished_task_is_a_visit_of_its_dwelling_and_of_no_grid(
    world: World, place: str, visited: list[str]
) -> None:
    world.place("d1", GRID_A)
    finding = world.alert(place)
    with world.as_account(world.account("grid_worker", GRID_A if place != f"district/{DISTRICT}" else "")) as worker:
        moves.act(worker, world.tasks(finding)[0]["id"], "acknowledge")
        moves.act(worker, world.tasks(finding)[0]["id"], "complete", detail={"outcome": "done"})
    assert world.tasks(finding)[0]["state"] == "completed"
    with psycopg.connect(world.database.admin) as admin:
        stated = admin.execute("SELECT statement ->> 'subject' FROM city.outbox WHERE topic = 'grid.observation'")
        assert [row[0] for row in stated.fetchall()] == visited
