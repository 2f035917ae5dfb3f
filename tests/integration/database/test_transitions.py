"""A task's life: only legal histories, whatever people and the system try; an illegal move changes nothing."""

from __future__ import annotations

import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from runtime.settings import CHECKOUT
from tests.integration.database import moves
from tests.integration.database.world import GRID_A, GRID_B, World

OPEN = ("dispatched", "acknowledged", "suspended")
MOVES = (
    "claim", "acknowledge", "complete", "verify", "send_back", "rate", "hand_over", "ask_suspension", "ask_extension",
    "suspend", "extend", "decline", "release", "resume", "instruct", "reroute", "lapse", "close",
)  # fmt: skip
WHOLE: dict[str, Any] = {"outcome": "done", "queue": GRID_A, "amount": 2, "rating": "good"}


class Legal(NamedTuple):
    """A line of `city.legal_move`, the only place that says who may do what."""

    to: str | None
    by: set[str]
    needs_reason: bool


def legal_moves(world: World) -> dict[tuple[str, str], Legal]:
    """The table by (move, from state)."""
    with psycopg.connect(world.database.admin) as admin:
        rows = admin.execute("SELECT move, from_state, to_state, by_whom, needs_reason FROM city.legal_move")
        return {(row[0], row[1]): Legal(row[2], set(row[3]), row[4]) for row in rows}


def test_every_move_of_the_table_is_tried_by_these_tests(world: World) -> None:
    assert {move for move, _ in legal_moves(world)} == set(MOVES)


def test_what_a_tablet_foresees_without_a_network_stands_in_the_table(world: World) -> None:
    """The page asks the server which moves a task has. Of one whose own move is not sent yet it foresees them."""
    page = (CHECKOUT / "web/static/app/route.js").read_text(encoding="utf-8")
    after, next_moves = (re.search(rf"const {name} = {{(.*?)}};", page, re.DOTALL) for name in ("AFTER", "NEXT_MOVES"))
    assert after
    assert next_moves
    legal = legal_moves(world)
    foreseen = re.findall(r"(\w+): \[(.*?)\]", next_moves[1])
    assert {state for state, _ in foreseen} == {"dispatched", "acknowledged"}
    for state, listed in foreseen:
        for move in re.findall(r'"([\w-]+)"', listed):
            assert legal[move.replace("-", "_"), state].by & {"holder", "asker"}, (state, move)
    becomes = dict(re.findall(r'"?([\w-]+)"?: "(\w+)"', after[1]))
    assert becomes.pop("hand-over") == "handed_over", "it is in no queue of this account any more"
    assert becomes == {"acknowledge": "acknowledged", "complete": "completed"}
    assert legal["acknowledge", "dispatched"].to == "acknowledged"
    assert legal["complete", "acknowledged"].to == "completed"


def test_a_refusal_names_the_moves_that_are_legal(world: World) -> None:
    world.place("d1", GRID_A)
    task = world.tasks(world.alert("d1"))[0]["id"]
    with (
        world.as_account(world.account("grid_worker", GRID_A)) as connection,
        pytest.raises(
            moves.IllegalMove, match="Legal moves: claim, acknowledge, hand_over, ask_suspension, ask_extension"
        ),
    ):
        moves.act(connection, task, "resume", "it is Monday")


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize("state", [*OPEN, "completed", "verified"])
def test_the_moves_that_the_api_reads_are_those_that_succeed(world: World, state: str, asked: bool) -> None:
    world.place("d1", GRID_A)
    holder, other = world.account("grid_worker", GRID_A), world.account("grid_worker", GRID_A)
    centre, community = world.account("command_centre", "440113"), world.account("command_centre", GRID_A[:12])
    task = world.tasks(world.alert("d1"))[0]["id"]
    way = {
        "dispatched": [],
        "acknowledged": [(holder, "acknowledge")],
        "suspended": [(holder, "acknowledge"), (centre, "suspend")],
        "completed": [(holder, "acknowledge"), (holder, "complete")],
        "verified": [(holder, "acknowledge"), (holder, "complete"), (centre, "verify")],
    }
    for who, move in [*([(holder, "ask_suspension")] if asked else []), *way[state]]:
        with world.as_account(who) as connection:
            moves.act(connection, task, move, "rain", WHOLE)
    read = "SELECT unnest(moves) FROM city.read_tasks(ARRAY[%s]::uuid[])"
    for token in (holder, other, centre, community):
        succeeded = set()
        with world.as_account(token) as connection:
            answered = {row[0] for row in connection.execute(read, (task,)).fetchall()}
            for move in MOVES:
                try:
                    with connection.transaction(force_rollback=True):
                        moves.act(connection, task, move, "why", WHOLE)
                    succeeded.add(move)
                except moves.IllegalMove:
                    continue
        assert succeeded == answered


