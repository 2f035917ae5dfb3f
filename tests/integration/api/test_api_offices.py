"""Pages of administrators and operations: accounts, looks, what runs, dead letters; for nobody else."""
# ruff: noqa: E501 (lines of tables)

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from api.operations import Operation, ReaderLag, Running
from tests.integration.api.two_streets import HERE, City, LogIn

GRID = f"{HERE}001001"
OTHERS = ("city", "district", "worker", "department", "ops")


def span(**more: str) -> dict[str, str]:
    """The last hour, for `GET /looks`."""
    now = datetime.now(UTC)
    return {"from": (now - timedelta(hours=1)).isoformat(), "until": (now + timedelta(minutes=1)).isoformat(), **more}


async def find(client: httpx.AsyncClient, name: str) -> dict[str, Any]:
    page = (await client.get("/accounts", params={"search": name})).json()
    return next(item for item in page["items"] if item["name"] == name)


def recorded(city: City, view: str) -> list[tuple[str, str, list[str]]]:
    """Who did what with which keys, as the audit has it, in order."""
    with psycopg.connect(city.database.admin) as admin:
        return admin.execute(
            "SELECT name, purpose, keys FROM audit.look WHERE view = %s ORDER BY id", (view,)
        ).fetchall()


async def test_an_administrator_reads_accounts_and_the_look_is_recorded(city: City, log_in: LogIn) -> None:
    admin = await log_in("admin")
    await log_in("worker")
    page = (await admin.get("/accounts", params={"role": "grid_worker"})).json()
    names = [item["name"] for item in page["items"]]
    assert names == sorted(names)
    assert page["counted"] == len(names) == 4
    assert "housing" in page["departments"]
    assert "benefits" in page["domains"]
    shown = {item["name"]: item for item in page["items"]}
    assert shown["worker"]["used_at"] is not None
    assert shown["desk"]["used_at"] is None
    assert not any("password" in key or "verifier" in key for item in page["items"] for key in item)
    assert recorded(city, "account") == [("admin", "list", names)]
    first = (await admin.get("/accounts", params={"limit": 3})).json()
    second = (await admin.get("/accounts", params={"limit": 3, "after": first["next"]})).json()
    assert first["items"][-1]["name"] < second["items"][0]["name"]


async def test_an_account_is_made_used_changed_locked_and_let_in_again(
    app: FastAPI, city: City, log_in: LogIn, anybody: httpx.AsyncClient
) -> None:
    admin = await log_in("admin")
    made = await admin.post("/accounts", json={"name": "new", "role": "grid_worker", "scope": GRID})
    assert made.status_code == 201, made.text
    assert made.headers["cache-control"] == "no-store"
    login = {"name": "new", "password": made.json()["password"]}
    assert (await anybody.post("/session", json=login)).status_code == 200
    taken = await admin.post("/accounts", json={"name": "new", "role": "ops"})
    assert (taken.status_code, "同名" in taken.json()["detail"]) == (422, True)

    address = f"/accounts/{made.json()['id']}"
    rights = {"role": "command_centre", "scope": HERE, "domains": ["benefits"]}
    assert (await admin.put(address, json=rights)).status_code == 204
    assert (await anybody.get("/me")).status_code == 401, "other rights end its sessions"
    assert (await anybody.post("/session", json=login)).json()["scope"] == HERE

    assert (await admin.post(f"{address}/lock", json={"locked": True})).status_code == 204
    assert (await anybody.get("/me")).status_code == 401
    assert (await anybody.post("/session", json=login)).status_code == 401
    assert (await find(admin, "new"))["locked_at"] is not None
    assert (await admin.post(f"{address}/lock", json={"locked": False})).status_code == 204
    assert (await anybody.post("/session", json=login)).status_code == 200

    given = (await admin.post(f"{address}/password", json={})).json()
    assert (await anybody.post("/session", json=login)).status_code == 401
    assert (await anybody.post("/session", json={**login, "password": given["password"]})).status_code == 200
    before, after = f"grid_worker {GRID}", f"command_centre {HERE} benefits"
    assert [line for line in recorded(city, "account") if line[1] != "list"] == [
        ("admin", "make", ["new", before]),
        ("admin", "change", ["new", before, after]),
        ("admin", "lock", ["new"]),
        ("admin", "unlock", ["new"]),
        ("admin", "password", ["new"]),
    ]


