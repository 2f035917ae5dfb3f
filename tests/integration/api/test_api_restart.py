"""Case 20: PostgreSQL was restarted or away and is back; no request fails for a connection that died meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from tests.integration.api.two_streets import City, LogIn


async def test_after_the_database_restarted_no_request_fails(city: City, log_in: LogIn) -> None:
    client = await log_in("worker")
    answers: list[int] = []
    for _ in range(3):
        await asyncio.gather(*(client.get("/summary") for _ in range(8)))  # several connections
        with psycopg.connect(city.database.admin, autocommit=True) as admin:
            ended = admin.execute(
                "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = %s AND usename = 'citygrid_api'",
                (city.database.name,),
            ).fetchone()
        assert ended is not None
        assert ended[0] > 0
        answers += [(await client.get("/summary")).status_code for _ in range(12)]
        answers += [one.status_code for one in await asyncio.gather(*(client.get("/tasks") for _ in range(8)))]
    assert set(answers) == {200}


@contextmanager
def away(city: City) -> Iterator[None]:
    """Nobody gets into the city's database for the block, as while PostgreSQL is stopped."""
    name = sql.Identifier(city.database.name)
    with psycopg.connect(city.database.admin, dbname="postgres", autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        try:
            admin.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (city.database.name,)
            )
            yield
        finally:
            admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))


async def test_however_long_the_database_was_away_the_first_request_after_it_is_answered(
    city: City, log_in: LogIn
) -> None:
    client = await log_in("worker")
    with away(city):
        refused = [(await client.get("/summary")).status_code for _ in range(4)]  # each waits 5 s for a connection
    answered = [one.status_code for one in await asyncio.gather(*(client.get("/summary") for _ in range(8)))]
    assert (set(refused), set(answered)) == ({503}, {200})
