"""Who gets in, how, and for how long."""

from __future__ import annotations

import hashlib

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from api.app import create_app, description_of
from api.gate import ROOT
from database.accounts import (
    AccountRefused,
    create,
    demo_accounts,
    disable,
    make_demo_accounts,
    refuse_demo_in_production,
)
from runtime.settings import Settings
from tests.integration.api.two_streets import ACCOUNTS, PASSWORD, City, LogIn

OPEN = {
    *((f"{ROOT}/session", "POST"), (f"{ROOT}/health/live", "GET"), (f"{ROOT}/health/ready", "GET")),
    # for whoever stands before a door plate
    *((f"{ROOT}/plates/{{code}}", "GET"), (f"{ROOT}/plates/{{code}}/reports", "POST")),
}


async def test_everybody_logs_in_and_is_who_the_account_says(log_in: LogIn) -> None:
    for account in ACCOUNTS:
        me = (await (await log_in(account.name)).get("/me")).json()
        assert (me["name"], me["role"], me["scope"], me["language"]) == (
            account.name,
            account.role,
            account.scope,
            account.language,
        )


async def test_nothing_but_health_login_and_door_plates_is_open(app: FastAPI, anybody: httpx.AsyncClient) -> None:
    operations = [(path, method.upper()) for path, item in _paths(app).items() for method in item]
    assert len(operations) > 20
    assert set(operations) >= OPEN
    for path, method in set(operations) - OPEN:
        address = path.removeprefix(ROOT).replace("{view}", "resident").replace("{key}", "x")
        for name in ("{finding_id}", "{task_id}", "{account_id}"):
            address = address.replace(name, "6f2c1f0e-6a52-4d5e-8a3b-111111111111")
        address = address.replace("{code}", "A" * 26)
        for cookie in (None, "citygrid_session=" + "x" * 43, "citygrid_session=' OR 1=1 --"):
            headers = {"content-type": "application/json"} | ({"cookie": cookie} if cookie else {})
            answer = await anybody.request(method, address, content=b"{}", headers=headers)
            assert answer.status_code == 401, (method, path, answer.status_code, answer.text)
            assert answer.json()["type"] == "urn:citygrid:problem:no-session"


