"""Who serves which grid when, from a file; who is on duty; how long a claim holds, and what a silent tablet loses."""

from __future__ import annotations

import csv
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import xlsxwriter
from psycopg.types.json import Jsonb

from database import rosters
from domain.time import CITY
from producers.tables.first_table import rows_of
from tests.integration.database import moves
from tests.integration.database.world import GRID_A, GRID_B, World

HEAD = ["网格", "日期", "开始", "结束", "网格员", "副手"]
DAY = date(2027, 3, 1)


@pytest.fixture
def wang(world: World) -> str:
    return world.account("grid_worker", GRID_A, name="wang")


@pytest.fixture
def li(world: World) -> str:
    return world.account("grid_worker", GRID_A[:12], name="li")


def load(world: World, *rows: list[str]) -> int:
    return rosters.load(world.database.owner, enumerate([HEAD, *rows], 1))


def shift(world: World, worker: str, deputy: str | None = None, hours: float = 4, grid: str = GRID_A) -> None:
    """A shift that began an hour ago and runs for so many hours more."""
    with psycopg.connect(world.database.admin) as admin:
        admin.execute(
            "INSERT INTO city.shift (grid, begins, ends, worker, deputy) SELECT %(grid)s, now() - interval '1 hour',"
            " now() + %(hours)s * interval '1 hour', w.id, d.id FROM city.account w"
            " LEFT JOIN city.account d ON d.name = %(deputy)s WHERE w.name = %(worker)s",
            {"grid": grid, "hours": hours, "worker": worker, "deputy": deputy},
        )


def beat(world: World, token: str) -> tuple[Any, ...]:
    with world.as_account(token) as connection:
        row = connection.execute("SELECT shift_grid, is_deputy, note_of, note FROM city.beat()").fetchone()
    assert row is not None
    return tuple(row)


def act(
    world: World, token: str, task: uuid.UUID, move: str, reason: str | None = None, **detail: Any
) -> dict[str, Any]:
    with world.as_account(token) as connection:
        return moves.act(connection, task, move, reason, detail)


def lapse(world: World, later: timedelta = timedelta()) -> int:
    with world.sinks() as sinks:
        row = sinks.execute("SELECT city.lapse_leases(now() + %s, 100)", (later,)).fetchone()
    assert row is not None
    return row[0]  # type: ignore[no-any-return]


def new_task(world: World, severity: str = "urgent") -> uuid.UUID:
    world.place("d1", GRID_A)
    finding = world.alert("d1", severity=severity, cause=str(uuid.uuid4()))
    return uuid.UUID(str(world.tasks(finding)[0]["id"]))


# -- from a file and back


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_file_goes_in_and_comes_out_the_same(world: World, wang: str, li: str, tmp_path: Path, form: str) -> None:
    rows = [
        [GRID_A, "2027-03-01", "08:00", "18:00", "wang", "li"],
        [GRID_A, "2027-03-01", "18:00", "02:00", "li", ""],
        [GRID_B, "2027-03-02", "08:00", "12:00", "li", ""],
    ]
    file = tmp_path / f"排班.{form}"
    if form == "csv":
        with file.open("w", encoding="gb18030", newline="") as out:
            csv.writer(out).writerows([HEAD, *rows])
    else:
        book = xlsxwriter.Workbook(str(file))
        sheet = book.add_worksheet("排班")
        clock, day = book.add_format({"num_format": "hh:mm"}), book.add_format({"num_format": "yyyy/m/d"})
        sheet.write_row(0, 0, HEAD)
        for number, row in enumerate(rows, 1):  # as Excel holds what a person types
            sheet.write_string(number, 0, row[0])
            sheet.write_datetime(number, 1, datetime.fromisoformat(row[1]), day)
            for column in (2, 3):
                sheet.write_datetime(number, column, time.fromisoformat(row[column]), clock)
            sheet.write_row(number, 4, row[4:])
        book.close()
    assert rosters.load(world.database.owner, ((row.number, row.cells) for row in rows_of(file))) == 3
    assert rosters.shifts(world.database.owner, DAY, DAY + timedelta(days=1)) == [list(rosters.COLUMNS), *rows]
    with psycopg.connect(world.database.admin) as admin:
        (ends,) = admin.execute("SELECT max(ends) FROM city.shift WHERE begins < '2027-03-02'").fetchall()[0]
    assert ends == datetime(2027, 3, 2, 2, tzinfo=CITY), "a shift that ends before it begins ends on the day after"


