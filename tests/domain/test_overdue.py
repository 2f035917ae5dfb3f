"""When what lasts has ended, and what is kept for too long then."""

from collections import Counter
from typing import Any

import pytest

from domain.facts import Statement
from domain.overdue import ENDS_THE_SUBJECT, OF_A_PERIOD, ONE_AT_A_TIME, ended, overdue
from domain.retention import Kept
from domain.time import midnight
from tests.domain.story import Change, History, day, noon
from tests.domain.strategies import CONTRACTS
from tests.golden.city import LIVE_SINCE, NOW
from tests.golden.in_memory import ALL_VIEWS

KINDS = {kind: contract for contract in CONTRACTS.values() for kind in contract.kinds}


def facts_of(row: Any) -> list[Statement[Any]]:
    facts = (getattr(row, name) for name in row.__dataclass_fields__)
    return [entry for fact in facts if isinstance(fact, tuple) for entry in fact if isinstance(entry, Statement)]


def ends_of(city: History, view: str, subject: str) -> dict[tuple[str, str], int | None]:
    statements = facts_of(city.rows[view][subject])
    return {(statement.kind, statement.record): end for statement, end in ended(statements)}


def test_a_residence_ends_with_the_next_and_all_that_was_a_persons_with_their_death() -> None:
    city = History()
    city.moved_in("li", "first", on="2010-01-01")
    city.registered("li", "粤A00001", "car", "2011-01-01")
    assert ends_of(city, "resident", "li") == {("MovedIn", "hj-li"): None, ("Registered", "粤A00001"): None}
    home: Change = {
        "household": "second",
        "dwelling": "flat 2",
        "address": "2",
        "relation": "head",
        "collective": False,
    }
    city.say("resident", "li", "MovedIn", "hj-2", "2015-01-01", name="li", sex="female", born=0, **home)
    assert ends_of(city, "resident", "li")["MovedIn", "hj-li"] == noon("2015-01-01")
    assert ends_of(city, "resident", "li")["MovedIn", "hj-2"] is None
    city.say("resident", "li", "Death", "d-1", "2020-01-01", on=day("2019-12-30"))
    ends = ends_of(city, "resident", "li")
    assert set(ends.values()) == {noon("2015-01-01"), noon("2020-01-01")}
    city.say("resident", "li", "Death", "d-1", "2020-02-01", on=day("2019-12-30"), taken_back=True)
    assert ends_of(city, "resident", "li")["Registered", "粤A00001"] is None, "the death was another's"


def test_a_lease_and_its_renewal_end_together() -> None:
    city = History()
    city.let("lease-1", "2010-01-01", until="2011-01-01")
    lease, renewal = ("Let", "lease-1"), ("Renewed", "lease-1")
    assert ends_of(city, "dwelling", "flat")[lease] == midnight(day("2011-01-01"))
    city.say("dwelling", "flat", "Renewed", "lease-1", "2010-12-01", until=day("2013-01-01"))
    assert ends_of(city, "dwelling", "flat") == dict.fromkeys((lease, renewal), midnight(day("2013-01-01")))
    city.say("dwelling", "flat", "TenancyEnded", "lease-1", "2012-06-01", on=day("2012-06-01"))
    assert set(ends_of(city, "dwelling", "flat").values()) == {noon("2012-06-01")}


def test_a_car_ends_for_whom_it_leaves_and_a_return_at_once() -> None:
    city = History()
    city.registered("li", "粤A00001", "car", "2010-01-01")
    passed: Change = {"vehicle_kind": "car", "from_owner": "li", "to_owner": "wu"}
    for who in ("li", "wu"):
        city.say("resident", who, "Transferred", "粤A00001", "2012-01-01", **passed)
    assert set(ends_of(city, "resident", "li").values()) == {noon("2012-01-01")}
    assert ends_of(city, "resident", "wu") == {("Transferred", "粤A00001"): None}
    city.say("resident", "wu", "TaxReturn", "t-1", "2013-01-01", period="2012", amount_fen=1)
    assert ends_of(city, "resident", "wu")["TaxReturn", "t-1"] == noon("2013-01-01")


def test_a_grant_counts_once_and_from_its_end() -> None:
    city = History()
    city.granted("li", "dibao", "2025-01-01", until="2026-01-01")  # a contact, too
    statements, kept = facts_of(city.rows["resident"]["li"]), {"Granted": Kept(years=10)}
    goes = midnight(day("2036-01-01"))
    assert list(overdue(statements, kept, goes - 1)) == []
    assert [statement.record for statement in overdue(statements, kept, goes)] == ["case-li"]
    assert list(overdue(statements, {}, goes)) == [], "what is kept for ever is never overdue"


def test_every_kind_that_is_named_is_one() -> None:
    assert {*OF_A_PERIOD, *ENDS_THE_SUBJECT, *frozenset().union(*ONE_AT_A_TIME)} <= KINDS.keys()


def test_of_a_whole_city_more_is_overdue_as_time_passes(small: Any) -> None:
    kept = {kind: contract.kept for kind, contract in KINDS.items() if contract.kept and not contract.momentary}
    rows = [facts_of(row) for view in ALL_VIEWS for row in small.rows[view].values()]

    def at(now: int) -> Counter[str]:
        return Counter(KINDS[late.kind].topic for statements in rows for late in overdue(statements, kept, now))

    early, late = at(LIVE_SINCE), at(NOW + 40 * 366 * 86_400_000_000)
    assert early <= late
    assert len(late) > 15, "of most topics something has ended"
    still = [end for statements in rows for _, end in ended(statements) if end is None]
    assert still, "and of many it stands"


@pytest.fixture
def small() -> Any:
    from tests.domain.test_laws import small_city

    return small_city(1)
