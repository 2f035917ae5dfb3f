"""A device's message: signed, taken once, about what the device was registered for; by HTTP, and as MQTT takes it."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from producers.doors import device_register as devices
from producers.doors.batch import Form
from producers.doors.device_keys import DeviceKeys
from producers.doors.device_messages import Message, Messages, follows
from producers.doors.device_process import take
from producers.doors.device_register import DeviceRefused
from producers.publish import NotDelivered, Publisher
from runtime.settings import Settings
from tests.contracts.people import number
from tests.integration.doors.conftest import client_of
from tests.integration.doors.device import Signed, Simulated
from tests.integration.doors.statements import PRESSES, SWIPES, on_topic
from wire.codec import Decoder
from wire.contracts import contracts
from wire.pseudonym import Pseudonyms
from wire.registry import Registry

DWELLING = "D-440113-0042"


def door(city: Settings, name: str = "DOOR-0017") -> Simulated:
    return Simulated("door-access", name, devices.add(city, "door-access", name, DWELLING))


async def send(client: httpx.AsyncClient, device: Simulated, message: Signed) -> httpx.Response:
    path = f"/devices/{device.department}/messages"
    return await client.post(path, content=message.body, headers=message.headers(device.name))


def events(city: Settings, topic: str) -> list[Any]:
    decoder = Decoder(Registry.of(city), topic_prefix=city.topic_prefix)
    messages = on_topic(city, topic)
    return [decoder.decode(city.topic_prefix + topic, message.key(), message.value()) for message in messages]


async def test_a_swipe_and_a_press_become_events(app: FastAPI, city: Settings) -> None:
    gate = door(city)
    bracelet = Simulated("bracelet", "B-1", devices.add(city, "bracelet", "B-1", number(7)))
    async with client_of(app) as client:
        taken = await send(client, gate, gate.message("SwipedIn", {"resident": number(1), "card": "C-9"}))
        assert taken.status_code == 202, taken.text
        out = await send(client, gate, gate.message("SwipedOut", {"card": "C-9"}))
        press = await send(client, bracelet, bracelet.message("Pressed", {"button": "sos", "lon": 113.3, "lat": 22.9}))
        assert [out.status_code, press.status_code] == [202, 202], press.text
    came, went = sorted(events(city, SWIPES), key=lambda event: str(event.record))
    assert (came.event_id, came.subject, came.record) == (taken.json()["event_id"], DWELLING, "DOOR-0017-1")
    pseudonyms = Pseudonyms.of(city)
    assert came.change == {"resident": pseudonyms.of_number(number(1)), "card": "C-9", "device": "DOOR-0017"}
    assert (went.kind, went.record) == ("SwipedOut", "DOOR-0017-2")
    (pressed,) = events(city, PRESSES)
    assert pressed.subject == pseudonyms.of_number(number(7))
    assert pressed.change["button"] == "sos"
    assert [line["last_sequence"] for line in devices.listed(city.dsn("owner"))] == [1, 2]


async def test_a_message_is_taken_once(app: FastAPI, city: Settings) -> None:
    gate = door(city)
    async with client_of(app) as client:
        first, second = (gate.message("SwipedIn", {"card": str(index)}) for index in range(2))
        assert (await send(client, gate, second)).status_code == 202
        for old in (second, first):  # sent again; overtaken
            answer = await send(client, gate, old)
            assert (answer.status_code, answer.json()["type"]) == (409, "urn:citygrid:problem:taken-already")
    assert len(events(city, SWIPES)) == 1


async def test_what_is_forged_old_or_wrong_is_refused_counted_and_leaves_no_trace(app: FastAPI, city: Settings) -> None:
    gate, other = door(city), door(city, "DOOR-0018")
    ended = door(city, "DOOR-0019")
    devices.revoke(city.dsn("owner"), "DOOR-0019")
    now = datetime.now(UTC)
    good = gate.message("SwipedIn", {"card": "1"}, sequence=50)
    forged = [
        replace(good, body=good.body.replace(b'"1"', b'"2"')),
        replace(good, sequence="51"),
        replace(good, sent_at=(now + timedelta(seconds=1)).isoformat()),
        replace(good, signature="0" * 64),
        replace(good, signature="zz"),
        replace(good, sequence="050"),
        replace(good, sequence="-1"),
        gate.message("SwipedIn", {}, sent_at=now - timedelta(days=2)),
        gate.message("SwipedIn", {}, sent_at=now + timedelta(hours=1)),
    ]
    broken = [
        gate.signed(body)
        for body in (b"", b"[]", b"\xff", b"[" * 5_000, b'{"kind":["SwipedIn"],"occurred_at":1,"change":{}}')
    ]
    wrong = [
        gate.message("Pressed", {}),
        gate.message("SwipedIn", {"device": "DOOR-0018"}),
        gate.message("SwipedIn", {"resident": "1" * 18}),
        gate.message("SwipedIn", {number(3): 1}),
        gate.message("SwipedIn", {"card": "\ud800"}),
    ]
    async with client_of(app) as client:
        with capture_logs() as lines:
            for message in forged:
                assert (await send(client, gate, message)).status_code == 401
            for message in (*broken, *wrong):
                answer = await send(client, gate, message)
                assert (answer.status_code, answer.json()["errors"][0]["index"]) == (422, 0), answer.text
                assert number(3) not in answer.text
            assert (await send(client, other, good)).status_code == 401
            assert (await send(client, ended, ended.message("SwipedIn", {}))).status_code == 401
            bracelet = Simulated("bracelet", gate.name, gate.key)
            assert (await send(client, bracelet, good)).status_code == 401
            for name in ("", "nobody", "'; DROP", "x" * 80):
                answer = await client.post("/devices/door-access/messages", content=b"{}", headers=good.headers(name))
                assert answer.status_code == 401
            large = gate.signed(b'"' + b"x" * 9_000 + b'"')
            assert (await send(client, gate, large)).status_code == 413
            assert (await client.post("/devices/doors/messages", json={})).status_code == 404
        reasons = {line["reason"] for line in lines if line["event"] == "device_message_refused"}
        assert reasons == {
            "wrong_signature", "malformed", "signed_long_ago", "signed_ahead", "breaks_contract", "unknown_device",
            "revoked_device",
        }  # fmt: skip
        assert not {number(3), gate.key, "nobody", "DOOR-0018", "DOOR-0019"} & set(str(lines).replace("'", " ").split())
        named = {line["reason"] for line in lines if line.get("device") == gate.name}
        assert named == {"signed_long_ago", "signed_ahead", "breaks_contract"}
        assert (await send(client, gate, good)).status_code == 202
    assert len(events(city, SWIPES)) == 1


async def test_a_device_that_sends_too_much_waits(app: FastAPI, city: Settings) -> None:
    gate = door(city)
    app.state.door.devices._burst = 2
    async with client_of(app) as client:
        answers = [await send(client, gate, gate.message("SwipedIn", {})) for _ in range(4)]
    assert [answer.status_code for answer in answers[:2]] == [202, 202]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1


def test_a_key_is_kept_nowhere_and_a_new_one_ends_the_old(city: Settings) -> None:
    old = door(city)
    new = door(city)
    assert old.key != new.key
    with psycopg.connect(city.dsn("owner")) as owner:
        kept = str(owner.execute("SELECT d::text FROM city.device d").fetchall())
    assert old.key[4:] not in kept
    assert new.key[4:] not in kept
    bracelet = devices.add(city, "bracelet", "B-1", number(7))
    assert bracelet.startswith("cgd_")
    with psycopg.connect(city.dsn("owner")) as owner:
        assert number(7)[:17] not in str(owner.execute("SELECT d::text FROM city.device d").fetchall())
    for department, name, subject in (
        ("police", "X-1", "D-1"), ("door-access", "x y", "D-1"), ("door-access", "X-1", " "),
        ("bracelet", "B-2", number(7)[:-1] + "?"), ("bracelet", "DOOR-0017", number(7)),
    ):  # fmt: skip
        with pytest.raises(DeviceRefused):
            devices.add(city, department, name, subject)
    with pytest.raises(DeviceRefused):
        devices.revoke(city.dsn("owner"), "nobody")


async def test_no_number_silences_a_device_and_registering_it_anew_begins_its_count(
    app: FastAPI, city: Settings
) -> None:
    gate = door(city)
    async with client_of(app) as client:
        assert (await send(client, gate, gate.message("SwipedIn", {}, sequence=7))).status_code == 202
        for far in (100_008, 10**12, 10**17):
            answer = await send(client, gate, gate.message("SwipedIn", {}, sequence=far))
            assert (answer.status_code, answer.json()["type"]) == (409, "urn:citygrid:problem:too-far-ahead")
        with psycopg.connect(city.dsn("doors")) as doors:  # nor by SQL, with all that the doors may do
            doors.execute("SELECT city.device_took(%s, %s, now())", (gate.name, 10**17))
        assert (await send(client, gate, gate.message("SwipedIn", {}, sequence=8))).status_code == 202
        again = door(city)
        assert (await send(client, again, again.message("SwipedIn", {}, sequence=1))).status_code == 202
    assert [event.record for event in events(city, SWIPES)] == ["DOOR-0017-7", "DOOR-0017-8", "DOOR-0017-2.1"]


def test_a_device_that_cannot_count_takes_the_milliseconds() -> None:
    now = 1_764_000_000_000
    assert follows(0, now, now)
    assert follows(now, now + 86_400_000, now + 86_400_000)
    assert not follows(now, now + 400_000, now), "ahead of the clock"
    assert not follows(5, now, now), "one that counts does not begin to take the clock"


async def test_doors_that_swipe_do_not_hold_up_a_call(app: FastAPI, city: Settings) -> None:
    """All connections of the swipes are taken: a call for help finds one of its own."""
    bracelet = Simulated("bracelet", "B-1", devices.add(city, "bracelet", "B-1", number(7)))
    swipes = app.state.door.device_pool
    async with contextlib.AsyncExitStack() as busy, client_of(app) as client:
        for _ in range(swipes.max_size):
            await busy.enter_async_context(swipes.connection())
        answer = await asyncio.wait_for(send(client, bracelet, bracelet.message("Pressed", {"button": "sos"})), 4)
        assert answer.status_code == 202


class Killed(Exception):
    """As good as `kill -9` at this point: the transaction is gone with what it had not committed."""


@pytest.mark.parametrize("point", ["send", "flush", "took"])
def test_killed_at_any_point_the_message_comes_again_and_is_the_same_event(city: Settings, point: str) -> None:
    gate = door(city)
    pseudonyms = Pseudonyms.of(city)
    forms = {topic: Form(contract, pseudonyms) for topic, contract in contracts().items()}
    messages = Messages(forms, DeviceKeys(city), 60)
    signed = [gate.message("SwipedIn", {"card": str(index)}) for index in range(3)]
    batch = [
        Message("door-access", gate.name, message.sequence, message.sent_at, message.signature, message.body)
        for message in signed
    ]
    with (
        psycopg.connect(city.dsn("doors"), autocommit=True) as doomed,
        Publisher(city) as publisher,
        pytest.raises(Killed),
    ):
        take(_Dying(doomed, point), _Dying(publisher, point), messages, batch, 30)  # type: ignore[arg-type]
    with psycopg.connect(city.dsn("doors"), autocommit=True) as connection, Publisher(city) as publisher:
        assert take(connection, publisher, messages, [*batch, batch[0]], 30) == [*["accepted"] * 3, "taken_already"]
        assert take(connection, publisher, messages, batch, 30) == ["taken_already"] * 3
    events_found = events(city, SWIPES)
    assert len({event.event_id for event in events_found}) == 3
    assert {event.change["card"] for event in events_found} == {"0", "1", "2"}


def test_while_kafka_is_away_no_number_is_used_up(city: Settings) -> None:
    gate = door(city)
    signed = gate.message("SwipedIn", {})
    batch = [Message("door-access", gate.name, signed.sequence, signed.sent_at, signed.signature, signed.body)]
    forms = {SWIPES: Form(contracts()[SWIPES], Pseudonyms.of(city))}
    messages = Messages(forms, DeviceKeys(city), 60)
    with psycopg.connect(city.dsn("doors"), autocommit=True) as connection, Publisher(city) as publisher:
        with pytest.raises(NotDelivered):
            take(connection, _Away(publisher), messages, batch, 1)  # type: ignore[arg-type]
        assert devices.listed(city.dsn("owner"))[0]["last_sequence"] == 0
        assert take(connection, publisher, messages, batch, 30) == ["accepted"]


class _Dying:
    """Stands before a connection or a publisher and dies when it comes to `point`."""

    def __init__(self, behind: Any, point: str) -> None:
        self._behind, self._point = behind, point

    def execute(self, query: str, *values: Any) -> Any:
        if self._point == "took" and "device_took" in query:
            raise Killed
        return self._behind.execute(query, *values)

    def send(self, *values: Any) -> None:
        self._behind.send(*values)
        if self._point == "send":
            raise Killed

    def flush(self, patience: float) -> None:
        self._behind.flush(patience)
        if self._point == "flush":
            raise Killed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)


class _Away(_Dying):
    """A publisher whose cluster takes nothing."""

    def __init__(self, behind: Any) -> None:
        super().__init__(behind, "")

    def flush(self, patience: float) -> None:
        raise NotDelivered("the cluster did not take it")
