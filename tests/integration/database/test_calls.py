"""Whom a call for help is told: the nearest on duty first, after a minute the next and the desk; one acknowledgement
cancels all that is pending."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.integration.database import moves
from tests.integration.database.test_roster import shift
from tests.integration.database.world import GRID_A, GRID_B, OTHER_DISTRICT, OTHER_STREET, World

DOOR = (113.36, 22.94)
"""Where the call comes from: longitude and latitude."""
METRES_OF_LATITUDE = 111_195.0


def north(metres: float) -> tuple[float, float]:
    """So far north of the door."""
    return DOOR[0], DOOR[1] + metres / METRES_OF_LATITUDE


def call(
    world: World, grid: str | None = GRID_A, place: tuple[float, float] | None = DOOR, door: str = "d1"
) -> uuid.UUID:
    """Somebody presses the button behind this door."""
    world.place(door, grid)
    with psycopg.connect(world.database.admin) as admin:
        admin.execute(
            "UPDATE city.placement SET lon = %s, lat = %s WHERE dwelling = %s", (*(place or (None, None)), door)
        )
    cause = str(uuid.uuid4())
    finding = world.alert(
        door, rule="button-sos", domain="sos", view="resident", subject="k1.x", severity="urgent", cause=cause
    )
    return uuid.UUID(str(world.tasks(finding)[0]["id"]))


def worker(
    world: World, name: str, metres: float | None = None, grid: str = GRID_A, age_s: int = 0, rostered: bool = True
) -> str:
    """On duty so far from the door; None: the tablet says nothing of where it is."""
    token = world.account("grid_worker", grid, name=name)
    if rostered:
        shift(world, name, grid=grid)
    lon, lat = north(metres) if metres is not None else (None, None)
    with world.as_account(token) as connection:
        connection.execute("SELECT city.beat(%s, %s, %s)", (lon, lat, timedelta(seconds=age_s)))
    return token


def tell(world: World, after_s: float = 0.1) -> int:
    """The clock's turn so long after now."""
    with world.sinks() as sinks:
        row = sinks.execute("SELECT city.tell_calls(now() + %s, 100)", (timedelta(seconds=after_s),)).fetchone()
    assert row is not None
    return int(row[0])


def turns(world: World, task: uuid.UUID) -> list[dict[str, Any]]:
    with psycopg.connect(world.database.admin, row_factory=dict_row) as admin:
        return admin.execute(
            "SELECT s.*, a.name FROM city.call_turn s LEFT JOIN city.account a ON a.id = s.account WHERE s.task = %s"
            " ORDER BY s.number, s.turn",
            (task,),
        ).fetchall()


def told(world: World, task: uuid.UUID) -> list[str]:
    """In their order: names of workers, and `desk` where the desk was told with one."""
    sent = [turn for turn in turns(world, task) if turn["sent_at"]]
    return [name for turn in sent for name in (turn["name"], "desk" if turn["desk"] else None) if name]


def pending(world: World, task: uuid.UUID) -> int:
    return sum(turn["sent_at"] is None and turn["cancelled_at"] is None for turn in turns(world, task))


def answer(world: World, token: str, task: uuid.UUID) -> None:
    with world.as_account(token) as connection:
        connection.execute("SELECT city.answer_call(%s)", (task,))


def calls(world: World, token: str) -> list[dict[str, Any]]:
    with psycopg.connect(world.database.api, row_factory=dict_row) as connection:
        connection.execute("SELECT city.enter(%s)", (token,))
        return connection.execute("SELECT * FROM city.my_calls()").fetchall()


# -- who is told, and when


def test_the_nearest_is_told_at_once_and_after_a_minute_the_next_and_the_desk(world: World) -> None:
    worker(world, "far", 900, GRID_B)
    worker(world, "near", 80, OTHER_STREET)
    worker(world, "middle", 300)
    task = call(world)
    assert [tell(world, after) for after in (0.1, 30, 59)] == [1, 0, 0]
    assert told(world, task) == ["near"], "of another street, but the nearest"
    tell(world, 62)
    assert told(world, task) == ["near", "middle", "desk"]
    tell(world, 123)
    tell(world, 184)
    assert told(world, task) == ["near", "middle", "desk", "far"]
    assert [turn["metres"] for turn in turns(world, task) if turn["name"]] == pytest.approx([80, 300, 900], abs=2)
    assert pending(world, task) == 1, "it goes on until somebody acknowledges"
    assert tell(world, 9999) == 0
    assert len(turns(world, task)) == 4, "and looks again, without a line each time"


