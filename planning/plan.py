"""A plan of a shift: the best order at its beginning; later the order in hand, with what came in put into it."""

from __future__ import annotations

from collections.abc import Sequence

from planning.insert import insert
from planning.schedule import Costs, Turn
from planning.stops import Left, Moved, Plan, Reason, Shift, Stop, Visit, metres

MOST_MOVED = 3
"""How many other stops an urgent one may move. Source: docs/decisions/0035-due-and-route.md"""


def plan(stops: Sequence[Stop], shift: Shift, before: Sequence[str] = (), most_moved: int = MOST_MOVED) -> Plan:
    """The visits of a shift with their reasons. `before`: the keys in the order that the worker has in hand; what is
    not in it comes in, what is gone falls out, and the rest stays but for `most_moved`. Empty: all is planned anew.

    Raises ValueError if two stops have one key.
    """
    index = {stop.key: i for i, stop in enumerate(stops)}
    if len(index) < len(stops):
        raise ValueError("two stops have the same key")
    costs = Costs(stops, shift)
    known = [index[key] for key in dict.fromkeys(before) if key in index]
    moved: tuple[Moved, ...] = ()
    displaced: dict[int, Reason] = {}
    if known:
        new = [i for i in range(len(stops)) if i not in set(known)]
        # What was left out before is tried again, last: it moves nobody.
        order, changed, left_out, cause = insert(costs, known, new, most_moved)
        if cause is not None:
            why = Reason("for_urgent", key=stops[cause].key)
            moved = tuple(Moved(stops[i].key, why) for i in changed)
            displaced = dict.fromkeys(left_out, why)
    else:
        from planning.solve import solve  # only who plans anew needs the library

        order = solve(costs)
    turns = costs.turns(order)
    if turns is None:
        raise AssertionError("the order that was chosen is impossible")
    visits = tuple(_visit(costs, order, turns, at) for at in range(len(order)))
    left = tuple(
        Left(stop.key, displaced.get(i) or _why_left(costs, i)) for i, stop in enumerate(stops) if i not in set(order)
    )
    points = [shift.start, *(stops[i].point for i in order)]
    return Plan(visits, left, moved, tuple(point for point in points if point is not None))


def _visit(costs: Costs, order: Sequence[int], turns: Sequence[Turn], at: int) -> Visit:
    stop, turn = costs.stops[order[at]], turns[at]
    here = costs.stops[order[at - 1]].point if at else costs.shift.start
    way = metres(here, stop.point)
    reasons = [
        *_pressing(stop),
        *_due(stop, turn, costs.shift),
        *_opening(stop, turn, costs.shift),
    ]
    if stop.point is None:
        reasons.append(Reason("no_place"))
    if way is not None:
        reasons.append(Reason("near", metres=way))
    return Visit(stop.key, turn.begin, turn.leave, way, tuple(reasons))


def _pressing(stop: Stop) -> list[Reason]:
    return [Reason(stop.urgency)] if stop.urgency in ("sos", "urgent") else []


def _due(stop: Stop, turn: Turn, shift: Shift) -> list[Reason]:
    if stop.due is None or stop.due > shift.seconds:
        return []
    return [Reason("late" if stop.due < turn.begin else "due", at=stop.due)]


def _opening(stop: Stop, turn: Turn, shift: Shift) -> list[Reason]:
    """Only where the hours matter: it was waited for, or it closes within the shift."""
    for opens, closes in stop.windows:
        if opens <= turn.begin and turn.leave <= closes and (opens > 0 or closes < shift.seconds):
            return [Reason("opens", at=opens, until=closes)]
    return []


def _why_left(costs: Costs, i: int) -> Reason:
    """Nobody can be met within the shift, or its time is needed for others."""
    stop = costs.stops[i]
    alone = costs.turns([i]) is not None
    if not alone and stop.windows:
        return Reason("closed", at=min(opens for opens, _ in stop.windows), until=max(c for _, c in stop.windows))
    return Reason("no_time", at=stop.due)
