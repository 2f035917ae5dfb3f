"""A stop that comes in while a shift is under way: the plan in hand stays, but for at most so many other stops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from planning.schedule import Costs

PRESSING = ("sos", "urgent")
TRIED = 12
"""In how many places an urgent stop is tried with others giving way, of those that look best without that."""


class Inserted(NamedTuple):
    """`order` holds what is visited; of the plan before, `moved` changed their place and `displaced` had to be left
    out, both because of `cause`."""

    order: list[int]
    moved: list[int]
    displaced: list[int]
    cause: int | None


def insert(costs: Costs, before: Sequence[int], new: Sequence[int], most: int) -> Inserted:
    """The plan `before` with `new` in it. Only for what is urgent others give way, by moving or by being left out: at
    most `most`, unless the shift has no time for it without leaving out more.
    """
    order = _fitting(costs, list(before), frozenset())
    kept = list(order)
    pressing = [i for i in new if costs.stops[i].urgency in PRESSING and costs.spans[i]]
    for one in pressing:
        ways = sorted(_with(order, one), key=lambda way: costs.cost(way, past_the_impossible=True))
        fits = [_fitting(costs, way, frozenset(pressing)) for way in ways[:TRIED]]
        # at most `most` give way, if there is such a place for it
        order = min(fits, key=lambda way: (max(0, len(set(kept) - set(way)) - most), costs.cost(way)))
    displaced = [i for i in kept if i not in order]
    moved: list[int] = []
    while pressing and len(displaced) + len(moved) < most:
        tries = _one_moved(order, {*new, *moved})
        best, i = min(tries, key=lambda tried: costs.cost(tried[0]), default=(order, -1))
        if costs.cost(best) >= costs.cost(order):
            break
        order = best
        moved.append(i)
    for one in new:
        if one not in order:
            order = min([order, *_with(order, one)], key=costs.cost)
    return Inserted(order, moved, [i for i in displaced if i not in order], pressing[0] if pressing else None)


def _with(order: list[int], one: int) -> Iterator[list[int]]:
    return ([*order[:at], one, *order[at:]] for at in range(len(order) + 1))


def _one_moved(order: list[int], but: set[int]) -> Iterator[tuple[list[int], int]]:
    """Every order that differs by the place of one stop."""
    for i in order:
        if i not in but:
            rest = [other for other in order if other != i]
            yield from ((way, i) for way in _with(rest, i) if way != order)


def _fitting(costs: Costs, order: list[int], keep: frozenset[int]) -> list[int]:
    """The order without those that must go so that the rest can be visited, each time the one that is missed least."""
    while order and costs.turns(order) is None:
        gone = [i for i in order if i not in keep] or order
        order = min(
            ([other for other in order if other != i] for i in gone),
            key=lambda way: costs.cost(way, past_the_impossible=True),
        )
    return order
