"""A clock that jumps is told, not believed; one that was away, or whose machine slept, is believed."""

from __future__ import annotations

from processes.clock_belief import Belief

SECOND, MONTH = 1_000_000, 30 * 86_400 * 1_000_000
NOON = 1_772_424_000 * SECOND


def running() -> Belief:
    belief = Belief(300 * SECOND)
    belief.broker_says(NOON, 100.0)
    belief.ticked(NOON, 100.0)
    return belief


def test_a_tick_a_second_later_is_believed_and_one_of_next_month_is_not() -> None:
    belief = running()
    assert belief.jump(NOON + SECOND, 101.0) == 0
    assert belief.jump(NOON + MONTH, 101.0) == MONTH - SECOND
    assert belief.jump(NOON + 200 * SECOND, 101.0) == 0, "clocks differ a little"


def test_an_outage_is_no_jump() -> None:
    belief = running()
    assert belief.jump(NOON + 7200 * SECOND, 7300.0) == 0
    started_again = Belief(300 * SECOND)
    started_again.ticked(NOON, 5.0)  # the topic's last, a week old
    started_again.broker_says(NOON + MONTH, 6.0)
    assert started_again.jump(NOON + MONTH + SECOND, 7.0) == 0


def test_a_machine_that_slept_is_believed_once_the_broker_says_the_same() -> None:
    belief = running()
    belief.broker_says(NOON + MONTH, 101.0)
    assert belief.jump(NOON + MONTH, 101.0) == 0


def test_a_start_on_a_host_with_a_wrong_clock_is_not_believed() -> None:
    belief = Belief(300 * SECOND)
    belief.ticked(NOON, 5.0)
    belief.broker_says(NOON + 10 * SECOND, 6.0)
    assert belief.jump(NOON + MONTH, 6.0) == MONTH - 10 * SECOND


def test_a_mistaken_tick_shows_once_the_clock_is_right_again() -> None:
    belief = running()
    belief.ticked(NOON + MONTH, 101.0)
    assert belief.jump(NOON + 2 * SECOND, 102.0) == -(MONTH - SECOND)


def test_the_first_tick_of_a_city_is_believed() -> None:
    assert Belief(300 * SECOND).jump(NOON, 1.0) == 0
