"""Stories of people who come to live in the city, their permits, and of children of school age."""

from typing import Any

import pytest

from domain.rules.child_not_enrolled import RULE as NOT_ENROLLED
from domain.rules.permit_ending import RULE as PERMIT_ENDING
from domain.time import midnight
from tests.domain.story import Change, History, day


class Newcomers(History):
    """As `History`, with what the migrant-population office, health and the schools state."""

    def arrived(self, who: str, dwelling: str = "flat", on: str = "2025-01-01", born: str = "1990-01-01") -> None:
        who_and_where: Change = {"name": who, "sex": "male", "born": day(born), "dwelling": dwelling, "purpose": "work"}
        self.say("resident", who, "Arrived", f"ls-{who}", on, origin=None, phone=None, **who_and_where)

    def left(self, who: str, on: str) -> None:
        self.say("resident", who, "Left", f"ls-{who}", on, on=day(on), destination=None)

    def permit(self, who: str, record: str, start: str, until: str) -> None:
        self.say("resident", who, "PermitIssued", record, start, effective_from=day(start), until=day(until))

    def reported(self, who: str, condition: str, on: str) -> None:
        self.say("resident", who, "Reported", f"yh-{who}", on, condition=condition, level=2, effective_from=day(on))

    def enrolled(self, who: str, record: str, stage: str, start: str, until: str | None = None) -> None:
        self.say("resident", who, "Enrolled", record, start, school="s", stage=stage, effective_from=day(start))
        if until is not None:
            ended: Change = {"effective_from": day(until), "reason": None}
            self.say("resident", who, "EnrolmentEnded", record, until, **ended)

    def occupants(self, dwelling: str) -> dict[str, Any]:
        return {occupant.resident: occupant.occupancy for occupant in self.rows["dwelling"][dwelling].occupants}


@pytest.fixture
def city() -> Newcomers:
    return Newcomers()


# --- home and stay --------------------------------------------------------------------------------------------------


def test_a_stay_and_a_home_in_one_dwelling_are_one_occupancy(city: Newcomers) -> None:
    city.arrived("li", "flat")
    (stay,) = city.occupants("flat").values()
    assert (stay.household, stay.stay, stay.source.kind) == ("", True, "Arrived")
    city.moved_in("li", on="2025-02-01")
    (both,) = city.occupants("flat").values()
    assert (both.household, both.stay, both.source.kind) == ("home", True, "MovedIn")
    moved: Change = {"dwelling": "room", "address": None}
    city.say("resident", "li", "Moved", "ls-li", "2025-03-01", **moved)
    assert not city.occupants("flat")["li"].stay
    assert city.occupants("room")["li"].stay
    assert city.rows["resident"]["li"].dwelling == "flat", "the police register's home comes first"
    city.left("li", "2025-04-01")
    assert (list(city.occupants("flat")), list(city.occupants("room"))) == (["li"], [])


def test_a_stay_comes_before_a_collective_household(city: Newcomers) -> None:
    city.moved_in("li", "students", collective=True)
    assert city.rows["resident"]["li"].dwelling == "flat"
    city.arrived("li", "room")
    assert city.rows["resident"]["li"].dwelling == "room"
    assert list(city.rows["dwelling"]) == ["room"]


def test_an_occupancy_carries_what_the_dwelling_rules_ask_and_no_name(city: Newcomers) -> None:
    city.arrived("li")
    city.reported("li", "severe_mental", "2025-02-01")
    city.granted("li", "dibao", start="2025-02-01")
    issued: Change = {"disability": "mental", "level": 2, "until": None}
    city.say("resident", "li", "CardIssued", "cj-1", "2025-03-01", **issued)
    city.say("resident", "li", "CardCancelled", "cj-1", "2025-04-01", on=day("2025-04-01"))
    city.say("resident", "li", "ConditionEnded", "yh-li", "2025-05-01", effective_from=day("2025-05-01"), reason=None)
    (here,) = city.occupants("flat").values()
    (condition,), (card,), (benefit,) = here.conditions, here.disabilities, here.programmes
    assert (condition.condition, condition.level, condition.until) == ("severe_mental", 2, day("2025-05-01"))
    assert (card.level, card.effective_from, card.until) == (2, day("2025-03-01"), day("2025-04-01"))
    assert benefit.programme == "dibao"
    assert here.born == day("1990-01-01")


# --- permits ---------------------------------------------------------------------------------------------------------