async def test_what_a_locked_account_had_claimed_goes_back_to_its_queue(city: City, log_in: LogIn) -> None:
    worker = await log_in("worker")
    task = str(city.here.tasks[0])
    assert (await worker.post(f"/tasks/{task}/acknowledge", json={})).status_code == 200
    admin = await log_in("admin")
    account = (await find(admin, "worker"))["id"]
    assert (await admin.post(f"/accounts/{account}/lock", json={"locked": True})).status_code == 204
    with psycopg.connect(city.database.admin) as owner:
        assert owner.execute("SELECT state, claimed_by FROM city.task WHERE id = %s", (task,)).fetchall() == [
            ("dispatched", None)
        ]
    colleague = await log_in("colleague")
    assert (await colleague.post(f"/tasks/{task}/acknowledge", json={})).status_code == 200


async def test_nobody_changes_their_own_account(log_in: LogIn) -> None:
    admin = await log_in("admin")
    me = (await admin.get("/me")).json()["id"]
    for answer in (
        await admin.post(f"/accounts/{me}/lock", json={"locked": True}),
        await admin.put(f"/accounts/{me}", json={"role": "command_centre"}),
        await admin.post(f"/accounts/{me}/password", json={}),
    ):
        assert (answer.status_code, "另一位管理员" in answer.json()["detail"]) == (422, True), answer.text
    assert (await admin.get("/me")).json()["role"] == "admin"


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "role": "grid_worker", "scope": "4401"},
        {"name": "x", "role": "grid_worker", "scope": GRID, "domains": []},
        {"name": "x", "role": "grid_worker", "scope": GRID, "domains": ["nothing"]},
        {"name": "x", "role": "department", "department": "nobody"},
        {"name": "x", "role": "ops", "department": "housing"},
        {"name": "x", "role": "root"},
        {"name": "a b", "role": "ops"},
    ],
)
async def test_an_account_that_cannot_be_is_refused(log_in: LogIn, body: dict[str, Any]) -> None:
    assert (await (await log_in("admin")).post("/accounts", json=body)).status_code == 422


async def test_looks_are_read_by_account_and_time(city: City, log_in: LogIn) -> None:
    for name in ("here", "there"):
        client = await log_in(name)
        assert (await client.get("/alerts")).status_code == 200
    admin = await log_in("admin")
    everybody = (await admin.get("/looks", params=span(view="alert"))).json()["items"]
    assert {item["account"] for item in everybody} == {"here", "there"}
    here = (await admin.get("/looks", params=span(account="here"))).json()["items"]
    assert {item["account"] for item in here} == {"here"}
    assert here[0]["counted"] >= len(here[0]["keys"]) > 0
    early = {"from": "2020-01-01T00:00:00Z", "until": "2020-02-01T00:00:00Z"}
    assert (await admin.get("/looks", params=early)).json() == {"items": [], "next": None}
    assert (await admin.get("/looks", params={**span(), "until": "2020-01-01T00:00:00Z"})).status_code == 422
    assert ("admin", "list", ["here"]) in recorded(city, "look")


async def test_looks_come_in_pages(city: City, log_in: LogIn) -> None:
    with psycopg.connect(city.database.admin) as owner:
        owner.execute(
            "SELECT audit.record(gen_random_uuid(), 'busy', 'command_centre', '', 'alert', ARRAY[n::text], 'list', NULL, true)"
            " FROM generate_series(1, 150) n"
        )
    admin = await log_in("admin")
    first = (await admin.get("/looks", params=span(account="busy"))).json()
    second = (await admin.get("/looks", params=span(account="busy", before=first["next"]))).json()
    keys = [item["keys"][0] for page in (first, second) for item in page["items"]]
    assert (len(first["items"]), second["next"]) == (100, None)
    assert sorted(keys, key=int) == [str(number) for number in range(1, 151)]


