"""Who went and met nobody has not done it: while the finding is open, the work comes back."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from database import queries
from tests.integration.database import moves
from tests.integration.database.world import GRID_A, GRID_B, World


@pytest.fixture
def finding(world: World) -> uuid.UUID:
    world.place("d1", GRID_A)
    return world.alert("d1")


def complete(world: World, token: str, task: Any, outcome: str) -> None:
    with world.as_account(token) as connection:
        moves.act(connection, task, "acknowledge")
        moves.act(connection, task, "complete", detail={"outcome": outcome})


@pytest.mark.parametrize(
    ("outcome", "queue", "handed_over"), [("nobody_home", GRID_A, False), ("refused", GRID_A[:6], True)]
)
def test_it_comes_back_until_it_is_done(
    world: World, finding: uuid.UUID, outcome: str, queue: str, handed_over: bool
) -> None:
    first = world.tasks(finding)[0]
    complete(world, world.account("grid_worker", GRID_A), first["id"], outcome)
    again = next(task for task in world.tasks(finding) if task["id"] != first["id"])
    assert (again["state"], again["queue"], again["handed_over"]) == ("dispatched", queue, handed_over)
    assert (again["previous"], again["claimed_by"], again["outcome"]) == (first["id"], None, None)
    assert again["outcome_before"] == outcome
    assert (again["severity"], again["dwelling"], again["domain"]) == (first["severity"], "d1", first["domain"])
    with psycopg.connect(world.database.admin) as admin:
        feed = admin.execute("SELECT place FROM city.feed WHERE kind = 'task' AND key = %s", (str(again["id"]),))
        assert feed.fetchall() == [(queue,)]
        history = admin.execute("SELECT number, move, queue FROM city.task_event WHERE task = %s", (again["id"],))
        assert history.fetchall() == [(1, "dispatch", queue)]

    whose = ("grid_worker", GRID_A) if queue == GRID_A else ("command_centre", GRID_A[:6])
    complete(world, world.account(*whose), again["id"], "done")
    assert {task["state"] for task in world.tasks(finding)} == {"completed"}
    assert len(world.tasks(finding)) == 2


def test_what_the_district_too_was_refused_is_decided(world: World, finding: uuid.UUID) -> None:
    complete(world, world.account("grid_worker", GRID_A), world.tasks(finding)[0]["id"], "refused")
    complete(world, world.account("command_centre", GRID_A[:6]), world.tasks(finding)[-1]["id"], "refused")
    assert [task["outcome"] for task in world.tasks(finding)] == ["refused", "refused"]


def test_it_comes_back_where_the_door_lies_now(world: World, finding: uuid.UUID) -> None:
    """The grid was redrawn while somebody held the task, which stays with who holds it; what follows does not."""
    worker = world.account("grid_worker", GRID_A)
    task = world.tasks(finding)[0]["id"]
    with world.as_account(worker) as connection:
        moves.act(connection, task, "acknowledge")
    world.place("d1", GRID_B)
    assert world.tasks(finding)[0]["queue"] == GRID_A
    with world.as_account(worker) as connection:
        moves.act(connection, task, "complete", detail={"outcome": "nobody_home"})
    assert [one["queue"] for one in world.tasks(finding)] == [GRID_A, GRID_B]


def test_a_follow_up_is_closed_with_its_finding(world: World, finding: uuid.UUID) -> None:
    complete(world, world.account("grid_worker", GRID_A), world.tasks(finding)[0]["id"], "nobody_home")
    world.alert("d1", "resolved", finding)
    assert sorted(task["state"] for task in world.tasks(finding)) == ["closed", "completed"]


def test_nothing_follows_for_a_finding_that_is_resolved_meanwhile(world: World, finding: uuid.UUID) -> None:
    """The completion comes while a sink's transaction resolves the alert and has not closed its task yet."""
    task = world.tasks(finding)[0]["id"]
    worker = world.account("grid_worker", GRID_A)
    with world.as_account(worker) as connection:
        moves.act(connection, task, "acknowledge")
    refused: list[Exception] = []

    def finish() -> None:
        try:
            with world.as_account(worker) as connection:
                moves.act(connection, task, "complete", detail={"outcome": "nobody_home"})
        except moves.MoveRefused as error:
            refused.append(error)

    finishing = threading.Thread(target=finish)
    with world.sinks() as sinks, psycopg.connect(world.database.admin, autocommit=True) as admin:
        sinks.execute("UPDATE city.alert SET state = 'resolved' WHERE finding_id = %s", (finding,))
        finishing.start()
        while not admin.execute(
            "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        ).fetchall():
            assert finishing.is_alive(), "the completion did not wait for the alert"
        sinks.execute(queries.CLOSE, {"findings": [finding]})
    finishing.join(30)
    assert [str(one["state"]) for one in world.tasks(finding)] == ["closed"]
    assert refused, "a closed task was completed"


def test_resolving_meets_the_follow_up_of_a_completion_under_way(world: World, finding: uuid.UUID) -> None:
    """The other way round: the sink waits for the completion, and closes what it left."""
    task = world.tasks(finding)[0]["id"]
    worker = world.account("grid_worker", GRID_A)
    resolving = threading.Thread(target=world.alert, args=("d1", "resolved", finding))
    with (
        world.as_account(worker) as connection,
        psycopg.connect(world.database.admin, autocommit=True) as admin,
    ):
        moves.act(connection, task, "acknowledge")
        moves.act(connection, task, "complete", detail={"outcome": "nobody_home"})
        resolving.start()
        while not admin.execute(
            "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        ).fetchall():
            assert resolving.is_alive(), "the sink did not wait for the completion"
    resolving.join(30)
    assert sorted(str(one["state"]) for one in world.tasks(finding)) == ["closed", "completed"]


def test_time_to_respond_is_given_again(world: World) -> None:
    world.place("d1", GRID_A)
    finding = world.alert("d1", respond_within=240)
    first = world.tasks(finding)[0]
    complete(world, world.account("grid_worker", GRID_A), first["id"], "nobody_home")
    again = next(task for task in world.tasks(finding) if task["id"] != first["id"])
    assert again["dispatched_at"] > first["dispatched_at"]
    assert again["respond_by"] - again["dispatched_at"] == timedelta(hours=4)
