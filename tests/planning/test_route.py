"""Today's route against an exact solution on small cases; its reasons, what is left out, and how little an urgent stop
moves."""

from __future__ import annotations

import time
from itertools import permutations
from math import cos, radians
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.insert import insert
from planning.plan import MOST_MOVED, plan
from planning.schedule import Costs
from planning.solve import solve
from planning.stops import Plan, Point, Shift, Stop, Urgency, Window, metres

URGENCIES: tuple[Urgency, ...] = get_args(Urgency)
HERE = Point(113.36, 22.94)
HOUR = 3_600
DAY = Shift(HERE, 8 * HOUR)


def east(distance: float, north: float = 0) -> Point:
    """A place so many metres from `HERE`."""
    return Point(HERE.lon + distance / (111_320 * cos(radians(HERE.lat))), HERE.lat + north / 111_320)


def stop(key: str, where: Point | None, urgency: Urgency = "planned", **more: object) -> Stop:
    given_: dict[str, object] = {"seconds": 600} | more
    return Stop(key, where, urgency, **given_)  # type: ignore[arg-type]


def keys(made: Plan) -> list[str]:
    return [visit.key for visit in made.visits]


def why(made: Plan, key: str) -> list[str]:
    return [reason.kind for visit in made.visits if visit.key == key for reason in visit.reasons]


# -- against an exact solution

places = st.builds(east, st.integers(-1_500, 1_500), st.integers(-1_500, 1_500))


@st.composite
def shifts(draw: st.DrawFn, most: int) -> tuple[list[Stop], Shift]:
    stops = []
    for number in range(draw(st.integers(1, most))):
        opens = draw(st.integers(0, 5)) * 1_200
        windows = draw(
            st.sampled_from([(), (Window(opens, opens + 4_000),), (Window(0, 2_000), Window(9_000, 12_000))])
        )
        due = draw(st.one_of(st.none(), st.integers(-2_000, 12_000)))
        urgency = draw(st.sampled_from(URGENCIES))
        stops.append(stop(str(number), draw(st.none() | places), urgency, due=due, windows=windows))
    return stops, Shift(draw(st.none() | places), draw(st.integers(2, 9)) * 1_200)


def exact(costs: Costs) -> float:
    """The least that any order of any choice of the stops costs: all are tried."""
    every = range(len(costs.stops))
    return min(costs.cost(order) for many in range(len(every) + 1) for order in permutations(every, many))


@settings(max_examples=40, deadline=None)
@given(shifts(most=6))
def test_no_order_of_a_small_shift_is_better(given_: tuple[list[Stop], Shift]) -> None:
    costs = Costs(*given_)
    assert costs.cost(solve(costs)) == exact(costs)


def test_the_cost_is_what_it_says_it_is() -> None:
    """Counted by hand for one order, so that the exact solution is not only as wrong as the plan."""
    stops = [stop("a", east(120), "today", due=50), stop("b", east(240), windows=(Window(2_000, 4_000),))]
    costs = Costs([*stops, stop("c", east(360), seconds=9_999)], Shift(HERE, 5_000))
    first = round(metres(HERE, stops[0].point) / 1.2)  # type: ignore[operator]
    assert abs(first - 130) <= 1  # 120 m straight, 156 m through streets
    second = round(metres(stops[0].point, stops[1].point) / 1.2)  # type: ignore[operator]
    late = 10 * (first - 50)
    left_out = (2 + 5 + 2) * 5_000
    done = 2_000 + 600
    assert costs.cost([0, 1]) == first + second + late + left_out + done
    assert [turn.begin for turn in costs.turns([0, 1]) or ()] == [first, 2_000]
    assert costs.cost([1, 0]) > costs.cost([0, 1])
    assert costs.turns([2]) is None


# -- what comes first, and why


def test_without_haste_the_way_is_short() -> None:
    made = plan([stop("far", east(900)), stop("near", east(100)), stop("middle", east(500))], DAY)
    assert keys(made) == ["near", "middle", "far"]
    assert why(made, "near") == ["near"]
    assert made.visits[0].metres == metres(HERE, east(100))
    assert made.line == (HERE, east(100), east(500), east(900))


def test_a_call_for_help_comes_before_all_and_a_deadline_before_what_is_near() -> None:
    stops = [
        stop("near", east(50)),
        stop("sos", east(-1_200), "sos", due=300),
        stop("house", east(1_200), "urgent", due=2 * HOUR),
        stop("soon", east(-300), "today", due=HOUR),
    ]
    made = plan(stops, DAY)
    assert keys(made)[0] == "sos"
    assert keys(made).index("soon") < keys(made).index("near")
    assert why(made, "sos")[:2] == ["sos", "late"]
    assert why(made, "house")[:2] == ["urgent", "due"]
    assert why(made, "soon")[0] == "due", "an urgent stop with time left does not make another one late"


def test_who_opens_late_is_visited_late_and_its_hours_are_the_reason() -> None:
    made = plan([stop("office", east(60), windows=(Window(3 * HOUR, 5 * HOUR),)), stop("flat", east(90))], DAY)
    assert keys(made) == ["flat", "office"]
    assert made.visits[1].arrive == 3 * HOUR
    assert why(made, "office") == ["opens", "near"]


def test_a_place_without_coordinates_is_visited_and_says_so() -> None:
    made = plan([stop("somewhere", None), stop("flat", east(90))], DAY)
    assert sorted(keys(made)) == ["flat", "somewhere"]
    assert why(made, "somewhere") == ["no_place"]


