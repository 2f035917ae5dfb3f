"""Whatever an account asks of whatever route, of another street, department or account: it is answered as if there were
nothing; and no page elsewhere has anything done. The routes are those of the description, so a new one is tried too."""
# ruff: noqa: E501 (lines of tables)

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from database import patrols, plates
from database.queries import record_alerts
from domain.codes import with_credit_check
from tests.integration.api.every_route import LATER, UNSAFE, Json, Operation, nobodys, operations, send
from tests.integration.api.test_api_plates import in_base64, photo
from tests.integration.api.two_streets import HERE, NOW, THERE, City, LogIn, place

SECRET = "theirs-alone"
STRANGERS = ("worker", "colleague", "here", "taxes-only", "doctor", "sos-desk", "police", "department", "ops", "admin")
"""None of them may know of anything in the other street."""
OWNERS = ("there", "worker-there", "desk", "city", "transport", "admin", "ops", "sos-desk")
"""Some of them may do each operation: a request that nobody may make was not tried."""
MORE = (
    ("doctor", "grid_worker", f"{HERE}001001", ["health"], None),
    ("sos-desk", "grid_worker", "", ["sos"], None),
    ("police", "department", "", None, "police"),
    ("transport", "department", "", None, "transport"),
)
"""Name, role, scope, domains and department of accounts beside those of the two streets."""
NOTHING_THERE = {
    "GET /map/base/{version}/{z}/{x}/{y}",  # test_api_base_map.py: the city has no base map here
    "PUT /push",  # test_api_push.py: it has no push service
    "POST /sealed/open",  # test_api_sealed.py
    "POST /rows/resident/lookup", "POST /rows/legal_person/lookup",  # test_api_strangers.py: nobody has the number
}  # fmt: skip
"""What nobody is answered in this city."""
UNTRIED = {
    "POST /session", "DELETE /session", "POST /me/password", "PATCH /me",  # one's own
    "GET /stream",  # test_api_stream.py: it does not end
}  # fmt: skip
OF_OFFICES = {("account_id", "admin"), ("code", "sos-desk")}
"""Whom an id of these may be shown: accounts to administrators, and doors of the whole city to who serves all of it."""
NOT_IDS = {"topic", "version", "z", "x", "y"}
"""Parameters of paths that name nobody's: the catalogue and the base map are the same for everybody."""
OPEN = {"GET /plates/{code}", "POST /plates/{code}/reports"}
"""For anybody who stands before the door."""


