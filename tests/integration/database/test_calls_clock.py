"""Two calls for help, three workers who walk about, a desk, and a clock that jumps both ways.

One worker a turn; the nearest of those on duty who were not told yet; a minute between two turns by the clock that
tells; the desk with the second, or at once where nobody is on duty; an acknowledgement leaves nothing pending, and
nothing is sent after it.
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
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from psycopg.rows import dict_row

from domain.time import CITY
from tests.integration.database.test_calls import DOOR, call, north
from tests.integration.database.world import GRID_A, GRID_B, OTHER_STREET, World

SECOND = timedelta(seconds=1)
AGE = timedelta(minutes=10)
WITHIN = 5_000
BEGIN = datetime(2026, 9, 30, 8, tzinfo=CITY)
SCOPES = {"wang": GRID_A, "li": GRID_B, "zhao": OTHER_STREET}
WORKERS = tuple(SCOPES)


class Calls(RuleBasedStateMachine):
    admin: psycopg.Connection[dict[str, Any]]
    accounts: dict[str, uuid.UUID]
    tasks: list[uuid.UUID]

    def __init__(self) -> None:
        super().__init__()
        self.admin.execute("SAVEPOINT begin")
        self.now = BEGIN
        self.heard: dict[str, datetime] = {}
        self.position: dict[str, tuple[int, datetime] | None] = {}  # metres from the door, and when
        self.told_at: dict[tuple[uuid.UUID, int], datetime] = {}

    def teardown(self) -> None:
        self.admin.execute("ROLLBACK TO SAVEPOINT begin")

    def turns(self, task: uuid.UUID) -> list[dict[str, Any]]:
        return self.admin.execute(
            "SELECT s.*, a.name FROM city.call_turn s LEFT JOIN city.account a ON a.id = s.account WHERE task = %s"
            " ORDER BY number, turn",
            (task,),
        ).fetchall()

    def move(self, task: uuid.UUID, who: str, move: str) -> None:
        try:
            with self.admin.transaction():
                self.admin.execute(
                    "SELECT city.move_task(%s, %s, %s, 'why', '{\"outcome\": \"done\"}', NULL, %s)",
                    (task, move, self.accounts[who], self.now),
                )
        except psycopg.Error as refused:
            if refused.sqlstate != "CG409":
                raise

    @rule(seconds=st.one_of(st.integers(0, 70), st.integers(-600, 900), st.integers(0, 90_000)))
    def time_passes_or_jumps(self, seconds: int) -> None:
        self.now += seconds * SECOND

    @initialize(metres=st.permutations([50, 400, 3_000]), age=st.sampled_from([0, 500]))
    def all_are_there(self, metres: list[int], age: int) -> None:
        for who, far in zip(WORKERS, metres, strict=True):
            self.a_tablet_beats(who, far, age)

    @rule(
        who=st.sampled_from(WORKERS),
        metres=st.one_of(st.none(), st.integers(0, 6_000)),
        age=st.sampled_from([0, 30, 500, 700]),
    )
    def a_tablet_beats(self, who: str, metres: int | None, age: int) -> None:
        lon, lat = north(metres) if metres is not None else (None, None)
        at = self.now - age * SECOND
        self.admin.execute(
            "INSERT INTO city.heartbeat VALUES (%s, %s, %s, %s, %s) ON CONFLICT (account) DO UPDATE"
            " SET (at, lon, lat, position_at) = (excluded.at, excluded.lon, excluded.lat, excluded.position_at)",
            (self.accounts[who], self.now, lon, lat, None if metres is None else at),
        )
        self.admin.execute("SELECT city.renew_leases(%s, %s)", (self.accounts[who], self.now))
        self.heard[who] = self.now
        self.position[who] = None if metres is None else (metres, at)

    @rule(
        task=st.integers(0, 1),
        who=st.sampled_from((*WORKERS, "desk")),
        move=st.sampled_from(["acknowledge", "acknowledge", "claim", "release", "complete"]),
    )
    def somebody_moves(self, task: int, who: str, move: str) -> None:
        self.move(self.tasks[task], who, move)

    @rule(task=st.integers(0, 1), move=st.sampled_from(["suspend", "resume", "send_back", "instruct"]))
    def the_street_moves(self, task: int, move: str) -> None:
        self.move(self.tasks[task], "street", move)

    @rule()
    def positions_are_forgotten(self) -> None:
        self.admin.execute("SELECT city.forget_positions(%s)", (self.now,))
        for who, known in self.position.items():
            if known and known[1] <= self.now - AGE:
                self.position[who] = None

    @rule()
    def the_clock_turns(self) -> None:
        self.admin.execute("SELECT city.lapse_leases(%s, 100)", (self.now,))
        before = {task: self.turns(task) for task in self.tasks}
        self.admin.execute("SELECT city.tell_calls(%s, 100)", (self.now,))
        for task, was in before.items():
            sent = [turn for turn in self.turns(task) if turn["sent_at"]]
            new = sent[len([turn for turn in was if turn["sent_at"]]) :]
            waiting = [turn for turn in was if not turn["sent_at"] and not turn["cancelled_at"]]
            assert len(new) <= 1, "one at a time, however far the clock jumped"
            if not waiting or waiting[0]["due_at"] > self.now:
                assert not new, "nobody's turn"
                continue
            number, turn = waiting[0]["number"], waiting[0]["turn"]
            earlier = [one for one in sent if one["number"] == number and one not in new]
            nearest = self.nearest(task, number, {one["name"] for one in earlier})
            desk = (turn > 1 or nearest is None) and not any(one["desk"] for one in earlier)
            assert [(one["name"], one["desk"]) for one in new] == ([(nearest, desk)] if nearest or desk else [])
            if new and earlier:
                assert new[0]["sent_at"] - earlier[-1]["sent_at"] >= 60 * SECOND

    def nearest(self, task: uuid.UUID, number: int, known: set[str | None]) -> str | None:
        """Who is told now, counted by hand."""
        gave_up = self.admin.execute(
            "SELECT a.name FROM city.task_event e JOIN city.account a ON a.id = e.actor"
            " WHERE task = %s AND number = %s",
            (task, number),
        ).fetchall()
        ranked = []
        for who in WORKERS:
            if who in known or {"name": who} in gave_up:
                continue
            if who not in self.heard or self.heard[who] <= self.now - AGE:
                continue
            position = self.position[who]
            if position and position[1] > self.now - AGE:
                if position[0] <= WITHIN:
                    ranked.append((position[0], who))
            elif SCOPES[who] == GRID_A:  # the door's grid
                ranked.append((WITHIN + 1, who))
        return min(ranked)[1] if ranked else None

    @invariant()
    def at_most_one_turn_is_pending_and_none_of_what_is_acknowledged(self) -> None:
        for task in self.tasks:
            (row,) = self.admin.execute("SELECT state FROM city.task WHERE id = %s", (task,)).fetchall()
            turns = self.turns(task)
            pending = [turn for turn in turns if turn["sent_at"] is None and turn["cancelled_at"] is None]
            assert len(pending) == (row["state"] == "dispatched")
            for number in {turn["number"] for turn in turns}:
                told = [turn["name"] for turn in turns if turn["number"] == number and turn["name"]]
                assert len(told) == len(set(told)), "nobody twice in a round"


@pytest.fixture
def machine(world: World) -> Iterator[type[Calls]]:
    for name, scope in SCOPES.items():
        world.account("grid_worker", scope, name=name)
    world.account("command_centre", GRID_A[:6], ["sos"], name="desk")
    world.account("command_centre", GRID_A[:9], name="street")
    tasks = [call(world, place=DOOR, door=door) for door in ("d1", "d2")]
    with psycopg.connect(world.database.admin, row_factory=dict_row) as admin:
        accounts = {row["name"]: row["id"] for row in admin.execute("SELECT id, name FROM city.account").fetchall()}
        admin.execute(
            "INSERT INTO city.shift (grid, begins, ends, worker) SELECT a.scope, day, day + interval '24 hours', a.id"
            " FROM city.account a, generate_series(%(begin)s - interval '2 days', %(begin)s + interval '60 days',"
            " '1 day') day WHERE a.name = ANY (%(workers)s)",
            {"begin": BEGIN, "workers": list(WORKERS)},
        )
        for task in tasks:
            admin.execute("UPDATE city.task SET dispatched_at = %s WHERE id = %s", (BEGIN, task))
            admin.execute("DELETE FROM city.task_event WHERE task = %s", (task,))
            admin.execute("DELETE FROM city.call_turn WHERE task = %s", (task,))
            admin.execute("DELETE FROM city.notification WHERE task = %s", (task,))
            admin.execute(
                "INSERT INTO city.task_event (task, number, move, to_state, queue, at)"
                " VALUES (%s, 1, 'dispatch', 'dispatched', %s, %s)",
                (task, GRID_A, BEGIN),
            )
        yield type("Calls", (Calls,), {"admin": admin, "accounts": accounts, "tasks": tasks})


def test_calls_are_told_one_after_the_other_whatever_the_clock_does(machine: type[Calls]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
