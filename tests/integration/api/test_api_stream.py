"""The live stream: nothing missed, nothing of others, nobody who has left."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx
import psycopg
import pytest
from psycopg import sql

from api.watch import FeedWatch
from database.accounts import disable
from local.stack import postgres
from local.stack.local import LocalStack
from tests.integration.api.two_streets import HERE, PASSWORD, THERE, City, Served, open_alert, retell, say

PATIENCE = 15


@dataclass
class Event:
    """One event as the browser gets it."""

    kind: str
    id: str
    value: dict[str, object]


@asynccontextmanager
async def session(served: Served, name: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=served.url, timeout=PATIENCE) as client:
        answer = await client.post("/session", json={"name": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        yield client


@asynccontextmanager
async def follow(client: httpx.AsyncClient, after: str | None = None) -> AsyncIterator[AsyncIterator[Event]]:
    headers = {"last-event-id": after} if after else {}
    async with client.stream("GET", "/stream", headers=headers) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield _events(answer)


async def _events(answer: httpx.Response) -> AsyncIterator[Event]:
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "event" in fields:
            yield Event(fields["event"], fields.get("id", ""), json.loads(fields.get("data", "{}")))
            fields = {}


async def the_next(events: AsyncIterator[Event], *kinds: str) -> Event:
    """The next event of one of `kinds`; fails after `PATIENCE` seconds."""
    async with asyncio.timeout(PATIENCE):
        async for event in events:
            if event.kind in kinds:
                return event
    raise AssertionError(f"the stream ended before one of {kinds}")


async def test_an_alert_arrives_and_says_what_the_list_says(city: City, served: Served) -> None:
    async with session(served, "here") as client, follow(client) as events:
        assert (await the_next(events, "ready")).id
        with psycopg.connect(city.database.sinks) as sinks:
            finding = open_alert(sinks, city.here, 1, feed=True)
        event = await the_next(events, "alert", "task")
        listed = (await client.get("/alerts")).json()["items"]
        assert event.value == next(alert for alert in listed if alert["finding_id"] == str(finding))


async def test_a_move_arrives_at_who_may_see_it_and_at_nobody_else(city: City, served: Served) -> None:
    async with (
        session(served, "worker") as worker,
        session(served, "there") as there,
        follow(worker) as mine,
        follow(there) as theirs,
    ):
        await the_next(mine, "ready")
        await the_next(theirs, "ready")
        await worker.post(f"/tasks/{city.here.tasks[0]}/acknowledge", json={})
        assert (await the_next(mine, "task")).value["state"] == "acknowledged"
        with psycopg.connect(city.database.sinks) as sinks:  # the first that "there" hears is its own street's
            finding = open_alert(sinks, city.there, 1, feed=True)
        assert (await the_next(theirs, "alert", "task")).value["finding_id"] == str(finding)
        # Handed over to the other street, the task leaves one stream and enters the other.
        body = {"queue": f"{THERE}001001", "reason": "x"}
        await worker.post(f"/tasks/{city.here.tasks[0]}/hand-over", json=body)
        assert (await the_next(mine, "task")).value == {"id": str(city.here.tasks[0]), "gone": True}
        assert (await the_next(theirs, "task")).value["queue"] == f"{THERE}001001"


async def test_a_worker_hears_that_nobody_knows_whether_the_finding_of_a_task_still_holds(
    city: City, served: Served
) -> None:
    """The task stays where its department fell silent; it says so, in the list and at once on an open page."""
    finding, task = city.here.findings[0], str(city.here.tasks[0])
    async with session(served, "worker") as worker, follow(worker) as events:
        await the_next(events, "ready")
        for unknown in (True, False):
            with psycopg.connect(city.database.sinks) as sinks:
                retell(sinks, finding, unknown=unknown)
            heard = (await the_next(events, "task")).value
            assert (heard["id"], heard["unknown"]) == (task, unknown)
            listed = (await worker.get("/tasks")).json()["items"]
            assert {one["id"] for one in listed if one["unknown"]} == ({task} if unknown else set())


async def test_writers_that_commit_out_of_order_are_all_heard_and_nobody_waits_for_one(
    city: City, served: Served
) -> None:
    """The one that began first commits last: a cursor by id or by time would have passed it by."""
    async with session(served, "here") as client:
        with psycopg.connect(city.database.sinks) as slow, psycopg.connect(city.database.sinks) as fast:
            async with follow(client) as events:
                await the_next(events, "ready")
                first = open_alert(slow, city.here, 1, feed=True)
                second = open_alert(fast, city.here, 2, feed=True)
                fast.commit()
                heard = await the_next(events, "alert")
                assert heard.value["finding_id"] == str(second), "the other is still being written"
            async with follow(client, heard.id) as events:  # the tab comes back with the id it has
                slow.commit()
                assert (await the_next(events, "alert")).value["finding_id"] == str(first)


@pytest.mark.parametrize("forgotten", ["here", "elsewhere"])
async def test_a_forgotten_transaction_holds_no_stream_up(
    city: City, served: Served, postgres_server: LocalStack, forgotten: str
) -> None:
    dsn = city.database.admin if forgotten == "here" else postgres_server.dsn(postgres.SUPERUSER, "postgres")
    with psycopg.connect(dsn) as other:
        other.execute("SELECT pg_current_xact_id()")
        async with session(served, "here") as client, follow(client) as events:
            await the_next(events, "ready")
            with psycopg.connect(city.database.sinks) as sinks:
                finding = open_alert(sinks, city.here, 1, feed=True)
            assert (await the_next(events, "alert")).value["finding_id"] == str(finding)


async def test_a_cursor_moves_although_nothing_was_for_it(city: City, served: Served) -> None:
    """Or a quiet grid would read the whole day's feed at each wake, and again whenever its page comes back."""
    async with session(served, "here") as client, client.stream("GET", "/stream") as answer:
        ids: list[int] = []
        kinds: set[str] = set()
        async with asyncio.timeout(PATIENCE):
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    kinds.add(value)
                if name == "id":
                    if not ids:
                        with psycopg.connect(city.database.sinks) as sinks:
                            for turn in range(5):
                                open_alert(sinks, city.there, turn, feed=True)
                    ids.append(int(value))
                    if ids[-1] >= ids[0] + 5:
                        break
    assert kinds <= {"ready", "freshness"}