class There:
    """Something of everything in the other street, each text marked with `SECRET`; its values by parameters' names."""

    def __init__(self, city: City) -> None:
        self.city = city
        street = city.there
        self.named: dict[str, list[str]] = {
            "finding_id": [str(street.findings[0])],
            "task_id": [str(street.tasks[0])],
            "grid": [street.grid],
            "day": [(datetime.now(UTC) + timedelta(days=2)).date().isoformat()],
            "view": ["resident", "household", "dwelling"],
            "key": [street.resident, street.household, street.dwelling],
            "topic": ["housing.tenancy"],
            "version": ["x"],
            "z": ["1"],
            "x": ["0"],
            "y": ["0"],
        }
        self.marks = {
            SECRET,
            street.resident,
            street.household,
            street.dwelling,
            "周002伟",
            f"1380000{THERE[-4:]}",
            "粤A0020",
        }
        self.marks |= {str(one) for one in (*street.findings, *street.tasks)}

    async def fill(self, log_in: LogIn, app: FastAPI) -> None:
        """By those who work there, and by SQL what comes from streams."""
        street, database = self.city.there, self.city.database
        finding, task = street.findings[0], street.tasks[0]
        with psycopg.connect(database.owner) as owner:
            for more in MORE:
                owner.execute(
                    "INSERT INTO city.account (name, password_kdf, password_verifier, role, scope, domains, department)"
                    " SELECT %s, password_kdf, password_verifier, %s, %s, %s, %s FROM city.account WHERE name = 'city'",
                    more,
                )
            ((account,),) = owner.execute("SELECT id FROM city.account WHERE name = 'worker-there'").fetchall()
        worker, centre = await log_in("worker-there"), await log_in("there")
        self.event, other = [
            (await centre.get(f"/alerts/{one}")).json()["because"][0]["event_id"] for one in street.findings[:2]
        ]
        await ok(worker, "POST", f"/tasks/{task}/acknowledge", {})
        await ok(centre, "POST", f"/tasks/{task}/instruct", {"note": SECRET})
        (instructed,) = (await centre.get(f"/alerts/{finding}")).json()["instructions"]
        self.instruction = instructed["number"]
        asked = {"event_id": other, "purpose": "verify_fact", "question": SECRET}
        (question,) = (await ok(centre, "POST", f"/alerts/{street.findings[1]}/questions", asked))["items"]
        silence = {"rule": "newly-let", "area": THERE, "reason": SECRET, "ends_at": LATER}
        (made,) = (await ok(centre, "POST", "/silences", silence))["items"]
        picture = {"photo": in_base64(photo((80, 60))), "taken_at": NOW.isoformat()}
        kept = await ok(worker, "POST", f"/tasks/{task}/photos", picture)
        with plates.issued(database.owner, [street.dwelling], "", again=True) as issued:
            (code,) = [plate.code for plate in issued]
        await ok(
            worker, "POST", f"/plates/{code}/reports", {"category": "leak", "note": SECRET, "photo": picture["photo"]}
        )
        (report,) = (await centre.get("/reports")).json()["items"]
        patrols.load(database.owner, f"kind,dwelling\nrental,{street.dwelling}\n".encode())
        with psycopg.connect(database.admin) as admin:
            ((patrol,),) = admin.execute("SELECT id FROM city.patrol").fetchall()
        with psycopg.connect(database.sinks) as sinks:
            place(sinks, "D-call", street.grid)
            record_alerts(sinks, [CALL])
            ((called,),) = sinks.execute("SELECT id FROM city.task WHERE domain = 'sos'").fetchall()
        self.call = str(called)
        self.named |= {
            "question_id": [question["id"]],
            "silence_id": [made["id"]],
            "photo_id": [kept["id"]],
            "report_id": [report["id"]],
            "patrol_id": [str(patrol)],
            "account_id": [str(account)],
            "code": [code],
        }
        self.marks |= {
            one
            for name in ("question_id", "silence_id", "photo_id", "report_id", "patrol_id")
            for one in self.named[name]
        }

    @property
    def places(self) -> set[str]:
        """What of the marks says where something is, and of nobody."""
        return {self.city.there.dwelling, *self.named["patrol_id"]}

    def values(self, operation: Operation) -> list[dict[str, str]]:
        """What stands in the operation's path; raises KeyError for a parameter that nobody has a value for."""
        if operation.path.startswith("/calls/"):
            return [{"task_id": self.call}]
        count = max([len(self.named[name]) for name in operation.named], default=1)
        return [
            {name: self.named[name][number % len(self.named[name])] for name in operation.named}
            for number in range(count)
        ]


async def ok(client: httpx.AsyncClient, method: str, path: str, body: Json) -> Any:
    answer = await client.request(method, path, json=body, headers={"Idempotency-Key": str(uuid.uuid4())})
    assert answer.is_success, (path, answer.text)
    return answer.json()


CALL = {
    "finding_id": uuid.uuid4(),
    "rule": "button-sos",
    "rule_version": 1,
    "domain": "sos",
    "state": "opened",
    "view": "dwelling",
    "subject": "D-call",
    "cause": "call",
    "severity": "urgent",
    "why_zh": "求助",
    "why_en": "help",
    "because": "[]",
    "household": None,
    "dwelling": "D-call",
    "opened_at": NOW,
    "at": NOW,
    "respond_within": 5,
    "respond_unit": "minute",
    "resolution_zh": None,
    "resolution_en": None,
    "version": 99,
    "unknown": False,
}
"""In the other street; the desk of calls sees all of the city's."""


@pytest.fixture
async def there(city: City, app: FastAPI, log_in: LogIn) -> There:
    made = There(city)
    await made.fill(log_in, app)
    return made