@pytest.mark.parametrize("name", OTHERS)
async def test_nobody_else_reads_or_makes_accounts_or_looks(city: City, log_in: LogIn, name: str) -> None:
    client = await log_in(name)
    other = (await find(await log_in("admin"), "colleague"))["id"]
    for answer in (
        await client.get("/accounts"),
        await client.get("/looks", params=span()),
        await client.post("/accounts", json={"name": "mine", "role": "admin"}),
        await client.put(f"/accounts/{other}", json={"role": "admin"}),
        await client.post(f"/accounts/{other}/lock", json={"locked": True}),
        await client.post(f"/accounts/{other}/password", json={}),
    ):
        assert answer.status_code == 403, (name, answer.text)


# -- operations


class OneStageBehind:
    """Two processes, of which one is away, and a sink that is seven records behind."""

    async def now(self) -> Operation:
        at = datetime.now(UTC)
        return Operation(
            asked_at=at,
            processes=[
                Running(name="stage-household", kind="stage", state="away", why=None),
                Running(name="clock", kind="clock", state="ready", why=None),
            ],
            readers=[ReaderLag(reader="sink-alerts", records=7, topic="alerts")],
            readers_at=at,
        )


async def test_operations_see_what_runs_and_who_is_behind(app: FastAPI, log_in: LogIn) -> None:
    app.state.operations = OneStageBehind()
    for name in ("ops", "admin"):
        page = (await (await log_in(name)).get("/operations")).json()
        assert [(one["name"], one["state"]) for one in page["processes"]] == [
            ("stage-household", "away"),
            ("clock", "ready"),
        ]
        assert page["readers"] == [{"reader": "sink-alerts", "records": 7, "topic": "alerts"}]
        assert page["dashboards"] == {}
    for name in ("city", "worker", "department"):
        client = await log_in(name)
        assert (await client.get("/operations")).status_code == 403
        assert (await client.get("/letters")).status_code == 403
        assert (await client.post("/replays", json={"origins": ["a:0:1"]})).status_code == 403


async def test_a_replay_is_asked_for_once_and_recorded_with_who_asked(city: City, log_in: LogIn) -> None:
    with psycopg.connect(city.database.sinks) as sinks:
        sinks.execute(
            "INSERT INTO city.put_aside VALUES ('housing.tenancy:0:5', 'housing', 'housing.tenancy', NULL, 'no such kind', "
            "'dead-letters', now(), NULL), ('housing.tenancy:0:6', 'housing', 'housing.tenancy', NULL, 'no such kind', "
            "'dead-letters', now(), now())"
        )
    ops = await log_in("ops")
    page = (await ops.get("/letters")).json()
    assert (page["waiting"], len(page["items"])) == (1, 2)
    origins = ["housing.tenancy:0:5", "housing.tenancy:0:6", "nothing:0:1"]
    assert (await ops.post("/replays", json={"origins": origins})).json() == {"asked": 1}
    assert (await ops.post("/replays", json={"origins": origins})).json() == {"asked": 0}
    first = (await ops.get("/letters")).json()["items"][0]
    assert (first["asked_name"], first["answer"]) == ("ops", None)
    assert recorded(city, "dead-letter") == [("ops", "replay", ["housing.tenancy:0:5"])]
    with psycopg.connect(city.database.sinks) as sinks:
        sinks.execute("UPDATE city.replay SET answered_at = now(), answer = 'unreadable'")
    admin = await log_in("admin")
    assert (await admin.post("/replays", json={"origins": origins})).json() == {"asked": 1}, "once it was answered"


async def test_nobody_asks_the_database_itself(city: City) -> None:
    with psycopg.connect(city.database.api, autocommit=True) as api:
        for ask in (
            "SELECT * FROM city.accounts('', NULL, NULL, '', 10)",
            "SELECT * FROM city.looks_by(NULL, NULL, now() - interval '1 hour', now(), NULL, 10)",
            "SELECT * FROM city.letters(10)",
            "SELECT city.ask_replay('{}')",
            "SELECT city.make_account('x', 'x', '\\x00', 'admin', '', NULL, 'zh', NULL)",
        ):
            with pytest.raises(psycopg.Error, match="Log in first"):
                api.execute(ask)
        for ask in ("SELECT city.record_act('a', '{a}', 'x')", "SELECT city.let_go(gen_random_uuid())"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                api.execute(ask)
