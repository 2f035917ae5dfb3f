"""Results go back to whoever stated the fact; a correction proposed at the door is a question to them: in the move's
own transaction, to nobody else, and what rests on the fact is contested until it is settled."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from domain.rule import Rule
from runtime.discover import discover
from tests.integration.database import moves
from tests.integration.database.world import GRID_A, GRID_B, OTHER_DISTRICT, World
from wire.contracts import contracts

LEASE = {
    "department": "housing", "kind": "Let", "record": "ZL-1", "event_id": "e-lease",
    "occurred_at": "2026-03-01T00:00:00+00:00",
}  # fmt: skip
MOVED_IN = {
    "department": "police", "kind": "MovedIn", "record": "HJ-7", "event_id": "e-moved",
    "occurred_at": "2026-02-01T00:00:00+00:00",
}  # fmt: skip
VISITED = {**MOVED_IN, "department": "grid", "kind": "Visited", "event_id": "e-visited"}
GONE = {"outcome": "done", "note": "空房", "checks": {"tenants_live_here": "no", "lease_seen": "yes"}}


class Street:
    """A door, whoever works there, and two offices."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.place("d1", GRID_A)
        self.worker = world.account("grid_worker", GRID_A)
        self.centre = world.account("command_centre", "440113")
        self.housing = world.account("department", "", department="housing")
        self.police = world.account("department", "", department="police")

    def task(self, *because: Mapping[str, Any], **alert: Any) -> uuid.UUID:
        """A task of a finding that rests on these statements, acknowledged."""
        finding = self.world.alert("d1", because=json.dumps(because), **alert)
        task = uuid.UUID(str(self.world.tasks(finding)[0]["id"]))
        with self.world.as_account(self.worker) as connection:
            moves.act(connection, task, "acknowledge")
        return task

    def visit(self, task: uuid.UUID, seen: Mapping[str, Any] = GONE, request: uuid.UUID | None = None) -> None:
        self.rows(self.worker, "SELECT * FROM city.visit(%s, %s, NULL, %s)", task, Jsonb(dict(seen)), request)

    def rows(self, token: str, query: str, *values: Any) -> list[dict[str, Any]]:
        with self.world.as_account(token) as connection, connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query, values).fetchall()

    def questions(self, token: str, department: str = "housing") -> list[dict[str, Any]]:
        return self.rows(token, "SELECT * FROM city.questions_of(%s, 100)", department)

    def results(self, token: str, department: str = "housing") -> list[dict[str, Any]]:
        """As the account's own rights let the reading functions see them."""
        with self.world.as_reader(token) as connection, connection.cursor(row_factory=dict_row) as cursor:
            newest = "SELECT *, task || '/' || number AS id FROM city.feedback WHERE department = %s ORDER BY at DESC"
            return cursor.execute(newest, (department,)).fetchall()

    def answer(self, token: str, question: Any, answer: str, note: str | None = None) -> None:
        self.rows(token, "SELECT city.answer_question(%s, %s, %s)", question, answer, note)

    def contested(self, *facts: Mapping[str, Any], token: str | None = None, door: str = "d1") -> dict[str, str]:
        """Which of these facts are told to be contested with the row of the door that holds them."""
        self.world.row("dwelling", door, door)
        with self.world.sinks() as sinks:
            row = Jsonb({"leases": [{"value": None, **fact} for fact in facts]})
            sinks.execute("UPDATE city.dwelling_g1 SET row = %s WHERE id = %s", (row, door))
        found = self.rows(token or self.worker, "SELECT contested FROM city.read_row('dwelling', %s)", door)
        return {one["event_id"]: one["state"] for row in found for one in row["contested"]}

    def sent(self) -> list[tuple[str, dict[str, Any]]]:
        """What is on its way to departments."""
        with psycopg.connect(self.world.database.admin) as admin:
            return admin.execute(
                "SELECT topic, statement FROM city.outbox WHERE topic LIKE 'feedback.%' ORDER BY id"
            ).fetchall()


@pytest.fixture
def street(world: World) -> Street:
    return Street(world)


