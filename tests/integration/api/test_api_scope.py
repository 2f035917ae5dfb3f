"""What lies in the other street does not exist: not found, counted, sorted, streamed or told by errors."""

from __future__ import annotations

import json
import uuid
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from api.app import description_of
from api.gate import ROOT
from tests.integration.api.two_streets import DISTRICT, HERE, THERE, City, LogIn, Street, dispatch, open_alert

NOWHERE = "6f2c1f0e-6a52-4d5e-8a3b-000000000000"


def addresses(street: Street) -> list[tuple[str, str, dict[str, Any]]]:
    """Every operation that names an object of `street`."""
    finding, task = street.findings[0], street.tasks[0]
    reason = {"reason": "x"}
    return [
        ("GET", f"/alerts/{finding}", {}),
        ("POST", f"/alerts/{finding}/people", {"purpose": "handle_case"}),
        ("GET", f"/tasks/{task}", {}),
        ("POST", f"/tasks/{task}/claim", {}),
        ("POST", f"/tasks/{task}/acknowledge", {}),
        ("POST", f"/tasks/{task}/complete", {"outcome": "done"}),
        ("POST", f"/tasks/{task}/release", {}),
        ("POST", f"/tasks/{task}/hand-over", {"queue": "440113", **reason}),
        ("POST", f"/tasks/{task}/verify", {}),
        ("POST", f"/tasks/{task}/send-back", reason),
        ("POST", f"/tasks/{task}/rate", {"rating": "good"}),
        ("POST", f"/tasks/{task}/ask-suspension", reason),
        ("POST", f"/tasks/{task}/ask-extension", {"amount": 2, **reason}),
        ("POST", f"/tasks/{task}/suspend", reason),
        ("POST", f"/tasks/{task}/extend", {"amount": 2, **reason}),
        ("POST", f"/tasks/{task}/decline", reason),
        ("POST", f"/tasks/{task}/resume", reason),
        ("POST", f"/tasks/{task}/instruct", {"note": "x"}),
        *(("GET", f"/rows/{view}/{getattr(street, view)}", {}) for view in ("resident", "household", "dwelling")),
        ("POST", f"/rows/resident/{street.resident}", {"purpose": "verify_fact"}),
        ("POST", f"/rows/household/{street.household}", {"purpose": "handle_case", "case": str(finding)}),
    ]


# Nothing in these names an object; what they answer is compared by the tests of counts and lists below.
WITHOUT_OBJECT = {
    "/session", "/me", "/me/password", "/summary", "/workers", "/alerts", "/alerts/count", "/tasks",
    "/rows/resident/lookup",
    "/rows/legal_person/lookup",     "/rows/{view}/{key}/looks",
    "/map/grids", "/map/alerts", "/freshness", "/stats/alerts-by-rule", "/stats/acknowledge", "/stream",
    "/queues", "/sealing-key", "/sealed/open", "/health/live", "/health/ready", "/openapi.json", "/asyncapi.json",
    "/catalogue", "/catalogue/{topic}", "/route", "/department", "/roster", "/heartbeat", "/shift/end", "/calls",
    "/plates", "/reports", "/silences", "/push", "/map/base",
}  # fmt: skip


