"""A story for each rule: what happens in a household or a dwelling, and what the rule finds."""

import pytest

from domain.rules.benefit_for_dead import RULE as BENEFIT_FOR_DEAD
from domain.rules.car_and_benefit import RULE as CAR_AND_BENEFIT
from domain.rules.newly_let import RULE as NEWLY_LET
from domain.rules.over_occupied import RULE as OVER_OCCUPIED
from domain.rules.over_occupied import area_per_tenant
from domain.step import FORGET_RESOLVED_AFTER, settle
from domain.time import DAY, midnight
from tests.domain.story import Change, History, day, noon
from tests.golden.in_memory import ALL_VIEWS


@pytest.fixture
def city() -> History:
    return History()


def test_a_let_flat_is_visited_once(city: History) -> None:
    city.let("lease-1", "2026-03-01")
    assert city.at("2026-02-28") == [], "the lease has not begun"
    assert city.at("2026-03-02") == [(NEWLY_LET.name, "lease-1")]
    city.visited("2026-03-03", outcome="nobody_home")
    assert city.at("2026-03-03") == [(NEWLY_LET.name, "lease-1")], "nobody was met"
    city.visited("2026-03-04")
    assert city.at("2026-03-04") == []
    assert city.said[-1].resolution_zh == "已走访或租约已结束"
    assert city.said[-1].resolved_by, "it says which visit"


def test_a_lease_that_ends_needs_no_visit_and_the_next_one_does(city: History) -> None:
    city.let("lease-1", "2026-03-01", until="2026-04-01")
    assert city.at("2026-03-31") == [(NEWLY_LET.name, "lease-1")]
    assert city.at("2026-04-01") == [], "time alone ends it"
    city.let("lease-2", "2026-05-01")
    assert city.at("2026-05-01") == [(NEWLY_LET.name, "lease-2")]
    city.say("dwelling", "flat", "TenancyEnded", "lease-2", "2026-05-05", on=day("2026-05-10"))
    assert city.at("2026-05-09") == [(NEWLY_LET.name, "lease-2")]
    assert city.at("2026-05-10") == []


def test_five_square_metres_for_each_tenant_are_enough_and_less_are_not(city: History) -> None:
    city.entered(floor_area_m2=15.0)
    city.let("lease-1", "2026-03-01", ["li", "wu", "he"])
    city.visited("2026-03-01")
    assert city.at("2026-03-01") == [], "15 m² for three are 5 m² each"
    city.say("dwelling", "flat", "TenantAdded", "lease-1", "2026-03-05", tenant="mo")
    assert city.at("2026-03-05") == [("new-tenant", "lease-1"), (OVER_OCCUPIED.name, "entry-1")]
    assert city.said[-1].why_zh == "4 名租客，人均 3.8 m²，低于 5 m²"
    city.say("dwelling", "flat", "TenantLeft", "lease-1", "2026-03-09", tenant="li")
    city.visited("2026-03-09")
    assert city.at("2026-03-09") == []


def test_who_leaves_at_the_very_instant_of_the_lease_is_no_tenant_and_who_left_before_it_is(city: History) -> None:
    city.entered(floor_area_m2=9.0)
    city.visited("2026-03-01")
    city.let("lease-1", "2026-03-01", ["li", "wu"])
    city.say("dwelling", "flat", "TenantLeft", "lease-1", "2026-02-27", tenant="li")
    assert city.at("2026-03-02") == [(OVER_OCCUPIED.name, "entry-1")], "the lease is newer and names both"
    city.say("dwelling", "flat", "TenantLeft", "lease-1", "2026-03-01", tenant="wu")
    assert city.at("2026-03-03") == []


def test_tenants_of_all_leases_together_share_the_floor(city: History) -> None:
    city.entered(floor_area_m2=12.0)
    city.visited("2026-04-02")
    city.let("lease-1", "2026-03-01", ["li", "wu"])
    city.let("lease-2", "2026-04-01", ["wu", "he"], until="2026-05-01")
    assert city.at("2026-03-31") == [], "12 m² for two"
    assert city.at("2026-04-02") == [(OVER_OCCUPIED.name, "entry-1")], "three people, one of them in both leases"
    assert city.at("2026-05-01") == []


def test_no_share_of_nothing() -> None:
    with pytest.raises(ValueError, match="positive"):
        area_per_tenant(0.0, 3)