def test_a_move_that_lacks_its_reason_outcome_or_queue_is_refused(world: World) -> None:
    world.place("d1", GRID_A)
    task = world.tasks(world.alert("d1"))[0]["id"]
    with world.as_account(world.account("grid_worker", GRID_A)) as connection:
        moves.act(connection, task, "acknowledge")
        tries: list[tuple[str, str | None, dict[str, Any]]] = [
            ("complete", None, {}),
            ("complete", None, {"outcome": ""}),
            ("ask_suspension", " ", {}),
            ("ask_extension", "rain", {}),
            ("ask_extension", "rain", {"amount": 101}),
            ("ask_extension", None, {"amount": 2}),
            ("hand_over", None, {"queue": GRID_B}),
            ("hand_over", "why", {}),
            ("hand_over", "why", {"queue": "nowhere"}),
        ]
        for move, reason, detail in tries:
            with pytest.raises(moves.Incomplete), connection.transaction():
                moves.act(connection, task, move, reason, detail)
    assert world.tasks_by_id(task)["revision"] == 1


def test_who_holds_a_task_completes_it_and_a_command_centre_hands_it_over(world: World) -> None:
    world.place("d1", GRID_A)
    task = world.tasks(world.alert("d1"))[0]["id"]
    first, second = world.account("grid_worker", GRID_A), world.account("grid_worker", GRID_A)
    centre = world.account("command_centre", "440113")
    with world.as_account(first) as connection:
        moves.act(connection, task, "acknowledge")
    for token in (second, centre):
        for move in ("claim", "acknowledge", "complete"):
            with world.as_account(token) as connection, pytest.raises(moves.IllegalMove):
                moves.act(connection, task, move, detail={"outcome": "done"})
    with world.as_account(second) as connection, pytest.raises(moves.IllegalMove):
        moves.act(connection, task, "hand_over", "mine", {"queue": GRID_B})
    with world.as_account(centre) as connection:
        assert moves.act(connection, task, "hand_over", "sick leave", {"queue": GRID_A})["claimed_by"] is None
    with world.as_account(second) as connection:
        assert moves.act(connection, task, "acknowledge")["state"] == "acknowledged"


def test_the_same_request_sent_again_is_one_move_also_when_the_task_is_out_of_sight(world: World) -> None:
    world.place("d1", GRID_A)
    world.place("d2", GRID_B)
    task = world.tasks(world.alert("d1"))[0]["id"]
    request = uuid.uuid4()
    with world.as_account(world.account("grid_worker", GRID_A)) as connection:
        for _ in range(2):
            moves.act(connection, task, "hand_over", "other side of the street", {"queue": GRID_B}, request)
    assert world.tasks_by_id(task)["revision"] == 1