def test_every_route_is_in_the_description(app: FastAPI) -> None:
    """What is not described would escape the test above."""
    described = set(_paths(app))
    flat = _routes(app)
    assert len(flat) > 20
    assert flat == described, flat ^ described


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(app: FastAPI, anybody: httpx.AsyncClient) -> None:
    answer = await anybody.post("/session", json={"name": "worker", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie  # plain HTTP on loopback; production is tested below
    app.state.secure = True
    cookie = (await anybody.post("/session", json={"name": "worker", "password": PASSWORD})).headers["set-cookie"]
    assert cookie.startswith("__Host-citygrid_session=")
    assert "Secure" in cookie


async def test_the_database_holds_no_token_and_no_password(city: City, anybody: httpx.AsyncClient) -> None:
    await anybody.post("/session", json={"name": "worker", "password": PASSWORD})
    token = anybody.cookies["citygrid_session"]
    with psycopg.connect(city.database.owner) as owner:
        kept = [bytes(row[0]) for row in owner.execute("SELECT token_sha256 FROM city.session").fetchall()]
        everything = str(owner.execute("SELECT * FROM city.account, city.session").fetchall())
    assert kept == [hashlib.sha256(token.encode()).digest()]
    assert token not in everything
    assert PASSWORD not in everything


async def test_unknown_name_wrong_password_and_disabled_account_are_one_answer(
    city: City, anybody: httpx.AsyncClient
) -> None:
    disable(city.database.owner, "colleague")
    answers = [
        await anybody.post("/session", json={"name": name, "password": password})
        for name, password in (("nobody", PASSWORD), ("worker", "wrong"), ("colleague", PASSWORD))
    ]
    bodies = [{k: v for k, v in answer.json().items() if k != "instance"} for answer in answers]
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert bodies[0] == bodies[1] == bodies[2]
    assert all("set-cookie" not in answer.headers for answer in answers)


@pytest.mark.parametrize("name", ["worker", "nobody"])
async def test_who_guesses_waits_longer_each_time_and_nobody_else_waits(
    app: FastAPI, city: City, anybody: httpx.AsyncClient, name: str
) -> None:
    free = app.state.settings.login_attempts_per_name
    for _ in range(free):
        assert (await anybody.post("/session", json={"name": name, "password": "wrong"})).status_code == 401
    waits = []
    with psycopg.connect(city.database.owner, autocommit=True) as owner:
        for password in ("wrong", PASSWORD, "wrong", "wrong"):  # also with the right one: guessing on is of no use
            early = await anybody.post("/session", json={"name": name, "password": password})
            assert early.status_code == 429
            waits.append(int(early.headers["retry-after"]))
            owner.execute("UPDATE city.login_failure SET last_at = last_at - interval '61 seconds'")
            wrong = await anybody.post("/session", json={"name": name, "password": "wrong"})
            assert wrong.status_code == 401, "after a minute at most one more may be tried"
    assert waits == [1, 2, 4, 8]
    elsewhere = httpx.ASGITransport(app, client=("10.1.1.1", 5))
    async with httpx.AsyncClient(transport=elsewhere, base_url="http://citygrid.test/api/v1") as client:
        answer = await client.post("/session", json={"name": name, "password": PASSWORD})
        assert answer.status_code == (200 if name == "worker" else 401), "another address does not wait"


async def test_no_number_of_attempts_makes_anybody_wait_longer_than_a_minute(city: City) -> None:
    with psycopg.connect(city.database.api, autocommit=True) as api, psycopg.connect(city.database.owner) as owner:
        for _ in range(15):
            api.execute("SELECT city.login_attempt('here', '10.0.0.7', 'guess', 1, 1)")
        owner.execute("UPDATE city.login_failure SET count = 100000")
        owner.commit()
        ask = "SELECT extract(epoch FROM city.login_wait('here', %s, 1, 1))::float8"
        (own,) = api.execute(ask, ("10.0.0.7",)).fetchone() or (0,)
        assert 0 < own <= 60
        assert api.execute(ask, ("10.0.0.8",)).fetchone() == (0,)


async def test_attempts_of_an_address_slow_it_down(city: City, api_settings: Settings) -> None:
    app = create_app(api_settings.model_copy(update={"login_attempts_per_address": 3}))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://t/api/v1") as client:
            tries = [await client.post("/session", json={"name": f"n{i}", "password": "wrong"}) for i in range(4)]
    assert [answer.status_code for answer in tries] == [401, 401, 401, 429]


async def test_people_change_their_own_password(city: City, log_in: LogIn, anybody: httpx.AsyncClient) -> None:
    client, other = await log_in("worker"), await log_in("worker")
    new = "ein anderes langes Wort"
    for old, changed, status in (("wrong", new, 422), (PASSWORD, "short", 422), (PASSWORD, new, 204)):
        answer = await client.post("/me/password", json={"old": old, "new": changed})
        assert answer.status_code == status, answer.text
    assert (await client.get("/me")).status_code == 200
    assert (await other.get("/me")).status_code == 401, "the other sessions end"
    tries = [await anybody.post("/session", json={"name": "worker", "password": one}) for one in (PASSWORD, new)]
    assert [answer.status_code for answer in tries] == [401, 200]


async def test_a_session_ends_by_logout_idleness_age_and_disabling(city: City, log_in: LogIn) -> None:
    out, idle, old, gone = [await log_in(name) for name in ("worker", "here", "there", "district")]
    assert (await out.delete("/session")).status_code == 204
    with psycopg.connect(city.database.owner) as owner:
        for change, name in (("used_at = now() - idle", "here"), ("expires_at = now()", "there")):
            owner.execute(
                f"UPDATE city.session SET {change} WHERE account = (SELECT id FROM city.account WHERE name = %s)",
                (name,),
            )
        owner.execute("UPDATE city.account SET disabled_at = now() WHERE name = 'district'")
    for client in (out, idle, old, gone):
        assert (await client.get("/me")).status_code == 401


async def test_use_keeps_a_session(city: City, log_in: LogIn) -> None:
    client = await log_in("worker")
    with psycopg.connect(city.database.owner, autocommit=True) as owner:
        owner.execute("UPDATE city.session SET used_at = now() - idle * 0.9")
        assert (await client.get("/me")).status_code == 200
        row = owner.execute("SELECT now() - used_at < interval '1 minute' FROM city.session").fetchone()
    assert row == (True,)


async def test_another_site_cannot_make_a_browser_act(log_in: LogIn) -> None:
    client = await log_in("worker")
    form = await client.post(
        "/session", content=b"name=x", headers={"content-type": "application/x-www-form-urlencoded"}
    )
    plain = await client.post("/session", content=b"{}", headers={"content-type": "text/plain"})
    elsewhere = await client.delete("/session", headers={"origin": "https://evil.example"})
    fetched = await client.delete("/session", headers={"sec-fetch-site": "cross-site"})
    assert [answer.status_code for answer in (form, plain, elsewhere, fetched)] == [415, 415, 403, 403]
    preflight = await client.options("/session", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in preflight.headers
    assert (await client.delete("/session", headers={"origin": "http://citygrid.test"})).status_code == 204


def test_production_has_no_demo_accounts(city: City, api_settings: Settings) -> None:
    demo = api_settings.model_copy(update={"mode": "demo"})
    with psycopg.connect(city.database.owner) as owner:
        owner.execute("DELETE FROM city.account")
    made = make_demo_accounts(demo)
    assert [one.account for one in made] == demo_accounts()
    assert len({one.password for one in made}) == len(made)
    assert make_demo_accounts(demo) == []
    with psycopg.connect(city.database.owner) as owner:  # as an earlier version made it
        owner.execute("UPDATE city.account SET role = 'grid_worker' WHERE name = 'sos'")
    assert make_demo_accounts(demo) == []
    with psycopg.connect(city.database.owner) as owner:
        desks = owner.execute("SELECT name FROM city.account WHERE city.is_desk(role, domains) ORDER BY 1").fetchall()
    assert [name for (name,) in desks] == ["city", "district", "sos", "street"]
    production = api_settings.model_copy(update={"mode": "production"})
    with pytest.raises(AccountRefused, match="10 demo accounts"):
        refuse_demo_in_production(production)
    with pytest.raises(AccountRefused, match="citygrid accounts create"):
        make_demo_accounts(production)
    for one in made:
        disable(city.database.owner, one.account.name)
    refuse_demo_in_production(production)
    for poor in ("short", "citygrid"):
        with pytest.raises(AccountRefused, match="at least 12"):
            create(city.database.owner, demo_accounts()[0], poor)


def _paths(app: FastAPI) -> dict[str, dict[str, object]]:
    paths: dict[str, dict[str, object]] = description_of(app)["paths"]
    return paths


def _routes(app: FastAPI) -> set[str]:
    """The path of every route, those of included routers too (they keep their path without the prefix)."""
    routes: set[str] = set()
    for route in app.routes:
        if isinstance(route, APIRoute):
            routes.add(route.path)
            continue
        for inner in route.original_router.routes:  # type: ignore[attr-defined]
            assert isinstance(inner, APIRoute), "an unknown kind of route: teach this test to look into it"
            routes.add(ROOT + inner.path)
    return routes