ATTACKED_ELSEWHERE = {
    "/patrols/{patrol_id}/complete",  # test_api_route.py, which has a patrol plan
    "/calls/{task_id}/answer",  # test_api_calls.py, which has a call
    # test_api_plates.py and test_api_photos.py, which have plates, reports and photos
    *("/plates/{code}", "/plates/{code}/reports", "/plates/{code}/door", "/alerts/{finding_id}/photos/{photo_id}"),
    *("/reports/{report_id}/accept", "/reports/{report_id}/decline", "/reports/{report_id}/photo"),
    "/silences/{silence_id}/end",  # test_api_noise.py
    # test_api_two_ways.py
    *("/alerts/{finding_id}/questions", "/questions/{question_id}/answer", "/department/feedback"),
    *("/tasks/{task_id}/read-instruction", "/tasks/{task_id}/answer-instruction"),
    "/roster/{grid}/{day}",  # test_api_roster.py: a grid that is not one's own is refused whether there is one or not
    *(f"/tasks/{{task_id}}/{part}" for part in ("photos", "visits")),
    # test_api_offices.py: by the role alone, no area has any of it
    *("/accounts", "/accounts/{account_id}", "/accounts/{account_id}/lock", "/accounts/{account_id}/password"),
    *("/looks", "/operations", "/letters", "/replays"),
    *("/handover", "/handover.pdf"),  # test_api_handover.py
    "/map/base/{version}/{z}/{x}/{y}",  # test_api_base_map.py: the same for everybody
}


def test_every_operation_is_attacked(app: FastAPI, city: City) -> None:
    known = {address.split("?")[0] for _, address, _ in addresses(city.there)}
    templates = {
        path.removeprefix(ROOT)
        .replace("{finding_id}", str(city.there.findings[0]))
        .replace("{task_id}", str(city.there.tasks[0]))
        .replace("{view}/{key}", f"resident/{city.there.resident}")
        for path in description_of(app)["paths"]
        if path.removeprefix(ROOT) not in WITHOUT_OBJECT | ATTACKED_ELSEWHERE
    }
    assert templates <= known, templates - known


async def ask(client: httpx.AsyncClient, method: str, address: str, body: dict[str, Any]) -> tuple[int, Any, int]:
    answer = await client.request(method, address, json=body if method == "POST" else None)
    content = answer.json()
    content.pop("instance", None)
    headers = {name for name in answer.headers if name != "date"}
    return answer.status_code, (content, headers), len(answer.content)


@pytest.mark.parametrize("who", ["here", "worker", "admin", "department", "ops"])
async def test_another_streets_object_answers_as_one_that_is_not(city: City, log_in: LogIn, who: str) -> None:
    client = await log_in(who)
    nothing = Street(
        "440113999", dwelling="D-440113999", household="H-440113999", resident="k1.resident-440113999",
        findings=[uuid.UUID(NOWHERE)], tasks=[uuid.UUID(NOWHERE)],
    )  # fmt: skip
    for theirs, unreal in zip(addresses(city.there), addresses(nothing), strict=True):
        real, guessed = await ask(client, *theirs), await ask(client, *unreal)
        assert real == guessed, (theirs, real, guessed)
        assert real[0] == 404, (theirs, real)
    with psycopg.connect(city.database.sinks) as sinks:
        assert sinks.execute("SELECT count(*) FROM city.task_event").fetchone() == (0,)


async def test_the_same_operations_work_in_ones_own_street(city: City, log_in: LogIn) -> None:
    """Or the test above would pass on a broken API."""
    client = await log_in("worker-there")
    for method, address, body in addresses(city.there):
        status = (await ask(client, method, address, body))[0]
        assert status in {200, 409}, (method, address, status)


