"""Stories of weather, hazards and companies: who is sent to which door, and when it is over."""

from typing import Any

import pytest

from domain.event import Event
from domain.rules.facility_danger import RULE as FACILITY_DANGER
from domain.rules.facility_hazard import RULE as FACILITY_HAZARD
from domain.rules.revoked_but_filing import RULE as REVOKED_BUT_FILING
from domain.rules.revoked_but_filing import begins
from domain.rules.warned_door import RULE as WARNED_DOOR
from domain.step import Alert
from domain.time import hours
from tests.domain.story import SUBJECTS, Change, day, noon
from tests.golden.in_memory import City

GRID, OTHER_GRID, FAR_GRID = "440113001001001", "440113001001002", "440106001001001"
COMPANY = "91350100M000100Y43"


class Weather(City):
    """What is said of grids, districts, dwellings, residents and companies, and what stands then."""

    count = 0

    def say(self, view: str, subject: str, kind: str, record: str, at: int, /, **change: Any) -> None:
        self.count += 1
        event_id = f"event {self.count}"
        withdrawn = bool(change.pop("taken_back", False))
        said = Event(event_id, "office", "topic", subject, record, at, at + self.count, withdrawn, kind, change)
        self.batch([said], SUBJECTS[view])
        self.receive(len(self.waiting))
        self.receive(len(self.waiting))

    def at(self, now: int, rule: str = WARNED_DOOR.name) -> list[str]:
        self.finish(now)
        return sorted(a.cause for a in self.alerts.values() if a.state != "resolved" and a.rule == rule)

    def told(self, door: str) -> Alert:
        """The last alert of a warned door."""
        return [alert for alert in self.said if alert.rule == WARNED_DOOR.name and alert.cause == door][-1]

    # what a department states, in a few words

    def house(self, number: str, grid: str = GRID) -> None:
        entry: Change = {"grid": grid, "address": "1", "use": "residential", "district": grid[:6]}
        self.say(
            "dwelling", number, "DwellingRegistered", f"FW-{number}", noon("2025-01-01"), floor_area_m2=40.0, lon=None,
            lat=None, **entry,
        )  # fmt: skip

    def graded(self, number: str, grade: str, on: str = "2025-02-01") -> None:
        self.say("dwelling", number, "Graded", f"JD-{number}-{on}", noon(on), grade=grade, on=day(on))

    def reinforced(self, number: str, on: str, until: str | None = None) -> None:
        ends = None if until is None else day(until)
        self.say("dwelling", number, "Reinforced", f"JG-{number}", noon(on), on=day(on), lasts_until=ends)

    def lives(self, who: str, dwelling: str, born: str) -> None:
        home: Change = {"household": f"H-{dwelling}", "dwelling": dwelling, "address": "1", "relation": "head"}
        rest: Change = {"name": who, "sex": "female", "born": day(born), "collective": False}
        self.say("resident", who, "MovedIn", f"hj-{who}", noon("2025-01-02"), **home, **rest)

    def warned(
        self, record: str, at: int, hazard: str = "rain", level: str = "orange", until: int | None = None,
        district: str = "440113", mm: float | None = 63.0, **more: Any,
    ) -> None:  # fmt: skip
        said: Change = {"hazard": hazard, "level": level, "rainfall_mm": mm, "until": until}
        self.say("district", district, "WarningIssued", record, at, **said, **more)

    def lifted(self, record: str, at: int, district: str = "440113") -> None:
        self.say("district", district, "WarningLifted", record, at)


@pytest.fixture
def city() -> Weather:
    return Weather()


NIGHT = noon("2026-03-01") + hours(10)


def test_rain_falls_and_each_dangerous_house_and_each_vulnerable_occupant_is_one_task_until_it_is_lifted(
    city: Weather,
) -> None:
    for number in ("dangerous", "reinforced", "elder", "sound", "both"):
        city.house(number)
    city.house("elsewhere", FAR_GRID)
    city.house("next", OTHER_GRID)
    for number in ("dangerous", "elsewhere", "next", "both"):
        city.graded(number, "D")
    city.graded("sound", "B")
    city.reinforced("reinforced", "2016-05-01")
    city.lives("li", "elder", born="1950-01-01")
    city.lives("wu", "both", born="1950-01-01")
    assert city.at(NIGHT - hours(1)) == [], "no rain yet"
    city.warned("YJ-1", NIGHT)
    assert city.at(NIGHT + 1) == ["both", "dangerous", "elder", "next", "reinforced"]
    both = city.told("both")
    assert (both.dwelling, both.view, both.subject) == ("both", "grid", GRID), "handled at the door, found in the grid"
    assert both.why_zh == "暴雨橙色预警（雨量 63 mm）：D 级危房、独居老人"
    assert both.why_en == "orange rain warning (63 mm): dangerous house, grade D, an elder alone"
    assert sorted(source.record for source in both.because) == ["JD-both-2025-02-01", "YJ-1", "hj-wu"]
    city.lifted("YJ-1", NIGHT + hours(8))
    assert city.at(NIGHT + hours(8)) == []
    over = city.told("both")
    assert (over.state, over.dwelling) == ("resolved", "both")
    assert [source.kind for source in over.resolved_by] == ["WarningLifted"], "it says what ended it"
    assert [alert.state for alert in city.said if alert.cause == "both"] == ["opened", "resolved"], "one task a door"


