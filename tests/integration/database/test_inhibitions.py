"""Pairs of inhibition are changed by a command: what that hides or shows again is settled at once."""

from __future__ import annotations

import threading
import uuid

import psycopg
import pytest

from database import inhibitions
from database.inhibitions import Pair, PairsRefused
from tests.integration.database.test_noise import BUILDING, FLAT, standing
from tests.integration.database.world import GRID_A, World

PAIR = Pair("facility-danger", "newly-let")
ALWAYS = Pair("warned-door", "warned-door")


@pytest.fixture
def house(world: World) -> tuple[World, uuid.UUID, uuid.UUID]:
    """A building with an alert of the first rule, and a flat of it with one of the second."""
    for dwelling in (BUILDING, FLAT):
        world.place(dwelling, GRID_A)
    return world, world.alert(BUILDING, rule=PAIR.rule), world.alert(FLAT, rule=PAIR.inhibits)


def test_a_pair_hides_what_is_open_and_shows_it_again(house: tuple[World, uuid.UUID, uuid.UUID]) -> None:
    world, building, flat = house
    assert standing(world, flat) == (None, ["dispatched"])
    inhibitions.add(world.database.owner, PAIR)
    assert inhibitions.pairs(world.database.owner) == [PAIR, ALWAYS]
    assert standing(world, flat) == (building, ["closed"])
    assert standing(world, building) == (None, ["dispatched"])
    inhibitions.end(world.database.owner, PAIR)
    assert standing(world, flat) == (None, ["closed", "dispatched"])


def test_what_somebody_has_claimed_stays_in_sight(house: tuple[World, uuid.UUID, uuid.UUID]) -> None:
    world, _, flat = house
    with world.as_account(world.account("grid_worker", GRID_A)) as worker:
        worker.execute("SELECT city.act(%s, 'claim')", (world.tasks(flat)[0]["id"],))
    inhibitions.add(world.database.owner, PAIR)
    assert standing(world, flat) == (None, ["dispatched"])


def test_a_file_is_the_whole_list(house: tuple[World, uuid.UUID, uuid.UUID]) -> None:
    world, building, flat = house
    assert inhibitions.load(world.database.owner, f"inhibits,rule\n{PAIR.inhibits},{PAIR.rule}\n".encode()) == 1
    assert inhibitions.pairs(world.database.owner) == [PAIR]
    assert standing(world, flat) == (building, ["closed"])
    assert inhibitions.load(world.database.owner, b"rule,inhibits\n") == 0
    assert standing(world, flat) == (None, ["closed", "dispatched"])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"rule\nwarned-door\n", "columns"),
        (b"rule,inhibits\nwarned-door\n", "line 2"),
        (b"rule,inhibits\nwarned-door,no-such\n", "no-such"),
        (b"rule,inhibits\nwarned-door,button-sos\n", "call for help"),
        (b"\xff\xff", "GB 18030"),
        (b"", "columns"),
    ],
)
def test_a_wrong_list_is_refused_and_changes_nothing(world: World, content: bytes, why: str) -> None:
    with pytest.raises(PairsRefused, match=why):
        inhibitions.load(world.database.owner, content)
    assert inhibitions.pairs(world.database.owner) == [ALWAYS]


def test_pairs_that_are_there_or_not_are_said(world: World) -> None:
    with pytest.raises(PairsRefused, match="already"):
        inhibitions.add(world.database.owner, ALWAYS)
    with pytest.raises(PairsRefused, match="does not inhibit"):
        inhibitions.end(world.database.owner, PAIR)


def test_an_alert_that_is_being_written_is_not_missed(house: tuple[World, uuid.UUID, uuid.UUID]) -> None:
    """A sink that began before the pair came has it as it was: the command waits, and settles what was written."""
    world, building, _ = house
    other = f"{BUILDING}-102"
    world.place(other, GRID_A)
    adding = threading.Thread(target=inhibitions.add, args=(world.database.owner, PAIR))

    def meanwhile() -> None:
        adding.start()
        _until_somebody_waits(world)

    flat = world.alert(other, rule=PAIR.inhibits, meanwhile=meanwhile)
    adding.join(10)
    assert not adding.is_alive()
    assert standing(world, flat) == (building, ["closed"])


def _until_somebody_waits(world: World) -> None:
    waiting = (
        "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation"
        " WHERE c.relname = 'inhibition' AND NOT l.granted"
    )
    with psycopg.connect(world.database.admin, autocommit=True) as admin:
        for _ in range(500):
            row = admin.execute(waiting).fetchone()
            if row and row[0]:
                return
            admin.execute("SELECT pg_sleep(0.01)")
    raise AssertionError("the command did not wait for the sink")
