"""Real parts for the tests: Kafka, the schema registry and PostgreSQL, each started when the first test asks for it.

A test takes what it needs: `kafka`, `registry` (addresses), `postgres_server`, `prefix` (fresh topic names), `database`
(a fresh database with all migrations), or `settings`, which has all of it. Several test processes share one stack,
which begins to start before the first test. With `CITYGRID_TEST_STACK=/path/citygrid.env` they use a stack that runs
already (`python -m local.stack.dev start`).
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import psycopg
import pytest
from confluent_kafka.admin import AdminClient

from database import service_calendar
from database.migrate import migrate
from local.stack import downloads, postgres
from local.stack.children import Child, Program, start
from local.stack.local import LocalStack, PartName, Ports, stop
from runtime.settings import CHECKOUT, Settings, load
from tests.databases import drop_database

hypothesis.settings.register_profile("others every time", deadline=None, derandomize=False, print_blob=True)
hypothesis.settings.load_profile("others every time")  # Hypothesis has a profile for CI in which every run is the same


PARTITIONS = 2
"""Of each topic of a test: enough to tell them apart, and a broker makes 250 logs for all topics."""


@dataclass(frozen=True)
class Database:
    """A database of one test: the connection strings of each role to it."""

    name: str
    owner: str
    sinks: str
    api: str
    doors: str
    admin: str


class Stack:
    """The local stack of this test session; `need` starts a part once."""

    def __init__(self, local: LocalStack, started_here: bool) -> None:
        self.local = local
        self._started_here = started_here
        self._children: dict[PartName, Child] = {}

    def need(self, *names: PartName) -> LocalStack:
        """The stack with these parts running and ready."""
        if self._started_here:
            self._children.update(self.local.start(names, beside=self._children))
        return self.local

    def stop(self) -> None:
        gc.collect()  # clients in reference cycles would still complain, after the last line, of a broker that is gone
        stop(self._children)


HOLDER = pytest.StashKey[Child]()
"""The process that holds the stack of all test processes; only the one that starts them has it."""
SHARED_STACK_SECONDS = 180


def pytest_configure(config: pytest.Config) -> None:
    """Begin to start the stack that the test processes share: their first tests need none."""
    # Outside of the shifts that are named, one of eight hours begins: so a route that a test plans does not run out of
    # time because the tests run in the last hour of the working day.
    os.environ.setdefault("CITYGRID_SHIFT_HOURS", "03:00-03:01")
    starts_processes = getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput")
    if not starts_processes or "CITYGRID_TEST_STACK" in os.environ:
        return
    if not any("integration" in argument or "e2e" in argument for argument in config.args):
        return
    folder = Path(tempfile.mkdtemp(prefix="citygrid-tests-"))
    command = (sys.executable, "-m", "local.stack.dev", "hold", "--folder", str(folder), "--throwaway")
    holder = Program("test stack", command, CHECKOUT, folder / "dev.log", dies_by=signal.SIGTERM)  # it clears up
    config.stash[HOLDER] = start(holder)
    os.environ["CITYGRID_TEST_STACK"] = str(folder / "citygrid.env")


def pytest_collection() -> None:
    """What is imported and collected stays: to look through it for garbage, again and again, would be for nothing."""
    gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the shared stack."""
    if (holder := config.stash.get(HOLDER, None)) is not None:
        holder.stop(60)
        shutil.rmtree(Path(os.environ.pop("CITYGRID_TEST_STACK")).parent, ignore_errors=True)


def _shared_stack(env_file: Path) -> Path:
    """`env_file`, once the stack that it describes is ready."""
    deadline = time.monotonic() + SHARED_STACK_SECONDS
    while not (env_file.parent / "ready").exists():
        log = env_file.parent / "dev.log"
        assert time.monotonic() < deadline, f"the test stack did not start: {log.read_text()[-2000:]}"
        time.sleep(0.1)
    return env_file


@pytest.fixture(scope="session")
def stack_parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The session's stack, nothing of it started yet."""
    running = os.environ.get("CITYGRID_TEST_STACK")
    if running:
        known = load(_shared_stack(Path(running)))
        yield Stack(LocalStack(known.state_dir, Ports.of(known), downloads.folder(None)), started_here=False)
        return
    folder = tmp_path_factory.mktemp("stack")
    stack = Stack(LocalStack(folder, Ports.free(), downloads.folder(Settings().downloads_dir)), started_here=True)
    yield stack
    stack.stop()


