"""What somebody without an account can learn or do: nothing of who has one, nothing under another name."""

from __future__ import annotations

import random
import secrets
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from api.app import create_app
from domain.codes import with_check_character
from runtime.settings import Settings
from tests.integration.api.two_streets import ACCOUNTS, City, LogIn
from wire.pseudonym import Pseudonyms

TRAINED, TRIES = 200, 1_600


async def test_only_the_names_of_the_system_are_answered(app: FastAPI, city: City) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        for host, status in {
            "citygrid.test": 200,
            "CityGrid.Test:8443": 200,
            "127.0.0.1:18080": 200,
            "[::1]:18080": 200,
            "localhost": 200,
            "evil.example": 421,
            "citygrid.test.evil.example": 421,
            "citygrid.test@evil.example": 421,
            "evil.example/citygrid.test": 421,
            "": 421,
        }.items():
            answer = await client.get("http://x/api/v1/health/live", headers={"Host": host})
            assert answer.status_code == status, host
        for asked, status in {"10.1.2.3:18080": 200, "10.1.2.4:18080": 421}.items():  # a probe's, and another machine's
            answer = await client.get("http://10.1.2.3:18080/api/v1/health/live", headers={"Host": asked})
            assert answer.status_code == status, asked
        twice = await client.get(
            "http://x/api/v1/health/live", headers=[("Host", "citygrid.test"), ("Host", "evil.example")]
        )
        assert twice.status_code == 421
        refused = await client.get("http://x/api/v1/health/live", headers={"Host": "evil.example"})
        assert refused.json()["type"] == "urn:citygrid:problem:unknown-host"
        assert "evil" not in refused.text


@pytest.mark.timeout(600)
@pytest.mark.rare
async def test_a_guesser_cannot_tell_which_accounts_there_are(city: City, api_settings: Settings) -> None:
    """The best threshold of 200 timed answers, in whichever direction, tried on the next 1,600."""
    free = {"login_attempts_per_name": 10**6, "login_attempts_per_address": 10**6}
    app = create_app(api_settings.model_copy(update=free))
    names = [account.name for account in ACCOUNTS]
    timed: list[tuple[float, bool]] = []
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://citygrid.test/api/v1") as client:
            for number in range(TRAINED + TRIES + 20):
                known = random.random() < 0.5
                name = random.choice(names) if known else f"nobody{secrets.token_hex(3)}"
                began = time.perf_counter()
                answer = await client.post("/session", json={"name": name, "password": "a wrong pass phrase"})
                seconds = time.perf_counter() - began
                assert answer.status_code == 401
                assert "set-cookie" not in answer.headers
                if number >= 20:  # connections and caches are warm
                    timed.append((seconds, known))
    assert guessed_right(timed) < 0.55


def guessed_right(timed: list[tuple[float, bool]]) -> float:
    """Of seconds and whether it was known, the share of all but the first `TRAINED` that their best threshold, in
    whichever direction, tells rightly."""
    learnt, tried = timed[:TRAINED], timed[TRAINED:]
    thresholds = [(limit, slower) for limit, _ in learnt for slower in (True, False)]

    def right(timed: list[tuple[float, bool]], limit: float, slower: bool) -> float:
        return sum((seconds > limit) == (known == slower) for seconds, known in timed) / len(timed)

    limit, slower = max(thresholds, key=lambda one: right(learnt, *one))
    return right(tried, limit, slower)


@pytest.mark.timeout(600)
@pytest.mark.rare
async def test_the_time_of_an_answer_does_not_tell_whether_it_is_there(
    city: City, log_in: LogIn, api_settings: Settings
) -> None:
    """Of another street: an alert, a task, a case's moves, a person by pseudonym, household or number, and photos."""
    worker = await log_in("worker")
    there, number = city.there, with_check_character("44010619620403001")
    with psycopg.connect(city.database.sinks) as sinks:
        known = Pseudonyms.of(api_settings).of_number(number)
        sinks.execute("UPDATE city.resident_g1 SET id = %s WHERE id = %s", (known, there.resident))
    with psycopg.connect(city.database.owner) as owner:
        ((photo,),) = owner.execute(
            "INSERT INTO city.visit_photo (id, task, account, account_name, taken_at)"
            " SELECT gen_random_uuid(), %s, a.id, a.name, now() FROM city.account a WHERE a.name = 'worker-there'"
            " RETURNING id",
            (there.tasks[0],),
        ).fetchall()
    shares = {}
    for what, ask in attempts(city, known, number, photo).items():
        timed = []
        for turn in range(TRAINED + TRIES + 20):
            is_there = random.random() < 0.5
            method, path, body = ask(is_there)
            began = time.perf_counter()
            answer = await worker.request(method, path, json=body)
            seconds = time.perf_counter() - began
            assert answer.status_code == 404, (what, answer.text)
            if turn >= 20:
                timed.append((seconds, is_there))
        shares[what] = guessed_right(timed)
    print(shares)
    assert {what: share for what, share in shares.items() if share >= 0.55} == {}


def attempts(
    city: City, known: str, number: str, photo: uuid.UUID
) -> dict[str, Callable[[bool], tuple[str, str, Any]]]:
    """What is asked for → the request for one that is there, or for one of the same form that is not. Each of them is
    the same every time: what was asked before is answered sooner, whether it is there or not."""
    there = city.there

    def some(one: object) -> Callable[[bool], str]:
        nobody = str(uuid.uuid4())
        return lambda is_there: str(one) if is_there else nobody

    nobodys = with_check_character(f"440106{random.randint(1950, 2000)}0403{random.randint(0, 999):03}")
    stranger = known[:-6] + secrets.token_hex(3)
    finding, task, picture = some(there.findings[0]), some(there.tasks[0]), some(photo)
    return {
        "alert": lambda there: ("GET", f"/alerts/{finding(there)}", None),
        "unmasked": lambda there: ("POST", f"/alerts/{finding(there)}/people", {"purpose": "handle_case"}),
        "task": lambda there: ("GET", f"/tasks/{task(there)}", None),
        "claim": lambda there: ("POST", f"/tasks/{task(there)}/claim", {}),
        "photo": lambda there: ("GET", f"/alerts/{finding(there)}/photos/{picture(there)}", None),
        "visit": lambda there: ("POST", f"/tasks/{task(there)}/complete", {"outcome": "refused"}),
        "resident": lambda there: (
            *("GET", f"/rows/resident/{known if there else stranger}"),
            None,
        ),
        "number": lambda there: (
            *("POST", "/rows/resident/lookup"),
            {"identity_number": number if there else nobodys, "purpose": "verify_fact"},
        ),
    }