def test_a_permit_that_ends_is_told_a_week_before_and_no_longer_once_renewed(city: Newcomers) -> None:
    city.arrived("li")
    city.permit("li", "jz-1", "2025-03-01", until="2026-03-01")
    assert city.at("2026-02-21") == []
    assert city.at("2026-02-22") == [(PERMIT_ENDING.name, "jz-1")]
    assert city.said[-1].why_zh == "居住证 2026-03-01 到期，尚未签注"
    assert city.said[-1].dwelling == "flat"
    city.permit("li", "jz-2", "2026-03-01", until="2027-03-01")
    assert city.at("2026-02-24") == []
    assert city.at("2027-02-28") == [(PERMIT_ENDING.name, "jz-2")]
    assert city.at("2027-03-01") == [], "it has ended"


def test_a_gap_is_told_and_an_endorsement_of_the_same_record_is_none(city: Newcomers) -> None:
    city.arrived("li")
    city.permit("li", "jz-1", "2025-03-01", until="2026-03-01")
    city.permit("li", "jz-2", "2026-03-05", until="2027-03-05")
    assert city.at("2026-02-25") == [(PERMIT_ENDING.name, "jz-1")], "four days without a permit"
    city.permit("li", "jz-1", "2025-03-01", until="2027-03-01")
    assert city.at("2026-02-26") == []


def test_who_left_died_or_lost_the_permit_is_not_reminded(city: Newcomers) -> None:
    for who in ("li", "wu", "he"):
        city.arrived(who)
        city.permit(who, f"jz-{who}", "2025-03-01", until="2026-03-01")
    city.say("resident", "wu", "PermitCancelled", "jz-wu", "2026-02-01", on=day("2026-02-26"))
    city.say("resident", "he", "Death", "sw-he", "2026-02-02", on=day("2026-02-02"))
    assert city.at("2026-02-25") == [(PERMIT_ENDING.name, "jz-li")]
    city.left("li", "2026-02-26")
    assert city.at("2026-02-26") == []


def test_a_permit_older_than_going_live_is_told_because_its_last_week_is_not() -> None:
    city = Newcomers(live_since=midnight(day("2026-01-01")))
    city.arrived("li")
    city.permit("li", "jz-1", "2025-03-01", until="2026-03-01")
    assert city.at("2026-02-25") == [(PERMIT_ENDING.name, "jz-1")]
    assert city.said[-1].state == "opened"


# --- school ----------------------------------------------------------------------------------------------------------


def test_a_child_of_six_is_asked_after_in_october_until_a_school_has_it(city: Newcomers) -> None:
    city.arrived("li", born="2019-08-31")
    city.enrolled("li", "kg", "kindergarten", "2023-09-01")
    assert city.at("2025-09-30") == [], "schools write down in September whom they took"
    assert city.at("2025-10-01") == [(NOT_ENROLLED.name, "ls-li 2025")]
    city.enrolled("li", "xj-1", "primary", "2025-10-08")
    assert city.at("2025-10-08") == []
    assert city.said[-1].resolution_en == "on a school's roll, or no longer of that age or in the city"


def test_each_school_year_is_a_finding_of_its_own_and_nine_years_are_enough(city: Newcomers) -> None:
    city.arrived("li", born="2019-08-31")
    findings = {year: city.at(f"{year}-12-01") for year in range(2024, 2036)}
    assert [year for year, held in findings.items() if held] == list(range(2025, 2034))
    assert findings[2033] == [(NOT_ENROLLED.name, "ls-li 2033")]


def test_who_is_born_in_september_begins_a_year_later(city: Newcomers) -> None:
    city.arrived("li", born="2019-09-01")
    assert city.at("2025-12-01") == []
    assert city.at("2026-12-01") == [(NOT_ENROLLED.name, "ls-li 2026")]


def test_a_child_that_left_school_is_asked_after_unless_it_left_the_city(city: Newcomers) -> None:
    city.arrived("li", born="2015-01-01")
    city.enrolled("li", "xj-1", "primary", "2021-09-01", until="2026-03-10")
    assert city.at("2026-03-09") == []
    assert city.at("2026-03-10") == [(NOT_ENROLLED.name, "ls-li 2025")]
    assert {source.kind for source in city.said[-1].because} == {"Arrived", "Enrolled", "EnrolmentEnded"}
    city.left("li", "2026-03-12")
    assert city.at("2026-03-12") == []


def test_a_newborn_is_known_by_its_birth_record_until_it_is_registered(city: Newcomers) -> None:
    born: Change = {"sex": "female", "born": day("2025-01-02"), "mother": "li", "father": None, "hospital": None}
    city.say("resident", "newborn", "Born", "fm-1", "2025-01-02", **born)
    row = city.rows["resident"]["newborn"]
    assert (row.name, row.born, row.dwelling) == (None, day("2025-01-02"), None)
    assert city.at("2031-12-01") == [], "nobody knows where it lives"