def test_suspension_stops_the_clock(world: World) -> None:
    world.place("d1", GRID_A)
    (before,) = world.tasks(world.alert("d1"))
    with world.as_account(world.account("grid_worker", GRID_A)) as connection:
        moves.act(connection, before["id"], "acknowledge")
    with world.as_account(world.account("command_centre", "440113")) as connection:
        moves.act(connection, before["id"], "suspend", "gone until Monday")
    with psycopg.connect(world.database.admin) as admin:
        admin.execute("UPDATE city.task_event SET at = at - interval '3 days'")
    with world.as_account(world.account("command_centre", GRID_A)) as connection:
        after = moves.act(connection, before["id"], "resume", "it is Monday")
    stood_still = after["respond_by"] - (before["respond_by"] - timedelta(days=3))
    assert stood_still.total_seconds() == pytest.approx(3 * 86_400, abs=60)
    assert after["state"] == "acknowledged"


def test_of_many_workers_who_claim_a_task_one_gets_it(world: World) -> None:
    world.place("d1", GRID_A)
    tasks = [world.tasks(world.alert("d1", cause=str(number)))[0]["id"] for number in range(12)]
    tokens = [world.account("grid_worker", GRID_A) for _ in range(4)]

    def claims(token: str) -> list[Any]:
        mine: list[Any] = []
        for task in tasks:
            with world.as_account(token) as connection:
                try:
                    moves.act(connection, task, "claim")
                except moves.IllegalMove:
                    connection.rollback()
                else:
                    mine.append(task)
        return mine

    with ThreadPoolExecutor(4) as pool:
        claimed = [task for mine in pool.map(claims, tokens) for task in mine]
    assert sorted(claimed) == sorted(tasks)


class Histories(RuleBasedStateMachine):
    """People and the system try any move on a task at any time.

    The model reads `city.legal_move` and keeps who holds the task.
    """

    world: World
    people: list[tuple[str, str, str]]
    legal: dict[tuple[str, str], Legal]

    def __init__(self) -> None:
        super().__init__()
        self.finding = self.world.alert("d1", cause=str(uuid.uuid4()))
        self.task = self.world.tasks(self.finding)[0]["id"]
        self.state, self.before_suspension = "dispatched", ""
        self.holder: str | None = None
        self.asked = self.done = False
        self.moves = 0

    @rule(
        person=st.integers(0, 3),
        move=st.sampled_from(MOVES),
        reason=st.sampled_from([None, "rain"]),
        detail=st.sampled_from([{}, {"outcome": "done"}, {"queue": GRID_A}, WHOLE, WHOLE]),
    )
    def somebody_tries(self, person: int, move: str, reason: str | None, detail: dict[str, Any]) -> None:
        token, role, scope = self.people[person]
        known = self.legal.get((move, self.state))
        holds, centre = self.holder == token, role == "command_centre"
        takes = self.holder is None and not centre  # it is a grid's queue
        approves = centre and len(scope) <= len("440113001")
        capacities = {
            *(["holder"] if holds else []),
            *(["taker"] if takes else []),
            *(["centre"] if centre else []),
            *(["asker"] if (holds or takes or centre) and not approves else []),
            *(["approver"] if approves else []),
            *(["answerer"] if approves and self.asked else []),
            *(["reviewer"] if centre and not holds and self.done else []),
        }
        needed = {"complete": "outcome", "hand_over": "queue", "extend": "amount", "ask_extension": "amount"}
        needed["rate"] = "rating"
        allowed = (
            known is not None
            and bool(known.by & capacities)
            and (bool(reason) or not known.needs_reason)
            and (move not in needed or needed[move] in detail)
        )
        try:
            with self.world.as_account(token) as connection:
                moves.act(connection, self.task, move, reason, detail)
        except moves.MoveRefused:
            assert not allowed, (move, self.state)
            return
        assert allowed, (move, self.state)
        assert known
        self.moves += 1
        if move == "suspend":
            self.before_suspension = self.state
        if move in ("complete", "send_back"):
            self.done = move == "complete"
        if move not in ("claim", "acknowledge", "instruct"):
            self.asked = move.startswith("ask_")
        if move in ("claim", "acknowledge"):
            self.holder = token
        if move in ("hand_over", "release"):
            self.holder = None
        self.state = known.to or self.before_suspension

    @rule(sure=st.integers(0, 3))
    def the_finding_is_resolved(self, sure: int) -> None:
        if sure:  # once in four, or most histories would end here
            return
        self.world.alert("d1", "resolved", self.finding)
        if self.state in OPEN:
            self.state, self.moves, self.asked = "closed", self.moves + 1, False

    @precondition(lambda self: self.state in ("dispatched", "acknowledged"))
    @rule()
    def it_is_done(self) -> None:
        """As chance finds it seldom."""
        token = self.holder or self.people[0][0]
        if self.state == "dispatched":
            with self.world.as_account(token) as connection:
                moves.act(connection, self.task, "acknowledge")
            self.moves, self.holder = self.moves + 1, token
        with self.world.as_account(token) as connection:
            moves.act(connection, self.task, "complete", detail={"outcome": "done"})
        self.moves, self.state, self.done, self.asked = self.moves + 1, "completed", True, False

    @invariant()
    def the_database_agrees(self) -> None:
        task = self.world.tasks_by_id(self.task)
        assert (task["state"], task["revision"], bool(task["asked"])) == (self.state, self.moves, self.asked)
        with self.world.looking() as admin:
            history = admin.execute(
                "SELECT from_state, to_state FROM city.task_event WHERE task = %s ORDER BY number", (self.task,)
            ).fetchall()
        assert len(history) == self.moves + 1
        assert all(one["to_state"] == after["from_state"] for one, after in pairwise(history))
        assert history[-1]["to_state"] == self.state