def test_a_result_goes_to_the_department_and_its_topic(street: Street) -> None:
    task = street.task(LEASE)
    request = uuid.uuid4()
    for _ in range(2):  # sent again because the answer was lost
        street.visit(task, {"outcome": "done", "checks": {"lease_seen": "yes"}}, request)
    (result,) = street.results(street.housing)
    assert (result["what"], result["outcome"], result["rule"], result["checks"]) == (
        "completed", "done", "newly-let", {"lease_seen": "yes"},
    )  # fmt: skip
    assert [one["record"] for one in result["statements"]] == ["ZL-1"]
    ((topic, statement),) = street.sent()
    assert topic == "feedback.housing"
    assert (statement["id"], statement["task"], statement["questions"]) == (result["id"], str(task), [])
    assert "note" not in statement, "what a worker wrote stays with the case"


def test_verified_and_sent_back_are_told_as_well(street: Street) -> None:
    task = street.task(LEASE)
    street.visit(task, {"outcome": "done", "checks": {}})
    for move, reason in (("send_back", "缺照片"), ("verify", None)):
        with street.world.as_account(street.centre) as connection:
            moves.act(connection, task, move, reason)
        if move == "send_back":
            street.visit(task, {"outcome": "done", "checks": {}})
    assert [statement["what"] for _, statement in street.sent()] == ["completed", "sent_back", "completed", "verified"]


def test_a_refused_move_says_nothing(street: Street) -> None:
    task = street.task(LEASE)
    with street.world.as_account(street.centre) as connection, pytest.raises(moves.IllegalMove):
        moves.act(connection, task, "verify")
    assert street.sent() == []


def test_each_department_gets_its_own_and_nothing_of_the_others(street: Street) -> None:
    street.visit(street.task(LEASE, MOVED_IN, VISITED))
    for token, department, own, checks in (
        (street.housing, "housing", LEASE, {"tenants_live_here": "no"}),
        (street.police, "police", MOVED_IN, {}),
    ):
        (result,) = street.results(token, department)
        assert result["statements"] == [{key: value for key, value in own.items() if key != "department"}]
        assert result["rule"] is None, "the rule would give the others away"
        assert result["checks"] == checks
    assert {topic for topic, _ in street.sent()} == {"feedback.housing", "feedback.police"}
    assert street.questions(street.police, "police") == [], "a registration was not asked about"


def test_the_door_says_otherwise_and_the_department_is_asked(street: Street) -> None:
    street.visit(street.task(LEASE))
    (question,) = street.questions(street.housing)
    assert (question["record"], question["correction"], question["answer"], question["open"]) == (
        "ZL-1", "tenants_elsewhere", None, 1,
    )  # fmt: skip
    ((_, statement),) = street.sent()
    assert [asked["id"] for asked in statement["questions"]] == [str(question["id"])]
    assert street.contested(LEASE, MOVED_IN) == {"e-lease": "open"}
    again = street.task(LEASE, cause="lease-1 again")
    assert street.contested({**LEASE, "event_id": "e-restated"}) == {"e-restated": "open"}, "the record is asked"
    street.visit(again)
    assert len(street.questions(street.housing)) == 1, "one question, however many visits say it"


@pytest.mark.parametrize("seen", [
    {"outcome": "done", "checks": {"tenants_live_here": "yes"}},
    {"outcome": "done", "checks": {"tenants_live_here": "unknown"}},
    {"outcome": "nobody_home", "checks": {"tenants_live_here": "no"}},
])  # fmt: skip
def test_what_does_not_dispute_asks_nothing(street: Street, seen: dict[str, Any]) -> None:
    street.visit(street.task(LEASE), seen)
    assert street.questions(street.housing) == []
    assert street.contested(LEASE) == {}


def test_a_visit_beside_its_task_asks_too(street: Street) -> None:
    task = street.task(LEASE)
    street.visit(task, {"outcome": "done", "checks": {}})
    street.visit(task)
    assert [result["what"] for result in street.results(street.housing)] == ["observed", "completed"]
    assert len(street.questions(street.housing)) == 1


