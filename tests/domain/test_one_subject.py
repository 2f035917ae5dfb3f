"""A record restated about another subject leaves the first, by itself, whatever the order of arrival."""

import random
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.event import Event
from domain.facts import by_record
from domain.records import Holder, answers, merged
from domain.view import stated_order
from tests.domain.strategies import CONTRACTS, event
from tests.domain.test_laws import published
from tests.domain.test_linked import Scattered
from tests.golden.compare import plain
from tests.golden.in_memory import ALL_VIEWS
from tests.golden.recompute import ONE_SUBJECT, READ, REFINES
from tests.golden.recompute.standing import standing

HOUSES = ("house-a", "house-b", "house-c")
TENANCY = CONTRACTS["housing.tenancy"]
CARS = CONTRACTS["transport.vehicle-registration"]
LAW = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def lease(
    house: str,
    recorded: int,
    *,
    sequence: int | None = None,
    withdrawn: bool = False,
    record: str = "1",
    occurred: int = 0,
) -> Event:
    head = {
        "subject": house, "record": record, "occurred_at": occurred, "recorded_at": recorded, "withdrawn": withdrawn,
        "sequence": sequence,
    }  # fmt: skip
    change = {"landlord": "x", "tenants": ["y"], "start": 1, "until": None, "rooms": None}
    return event(TENANCY, head, "Let", change)


def moved(house: str, recorded: int, kind: str, tenant: str, *, withdrawn: bool = False) -> Event:
    head = {
        "subject": house, "record": "1", "occurred_at": 0, "recorded_at": recorded, "withdrawn": withdrawn,
        "sequence": None,
    }  # fmt: skip
    return event(TENANCY, head, kind, {"tenant": tenant})


def car(owner: str, kind: str, recorded: int, change: dict[str, Any]) -> Event:
    head = {
        "subject": owner, "record": "A-1", "occurred_at": 0, "recorded_at": recorded, "withdrawn": False,
        "sequence": None,
    }  # fmt: skip
    return event(CARS, head, kind, {"vehicle_kind": "car"} | change)


def city_of(events: Iterable[Event], draw: random.Random, subject: str = "dwelling") -> Scattered:
    """The events one by one, what follows from them received in any order that partitions allow."""
    city = Scattered(draw)
    for statement in events:
        city.batch([statement], subject)
        city.receive(draw.randrange(4))
    city.finish(100)
    return city


def let(city: Scattered) -> list[str]:
    return sorted(house for house, row in city.rows["dwelling"].items() if by_record(row.leases))


STATEMENTS = st.one_of(
    st.builds(
        lease,
        st.sampled_from(HOUSES),
        st.integers(1, 4),
        sequence=st.sampled_from((None, 0, 1)),
        withdrawn=st.integers(0, 2).map(lambda number: number == 0),
        record=st.sampled_from("12"),
        occurred=st.sampled_from((0, 0, 1)),
    ),
    st.builds(
        moved,
        st.sampled_from(HOUSES),
        st.integers(1, 4),
        st.sampled_from(("TenantAdded", "TenantLeft")),
        st.sampled_from("yz"),
        withdrawn=st.booleans(),
    ),
)


@LAW
@given(st.lists(STATEMENTS, min_size=1, max_size=10), st.data(), st.integers(0, 2**32))
def test_any_order_and_any_repetition_end_alike_and_as_recomputed(
    statements: list[Event], data: st.DataObject, seed: int
) -> None:
    other = data.draw(st.permutations(statements + data.draw(st.lists(st.sampled_from(statements), max_size=4))))
    here, there = city_of(statements, random.Random(seed)), city_of(other, random.Random(seed + 1))
    assert published(here, "dwelling") == published(there, "dwelling")
    assert let(here) == let(there)
    wanted = standing(statements, READ, REFINES, ONE_SUBJECT)
    for house in HOUSES:
        row = here.rows["dwelling"].get(house) or ALL_VIEWS["dwelling"].row(house)
        for fact in ("leases", "tenants"):
            assert plain(getattr(row, fact)) == wanted.get(house, {}).get(fact, [])


@LAW
@given(st.lists(STATEMENTS, min_size=1, max_size=10), st.integers(0, 2**32))
def test_one_subject_holds_a_record_unless_nothing_tells_two_apart(statements: list[Event], seed: int) -> None:
    city = city_of(statements, random.Random(seed))
    orders: dict[str, set[tuple[int, int, int]]] = defaultdict(set)
    for row in city.rows["dwelling"].values():
        for held in by_record(row.leases):
            orders[held.record].add(stated_order(held))
    assert all(len(order) == 1 for order in orders.values())


class Story(NamedTuple):
    what: str
    statements: tuple[Event, ...]
    right: list[str]