def test_every_wrong_cell_is_named_and_nothing_is_taken(world: World, wang: str, li: str) -> None:
    world.account("command_centre", "440113", name="centre")
    good = [GRID_A, "2027-03-01", "08:00", "18:00", "wang", "li"]
    with pytest.raises(rosters.RosterRefused) as refused:
        load(
            world,
            good,
            ["44011300100100", "2027-02-30", "8 o'clock", "18:00", "nobody", ""],
            [GRID_B, "2027/3/1", "08:00", "18:00", "wang", "centre"],
            [GRID_A, "2027-03-02", "08:00", "18:00", "wang", "wang"],
            good,
        )
    assert [(one.line, one.field) for one in refused.value.wrong] == [
        (3, "begins"), (3, "date"), (3, "grid"), (3, "worker"),
        (4, "deputy"), (4, "worker"), (5, "deputy"), (6, "worker"),
    ]  # fmt: skip
    assert f"line 4, worker: 'wang' does not see grid {GRID_B}: its scope is {GRID_A}" in str(refused.value)
    assert rosters.shifts(world.database.owner, DAY, DAY) == [list(rosters.COLUMNS)]
    with pytest.raises(rosters.RosterRefused, match="line 1, columns: name date once each"):
        rosters.load(world.database.owner, [(1, ["grid", "begins", "ends", "worker"]), (2, good)])


def test_a_file_is_the_whole_of_the_days_that_it_names(world: World, wang: str, li: str) -> None:
    load(
        world,
        [GRID_A, "2027-03-01", "08:00", "18:00", "wang", ""],
        [GRID_A, "2027-03-02", "08:00", "18:00", "wang", ""],
        [GRID_B, "2027-03-01", "08:00", "18:00", "li", ""],
    )
    load(world, [GRID_A, "2027-03-01", "09:00", "17:00", "li", ""])
    assert rosters.shifts(world.database.owner, DAY, DAY + timedelta(days=1))[1:] == [
        [GRID_B, "2027-03-01", "08:00", "18:00", "li", ""],
        [GRID_A, "2027-03-01", "09:00", "17:00", "li", ""],
        [GRID_A, "2027-03-02", "08:00", "18:00", "wang", ""],
    ]


# -- on duty


def test_on_duty_is_who_stands_in_the_roster_and_whose_tablet_is_alive(world: World, wang: str, li: str) -> None:
    centre = world.account("command_centre", "440113")
    read = "SELECT array_agg(name ORDER BY name) FILTER (WHERE on_duty), city.workers_on_duty() FROM city.workers()"

    def on_duty() -> tuple[Any, ...]:
        with world.as_account(centre) as connection:
            row = connection.execute(read).fetchone()
        assert row is not None
        return tuple(row)

    assert on_duty() == (["li", "wang"], 2), "without a roster: whose session is in use"
    shift(world, "wang", "li")
    assert on_duty() == (None, 0)
    beat(world, wang)
    assert on_duty() == (["wang"], 1)
    assert beat(world, li) == (GRID_A, True, None, None)
    assert on_duty() == (["li", "wang"], 2)
    with psycopg.connect(world.database.admin) as admin:
        admin.execute("UPDATE city.heartbeat SET at = at - interval '11 minutes'")
    assert on_duty() == (None, 0)
    with world.as_account(centre) as connection, pytest.raises(psycopg.Error, match="Only a grid worker"):
        connection.execute("SELECT city.beat()")


def test_a_shift_ends_with_a_note_to_who_comes_next_and_what_was_claimed_goes_back(
    world: World, wang: str, li: str
) -> None:
    shift(world, "wang")
    task, done = new_task(world, "today"), new_task(world, "today")
    act(world, wang, task, "acknowledge")
    act(world, wang, done, "acknowledge")
    act(world, wang, done, "complete", outcome="done")
    with world.as_account(wang) as connection:
        assert connection.execute("SELECT city.end_shift('3 栋楼道杂物未清')").fetchone() == (1,)
    assert (world.tasks_by_id(task)["state"], world.tasks_by_id(task)["claimed_by"]) == ("dispatched", None)
    assert world.tasks_by_id(done)["state"] == "completed"
    shift(world, "li")
    assert beat(world, li) == (GRID_A, False, "wang", "3 栋楼道杂物未清")
    with world.as_account(world.account("command_centre", "440113")) as connection:
        rows = connection.execute(
            "SELECT worker, on_duty, note FROM city.roster(now(), now() + interval '1 hour')"
        ).fetchall()
    assert sorted(rows) == [("li", "li", None), ("wang", None, "3 栋楼道杂物未清")]
    with world.as_account(world.account("command_centre", "440106")) as connection:
        assert connection.execute("SELECT FROM city.roster(now(), now() + interval '1 hour')").fetchall() == []


