"""The doors on a real Kafka, registry and PostgreSQL, with a key for some departments."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest
from fastapi import FastAPI

from local.stack.local import LocalStack
from producers.doors import key_register as keys
from producers.doors.app import create_app
from runtime.settings import Settings
from tests.conftest import PARTITIONS, delete_topics
from tests.integration.doors.statements import PRESSES, SWIPES, TENANCY, begin
from tests.schemas import register_schemas
from wire.topics import ensure_topics


@pytest.fixture(scope="module")
def wire(stack: LocalStack) -> Iterator[str]:
    """The prefix of topics and schemas that all tests of a module share: making all of them takes seconds."""
    prefix = f"t{uuid.uuid4().hex[:10]}."
    shared = Settings(
        _env_file=None,
        kafka_bootstrap=stack.address("kafka"),
        registry_url=stack.address("registry"),
        topic_prefix=prefix,
        partitions=PARTITIONS,
    )
    ensure_topics(shared)
    register_schemas(shared)
    yield prefix
    delete_topics(shared)


@pytest.fixture
def city(settings: Settings, wire: str) -> Settings:
    """Settings with topics and schemas ready, and a database of the test's own."""
    made = settings.model_copy(
        update={"topic_prefix": wire, "gateway_requests_per_second": 1000.0, "hosts": "gateway.test"}
    )
    begin(made, (TENANCY, SWIPES, PRESSES))
    return made


@pytest.fixture
async def app(city: Settings) -> AsyncIterator[FastAPI]:
    """The doors' application, started and ready."""
    async for made in running(city):
        yield made


async def running(settings: Settings) -> AsyncIterator[FastAPI]:
    """The application under `settings`, from its start to its end."""
    made = create_app(settings)
    async with made.router.lifespan_context(made):
        await ready(lambda: made.state.relay.trouble is None)
        yield made


async def ready(condition: Callable[[], bool], seconds: float = 120) -> None:
    """Return once `condition()`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


@pytest.fixture
async def housing(app: FastAPI, city: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody with a key of the housing department."""
    async with client_of(app, keys.create(city.dsn("owner"), "housing")) as client:
        yield client


def client_of(app: FastAPI, key: str | None = None) -> httpx.AsyncClient:
    """A client with a key, or without."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway.test/v1", headers=headers)
