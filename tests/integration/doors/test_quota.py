"""A department's key may state so many identity numbers a day, whichever gateway and however often it is started."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from producers.doors import key_register as keys
from producers.doors.app import create_app
from producers.doors.quota import numbers_in
from producers.publish.statement import Ready, Statement
from runtime.settings import Settings
from tests.contracts.people import number
from tests.integration.doors.conftest import client_of, running
from tests.integration.doors.statements import TENANCY, let, on_topic
from wire.contracts import contracts

REGISTER = "housing.dwelling-register"


@pytest.fixture
def small(city: Settings) -> Settings:
    """A city in which a key may state ten numbers a day; a lease names two people."""
    return city.model_copy(update={"gateway_numbers_per_day": 10})


def today(city: Settings, key: str) -> Any:
    return next(line["numbers_today"] for line in keys.listed(city.dsn("owner")) if line["id"] == key.split("_")[1])


async def test_what_is_too_much_is_refused_until_midnight_also_by_another_gateway(small: Settings) -> None:
    key, other = (keys.create(small.dsn("owner"), "housing") for _ in range(2))
    async for app in running(small):
        async with client_of(app, key) as client:
            assert (await client.post(f"/events/{TENANCY}", json=[let(1), let(2), let(3)])).status_code == 202
            too_many = await client.post(f"/events/{TENANCY}", json=[let(4), let(5), let(6)])
            assert too_many.status_code == 429
            assert too_many.json()["type"] == "urn:citygrid:problem:quota-used"
            assert 0 < int(too_many.headers["retry-after"]) <= 86_401
            assert (await client.post(f"/events/{TENANCY}", json=[let(7)])).status_code == 202, "what is left is used"
    async for again in running(small):
        async with client_of(again, key) as client, client_of(again, other) as another:
            assert (await client.post(f"/events/{TENANCY}", json=[let(8), let(9)])).status_code == 429
            assert (await client.post(f"/events/{TENANCY}", json=[let(8)])).status_code == 202
            assert (await client.get("/contracts")).status_code == 200, "only what it states is bounded"
            assert (await another.post(f"/events/{TENANCY}", json=[let(10)])).status_code == 202
    assert len(on_topic(small, TENANCY)) == 6
    assert (today(small, key), today(small, other)) == (10, 2)


async def test_what_breaks_its_contract_costs_nothing(small: Settings) -> None:
    key = keys.create(small.dsn("owner"), "housing")
    async for app in running(small):
        async with client_of(app, key) as client:
            bad = let(1)
            bad["change"]["start"] = "1.3.2026"
            for _ in range(12):
                assert (await client.post(f"/events/{TENANCY}", json=[bad])).status_code == 422
    assert today(small, key) == 0


async def test_an_outage_does_not_use_up_the_day(small: Settings) -> None:
    key = keys.create(small.dsn("owner"), "housing")
    away = small.model_copy(update={"kafka_bootstrap": "127.0.0.1:9", "gateway_patience_seconds": 1.0})
    app = create_app(away)
    async with app.router.lifespan_context(app), client_of(app, key) as client:
        for _ in range(2):
            assert (await client.post(f"/events/{TENANCY}", json=[let(1), let(2), let(3)])).status_code == 503
    assert today(small, key) == 0


async def test_a_new_day_begins_at_nought_and_a_key_can_have_a_limit_of_its_own(small: Settings) -> None:
    owner = small.dsn("owner")
    key = keys.create(owner, "housing")
    key_id = key.split("_")[1]
    keys.limit(owner, key_id, 4)
    async for app in running(small):
        async with client_of(app, key) as client:
            assert (await client.post(f"/events/{TENANCY}", json=[let(1), let(2), let(3)])).status_code == 429
            assert (await client.post(f"/events/{TENANCY}", json=[let(1), let(2)])).status_code == 202
            assert (await client.post(f"/events/{TENANCY}", json=[let(3)])).status_code == 429
            with psycopg.connect(owner) as connection:
                connection.execute("UPDATE city.key_day SET day = day - 1 WHERE key_id = %s", (key_id,))
            assert today(small, key) == 0
            assert (await client.post(f"/events/{TENANCY}", json=[let(3)])).status_code == 202
            keys.limit(owner, key_id, None)
            assert (await client.post(f"/events/{TENANCY}", json=[let(4), let(5)])).status_code == 202
    with pytest.raises(keys.KeyNotMade):
        keys.limit(owner, "aaaaaaaaaa", 4)


async def test_it_is_told_before_it_is_used_up(small: Settings) -> None:
    key = keys.create(small.dsn("owner"), "housing")
    key_id = key.split("_")[1]
    labels = {"department": "housing", "key_id": key_id}
    refused = REGISTRY.get_sample_value("citygrid_gateway_quota_refused_total", {"department": "housing"}) or 0.0
    async for app in running(small):
        async with client_of(app, key) as client:
            with capture_logs() as logs:
                await client.post(f"/events/{TENANCY}", json=[let(1)])
                assert REGISTRY.get_sample_value("citygrid_gateway_key_day_ratio", labels) == 0.2
                assert not [line for line in logs if line["event"].startswith("key_quota")]
                await client.post(f"/events/{TENANCY}", json=[let(2), let(3), let(4)])
                await client.post(f"/events/{TENANCY}", json=[let(5)])
                await client.post(f"/events/{TENANCY}", json=[let(6)])
            assert REGISTRY.get_sample_value("citygrid_gateway_key_day_ratio", labels) == 1.0
            told = [(line["event"], line["key_id"]) for line in logs if line["event"].startswith("key_quota")]
            assert told == [("key_quota_nearly_used", key_id), ("key_quota_refused", key_id)]
            assert not any(number(index)[:17] in str(logs) for index in range(8))
    after = REGISTRY.get_sample_value("citygrid_gateway_quota_refused_total", {"department": "housing"})
    assert after == refused + 1


def test_only_the_doors_may_count_and_nobody_sees_the_table(city: Settings) -> None:
    called, read = "SELECT city.key_states('aaaaaaaaaa', 1, 1)", "SELECT * FROM city.key_day"
    for dsn in (city.dsn("api"), city.dsn("sinks"), city.dsn("doors")):
        for query in (called, read) if dsn != city.dsn("doors") else (read,):
            with psycopg.connect(dsn) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(query)


def test_a_statement_counts_for_everybody_it_names() -> None:
    lease, register = contracts()[TENANCY], contracts()[REGISTER]
    made = [_ready("Let", landlord="k1.a", tenants=["k1.b", "k1.c"]), _ready("TenancyEnded", on=1)]
    assert numbers_in(lease, made) == 4
    assert numbers_in(register, [_ready("DwellingRegistered", address="x")]) == 1
    police = contracts()["police.household-registration"]
    assert numbers_in(police, [_ready("Birth", mother="k1.a", father=None), _ready("Death", on=1)]) == 3


def _ready(kind: str, **change: Any) -> Ready:
    return Ready("", Statement(kind, "R", "S", 0, 0, change))