def test_two_warnings_are_one_finding_and_what_comes_after_the_last_was_lifted_is_new(city: Weather) -> None:
    city.house("a")
    city.graded("a", "C")
    city.warned("YJ-1", NIGHT, level="yellow")
    city.at(NIGHT + 1)
    city.warned("YJ-2", NIGHT + hours(1), level="red", mm=None)
    city.at(NIGHT + hours(1))
    assert city.told("a").why_zh == "暴雨黄色预警（雨量 63 mm）、暴雨红色预警：C 级危房"
    city.lifted("YJ-1", NIGHT + hours(2))
    assert city.at(NIGHT + hours(2)) == ["a"]
    city.lifted("YJ-2", NIGHT + hours(3))
    assert city.at(NIGHT + hours(3)) == []
    city.warned("YJ-3", NIGHT + hours(30), hazard="typhoon", level="yellow", mm=None)
    assert city.at(NIGHT + hours(30)) == ["a"]
    assert [a.state for a in city.said] == ["opened", "changed", "changed", "resolved", "opened"]


def test_what_sends_nobody(city: Weather) -> None:
    city.house("a")
    city.graded("a", "D")
    for number, (hazard, level) in enumerate(
        (("rain", "blue"), ("typhoon", "blue"), ("heat", "red"), ("other", "red"))
    ):
        city.warned(f"YJ-{number}", NIGHT, hazard, level)
    city.warned("YJ-far", NIGHT, district="440106")
    assert city.at(NIGHT + 1) == []


def test_a_warning_ends_by_itself_and_begins_when_it_says(city: Weather) -> None:
    city.house("a")
    city.graded("a", "D")
    city.warned("YJ-1", NIGHT + hours(6), until=NIGHT + hours(12))
    assert city.at(NIGHT) == []
    assert city.at(NIGHT + hours(6)) == ["a"]
    assert city.at(NIGHT + hours(12)) == [], "time alone ends it"
    city.warned("YJ-1", NIGHT + hours(6), until=NIGHT + hours(20))
    assert city.at(NIGHT + hours(12)) == ["a"], "prolonged"
    city.lifted("YJ-1", NIGHT + hours(5))
    assert city.at(NIGHT + hours(13)) == ["a"], "that was before it began"
    city.warned("YJ-1", NIGHT + hours(6), until=NIGHT + hours(20), taken_back=True)
    assert city.at(NIGHT + hours(13)) == [], "it never was issued"


def test_a_district_says_no_more_of_a_warning_that_is_long_over(city: Weather) -> None:
    city.house("a")
    city.graded("a", "D")
    city.warned("YJ-1", NIGHT, until=NIGHT + hours(2))
    city.warned("YJ-2", NIGHT + hours(48), "heat", "red")
    assert [told.source.record for told in city.rows["grid"][GRID].warnings()] == ["YJ-2"]


def test_a_house_found_safe_since_its_reinforcement_is_no_dangerous_one_and_one_that_runs_out_is(city: Weather) -> None:
    for number in ("safe", "still", "ran-out"):
        city.house(number)
        city.graded(number, "D", "2015-01-01")
    city.reinforced("safe", "2016-01-01")
    city.graded("safe", "B", "2020-01-01")
    city.graded("still", "A", "2015-06-01")
    city.reinforced("still", "2016-01-01")
    city.reinforced("ran-out", "2016-01-01", until="2020-01-01")
    city.warned("YJ-1", NIGHT)
    assert city.at(NIGHT + 1) == ["ran-out", "still"]
    assert city.told("ran-out").why_zh.endswith("D 级危房、加固房屋")


def test_an_elder_is_alone_from_the_sixtieth_birthday_while_nobody_else_lives_there(city: Weather) -> None:
    city.house("a")
    city.lives("li", "a", born="1966-03-03")
    city.warned("YJ-1", noon("2026-03-01"))
    assert city.at(noon("2026-03-02")) == []
    assert city.at(noon("2026-03-03")) == ["a"]
    terms: Change = {"landlord": "lu", "tenants": ["he"], "start": day("2026-03-05"), "until": day("2026-03-08")}
    city.say("dwelling", "a", "Let", "ZL-1", noon("2026-03-04"), rooms=None, **terms)
    assert city.at(noon("2026-03-04")) == ["a"]
    assert city.at(noon("2026-03-05")) == [], "a tenant has moved in"
    assert city.at(noon("2026-03-08")) == ["a"]
    city.lives("wu", "a", born="1990-01-01")
    assert city.at(noon("2026-03-08")) == [], "not alone any more"


