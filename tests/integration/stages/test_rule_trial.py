"""A rule is tried on the rows that stages have published: the same findings as theirs, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from citygrid.cli import CommandFailed, rules
from domain.rule import Finding, Rule
from domain.rules.car_and_benefit import RULE
from domain.views.household import Household
from stream_apps.rule_trial import Trial, tried
from tests.integration.stages.conftest import DAY, MORNING, POLICE, Stages, car, dibao, moved_in

NOW = MORNING + 2 * DAY


@pytest.fixture
def city(stages: Stages) -> Stages:
    """Three households: one draws dibao and has a car, one only draws it, one will draw it in ten days."""
    stages.start("resident", "household")
    stages.tick(NOW)
    people = [stages.person(number) for number in range(3)]
    stages.say(POLICE, [moved_in(person, f"H-{number}") for number, person in enumerate(people)])
    stages.say("transport.vehicle-registration", [car(people[0], "粤A00000"), car(people[2], "粤A00002")])
    days = (20_000, 20_000, 20_010)
    stages.say(
        "civil-affairs.social-assistance",
        [dibao(people[n], f"DB-{n}", f"H-{n}", day) for n, day in enumerate(days)],
    )
    stages.settle("resident", "household")
    return stages


def found(trial: Trial) -> list[tuple[str, str, str]]:
    return [(alert.subject, alert.cause, alert.state) for alert in trial.alerts]


def test_it_finds_what_the_stage_has_found_whatever_the_rows_were_judged_by(city: Stages) -> None:
    before = city.alerts()
    trial = tried(city.settings, RULE, NOW, frozenset())
    assert found(trial) == [("H-0", "粤A00000", "opened")]
    (stages_own,) = (alert for alert in before if alert["rule"] == RULE.name)
    assert (stages_own["finding_id"], stages_own["why_zh"]) == (trial.alerts[0].finding_id, trial.alerts[0].why_zh)
    assert (trial.rows, trial.failed, trial.looks_again_at) == (3, (), 20_010 * DAY - 8 * DAY // 24)
    assert found(tried(city.settings, RULE, NOW, frozenset(), "H-1")) == []
    later = tried(city.settings, RULE, MORNING + 11 * DAY, frozenset())
    assert [subject for subject, *_ in found(later)] == ["H-0", "H-2"]
    silent = tried(city.settings, replace(RULE, needs=frozenset({POLICE})), NOW, frozenset({POLICE}))
    assert [(alert.state, alert.unknown) for alert in silent.alerts] == [("held", True)]
    city.settle("resident", "household")
    assert city.alerts() == before


def test_a_mistake_is_named_with_its_row_and_its_line(city: Stages, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(home: Household, now: int) -> Iterator[Finding]:
        if home.id == "H-1":
            raise KeyError("until")
        yield from RULE.check(home, now)

    wrong: Rule = replace(RULE, check=check)
    trial = tried(city.settings, wrong, NOW, frozenset())
    assert found(trial) == [("H-0", "粤A00000", "opened")], "the others are judged"
    assert [(failed.subject, failed.error) for failed in trial.failed] == [("H-1", "KeyError: 'until'")]
    assert trial.failed[0].where.startswith("domain/step.py:")
    monkeypatch.setattr(rules, "load", lambda: city.settings)
    monkeypatch.setattr(rules, "_rules", lambda: {wrong.name: wrong})
    with pytest.raises(CommandFailed, match=r"fails on 1 of 3 rows.*H-1, domain/step.py") as told:
        rules.try_(wrong.name)
    assert told.value.code == 1


def test_a_name_that_is_no_rules_is_answered_with_those_that_are() -> None:
    with pytest.raises(CommandFailed, match=r"There is no rule 'new-let'; there are: .*newly-let"):
        rules.try_("new-let")
