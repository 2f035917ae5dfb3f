"""What a page costs PostgreSQL at 10,000 open alerts and a million tasks of history, and in a city that has begun: no
statement reads a table whole, and each reaches a bounded number of rows. How long that takes is measured by
`bench/lists.py`."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from bench import crowded
from bench.lists import LINES, LIST, Ask, asks
from local.stack import postgres
from local.stack.local import LocalStack
from tests.databases import drop_database

NUMBERS_OF_THE_HEAD = 12
OPEN_ALERTS = 10_000
TASKS_OF_HISTORY = {"year": 1_000_000, "week": 10_000}
"""Plans are made by the sizes of tables and indexes alone: another history is another plan."""
BIG = ("alert", "task")


@pytest.fixture(scope="module", params=TASKS_OF_HISTORY)
def city(postgres_server: LocalStack, migrated_template: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a database with such a city."""
    name, port = "crowded", postgres_server.ports.postgres
    postgres.make_database(
        port, postgres_server.passwords, name, "citygrid_owner", postgres.USERS, template=migrated_template
    )
    try:
        crowded.fill(postgres_server.dsn(postgres.SUPERUSER, name), OPEN_ALERTS, TASKS_OF_HISTORY[request.param])
        yield name
    finally:
        drop_database(port, postgres_server.passwords, name)


@pytest.fixture(scope="module")
def worker(postgres_server: LocalStack, city: str) -> str:
    with psycopg.connect(postgres_server.dsn(postgres.SUPERUSER, city)) as admin:
        return str(admin.execute("SELECT id FROM city.account WHERE name = 'worker'").fetchall()[0][0])


SCOPES = {"city": "", "district": crowded.DISTRICT, "street": crowded.STREET, "grid": crowded.GRID}


@pytest.mark.parametrize("of", SCOPES)
def test_each_statement_of_a_page_reads_by_an_index(
    postgres_server: LocalStack, city: str, worker: str, of: str
) -> None:
    whole, far = {}, {}
    with psycopg.connect(postgres_server.dsn(postgres.SUPERUSER, city)) as admin:
        token = crowded.account(admin, f"test-{of}", "command_centre", SCOPES[of])[1]
    with psycopg.connect(postgres_server.dsn(postgres.SUPERUSER, city)) as admin:
        for ask in asks(SCOPES[of], worker):
            scans, reached = _reached(admin, token, ask)
            if scans:
                whole[ask.name] = scans
            if reached > _most(ask, of):
                far[ask.name] = reached
    assert (whole, far) == ({}, {})


def _most(ask: Ask, of: str) -> int:
    """Rows of alerts and tasks that a statement may reach: a page in the list's own order some pages, what is narrowed
    or counted what is open, the head once for each of its numbers; history never more than what a page leaves out."""
    if (
        ask.statement in (LIST, LINES)
        and ask.values["wanted"].obj == {"zone": "Asia/Shanghai"}
        and of in ("city", "district")
    ):
        return 1_000
    return (NUMBERS_OF_THE_HEAD if ask.name.startswith("head") else 4) * OPEN_ALERTS


def _reached(admin: psycopg.Connection, token: str, ask: Ask) -> tuple[int, int]:
    """Whole tables that the statement read, and rows of alerts and tasks that it reached."""
    before = _counted(admin)
    admin.execute("SET LOCAL ROLE citygrid_api")
    admin.execute("SELECT city.enter(%s)", (token,))
    admin.execute(ask.statement.encode(), ask.values).fetchall()
    admin.execute("RESET ROLE")
    after = _counted(admin)
    admin.rollback()
    return after[0] - before[0], after[1] - before[1]


def _counted(admin: psycopg.Connection) -> tuple[int, int]:
    row = admin.execute(
        "SELECT coalesce(sum(seq_scan), 0), coalesce(sum(seq_tup_read), 0) + coalesce(sum(idx_tup_fetch), 0) "
        "FROM pg_stat_xact_user_tables WHERE schemaname = 'city' AND relname = ANY (%s)",
        (list(BIG),),
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])