@pytest.fixture
def histories(world: World) -> type[Histories]:
    world.place("d1", GRID_A)
    people = [(world.account(role, scope), role, scope) for role, scope in (
        ("grid_worker", GRID_A), ("grid_worker", GRID_A), ("command_centre", "440113"),
        ("command_centre", GRID_A[:12]))]  # fmt: skip
    return type("Histories", (Histories,), {"world": world, "people": people, "legal": legal_moves(world)})


def test_only_legal_histories(histories: type[Histories]) -> None:
    run_state_machine_as_test(
        histories,
        settings=settings(
            max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_what_people_may_do_is_never_what_the_system_does(world: World) -> None:
    for (move, _), line in legal_moves(world).items():
        assert (move in ("close", "reroute", "lapse")) == bool(line.by & {"system", "router"})


def test_a_finding_that_became_unknown_keeps_its_task_and_one_found_in_silence_gets_none(world: World) -> None:
    world.place("d1", GRID_A)
    known, found_in_silence = world.alert("d1"), world.alert("d1", "held", unknown=True)
    assert [task["state"] for task in world.tasks(known)] == ["dispatched"]
    assert world.tasks(found_in_silence) == []
    world.alert("d1", "held", known, unknown=True)
    assert alert_of(world, known) == ("opened", True)
    assert alert_of(world, found_in_silence) == ("held", True)
    for finding in (known, found_in_silence):
        world.alert("d1", "opened", finding)
        assert alert_of(world, finding) == ("opened", False)
        assert [task["state"] for task in world.tasks(finding)] == ["dispatched"]


def test_work_that_is_done_is_not_done_again_because_a_department_was_quiet(world: World) -> None:
    world.place("d1", GRID_A)
    finding = world.alert("d1")
    with world.as_account(world.account("grid_worker", GRID_A)) as connection:
        moves.act(connection, world.tasks(finding)[0]["id"], "acknowledge")
        moves.act(connection, world.tasks(finding)[0]["id"], "complete", detail={"outcome": "done"})
    world.alert("d1", "held", finding, unknown=True)
    world.alert("d1", "opened", finding)
    assert [task["state"] for task in world.tasks(finding)] == ["completed"]
    world.alert("d1", "held", finding, unknown=True)
    world.alert("d1", "resolved", finding)
    assert alert_of(world, finding) == ("resolved", False)


def alert_of(world: World, finding: uuid.UUID) -> tuple[Any, ...] | None:
    with psycopg.connect(world.database.admin) as admin:
        return admin.execute("SELECT state, unknown FROM city.alert WHERE finding_id = %s", (finding,)).fetchone()
