"""A story for the three buttons of a bracelet: a call stands until somebody has answered it."""

import pytest

from domain.rules.button_doctor import RULE as DOCTOR
from domain.rules.button_housekeeper import RULE as HOUSEKEEPER
from domain.rules.button_sos import RULE as SOS
from domain.step import Alert
from tests.domain.story import Change, History


class Bracelets(History):
    """As `History`, with calls."""

    def pressed(self, who: str, button: str, call: str, on: str) -> None:
        self.say("resident", who, "Pressed", call, on, button=button, device=f"w-{who}", lon=113.36, lat=22.94)

    def answered(self, who: str, call: str, on: str, *, taken_back: bool = False) -> None:
        self.say("resident", who, "Answered", call, on, taken_back=taken_back, outcome=None)

    def responded(self, who: str, rule: str, call: str, on: str, outcome: str = "done") -> None:
        task = f"task-{call}-{on}"
        change: Change = {"task": task, "rule": rule, "cause": call, "outcome": outcome, "checks": {}}
        self.say("resident", who, "Responded", task, on, **change)

    def last(self) -> Alert:
        return self.said[-1]


@pytest.fixture
def city() -> Bracelets:
    city = Bracelets()
    city.moved_in("li")
    return city


def test_a_call_for_help_is_urgent_and_stands_until_the_desk_answers(city: Bracelets) -> None:
    city.pressed("li", "sos", "call-1", "2026-03-01")
    assert city.at("2026-03-01") == [(SOS.name, "call-1")]
    opened = city.last()
    assert (opened.severity, opened.domain, opened.dwelling) == ("urgent", "sos", "flat")
    assert (opened.respond_within, opened.respond_unit) == (5, "minute")
    assert city.at("2026-03-09") == [(SOS.name, "call-1")], "time does not answer it"
    city.answered("li", "call-1", "2026-03-10")
    assert city.at("2026-03-10") == []
    assert city.last().resolved_by, "it says which answer"
    city.answered("li", "call-1", "2026-03-11", taken_back=True)
    assert city.at("2026-03-11") == [(SOS.name, "call-1")], "the answer was another call's"


def test_each_button_is_a_queue_of_its_own(city: Bracelets) -> None:
    city.pressed("li", "doctor", "call-1", "2026-03-01")
    city.pressed("li", "housekeeper", "call-2", "2026-03-01")
    assert city.at("2026-03-01") == [(DOCTOR.name, "call-1"), (HOUSEKEEPER.name, "call-2")]
    assert {alert.rule: alert.domain for alert in city.said} == {
        DOCTOR.name: "doctor",
        HOUSEKEEPER.name: "housekeeper",
    }
    city.responded("li", DOCTOR.name, "call-1", "2026-03-02")
    assert city.at("2026-03-02") == [(HOUSEKEEPER.name, "call-2")]


def test_who_came_in_vain_has_not_answered_nor_has_an_answer_to_another_call(city: Bracelets) -> None:
    city.pressed("li", "doctor", "call-1", "2026-03-01")
    city.pressed("li", "doctor", "call-2", "2026-03-02")
    city.responded("li", DOCTOR.name, "call-1", "2026-03-03", outcome="nobody_home")
    city.responded("li", DOCTOR.name, "call-2", "2026-03-03")
    city.responded("li", SOS.name, "call-1", "2026-03-03")
    assert city.at("2026-03-03") == [(DOCTOR.name, "call-1")]
    city.responded("li", DOCTOR.name, "call-1", "2026-03-04")
    assert city.at("2026-03-04") == []


def test_a_call_that_came_about_by_mistake_is_none(city: Bracelets) -> None:
    city.pressed("li", "sos", "call-1", "2026-03-01")
    city.say(
        "resident", "li", "Pressed", "call-1", "2026-03-01", taken_back=True,
        button="sos", device="w-li", lon=None, lat=None,
    )  # fmt: skip
    assert city.at("2026-03-01") == []
