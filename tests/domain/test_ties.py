"""What counts as later where times are equal: a table of kinds, the sequence, what is said; never a hash."""

from itertools import permutations
from typing import Any

import pytest

from domain.event import Event
from domain.facts import current
from domain.order import LAST, LIVES, MOMENTS
from domain.residents.values import Residence
from domain.time import DAY
from domain.views.resident import VIEW, Resident
from tests.domain.strategies import CONTRACTS
from tests.domain.test_laws import sample_of
from tests.golden.in_memory import ALL_VIEWS

NOON = 20_000 * DAY
LISTED = {kind for life in LIVES for kind in (*life.begins, *life.passes, *life.ends)} | MOMENTS | LAST
READ = [
    (view.name, contract.topic, kind)
    for view in ALL_VIEWS.values()
    for contract in CONTRACTS.values()
    if contract.subject == view.subject
    for kind in contract.kinds
    if not view.merge(view.row("a"), sample_of(contract, kind)).other
]


@pytest.mark.parametrize(("view", "topic", "kind"), READ)
def test_every_kind_that_a_view_reads_stands_in_the_table_of_beginnings_and_ends(
    view: str, topic: str, kind: str
) -> None:
    assert kind in LISTED, f"say in domain/order.py whether {kind} of {topic} begins, passes on or ends something"


def test_the_table_names_each_kind_once_and_none_that_is_not() -> None:
    named = [kind for life in LIVES for kind in (*life.begins, *life.passes, *life.ends)] + [*MOMENTS, *LAST]
    assert len(named) == len(set(named))
    assert set(named) <= {kind for contract in CONTRACTS.values() for kind in contract.kinds}


def stated(kind: str, record: str, change: dict[str, Any], *, at: int = NOON, **head: Any) -> Event:
    recorded_at = head.pop("recorded_at", at)
    event_id = head.pop("event_id", f"{kind} {record} {sorted(change.items())}")
    return Event(event_id, "police", "police.x", "a", record, at, recorded_at, False, kind, change)._replace(**head)


def moved_in(household: str, record: str, **head: Any) -> Event:
    change = {
        "name": "a", "sex": "male", "born": 1, "household": household, "dwelling": "D", "address": "b",
        "relation": "head", "collective": False,
    }  # fmt: skip
    return stated("MovedIn", record, change, **head)


def moved_out(household: str, record: str, **head: Any) -> Event:
    return stated("MovedOut", record, {"household": household, "destination": None}, **head)


def row_of(*events: Event) -> Resident:
    """The row after the events in any order: the same in all."""
    rows = []
    for order in permutations(events):
        row = VIEW.row("a")
        for event in order:
            row = VIEW.merge(row, event)
        rows.append(row)
    assert all(row == rows[0] for row in rows)
    resident: Resident = rows[0]
    return resident


def lives_in(*events: Event) -> str | None:
    return row_of(*events).household


@pytest.mark.parametrize("flip", [False, True])
def test_who_leaves_one_household_and_arrives_in_another_on_one_day_lives_in_the_other(flip: bool) -> None:
    ids = ("z", "a") if flip else ("a", "z")
    before = moved_in("H-old", "1", at=NOON - 900 * DAY)
    assert (
        lives_in(before, moved_out("H-old", "2", event_id=ids[0]), moved_in("H-new", "3", event_id=ids[1])) == "H-new"
    )


@pytest.mark.parametrize("ids", [("a", "z"), ("z", "a")])
def test_between_records_the_beginning_wins(ids: tuple[str, str]) -> None:
    assert lives_in(moved_out("H", "1", event_id=ids[0]), moved_in("H", "2", event_id=ids[1])) == "H"
    divorced = stated("Divorced", "LH-1", {"spouse": "one", "on": 20_000}, event_id=ids[0])
    married = stated("Married", "JH-2", {"spouse": "other", "on": 20_000}, event_id=ids[1])
    held = current(row_of(divorced, married).marriage)
    assert held is not None
    assert held.value.spouse == "other"


def test_a_departure_ends_only_the_residence_that_it_names() -> None:
    there = moved_in("H-new", "3")
    assert lives_in(there, moved_out("H-old", "2", at=NOON + DAY)) == "H-new"
    assert lives_in(there, moved_out("H-new", "2", at=NOON + DAY)) is None


def test_within_a_record_the_end_wins_and_death_is_over_all() -> None:
    assert lives_in(moved_in("H", "1"), moved_out("H", "1")) is None
    died = stated("Death", "0", {"on": 20_000})
    assert row_of(died, moved_in("H", "9")).died_on == 20_000


def test_the_end_of_one_stay_does_not_end_another() -> None:
    arrived = {
        "name": "a",
        "sex": "male",
        "born": 1,
        "dwelling": "D-2",
        "origin": None,
        "purpose": "work",
        "phone": None,
    }
    left = {"on": 20_000, "destination": None}
    row = row_of(stated("Arrived", "stay 2", arrived), stated("Left", "stay 1", left, at=NOON + DAY))
    assert row.stay is not None
    assert row_of(stated("Arrived", "stay 2", arrived), stated("Left", "stay 2", left)).stay is None


def test_of_two_statements_recorded_at_one_instant_the_greater_sequence_holds() -> None:
    """Also of two copies of one event: first A, then B, then A again."""
    a = stated("Contact", "1", {"phone": "138"})
    b = stated("Contact", "1", {"phone": "139"})
    for first, second in ((a, b), (b, a)):
        row = row_of(first._replace(sequence=1), second._replace(sequence=2))
        assert [held.value for held in row.contact] == [second.change["phone"]]
    again = row_of(a._replace(sequence=1), b._replace(sequence=2), a._replace(sequence=3))
    assert [(held.value, held.sequence) for held in again.contact] == [("138", 3)]
    assert [held.value for held in row_of(a, b._replace(sequence=0)).contact] == ["139"], "none is less than any"


def test_without_a_sequence_the_content_decides_and_not_the_id() -> None:
    values = [
        row_of(
            stated("Contact", "1", {"phone": "138"}, event_id=one),
            stated("Contact", "1", {"phone": "139"}, event_id=other),
        )
        .contact[0]
        .value
        for one, other in (("a", "z"), ("z", "a"))
    ]
    assert values == ["139", "139"]
    homes = [
        row_of(moved_in("H-1", "1", event_id=one), moved_in("H-2", "1", event_id=other)).residence[0].value
        for one, other in (("a", "z"), ("z", "a"))
    ]
    assert homes == [Residence("H-2", "D", "b", "head", False)] * 2
