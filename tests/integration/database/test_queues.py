"""A queue is a place and a domain: who is limited to a button's domain sees, claims and is told of its calls only."""

from __future__ import annotations

import uuid

import pytest

from tests.integration.database import moves
from tests.integration.database.world import GRID_A, OTHER_DISTRICT, World

BUTTONS = ("sos", "doctor", "housekeeper")


@pytest.fixture
def calls(world: World) -> dict[str, uuid.UUID]:
    """One call of each button at one address, beside a lease's visit; domain → task."""
    world.place("d1", GRID_A)
    findings = {
        button: world.alert(
            "d1",
            rule=f"button-{button}",
            domain=button,
            view="resident",
            subject=f"k1.{button}",
            cause=f"call-{button}",
        )
        for button in BUTTONS
    }
    findings["housing"] = world.alert("d1")
    return {domain: world.tasks(finding)[0]["id"] for domain, finding in findings.items()}


def seen(world: World, token: str) -> dict[str, set[str]]:
    """What the account sees of alerts, tasks and the feed, by domain."""
    with world.as_reader(token) as connection:
        return {
            table: {row[0] for row in connection.execute(f"SELECT domain FROM city.{table} WHERE domain IS NOT NULL")}
            for table in ("alert", "task", "feed")
        }


@pytest.mark.parametrize("button", BUTTONS)
@pytest.mark.parametrize("scope", [GRID_A, GRID_A[:12], GRID_A[:6], ""])
def test_an_account_of_a_domain_sees_the_queue_of_its_button_and_place(
    world: World, calls: dict[str, uuid.UUID], button: str, scope: str
) -> None:
    token = world.account("grid_worker", scope, [button])
    assert seen(world, token) == {"alert": {button}, "task": {button}, "feed": {button}}
    with world.as_account(token) as connection:
        assert moves.act(connection, calls[button], "claim")["id"] == calls[button]
        for other in calls.keys() - {button}:
            with pytest.raises(moves.NoSuchTask), connection.transaction():
                moves.act(connection, calls[other], "acknowledge")


def test_an_account_without_a_limit_sees_all_of_its_place_and_one_elsewhere_none(
    world: World, calls: dict[str, uuid.UUID]
) -> None:
    assert seen(world, world.account("grid_worker", GRID_A))["task"] == calls.keys()
    assert seen(world, world.account("grid_worker", OTHER_DISTRICT, ["doctor"]))["task"] == set()
    assert seen(world, world.account("command_centre", "440113", ["sos", "doctor"]))["task"] == {"sos", "doctor"}
