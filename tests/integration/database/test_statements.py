"""What a moved task says to the streams: in the move's own transaction, once, and about whom it may speak."""

from __future__ import annotations

import uuid
from typing import Any

import psycopg
import pytest

from tests.integration.database import moves
from tests.integration.database.world import GRID_A, World

PERSON = "k1." + "a" * 43
DONE = {"outcome": "done", "note": "n", "checks": {"hurt": "no"}}


def stated(world: World) -> list[tuple[str, dict[str, Any]]]:
    with psycopg.connect(world.database.admin) as admin:
        return [(row[0], row[1]) for row in admin.execute("SELECT topic, statement FROM city.outbox ORDER BY id")]


def call_for_a_doctor(world: World, dwelling: str) -> uuid.UUID:
    """A task of somebody's call; returns its number."""
    finding = world.alert(
        dwelling, rule="button-doctor", domain="doctor", view="resident", subject=PERSON, cause="call-1"
    )
    return uuid.UUID(str(world.tasks(finding)[0]["id"]))


def instruct(world: World, token: str, task: uuid.UUID, note: str, request: uuid.UUID | None = None) -> None:
    with world.as_account(token) as connection:
        moves.act(connection, task, "instruct", note, request=request)


@pytest.mark.parametrize("dwelling", ["d1", ""])
def test_a_completed_task_about_a_person_says_what_came_of_it(world: World, dwelling: str) -> None:
    world.place("d1", GRID_A)
    task = call_for_a_doctor(world, dwelling)
    request = uuid.uuid4()
    doctor = world.account("grid_worker", GRID_A if dwelling else "", ["doctor"])
    with world.as_account(doctor) as connection:
        moves.act(connection, task, "acknowledge")
        for _ in range(2):
            moves.act(connection, task, "complete", detail=DONE, request=request)
    ((topic, statement),) = [pair for pair in stated(world) if pair[0] != "grid.observation"]
    assert (topic, statement["kind"], statement["subject"], statement["record"]) == (
        "grid.response",
        "Responded",
        PERSON,
        str(task),
    )
    assert statement["change"] == {
        "task": str(task), "rule": "button-doctor", "cause": "call-1", **DONE,
    }  # fmt: skip
    assert statement["occurred_at"] == statement["recorded_at"]


def test_an_instruction_is_stated_and_so_is_the_feedback_to_it(world: World) -> None:
    world.place("d1", GRID_A)
    task = world.tasks(world.alert("d1"))[0]["id"]
    centre, worker = world.account("command_centre", "440113"), world.account("grid_worker", GRID_A)
    request = uuid.uuid4()
    instruct(world, centre, task, "look at the roof", request)
    instruct(world, centre, task, "look at the roof", request)
    instruct(world, centre, task, "and at the stairs")
    with world.as_account(worker) as connection:
        moves.act(connection, task, "acknowledge")
        moves.act(connection, task, "complete", detail={"outcome": "done"})
    statements = [
        (topic, statement["kind"], statement["change"])
        for topic, statement in stated(world)
        if topic == "grid.instruction"
    ]
    assert statements == [
        ("grid.instruction", "Instructed", {"task": str(task), "instruction": "look at the roof"}),
        ("grid.instruction", "Instructed", {"task": str(task), "instruction": "and at the stairs"}),
        ("grid.instruction", "FedBack", {"task": str(task), "outcome": "done", "note": None}),
    ]
    records = [statement["record"] for topic, statement in stated(world) if topic == "grid.instruction"]
    assert len(set(records)) == 3, "no instruction is another's correction"


def test_an_ordinary_task_of_a_dwelling_states_its_visit_only(world: World) -> None:
    world.place("d1", GRID_A)
    task = world.tasks(world.alert("d1"))[0]["id"]
    with world.as_account(world.account("grid_worker", GRID_A)) as connection:
        moves.act(connection, task, "acknowledge")
        moves.act(connection, task, "complete", detail={"outcome": "done"})
    assert [topic for topic, _ in stated(world)] == ["grid.observation"]


def test_an_instruction_about_no_dwelling_stays_in_the_task(world: World) -> None:
    task = call_for_a_doctor(world, "")
    instruct(world, world.account("command_centre", ""), task, "call back")
    assert stated(world) == []


def test_a_move_that_is_taken_back_states_nothing(world: World) -> None:
    world.place("d1", GRID_A)
    task = call_for_a_doctor(world, "d1")
    with world.as_account(world.account("grid_worker", GRID_A)) as connection:
        moves.act(connection, task, "acknowledge")
        moves.act(connection, task, "complete", detail={"outcome": "done"})
        connection.rollback()
    assert stated(world) == []


def test_what_a_button_asked_for_is_answered_and_is_no_visit(world: World) -> None:
    world.place("d1", GRID_A)
    task = call_for_a_doctor(world, "d1")
    with world.as_account(world.account("grid_worker", GRID_A, ["doctor"])) as connection:
        moves.act(connection, task, "acknowledge")
        moves.act(connection, task, "complete", detail={"outcome": "done"})
    assert [topic for topic, _ in stated(world)] == ["grid.response"]
