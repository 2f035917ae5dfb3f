"""The API on a real PostgreSQL, with a city of two streets and an account for each kind of person."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psycopg
import pytest
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from database.accounts import create
from runtime.settings import Settings
from tests.conftest import Database
from tests.integration.api import two_streets
from tests.integration.api.two_streets import ACCOUNTS, DISTRICT, HERE, PASSWORD, THERE, City, LogIn, Served


@pytest.fixture
def api_settings(database: Database, pseudonym_key_file: Path, tmp_path: Path) -> Settings:
    """Settings of an API process; nothing but PostgreSQL is needed."""
    return Settings(
        _env_file=None,
        state_dir=tmp_path,
        database_owner_dsn=database.owner,
        database_sinks_dsn=database.sinks,
        database_api_dsn=database.api,
        pseudonym_key_file=pseudonym_key_file,
        api_requests_per_second=1000,
        hosts="citygrid.test,t",
        stream_recheck_seconds=0.3,
    )


@pytest.fixture
def city(database: Database) -> City:
    """Three alerts here, four there, and the accounts."""
    first, *others = ACCOUNTS
    create(database.owner, first, PASSWORD)
    with psycopg.connect(database.owner) as owner:
        for one in others:  # the same password and salt: argon2 for each would take most of the tests' time
            owner.execute(
                "INSERT INTO city.account (name, password_kdf, password_verifier, role, scope, domains, language) "
                "SELECT %s, password_kdf, password_verifier, %s, %s, %s, %s FROM city.account WHERE name = %s",
                (one.name, one.role, one.scope, list(one.domains) if one.domains else None, one.language, first.name),
            )
    with psycopg.connect(database.sinks) as sinks:
        here = two_streets.build(sinks, HERE, 3)
        there = two_streets.build(sinks, THERE, 4)
        for code, name in ((DISTRICT, "番禺区"), (HERE, "甲街"), (THERE, "乙街")):
            sinks.execute(
                "INSERT INTO city.grid_area (grid, name_zh, name_en, geometry) VALUES (%s, %s, %s, %s::jsonb)",
                (
                    code,
                    name,
                    name,
                    '{"type": "Polygon", "coordinates": [[[113, 22], [114, 22], [114, 23], [113, 22]]]}',
                ),
            )
        sinks.execute("INSERT INTO city.freshness VALUES ('police.household-registration', 'police', now(), 3600)")
    return City(here, there, database)


@pytest.fixture
async def app(city: City, api_settings: Settings) -> AsyncIterator[FastAPI]:
    """The application, started."""
    made = create_app(api_settings)
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def anybody(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who has not logged in."""
    async with _client(app) as client:
        yield client


@pytest.fixture
async def log_in(app: FastAPI) -> AsyncIterator[LogIn]:
    """`await log_in("worker")`: a client with that account's session."""
    async with contextlib.AsyncExitStack() as clients:

        async def as_account(name: str) -> httpx.AsyncClient:
            client = await clients.enter_async_context(_client(app))
            answer = await client.post("/session", json={"name": name, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            return client

        yield as_account


def _client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://citygrid.test/api/v1")


@pytest.fixture
async def served(city: City, api_settings: Settings) -> AsyncIterator[Served]:
    """On a free port of this machine."""
    made = create_app(api_settings)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(made, log_level="warning", timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listening]))
        async with asyncio.timeout(20):
            while not server.started or not made.state.watch.connected.is_set():
                assert not running.done(), running.result()
                await asyncio.sleep(0.01)
        yield Served(f"http://127.0.0.1:{listening.getsockname()[1]}/api/v1", made)
        server.should_exit = True
        await running
