"""What a worker saw is kept, whatever became of the task meanwhile, and at the time at which it was seen."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.integration.database import moves
from tests.integration.database.moves import Kept
from tests.integration.database.world import GRID_A, GRID_B, OTHER_DISTRICT, World

DONE = {"outcome": "done", "note": "seen", "checks": {"lives_here": "yes"}}


def visit(
    world: World,
    token: str,
    task: uuid.UUID,
    stated: datetime | None = None,
    request: uuid.UUID | None = None,
    seen: dict[str, Any] = DONE,
) -> Kept:
    with world.as_account(token) as connection:
        row = connection.execute(
            "SELECT * FROM city.visit(%s, %s, %s, %s)", (task, Jsonb(seen), stated, request)
        ).fetchone()
    assert row is not None
    return Kept(*row)


def act(world: World, token: str, task: uuid.UUID, move: str, **more: Any) -> None:
    with world.as_account(token) as connection:
        moves.act(connection, task, move, more.pop("reason", "why"), more)


def age(world: World, task: uuid.UUID, hours: int = 10) -> datetime:
    """The task was made so long ago; when."""
    with psycopg.connect(world.database.admin) as admin:
        row = admin.execute(
            "UPDATE city.task SET dispatched_at = dispatched_at - make_interval(hours => %s) WHERE id = %s"
            " RETURNING dispatched_at",
            (hours, task),
        ).fetchone()
    assert row is not None
    return row[0]  # type: ignore[no-any-return]


def stated(world: World, topic: str = "grid.observation") -> list[dict[str, Any]]:
    """What the outbox has of one topic."""
    with psycopg.connect(world.database.admin) as admin:
        rows = admin.execute("SELECT statement FROM city.outbox WHERE topic = %s ORDER BY id", (topic,)).fetchall()
    return [row[0] for row in rows]


@pytest.fixture
def task(world: World) -> uuid.UUID:
    world.place("d1", GRID_A)
    world.place("d2", GRID_B)
    return uuid.UUID(str(world.tasks(world.alert("d1"))[0]["id"]))


@pytest.mark.parametrize(
    ("meanwhile", "state"),
    [
        ("taken_over", "acknowledged"),
        ("handed_over", "dispatched"),
        ("suspended", "suspended"),
        ("closed", "closed"),
        ("completed", "completed"),
        ("not_acknowledged", "dispatched"),
    ],
)
def test_a_visit_whose_case_moved_on_is_an_observation_of_it(
    world: World, task: uuid.UUID, meanwhile: str, state: str
) -> None:
    worker, colleague = world.account("grid_worker", GRID_A), world.account("grid_worker", GRID_A)
    centre = world.account("command_centre", "440113")
    made = age(world, task)
    finding = world.tasks_by_id(task)["finding_id"]
    if meanwhile != "not_acknowledged":
        act(world, worker, task, "acknowledge")
    match meanwhile:
        case "taken_over":
            act(world, centre, task, "hand_over", queue=GRID_A)
            act(world, colleague, task, "acknowledge")
        case "handed_over":
            act(world, centre, task, "hand_over", queue=GRID_B)
        case "suspended":
            act(world, centre, task, "suspend")
        case "closed":
            world.alert("d1", "resolved", finding)
        case "completed":
            visit(world, worker, task)
    before = world.tasks_by_id(task)
    at_ten = made + timedelta(hours=2)
    kept = visit(world, worker, task, at_ten)
    assert (kept.kept_as, kept.because, kept.seen_at, kept.bound) == ("observation", meanwhile, at_ten, None)
    assert world.tasks_by_id(task) == before, "whose task it is, and what became of it, stays"
    assert before["state"] == state
    statement = stated(world)[-1]
    assert statement["record"].startswith(f"{task}/")
    assert statement["change"] == {"task": str(task), **DONE}
    assert datetime.fromisoformat(statement["occurred_at"]) == at_ten
    assert datetime.fromisoformat(statement["recorded_at"]) == kept.sent_at
    with world.as_account(centre) as connection:
        timeline = connection.execute("SELECT * FROM city.timeline_of(%s)", (finding,)).fetchall()
    assert [line[1] for line in timeline].count("observe") == 1


def test_a_visit_sent_in_the_evening_keeps_both_times(world: World, task: uuid.UUID) -> None:
    worker = world.account("grid_worker", GRID_A)
    at_ten = age(world, task) + timedelta(hours=2)
    act(world, worker, task, "acknowledge")
    kept = visit(world, worker, task, at_ten)
    assert (kept.kept_as, kept.seen_at, kept.bound) == ("completion", at_ten, None)
    after = world.tasks_by_id(task)
    assert (after["state"], after["seen_at"], after["finished_at"]) == ("completed", at_ten, kept.sent_at)
    (statement,) = stated(world)
    assert datetime.fromisoformat(statement["occurred_at"]) == at_ten
    assert datetime.fromisoformat(statement["recorded_at"]) == kept.sent_at
    with world.as_account(world.account("command_centre", "440113")) as connection:
        (line,) = connection.execute(
            "SELECT at, happened_at, outcome FROM city.timeline_of(%s) WHERE kind = 'complete'", (after["finding_id"],)
        ).fetchall()
    assert line == (kept.sent_at, at_ten, "done")


@pytest.mark.parametrize("done", [True, False])
def test_a_time_out_of_bounds_is_kept_at_the_bound_and_said(world: World, task: uuid.UUID, done: bool) -> None:
    worker = world.account("grid_worker", GRID_A)
    made = age(world, task)
    later = datetime.now(UTC) + timedelta(days=3)
    if done:
        act(world, worker, task, "acknowledge")
    early = visit(world, worker, task, made - timedelta(days=1))
    assert (early.seen_at, early.bound) == (made, "task")
    late = visit(world, worker, task, later)
    assert (late.seen_at, late.bound) == (late.sent_at, "now")
    skewed = visit(world, worker, task, datetime.now(UTC) + timedelta(minutes=2))
    assert (skewed.seen_at, skewed.bound) == (skewed.sent_at, None), "clocks differ by minutes"
    assert visit(world, worker, task).seen_at is not None, "a page that states no time was there when it sent"
    with psycopg.connect(world.database.admin) as admin:
        history = admin.execute("SELECT stated_at FROM city.task_event WHERE task = %s ORDER BY number", (task,))
        assert [row[0] for row in history if row[0]][:2] == [made - timedelta(days=1), later]


def test_sent_again_it_is_one_visit(world: World, task: uuid.UUID) -> None:
    worker, request = world.account("grid_worker", GRID_A), uuid.uuid4()
    answers = {visit(world, worker, task, request=request) for _ in range(3)}
    assert len(answers) == 1
    assert len(stated(world)) == 1
    act(world, worker, task, "acknowledge")
    assert visit(world, worker, task, request=request).kept_as == "observation", "it was sent before"
    again = uuid.uuid4()
    answers = {visit(world, worker, task, request=again) for _ in range(3)}
    assert [kept.kept_as for kept in answers] == ["completion"]


def test_of_a_task_that_was_never_in_ones_queue_nothing_is_learnt(world: World, task: uuid.UUID) -> None:
    strangers = [world.account("grid_worker", OTHER_DISTRICT), world.account("grid_worker", GRID_A, ["doctor"])]
    for token in (*strangers, world.account("admin", ""), world.account("department", "")):
        for key in (task, uuid.uuid4()):
            with pytest.raises(psycopg.Error, match=r"^There is no such task\."):
                visit(world, token, key)
    with pytest.raises(psycopg.Error, match="cannot move this task"):
        visit(world, world.account("command_centre", "440113"), task)
    assert stated(world) == []


def test_an_answer_to_a_call_and_the_feedback_to_an_instruction_are_kept_too(world: World, task: uuid.UUID) -> None:
    call = world.alert("d1", rule="button-sos", domain="sos", view="resident", subject="k1.x", cause="call-1")
    desk = world.account("grid_worker", GRID_A)
    centre = world.account("command_centre", "440113")
    called = world.tasks(call)[0]["id"]
    visit(world, desk, called)
    assert [one["record"] for one in stated(world, "grid.response")] == [f"{called}/2"]
    assert stated(world) == [], "a call that was answered is no visit"
    act(world, centre, task, "instruct")
    visit(world, desk, task)
    assert [one["kind"] for one in stated(world, "grid.instruction")] == ["Instructed", "FedBack"]


def test_a_centre_assigns_and_does_not_acknowledge_for_a_worker(world: World, task: uuid.UUID) -> None:
    centre = world.account("command_centre", "440113")
    for move in ("claim", "acknowledge", "complete"):
        with pytest.raises(moves.IllegalMove):
            act(world, centre, task, move, outcome="done")
    act(world, centre, task, "hand_over", queue=GRID_B)
    assert world.tasks_by_id(task)["queue"] == GRID_B
    act(world, world.account("grid_worker", GRID_B), task, "acknowledge")


def test_what_is_in_the_districts_own_queue_a_centre_decides_itself(world: World, task: uuid.UUID) -> None:
    """Refused work comes to the district: it tries again, or says what was decided."""
    centre = world.account("command_centre", "440113")
    act(world, world.account("grid_worker", GRID_A), task, "hand_over", queue="440113")
    act(world, centre, task, "acknowledge")
    assert visit(world, centre, task).kept_as == "completion"


def test_a_task_is_handed_to_a_queue_that_exists(world: World, task: uuid.UUID) -> None:
    with psycopg.connect(world.database.sinks) as sinks:
        sinks.execute(
            "INSERT INTO city.grid_area (grid, name_zh, name_en) VALUES ('440113001001777', '网格', 'Grid 777')"
        )
    world.account("grid_worker", "440113001001888")
    centre = world.account("command_centre", "440113")
    for nowhere in ("440113001001999", "990000", "999999999999999"):
        with pytest.raises(moves.Incomplete, match="no such queue"):
            act(world, centre, task, "hand_over", queue=nowhere)
    for queue in ("440113001001777", "440113001001888", GRID_B, "city"):
        act(world, world.account("command_centre", ""), task, "hand_over", queue=queue)
        assert world.tasks_by_id(task)["queue"] == queue


def test_any_grid_of_the_area_is_offered(world: World, task: uuid.UUID) -> None:
    areas = {
        "440113001": "市桥街道", "440113001001": "先锋社区", GRID_A: "01网格", GRID_B: "02网格",
        OTHER_DISTRICT: "别处网格",
    }  # fmt: skip
    with psycopg.connect(world.database.sinks) as sinks:
        for grid, name in areas.items():
            sinks.execute("INSERT INTO city.grid_area (grid, name_zh, name_en) VALUES (%s, %s, %s)", (grid, name, grid))

    def offered(token: str, search: str) -> list[str]:
        with world.as_account(token) as connection:
            return [row[0] for row in connection.execute("SELECT queue FROM city.queues(%s, 50)", (search,))]

    for token in (world.account("command_centre", "440113"), world.account("grid_worker", GRID_A)):
        assert offered(token, "") == [GRID_A, GRID_B]
        assert offered(token, "先锋社区 02") == [GRID_B]
        assert offered(token, GRID_A) == [GRID_A]
    assert offered(world.account("command_centre", ""), "别处") == [OTHER_DISTRICT]
    assert offered(world.account("department", ""), "") == []


def test_the_timeline_names_who_acted_as_they_were_called_then(world: World, task: uuid.UUID) -> None:
    """Also to a reader who may not see the account."""
    act(world, world.account("command_centre", "", name="the city's desk"), task, "instruct")
    with psycopg.connect(world.database.owner) as owner:
        owner.execute("UPDATE city.account SET name = 'renamed' WHERE name = $$the city's desk$$")
    finding = world.tasks_by_id(task)["finding_id"]
    with world.as_account(world.account("grid_worker", GRID_A)) as connection:
        named = connection.execute("SELECT by FROM city.timeline_of(%s) WHERE kind = 'instruct'", (finding,)).fetchall()
    assert named == [("the city's desk",)]