@pytest.fixture(scope="session")
def stack(stack_parts: Stack) -> LocalStack:
    """All three parts, ready."""
    return stack_parts.need("postgres", "kafka", "registry")


@pytest.fixture(scope="session")
def kafka(stack_parts: Stack) -> str:
    """The broker's `host:port`."""
    return stack_parts.need("kafka").address("kafka")


@pytest.fixture(scope="session")
def registry(stack_parts: Stack) -> str:
    """The root of the registry's Confluent-compatible API."""
    return stack_parts.need("registry").address("registry")


@pytest.fixture(scope="session")
def postgres_server(stack_parts: Stack) -> LocalStack:
    """The stack with PostgreSQL ready: `.dsn(role, database)`, `.passwords`, `.ports.postgres`."""
    return stack_parts.need("postgres")


@pytest.fixture
def prefix() -> str:
    """What every topic, group and subject of this test begins with."""
    return f"t{uuid.uuid4().hex[:10]}."


@contextmanager
def migrated(server: LocalStack) -> Iterator[str]:
    """The name of a database with all migrations, to be copied; dropped in the end."""
    name = f"template_{uuid.uuid4().hex[:10]}"
    port, passwords = server.ports.postgres, server.passwords
    postgres.make_database(port, passwords, name, "citygrid_owner", postgres.USERS)
    try:
        migrate(server.dsn("citygrid_owner", name))
        with psycopg.connect(server.dsn("citygrid_sinks", name)) as sinks:
            service_calendar.learn(sinks, Settings(_env_file=None).office_hours)
        yield name
    finally:
        drop_database(port, passwords, name)


@contextmanager
def copied(server: LocalStack, template: str) -> Iterator[Database]:
    """A copy of a migrated database; dropped in the end."""
    name = f"test_{uuid.uuid4().hex[:10]}"
    port, passwords = server.ports.postgres, server.passwords
    postgres.make_database(port, passwords, name, "citygrid_owner", postgres.USERS, template=template)
    roles = (f"citygrid_{role}" for role in ("owner", "sinks", "api", "doors"))
    owner, sinks, api, doors = (server.dsn(role, name) for role in roles)
    try:
        yield Database(name, owner, sinks, api, doors, server.dsn(postgres.SUPERUSER, name))
    finally:
        drop_database(port, passwords, name)


@pytest.fixture(scope="session")
def migrated_template(postgres_server: LocalStack) -> Iterator[str]:
    """The name of a database with all migrations, to be copied; none of the tests writes into it."""
    with migrated(postgres_server) as name:
        yield name


@pytest.fixture
def database(postgres_server: LocalStack, migrated_template: str) -> Iterator[Database]:
    """A database of this test only, with all migrations; dropped after it."""
    with copied(postgres_server, migrated_template) as made:
        yield made


@pytest.fixture
def pseudonym_key_file(tmp_path: Path) -> Path:
    """A key for identity numbers, of this test only."""
    file = tmp_path / "pseudonym.key"
    file.touch(mode=0o600)
    file.write_text("5a" * 32 + "\n")
    return file


def delete_topics(settings: Settings) -> None:
    """Delete the topics of a test: the broker's clocks, meters and garbage collector go through all that are there, and
    at the end of a run of all tests took ten times what the making of a test's topics takes."""
    admin = AdminClient(settings.kafka_client())
    ours = [topic for topic in admin.list_topics(timeout=30).topics if topic.startswith(settings.topic_prefix)]
    for deleted in (admin.delete_topics(ours, request_timeout=30) if ours else {}).values():
        deleted.result(30)


@pytest.fixture
def settings(
    stack: LocalStack, prefix: str, database: Database, pseudonym_key_file: Path, tmp_path: Path
) -> Iterator[Settings]:
    """Settings with which any process of ours runs on the session's stack, apart from every other test."""
    made = Settings(
        _env_file=None,
        state_dir=tmp_path / "state",
        kafka_bootstrap=stack.address("kafka"),
        partitions=PARTITIONS,
        registry_url=stack.address("registry"),
        topic_prefix=prefix,
        database_owner_dsn=database.owner,
        database_sinks_dsn=database.sinks,
        database_api_dsn=database.api,
        database_doors_dsn=database.doors,
        database_admin_dsn=database.admin,
        pseudonym_key_file=pseudonym_key_file,
    )
    yield made
    delete_topics(made)