# -- a claim is a lease


def test_an_urgent_claim_holds_while_the_tablet_is_alive(world: World, wang: str, li: str) -> None:
    task = new_task(world)
    act(world, wang, task, "acknowledge")
    with pytest.raises(moves.IllegalMove, match=r"This task was claimed by wang\. Legal moves: none"):
        act(world, li, task, "acknowledge")
    assert lapse(world, timedelta(minutes=9)) == 0
    with psycopg.connect(world.database.admin) as admin:
        admin.execute("UPDATE city.task SET lease_until = lease_until - interval '9 minutes'")
    beat(world, wang)
    assert lapse(world, timedelta(minutes=9)) == 0
    assert lapse(world, timedelta(minutes=11)) == 1
    assert act(world, li, task, "acknowledge")["claimed_by"] is not None
    with psycopg.connect(world.database.admin) as admin:
        lines = admin.execute("SELECT move, actor_name FROM city.task_event WHERE task = %s ORDER BY number", (task,))
        assert lines.fetchall() == [
            ("dispatch", None), ("acknowledge", "wang"), ("lapse", None), ("acknowledge", "li"),
        ]  # fmt: skip


def test_another_claim_holds_until_the_shift_ends_and_without_a_roster_for_good(
    world: World, wang: str, li: str
) -> None:
    task, other = new_task(world, "today"), new_task(world, "today")
    act(world, li, other, "claim")
    shift(world, "wang", hours=3)
    act(world, wang, task, "acknowledge")
    assert lapse(world, timedelta(hours=2, minutes=59)) == 0
    assert lapse(world, timedelta(hours=3, minutes=1)) == 1
    assert world.tasks_by_id(task)["state"] == "dispatched"
    assert world.tasks_by_id(other)["lease_until"] is None
    assert lapse(world, timedelta(days=99)) == 0


def test_what_a_silent_tablet_saw_completes_its_task_unless_somebody_took_it(world: World, wang: str, li: str) -> None:
    taken, free = new_task(world), new_task(world)
    visit = "SELECT kept_as, because FROM city.visit(%s, %s)"
    seen = Jsonb({"outcome": "done", "note": "看过", "checks": {}})
    for task in (taken, free):
        act(world, wang, task, "acknowledge")
    assert lapse(world, timedelta(minutes=11)) == 2
    act(world, li, taken, "acknowledge")
    with world.as_account(wang) as connection:
        assert connection.execute(visit, (taken, seen)).fetchone() == ("observation", "taken_over")
        assert connection.execute(visit, (free, seen)).fetchone() == ("completion", None)
    assert world.tasks_by_id(free)["state"] == "completed"


def test_a_lapsed_task_goes_where_its_door_lies_now(world: World, wang: str) -> None:
    task = new_task(world)
    act(world, wang, task, "acknowledge")
    world.place("d1", GRID_B)
    lapse(world, timedelta(minutes=11))
    assert world.tasks_by_id(task)["queue"] == GRID_B


def test_two_who_claim_at_once_and_a_lease_that_runs_out_meanwhile_leave_one_owner(
    world: World, wang: str, li: str
) -> None:
    tasks = [new_task(world) for _ in range(6)]

    def tries(who: str) -> None:
        for task in tasks * 3:
            try:
                lapse(world, timedelta(minutes=11)) if who == "clock" else act(world, who, task, "claim")
            except moves.IllegalMove:
                continue

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(tries, (wang, li, "clock")))
    with psycopg.connect(world.database.admin) as admin:
        events = admin.execute("SELECT task, move, actor FROM city.task_event ORDER BY task, number").fetchall()
    for task in tasks:
        holder = None
        for _, move, actor in (event for event in events if event[0] == task):
            if move == "claim":
                assert holder in (None, actor), "claimed while somebody else held it"
                holder = actor
            elif move == "lapse":
                holder = None
        assert world.tasks_by_id(task)["claimed_by"] == holder
