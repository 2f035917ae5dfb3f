"""What happens at a moment is forgotten in time, and no rule asks about what is forgotten."""

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.contributions import ProgrammeDrawn
from domain.event import Event
from domain.retention import PRESSES, SWIPES, VISITS, Kept
from domain.rules.button_sos import RULE as SOS
from domain.rules.low_income_visit import RULE as LOW_INCOME
from domain.rules.new_tenant import RULE as NEW_TENANT
from domain.rules.newly_let import RULE as NEWLY_LET
from domain.rules.serious_illness import RULE as SERIOUS_ILLNESS
from domain.time import DAY, midnight
from tests.domain.story import Door, day, ill, noon, source
from tests.domain.strategies import quick
from tests.domain.test_buttons import Bracelets

ANY_INSTANT = st.integers(midnight(day("1850-01-02")), midnight(day("2198-12-31")))
LENGTHS = st.sampled_from((SWIPES, PRESSES, VISITS, Kept(years=1), Kept(days=1)))


@quick
@given(LENGTHS, ANY_INSTANT, ANY_INSTANT)
@example(VISITS, midnight(day("2020-02-29")), midnight(day("2025-02-28")))
@example(VISITS, midnight(day("2020-02-29")), midnight(day("2025-03-01")))
@example(PRESSES, midnight(day("2025-02-28")), midnight(day("2028-02-29")))
def test_what_is_kept_is_what_has_not_gone(length: Kept, recorded: int, now: int) -> None:
    assert (recorded >= length.since(now)) == (now < length.until(recorded))
    assert length.until(recorded) > recorded
    assert length.until(recorded) <= length.until(recorded + DAY), "who was recorded later does not go earlier"


@pytest.mark.parametrize(
    ("length", "recorded", "goes"),
    [
        (SWIPES, "2026-03-01", "2026-04-01"),
        (VISITS, "2020-02-28", "2025-02-28"),
        (VISITS, "2020-02-29", "2025-03-01"),
        (PRESSES, "2025-12-31", "2028-12-31"),
    ],
)
def test_it_goes_at_a_midnight_of_the_city(length: Kept, recorded: str, goes: str) -> None:
    assert length.until(noon(recorded)) == midnight((date.fromisoformat(goes) - date(1970, 1, 1)).days)


@pytest.fixture
def city() -> Door:
    return Door()


def test_a_visit_is_forgotten_after_five_years_and_an_old_lease_is_not_new_again(city: Door) -> None:
    city.let("lease-1", "2020-03-01", ["li"])
    assert city.at("2020-03-02") == [(NEWLY_LET.name, "lease-1")]
    city.visited("2020-03-04")
    assert city.at("2025-03-03") == []
    assert city.rows["dwelling"]["flat"].visits
    assert city.at("2025-03-04") == []
    assert not city.rows["dwelling"]["flat"].visits
    city.visited("2020-03-04", outcome="nobody_home")
    assert not city.rows["dwelling"]["flat"].visits, "what comes late and is too old changes nothing"
    city.say("dwelling", "flat", "TenantAdded", "lease-1", "2025-03-10", tenant="wu")
    assert city.at("2025-03-11") == [(NEW_TENANT.name, "lease-1")], "somebody new in an old lease"


def test_a_lease_that_nobody_visited_is_new_for_five_years(city: Door) -> None:
    city.let("lease-1", "2020-02-29")
    assert city.at("2025-02-28") == [(NEWLY_LET.name, "lease-1")]
    assert city.at("2025-03-01") == []


def test_an_illness_is_new_for_five_years(city: Door) -> None:
    city.lives_here("li", conditions=(ill("serious_illness", "2020-03-01"),))
    assert city.at("2020-03-02") == [(SERIOUS_ILLNESS.name, "case-1")]
    city.visited("2020-03-03")
    assert city.at("2025-02-28") == []
    assert city.at("2025-03-03") == [], "the visit is forgotten, and so is what it was about"


def test_a_family_whose_last_visit_is_forgotten_is_due_anew_and_not_of_before_going_live() -> None:
    city = Door(live_since=midnight(day("2018-01-01")))
    drawn = ProgrammeDrawn("dibao", day("2010-01-01"), None, False, source("Granted", "db-1", "2010-01-01"))
    city.lives_here("li", programmes=(drawn,))
    city.visited("2020-03-01")
    due = (LOW_INCOME.name, "db-1 2020-05-30")
    assert city.at("2020-05-30") == [due]
    assert city.at("2025-02-28") == [due], "open until somebody has been there"
    assert city.at("2025-03-01") == [(LOW_INCOME.name, "db-1 2020-04-01")], "the benefit began 2010, due every 5 years"
    assert city.said[-1].state == "opened" or city.said[-2].state == "opened"
    assert city.at("2025-04-01") == [(LOW_INCOME.name, "db-1 2025-04-01")]
    assert {alert.state for alert in city.said} == {"opened", "resolved"}, "none is held back"
    city.visited("2025-04-02")
    assert city.at("2025-04-02") == []


def test_a_call_that_was_answered_does_not_stand_again_when_its_answer_is_forgotten() -> None:
    city = Bracelets()
    city.moved_in("li")
    city.pressed("li", "sos", "call-1", "2026-03-01")
    city.answered("li", "call-1", "2026-03-02")
    change = {"button": "sos", "device": "w-li", "lon": None, "lat": None}
    at, corrected = noon("2026-03-01"), noon("2026-12-01")
    again = Event("e", "office", "topic", "li", "call-1", at, corrected, False, "Pressed", change)
    city.batch([again], "resident")
    assert city.at("2026-03-03") == []
    assert city.at("2029-03-02") == []
    assert not city.rows["resident"]["li"].answers, "three years after it"
    assert city.rows["resident"]["li"].presses
    assert city.at("2029-12-01") == []
    assert not city.rows["resident"]["li"].presses


def test_a_call_that_nobody_answered_stands_for_three_years() -> None:
    city = Bracelets()
    city.moved_in("li")
    city.pressed("li", "sos", "call-1", "2026-03-01")
    assert city.at("2029-02-28") == [(SOS.name, "call-1")]
    assert city.at("2029-03-01") == []
    assert not city.rows["resident"]["li"].presses
