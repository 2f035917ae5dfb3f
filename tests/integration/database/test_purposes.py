"""Who may look at a person, and why: purposes belong to roles, a case concerns its people, and an account that is
limited to domains reads people through an open task of its own only."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from tests.integration.database import moves
from tests.integration.database.world import GRID_A, World


@pytest.fixture
def flats(world: World) -> World:
    """Two flats of one grid, each with its resident and household; the first has pressed the doctor's button."""
    for flat in ("d1", "d2"):
        world.place(flat, GRID_A)
        world.row("resident", f"resident-{flat}", flat)
        world.row("household", f"household-{flat}", flat)
    return world


def call(world: World, flat: str = "d1") -> uuid.UUID:
    return world.alert(flat, rule="button-doctor", domain="doctor", view="resident", subject=f"resident-{flat}")


def shown(world: World, token: str, flat: str, purpose: str | None, case: uuid.UUID | None = None) -> int:
    """How many of a flat's resident and household are shown."""
    with world.as_account(token) as connection:
        ask = "SELECT * FROM city.read_rows(%s, ARRAY[%s], %s, %s)"
        return sum(
            len(connection.execute(ask, (view, f"{view}-{flat}", purpose, case)).fetchall())
            for view in ("resident", "household")
        )


def refusal(world: World, token: str, purpose: str, case: uuid.UUID | None = None) -> str:
    with pytest.raises(psycopg.Error) as refused:
        shown(world, token, "d1", purpose, case)
    return str(refused.value.sqlstate)


def test_an_account_of_a_domain_sees_people_through_its_open_calls_only(flats: World) -> None:
    doctor = flats.account("grid_worker", GRID_A[:12], ["doctor"])
    assert shown(flats, doctor, "d1", None) == 0, "nobody has called"
    finding = call(flats)
    assert shown(flats, doctor, "d1", None) == 2
    assert shown(flats, doctor, "d1", "handle_case", finding) == 2
    assert shown(flats, doctor, "d2", None) == 0
    assert shown(flats, doctor, "d2", "handle_case", finding) == 0, "another flat is not of this case"
    assert shown(flats, flats.account("grid_worker", GRID_A[:12], ["housekeeper"]), "d1", None) == 0
    flats.alert("d2")  # somebody else's business
    assert shown(flats, doctor, "d2", None) == 0
    with flats.as_account(doctor) as connection:
        task = flats.tasks(finding)[0]["id"]
        moves.act(connection, task, "acknowledge")
    colleague = flats.account("grid_worker", GRID_A[:12], ["doctor"])
    assert shown(flats, colleague, "d1", None) == 0, "the call is a colleague's"
    assert shown(flats, doctor, "d1", None) == 2
    with flats.as_account(doctor) as connection:
        moves.act(connection, task, "complete", detail={"outcome": "done"})
    assert shown(flats, doctor, "d1", None) == 0, "the call is answered"


def test_purposes_belong_to_roles(flats: World) -> None:
    finding = call(flats)
    doctor = flats.account("grid_worker", GRID_A[:12], ["doctor"])
    for purpose in ("supervise", "verify_fact", "answer_citizen", "made_up"):
        assert refusal(flats, doctor, purpose, finding) == "CG403", purpose
    worker, centre = flats.account("grid_worker", GRID_A), flats.account("command_centre", GRID_A[:6])
    assert refusal(flats, worker, "supervise") == "CG403"
    assert shown(flats, worker, "d1", "verify_fact") == 2
    assert shown(flats, centre, "d2", "supervise") == 2
    with flats.as_account(doctor) as connection:
        mine = connection.execute("SELECT * FROM city.my_purposes()").fetchall()
    assert mine == [("handle_case",)]


def test_handling_a_case_names_it_and_the_case_concerns_who_is_shown(flats: World) -> None:
    finding, centre = call(flats), flats.account("command_centre", GRID_A[:6])
    assert refusal(flats, centre, "handle_case") == "CG422"
    assert shown(flats, centre, "d1", "handle_case", finding) == 2
    assert shown(flats, centre, "d2", "handle_case", finding) == 0
    assert shown(flats, centre, "d1", "handle_case", uuid.uuid4()) == 0
    assert shown(flats, flats.account("command_centre", "440106"), "d1", "handle_case", finding) == 0
    with psycopg.connect(flats.database.admin) as admin:
        tried = admin.execute("SELECT count(*) FROM audit.look WHERE NOT found AND case_id IS NOT NULL").fetchone()
    assert tried == (6,), "what was refused is recorded too"