def test_a_dwelling_that_moves_to_another_grid_leaves_the_first(city: Weather) -> None:
    city.house("a")
    city.graded("a", "D")
    city.warned("YJ-1", NIGHT)
    city.at(NIGHT + 1)
    city.house("a", OTHER_GRID)
    assert city.at(NIGHT + 2) == ["a"]
    assert [(alert.subject, alert.state) for alert in city.said] == [
        (GRID, "opened"),
        (GRID, "resolved"),
        (OTHER_GRID, "opened"),
    ]
    assert city.rows["district"]["440113"].grids == (OTHER_GRID,), "nothing is left in the first"


def test_a_hazard_stands_until_it_is_repaired_and_an_urgent_one_is_another_rules(city: Weather) -> None:
    facility: Change = {"facility": "BJ-1", "facility_kind": "public_utility", "what": "井盖", "address": "示例路3号旁"}
    city.say("grid", GRID, "FacilityInstalled", "BJ-1", noon("2025-01-01"), lon=None, lat=None, **facility)
    city.say("grid", GRID, "HazardReported", "AJ-1", noon("2026-03-01"), facility="BJ-1", hazard="破损", urgent=True)
    city.say("grid", GRID, "HazardReported", "AJ-2", noon("2026-03-01"), facility="BJ-2", hazard="不亮", urgent=False)
    assert city.at(noon("2026-03-02"), FACILITY_DANGER.name) == ["AJ-1"]
    assert city.at(noon("2026-03-02"), FACILITY_HAZARD.name) == ["AJ-2"]
    assert [alert.why_zh for alert in city.said] == [
        "示例路3号旁，井盖 BJ-1：破损，尚未修复",
        "部件 BJ-2：不亮，尚未修复",
    ]
    assert {alert.dwelling for alert in city.said} == {f"grid/{GRID}"}, "the grid's worker, no door"
    city.say("grid", GRID, "HazardRepaired", "AJ-1", noon("2026-03-03"), on=day("2026-03-03"))
    assert city.at(noon("2026-03-03"), FACILITY_DANGER.name) == []
    city.say("grid", GRID, "HazardReported", "AJ-1", noon("2026-03-09"), facility="BJ-1", hazard="又破", urgent=True)
    assert city.at(noon("2026-03-09"), FACILITY_DANGER.name) == ["AJ-1"], "broken again"


def revoked(city: Weather, on: str) -> None:
    city.say("legal_person", COMPANY, "LicenceRevoked", "DX-1", noon(on), on=day(on), reason=None)


def filed(city: Weather, record: str, period: str, amount_fen: int, when: str = "2026-03-10") -> None:
    city.say("legal_person", COMPANY, "CompanyTaxReturn", record, noon(when), period=period, amount_fen=amount_fen)


def test_a_company_that_declares_tax_for_a_time_after_its_licence_was_revoked(city: Weather) -> None:
    seat: Change = {"dwelling": "flat", "address": "1", "name": "x", "company_kind": "enterprise", "capital_fen": None}
    city.say(
        "legal_person", COMPANY, "CompanyRegistered", "SD-1", noon("2020-01-01"), legal_representative="li",
        on=day("2020-01-01"), **seat,
    )  # fmt: skip
    revoked(city, "2026-01-15")
    filed(city, "SB-1", "2025-12", 500)
    filed(city, "SB-2", "2026-01", 500)
    filed(city, "SB-3", "2026-02", 0)
    filed(city, "SB-4", "2026-Q1", 500)
    name = REVOKED_BUT_FILING.name
    assert city.at(noon("2026-03-11"), name) == [], "for the time before, nil, or for both times"
    filed(city, "SB-5", "2026-02", 500)
    assert city.at(noon("2026-03-11"), name) == ["DX-1"]
    (opened,) = city.said
    assert (opened.dwelling, {source.record for source in opened.because}) == ("flat", {"DX-1", "SB-5"})
    filed(city, "SB-6", "2026-Q2", 700, "2026-07-01")
    city.at(noon("2026-07-02"), name)
    assert {source.record for source in city.said[-1].because} == {"DX-1", "SB-5", "SB-6"}, "one finding, more reasons"
    city.say("legal_person", COMPANY, "Deregistered", "ZX-1", noon("2026-08-01"), on=day("2026-08-01"))
    assert city.at(noon("2026-08-01"), name) == []


def test_a_revocation_counts_from_its_day(city: Weather) -> None:
    city.say("legal_person", COMPANY, "LicenceRevoked", "DX-1", noon("2026-01-15"), on=day("2026-02-01"), reason=None)
    filed(city, "SB-1", "2026-03", 500, "2026-01-20")
    assert city.at(noon("2026-01-31"), REVOKED_BUT_FILING.name) == []
    assert city.at(noon("2026-02-01"), REVOKED_BUT_FILING.name) == ["DX-1"]


@pytest.mark.parametrize(
    ("period", "first"),
    [("2026", "2026-01-01"), ("2026-02", "2026-02-01"), ("2026-Q4", "2026-10-01"), ("2026-13", None), ("soon", None)],
)
def test_when_a_period_begins(period: str, first: str | None) -> None:
    assert begins(period) == (None if first is None else day(first))
