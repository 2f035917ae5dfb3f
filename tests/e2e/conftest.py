"""A city of two streets behind the real API and pages, on a real PostgreSQL, for tests with a browser."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import uvicorn

from database.accounts import Account, create
from processes.api_server import site
from runtime.settings import Settings
from tests.conftest import Database
from tests.integration.api.two_streets import DISTRICT, HERE, PASSWORD, THERE, Street, build

GRID = f"{HERE}001001"
READY_SECONDS = 20.0


@dataclass(frozen=True)
class ServedCity:
    """Where the pages are, and what is in the city."""

    url: str
    database: Database
    here: Street
    there: Street
    password: str = PASSWORD


@pytest.fixture
def served_city(database: Database, pseudonym_key_file: Path, tmp_path: Path) -> Iterator[ServedCity]:
    """Accounts `district` (command centre), `worker` and `colleague` (grid workers of one grid), one password."""
    for name, role, scope in (
        ("district", "command_centre", DISTRICT),
        ("worker", "grid_worker", GRID),
        ("colleague", "grid_worker", GRID),
    ):
        create(database.owner, Account(name, role, scope), PASSWORD)  # type: ignore[arg-type]
    with psycopg.connect(database.sinks) as sinks:
        here, there = build(sinks, HERE, 3), build(sinks, THERE, 4)
        for code, name_zh, name_en, column in (
            (DISTRICT, "番禺区", "Panyu", 0),
            (HERE, "市桥街道", "Shiqiao", 0),
            (THERE, "沙头街道", "Shatou", 1),
            (f"{HERE}001", "市桥街道先锋社区", "Xianfeng, Shiqiao", 0),
            (GRID, "先锋社区01网格", "Grid 01", 0),
        ):
            sinks.execute(
                "INSERT INTO city.grid_area (grid, name_zh, name_en, geometry) VALUES (%s, %s, %s, %s::jsonb)",
                (code, name_zh, name_en, json.dumps(square(113.34 + 0.04 * column, 22.92, 0.04))),
            )
        sinks.execute(
            "INSERT INTO city.freshness VALUES ('police.household-registration', 'police', now(), 3600), "
            "('transport.vehicle-registration', 'transport', now() - interval '3 days', 86400)"
        )
    settings = Settings(
        _env_file=None,
        state_dir=tmp_path,
        database_owner_dsn=database.owner,
        database_sinks_dsn=database.sinks,
        database_api_dsn=database.api,
        database_doors_dsn=database.doors,
        pseudonym_key_file=pseudonym_key_file,
    )
    with serving(settings) as url:
        yield ServedCity(url, database, here, there)


def square(lon: float, lat: float, side: float) -> dict[str, object]:
    """A GeoJSON polygon with its south-west corner at `lon`, `lat` (degrees, WGS 84)."""
    ring = [[lon, lat], [lon + side, lat], [lon + side, lat + side], [lon, lat + side], [lon, lat]]
    return {"type": "Polygon", "coordinates": [ring]}


class serving:  # noqa: N801 # read as a verb
    """The API and the pages on a free port of this machine, in a thread of their own, for the length of a `with`."""

    def __init__(self, settings: Settings) -> None:
        self._listening = socket.socket()
        self._listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(site(settings), log_level="warning", timeout_graceful_shutdown=2)
        self._server = uvicorn.Server(config)
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pages", daemon=True)

    def __enter__(self) -> str:
        startup = self._server.startup

        async def then_say(sockets: list[socket.socket] | None = None) -> None:
            await startup(sockets)
            self._started.set()

        self._server.startup = then_say  # type: ignore[method-assign]
        self._thread.start()
        assert self._started.wait(READY_SECONDS), "the API did not start: look at the log above"
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def __exit__(self, *raised: object) -> None:
        self._server.should_exit = True
        self._thread.join(READY_SECONDS)
        self._listening.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._listening])
