"""Questions, answers, instructions' marks and contested facts over HTTP."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.integration.api.two_streets import City, LogIn, statement

NUMBER = "11010519491231002X"
NOWHERE = "6f2c1f0e-6a52-4d5e-8a3b-000000000000"


@pytest.fixture
def asked(city: City) -> City:
    """The account `department` is the vehicle office's, on whose statements the cases rest."""
    with psycopg.connect(city.database.owner) as owner:
        owner.execute("UPDATE city.account SET department = 'transport' WHERE name = 'department'")
    return city


async def fact_of(client: httpx.AsyncClient, finding: uuid.UUID) -> dict[str, Any]:
    case = (await client.get(f"/alerts/{finding}")).json()
    return dict(case["because"][0])


def body(event_id: str, **more: str) -> dict[str, str]:
    return {"event_id": event_id, "purpose": "verify_fact", "question": "该车是否已过户？", **more}


async def test_a_question_goes_to_the_department_and_its_answer_comes_back(asked: City, log_in: LogIn) -> None:
    centre, office = await log_in("here"), await log_in("department")
    finding = asked.here.findings[0]
    fact = await fact_of(centre, finding)
    key = {"Idempotency-Key": str(uuid.uuid4())}
    for _ in range(2):
        sent = await centre.post(f"/alerts/{finding}/questions", json=body(fact["event_id"]), headers=key)
    (question,) = sent.json()["items"]
    assert (question["department"], question["question"], question["asked_name"]) == (
        "transport", "该车是否已过户？", "here",
    )  # fmt: skip
    page = (await office.get("/department/feedback")).json()
    assert (page["department"], page["waiting"], page["may_answer"]) == ("transport", 1, True)
    (shown,) = page["questions"]
    assert (shown["question"], shown["purpose"], shown["id"]) == ("该车是否已过户？", "verify_fact", question["id"])
    assert not {"finding_id", "task", "event_id", "why_zh"} & set(shown), "nothing of the case"
    answered = await office.post(f"/questions/{question['id']}/answer", json={"answer": "wrong", "note": "已过户"})
    assert (answered.status_code, answered.json()["waiting"]) == (200, 0)
    assert {one["standing"]: one["count"] for one in answered.json()["counts"]}["contradicted"] == 1
    case = (await centre.get(f"/alerts/{finding}")).json()
    assert [(one["answer"], one["note"]) for one in case["questions"]] == [("wrong", "已过户")]
    assert case["because"][0]["contested"]["state"] == "wrong"
    assert [one["note"] for one in case["timeline"] if one["kind"] == "ask_department"] == ["该车是否已过户？"]
    shown = await centre.post(f"/alerts/{finding}/people", json={"purpose": "handle_case"})
    assert shown.json()["because"][0]["contested"]["state"] == "wrong"


async def test_no_number_in_what_is_asked_or_answered(asked: City, log_in: LogIn) -> None:
    centre, office = await log_in("here"), await log_in("department")
    finding = asked.here.findings[0]
    event = (await fact_of(centre, finding))["event_id"]
    refused = await centre.post(f"/alerts/{finding}/questions", json=body(event, question=f"{NUMBER} 是车主吗"))
    assert (refused.status_code, NUMBER in refused.text) == (422, False)
    sent = await centre.post(f"/alerts/{finding}/questions", json=body(event))
    question = sent.json()["items"][0]["id"]
    note = {"answer": "right", "note": f"车主 {NUMBER}"}
    refused = await office.post(f"/questions/{question}/answer", json=note)
    assert (refused.status_code, NUMBER in refused.text) == (422, False)
    assert (await office.get("/department/feedback")).json()["waiting"] == 1


async def test_refusals_say_what_to_do(asked: City, log_in: LogIn) -> None:
    centre, office, worker = await log_in("here"), await log_in("department"), await log_in("worker")
    finding = asked.here.findings[0]
    event = (await fact_of(centre, finding))["event_id"]
    assert (await worker.post(f"/alerts/{finding}/questions", json=body(event))).status_code == 403
    for other in (await log_in("there"), office, await log_in("ops")):
        for named in (str(finding), NOWHERE):
            assert (await other.post(f"/alerts/{named}/questions", json=body(event))).status_code == 404
    other_fact = await centre.post(f"/alerts/{finding}/questions", json=body("e-else"))
    assert (other_fact.status_code, "不依据" in other_fact.json()["detail"]) == (422, True)
    question = (await centre.post(f"/alerts/{finding}/questions", json=body(event))).json()["items"][0]["id"]
    again = await centre.post(f"/alerts/{finding}/questions", json=body(event))
    assert (again.status_code, "等待答复" in again.json()["detail"]) == (422, True)
    for nobody in (centre, worker, await log_in("admin")):
        for named in (question, NOWHERE):
            assert (await nobody.post(f"/questions/{named}/answer", json={"answer": "right"})).status_code == 404
    assert (await office.post(f"/questions/{question}/answer", json={"answer": "right"})).status_code == 200
    stands = await office.post(f"/questions/{question}/answer", json={"answer": "wrong"})
    assert (stands.status_code, "已经答复" in stands.json()["detail"]) == (409, True)