def test_not_as_stated_asks_whoever_stated_anything(street: Street) -> None:
    street.visit(street.task(LEASE, MOVED_IN), {"outcome": "done", "checks": {"as_stated": "no"}})
    asked = [*street.questions(street.housing), *street.questions(street.police, "police")]
    wanted = [("ZL-1", "not_as_stated"), ("HJ-7", "not_as_stated")]
    assert [(one["record"], one["correction"]) for one in asked] == wanted


@pytest.mark.parametrize(("answer", "then"), [("right", {}), ("corrected", {}), ("wrong", {"e-lease": "wrong"})])
def test_the_answer_settles_it(street: Street, answer: str, then: dict[str, str]) -> None:
    street.visit(street.task(LEASE))
    (question,) = street.questions(street.housing)
    street.answer(street.housing, question["id"], answer, "租约已核对")
    street.answer(street.housing, question["id"], answer)  # a colleague presses it too
    (answered,) = street.questions(street.housing)
    assert (answered["answer"], answered["note"], answered["open"]) == (answer, "租约已核对", 0)
    assert street.contested(LEASE) == then
    assert street.contested({**LEASE, "event_id": "e-restated"}) == {}, "what was wrong was stated anew"
    _, statement = street.sent()[-1]
    assert (statement["what"], statement["questions"][0]["answer"], len(street.sent())) == ("answered", answer, 2)


def test_an_answer_stands_but_for_what_was_wrong_and_is_corrected(street: Street) -> None:
    street.visit(street.task(LEASE))
    (question,) = street.questions(street.housing)
    street.answer(street.housing, question["id"], "wrong")
    street.answer(street.housing, question["id"], "corrected")
    for other, code in (("right", "CG409"), ("maybe", "CG422")):
        with pytest.raises(psycopg.Error) as refused:
            street.answer(street.housing, question["id"], other)
        assert refused.value.sqlstate == code
    assert street.contested(LEASE) == {}


def test_who_sees_the_case_sees_the_question_and_its_answer(street: Street) -> None:
    task = street.task(LEASE)
    street.visit(task)
    (question,) = street.questions(street.housing)
    street.answer(street.housing, question["id"], "right", "合同有效")
    finding = street.world.tasks_by_id(task)["finding_id"]
    ask = "SELECT department, answer, note FROM city.questions_of_case(%s)"
    wanted = [{"department": "housing", "answer": "right", "note": "合同有效"}]
    assert street.rows(street.centre, ask, finding) == wanted
    for other in (street.world.account("command_centre", OTHER_DISTRICT[:6]), street.police):
        assert street.rows(other, ask, finding) == []


def test_an_open_case_is_told_of_an_answer(street: Street) -> None:
    street.visit(street.task(LEASE))
    (question,) = street.questions(street.housing)
    count = "SELECT count(*) FROM city.feed"
    with psycopg.connect(street.world.database.admin) as admin:
        before = admin.execute(count).fetchone()
        street.answer(street.housing, question["id"], "right")
        assert admin.execute(count).fetchone() == ((before or (0,))[0] + 1,)


def test_a_contested_fact_shows_to_whoever_sees_it_elsewhere(street: Street) -> None:
    """The case that asked lies in another grid and is none of this worker's business; the row with the fact is."""
    street.visit(street.task(LEASE))
    street.world.place("d2", GRID_B)
    other = street.world.account("grid_worker", GRID_B)
    assert street.contested(LEASE, token=other, door="d2") == {"e-lease": "open"}
    assert street.contested({**LEASE, "withdrawn": True}, token=other, door="d2") == {}
    assert street.contested({**LEASE, "record": "ZL-2"}, token=other, door="d2") == {}
    case = street.world.alert("d2", because=json.dumps([LEASE]))
    ask = "SELECT event_id, state FROM city.contested_of_case(%s)"
    assert street.rows(other, ask, case) == [{"event_id": "e-lease", "state": "open"}]


