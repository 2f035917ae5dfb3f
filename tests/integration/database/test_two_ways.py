"""A centre asks a department; a department's records stand as the last visit or answer says; an instruction is marked
as read and answered by whoever may visit its task."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.integration.database import moves
from tests.integration.database.test_feedback import LEASE, MOVED_IN, VISITED, Street
from tests.integration.database.world import GRID_B, OTHER_DISTRICT, World

SEEN_AS_STATED = {"outcome": "done", "checks": {"tenants_live_here": "yes"}}
ASK = "SELECT city.ask_department(%s, %s, %s, %s, %s)"


@pytest.fixture
def street(world: World) -> Street:
    return Street(world)


def finding_of(street: Street, task: uuid.UUID) -> uuid.UUID:
    return uuid.UUID(str(street.world.tasks_by_id(task)["finding_id"]))


def ask(
    street: Street,
    task: uuid.UUID,
    event: str = "e-lease",
    text: str = "合同到期了吗？",
    token: str | None = None,
    purpose: str = "verify_fact",
    request: uuid.UUID | None = None,
) -> None:
    street.rows(token or street.centre, ASK, finding_of(street, task), event, purpose, text, request)


def refused(code: str, act: Any, *values: Any, **named: Any) -> psycopg.Error:
    with pytest.raises(psycopg.Error) as error:
        act(*values, **named)
    assert error.value.sqlstate == code
    return error.value


def records(street: Street, token: str | None = None, department: str = "housing") -> dict[str, str]:
    found = street.rows(token or street.housing, "SELECT * FROM city.records_of(%s, NULL, 100)", department)
    return {row["record"]: row["standing"] for row in found}


def counts(street: Street, token: str | None = None, department: str = "housing") -> dict[str, int]:
    found = street.rows(token or street.housing, "SELECT * FROM city.record_counts(%s)", department)
    return {row["standing"]: row["counted"] for row in found if row["counted"]}


# -- a centre asks


def test_a_centre_asks_and_disputes_nothing_until_the_department_says_so(street: Street) -> None:
    task = street.task(LEASE)
    ask(street, task)
    (question,) = street.questions(street.housing)
    assert (question["question"], question["correction"], question["purpose"]) == (
        "合同到期了吗？",
        None,
        "verify_fact",
    )
    assert question["answer_by"] > question["asked_at"]
    assert street.contested(LEASE) == {}, "to ask says nothing against it"
    street.answer(street.housing, question["id"], "wrong")
    assert street.contested(LEASE) == {"e-lease": "wrong"}
    assert records(street) == {"ZL-1": "contradicted"}
    sent = [(statement["what"], statement["questions"][0]) for _, statement in street.sent()]
    assert [(what, one["correction"], one["text"], one["answer"]) for what, one in sent] == [
        ("asked", "asked", "合同到期了吗？", None),
        ("answered", "asked", "合同到期了吗？", "wrong"),
    ]


def test_what_was_asked_stands_in_the_history_and_the_looks(street: Street) -> None:
    task = street.task(LEASE)
    request = uuid.uuid4()
    for _ in range(2):  # sent again because the answer was lost
        ask(street, task, request=request)
    timeline = street.rows(street.worker, "SELECT kind, note FROM city.timeline_of(%s)", finding_of(street, task))
    assert [row["note"] for row in timeline if row["kind"] == "ask_department"] == ["合同到期了吗？"]
    with street.world.looking() as admin:
        looks = admin.execute("SELECT purpose FROM audit.look WHERE purpose = 'verify_fact'").fetchall()
    assert len(looks) == 1
    assert street.world.tasks_by_id(task)["state"] == "acknowledged", "to ask moves nothing"


def test_who_may_ask_what(street: Street) -> None:
    task = street.task(LEASE, VISITED)
    elsewhere = street.world.account("command_centre", OTHER_DISTRICT[:6])
    limited = street.world.account("command_centre", "440113", ["housing"])
    for token in (elsewhere, street.housing, street.world.account("admin", "")):
        refused("CG404", ask, street, task, token=token)
    refused("CG403", ask, street, task, token=street.worker)
    refused("CG403", ask, street, task, token=limited)
    ask(street, task, token=limited, purpose="handle_case")
    assert refused("CG422", ask, street, task).diag.message_detail == "asked-already"
    assert refused("CG422", ask, street, task, event="e-else").diag.message_detail == "statement"
    assert refused("CG422", ask, street, task, event="e-visited").diag.message_detail == "statement"
    refused("CG422", ask, street, task, text="  ")
    (question,) = street.questions(street.housing)
    street.answer(street.housing, question["id"], "right")
    ask(street, task)
    assert len(street.questions(street.housing)) == 2, "once answered, it can be asked again"


def test_the_case_shows_what_was_asked_and_answered(street: Street) -> None:
    task = street.task(LEASE)
    ask(street, task)
    (question,) = street.questions(street.housing)
    street.answer(street.housing, question["id"], "corrected", "已更正到期日")
    asked = "SELECT event_id, question, answer, note FROM city.questions_of_case(%s)"
    wanted = [
        {"event_id": "e-lease", "question": "合同到期了吗？", "answer": "corrected", "note": "已更正到期日"},
    ]
    assert street.rows(street.centre, asked, finding_of(street, task)) == wanted
    other = street.world.account("grid_worker", GRID_B)
    assert street.rows(other, asked, finding_of(street, task)) == []


def test_questions_wait_in_their_order_and_are_counted_whole(street: Street) -> None:
    tasks = [street.task({**LEASE, "record": f"ZL-{n}", "event_id": f"e-{n}"}, cause=f"c{n}") for n in range(4)]
    for n, task in enumerate(tasks):
        ask(street, task, event=f"e-{n}")
    first, second, *_ = street.questions(street.housing)
    street.answer(street.housing, first["id"], "right")
    street.answer(street.housing, second["id"], "wrong")
    shown = street.questions(street.housing)
    assert [(one["record"], one["answer"]) for one in shown] == [
        ("ZL-2", None), ("ZL-3", None), ("ZL-1", "wrong"), ("ZL-0", "right"),
    ]  # fmt: skip
    (top,) = street.rows(street.housing, "SELECT * FROM city.questions_of('housing', 1)")
    assert (top["record"], top["open"]) == ("ZL-2", 2)


def test_a_question_on_the_last_working_day_before_a_holiday_is_due_after_it(street: Street) -> None:
    """Asked on Wednesday 30 September 2026 at 16:00, National Day is 1 to 7 October: three working days are over on
    Monday 12 at 16:00, for Saturday 10 is a make-up working day."""
    with psycopg.connect(street.world.database.owner) as owner:
        ask(street, street.task(LEASE))
        row = owner.execute("SELECT city.due('2026-09-30T16:00+08', 3, 'working_day')").fetchone()
        kept = owner.execute("SELECT answer_by = city.due(asked_at, 3, 'working_day') FROM city.question").fetchone()
    assert row is not None
    if row[0] is not None:  # the calendar has that year
        assert row[0] == datetime(2026, 10, 10, 8, tzinfo=UTC) + timedelta(days=row[0].day - 10)
    assert kept == (True,)


# -- where a record stands


def test_a_record_stands_as_the_last_visit_says(street: Street) -> None:
    street.visit(street.task(LEASE), {"outcome": "nobody_home", "checks": {}})
    assert records(street) == {"ZL-1": "not_met"}
    street.visit(street.task(LEASE, cause="2"), SEEN_AS_STATED)
    assert (records(street), counts(street)) == ({"ZL-1": "verified"}, {"verified": 1})
    street.visit(street.task(LEASE, cause="3"))
    assert (records(street), counts(street)) == ({"ZL-1": "contradicted"}, {"contradicted": 1})
    street.visit(street.task(LEASE, cause="4"), SEEN_AS_STATED)
    assert records(street) == {"ZL-1": "contradicted"}, "the question still waits"


@pytest.mark.parametrize(
    ("answer", "standing"), [("right", "upheld"), ("wrong", "contradicted"), ("corrected", "corrected")]
)
def test_an_answer_says_where_the_record_stands(street: Street, answer: str, standing: str) -> None:
    task = street.task(LEASE)
    street.visit(task)
    (question,) = street.questions(street.housing)
    street.answer(street.housing, question["id"], answer)
    assert counts(street) == {standing: 1}
    with street.world.as_account(street.centre) as connection:
        moves.act(connection, task, "verify")
    (row,) = street.rows(street.housing, "SELECT * FROM city.records_of('housing', %s, 100)", standing)
    assert (row["record"], row["centre_verified"]) == ("ZL-1", True), "a centre's check takes no answer back"


def test_a_departments_records_are_its_own(street: Street) -> None:
    task = street.task(LEASE, MOVED_IN)
    street.visit(task)
    assert records(street) == {"ZL-1": "contradicted"}
    assert records(street, street.police, "police") == {"HJ-7": "verified"}
    for token in (street.police, street.worker, street.centre):
        assert records(street, token) == {}
        assert counts(street, token) == {}
    assert records(street, street.world.account("ops", "")) == {"ZL-1": "contradicted"}
    for table in ("record_result", "instruction_mark"):
        with street.world.as_account(street.housing) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"SELECT * FROM city.{table}")


# -- an instruction is read and answered


def instructed(street: Street, token: str | None = None) -> tuple[uuid.UUID, int]:
    task = street.task(LEASE)
    with street.world.as_account(token or street.centre) as connection:
        moves.act(connection, task, "instruct", "请先看后楼梯")
    return task, last_line(street, task)


def last_line(street: Street, task: uuid.UUID) -> int:
    with street.world.looking() as admin:
        (row,) = admin.execute("SELECT max(number) AS n FROM city.task_event WHERE task = %s", (task,)).fetchall()
    return int(row["n"])


def instruction(street: Street, task: uuid.UUID, token: str | None = None) -> dict[str, Any]:
    found = "SELECT * FROM city.instructions_of(%s)"
    (one,) = street.rows(token or street.centre, found, finding_of(street, task))
    return one


def feed_lines(street: Street) -> int:
    with street.world.looking() as admin:
        (row,) = admin.execute("SELECT count(*) AS n FROM city.feed").fetchall()
    return int(row["n"])


def test_read_is_marked_once_with_the_time_of_the_tablet(street: Street) -> None:
    task, number = instructed(street)
    assert instruction(street, task)["marks"] == []
    before = feed_lines(street)
    for at in ("2026-01-01T00:00Z", None):  # before the instruction: bounded; and sent again later
        street.rows(street.worker, "SELECT city.mark_read(%s, %s, %s)", task, number, at)
    (mark,) = instruction(street, task)["marks"]
    assert datetime.fromisoformat(mark["read_at"]) == instruction(street, task)["at"]
    assert (mark["answer"], mark["mine"], instruction(street, task, street.worker)["marks"][0]["mine"]) == (
        None, False, True,
    )  # fmt: skip
    assert feed_lines(street) == before + 1, "whoever has the case open is told, once"


def test_an_answer_is_a_line_of_the_history_and_says_that_it_was_read(street: Street) -> None:
    task, number = instructed(street)
    answer = "SELECT city.answer_instruction(%s, %s, %s, %s, %s)"
    first, second = uuid.uuid4(), uuid.uuid4()
    late = datetime.now(UTC)
    for text, at, request in (("看过了", late, first), ("看过了", late, first), ("早先的", None, second)):
        street.rows(street.worker, answer, task, number, text, at, request)
    street.rows(street.worker, answer, task, number, "先写后发", "2026-01-01T00:00Z", uuid.uuid4())
    (mark,) = instruction(street, task)["marks"]
    assert mark["answer"] == "早先的", "the newest by when it was written"
    timeline = street.rows(street.centre, "SELECT kind, note FROM city.timeline_of(%s)", finding_of(street, task))
    assert sorted(row["note"] for row in timeline if row["kind"] == "answer_instruction") == sorted(
        ["看过了", "早先的", "先写后发"]
    )
    assert street.world.tasks_by_id(task)["state"] == "acknowledged"


def test_what_a_tablet_sends_late_is_kept(street: Street) -> None:
    task, number = instructed(street)
    street.visit(task, SEEN_AS_STATED)
    street.rows(street.worker, "SELECT city.mark_read(%s, %s, NULL)", task, number)
    street.rows(street.worker, "SELECT city.answer_instruction(%s, %s, 'x')", task, number)
    assert instruction(street, task)["marks"][0]["answer"] == "x"
    assert street.world.tasks_by_id(task)["state"] == "completed"


def test_whoever_may_not_visit_the_task_finds_no_instruction(street: Street) -> None:
    task, number = instructed(street)
    for token in (street.world.account("grid_worker", GRID_B), street.centre, street.housing):
        refused("CG404", street.rows, token, "SELECT city.mark_read(%s, %s, NULL)", task, number)
        refused("CG404", street.rows, token, "SELECT city.answer_instruction(%s, %s, 'x')", task, number)
    refused("CG404", street.rows, street.worker, "SELECT city.mark_read(%s, 1, NULL)", task)
    refused("CG422", street.rows, street.worker, "SELECT city.answer_instruction(%s, %s, ' ')", task, number)
    other = street.world.account("command_centre", OTHER_DISTRICT[:6])
    assert street.rows(other, "SELECT * FROM city.instructions_of(%s)", finding_of(street, task)) == []


def test_all_of_it_goes_with_its_case(street: Street) -> None:
    task, number = instructed(street)
    street.rows(street.worker, "SELECT city.mark_read(%s, %s, NULL)", task, number)
    ask(street, task)
    street.visit(task)
    with psycopg.connect(street.world.database.owner) as owner:
        for table, column in (("observation", "task"), ("task_event", "task"), ("task", "id")):
            owner.execute(f"DELETE FROM city.{table} WHERE {column} = %s", (task,))
        for table in ("instruction_mark", "question", "record_result", "feedback"):
            assert owner.execute(f"SELECT count(*) FROM city.{table}").fetchone() == (0,), table


# -- a question that nobody answers in time


def overdue(street: Street, days: int = 30) -> int:
    with street.world.sinks() as sinks:
        row = sinks.execute("SELECT city.tell_overdue_questions(now() + %s, 100)", (timedelta(days=days),)).fetchone()
    assert row is not None
    return int(row[0])


def fed(street: Street) -> int:
    with psycopg.connect(street.world.database.admin) as admin:
        row = admin.execute("SELECT count(*) FROM city.feed WHERE kind = 'task'").fetchone()
    assert row is not None
    return int(row[0])


def test_whoever_sees_the_case_is_told_once_that_a_departments_time_has_passed(street: Street) -> None:
    task, quiet = street.task(LEASE), street.task(MOVED_IN, cause="2")
    ask(street, task)
    assert overdue(street, days=0) == 0, "its time is not over"
    before = fed(street)
    assert (overdue(street), overdue(street)) == (1, 0)
    assert fed(street) == before + 1
    timeline = street.rows(street.centre, "SELECT kind, by FROM city.timeline_of(%s)", finding_of(street, task))
    assert [row["by"] for row in timeline if row["kind"] == "question_overdue"] == [None]
    assert street.world.tasks_by_id(task)["state"] == "acknowledged", "it moves nothing"
    wanted = '{"state": "any", "task": "unanswered"}'
    listed = street.rows(street.centre, "SELECT finding_id FROM city.list_alerts(%s, 10)", wanted)
    assert [row["finding_id"] for row in listed] == [finding_of(street, task)]
    assert finding_of(street, quiet) not in {row["finding_id"] for row in listed}
    count = "SELECT city.count_alerts(%s) AS counted"
    assert street.rows(street.centre, count, wanted) == [{"counted": 1}]
    elsewhere = street.world.account("command_centre", OTHER_DISTRICT[:6])
    assert street.rows(elsewhere, count, wanted) == [{"counted": 0}]
    with street.world.sinks() as sinks:
        assert sinks.execute("SELECT * FROM city.overdue_questions()").fetchall() == [("housing", 1, 1)]
    street.answer(street.housing, street.questions(street.housing)[0]["id"], "right")
    assert street.rows(street.centre, count, wanted) == [{"counted": 0}], "the answer ends it"
    with street.world.sinks() as sinks:
        assert sinks.execute("SELECT * FROM city.overdue_questions()").fetchall() == []


def test_what_is_answered_in_time_is_overdue_for_nobody(street: Street) -> None:
    ask(street, street.task(LEASE))
    street.answer(street.housing, street.questions(street.housing)[0]["id"], "right")
    assert overdue(street) == 0


def test_the_time_of_an_answer_is_data(street: Street) -> None:
    with psycopg.connect(street.world.database.owner) as owner:
        owner.execute("UPDATE city.question_term SET (within, unit) = (2, 'working_hour')")
    ask(street, street.task(LEASE))
    with psycopg.connect(street.world.database.owner) as owner:
        kept = owner.execute("SELECT answer_by = city.due(asked_at, 2, 'working_hour') FROM city.question").fetchone()
        owner.execute("UPDATE city.question SET answer_by = now() - interval '1 hour'")
    assert kept == (True,)
    counted = "SELECT city.questions_overdue(%s) AS counted"
    assert street.rows(street.housing, counted, "housing") == [{"counted": 1}]
    assert street.rows(street.police, counted, "housing") == [{"counted": 0}], "another department sees none of it"


def test_a_case_that_somebody_holds_is_told_in_the_next_turn(street: Street) -> None:
    task = street.task(LEASE)
    ask(street, task)
    with psycopg.connect(street.world.database.admin) as admin:
        admin.execute("SELECT FROM city.task WHERE id = %s FOR UPDATE", (task,))
        assert overdue(street) == 0
    assert overdue(street) == 1