def every(app: FastAPI, there: There) -> list[Operation]:
    """All operations, with bodies that speak of the other street where they speak of anything."""
    task, account = there.named["task_id"][0], "worker-there"
    now = datetime.now(UTC)
    known: Json = {
        "case": there.named["finding_id"][0],
        "task": task,
        "also": [task],
        "origins": ["police.x:0:1"],
        "before": [],
        "worker": account,
        "deputy": None,
        "area": THERE,
        "queue": there.named["grid"][0],
        "number": there.instruction,
        "ends_at": LATER,
        "taken_at": NOW.isoformat(),
        "photo": in_base64(photo((80, 60))),
        "sealed": "x",
        "purpose": "verify_fact",
        "rule": "newly-let",
        "identity_number": "11010519491231002X",
        "credit_code": with_credit_check("91440101MA59A1B2X"),
        "role": "ops",
        "scope": "",
        "domains": None,
        "department": None,
        "at": now.isoformat(),
        "position": None,
        "begins": "08:00",
        "ends": "12:00",
        "outcome": "done",
        "checks": {},
        "reason": "x",
        "note": "x",
        "name": "somebody-new",
        "event_id": there.event,
    }
    return [one for one in operations(app, known) if str(one) not in UNTRIED]


def asked_of(operation: Operation, there: There) -> list[Json]:
    """With nothing in its query, and with each that would reach into the other street."""
    wanted: Json = {
        "grid": THERE,
        "parent": THERE,
        "task": there.named["task_id"][0],
        "assignee": there.named["account_id"][0],
        "department": "transport",
        "search": SECRET,
        "account": "worker-there",
        "state": "any",
        "limit": 100,
        "standing": "not_met",
        "cursor": "x",
        "before": there.named["task_id"][0],
        "line": SECRET,
        "days": 31,
    }
    needed = (
        {"from": (datetime.now(UTC) - timedelta(hours=1)).isoformat(), "until": LATER}
        if "until" in operation.asked
        else {}
    )
    return [needed, *({**needed, name: value} for name, value in wanted.items() if name in operation.asked)]


def seen(answer: httpx.Response) -> tuple[int, Any, frozenset[str]]:
    """What somebody can tell of an answer: all but the request's own number."""
    kind = answer.headers.get("content-type", "")
    content: Any = answer.json() if kind.endswith("json") else answer.content
    if isinstance(content, dict):
        content.pop("instance", None)
    return answer.status_code, content, frozenset(answer.headers)


async def test_whoever_asks_for_anothers_is_answered_as_if_there_were_none(
    app: FastAPI, there: There, log_in: LogIn, anybody: httpx.AsyncClient
) -> None:
    tried = 0
    clients = {name: await log_in(name) for name in STRANGERS} | {"nobody": anybody}
    for operation in every(app, there):
        if not set(operation.named) - NOT_IDS or str(operation) in OPEN:
            continue
        for values in there.values(operation):
            nobodys_values = {
                name: value if name in {*NOT_IDS, "view", "day"} else nobodys(name, value)
                for name, value in values.items()
            }
            for name, client in clients.items():
                if any((parameter, name) in OF_OFFICES for parameter in operation.named):
                    continue
                if name == "sos-desk" and operation.path.startswith("/calls/"):
                    continue  # its own
                theirs, none = await send(client, operation, values), await send(client, operation, nobodys_values)
                assert not theirs.is_success or str(operation) == "GET /rows/{view}/{key}/looks", (
                    name,
                    str(operation),
                    theirs.text,
                )
                told = (seen(theirs), seen(none))
                if told[0][0] in (401, 403, 404, 409, 422) and told[0] != told[1]:
                    pytest.fail(f"{name} can tell what is there by {operation}: {told}")
                assert not [mark for mark in there.marks - set(values.values()) if mark in theirs.text], (
                    name,
                    str(operation),
                )
                tried += 1
    assert tried > 400