async def test_a_departments_feedback_is_its_own(asked: City, log_in: LogIn) -> None:
    centre, office, ops = await log_in("here"), await log_in("department"), await log_in("ops")
    finding = asked.here.findings[0]
    event = (await fact_of(centre, finding))["event_id"]
    await centre.post(f"/alerts/{finding}/questions", json=body(event))
    assert (await office.get("/department/feedback", params={"department": "police"})).status_code == 404
    page = (await ops.get("/department/feedback", params={"department": "transport"})).json()
    assert (page["waiting"], page["may_answer"]) == (1, False)
    assert (await ops.get("/department/feedback", params={"department": "police"})).json()["questions"] == []
    nothing = (await centre.get("/department/feedback")).json()
    assert (nothing["department"], nothing["questions"]) == (None, [])


async def test_a_row_says_which_of_its_facts_are_contested(asked: City, log_in: LogIn) -> None:
    fact = statement({"household": "H", "address": "x", "collective": False}, "P-2")
    with psycopg.connect(asked.database.owner) as owner:
        owner.execute("UPDATE city.task SET state = 'acknowledged' WHERE id = %s", (asked.here.tasks[0],))
        owner.execute(
            "INSERT INTO city.task_event (task, number, move, to_state, queue, at)"
            " SELECT id, 1, 'observe', state, queue, now() FROM city.task WHERE id = %s",
            (asked.here.tasks[0],),
        )
        owner.execute(
            "INSERT INTO city.question (department, kind, record, event_id, stated_at, correction, task, number,"
            " seen_at, asked_at)"
            " VALUES ('police', 'MovedIn', 'P-2', 'e-P-2', now(), 'lives_elsewhere', %s, 1, now(), now())",
            (asked.here.tasks[0],),
        )
    assert fact["event_id"] == "e-P-2"
    for who in ("here", "worker"):
        client = await log_in(who)
        row = (await client.get(f"/rows/resident/{asked.here.resident}")).json()
        assert [(one["event_id"], one["state"], one["correction"]) for one in row["contested"]] == [
            ("e-P-2", "open", "lives_elsewhere")
        ]
        whole = await client.post(f"/rows/resident/{asked.here.resident}", json={"purpose": "verify_fact"})
        assert len(whole.json()["contested"]) == 1
    with psycopg.connect(asked.database.sinks) as sinks:  # withdrawn: nobody states it any more
        row = sinks.execute("SELECT row FROM city.resident_g1 WHERE id = %s", (asked.here.resident,)).fetchall()[0][0]
        row["residence"][0]["withdrawn"] = True
        sinks.execute("UPDATE city.resident_g1 SET row = %s WHERE id = %s", (Jsonb(row), asked.here.resident))
    row = (await (await log_in("here")).get(f"/rows/resident/{asked.here.resident}")).json()
    assert row["contested"] == []


async def test_an_instruction_is_marked_as_read_and_answered(asked: City, log_in: LogIn) -> None:
    centre, worker = await log_in("here"), await log_in("worker")
    finding, task = asked.here.findings[0], asked.here.tasks[0]
    await centre.post(f"/tasks/{task}/instruct", json={"note": "请先看后楼梯"})
    (instruction,) = (await worker.get(f"/alerts/{finding}")).json()["instructions"]
    number = {"number": instruction["number"]}
    assert (instruction["note"], instruction["marks"]) == ("请先看后楼梯", [])
    read = await worker.post(f"/tasks/{task}/read-instruction", json={**number, "at": "2020-01-01T00:00:00Z"})
    assert (read.status_code, read.json()["id"]) == (200, str(task))
    key = {"Idempotency-Key": str(uuid.uuid4())}
    for _ in range(2):
        answer = {**number, "note": f"已看，{NUMBER} 说可以走"}
        sent = await worker.post(f"/tasks/{task}/answer-instruction", json=answer, headers=key)
        assert (sent.status_code, sent.json()["note_masked"]) == (200, True)
    case = (await centre.get(f"/alerts/{finding}")).json()
    (mark,) = case["instructions"][0]["marks"]
    assert (mark["by"], mark["mine"], mark["answer"]) == ("worker", False, "已看，▮ 说可以走")
    assert [one["kind"] for one in case["timeline"]].count("answer_instruction") == 1
    for other in (centre, await log_in("worker-there"), await log_in("department")):
        for named in (str(task), NOWHERE):
            for path, more in (("read-instruction", {}), ("answer-instruction", {"note": "x"})):
                assert (await other.post(f"/tasks/{named}/{path}", json={**number, **more})).status_code == 404
