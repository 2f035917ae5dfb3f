"""Law 5 and law 11: what cannot be judged is unknown, keeps what it said, and is right again once it can be."""

from dataclasses import replace
from typing import Any

import pytest

from domain.contributions import Membership, ProgrammeDrawn, VehicleHeld
from domain.event import Source
from domain.step import NOT_JUDGED, ruleset, settle, unjudged
from domain.views.household import VIEW
from stream_apps.mistakes import Mistakes, TooManyMistakes
from tests.golden.in_memory import ALL_RULES

RULES = [ALL_RULES["car-and-benefit"]]
NOW = 20_010 * 86_400_000_000


def household() -> Any:
    drawn = ProgrammeDrawn("dibao", 20_000, None, False, Source("civil-affairs", "Granted", "DB-1", "e", 0))
    vehicle = VehicleHeld("car", Source("transport", "Registered", "粤A00001", "f", 0))
    source = Source("police", "MovedIn", "R-1", "g", 0)
    member = Membership(None, 0, None, None, None, None, False, source, (vehicle,), (drawn,), None, (), ())
    return VIEW.receive(VIEW.row("H-1"), "a", member)


def test_what_cannot_be_judged_is_unknown_and_right_again_once_it_can_be() -> None:
    judged = settle(VIEW, RULES, household(), NOW, 0)
    assert [alert.state for alert in judged.alerts] == ["opened"]
    failed = unjudged(VIEW, RULES, judged.row, NOW + 1)
    assert [(alert.state, alert.unknown) for alert in failed.alerts] == [("held", True)]
    assert (failed.row.members, failed.row.bookkeeping.due_at) == (judged.row.members, None)
    assert failed.row.bookkeeping.judged_by == NOT_JUDGED != ruleset(VIEW, RULES, 0)
    assert unjudged(VIEW, RULES, failed.row, NOW + 2).alerts == [], "it is said once"
    healed = settle(VIEW, RULES, failed.row, NOW + 3, 0)
    assert [(a.state, a.unknown, a.opened_at) for a in healed.alerts] == [("opened", False, NOW)]
    assert healed.alerts[0].why_en == judged.alerts[0].why_en


def test_what_fails_before_the_first_tick_after_a_start_is_told_at_that_tick() -> None:
    judged = settle(VIEW, RULES, household(), NOW, 0)
    failed = unjudged(VIEW, RULES, judged.row, None)
    assert (failed.row.bookkeeping.judged_by, failed.row.bookkeeping.due_at, failed.alerts) == (NOT_JUDGED, 0, [])
    told = unjudged(VIEW, RULES, failed.row, NOW + 1)
    assert [(alert.state, alert.unknown) for alert in told.alerts] == [("held", True)]
    assert told.row.bookkeeping.due_at is None


def test_more_subjects_than_the_limit_within_a_minute_stop_the_stage() -> None:
    moment = [0.0]
    mistakes = Mistakes("household", 2, lambda: moment[0])
    for moment[0], key in ((0.0, b"a"), (1.0, b"b"), (59.0, b"a"), (70.0, b"c")):
        mistakes.judged()
        mistakes.judging_failed(key, 0, RuntimeError("H-1"))
        mistakes.check()
    mistakes.judging_failed(b"d", 0, RuntimeError("H-1"))
    with pytest.raises(TooManyMistakes, match="CITYGRID_MISJUDGED_A_MINUTE allows 2") as stopped:
        mistakes.check()
    assert "H-1" not in str(stopped.value), "the error's text may hold a value of the row"


def test_subjects_that_were_unknown_before_do_not_stop_a_start() -> None:
    """They failed over months, and all of them are judged again at the first tick."""
    mistakes = Mistakes("household", 2, lambda: 0.0)
    for number in range(100):
        mistakes.judged()
        mistakes.judging_failed(str(number).encode(), 0, RuntimeError(), known=True)
    mistakes.check()


def test_a_rebuild_passes_its_first_tick_although_some_subjects_fail() -> None:
    mistakes = Mistakes("household", 2, lambda: 0.0)
    for number in range(200):
        mistakes.judged()
        if number < 7:
            mistakes.judging_failed(str(number).encode(), 0, RuntimeError())
    mistakes.check()
    for number in range(200, 210):
        mistakes.judging_failed(str(number).encode(), 0, RuntimeError())
    with pytest.raises(TooManyMistakes):
        mistakes.check()


def test_more_subjects_than_the_limit_whose_records_cannot_be_merged_stop_the_stage() -> None:
    mistakes = Mistakes("household", 2, lambda: 0.0)
    for key in (b"a", b"b", b"a"):
        mistakes.merging_failed(key, 0, RuntimeError("H-1"))
    with pytest.raises(TooManyMistakes, match="3 subjects could not be merged") as stopped:
        mistakes.merging_failed(b"c", 0, RuntimeError("H-1"))
    assert "H-1" not in str(stopped.value)


def test_the_rule_that_failed_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    def check(row: Any, now: int) -> Any:
        raise RuntimeError(row.id)

    try:
        settle(VIEW, [replace(RULES[0], check=check)], household(), NOW, 0)
    except RuntimeError as mistake:
        Mistakes("household", 5).judging_failed(b"H-1", 0, mistake)
    line = capsys.readouterr().out
    assert "car-and-benefit" in line
    assert "domain/test_unjudged.py" in line
    assert "H-1" not in line