async def test_no_list_count_or_search_holds_what_is_anothers(
    app: FastAPI, there: There, log_in: LogIn, anybody: httpx.AsyncClient
) -> None:
    clients = {name: await log_in(name) for name in STRANGERS} | {"nobody": anybody}
    for operation in every(app, there):
        if set(operation.named) - NOT_IDS:
            continue
        for asked in asked_of(operation, there):
            for name, client in clients.items():
                if name in ("ops", "admin") and ("department" in asked or operation.path == "/looks"):
                    continue  # they read of any department, and who looked at what: no person, and recorded
                answer = await send(client, operation, dict.fromkeys(operation.named, "1"), asked)
                assert answer.status_code < 500, (name, str(operation), asked, answer.text)
                # a desk serves the whole city: doors and patrols are of its area, who lives there is not
                its_own = there.places if name == "sos-desk" else set()
                given = {str(value) for value in asked.values()}
                told = [mark for mark in there.marks - given - its_own if mark in answer.text]
                assert not told, (name, str(operation), asked, told)


async def test_each_request_that_was_tried_is_one_that_somebody_may_make(
    app: FastAPI, there: There, log_in: LogIn
) -> None:
    """Or a new route's requests would be refused for their form, and nothing of it be tried."""
    clients = [await log_in(name) for name in OWNERS]
    unmade = []
    for operation in every(app, there):
        answers = [
            await send(client, operation, values, asked_of(operation, there)[0])
            for values in there.values(operation)
            for client in clients
        ]
        if str(operation) in NOTHING_THERE:
            continue
        if not any(answer.is_success or answer.status_code in (304, 409) for answer in answers):
            unmade.append((str(operation), operation.body, sorted({answer.status_code for answer in answers})))
    assert unmade == [], "\n".join(map(str, unmade))


FOREIGN = (
    {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "http://citygrid.test.evil.example"},
    {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
)  # fmt: skip
FORMS = (
    {"content": b"{}", "headers": {"Content-Type": "text/plain"}}, {"data": {"reason": "x"}}, {"content": b"{}"},
    {"files": {"photo": b"x"}}, {"content": b"{}", "headers": {"Content-Type": "application/json/../text/plain"}},
)  # fmt: skip
"""What a page elsewhere, or a form in it, can send with a person's cookie and without asking first."""


async def test_a_page_elsewhere_has_nothing_done(app: FastAPI, there: There, log_in: LogIn) -> None:
    clients = {name: await log_in(name) for name in ("there", "worker-there", "admin")}
    unsafe = [one for one in every(app, there) if one.method in UNSAFE]
    assert len(unsafe) > 40
    for operation in unsafe:
        values = there.values(operation)[0]
        for name, client in clients.items():
            for headers in FOREIGN:
                answer = await send(client, operation, values, json=operation.body, headers=headers)
                assert answer.status_code == 403, (name, str(operation), headers)
                assert answer.json()["type"] == "urn:citygrid:problem:cross-site"
                assert not [header for header in answer.headers if header.startswith("access-control")]
            for form in FORMS:
                if (
                    operation.method == "DELETE"
                    and "headers" not in form
                    and "data" not in form
                    and "files" not in form
                ):
                    continue  # no page can send a DELETE without asking first
                answer = await send(client, operation, values, **form)
                assert answer.status_code == 415, (name, str(operation), form)
            asked = await client.request(
                "OPTIONS",
                operation.path.replace("{", "").replace("}", ""),
                headers={"Origin": "http://evil.example", "Access-Control-Request-Method": operation.method},
            )
            assert not [header for header in asked.headers if header.startswith("access-control")]


async def test_a_method_is_what_the_request_line_says(app: FastAPI, there: There, log_in: LogIn) -> None:
    client = await log_in("there")
    before = (await client.get(f"/alerts/{there.named['finding_id'][0]}")).json()["tasks"]
    for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        answer = await client.get(f"/tasks/{there.named['task_id'][0]}", headers={header: "DELETE"})
        assert answer.status_code == 200
    for method in ("TRACE", "CONNECT", "PROPFIND", "GET\u00b2"[:3] + "X"):
        answer = await client.request(method, f"/tasks/{there.named['task_id'][0]}")
        assert answer.status_code == 405, method
    assert (await client.get(f"/alerts/{there.named['finding_id'][0]}")).json()["tasks"] == before
