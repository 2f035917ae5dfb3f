"""What the pages read: the list, the case, tasks and their moves, rows, the overview."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
from fastapi import FastAPI

from runtime import metrics
from tests.integration.api.two_streets import DISTRICT, HERE, THERE, City, LogIn


async def test_the_list_is_by_what_is_due_in_pages_without_gap_or_double(city: City, log_in: LogIn) -> None:
    with psycopg.connect(city.database.sinks) as sinks:  # a call for help, due last of all, and one without a time
        urgent = "UPDATE city.alert SET domain = 'sos', due = now() + interval '9 days' WHERE finding_id = %s"
        sinks.execute(urgent, (city.here.findings[1],))
        sinks.execute("UPDATE city.alert SET due = NULL WHERE finding_id = %s", (city.here.findings[0],))
    client = await log_in("district")
    whole = (await client.get("/alerts")).json()
    assert whole["next"] is None
    ids = [alert["finding_id"] for alert in whole["items"]]
    assert (ids[0], ids[-1]) == (str(city.here.findings[1]), str(city.here.findings[0]))
    key = [(alert["due"], alert["finding_id"]) for alert in whole["items"][1:-1]]
    assert key == sorted(key)
    assert set(ids) == {str(finding) for finding in city.here.findings + city.there.findings}
    paged: list[dict[str, Any]] = []
    after = ""
    while after is not None:
        page = (await client.get("/alerts", params={"limit": 2, **({"cursor": after} if after else {})})).json()
        paged += page["items"]
        after = page["next"]
    assert paged == whole["items"]


async def test_what_is_over_comes_newest_first(city: City, log_in: LogIn) -> None:
    with psycopg.connect(city.database.sinks) as sinks:
        sinks.execute("UPDATE city.alert SET state = 'resolved', changed_at = opened_at")
        sinks.execute("UPDATE city.task SET state = 'closed', finished_at = dispatched_at + interval '1 h' * random()")
    client = await log_in("district")
    for path, state, time in (("/alerts", "resolved", "changed_at"), ("/tasks", "closed", "id")):
        whole = (await client.get(path, params={"state": state})).json()["items"]
        assert len(whole) == 7
        if time == "changed_at":
            assert [one[time] for one in whole] == sorted((one[time] for one in whole), reverse=True)
        paged: list[dict[str, Any]] = []
        after = ""
        while after is not None:
            more = {"cursor": after} if after else {}
            page = (await client.get(path, params={"state": state, "limit": 3, **more})).json()
            paged, after = paged + page["items"], page["next"]
        assert paged == whole


async def test_the_list_is_filtered(city: City, log_in: LogIn) -> None:
    client = await log_in("district")

    async def counted(**filters: str) -> int:
        return len((await client.get("/alerts", params=filters)).json()["items"])

    assert await counted(grid=HERE) == 3
    assert await counted(grid=THERE) == 4
    assert await counted(grid=f"{THERE}001001") == 4
    assert await counted(grid=HERE, department="transport") == 3
    assert await counted(department="police") == 0
    assert await counted(due_until="2020-01-01T00:00:00Z") == 0
    assert await counted(opened_from="2020-01-01T00:00:00Z") == 7
    assert await counted(assignee=str(uuid.uuid4())) == 0
    assert await counted(severity="urgent") == 2
    assert await counted(rule="car-and-benefit") == 7
    assert await counted(rule="newly-let") == 0
    assert await counted(state="resolved") == 0


async def test_a_bad_cursor_is_a_problem(log_in: LogIn) -> None:
    client = await log_in("district")
    good = (await client.get("/alerts", params={"limit": 1})).json()["next"]
    for bad in ("x", good[:-3], "W10", "WzEsMiwzXQ", "WzEsIngiLCJ5Il0", "é"):
        for path in ("/alerts", "/tasks"):
            answer = await client.get(path, params={"cursor": bad})
            assert answer.status_code == 400, (bad, answer.text)


async def test_a_case_masks_people_until_a_purpose_is_chosen_and_the_look_is_kept(city: City, log_in: LogIn) -> None:
    client, address = await log_in("here"), f"/alerts/{city.here.findings[0]}"
    case = (await client.get(address)).json()
    assert case["why_zh"] == "有车"
    assert case["because"][0]["department"] == "transport"
    assert case["because"][0]["record"] == case["cause"] == "粤*"
    assert case["place"]["grid"] == f"{HERE}001001"
    assert case["place"]["name_zh"] == "甲街"  # all that the map of this city names
    assert [person["name"] for person in case["people"]] == ["周*"]
    assert "001伟" not in str(case)
    assert "13800" not in str(case)
    assert case["tasks"][0]["moves"] == ["hand-over", "suspend", "extend", "instruct"]
    assert (await client.post(f"{address}/people", json={})).status_code == 422
    assert (await client.post(f"{address}/people", json={"purpose": "curiosity"})).status_code == 422
    shown = (await client.post(f"{address}/people", json={"purpose": "handle_case"})).json()
    person = shown["people"][0]
    assert person["name"] == "周001伟"
    assert person["phone"].startswith("13800")
    assert date.fromisoformat(person["born"]) == date(1962, 4, 3)
    assert shown["cause"] == "粤A0010"
    with psycopg.connect(city.database.admin) as admin:
        looks = admin.execute(
            "SELECT view, keys, purpose, found, case_id FROM audit.look WHERE purpose <> 'list' ORDER BY view"
        ).fetchall()
    case = city.here.findings[0]
    assert looks == [
        ("household", [city.here.household], "handle_case", True, case),
        ("resident", [city.here.resident], "handle_case", True, case),
    ]


async def test_a_row_is_masked_by_its_schema_until_a_purpose_is_given(city: City, log_in: LogIn) -> None:
    client, address = await log_in("here"), f"/rows/resident/{city.here.resident}"
    masked = (await client.get(address)).json()
    assert masked["masked"] is True
    assert masked["row"]["name"] == "周*"
    assert masked["row"]["born"] is None
    assert masked["row"]["contact"][0]["value"] == "1*"
    assert masked["row"]["contact"][0]["department"] == "police"
    assert (await client.get(address, params={"purpose": "verify_fact"})).json()["masked"] is True, "a GET shows nobody"
    whole = (await client.post(address, json={"purpose": "verify_fact"})).json()
    assert whole["row"]["name"] == "周001伟"
    home = (await client.get(f"/rows/household/{city.here.household}")).json()["row"]
    assert home["members"][0]["membership"]["name"] == "周*"
    assert home["id"] == city.here.household
    looks = (await client.get(f"{address}/looks")).json()["items"]
    assert [look["purpose"] for look in looks] == ["verify_fact", "list", "list"]
    audit = await log_in("admin")
    assert (await audit.get(f"{address}/looks")).json()["items"] == looks
    assert (await audit.get(address)).status_code == 404  # an administrator sees who looked, not whom


async def test_a_lookup_takes_the_number_in_the_body_and_keeps_it_nowhere(
    city: City, app: FastAPI, log_in: LogIn
) -> None:
    client = await log_in("here")
    number = "440106196204030010"  # nobody's: made up, with the right check character
    pseudonym = app.state.pseudonyms().of_number(number)
    body = {"identity_number": number, "purpose": "answer_citizen"}
    assert (await client.post("/rows/resident/lookup", json=body)).status_code == 404
    with psycopg.connect(city.database.sinks) as sinks:
        sinks.execute("UPDATE city.resident_g1 SET id = %s WHERE id = %s", (pseudonym, city.here.resident))
    answer = (await client.post("/rows/resident/lookup", json=body)).json()
    assert (answer["id"], answer["masked"]) == (pseudonym, False)
    assert number not in str(answer)
    wrong = await client.post("/rows/resident/lookup", json={**body, "identity_number": number[:-1] + "?"})
    assert wrong.status_code == 422
    assert number[:-1] not in wrong.text
    with psycopg.connect(city.database.admin) as admin:
        assert admin.execute("SELECT found FROM audit.look ORDER BY at").fetchall() == [(False,), (True,)]


async def test_a_task_is_walked_to_its_end_and_illegal_moves_change_nothing(city: City, log_in: LogIn) -> None:
    worker, colleague = await log_in("worker"), await log_in("colleague")
    address = f"/tasks/{city.here.tasks[1]}"
    listed = [task["id"] for task in (await worker.get("/tasks")).json()["items"]]
    assert listed == sorted(str(task) for task in city.here.tasks)  # all are due at one time
    asked = (await worker.get(address)).json()["checks"]
    assert [check["id"] for check in asked] == ["household_met", "car_in_use", "car_is_theirs", "hardship_seen"]
    assert (asked[1]["question_zh"], asked[1]["question_en"]) == ("车辆在用？", "Is the car in use?")
    early = await worker.post(f"{address}/resume", json={"reason": "x"})
    assert early.status_code == 409
    assert early.json()["type"].endswith(":illegal-move")
    before = _acknowledged()
    key = {"Idempotency-Key": str(uuid.uuid4())}
    for _ in range(2):  # the tablet sends it again: one move
        assert (await worker.post(f"{address}/acknowledge", json={}, headers=key)).json()["state"] == "acknowledged"
    assert _acknowledged() == before + 1
    mine = (await worker.get("/tasks", params={"mine": True})).json()["items"]
    assert [(task["id"], task["mine"], task["claimed_by"]) for task in mine] == [
        (str(city.here.tasks[1]), True, "worker")
    ]
    again = await worker.post(f"{address}/acknowledge", json={})  # on another tablet, or without a network meanwhile
    assert (again.status_code, again.json()["state"], again.json()["mine"]) == (200, "acknowledged", True)
    assert _acknowledged() == before + 1
    assert (await colleague.get(address)).json()["moves"] == []
    done = {"outcome": "done", "note": "已核实", "checks": {"car_seen": "yes"}}
    assert (await worker.post(f"{address}/complete", json={**done, "checks": {"x": "perhaps"}})).status_code == 422
    completed = (await worker.post(f"{address}/complete", json=done)).json()
    assert (completed["state"], completed["visit"]["kept_as"]) == ("completed", "completion")
    assert (await worker.post(f"{address}/acknowledge", json={})).status_code == 409
    timeline = (await worker.get(f"/alerts/{city.here.findings[1]}")).json()["timeline"]
    assert [(moment["kind"], moment["by"]) for moment in timeline] == [
        ("opened", None),
        ("acknowledge", "worker"),
        ("complete", "worker"),
    ]
    with psycopg.connect(city.database.sinks) as sinks:
        topics = sinks.execute("SELECT topic FROM city.outbox ORDER BY id").fetchall()
        assert topics == [("grid.observation",), ("feedback.transport",)], "the department whose fact it was hears, too"


async def test_a_task_handed_over_out_of_scope_is_gone_and_sending_again_is_harmless(city: City, log_in: LogIn) -> None:
    worker, there = await log_in("worker"), await log_in("there")
    address, key = f"/tasks/{city.here.tasks[0]}", {"Idempotency-Key": str(uuid.uuid4())}
    assert (await worker.post(f"{address}/hand-over", json={"queue": f"{THERE}001001"})).status_code == 422
    nowhere = await worker.post(f"{address}/hand-over", json={"queue": f"{THERE}009009", "reason": "x"})
    assert (nowhere.status_code, "没有这个队列" in nowhere.json()["detail"]) == (422, True)
    body = {"queue": f"{THERE}001001", "reason": "不属于本网格"}
    for _ in range(2):
        answer = await worker.post(f"{address}/hand-over", json=body, headers=key)
        assert (answer.status_code, answer.json()["queue"]) == (200, f"{THERE}001001")
    assert (await worker.get(address)).status_code == 404
    assert (await there.get(address)).json()["state"] == "dispatched"


async def test_a_visit_whose_task_was_given_away_is_kept_and_the_worker_is_told(city: City, log_in: LogIn) -> None:
    worker, centre, there = [await log_in(name) for name in ("worker", "district", "there")]
    task, address = city.here.tasks[0], f"/tasks/{city.here.tasks[0]}"
    await worker.post(f"{address}/acknowledge", json={})
    await centre.post(f"{address}/hand-over", json={"queue": f"{THERE}001001", "reason": "换人"})
    at_ten = datetime.now(UTC) + timedelta(hours=3)
    body = {"outcome": "done", "note": "见到 990000196109099034 的", "seen_at": at_ten.isoformat()}
    key = {"Idempotency-Key": str(uuid.uuid4())}
    for _ in range(2):
        answer = await worker.post(f"{address}/complete", json=body, headers=key)
        assert answer.status_code == 200, answer.text
        kept = answer.json()
        assert (kept["id"], kept["gone"]) == (str(task), True)
        assert kept["visit"]["kept_as"] == "observation"
        assert (kept["visit"]["because"], kept["visit"]["bound"]) == ("handed_over", "now")
        assert kept["visit"]["seen_at"] == kept["visit"]["sent_at"]
    assert (await worker.get(address)).status_code == 404
    assert (await there.get(address)).json()["state"] == "dispatched"
    timeline = (await centre.get(f"/alerts/{city.here.findings[0]}")).json()["timeline"]
    (observed,) = [moment for moment in timeline if moment["kind"] == "observe"]
    assert (observed["by"], observed["outcome"], observed["note"]) == ("worker", "done", None)
    with psycopg.connect(city.database.sinks) as sinks:
        topics = sinks.execute("SELECT topic FROM city.outbox ORDER BY id").fetchall()
        assert topics == [("grid.observation",), ("feedback.transport",)]


async def test_a_task_can_be_given_to_any_grid_of_the_area(city: City, log_in: LogIn) -> None:
    centre = await log_in("district")
    with psycopg.connect(city.database.sinks) as sinks:
        sinks.execute(
            "INSERT INTO city.grid_area (grid, name_zh, name_en) VALUES (%s, '05网格', 'Grid 05')", (f"{THERE}001005",)
        )
    found = (await centre.get("/queues", params={"search": "05网格"})).json()["items"]
    assert [one["queue"] for one in found] == [f"{THERE}001005"]
    given = await centre.post(
        f"/tasks/{city.here.tasks[0]}/hand-over", json={"queue": found[0]["queue"], "reason": "派单"}
    )
    assert given.json()["queue"] == f"{THERE}001005"


async def test_a_command_centre_instructs_suspends_and_resumes(city: City, log_in: LogIn) -> None:
    centre, worker = await log_in("here"), await log_in("worker")
    address = f"/tasks/{city.here.tasks[0]}"
    assert (await worker.post(f"{address}/instruct", json={"note": "x"})).status_code == 409
    assert (await centre.post(f"{address}/instruct", json={"note": " "})).status_code == 422
    key = {"Idempotency-Key": str(uuid.uuid4())}
    for _ in range(2):
        assert (await centre.post(f"{address}/instruct", json={"note": "先看后楼梯"}, headers=key)).status_code == 200
    await worker.post(f"{address}/acknowledge", json={})
    suspended = (await centre.post(f"{address}/suspend", json={"reason": "住户外出"})).json()
    assert suspended["suspended"]
    assert suspended["moves"] == ["resume", "instruct"]
    assert (await centre.post(f"{address}/resume", json={"reason": "已返回"})).json()["state"] == "acknowledged"
    timeline = (await worker.get(f"/alerts/{city.here.findings[0]}")).json()["timeline"]
    assert [moment["note"] for moment in timeline if moment["kind"] == "instruct"] == ["先看后楼梯"]


async def test_a_centre_reads_what_was_reported_sends_it_back_verifies_and_rates(city: City, log_in: LogIn) -> None:
    centre, worker = await log_in("here"), await log_in("worker")
    address, case = f"/tasks/{city.here.tasks[0]}", f"/alerts/{city.here.findings[0]}"
    await worker.post(f"{address}/acknowledge", json={})
    report = {"outcome": "done", "note": "已劝离", "checks": {"someone_met": "yes"}}
    assert (await worker.post(f"{address}/complete", json=report)).json()["moves"] == []
    assert (await worker.post(f"{address}/verify", json={})).status_code == 409
    assert (await centre.get("/summary")).json()["fed_back"] == 1
    (waiting,) = (await centre.get("/alerts", params={"state": "any", "task": "fed_back"})).json()["items"]
    assert waiting["finding_id"] == str(city.here.findings[0])
    (task,) = (await centre.get(case)).json()["tasks"]
    assert (task["note"], task["answers"], task["moves"]) == ("已劝离", {"someone_met": "yes"}, ["verify", "send-back"])
    assert (await centre.post(f"{address}/send-back", json={"reason": " "})).status_code == 422
    back = (await centre.post(f"{address}/send-back", json={"reason": "缺照片"})).json()
    assert (back["state"], back["missing"], back["completed_at"]) == ("acknowledged", "缺照片", None)
    refused = await centre.post(f"{address}/verify", json={})
    assert refused.status_code == 409
    assert "hand-over, suspend, extend, instruct" in refused.json()["detail"]
    await worker.post(f"{address}/complete", json=report)
    verified = (await centre.post(f"{address}/verify", json={"reason": "照片相符"})).json()
    assert (verified["state"], verified["moves"]) == ("verified", ["rate"])
    assert verified["completed_at"] <= verified["verified_at"]
    assert (await centre.post(f"{address}/rate", json={"rating": "excellent"})).status_code == 422
    assert (await centre.post(f"{address}/rate", json={"rating": "good"})).json()["rating"] == "good"
    timeline = (await worker.get(case)).json()["timeline"]
    assert [(one["kind"], one["note"] or one["outcome"]) for one in timeline][-5:] == [
        ("complete", "done"), ("send_back", "缺照片"), ("complete", "done"), ("verify", "照片相符"), ("rate", "good"),
    ]  # fmt: skip
    finished: dict[str, str | bool] = {"state": "finished", "mine": True, "finished_today": True}
    assert [one["state"] for one in (await worker.get("/tasks", params=finished)).json()["items"]] == ["verified"]


async def test_a_worker_asks_and_the_street_answers(city: City, log_in: LogIn) -> None:
    centre, worker = await log_in("here"), await log_in("worker")
    address = f"/tasks/{city.here.tasks[0]}"
    assert (await worker.post(f"{address}/suspend", json={"reason": "外出"})).status_code == 409
    with psycopg.connect(city.database.sinks) as sinks:  # its clock runs from its dispatch
        dispatch = (
            "INSERT INTO city.task_event (task, number, move, to_state, queue, at)"
            " SELECT id, 0, 'dispatch', state, queue, dispatched_at FROM city.task WHERE id = %s"
        )
        sinks.execute(dispatch, (city.here.tasks[0],))
    asked = (await worker.post(f"{address}/ask-extension", json={"reason": "外出", "amount": 3})).json()
    assert (asked["asked"], asked["asked_because"], asked["asked_amount"]) == ("extension", "外出", 3)
    (one,) = (await centre.get("/alerts", params={"task": "asking"})).json()["items"]
    assert one["task"]["asked"] == "extension"
    assert (await centre.get("/summary")).json()["asking"] == 1
    assert (await centre.post(f"{address}/extend", json={"reason": "同意", "amount": 0})).status_code == 422
    given = (await centre.post(f"{address}/extend", json={"reason": "同意", "amount": 3})).json()
    until = datetime.fromisoformat(given["dispatched_at"]) + timedelta(minutes=60 + 3 * 60)
    assert (given["asked"], given["extension_unit"]) == (None, "hour")
    assert datetime.fromisoformat(given["respond_by"]) == until
    await worker.post(f"{address}/ask-suspension", json={"reason": "外出"})
    declined = (await centre.post(f"{address}/decline", json={"reason": "今日必须到"})).json()
    assert (declined["asked"], declined["respond_by"]) == (None, given["respond_by"])


async def test_an_identity_number_is_refused_in_a_reason_and_masked_in_what_was_seen(city: City, log_in: LogIn) -> None:
    worker, centre = await log_in("worker"), await log_in("here")
    address = f"/tasks/{city.here.tasks[0]}"
    typed = "见到其女 990000 19610909 903X,约周五再来"
    for sender, move, body in (
        (centre, "instruct", {"note": typed}),
        (centre, "suspend", {"reason": typed}),
        (worker, "hand-over", {"queue": "city", "reason": typed}),
    ):
        refused = await sender.post(f"{address}/{move}", json=body)
        assert refused.status_code == 422
        (wrong,) = refused.json()["errors"]
        assert wrong["pointer"] in ("body/note", "body/reason")
        assert "号码" in wrong["detail"]
    await worker.post(f"{address}/acknowledge", json={})
    done = (await worker.post(f"{address}/complete", json={"outcome": "done", "note": typed})).json()
    assert (done["state"], done["note_masked"]) == ("completed", True)
    assert (await worker.get(f"/rows/household/{typed[5:25]}")).status_code == 404
    with psycopg.connect(city.database.admin) as admin:
        assert admin.execute("SELECT note FROM city.task WHERE note IS NOT NULL").fetchall() == [
            ("见到其女 ▮,约周五再来",)
        ]
        stored = admin.execute("SELECT statement::text FROM city.outbox").fetchall()
        looks = admin.execute("SELECT look::text FROM audit.look").fetchall()
    assert "19610909" not in str(stored) + str(looks)


async def test_the_overview_counts_what_one_may_see(city: City, log_in: LogIn) -> None:
    await log_in("worker")
    here, district, admin = [await log_in(name) for name in ("here", "district", "admin")]
    summary = (await here.get("/summary")).json()
    assert (summary["open"], summary["urgent"], summary["overdue"], summary["workers_on_duty"]) == (3, 1, 0, 1)
    assert (await district.get("/summary")).json()["open"] == 7
    assert (await admin.get("/summary")).json()["open"] == 0
    features = (await district.get("/map/grids", params={"parent": DISTRICT})).json()["features"]
    assert [(f["id"], f["properties"]["level"], f["properties"]["open"]) for f in features] == [
        (HERE, "street", 3),
        (THERE, "street", 4),
    ]
    assert features[0]["geometry"]["type"] == "Polygon"
    pins = (await here.get("/map/alerts", params={"grid": DISTRICT})).json()["features"]
    assert [pin["properties"]["alerts"] for pin in pins] == [3], "they lie behind one door"
    hours = (await district.get("/stats/alerts-by-rule")).json()["items"]
    assert sum(hour["count"] for hour in hours) == 7
    fresh = (await admin.get("/freshness")).json()["items"]
    assert [(one["department"], one["stale"]) for one in fresh] == [("police", False)]
    worker = await log_in("worker")
    await worker.post(f"/tasks/{city.here.tasks[0]}/acknowledge", json={})
    assert (await here.get("/stats/acknowledge")).json()["count"] == 1


def _acknowledged() -> float:
    (metric,) = metrics.ALERT_TO_ACKNOWLEDGED_SECONDS.collect()
    return next(sample.value for sample in metric.samples if sample.name.endswith("_count"))