def test_who_comes_on_duty_while_a_call_waits_is_told(world: World) -> None:
    task = call(world)
    tell(world)
    assert told(world, task) == ["desk"], "nobody is on duty: the desk at once"
    worker(world, "wang", 400)
    tell(world, 61)
    assert told(world, task) == ["desk", "wang"]


def test_an_old_position_is_none_and_who_serves_the_place_comes_then(world: World) -> None:
    worker(world, "stale", 10, GRID_B, age_s=700)
    worker(world, "here-without", None, GRID_A)
    worker(world, "far", 4_900, GRID_B)
    worker(world, "too-far", 5_200, OTHER_STREET)
    worker(world, "other-district", 20, OTHER_DISTRICT)
    task = call(world)
    for minute in range(5):
        tell(world, minute * 61 + 1)
    assert told(world, task) == ["far", "here-without", "desk"]


def test_a_call_from_nowhere_goes_to_the_desk(world: World) -> None:
    worker(world, "wang", 10)
    task = call(world, None)
    tell(world)
    assert told(world, task) == ["desk"]
    without = call(world, GRID_A, None, door="d2")
    tell(world)
    assert told(world, without) == ["wang"], "no coordinates: whoever serves the grid"


def test_off_duty_signed_off_and_limited_accounts_are_not_told(world: World) -> None:
    worker(world, "rostered", 900)
    worker(world, "not-in-the-roster", 10, rostered=False)
    gone = worker(world, "gone-home", 20)
    with world.as_account(gone) as connection:
        connection.execute("SELECT city.end_shift('')")
    worker(world, "disabled", 30)
    world.account("grid_worker", GRID_A[:6], ["sos"], name="desk-account")
    world.account("grid_worker", GRID_A, ["doctor"], name="doctor")
    with psycopg.connect(world.database.admin) as admin:
        admin.execute("UPDATE city.account SET disabled_at = now() WHERE name = 'disabled'")
    task = call(world)
    tell(world)
    tell(world, 61)
    assert told(world, task) == ["rostered", "desk"]


def test_a_position_is_kept_for_ten_minutes_and_not_after_the_shift(world: World) -> None:
    wang, li = worker(world, "wang", 10), worker(world, "li", 20)
    known = "SELECT a.name FROM city.heartbeat b JOIN city.account a ON a.id = b.account WHERE b.lon IS NOT NULL"

    def forget(after_s: int) -> set[str]:
        with world.sinks() as sinks:
            sinks.execute("SELECT city.forget_positions(now() + %s)", (timedelta(seconds=after_s),))
        with psycopg.connect(world.database.admin) as admin:
            return {name for (name,) in admin.execute(known).fetchall()}

    assert forget(0) == {"wang", "li"}
    with world.as_account(wang) as connection:
        connection.execute("SELECT city.end_shift('')")
    assert forget(0) == {"li"}
    assert forget(601) == set()
    with world.as_account(li) as connection:  # who does not allow it any more is not asked where they were
        connection.execute("SELECT city.beat(113, 23)")
        connection.execute("SELECT city.beat()")
    assert forget(0) == set()


def test_the_settings_are_the_installations(world: World) -> None:
    for name, metres in (("wang", 100), ("li", 700)):
        worker(world, name, metres)
    with world.sinks() as sinks:
        learnt = "SELECT city.learn_calls('20 seconds', 500, '10 minutes')"
        assert sinks.execute(learnt).fetchone() == (True,)
        assert sinks.execute(learnt).fetchone() == (False,)
    task = call(world)
    tell(world)
    tell(world, 21)
    assert told(world, task) == ["wang", "desk"]


# -- who answers


def test_an_acknowledgement_cancels_all_that_is_pending_in_its_own_transaction(world: World) -> None:
    near = worker(world, "near", 80)
    worker(world, "far", 900)
    task = call(world)
    tell(world)
    with world.as_account(near) as connection:
        connection.execute("SELECT city.answer_call(%s)", (task,))
        assert pending(world, task) == 1, "not before it commits"
    assert pending(world, task) == 0
    with psycopg.connect(world.database.admin) as admin:
        waits = "SELECT count(*) FROM city.notification WHERE task = %s AND sent_at IS NULL AND cancelled_at IS NULL"
        assert admin.execute(waits, (task,)).fetchone() == (0,), "street and district neither"
    assert tell(world, 9999) == 0
    assert told(world, task) == ["near"]
    assert world.tasks_by_id(task)["state"] == "acknowledged"


