"""The departments' HTTP door: a batch whole or not at all, by who has a key, within limits, and nothing repeated."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from producers.doors import key_register as keys
from producers.doors.keys import make
from runtime.http.gate import Buckets
from runtime.settings import Settings
from tests.conftest import Database
from tests.contracts.people import number
from tests.integration.doors.conftest import client_of, running
from tests.integration.doors.statements import TENANCY, event_id, let, on_topic
from wire.codec import Decoder
from wire.pseudonym import PSEUDONYM
from wire.registry import Registry


async def test_a_batch_is_on_the_topic_when_it_is_accepted(housing: httpx.AsyncClient, city: Settings) -> None:
    answer = await housing.post(f"/events/{TENANCY}", json=[let(index) for index in range(1, 51)])
    assert answer.status_code == 202, answer.text
    messages = on_topic(city, TENANCY)
    assert answer.json()["topic"] == TENANCY
    assert sorted(answer.json()["event_ids"]) == sorted(map(event_id, messages))
    assert len(messages) == 50
    decoder = Decoder(Registry.of(city), topic_prefix=city.topic_prefix)
    for message in messages:
        event: Any = decoder.decode(city.topic_prefix + TENANCY, message.key(), message.value())
        assert event.event_id == event_id(message)
        assert (event.kind, event.department) == ("Let", "housing")
        assert event.recorded_at % 1_000_000 == 250_000
        assert PSEUDONYM.fullmatch(event.change["landlord"])
        assert number(1)[:17].encode() not in (message.value() or b"")


async def test_the_same_batch_again_is_the_same_events(housing: httpx.AsyncClient, city: Settings) -> None:
    first, again = [(await housing.post(f"/events/{TENANCY}", json=[let(1), let(2)])).json() for _ in range(2)]
    assert first == again
    assert set(map(event_id, on_topic(city, TENANCY))) == set(first["event_ids"])


async def test_every_bad_statement_is_named_and_nothing_is_sent(housing: httpx.AsyncClient, city: Settings) -> None:
    batch: list[Any] = [let(index) for index in range(8)]
    batch[1]["change"]["landlord"] = number(1)[:-1] + "?"
    batch[2]["occurred_at"] = "2026-03-01 08:00"
    batch[3]["change"] |= {number(3): 1, "start": "1.3.2026"}
    del batch[3]["record"]
    batch[4] = number(4)
    batch[5]["kind"] = number(5)
    batch[6]["record"] = f"of {number(6)}"
    answer = await housing.post(f"/events/{TENANCY}", json=batch, headers={"accept-language": "en"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "urn:citygrid:problem:invalid"
    assert [(error["index"], error["field"]) for error in problem["errors"]] == [
        (1, "landlord"),
        (2, "occurred_at"),
        (3, "record"),
        (3, "change"),
        (3, "start"),
        (4, "statement"),
        (5, "kind"),
        (6, "record"),
    ]
    assert "6 of 8" in problem["detail"]
    assert all(error["reason"] for error in problem["errors"])
    assert not any(number(index)[:17] in answer.text for index in range(9))
    assert on_topic(city, TENANCY) == []


async def test_who_has_no_key_or_another_departments_does_not_come_in(app: FastAPI, city: Settings) -> None:
    async with client_of(app) as nobody:
        for header in (None, "Bearer", "Basic eDp5", "Bearer cgk_aaaaaaaaaa_" + "A" * 43, "Bearer \xff", "cgk_"):
            headers = {"authorization": header.encode("latin-1")} if header else {}
            answer = await nobody.post(f"/events/{TENANCY}", json=[let()], headers=headers)  # type: ignore[arg-type]
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), header
    async with client_of(app, keys.create(city.dsn("owner"), "police")) as police:
        assert (await police.post(f"/events/{TENANCY}", json=[let()])).status_code == 403
        assert (await police.get(f"/contracts/{TENANCY}")).status_code == 403
        assert (await police.post("/events/police.nothing", json=[let()])).status_code == 404
        assert (await police.get("/contracts/police.household-registration")).status_code == 200
    assert on_topic(city, TENANCY) == []


async def test_a_key_is_hashed_at_rest_and_ends_when_it_is_revoked(app: FastAPI, city: Settings) -> None:
    owner = city.dsn("owner")
    made = keys.create(owner, "housing", "租赁系统")
    _, key_id, secret = made.split("_", 2)
    with psycopg.connect(owner) as connection:
        kept = str(connection.execute("SELECT k::text, k.* FROM city.department_key k").fetchall())
        assert secret not in kept
        assert sha256(secret.encode()).hexdigest() in kept
    with psycopg.connect(city.dsn("api")) as api, pytest.raises(psycopg.errors.InsufficientPrivilege):
        api.execute("SELECT * FROM city.department_key")
    wrong = f"cgk_{key_id}_{secret[:-1]}{'A' if secret[-1] != 'A' else 'B'}"
    async with client_of(app, wrong) as forger:
        assert (await forger.get("/contracts")).status_code == 401
    assert keys.listed(owner)[0]["used_at"] is None
    async with client_of(app, made) as client:
        assert (await client.get("/contracts")).status_code == 200
        (line,) = keys.listed(owner)
        assert line["used_at"]
        assert line["note"] == "租赁系统"
        keys.revoke(owner, key_id)
        assert (await client.get("/contracts")).status_code == 401
    with pytest.raises(keys.KeyNotMade, match="citygrid keys list"):
        keys.revoke(owner, "aaaaaaaaaa")
    with pytest.raises(keys.KeyNotMade, match="housing"):
        keys.create(owner, "fire-brigade")


async def test_limits(city: Settings) -> None:
    small = city.model_copy(
        update={"gateway_body_bytes": 4_000, "gateway_statements": 3, "gateway_requests_per_second": 1.0}
    )
    key, other = (keys.create(city.dsn("owner"), "housing") for _ in range(2))
    async for app in running(small):
        async with client_of(app, key) as client:
            large = await client.post(f"/events/{TENANCY}", json=[let(record="R" * 3_900)])
            pieces = await client.post(
                f"/events/{TENANCY}", content=_pieces(), headers={"content-type": "application/json"}
            )
            many = await client.post(f"/events/{TENANCY}", json=[let(index) for index in range(4)])
            assert [large.status_code, pieces.status_code, many.status_code] == [413, 413, 413]
            statuses = [(await client.get("/contracts")).status_code for _ in range(6)]
            assert statuses[-1] == 429
            assert 200 in statuses
            refused = await client.get("/contracts")
            assert int(refused.headers["retry-after"]) >= 1
            assert refused.json()["type"] == "urn:citygrid:problem:too-many-requests"
        async with client_of(app, other) as client:
            assert (await client.get("/contracts")).status_code == 200


async def _pieces() -> AsyncIterator[bytes]:
    for _ in range(10):
        yield b" " * 1_000


RUBBISH = [
        (b"", 400), (b"{}", 422), (b"[]", 422), (b"null", 422), (b"[" * 200_000, 400), (b'{"a":' * 50_000, 400),
        (b"[NaN]", 400), (b"[1e999]", 422), (b"[" + b"9" * 5_000 + b"]", 400), (b"\xff\xfe[\x00]\x00", 400),
        ('["番禺"]'.encode("gb18030"), 400), (b"[\x00]", 400), (b'["\\u0000"]', 422), (b'["\\ud800"]', 422),
        (b'[{"\\ud800": 1}]', 422), (b'[{"kind": 1, "kind": 2}]', 400), (b"\xef\xbb\xbf[]", 400),
]  # fmt: skip


async def test_rubbish_is_answered_by_a_problem(housing: httpx.AsyncClient) -> None:
    for body, status in RUBBISH:
        answer = await housing.post(
            f"/events/{TENANCY}", content=body, headers={"content-type": "application/json; charset=utf-8"}
        )
        shown = (answer.status_code, answer.headers["content-type"])
        assert shown == (status, "application/problem+json"), (body[:20], answer.text)


async def test_what_is_not_plain_json_is_not_read(housing: httpx.AsyncClient) -> None:
    body = json.dumps([let()]).encode()
    for headers in (
        {"content-type": "text/plain"},
        {},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ):
        content = gzip.compress(body) if "content-encoding" in headers else body
        assert (await housing.post(f"/events/{TENANCY}", content=content, headers=headers)).status_code == 415
    assert (await housing.put(f"/events/{TENANCY}", json=[])).status_code == 405
    assert (await housing.get("/nowhere")).status_code == 404


async def test_an_event_that_no_broker_takes_is_named_and_its_batch_refused(
    housing: httpx.AsyncClient, city: Settings
) -> None:
    crowd = let(2)
    crowd["change"]["tenants"] = [number(index) for index in range(30_000)]
    answer = await housing.post(f"/events/{TENANCY}", json=[let(1), crowd])
    assert answer.status_code == 422, answer.text
    assert [(error["index"], error["field"]) for error in answer.json()["errors"]] == [(1, "change")]
    assert (await housing.post(f"/events/{TENANCY}", json=[let(1)])).status_code == 202


async def test_a_department_reads_its_contracts_and_freshness(housing: httpx.AsyncClient, city: Settings) -> None:
    with psycopg.connect(city.dsn("sinks")) as sinks:
        sinks.execute(
            "INSERT INTO city.freshness VALUES ('housing.tenancy', 'housing', now() - interval '2 hours', 3600),"
            "('housing.dwelling-register', 'housing', now(), 3600), "
            "('police.household-registration', 'police', NULL, 9)"
        )
    listed = (await housing.get("/contracts")).json()
    assert listed["department"] == "housing"
    assert {TENANCY, "housing.dwelling-register"} <= {item["topic"] for item in listed["items"]}
    assert all(item["topic"].startswith("housing.") and item["kinds"] for item in listed["items"])
    whole = (await housing.get(f"/contracts/{TENANCY}")).json()
    (kind,) = (listed for listed in whole["kinds"] if listed["kind"] == "Let")
    landlord = next(field for field in kind["fields"] if field["name"] == "landlord")
    assert landlord["identity"]
    assert landlord["required"]
    assert landlord["doc_zh"] == "出租人"
    fresh = (await housing.get("/freshness")).json()
    assert [(item["topic"], item["quiet"]) for item in fresh["items"]] == [
        ("housing.dwelling-register", False),
        ("housing.tenancy", True),
    ]


async def test_a_line_in_the_log_names_the_key_and_nobody(housing: httpx.AsyncClient) -> None:
    with capture_logs() as lines:
        await housing.post(f"/events/{TENANCY}", json=[let()])
        await housing.get(f"/contracts/{number(1)}")
    requests = [line for line in lines if line["event"] == "request"]
    assert [(line["route"], line["status"]) for line in requests] == [
        ("/v1/events/{topic}", 202),
        ("/v1/contracts/{topic}", 404),
    ]
    assert {line["department"] for line in requests} == {"housing"}
    assert number(1)[:17] not in str(lines)
    assert "cgk_" not in str(lines)


async def test_after_the_database_restarted_no_request_meets_a_dead_connection(
    housing: httpx.AsyncClient, city: Settings, database: Database
) -> None:
    answers = []
    for _ in range(3):
        await asyncio.gather(*(housing.get("/contracts") for _ in range(8)))  # several connections
        with psycopg.connect(database.admin, autocommit=True) as admin:
            ended = admin.execute(
                "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = %s AND usename <> 'postgres'",
                (database.name,),
            ).fetchone()
        assert ended is not None
        assert ended[0] > 0
        answers += [(await housing.get("/contracts")).status_code for _ in range(12)]
    assert set(answers) == {200}


async def test_a_byte_order_mark_is_named(housing: httpx.AsyncClient) -> None:
    body = b"\xef\xbb\xbf" + json.dumps([let(1)]).encode()
    for language, named in (("en", "byte order mark"), ("zh", "字节顺序标记")):
        headers = {"content-type": "application/json", "accept-language": language}
        answer = await housing.post(f"/events/{TENANCY}", content=body, headers=headers)
        assert answer.status_code == 400
        assert named in answer.text


async def test_an_address_that_sends_wrong_keys_is_not_looked_up_any_more(app: FastAPI, city: Settings) -> None:
    """Who has a key that was right goes on from the same address: an office shares one."""
    app.state.door.wrong_keys = Buckets(rate=1e-6, burst=20)
    right = keys.create(city.dsn("owner"), "housing")
    async with client_of(app, right) as office, client_of(app) as guesser:
        assert (await office.get("/contracts")).status_code == 200
        answers = [
            (await guesser.get("/contracts", headers={"Authorization": f"Bearer {make().text}"})).status_code
            for _ in range(25)
        ]
        assert answers == [401] * 20 + [429] * 5
        asked = await guesser.get("/contracts", headers={"Authorization": f"Bearer {make().text}"})
        assert int(asked.headers["Retry-After"]) >= 1
        assert (await office.get("/contracts")).status_code == 200
        (key,) = [str(row["id"]) for row in keys.listed(city.dsn("owner")) if row["department"] == "housing"][-1:]
        keys.revoke(city.dsn("owner"), key)
        assert [(await office.get("/contracts")).status_code for _ in range(2)] == [401, 429]
    elsewhere = httpx.ASGITransport(app, client=("10.0.0.9", 1))
    async with httpx.AsyncClient(transport=elsewhere, base_url="http://gateway.test/v1") as other:
        new = {"Authorization": f"Bearer {keys.create(city.dsn('owner'), 'housing')}"}
        assert (await other.get("/contracts", headers=new)).status_code == 200
