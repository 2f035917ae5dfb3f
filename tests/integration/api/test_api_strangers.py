"""What somebody without an account can learn or do: nothing of who has one, nothing under another name."""

from __future__ import annotations

import random
import secrets
import time

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from runtime.settings import Settings
from tests.integration.api.two_streets import ACCOUNTS, City

TRAINED, TRIES = 200, 1_000


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
    """The best threshold of 200 timed answers, in whichever direction, tried on the next 1,000."""
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
    learnt, tried = timed[:TRAINED], timed[TRAINED:]
    thresholds = [(limit, slower) for limit, _ in learnt for slower in (True, False)]

    def right(timed: list[tuple[float, bool]], limit: float, slower: bool) -> float:
        return sum((seconds > limit) == (known == slower) for seconds, known in timed) / len(timed)

    limit, slower = max(thresholds, key=lambda one: right(learnt, *one))
    assert right(tried, limit, slower) < 0.55
