"""A story for each rule of a grid worker's day: who lives behind a door, who passed it, and who was visited when."""

from datetime import date
from typing import Any

import pytest

from domain.contributions import ProgrammeDrawn
from domain.living import elder_from
from domain.rules.elder_alone import RULE as ELDER_ALONE
from domain.rules.elder_silent import RULE as ELDER_SILENT
from domain.rules.low_income_visit import RULE as LOW_INCOME
from domain.rules.new_tenant import RULE as NEW_TENANT
from domain.rules.newly_let import RULE as NEWLY_LET
from domain.rules.serious_illness import RULE as SERIOUS_ILLNESS
from domain.rules.severe_mental_alone import RULE as SEVERE_MENTAL
from domain.rules.stranger_swipes import RULE as STRANGER
from domain.rules.unseen_registered import RULE as UNSEEN
from domain.time import DAY, midnight
from tests.domain.story import Door, day, ill, source


@pytest.fixture
def city() -> Door:
    return Door()


def test_who_joins_after_the_visit_is_visited_too_and_one_door_has_one_task(city: Door) -> None:
    city.let("lease-1", "2026-03-01", ["li"])
    city.say("dwelling", "flat", "TenantAdded", "lease-1", "2026-03-02", tenant="wu")
    assert city.at("2026-03-02") == [(NEWLY_LET.name, "lease-1")], "nobody was there yet: all of it is new"
    city.visited("2026-03-03")
    assert city.at("2026-03-03") == []
    city.say("dwelling", "flat", "TenantAdded", "lease-1", "2026-04-01", tenant="he")
    assert city.at("2026-04-01") == [(NEW_TENANT.name, "lease-1")]
    assert city.said[-1].why_zh == "新增 1 名租客，尚未走访"
    city.say("dwelling", "flat", "TenantAdded", "lease-1", "2026-04-01", tenant="li")
    city.say("dwelling", "flat", "TenantAdded", "lease-1", "2026-04-02", tenant="mo")
    city.at("2026-04-02")
    assert city.said[-1].why_zh == "新增 2 名租客，尚未走访", "li was there from the first"
    city.say("dwelling", "flat", "TenantLeft", "lease-1", "2026-04-03", tenant="he")
    city.say("dwelling", "flat", "TenantLeft", "lease-1", "2026-04-03", tenant="mo")
    assert city.at("2026-04-03") == []
    city.say("dwelling", "flat", "TenantAdded", "lease-1", "2026-04-05", tenant="lu")
    assert city.at("2026-04-05") == [(NEW_TENANT.name, "lease-1")]
    city.say("dwelling", "flat", "TenancyEnded", "lease-1", "2026-04-05", on=day("2026-04-07"))
    assert city.at("2026-04-07") == []


def test_a_severe_mental_illness_alone_is_a_visit_every_day(city: Door) -> None:
    city.lives_here("li", conditions=(ill("severe_mental", "2026-03-01"),))
    assert city.at("2026-02-28") == []
    assert city.then("2026-03-02", 0) == [(SEVERE_MENTAL.name, "case-1 2026-03-02")], "due from midnight"
    city.visited("2026-03-02")
    assert city.then("2026-03-02", 23) == []
    assert city.then("2026-03-03", 1) == [(SEVERE_MENTAL.name, "case-1 2026-03-03")]
    assert city.then("2026-03-04", 1) == [(SEVERE_MENTAL.name, "case-1 2026-03-04")], "each day a duty of its own"
    city.let("lease-1", "2026-03-05", ["wu"], until="2026-03-08")
    city.visited("2026-03-05")
    assert city.at("2026-03-06") == [], "there is somebody with him"
    assert city.at("2026-03-08") == [(SEVERE_MENTAL.name, "case-1 2026-03-08")], "alone again"
    city.lives_here("li", conditions=(ill("severe_mental", "2026-03-01", until="2026-03-09"),))
    assert city.at("2026-03-09") == []


def test_a_tenant_under_an_old_number_is_no_second_person(city: Door) -> None:
    city.lives_here("li", conditions=(ill("severe_mental", "2026-03-01"),), also=("li, before",))
    city.visited("2026-02-20")
    city.let("lease-1", "2026-02-20", ["li, before"])
    assert city.at("2026-03-01") == [(SEVERE_MENTAL.name, "case-1 2026-03-01")]
    city.lives_here("wu", died_on=day("2026-02-01"))
    assert city.at("2026-03-02") == [(SEVERE_MENTAL.name, "case-1 2026-03-02")], "nor is somebody who has died"
    city.lives_here("he")
    assert city.at("2026-03-03") == []


