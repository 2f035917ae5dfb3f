"""Until when a task is to be responded to: working hours with the country's holidays and make-up working days, from
dispatch on, paused while it is suspended; what lies in a year that is not arranged yet is not known."""

from __future__ import annotations

from bisect import bisect_left
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import chinese_calendar
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from database import service_calendar
from domain.time import CITY
from runtime.settings import Settings
from tests.integration.database import moves
from tests.integration.database.world import GRID_A, World
from wire.office_calendar import known_days

HOURS = Settings(_env_file=None).office_hours
MINUTE = timedelta(minutes=1)


def at(month: int, day: int, hour: int, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=CITY)


def due(world: World, begins: datetime, within: int, unit: str) -> datetime | None:
    with world.sinks() as sinks:
        row = sinks.execute("SELECT city.due(%s, %s, %s)", (begins, within, unit)).fetchone()
    assert row is not None
    return None if row[0] is None else row[0].astimezone(CITY)


@pytest.mark.parametrize(
    ("begins", "within", "unit", "ends"),
    [
        # National Day 2026 is 1 to 7 October; Saturday 10 October is worked in exchange, as is Sunday 20 September.
        pytest.param(at(9, 30, 17), 4 * 60, "working_minute", at(10, 8, 12), id="over-national-day"),
        pytest.param(at(9, 30, 17), 4 * 60, "minute", at(9, 30, 21), id="plain-hours-know-no-holiday"),
        pytest.param(at(10, 9, 17), 60, "working_minute", at(10, 10, 9), id="a-make-up-saturday-counts"),
        pytest.param(at(9, 18, 17), 60, "working_minute", at(9, 20, 9), id="a-make-up-sunday-counts"),
        pytest.param(at(10, 16, 17), 60, "working_minute", at(10, 19, 9), id="an-ordinary-saturday-does-not"),
        pytest.param(at(10, 12, 11), 2 * 60, "working_minute", at(10, 12, 15), id="noon-is-no-working-hour"),
        pytest.param(at(10, 12, 13), 7 * 60, "working_minute", at(10, 13, 12), id="begun-at-noon"),
        pytest.param(at(10, 11, 3), 30, "working_minute", at(10, 12, 9), id="begun-at-night-on-a-sunday"),
        pytest.param(at(10, 12, 14), 3 * 60 + 30, "working_minute", at(10, 12, 17, 30), id="until-the-day-closes"),
        pytest.param(at(9, 28, 10), 3, "working_day", at(10, 8, 10), id="three-working-days"),
        pytest.param(at(10, 3, 10), 3, "working_day", at(10, 10, 17, 30), id="three-from-within-the-holiday"),
    ],
)
def test_the_right_hour_of_the_right_day(
    world: World, begins: datetime, within: int, unit: str, ends: datetime
) -> None:
    assert due(world, begins, within, unit) == ends


def test_a_task_has_its_rules_time_from_its_dispatch_on(world: World) -> None:
    world.place("d1", GRID_A)
    for amount, unit in ((5, "minute"), (90, "working_minute"), (3, "working_day")):
        (task,) = world.tasks(world.alert("d1", cause=unit, respond_within=amount, respond_unit=unit))
        assert task["respond_by"] == due(world, task["dispatched_at"], amount, unit)
        assert task["dispatched_at"] != at(3, 2, 12), "the clock starts at dispatch, not when the alert was opened"


def backdated(world: World, dispatched: datetime, within: int, unit: str) -> UUID:
    """A task that was dispatched then."""
    task: UUID = world.tasks(world.alert("d1", cause=str(dispatched), respond_within=within, respond_unit=unit))[0][
        "id"
    ]
    with psycopg.connect(world.database.admin) as admin:
        admin.execute("UPDATE city.task_event SET at = %s WHERE task = %s", (dispatched, task))
        admin.execute(
            "UPDATE city.task t SET dispatched_at = %s, respond_by = city.due_of(t) WHERE id = %s", (dispatched, task)
        )
    return task


def move(world: World, task: UUID, how: str, when: datetime, **detail: str | int) -> dict[str, Any]:
    """The move as of that time, by the account that has it."""
    with psycopg.connect(world.database.admin, row_factory=psycopg.rows.dict_row) as admin:
        moved = admin.execute(
            "SELECT * FROM city.move_task(%(task)s, %(how)s, CASE WHEN %(how)s IN ('complete', 'resume')"
            " THEN (SELECT claimed_by FROM city.task WHERE id = %(task)s)"
            " ELSE (SELECT id FROM city.account WHERE role = 'command_centre' LIMIT 1) END, 'why',"
            " %(detail)s::jsonb, moved_at => %(when)s)",
            {"task": task, "how": how, "detail": psycopg.types.json.Jsonb(detail), "when": when},
        ).fetchone()
    assert moved is not None
    return moved