def test_what_does_not_fit_is_named_with_its_reason() -> None:
    """The least urgent ones are left out; one that is shut all day never fits."""
    many = [stop(f"planned-{number}", east(30 * number), seconds=HOUR) for number in range(9)]
    today = [stop(f"today-{number}", east(-40 * number), "today", due=9 * HOUR, seconds=HOUR) for number in (1, 2)]
    shut = stop("shut", east(10), "today", windows=(Window(9 * HOUR, 10 * HOUR),))
    made = plan([*many, *today, shut], DAY)
    left = {left.key: left.reason for left in made.left}
    assert left["shut"].kind == "closed"
    assert (left["shut"].at, left["shut"].until) == (9 * HOUR, 10 * HOUR)
    assert {"today-1", "today-2"} <= set(keys(made))
    assert {left[key].kind for key in left if key != "shut"} == {"no_time"}
    assert len(made.visits) + len(left) == 12
    assert made.visits[-1].leave <= DAY.seconds


# -- what comes in later


def test_an_urgent_stop_moves_few_and_says_why() -> None:
    stops = [stop(str(number), east(150 * number)) for number in range(1, 9)]
    morning = plan(stops, DAY)
    urgent = stop("fire", east(-800, 300), "urgent", due=HOUR)
    made = plan([*stops, urgent], DAY, before=keys(morning))
    assert keys(made)[0] == "fire"
    assert [key for key in keys(made) if key != "fire"] == keys(morning)
    assert made.moved == ()


def test_who_must_give_way_to_an_urgent_stop_is_named_with_it() -> None:
    stops = [stop(str(number), east(100 * number), seconds=HOUR) for number in range(1, 8)]
    morning = plan(stops, DAY)
    assert len(morning.visits) == 7
    made = plan([*stops, stop("fire", east(-200), "urgent", due=HOUR, seconds=HOUR)], DAY, before=keys(morning))
    assert keys(made)[0] == "fire"
    gone = [left for left in made.left if left.key in keys(morning)]
    assert len(gone) >= 1
    assert len(gone) + len(made.moved) <= MOST_MOVED
    for reason in (*(left.reason for left in gone), *(moved.reason for moved in made.moved)):
        assert (reason.kind, reason.key) == ("for_urgent", "fire")


def in_order(before: list[str], after: list[str]) -> int:
    """How many stops of `before` stay as they were to each other: the longest common part of both orders."""
    row = [0] * (len(after) + 1)
    for one in before:
        old = row[:]
        for at, other in enumerate(after):
            row[at + 1] = old[at] + 1 if one == other else max(old[at + 1], row[at])
    return row[-1]


@settings(max_examples=60, deadline=None)
@given(shifts(most=12), places, st.integers(0, 4), st.integers(600, 6_000))
def test_an_urgent_stop_moves_at_most_k(given_: tuple[list[Stop], Shift], where: Point, most: int, due: int) -> None:
    stops, shift = given_
    costs = Costs(stops, shift)
    before = [stops[i].key for i in insert(costs, [], range(len(stops)), 0).order]
    made = plan([*stops, stop("fire", where, "urgent", due=due)], shift, before, most)
    staying = [key for key in before if key in set(keys(made))]
    gone = {left.key: left.reason.kind for left in made.left}
    displaced = [key for key in before if gone.get(key) == "for_urgent"]
    assert len(staying) - in_order(staying, keys(made)) <= len(made.moved) <= max(0, most - len(displaced))
    assert set(before) - set(staying) == set(displaced)
    assert set(keys(made)) | set(gone) == {*(one.key for one in stops), "fire"}


def test_what_is_not_urgent_moves_nobody() -> None:
    stops = [stop(str(number), east(100 * number), seconds=HOUR) for number in range(1, 8)]
    morning = keys(plan(stops, DAY))
    made = plan([*stops, stop("new", east(50), "today", seconds=HOUR)], DAY, before=morning)
    assert keys(made) == morning
    assert [(left.key, left.reason.kind) for left in made.left] == [("new", "no_time")]


def test_what_is_done_falls_out_and_the_rest_stays() -> None:
    stops = [stop(str(number), east(100 * number)) for number in range(1, 6)]
    morning = keys(plan(stops, DAY))
    assert keys(plan(stops[:2] + stops[3:], DAY, before=morning)) == [key for key in morning if key != "3"]


def test_two_stops_with_one_key_are_refused() -> None:
    with pytest.raises(ValueError, match="same key"):
        plan([stop("a", HERE), stop("a", HERE)], DAY)


def test_fifty_stops_are_planned_in_less_than_a_second() -> None:
    stops = [
        stop(
            str(number),
            east(137 * number % 1_500, 211 * number % 1_500),
            URGENCIES[1:][number % 3],
            due=(number * 977) % (12 * HOUR),
            windows=(Window(HOUR, 5 * HOUR),) if number % 5 == 0 else (),
            seconds=400,
        )
        for number in range(50)
    ]
    began = time.process_time()
    made = plan(stops, DAY)
    planned = time.process_time() - began
    again = plan([*stops, stop("fire", east(-500), "urgent", due=HOUR)], DAY, before=keys(made))
    inserted = time.process_time() - began - planned
    assert planned < 1
    assert inserted < 1
    assert len(made.visits) + len(made.left) == 50
    assert "fire" in keys(again)