A, B = HOUSES[:2]
STORIES = (
    Story("restated", (lease(A, 1), lease(B, 2)), [B]),
    Story("restated, then withdrawn where it was", (lease(A, 1), lease(B, 2), lease(A, 3, withdrawn=True)), [B]),
    Story("withdrawn where it was, then restated", (lease(A, 1), lease(A, 2, withdrawn=True), lease(B, 3)), [B]),
    Story("restated and back again", (lease(A, 1), lease(B, 2), lease(A, 3)), [A]),
    Story("the restatement is withdrawn", (lease(A, 1), lease(B, 2), lease(B, 3, withdrawn=True)), [A]),
    Story(
        "both are withdrawn",
        (lease(A, 1), lease(B, 2), lease(A, 3, withdrawn=True), lease(B, 3, withdrawn=True)),
        [],
    ),
    Story("a later line of one file", (lease(B, 1, sequence=0), lease(A, 1, sequence=1)), [A]),
    Story("at one recording time, of another day", (lease(A, 1, occurred=5), lease(B, 1, occurred=4)), [A]),
    Story("at one instant, and nothing tells which is newer", (lease(A, 1), lease(B, 1)), [A, B]),
    Story(
        "withdrawn at the instant of its first statement",
        (lease(A, 2, occurred=1), lease(B, 1), lease(A, 2, withdrawn=True)),
        [B],
    ),
    Story("an older version is published late", (lease(B, 3), lease(A, 1), lease(A, 2)), [B]),
    Story("another record stays", (lease(A, 1), lease(A, 1, record="2"), lease(B, 2)), [A, B]),
)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.what)
def test_a_clerk_corrects_the_house(story: Story) -> None:
    for seed in range(12):
        draw = random.Random(seed)
        statements = [*story.statements]
        draw.shuffle(statements)
        city = city_of(statements, draw)
        assert let(city) == story.right
        assert not any(
            row.bookkeeping.due_at is not None and row.bookkeeping.due_at <= 100
            for row in city.rows["dwelling"].values()
        )
        for row in city.rows["dwelling"].values():
            left = {event.slot.record for event in row.bookkeeping.superseded}
            assert left == {s.record for s in row.leases if s.withdrawn} & left


def test_a_transfer_is_of_both_owners() -> None:
    sold = {"from_owner": "x", "to_owner": "y"}
    events = [
        car("x", "Registered", 1, {"owner": "x"}),
        car("x", "Transferred", 2, sold),
        car("y", "Transferred", 2, sold),
    ]
    for seed in range(6):
        draw = random.Random(seed)
        draw.shuffle(events)
        city = city_of(events, draw, "resident")
        owners = [
            who for who, row in city.rows["resident"].items() if any(v.value.owned for v in by_record(row.vehicles))
        ]
        assert owners == ["y"]
        assert not any(row.bookkeeping.superseded for row in city.rows["resident"].values())


def test_one_subject_is_not_answered() -> None:
    """Nearly every record: the index keeps it and writes nothing else."""
    city = Scattered(random.Random(0))
    city.batch([lease(A, 1)], "dwelling")
    assert [waits[0] for waits in city.waiting] == ["the index of records"]
    city.receive(1)
    assert not city.waiting
    assert answers((Holder("dwelling", A, 1, None, False, 0),)) == {}


def test_every_kind_says_whether_its_records_have_one_subject() -> None:
    several = {kind for contract in CONTRACTS.values() for kind in contract.kinds if kind not in contract.one_subject}
    assert {"Married", "Divorced", "Transferred", "NumberChanged", "SamePerson", "NumberGiven"} <= several
    assert {"Let", "Registered", "MovedIn", "Granted"}.isdisjoint(several)


def test_a_claim_of_an_emptied_telephone_does_not_follow_the_order_of_arrival() -> None:
    """Statement and withdrawal of one recording time, of which neither names a telephone: the withdrawal is claimed."""
    contact = {"subject": "x", "record": "1", "recorded_at": 1, "sequence": None}
    contract = CONTRACTS["police.household-registration"]
    stated = event(contract, {**contact, "occurred_at": 2, "withdrawn": False}, "Contact", {"phone": ""})
    taken_back = event(contract, {**contact, "occurred_at": 1, "withdrawn": True}, "Contact", {"phone": ""})
    view = ALL_VIEWS["resident"]
    row, first = merged(view, view.row("x"), stated, True)
    row, second = merged(view, row, taken_back, True)
    assert first is not None
    assert second is not None
    assert (first.holder.withdrawn, second.holder.withdrawn) == (False, True)
    other, _ = merged(view, view.row("x"), taken_back, True)
    assert merged(view, other, stated, True) == (row, None), "what is not the newest claims nothing"