def test_nobody_is_told_after_an_acknowledgement_that_comes_at_the_same_moment(world: World) -> None:
    near = worker(world, "near", 80)
    worker(world, "far", 900)
    task = call(world)
    tell(world)
    telling = threading.Thread(target=tell, args=(world, 61))
    with world.as_account(near) as connection:
        connection.execute("SELECT city.answer_call(%s)", (task,))
        telling.start()
        telling.join(30)
        assert not telling.is_alive(), "it waits for nobody"
    assert told(world, task) == ["near"]
    assert pending(world, task) == 0


def test_who_was_told_answers_a_call_of_another_grid_and_reports_there(world: World) -> None:
    near, other = worker(world, "near", 80, OTHER_STREET), worker(world, "far", 900, GRID_B)
    task = call(world)
    assert calls(world, near) == []
    with pytest.raises(psycopg.Error) as stranger:
        answer(world, near, task)
    assert stranger.value.sqlstate == "CG404", "not told yet: there is no such task"
    tell(world)
    (seen,) = calls(world, near)
    assert (seen["task"], seen["address"], seen["may_answer"], seen["sees_case"]) == (task, "d1 street", True, False)
    assert seen["told"] == [], "names of colleagues are the desk's"
    assert calls(world, other) == []
    with pytest.raises(psycopg.Error) as stranger:
        answer(world, other, task)
    assert stranger.value.sqlstate == "CG404"
    tell(world, 61)
    answer(world, near, task)
    assert [one["mine"] for one in calls(world, near)] == [True]
    assert calls(world, other) == [], "somebody is there"
    with pytest.raises(psycopg.Error, match="claimed by near"):
        answer(world, other, task)
    with world.as_account(near) as connection:
        kept = connection.execute('SELECT kept_as FROM city.visit(%s, \'{"outcome": "done"}\')', (task,)).fetchone()
    assert kept == ("completion",)
    assert calls(world, near) == []


def test_a_call_that_is_given_up_goes_round_again_without_who_gave_it_up(world: World) -> None:
    near = worker(world, "near", 80)
    worker(world, "far", 900)
    task = call(world)
    tell(world)
    answer(world, near, task)
    with world.as_account(near) as connection:
        moves.act(connection, task, "release", None, {})
    assert pending(world, task) == 1
    tell(world)
    assert told(world, task) == ["near", "far"]
    assert calls(world, near) == []


def test_a_desk_sees_each_call_of_its_area_at_once_with_who_was_told_and_answers_it(world: World) -> None:
    worker(world, "near", 80)
    desk = world.account("command_centre", GRID_A[:6], ["sos"])
    street, elsewhere = world.account("command_centre", GRID_A[:9]), world.account("command_centre", OTHER_DISTRICT[:6])
    benefits = world.account("command_centre", GRID_A[:6], ["benefits"])
    task = call(world)
    (before,) = calls(world, desk)
    assert (before["told"], before["desk_at"], before["may_answer"]) == ([], None, True)
    tell(world)
    (seen,) = calls(world, desk)
    assert [one["name"] for one in seen["told"]] == ["near"]
    assert seen["desk_at"] is None
    assert seen["next_at"] is not None
    tell(world, 61)
    assert calls(world, desk)[0]["desk_at"] is not None
    assert [one["task"] for one in calls(world, street)] == [task]
    for other in (elsewhere, benefits, world.account("ops", ""), world.account("admin", "")):
        assert calls(world, other) == []
        with pytest.raises(psycopg.Error) as stranger:
            answer(world, other, task)
        assert stranger.value.sqlstate == "CG404"
    answer(world, desk, task)
    (after,) = calls(world, street)
    assert (after["state"], after["next_at"], after["may_answer"]) == ("acknowledged", None, False)
    assert pending(world, task) == 0


def test_reading_calls_is_a_look(world: World) -> None:
    task = call(world)
    calls(world, world.account("command_centre", GRID_A[:6], ["sos"], name="desk"))
    with psycopg.connect(world.database.admin) as admin:
        looked = admin.execute("SELECT name, view, keys FROM audit.look ORDER BY id DESC LIMIT 1").fetchone()
    assert looked == ("desk", "task", [str(task)])


def test_pages_of_the_place_and_of_who_was_told_are_woken(world: World) -> None:
    near = worker(world, "near", 80, OTHER_STREET)
    task = call(world)

    def woken() -> set[str]:
        with psycopg.connect(world.database.admin) as admin:
            lines = admin.execute("DELETE FROM city.feed WHERE kind = 'call' RETURNING place").fetchall()
        return {place for (place,) in lines}

    assert woken() == {GRID_A}
    tell(world)
    assert woken() == {GRID_A, OTHER_STREET}
    answer(world, near, task)
    assert woken() == {GRID_A, OTHER_STREET}