def taken(world: World, dispatched: datetime, within: int, unit: str) -> UUID:
    """A task that was dispatched then, and that a worker is at."""
    world.place("d1", GRID_A)
    world.account("command_centre", "440113")
    task = backdated(world, dispatched, within, unit)
    with world.as_account(world.account("grid_worker", GRID_A)) as connection:
        moves.act(connection, task, "acknowledge")
    return task


def test_suspension_pauses_it(world: World) -> None:
    """One of four hours is used on 30 September; suspended over the holidays, the three left begin on the 9th."""
    task = taken(world, at(9, 30, 15), 4 * 60, "working_minute")
    assert world.tasks_by_id(task)["respond_by"] == at(10, 8, 10)
    move(world, task, "suspend", at(9, 30, 16))
    assert move(world, task, "resume", at(10, 9, 8))["respond_by"] == at(10, 9, 11, 30)
    move(world, task, "suspend", at(10, 9, 9, 30))
    assert move(world, task, "resume", at(10, 9, 16, 30))["respond_by"] == at(10, 10, 9, 30), "on the make-up Saturday"


def test_what_is_late_when_it_is_suspended_is_as_late_when_it_goes_on(world: World) -> None:
    task = taken(world, at(10, 12, 9), 60, "working_minute")
    move(world, task, "suspend", at(10, 12, 11))
    assert move(world, task, "resume", at(10, 13, 16))["respond_by"] == at(10, 13, 15), "one working hour late"


def test_an_extension_counts_as_the_service_time_does(world: World) -> None:
    task = taken(world, at(9, 30, 15), 4 * 60, "working_minute")
    assert move(world, task, "extend", at(9, 30, 16), amount=2)["respond_by"] == at(10, 8, 12)
    move(world, task, "suspend", at(9, 30, 17))
    assert move(world, task, "resume", at(10, 9, 8, 30))["respond_by"] == at(10, 9, 14, 30), "four of six are left"
    plain, days = taken(world, at(10, 8, 9), 30, "minute"), taken(world, at(9, 30, 9), 1, "working_day")
    assert move(world, plain, "extend", at(10, 8, 9), amount=2)["respond_by"] == at(10, 8, 11, 30)
    assert move(world, days, "extend", at(9, 30, 10), amount=2)["respond_by"] == at(10, 10, 9)


def test_what_is_sent_back_has_as_much_time_as_the_rule_gave(world: World) -> None:
    task = taken(world, at(9, 28, 9), 4 * 60, "working_minute")
    move(world, task, "extend", at(9, 28, 9), amount=7)
    move(world, task, "suspend", at(9, 28, 10))
    move(world, task, "resume", at(9, 28, 11))
    move(world, task, "complete", at(9, 28, 12), outcome="done")
    assert move(world, task, "send_back", at(9, 30, 17))["respond_by"] == at(10, 8, 12), "not what was asked for before"
    move(world, task, "suspend", at(10, 8, 9))
    assert move(world, task, "resume", at(10, 8, 10))["respond_by"] == at(10, 8, 15)


def test_a_task_that_met_nobody_is_followed_by_one_with_as_much_time(world: World) -> None:
    task = taken(world, at(9, 30, 15), 4 * 60, "working_minute")
    move(world, task, "complete", at(9, 30, 17), outcome="nobody_home")
    again = world.tasks(world.tasks_by_id(task)["finding_id"])[-1]
    assert (again["previous"], again["respond_by"]) == (task, at(10, 8, 12))


def test_a_year_that_is_not_arranged_yet_is_not_guessed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The due time is not known, and nobody's is made up; once the days are known, the open tasks have theirs."""
    world.place("d1", GRID_A)
    with world.sinks() as sinks:
        first, works = known_days()
        monkeypatch.setattr(service_calendar, "known_days", lambda: (first, works[: (date(2026, 10, 1) - first).days]))
        assert service_calendar.learn(sinks, HOURS)
        monkeypatch.undo()
    task = backdated(world, at(9, 30, 17), 4 * 60, "working_minute")
    urgent = backdated(world, at(9, 30, 17, 1), 60, "minute")
    suspended = taken(world, at(9, 30, 16), 4 * 60, "working_minute")
    move(world, suspended, "suspend", at(9, 30, 17))
    assert move(world, suspended, "resume", at(9, 30, 17, 30))["respond_by"] is None
    assert [world.tasks_by_id(one)["respond_by"] for one in (task, urgent)] == [None, at(9, 30, 18, 1)]
    with world.sinks() as sinks:
        assert service_calendar.learn(sinks, HOURS)
        assert not service_calendar.learn(sinks, HOURS), "nothing is new"
        told = sinks.execute("SELECT key FROM city.feed WHERE key = %s", (str(task),)).fetchall()
    assert [world.tasks_by_id(one)["respond_by"] for one in (task, suspended)] == [at(10, 8, 12), at(10, 8, 11, 30)]
    assert told, "pages hear of it"
    with world.looking() as admin:
        dues = admin.execute("SELECT respond_by FROM city.alert WHERE respond_unit <> 'minute'").fetchall()
    assert all(alert["respond_by"] is not None for alert in dues)


