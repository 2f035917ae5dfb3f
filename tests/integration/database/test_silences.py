"""A silence has an owner, a reason and an end; what it silences is counted, listed, and comes back by itself."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.integration.database.world import GRID_A, GRID_B, OTHER_STREET, World

STREET, DISTRICT = GRID_A[:9], GRID_A[:6]


def ask(world: World, token: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with world.as_account(token) as caller:
        return caller.execute(statement.encode(), values).fetchall()


def silence(world: World, token: str, area: str = STREET, rule: str = "newly-let", hours: float = 4) -> uuid.UUID:
    made = "SELECT city.make_silence(%s, %s, '整栋改造', now() + %s)"
    return uuid.UUID(str(ask(world, token, made, rule, area, timedelta(hours=hours))[0][0]))


def counted(world: World, token: str) -> tuple[int, int]:
    """Open alerts that are shown, and that are silenced."""
    wanted = Jsonb({"state": "silenced"})
    ((shown, silenced),) = ask(world, token, "SELECT city.count_alerts('{}'), city.count_alerts(%s)", wanted)
    assert ask(world, token, "SELECT open, silenced FROM city.summary('', 'Asia/Shanghai')") == [(shown, silenced)]
    assert len(ask(world, token, "SELECT * FROM city.list_alerts(%s, 201)", wanted)) == silenced
    return shown, silenced


def states(world: World, finding: uuid.UUID) -> list[str]:
    return [task["state"] for task in world.tasks(finding)]


def later(world: World, hours: float) -> None:
    """The sink's turn, so many hours from now."""
    with world.sinks() as sinks:
        ((now,),) = sinks.execute("SELECT now()").fetchall()
        sinks.execute("SELECT city.keep_silences(%s, 1000)", (now + timedelta(hours=hours),))


@pytest.fixture
def centre(world: World) -> str:
    for dwelling, grid in (("A", GRID_A), ("B", GRID_B), ("C", OTHER_STREET)):
        world.place(dwelling, grid)
    return world.account("command_centre", STREET, name="shiqiao")


def test_what_is_silenced_is_counted_listed_and_comes_back_by_itself(world: World, centre: str) -> None:
    before, other_rule, elsewhere = world.alert("A"), world.alert("A", rule="new-tenant"), world.alert("C")
    its = silence(world, centre)
    during = world.alert("B")
    assert (states(world, before), states(world, during)) == (["closed"], []), "nobody is sent"
    assert (states(world, other_rule), states(world, elsewhere)) == (["dispatched"], ["dispatched"])
    assert counted(world, centre) == (1, 2)
    says = "SELECT silenced_by, silenced_because, silenced_name FROM city.read_alerts(%s)"
    (row,) = ask(world, centre, says, [during])
    assert row == (its, "整栋改造", "shiqiao")
    later(world, 3.9)
    assert counted(world, centre) == (1, 2)
    later(world, 4.1)
    assert counted(world, centre) == (3, 0)
    assert (states(world, before), states(world, during)) == (["closed", "dispatched"], ["dispatched"])
    history = "SELECT id, made_by_name, ended_at = ends_at, ended_by_name FROM city.list_silences(true)"
    assert ask(world, centre, history) == [(its, "shiqiao", True, None)]


def test_who_made_it_ends_it_before_its_time(world: World, centre: str) -> None:
    finding = world.alert("A")
    its = silence(world, centre)
    assert ask(world, centre, "SELECT id, alerts, may_end FROM city.list_silences(false)") == [(its, 1, True)]
    for _ in range(2):  # sent again
        ask(world, centre, "SELECT city.end_silence(%s)", its)
    assert states(world, finding) == ["closed", "dispatched"]
    assert ask(world, centre, "SELECT ended_by_name FROM city.list_silences(true)") == [("shiqiao",)]


def test_what_is_resolved_meanwhile_does_not_come_back(world: World, centre: str) -> None:
    finding = world.alert("A")
    silence(world, centre)
    world.alert("A", finding=finding, state="resolved")
    later(world, 5)
    assert states(world, finding) == ["closed"]
    assert counted(world, centre) == (0, 0)


def test_what_somebody_is_at_stays_in_sight_and_is_silenced_once_it_is_put_back(world: World, centre: str) -> None:
    finding = world.alert("A")
    worker = world.account("grid_worker", GRID_A)
    task = world.tasks(finding)[0]["id"]
    ask(world, worker, "SELECT city.act(%s, 'acknowledge')", task)
    silence(world, centre)
    assert counted(world, centre) == (1, 0)
    ask(world, worker, "SELECT city.act(%s, 'release')", task)
    later(world, 0)
    assert counted(world, centre) == (0, 1)


@pytest.mark.parametrize(
    ("role", "scope", "area"),
    [
        ("command_centre", OTHER_STREET[:9], STREET),
        ("command_centre", STREET, DISTRICT),
        ("command_centre", GRID_A[:12], GRID_A[:12]),
        ("grid_worker", GRID_A, GRID_A),
        ("admin", "", ""),
    ],
)
def test_only_a_street_a_district_or_the_city_silences_and_only_its_own(
    world: World, centre: str, role: str, scope: str, area: str
) -> None:
    token = world.account(role, scope)
    with pytest.raises(psycopg.Error) as refused:
        silence(world, token, area)
    assert refused.value.sqlstate == "CG403"
    its = silence(world, centre)
    if scope != STREET:
        with pytest.raises(psycopg.Error) as refused:
            ask(world, token, "SELECT city.end_silence(%s)", its)
        assert refused.value.sqlstate == "CG404"


@pytest.mark.parametrize("hours", [-1, 0, 91 * 24])
def test_it_has_an_end(world: World, centre: str, hours: float) -> None:
    with pytest.raises(psycopg.Error) as refused:
        silence(world, centre, hours=hours)
    assert refused.value.sqlstate == "CG422"


def test_a_call_for_help_is_never_silenced(world: World, centre: str) -> None:
    silence(world, centre, rule="button-sos")  # of which the database has seen none yet
    call = world.alert("A", rule="button-sos", domain="sos", severity="urgent")
    later(world, 0)
    assert states(world, call) == ["dispatched"]
    assert counted(world, centre) == (1, 0)
    with pytest.raises(psycopg.Error) as refused:
        silence(world, centre, rule="button-sos")
    assert refused.value.sqlstate == "CG422"


def test_nobody_hears_of_another_streets_silence(world: World, centre: str) -> None:
    silence(world, centre)
    other = world.account("command_centre", OTHER_STREET[:9])
    assert ask(world, other, "SELECT * FROM city.list_silences(false)") == []
    below = world.account("command_centre", GRID_A[:12])
    assert ask(world, below, "SELECT may_end FROM city.list_silences(false)") == [(False,)], "it holds there too"


def test_its_tasks_return_with_their_whole_time(world: World, centre: str) -> None:
    finding = world.alert("A")
    its = silence(world, centre)
    ask(world, centre, "SELECT city.end_silence(%s)", its)
    first, again = world.tasks(finding)
    assert isinstance(again["respond_by"], datetime)
    assert again["respond_by"] > first["respond_by"]
    assert again["previous"] == first["id"]
    assert "静默" in first["closed_zh"]
