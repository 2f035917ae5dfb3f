"""A transaction that somebody left open is told, wherever on the server it is; whose it is, nobody learns by it."""

from __future__ import annotations

import time

import psycopg
import pytest

from database.open_transactions import oldest
from local.stack import postgres
from local.stack.local import LocalStack
from tests.conftest import Database

OPEN_S = 0.3


def test_the_oldest_transaction_here_and_elsewhere(database: Database, postgres_server: LocalStack) -> None:
    with psycopg.connect(database.sinks, autocommit=True) as sinks:
        assert oldest(sinks).city < OPEN_S, "idle connections, and the one that asks, have none open"
        with psycopg.connect(database.owner) as reader, psycopg.connect(postgres_server.dsn(postgres.SUPERUSER)) as far:
            for connection in (reader, far):
                connection.execute("SELECT 1")  # it has written nothing, and holds back what is to be cleared away
            time.sleep(OPEN_S)  # the age that is asked for
            assert oldest(sinks) >= (OPEN_S, OPEN_S)
        assert oldest(sinks).city < OPEN_S


@pytest.mark.parametrize("role", ["api", "doors", "owner"])
def test_nobody_but_the_sinks_asks(database: Database, role: str) -> None:
    with psycopg.connect(getattr(database, role)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT * FROM audit.oldest_transactions()")