async def test_a_stream_that_is_behind_says_so_and_says_when_it_no_longer_is(city: City, served: Served) -> None:
    async with session(served, "here") as client, follow(client) as events:
        await the_next(events, "ready")
        with psycopg.connect(city.database.sinks) as sinks:  # as a writer that commits late writes it
            finding = open_alert(sinks, city.here, 1)
            sinks.execute(
                "INSERT INTO city.feed (kind, key, place, domain, at) "
                "VALUES ('alert', %s, %s, 'benefits', now() - interval '30 seconds')",
                (str(finding), city.here.grid),
            )
            sinks.execute("NOTIFY city_feed")
        assert float(str((await the_next(events, "behind", "alert")).value["seconds"])) >= 30
        assert (await the_next(events, "behind", "alert")).value["finding_id"] == str(finding)
        with psycopg.connect(city.database.sinks) as sinks:
            open_alert(sinks, city.here, 1, feed=True)
        assert (await the_next(events, "behind", "alert")).value == {"seconds": 0.0}


async def test_a_stream_that_may_hear_of_nothing_says_so_until_it_hears_again(
    city: City, served: Served, postgres_server: LocalStack
) -> None:
    """The reader of the feed has lost its connection and gets no other one; those of the requests are still good."""
    readers = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s AND query LIKE %s"
    async with session(served, "here") as client, follow(client) as events:
        await the_next(events, "ready")
        with psycopg.connect(postgres_server.dsn(postgres.SUPERUSER, "postgres"), autocommit=True) as admin:
            name = sql.Identifier(city.database.name)
            admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
            assert admin.execute(readers, (city.database.name, "%city.read_feed%")).fetchall()
            first = float(str((await the_next(events, "behind")).value["seconds"]))
            assert first >= 2
            assert float(str((await the_next(events, "behind")).value["seconds"])) > first, "it counts on"
            admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))
        with psycopg.connect(city.database.sinks) as sinks:
            finding = open_alert(sinks, city.here, 1, feed=True)
        while (event := await the_next(events, "behind", "alert", "ended")).value != {"seconds": 0.0}:
            assert event.kind == "behind"
        assert (await the_next(events, "alert")).value["finding_id"] == str(finding)


