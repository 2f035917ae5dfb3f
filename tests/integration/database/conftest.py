from __future__ import annotations

import pytest

from tests.conftest import Database
from tests.integration.database.world import World


@pytest.fixture
def world(database: Database) -> World:
    return World(database)