def test_a_duty_of_today_is_not_held_back_because_the_report_is_old() -> None:
    city = Door(live_since=midnight(day("2026-03-10")))
    city.lives_here("li", conditions=(ill("severe_mental", "2022-01-01"), ill("serious_illness", "2022-01-01")))
    city.at("2026-03-10")
    assert [(alert.rule, alert.state) for alert in city.said] == [
        (SERIOUS_ILLNESS.name, "held"),
        (SEVERE_MENTAL.name, "opened"),
    ]


def test_an_elder_alone_is_visited_every_week_from_the_sixtieth_birthday(city: Door) -> None:
    city.lives_here("li", born="1966-03-04")
    assert city.at("2026-03-03") == []
    assert city.then("2026-03-04", 0) == [(ELDER_ALONE.name, "hj-li 2026-W10")]
    city.visited("2026-03-06")
    assert city.at("2026-03-08") == [], "Sunday"
    assert city.then("2026-03-09", 0) == [(ELDER_ALONE.name, "hj-li 2026-W11")], "Monday"
    city.lives_here("wu")
    assert city.at("2026-03-10") == []
    city.moved_away("wu")
    assert city.at("2026-03-10") == [(ELDER_ALONE.name, "hj-li 2026-W11")]
    assert city.at("2027-01-01") == [(ELDER_ALONE.name, "hj-li 2026-W53")], "the week of Monday, 28 December"


def test_born_on_a_leap_day() -> None:
    assert elder_from(day("1944-02-29")) == midnight(day("2004-02-29"))
    assert elder_from((date(2040, 2, 29) - date(1970, 1, 1)).days) == midnight(day("2100-03-01"))


def test_a_newly_reported_serious_illness_is_visited_once(city: Door) -> None:
    city.visited("2026-02-01")
    city.lives_here("wu")
    city.lives_here(
        "li", conditions=(ill("serious_illness", "2026-03-01"), ill("contagious", "2026-03-01", record="2"))
    )
    assert city.at("2026-03-01") == [(SERIOUS_ILLNESS.name, "case-1")]
    city.visited("2026-03-03", outcome="nobody_home")
    assert city.at("2026-03-03") == [(SERIOUS_ILLNESS.name, "case-1")]
    city.visited("2026-03-04")
    assert city.at("2026-06-04") == []
    city.lives_here("wu", conditions=(ill("serious_illness", "2026-07-01", until="2026-07-09", record="case-2"),))
    assert city.at("2026-07-08") == [(SERIOUS_ILLNESS.name, "case-2")]
    assert city.at("2026-07-09") == [], "it has ended"


def test_a_low_income_family_is_visited_every_ninety_days(city: Door) -> None:
    dibao = ProgrammeDrawn(
        "dibao", day("2026-01-01"), day("2026-12-01"), False, source("Granted", "DB-1", "2026-01-01")
    )
    rent = ProgrammeDrawn("public_rental", day("2025-01-01"), None, False, source("Granted", "GZ-1", "2025-01-01"))
    city.lives_here("li", programmes=(dibao, rent))
    city.lives_here("wu", programmes=(dibao._replace(effective_from=day("2026-02-01")),))
    assert city.at("2026-03-31") == []
    assert city.then("2026-04-01", 0) == [(LOW_INCOME.name, "DB-1 2026-04-01")], "90 days after it began; one a door"
    city.visited("2026-04-03")
    assert city.at("2026-07-01") == []
    assert city.then("2026-07-02", 0) == [(LOW_INCOME.name, "DB-1 2026-07-02")]
    assert city.at("2026-11-30") == [(LOW_INCOME.name, "DB-1 2026-07-02")], "still the same duty"
    assert city.at("2026-12-01") == [], "the benefit has ended"


@pytest.mark.parametrize(("begun", "due"), [("1965-03-01", "1965-05-30"), ("1969-12-01", "1970-03-01")])
def test_a_benefit_begun_before_1970_is_due_ninety_days_after_it_began(city: Door, begun: str, due: str) -> None:
    drawn = ProgrammeDrawn("dibao", day(begun), None, False, source("Granted", "DB-1", begun))
    city.lives_here("li", programmes=(drawn,))
    assert city.at("1970-03-02") == [(LOW_INCOME.name, f"DB-1 {due}")], "days before 1970 are negative numbers"
    city.visited("2026-03-02")
    assert city.at("2026-05-30") == []
    assert city.then("2026-05-31", 0) == [(LOW_INCOME.name, "DB-1 2026-05-31")]