async def test_counts_lists_sorting_and_cursors_do_not_change_with_what_happens_there(
    city: City, log_in: LogIn
) -> None:
    here = await log_in("here")
    lists = [
        "/alerts/count", f"/alerts/count?grid={THERE}", "/workers",
        "/alerts", "/alerts?limit=1", "/alerts?limit=2&severity=urgent", "/alerts?state=resolved",
        f"/alerts?grid={THERE}", "/tasks", "/tasks?limit=1", "/summary", "/map/grids", f"/map/grids?parent={DISTRICT}",
        f"/map/grids?parent={HERE}", "/map/alerts?zoom=0", f"/map/alerts?grid={THERE}",
        f"/map/grids?parent={DISTRICT}&due=today&task=running",
        "/stats/alerts-by-rule", "/stats/acknowledge",
        f"/rows/resident/{city.there.resident}/looks",
    ]  # fmt: skip
    before = [(await here.get(address)).content for address in lists]
    there = await log_in("there")
    with psycopg.connect(city.database.sinks) as sinks:
        for number in range(7):
            finding = open_alert(sinks, city.there, number, feed=True)
            dispatch(sinks, city.there, finding, number)
    await there.post(f"/tasks/{city.there.tasks[0]}/acknowledge", json={})
    await there.post(f"/rows/resident/{city.there.resident}", json={"purpose": "supervise"})
    after = [(await here.get(address)).content for address in lists]
    assert after == before
    assert not any(str(finding).encode() in b"".join(after) for finding in city.there.findings)
    page = (await there.get("/alerts?limit=2")).json()
    # Somebody else's cursor says where to go on, not what one may see.
    stolen = (await here.get("/alerts", params={"cursor": page["next"]})).json()
    assert {alert["finding_id"] for alert in stolen["items"]} <= {str(finding) for finding in city.here.findings}


async def test_a_shown_task_does_not_name_who_is_out_of_scope(city: City, log_in: LogIn) -> None:
    """A task that a desk of the district has claimed shows in the street as claimed by somebody, without the name."""
    desk, here = await log_in("desk"), await log_in("here")
    await desk.post(f"/tasks/{city.here.tasks[0]}/claim", json={})
    task = (await here.get(f"/tasks/{city.here.tasks[0]}")).json()
    assert (task["claimed_by"], task["mine"]) == (None, False)
    # what was done keeps the name, as every reader of the case must know who acted
    timeline = (await here.get(f"/alerts/{city.here.findings[0]}")).json()["timeline"]
    assert ("claim", "desk") in {(moment["kind"], moment["by"]) for moment in timeline}


async def test_an_account_sees_the_rules_of_its_domains_only(city: City, log_in: LogIn) -> None:
    taxes = await log_in("taxes-only")
    assert (await taxes.get("/alerts")).json()["items"] == []
    assert (await taxes.get("/tasks")).json()["items"] == []
    assert (await taxes.get("/summary")).json()["open"] == 0
    assert (await taxes.get(f"/alerts/{city.here.findings[0]}")).status_code == 404


async def test_a_forged_session_setting_is_nobody(city: City) -> None:
    """Under the API's role by SQL: the setting must hold a token, and no table shows one."""
    with psycopg.connect(city.database.api) as api:
        account = api.execute("SELECT set_config('citygrid.session', %s, false)", (str(uuid.uuid4()),))
        assert account.fetchone()
        for read in (
            "list_alerts('{}', 9)",
            "list_tasks('{}', 9)",
            "read_rows('resident', ARRAY['x'])",
            "summary('', 'UTC')",
        ):
            with pytest.raises(psycopg.Error) as nobody, api.transaction():
                api.execute(f"SELECT * FROM city.{read}")
            assert nobody.value.sqlstate == "CG401", read
        assert api.execute("SELECT city.workers_on_duty()").fetchone() == (0,)


async def test_errors_say_nothing_of_what_was_asked(city: City, log_in: LogIn) -> None:
    client = await log_in("here")
    secret = "440106196204030010"
    for method, address, body in (
        ("GET", f"/rows/resident/{secret}", None),
        ("GET", f"/alerts/{secret}", None),
        ("GET", f"/alerts?severity={secret}", None),
        ("GET", f"/{secret}", None),
        ("POST", "/rows/resident/lookup", {"identity_number": secret, "purpose": secret}),
        ("POST", "/rows/legal_person/lookup", {"credit_code": secret, "purpose": secret}),
        ("POST", "/rows/resident/lookup", {"identity_number": [secret], secret: secret, "周伟": 1}),
    ):
        answer = await client.request(method, address, json=body)
        assert answer.status_code in {404, 422}
        assert secret not in answer.text + json.dumps(dict(answer.headers))
        assert "周伟" not in answer.text