def test_other_office_hours_move_what_is_open(world: World) -> None:
    task = taken(world, at(10, 12, 8), 60, "working_minute")
    assert world.tasks_by_id(task)["respond_by"] == at(10, 12, 9, 30)
    with world.sinks() as sinks:
        service_calendar.learn(sinks, Settings(_env_file=None, office_hours="10:00-16:00").office_hours)
    assert world.tasks_by_id(task)["respond_by"] == at(10, 12, 11)


@lru_cache(maxsize=1)
def open_minutes() -> list[datetime]:
    """Every minute of 2025 and 2026 in which offices are open: what the database's sums are held against."""
    first = at(1, 1, 0, year=2025)
    return [
        datetime.combine(day.date(), opens, CITY) + number * MINUTE
        for day in (first + timedelta(days=count) for count in range(730))
        if chinese_calendar.is_workday(day.date())
        for opens, closes in HOURS
        for number in range((closes.hour - opens.hour) * 60 + closes.minute - opens.minute)
    ]


def expected(runs: list[datetime], within: int, unit: str) -> datetime:
    """`runs`: when it was dispatched, suspended, resumed … and resumed last."""
    minutes = open_minutes()

    def passed(moment: datetime) -> int:
        return int(moment.timestamp() // 60) if unit == "minute" else bisect_left(minutes, moment)

    spent = sum(max(0, passed(end) - passed(begin)) for begin, end in zip(runs[::2], runs[1::2], strict=False))
    by = passed(runs[-1]) + within * (7 * 60 if unit == "working_day" else 1) - spent
    return datetime.fromtimestamp(by * 60, CITY) if unit == "minute" else minutes[by - 1] + MINUTE


def test_any_history_is_due_when_the_minutes_are_counted(world: World) -> None:
    """With clocks that go back as well: what a server took back is no time that went by."""
    world.place("d1", GRID_A)
    centre = world.account("command_centre", "440113")
    with psycopg.connect(world.database.admin) as admin:
        found = admin.execute("SELECT account FROM city.session WHERE token_sha256 = sha256(%s)", (centre.encode(),))
        (who,) = found.fetchall()[0]

        @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
        @given(
            st.datetimes(at(1, 5, 0).replace(tzinfo=None), at(11, 1, 0).replace(tzinfo=None)),
            st.lists(st.integers(-600, 8_000), max_size=6).filter(lambda gaps: len(gaps) % 2 == 0),
            st.sampled_from(("minute", "working_minute", "working_day")),
            st.integers(1, 12),
        )
        def holds(dispatched: datetime, gaps: list[int], unit: str, amount: int) -> None:
            runs = [dispatched.replace(second=0, microsecond=0, tzinfo=CITY)]
            for gap in gaps:
                runs.append(runs[-1] + gap * MINUTE)
            within = amount if unit == "working_day" else amount * 45
            with admin.transaction(force_rollback=True):
                (finding,) = admin.execute("SELECT finding_id FROM city.alert").fetchall()[0]
                (task,) = admin.execute(
                    "INSERT INTO city.task (finding_id, rule, domain, severity, queue, respond_within, respond_unit,"
                    " respond_by, dispatched_at) SELECT %(finding)s, 'r', 'd', 'today', 'city', %(within)s, %(unit)s,"
                    " city.due(%(at)s, %(within)s, %(unit)s), %(at)s RETURNING id",
                    {"finding": finding, "within": within, "unit": unit, "at": runs[0]},
                ).fetchall()[0]
                admin.execute(
                    "INSERT INTO city.task_event (task, number, move, to_state, queue, at)"
                    " VALUES (%s, 1, 'dispatch', 'dispatched', 'city', %s)",
                    (task, runs[0]),
                )
                for number, moment in enumerate(runs[1:]):
                    how = ("suspend", "resume")[number % 2]
                    admin.execute("SELECT city.move_task(%s, %s, %s, 'why', moved_at => %s)", (task, how, who, moment))
                read = "SELECT respond_by, city.due_of(t) FROM city.task t WHERE id = %s"
                respond_by, by_history = admin.execute(read, (task,)).fetchall()[0]
            assert respond_by == by_history == expected(runs, within, unit)

        world.alert("d1")
        admin.execute("UPDATE city.task SET state = 'closed', finished_at = now()")
        admin.commit()
        holds()