def test_a_stranger_at_the_door_for_seven_days(city: Door) -> None:
    city.lives_here("li", born="1990-01-01", also=("li, before",))
    city.let("lease-1", "2026-03-01", ["wu"], until="2026-03-20")
    owned: dict[str, Any] = {"owners": ["zhu"], "on": day("2020-01-01")}
    city.say("dwelling", "flat", "OwnershipRegistered", "cert-1", "2020-01-01", **owned)
    city.visited("2026-03-01")
    for at, who in enumerate(("li", "li, before", "wu", "lu", "zhu")):
        city.passed(f"e{at}", "2026-03-02", who)
    city.passed("e5", "2026-03-02", "li", card="card of li")
    city.passed("e6", "2026-03-03", card="card of li")
    city.passed("e7", "2026-03-03")
    assert city.at("2026-03-03") == [], "occupant, tenant, landlord, owner; li's card; a button within"
    city.passed("e8", "2026-03-03", "he")
    city.passed("e9", "2026-03-04", card="card of nobody")
    assert city.at("2026-03-04") == [(STRANGER.name, "card of nobody"), (STRANGER.name, "he")]
    city.passed("e10", "2026-03-05", "he")
    assert city.at("2026-03-10") == [(STRANGER.name, "card of nobody"), (STRANGER.name, "he")]
    assert city.at("2026-03-11") == [(STRANGER.name, "he")], "seven days later"
    city.lives_here("he")
    assert city.at("2026-03-11") == []
    city.passed("e11", "2026-03-19", "wu")
    assert city.at("2026-03-19") == []
    assert city.at("2026-03-20") == [(STRANGER.name, "wu")], "whose lease has ended"
    city.passed("e11", "2026-03-19", "wu", taken_back=True)
    assert city.at("2026-03-21") == []


def test_somebody_registered_whom_the_door_has_not_seen_for_thirty_days(city: Door) -> None:
    city.entered(floor_area_m2=80.0)
    city.lives_here("li")
    city.lives_here("wu")
    city.lives_here("he", since="2026-03-20")
    city.passed("e1", "2026-03-01", "li")
    for at, on in enumerate(("2026-03-10", "2026-03-20", "2026-04-05")):
        city.passed(f"f{at}", on, "wu")
    assert city.at("2026-03-25") == [], "the door has not been heard of for long enough"
    assert city.at("2026-03-30") == []
    assert city.at("2026-03-31") == [(UNSEEN.name, "hj-li")], "30 days after li's last swipe"
    assert city.at("2026-04-04") == [(UNSEEN.name, "hj-li")], "he came fifteen days ago"
    city.passed("e2", "2026-04-05", "li")
    assert city.at("2026-04-05") == []
    assert city.at("2026-04-19") == [(UNSEEN.name, "hj-he")]
    assert city.at("2026-05-06") == [], "nobody has passed for a month: the door itself says nothing"


def test_an_elder_alone_whose_door_is_silent_for_two_days(city: Door) -> None:
    city.lives_here("li", born="1940-01-01")
    city.visited("2026-03-02")
    assert city.at("2026-03-02") == [], "there is no device"
    city.passed("e1", "2026-03-03", "li")
    assert city.then("2026-03-05", 11.9) == []
    assert city.then("2026-03-05", 12) == [(ELDER_SILENT.name, "e1")]
    assert city.said[-1].severity == "urgent"
    city.passed("e2", "2026-03-05", card="any card")
    assert (ELDER_SILENT.name, "e1") not in city.then("2026-03-05", 13), "any event of the door will do"
    assert (ELDER_SILENT.name, "e2") in city.at("2026-03-07"), "the next silence is another finding"
    city.passed("e2", "2026-03-05", card="any card", taken_back=True)
    assert (ELDER_SILENT.name, "e1") in city.at("2026-03-08"), "what was withdrawn was no event"
    city.lives_here("wu")
    assert city.at("2026-03-08") == []


def test_a_month_without_any_event_is_a_door_without_a_device(city: Door) -> None:
    city.lives_here("li", born="1940-01-01")
    city.passed("e1", "2026-03-03", "li")
    assert (ELDER_SILENT.name, "e1") in city.then("2026-04-02", 23.9)
    assert (ELDER_SILENT.name, "e1") not in city.then("2026-04-03", 0)
    assert city.rows["dwelling"]["flat"].swipes == ()
    city.passed("e1", "2026-03-03", "li")
    assert city.rows["dwelling"]["flat"].swipes == (), "said again, it is as old as before"
    assert city.rows["dwelling"]["flat"].bookkeeping.due_at <= midnight(day("2026-04-03")) + 7 * DAY