def test_nobody_is_told_of_a_fact_that_they_cannot_read(street: Street) -> None:
    """Who guesses department, kind and record of another area's fact learnt whether it is contested, and how."""
    street.visit(street.task(LEASE))
    strangers = [
        street.world.account("grid_worker", GRID_B), street.world.account("grid_worker", GRID_A, ["benefits"]),
        street.world.account("ops", ""), street.world.account("admin", ""), street.police,
    ]  # fmt: skip
    finding = street.world.alert("d1", because=json.dumps([LEASE]))
    for token in strangers:
        assert street.contested(LEASE, token=token) == {}
        assert street.rows(token, "SELECT * FROM city.contested_of_case(%s)", finding) == []
    for token in (street.centre, *strangers):
        for function in ("contested", "facts_in"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                street.rows(token, f"SELECT * FROM city.{function}(%s)", Jsonb([LEASE]))


def test_a_look_is_left_where_a_departments_records_are_shown(street: Street) -> None:
    street.visit(street.task(LEASE))
    (question,) = street.questions(street.housing)
    street.rows(street.housing, "SELECT * FROM city.records_of('housing', NULL, 100)")
    with psycopg.connect(street.world.database.sinks) as sinks:
        sinks.execute(
            "INSERT INTO city.rejected_line (key, department, door, source, at, place, field, reason, record, kind)"
            " SELECT n::text, 'housing', 'file', 'x.csv', now(), n::text, 'x', 'x', CASE n WHEN 1 THEN 'ZL-9' END,"
            " 'Let'"
            " FROM generate_series(1, 2) n"
        )
    ops = street.world.account("ops", "")
    street.rows(ops, "SELECT * FROM city.rejected_of('housing', 100)")
    street.rows(ops, "SELECT * FROM city.rejected_of('police', 100)")  # shows nothing
    with psycopg.connect(street.world.database.admin) as admin:
        kept = admin.execute(
            "SELECT role, view, keys FROM audit.look WHERE role <> 'grid_worker' ORDER BY at"
        ).fetchall()
    assert kept == [
        ("department", "question", [str(question["id"])]),
        ("department", "record", ["housing/Let/ZL-1"]),
        ("ops", "record", ["housing/Let/ZL-9"]),
    ]


def test_a_department_sees_and_answers_its_own_only(street: Street) -> None:
    street.visit(street.task(LEASE))
    (question,) = street.questions(street.housing)
    for other in (street.police, street.worker, street.centre, street.world.account("admin", "")):
        with pytest.raises(psycopg.Error) as refused:
            street.answer(other, question["id"], "right")
        assert refused.value.sqlstate == "CG404"
    for other in (street.police, street.worker, street.centre):
        assert street.questions(other) == []
        assert street.results(other) == []
    assert len(street.questions(street.world.account("ops", ""))) == 1
    for table, wanted in (("feedback", {"housing": 1, "police": 0}), ("question", {"housing": 1, "police": 0})):
        for name, count in wanted.items():
            with street.world.as_reader(getattr(street, name)) as connection:
                assert connection.execute(f"SELECT count(*) FROM city.{table}").fetchone() == (count,)
    with street.world.as_account(street.housing) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT * FROM city.question")


def test_the_answers_that_dispute_are_asked_by_a_rule_about_kinds_that_are_stated(street: Street) -> None:
    asked = {check.id for rule in discover("domain.rules", "RULE", Rule).values() for check in rule.checks}
    kinds = {kind for contract in contracts().values() for kind in contract.kinds}
    with street.world.looking() as admin:
        for row in admin.execute("SELECT * FROM city.disputing_answer"):
            assert row["check_id"] in asked
            assert set(row["kinds"] or []) <= kinds, row["check_id"]


def test_it_goes_with_its_case(street: Street) -> None:
    task = street.task(LEASE)
    street.visit(task)
    with psycopg.connect(street.world.database.owner) as owner:
        for statement in (
            "DELETE FROM city.observation WHERE task = %s",
            "DELETE FROM city.task_event WHERE task = %s",
        ):
            owner.execute(statement, (task,))
    assert street.results(street.housing) == street.questions(street.housing) == []
