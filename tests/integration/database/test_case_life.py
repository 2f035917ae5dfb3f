"""A case after its work was reported: a centre verifies, rates or sends it back; what needs a superior's consent."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.integration.database import moves
from tests.integration.database.world import GRID_A, World

STREET, COMMUNITY = GRID_A[:9], GRID_A[:12]


def act(
    world: World, token: str, task: uuid.UUID, move: str, reason: str | None = "why", **detail: Any
) -> dict[str, Any]:
    with world.as_account(token) as connection:
        return moves.act(connection, task, move, reason, detail)


def history(world: World, task: uuid.UUID) -> list[dict[str, Any]]:
    with psycopg.connect(world.database.admin, row_factory=dict_row) as admin:
        return admin.execute("SELECT * FROM city.task_event WHERE task = %s ORDER BY number", (task,)).fetchall()


@pytest.fixture
def worker(world: World) -> str:
    return world.account("grid_worker", GRID_A)


@pytest.fixture
def street(world: World) -> str:
    return world.account("command_centre", STREET)


@pytest.fixture
def task(world: World) -> uuid.UUID:
    world.place("d1", GRID_A)
    return uuid.UUID(str(world.tasks(world.alert("d1"))[0]["id"]))


@pytest.fixture
def fed_back(world: World, task: uuid.UUID, worker: str) -> uuid.UUID:
    """A task whose worker has said what was seen."""
    act(world, worker, task, "acknowledge")
    act(world, worker, task, "complete", outcome="done", note="二楼", checks={"someone_met": "yes"})
    return task


def test_a_centre_verifies_closes_and_rates_and_the_history_says_all(
    world: World, fed_back: uuid.UUID, worker: str, street: str
) -> None:
    with pytest.raises(moves.IllegalMove, match=r"while it is completed\. Legal moves: none"):
        act(world, worker, fed_back, "verify")
    with pytest.raises(moves.IllegalMove):
        act(world, street, fed_back, "rate", rating="good")
    verified = act(world, street, fed_back, "verify", None)
    assert (verified["state"], verified["note"]) == ("verified", "二楼")
    with pytest.raises(moves.Incomplete):
        act(world, street, fed_back, "rate", None, rating="excellent")
    assert act(world, street, fed_back, "rate", None, rating="good")["rating"] == "good"
    assert act(world, street, fed_back, "rate", "回访不属实", rating="poor")["rating"] == "poor"
    with pytest.raises(moves.IllegalMove):
        act(world, street, fed_back, "send_back", "photo")
    assert [(line["move"], line["to_state"], line["outcome"]) for line in history(world, fed_back)] == [
        ("dispatch", "dispatched", None),
        ("acknowledge", "acknowledged", None),
        ("complete", "completed", "done"),
        ("verify", "verified", None),
        ("rate", "verified", "good"),
        ("rate", "verified", "poor"),
    ]


def test_what_is_sent_back_is_its_workers_again_and_what_was_seen_first_is_kept(
    world: World, fed_back: uuid.UUID, worker: str, street: str
) -> None:
    holder = world.tasks_by_id(fed_back)["claimed_by"]
    again = act(world, street, fed_back, "send_back", "楼梯照片")
    assert (again["state"], again["claimed_by"], again["missing"]) == ("acknowledged", holder, "楼梯照片")
    assert (again["outcome"], again["note"], again["finished_at"]) == (None, None, None)
    assert again["respond_by"] - history(world, fed_back)[-1]["at"] == timedelta(hours=1)
    with psycopg.connect(world.database.admin) as admin:
        kept = admin.execute(
            "SELECT because, note, checks FROM city.observation WHERE task = %s", (fed_back,)
        ).fetchall()
        (due,) = admin.execute("SELECT due FROM city.alert").fetchall()[0]
    assert kept == [("sent_back", "二楼", {"someone_met": "yes"})]
    assert due == again["respond_by"], "a list is sorted by it"
    done = act(world, worker, fed_back, "complete", outcome="done", note="照片已传")
    assert (done["state"], done["note"]) == ("completed", "照片已传")
    assert act(world, street, fed_back, "verify", None)["state"] == "verified"


def test_a_second_report_corrects_the_first(world: World, fed_back: uuid.UUID, worker: str, street: str) -> None:
    act(world, street, fed_back, "send_back", "楼梯照片")
    act(world, worker, fed_back, "complete", outcome="done", note="照片已传")
    with psycopg.connect(world.database.admin) as admin:
        stated = [row[0] for row in admin.execute(
            "SELECT statement FROM city.outbox WHERE topic = 'grid.observation' ORDER BY id")]  # fmt: skip
    assert [one["change"]["note"] for one in stated] == ["二楼", "照片已传"]
    assert {one["record"] for one in stated} == {str(fed_back)}
    assert stated[0]["recorded_at"] < stated[1]["recorded_at"]


def test_who_did_the_work_does_not_verify_it(world: World) -> None:
    world.place("d1", GRID_A)
    first, second = world.account("command_centre", "440113"), world.account("command_centre", "440113")
    task = world.tasks(world.alert("d1"))[0]["id"]
    act(world, first, task, "hand_over", queue="440113")
    act(world, first, task, "acknowledge")
    act(world, first, task, "complete", outcome="done")
    with pytest.raises(moves.IllegalMove):
        act(world, first, task, "verify")
    assert act(world, second, task, "verify")["state"] == "verified"


def test_what_met_nobody_goes_on_in_the_next_task_and_is_not_verified(
    world: World, task: uuid.UUID, worker: str, street: str
) -> None:
    act(world, worker, task, "acknowledge")
    act(world, worker, task, "complete", outcome="nobody_home")
    for move in ("verify", "send_back"):
        with pytest.raises(moves.IllegalMove, match="Legal moves: none"):
            act(world, street, task, move)


def test_a_finding_that_opened_again_has_its_new_task_and_the_old_one_is_not_sent_back(
    world: World, fed_back: uuid.UUID, street: str
) -> None:
    finding = world.tasks_by_id(fed_back)["finding_id"]
    world.alert("d1", "resolved", finding)
    assert world.tasks_by_id(fed_back)["state"] == "completed", "it still waits for the centre"
    world.alert("d1", "opened", finding)
    with pytest.raises(moves.IllegalMove, match="Legal moves: verify"):
        act(world, street, fed_back, "send_back", "photo")
    assert act(world, street, fed_back, "verify")["state"] == "verified"


def test_a_worker_asks_for_suspension_and_a_street_grants_it(
    world: World, task: uuid.UUID, worker: str, street: str
) -> None:
    community = world.account("command_centre", COMMUNITY)
    act(world, worker, task, "acknowledge")
    for token in (worker, community):
        with pytest.raises(moves.IllegalMove, match="ask_suspension, ask_extension"):
            act(world, token, task, "suspend", "rain")
    asked = act(world, worker, task, "ask_suspension", "住户外出")
    assert (asked["state"], asked["asked"], asked["asked_because"]) == ("acknowledged", "suspension", "住户外出")
    granted = act(world, street, task, "suspend", "同意")
    assert (granted["state"], granted["asked"], granted["asked_because"]) == ("suspended", None, None)
    assert [line["reason"] for line in history(world, task)[-2:]] == ["住户外出", "同意"]


def test_what_was_asked_for_is_declined_or_falls_away(world: World, task: uuid.UUID, worker: str, street: str) -> None:
    with pytest.raises(moves.IllegalMove):
        act(world, street, task, "decline", "no")  # nothing was asked for
    act(world, worker, task, "acknowledge")
    before = world.tasks_by_id(task)["respond_by"]
    assert act(world, worker, task, "ask_extension", "rain", amount=4)["asked_amount"] == 4
    declined = act(world, street, task, "decline", "今日必须到")
    assert (declined["asked"], declined["asked_amount"], declined["respond_by"]) == (None, None, before)
    act(world, worker, task, "ask_extension", "rain", amount=4)
    granted = act(world, street, task, "extend", "同意", amount=2)
    assert (granted["asked"], granted["respond_by"]) == (None, before + timedelta(hours=2))
    assert [line["amount"] for line in history(world, task)] == [None, None, 4, None, 4, 2]
    act(world, worker, task, "ask_suspension", "rain")
    assert act(world, worker, task, "complete", outcome="done")["asked"] is None


def test_lists_and_numbers_say_what_waits_for_the_centre(
    world: World, fed_back: uuid.UUID, worker: str, street: str
) -> None:
    other = world.tasks(world.alert("d1", cause="other"))[0]
    act(world, worker, other["id"], "ask_suspension", "rain")
    finding = world.tasks_by_id(fed_back)["finding_id"]
    world.alert("d1", "resolved", finding)
    number = "SELECT fed_back, asking FROM city.summary('', 'Asia/Shanghai')"
    listed = "SELECT finding_id FROM city.list_alerts(%s::jsonb, 50)"
    with world.as_account(street) as connection:
        assert connection.execute(number).fetchone() == (1, 1)
        of = {
            name: [row[0] for row in connection.execute(listed, (wanted,))]
            for name, wanted in (
                ("fed_back", '{"state": "any", "task": "fed_back"}'),
                ("fed_back here", '{"state": "any", "task": "fed_back", "area": "440113001001"}'),
                ("fed_back elsewhere", '{"state": "any", "task": "fed_back", "area": "440113001002"}'),
                ("asking", '{"task": "asking"}'),
            )
        }
        assert of == {
            "fed_back": [finding], "fed_back here": [finding], "fed_back elsewhere": [],
            "asking": [other["finding_id"]],
        }  # fmt: skip
        mine = connection.execute('SELECT id FROM city.list_tasks(\'{"state": "fed_back"}\', 50)').fetchall()
        assert mine == [(fed_back,)]
    with world.as_account(world.account("command_centre", "440106")) as connection:
        assert connection.execute(number).fetchone() == (0, 0)
    act(world, street, fed_back, "verify")
    with world.as_account(worker) as connection:
        done = '{"state": "finished", "mine": true, "finished_today": true, "zone": "Asia/Shanghai"}'
        assert connection.execute("SELECT id FROM city.list_tasks(%s, 50)", (done,)).fetchall() == [(fed_back,)]
