"""Case 20: PostgreSQL was restarted and is back; no request fails for a connection that died meanwhile."""

from __future__ import annotations

import asyncio

import psycopg

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
