"""Shifts, leases, escalation and service clock together, whatever people do and however clocks jump.

One owner at most; a claim is lost only when its lease ran out; an acknowledgement leaves no notification pending and
none is sent after it; what is due is due when the minutes of its history are counted.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from database import service_calendar
from domain.time import CITY
from runtime.settings import Settings
from tests.integration.database.test_service_clock import expected
from tests.integration.database.world import GRID_A, World

MINUTE = timedelta(minutes=1)
WORKERS = ("wang", "li", "zhao")
BEGIN = datetime(2026, 9, 30, 8, tzinfo=CITY)
"""The last working day before National Day: the history runs over holidays, a make-up Saturday and shifts' ends."""
UNITS = {"urgent": ("minute", 90), "today": ("working_minute", 240), "planned": ("working_day", 2)}


class Queue(RuleBasedStateMachine):
    """People, tablets and the clock's turns act on three tasks of one grid, at a time that jumps both ways."""

    admin: psycopg.Connection[dict[str, Any]]
    accounts: dict[str, uuid.UUID]
    tasks: list[dict[str, Any]]

    def __init__(self) -> None:
        super().__init__()
        self.admin.execute("SAVEPOINT begin")
        self.now = BEGIN
        self.beats: dict[tuple[uuid.UUID, str], datetime] = {}  # when a claim's tablet was last heard of
        self.heard: dict[tuple[uuid.UUID, str], list[datetime]] = {}  # and whenever it was, since the claim
        self.runs: dict[uuid.UUID, list[datetime]] = {one["id"]: [one["dispatched_at"]] for one in self.tasks}
        self.extended: dict[uuid.UUID, int] = {}

    def teardown(self) -> None:
        self.admin.execute("ROLLBACK TO SAVEPOINT begin")

    def read(self, task: uuid.UUID) -> dict[str, Any]:
        return self.admin.execute("SELECT * FROM city.task WHERE id = %s", (task,)).fetchall()[0]

    def move(self, task: uuid.UUID, who: str, move: str, **detail: Any) -> bool:
        """Whether it was legal."""
        statement = "SELECT city.move_task(%s, %s, %s, 'why', %s, NULL, %s)"
        try:
            with self.admin.transaction():
                self.admin.execute(statement, (task, move, self.accounts[who], Jsonb(detail), self.now))
        except psycopg.Error as refused:
            if refused.sqlstate != "CG409":
                raise
            return False
        return True

    @rule(minutes=st.one_of(st.integers(0, 12), st.integers(-30, 600), st.integers(0, 4_000)))
    def time_passes_or_jumps(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @rule(
        task=st.integers(0, 2),
        who=st.sampled_from(WORKERS),
        move=st.sampled_from(["claim", "acknowledge", "acknowledge", "release", "complete"]),
    )
    def a_worker_moves(self, task: int, who: str, move: str) -> None:
        its = self.tasks[task]["id"]
        before = self.read(its)
        done = self.move(its, who, move, outcome="done")
        others = before["claimed_by"] not in (None, self.accounts[who])
        assert not (done and others), "somebody else had claimed it"
        if done and move in ("claim", "acknowledge"):
            self.beats[its, who] = self.now
            self.heard[its, who] = [*(self.heard.get((its, who), []) if before["claimed_by"] else []), self.now]

    @rule(
        task=st.integers(0, 2),
        move=st.sampled_from(["suspend", "resume", "extend", "hand_over", "send_back", "verify", "instruct"]),
    )
    def the_street_moves(self, task: int, move: str) -> None:
        its = self.tasks[task]
        before = self.read(its["id"])
        if not self.move(its["id"], "street", move, amount=2, queue=GRID_A):
            return
        if move in ("suspend", "resume"):
            self.runs[its["id"]].append(self.now)
        if move == "send_back":
            self.runs[its["id"]], self.extended[its["id"]] = [self.now], 0
        if move == "extend":
            self.extended[its["id"]] = self.extended.get(its["id"], 0) + 2
        if move in ("resume", "send_back") and before["claimed_by"]:
            held = its["id"], self.name_of(before["claimed_by"])
            self.beats[held] = self.now
            self.heard[held].append(self.now)

    @rule(who=st.sampled_from(WORKERS))
    def a_tablet_beats(self, who: str) -> None:
        self.admin.execute("SELECT city.renew_leases(%s, %s)", (self.accounts[who], self.now))
        for one in self.tasks:
            if (one["id"], who) in self.beats:
                self.beats[one["id"], who] = self.now
                self.heard[one["id"], who].append(self.now)

    @rule()
    def the_clock_turns(self) -> None:
        before = {one["id"]: self.read(one["id"]) for one in self.tasks}
        self.admin.execute("SELECT city.lapse_leases(%s, 100)", (self.now,))
        self.admin.execute("SELECT city.tell_due(%s, 1000)", (self.now,))
        for its, was in before.items():
            lost = was["claimed_by"] is not None and self.read(its)["claimed_by"] is None
            if was["claimed_by"] is None:
                continue
            holder = self.name_of(was["claimed_by"])
            silent = self.now - self.beats[its, holder]
            ran_out = was["lease_until"] is not None and was["lease_until"] <= self.now
            assert lost == (ran_out and was["state"] in ("dispatched", "acknowledged"))
            if was["severity"] == "urgent" and was["state"] in ("dispatched", "acknowledged"):
                assert lost == (silent >= 10 * MINUTE), "ten minutes by heartbeat"
            elif lost:
                on_shift = "SELECT FROM city.shift_of(%s, %s)"
                heard = self.heard[its, holder]
                begun = any(self.admin.execute(on_shift, (was["claimed_by"], at)).fetchall() for at in heard)
                assert begun, "who never was on shift loses nothing"

    def name_of(self, account: uuid.UUID) -> str:
        return next(name for name, known in self.accounts.items() if known == account)

    @invariant()
    def nothing_is_pending_of_what_is_acknowledged_and_nothing_was_sent_after_it(self) -> None:
        rows = self.admin.execute(
            "SELECT t.state, t.escalated_to, n.number, n.sent_at, n.due_at, n.cancelled_at FROM city.task t"
            " JOIN city.notification n ON n.task = t.id"
        ).fetchall()
        for row in rows:
            pending = row["sent_at"] is None and row["cancelled_at"] is None
            assert row["state"] == "dispatched" or not pending
            assert row["state"] == "dispatched" or row["escalated_to"] is None
            assert row["sent_at"] is None or row["due_at"] <= row["sent_at"], "told before the time"

    @invariant()
    def it_is_due_when_the_minutes_are_counted(self) -> None:
        for one in self.tasks:
            now = self.read(one["id"])
            if now["state"] in ("dispatched", "acknowledged"):
                unit, within = UNITS[one["severity"]]
                more = self.extended.get(one["id"], 0) * (1 if unit == "working_day" else 60)
                assert now["respond_by"] == expected(self.runs[one["id"]], within + more, unit)

    @invariant()
    def the_history_holds_one_owner_at_a_time(self) -> None:
        for one in self.tasks:
            holder = None
            for line in self.admin.execute(
                "SELECT move, actor FROM city.task_event WHERE task = %s ORDER BY number", (one["id"],)
            ).fetchall():
                if line["move"] in ("claim", "acknowledge"):
                    assert holder in (None, line["actor"])
                    holder = line["actor"]
                elif line["move"] in ("release", "lapse", "hand_over"):
                    holder = None
            assert self.read(one["id"])["claimed_by"] == holder


@pytest.fixture
def queue(world: World) -> Iterator[type[Queue]]:
    world.place("d1", GRID_A)
    for name in WORKERS:
        world.account("grid_worker", GRID_A, name=name)
    world.account("command_centre", GRID_A[:9], name="street")
    with world.sinks() as sinks:
        service_calendar.learn(sinks, Settings(_env_file=None).office_hours)
    with psycopg.connect(world.database.admin, row_factory=dict_row) as admin:
        accounts = {row["name"]: row["id"] for row in admin.execute("SELECT id, name FROM city.account").fetchall()}
        admin.execute(
            "INSERT INTO city.shift (grid, begins, ends, worker) SELECT %s, day, day + interval '10 hours', %s"
            " FROM generate_series(%s::timestamptz, %s + interval '30 days', '1 day') day",
            (GRID_A, accounts["wang"], BEGIN, BEGIN),
        )
        tasks = []
        for severity, (unit, within) in UNITS.items():
            finding = world.alert(
                "d1", severity=severity, cause=severity, respond_within=within, respond_unit=unit, opened_at=BEGIN
            )
            (task,) = world.tasks(finding)
            admin.execute(
                "UPDATE city.task SET dispatched_at = %(at)s, respond_by = city.due(%(at)s, %(within)s, %(unit)s)"
                " WHERE id = %(task)s",
                {"at": BEGIN, "within": within, "unit": unit, "task": task["id"]},
            )
            admin.execute("DELETE FROM city.notification WHERE task = %s", (task["id"],))
            admin.execute("DELETE FROM city.task_event WHERE task = %s", (task["id"],))
            admin.execute(
                "INSERT INTO city.task_event (task, number, move, to_state, queue, at)"
                " VALUES (%s, 1, 'dispatch', 'dispatched', %s, %s)",
                (task["id"], GRID_A, BEGIN),
            )
            tasks.append({**task, "dispatched_at": BEGIN})
        yield type("Queue", (Queue,), {"admin": admin, "accounts": accounts, "tasks": tasks})


def test_shifts_leases_escalation_and_clock_agree(queue: type[Queue]) -> None:
    run_state_machine_as_test(
        queue,
        settings=settings(
            max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