def test_only_streams_that_a_line_concerns_are_woken() -> None:
    grid = f"{HERE}001001"
    watch = FeedWatch("")
    with ExitStack() as stack:
        ears = {
            name: stack.enter_context(watch.listening(scope, domains))
            for name, scope, domains in (
                ("city", "", None), ("district", HERE[:6], None), ("street", HERE, None), ("grid", grid, None),
                ("other street", THERE, None), ("calls", grid, ["sos"]), ("benefits", "", ["benefits"]),
                ("nothing", "", []),
            )
        }  # fmt: skip

        def woken(*lines: tuple[int, str, str]) -> set[str]:
            for ear in ears.values():
                ear.touched = False
            watch.hear(lines)
            return {name for name, ear in ears.items() if ear.touched}

        assert woken((1, grid, "benefits")) == {"city", "district", "street", "grid", "benefits"}
        assert woken((2, HERE[:6], "sos")) == {"city", "district"}
        assert woken((3, "city", "housing")) == {"city"}
        assert woken((4, THERE + "001001", "sos"), (5, grid, "sos")) == ears.keys() - {"benefits", "nothing"}
        assert watch.position == 5
    assert watch.hear([(6, grid, "sos")]) == 1, "nobody is left"


async def test_last_event_id_misses_nothing_and_repeats_nothing(city: City, served: Served) -> None:
    async with session(served, "here") as client:
        async with follow(client) as events:
            last = (await the_next(events, "ready")).id
        heard: list[object] = []
        opened: list[str] = []
        for turn in range(4):
            with psycopg.connect(city.database.sinks, autocommit=True) as sinks:
                opened += [str(open_alert(sinks, city.here, turn, feed=True)) for _ in range(3)]
            async with follow(client, last) as events:
                for _ in range(2 if turn < 3 else 6):  # the connection breaks before all was heard
                    event = await the_next(events, "alert")
                    heard.append(event.value["finding_id"])
                    last = event.id
    assert heard == opened


async def test_a_cursor_of_nowhere_or_before_the_sweep_is_told_to_read_again(city: City, served: Served) -> None:
    with psycopg.connect(city.database.sinks) as sinks:
        say(sinks, "alert", str(city.here.findings[0]), f"{HERE}001001")
    async with session(served, "here") as client:
        for cursor in ("1-1", "9000000000000000000-1", "900000000000000000"):
            async with follow(client, cursor) as events:
                assert (await the_next(events, "reset", "alert")).kind == "reset"
        async with follow(client, "' OR 1=1") as events:  # none of ours: a stream from now on
            assert (await the_next(events, "ready")).id


async def test_a_disabled_account_hears_nothing_more(city: City, served: Served) -> None:
    async with session(served, "here") as client, follow(client) as events:
        await the_next(events, "ready")
        disable(city.database.owner, "here")
        assert (await the_next(events, "ended", "alert")).kind == "ended"
        with pytest.raises(AssertionError, match="the stream ended"):
            await the_next(events, "alert", "task")
        assert (await client.get("/stream")).status_code == 401


async def test_streams_are_bounded_and_give_their_place_back(city: City, served: Served) -> None:
    served.app.state.places.most_of_one = 1
    async with session(served, "here") as client:
        async with follow(client) as events:
            await the_next(events, "ready")
            refused = await client.get("/stream")
            assert refused.status_code == 503
            assert refused.json()["type"].endswith(":streams-full")
        async with asyncio.timeout(PATIENCE):
            while served.app.state.places.taken.total():  # noqa: ASYNC110 # a counter has no event
                await asyncio.sleep(0.01)
        async with follow(client) as events:
            await the_next(events, "ready")


async def test_all_streams_of_a_process_share_one_listener(city: City, served: Served) -> None:
    async with session(served, "here") as client, follow(client) as one, follow(client) as two, follow(client) as three:
        for events in (one, two, three):
            await the_next(events, "ready")
        with psycopg.connect(city.database.admin) as admin:
            listening = admin.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'citygrid_api' "
                "AND (query LIKE 'LISTEN%' OR query LIKE '%read_feed%')"
            ).fetchone()
        assert listening == (1,)


async def test_freshness_is_streamed(city: City, served: Served) -> None:
    async with session(served, "department") as client, follow(client) as events:
        assert (await the_next(events, "freshness")).value["stale"] is False
        with psycopg.connect(city.database.sinks) as sinks:
            sinks.execute("UPDATE city.freshness SET last_event_at = now() - interval '1 day'")
        assert (await the_next(events, "freshness")).value["stale"] is True
