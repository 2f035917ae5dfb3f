"""Streams that wait at once are answered by one statement: each as itself, and none because of another."""

from __future__ import annotations

import asyncio

import httpx
import psycopg
import pytest
from psycopg_pool import PoolTimeout

from api import news
from api.news import NewsReader
from tests.integration.api.test_api_stream import PATIENCE, follow, session, the_next
from tests.integration.api.two_streets import City, LogIn, Served, open_alert

FIRST, ALL = 0, 1 << 62


def token_of(client: httpx.AsyncClient) -> str:
    (token,) = client.cookies.values()
    return token


def keys(row: dict[str, object]) -> set[str]:
    lines = row["lines"]
    assert isinstance(lines, list)
    return {line["key"] for line in lines}


@pytest.fixture
def told(city: City) -> tuple[str, str]:
    """An alert here and one there, both read by the feed's reader."""
    with psycopg.connect(city.database.sinks, autocommit=True) as sinks:
        found = tuple(str(open_alert(sinks, street, 1, feed=True)) for street in (city.here, city.there))
    with psycopg.connect(city.database.api, autocommit=True) as api:
        api.execute("SELECT city.read_feed(0, 1000)")
    return found[0], found[1]


async def test_each_reads_under_its_own_session_and_leaves_its_own_look(
    city: City, log_in: LogIn, told: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "READERS", 1)  # so that they do wait together
    names = ["here", "there", "here", "nobody", "there"] * 15
    tokens = {name: token_of(await log_in(name)) for name in ("here", "there")} | {"nobody": "x" * 43}
    async with NewsReader(city.database.api, 200).running() as reader:
        rows = await asyncio.gather(*(reader.news(tokens[name], FIRST, ALL) for name in names))
    for name, row in zip(names, rows, strict=True):
        if name == "nobody":
            assert (row["account"], row["lines"]) == (None, None)
        else:
            assert keys(row) & set(told) == {told[name == "there"]}
    with psycopg.connect(city.database.admin) as admin:
        looks = admin.execute(
            "SELECT DISTINCT name, key FROM audit.look, unnest(keys) key WHERE view = 'alert' AND key = ANY (%s)",
            (list(told),),
        ).fetchall()
    assert sorted(looks) == sorted([("here", told[0]), ("there", told[1])])


async def test_what_one_cannot_be_told_the_others_are(city: City, log_in: LogIn, told: tuple[str, str]) -> None:
    token = token_of(await log_in("here"))
    async with NewsReader(city.database.api, 200).running() as reader:
        asked = [reader.news(token, FIRST, until) for until in (ALL, 1 << 70, ALL)]
        first, refused, last = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(refused, psycopg.Error)
    for row in (first, last):
        assert isinstance(row, dict)
        assert told[0] in keys(row)


async def test_a_stream_outlives_the_connections_that_answer_it(city: City, served: Served) -> None:
    async with session(served, "here") as client, follow(client) as events:
        await the_next(events, "ready")
        with psycopg.connect(city.database.admin, autocommit=True) as admin:
            ended = admin.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE application_name = 'api-news' AND datname = current_database()"
            ).fetchone()
            assert ended == (news.READERS,)
        with psycopg.connect(city.database.sinks) as sinks:
            finding = open_alert(sinks, city.here, 1, feed=True)
        assert (await the_next(events, "alert")).value["finding_id"] == str(finding)


async def test_a_stream_outlives_a_time_in_which_requests_have_every_connection(
    city: City, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = served.app.state.pool
    asked = asyncio.Event()

    async def refused(*_: object, **__: object) -> None:
        asked.set()
        raise PoolTimeout("all are at work")

    async with session(served, "here") as client, follow(client) as events:
        await the_next(events, "ready")
        with monkeypatch.context() as busy:
            busy.setattr(pool, "getconn", refused)
            async with asyncio.timeout(PATIENCE):
                await asked.wait()
            with psycopg.connect(city.database.sinks) as sinks:
                finding = open_alert(sinks, city.here, 1, feed=True)
            assert (await the_next(events, "alert")).value["finding_id"] == str(finding)
