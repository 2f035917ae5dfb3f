"""Law 8: placement belongs to the dwelling; tasks follow it until somebody holds them."""

from __future__ import annotations

import threading
from uuid import UUID

import psycopg
import pytest

from tests.integration.database import moves
from tests.integration.database.world import GRID_A, GRID_B, World


def queue(world: World, finding: UUID) -> str:
    return str(world.tasks(finding)[-1]["queue"])


def test_a_task_lies_in_the_queue_of_its_dwellings_grid(world: World) -> None:
    world.place("d1", GRID_A)
    assert queue(world, world.alert("d1")) == GRID_A


def test_unknown_placement_waits_in_the_district_or_the_city_and_moves_when_known(world: World) -> None:
    world.place("d1", None, "440113")
    in_district, nowhere, without = world.alert("d1"), world.alert("d2"), world.alert("")
    assert [queue(world, finding) for finding in (in_district, nowhere, without)] == ["440113", "city", "city"]
    world.place("d1", GRID_A)
    world.place("d2", GRID_B)
    assert [queue(world, finding) for finding in (in_district, nowhere, without)] == [GRID_A, GRID_B, "city"]


def test_a_redrawn_grid_moves_unclaimed_tasks_only(world: World) -> None:
    for dwelling in ("claimed", "free", "handed", "suspended"):
        world.place(dwelling, GRID_A)
    claimed, free, handed, suspended = (world.alert(name) for name in ("claimed", "free", "handed", "suspended"))
    worker, centre = world.account("grid_worker", GRID_A), world.account("command_centre", "440113")
    with world.as_account(worker) as connection:
        moves.act(connection, world.tasks(claimed)[0]["id"], "claim")
    with world.as_account(centre) as connection:
        moves.act(connection, world.tasks(handed)[0]["id"], "hand_over", "theirs", {"queue": "440113"})
        moves.act(connection, world.tasks(suspended)[0]["id"], "suspend", "flood")
    for dwelling in ("claimed", "free", "handed", "suspended"):
        world.place(dwelling, GRID_B)
    assert [queue(world, finding) for finding in (claimed, free, handed, suspended)] == [
        GRID_A,
        GRID_B,
        "440113",
        GRID_B,
    ]


def test_an_older_row_of_a_dwelling_changes_nothing(world: World) -> None:
    world.place("d1", GRID_A)
    finding = world.alert("d1")
    world._version = -100
    world.place("d1", GRID_B)
    assert queue(world, finding) == GRID_A


@pytest.mark.parametrize("heard_of", [False, True])
def test_an_alert_and_the_placement_of_its_dwelling_at_once(world: World, heard_of: bool) -> None:
    """Whichever commits last, the task ends in the grid's queue: they take turns on the dwelling's placement."""
    if heard_of:
        world.row("resident", "r1", "d1")
    findings: list[UUID] = []
    with world.sinks() as placing:
        world.place("d1", GRID_A, connection=placing)
        alerting = threading.Thread(target=lambda: findings.append(world.alert("d1")))
        alerting.start()
        with psycopg.connect(world.database.admin, autocommit=True) as admin:
            wait_for_a_waiter(admin)
    alerting.join(10)
    assert queue(world, findings[0]) == GRID_A


def test_a_dwelling_is_not_placed_between_an_alert_and_its_commit(world: World) -> None:
    world.row("resident", "r1", "d1")
    placing = threading.Thread(target=lambda: world.place("d1", GRID_A))

    def meanwhile() -> None:
        placing.start()
        with psycopg.connect(world.database.admin, autocommit=True) as admin:
            wait_for_a_waiter(admin)

    finding = world.alert("d1", meanwhile=meanwhile)
    placing.join(10)
    assert queue(world, finding) == GRID_A


def wait_for_a_waiter(admin: psycopg.Connection[tuple[object, ...]]) -> None:
    """Return once some session waits for another's transaction."""
    deadline = threading.Event()
    for _ in range(200):
        waiting = admin.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        ).fetchone()
        if waiting and waiting[0]:
            return
        deadline.wait(0.05)
    raise AssertionError("nobody waited: the two transactions do not take turns")


def test_a_resolved_finding_closes_its_task_and_a_reopened_one_makes_a_linked_task(world: World) -> None:
    world.place("d1", GRID_A)
    finding = world.alert("d1")
    world.alert("d1", "changed", finding)
    assert len(world.tasks(finding)) == 1
    world.alert("d1", "resolved", finding)
    (closed,) = world.tasks(finding)
    assert (closed["state"], closed["closed_en"]) == ("closed", "visited")
    world.alert("d1", "opened", finding)
    first, second = world.tasks(finding)
    assert (second["previous"], second["state"]) == (first["id"], "dispatched")


def test_a_held_finding_makes_no_task(world: World) -> None:
    finding = world.alert("d1", "held")
    assert world.tasks(finding) == []
    world.alert("d1", "resolved", finding)
    assert world.tasks(finding) == []


def test_a_completed_task_stays_completed_while_its_finding_stays_open(world: World) -> None:
    world.place("d1", GRID_A)
    finding = world.alert("d1")
    with world.as_account(world.account("grid_worker", GRID_A)) as connection:
        task = world.tasks(finding)[0]["id"]
        moves.act(connection, task, "acknowledge")
        moves.act(connection, task, "complete", detail={"outcome": "done", "checks": {"door": "closed"}})
    world.alert("d1", "changed", finding)
    (only,) = world.tasks(finding)
    assert only["state"] == "completed"
    with psycopg.connect(world.database.admin) as admin:
        topic, statement = admin.execute("SELECT topic, statement FROM city.outbox").fetchall()[0]
    assert (topic, statement["subject"], statement["record"]) == ("grid.observation", "d1", str(task))
    assert statement["change"]["checks"] == {"door": "closed"}
