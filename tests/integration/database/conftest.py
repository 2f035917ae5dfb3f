from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.conftest import Database
from tests.integration.database.world import World


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    with psycopg.connect(database.admin, autocommit=True, row_factory=psycopg.rows.dict_row) as admin:
        made = World(database, admin)
        yield made
        made.close()