def test_a_car_in_a_household_on_the_minimum_allowance(city: History) -> None:
    city.moved_in("li")
    city.moved_in("wu")
    city.granted("li", "dibao", start="2025-02-01", until="2026-02-01")
    city.registered("wu", "A1", "e_bike", "2025-03-01")
    city.registered("wu", "A2", "disability_scooter", "2025-03-01")
    city.registered("wu", "A3", "motorcycle", "2025-03-01")
    assert city.at("2025-03-02") == [], "none of these is a car"
    city.registered("wu", "A4", "car", "2025-04-01")
    assert city.at("2025-04-02") == [(CAR_AND_BENEFIT.name, "A4")]
    city.visited("2025-04-20")
    sold: Change = {"vehicle_kind": "car", "from_owner": "wu", "to_owner": "li"}
    city.say("resident", "li", "Transferred", "A4", "2025-05-01", **sold)
    assert city.at("2025-05-02") == [(CAR_AND_BENEFIT.name, "A4")], "said to the buyer only: one car, one finding"
    assert len(city.said[-1].because) == 3, "it rests on what was said of both, and on the grant"
    city.say("resident", "li", "Scrapped", "A4", "2025-06-01", vehicle_kind="car")
    city.say("resident", "wu", "Transferred", "A4", "2025-05-01", **sold)
    assert city.at("2025-06-02") == []
    city.registered("li", "A5", "truck", "2025-07-01")
    city.visited("2025-12-01")
    assert city.at("2026-01-31") == [(CAR_AND_BENEFIT.name, "A5")]
    assert city.at("2026-02-01") == [], "the benefit's last day has passed"


def test_a_car_and_medical_assistance_are_no_finding_nor_is_a_collective_household(city: History) -> None:
    city.moved_in("li")
    city.granted("li", "medical", start="2025-02-01")
    city.registered("li", "A1", "car", "2025-03-01")
    for who in ("wu", "he"):
        city.moved_in(who, "students", collective=True)
        moved: Change = {"household": "students", "dwelling": "flat", "address": "room 2"}
        city.say("resident", who, "Address", f"hj-{who}-2", "2025-02-01", **moved)
    city.granted("wu", "dibao", start="2025-02-01")
    city.registered("he", "A2", "car", "2025-03-01")
    assert city.at("2025-03-02") == []
    assert "students" not in city.rows["household"]


def test_a_benefit_drawn_for_a_dead_person_until_it_ends_or_the_death_is_taken_back(city: History) -> None:
    city.moved_in("li")
    city.granted("li", "medical", start="2025-02-01")
    assert city.at("2025-03-01") == []
    city.say("resident", "li", "Death", "sw-1", "2025-03-05", on=day("2025-03-04"))
    assert city.at("2025-03-05") == [(BENEFIT_FOR_DEAD.name, "case-li")]
    city.say("resident", "li", "Death", "sw-1", "2025-03-06", taken_back=True, on=day("2025-03-04"))
    assert city.at("2025-03-06") == [], "it was somebody else"
    city.say("resident", "li", "Death", "sw-2", "2025-08-01", on=day("2025-08-01"))
    assert city.at("2025-08-01") == [(BENEFIT_FOR_DEAD.name, "case-li")], "opened again"
    assert [alert.state for alert in city.said] == ["opened", "resolved", "opened"]
    ended: Change = {"programme": "medical", "effective_from": day("2025-09-01"), "reason": None}
    city.say("resident", "li", "Ended", "case-li", "2025-08-05", **ended)
    assert city.at("2025-08-31") == [(BENEFIT_FOR_DEAD.name, "case-li")], "still paid this month"
    assert city.at("2025-09-01") == []


def test_what_is_older_than_going_live_is_held_until_something_newer_is_said() -> None:
    city = History(live_since=midnight(day("2025-03-10")))
    city.moved_in("li")
    city.granted("li", "dibao", start="2025-02-01")
    city.registered("li", "A1", "car", "2025-03-01")
    assert city.at("2025-03-11") == [(CAR_AND_BENEFIT.name, "A1")]
    city.registered("li", "A2", "car", "2025-03-11")
    city.at("2025-03-12")
    assert [(alert.cause, alert.state) for alert in city.said] == [("A1", "held"), ("A2", "opened")]


def test_a_finding_of_a_withdrawn_rule_ends_in_the_domain_in_which_it_was_opened(city: History) -> None:
    """Or it would vanish from the list of whoever is limited to that domain, and show to whoever is not."""
    city.let("lease-1", "2026-03-01")
    city.at("2026-03-02")
    row = city.rows["dwelling"]["flat"]
    outcome = settle(ALL_VIEWS["dwelling"], [], row, noon("2026-03-03"), 0)
    assert [(alert.state, alert.domain) for alert in outcome.alerts] == [("resolved", NEWLY_LET.domain)]
    assert NEWLY_LET.domain != "general"


def test_a_resolved_finding_is_forgotten_after_thirty_days(city: History) -> None:
    city.let("lease-1", "2026-03-01", until="2026-04-01")
    city.at("2026-03-02")
    city.at("2026-04-01")
    resolved_at = city.said[-1].at
    row = city.rows["dwelling"]["flat"]
    assert row.bookkeeping.due_at == resolved_at + FORGET_RESOLVED_AFTER, "the row is due then, not searched for"
    city.finish(resolved_at + FORGET_RESOLVED_AFTER - DAY)
    assert len(city.alerts) == 1
    city.finish(resolved_at + FORGET_RESOLVED_AFTER)
    assert not city.alerts
    assert not city.rows["dwelling"]["flat"].bookkeeping.findings
