"""What an order of stops comes to: when each is reached, and what it costs. The one place that knows the weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from planning.stops import Shift, Stop, Urgency, walking

LATE_WEIGHT: dict[Urgency, int] = {"sos": 1_000, "urgent": 100, "today": 10, "planned": 2}
"""What a second of lateness is worth, in seconds of walking or waiting."""
EAGER_WEIGHT = 5
"""What a second is worth by which an urgent stop is reached after a third of the time that is left: nothing urgent is
left to its last minute, but no other one comes late for that. Who calls for help is late at once."""
EAGER_SHARE = 3


class Turn(NamedTuple):
    """When a stop is reached, begun and left."""

    arrive: int
    begin: int
    leave: int


class Costs:
    """The stops of one shift. Stop i of `stops` is node i + 1; node 0 is where the worker is."""

    def __init__(self, stops: Sequence[Stop], shift: Shift) -> None:
        self.stops = stops
        self.shift = shift
        self.walk = walking([shift.start, *(stop.point for stop in stops)])
        self.dues = [_due(stop, shift) for stop in stops]
        self.aims = [_aim(stop) for stop in stops]
        self.spans = [_spans(stop, shift) for stop in stops]
        self._skipping = [(LATE_WEIGHT[stop.urgency] + EAGER_WEIGHT + 2) * shift.seconds for stop in stops]
        self._all_left_out = sum(self._skipping)

    def skipping(self, i: int) -> int:
        """What it costs to leave stop i out: more than to come as late as a shift allows."""
        return self._skipping[i]

    def lateness(self, i: int, begin: int) -> int:
        """What it costs to begin stop i then."""
        due, aim = self.dues[i], self.aims[i]
        late = 0 if due is None else LATE_WEIGHT[self.stops[i].urgency] * max(0, begin - due)
        return late if aim is None else late + EAGER_WEIGHT * max(0, begin - aim)

    def turns(self, order: Sequence[int]) -> list[Turn] | None:
        """When each stop of `order` has its turn; None if one of them cannot be visited then."""
        turns, clock, here = [], 0, 0
        for i in order:
            arrive = clock + self.walk[here][i + 1]
            begin = next((max(arrive, first) for first, last in self.spans[i] if arrive <= last), None)
            if begin is None:
                return None
            clock, here = begin + self.stops[i].seconds, i + 1
            turns.append(Turn(arrive, begin, clock))
        return turns

    def cost(self, order: Sequence[int], *, past_the_impossible: bool = False) -> float:
        """Walking, the time until all is done, lateness and what is left out; infinite if `order` is impossible, unless
        it may go past a stop that cannot be visited in its turn."""
        cost, clock, here = self._all_left_out, 0, 0
        for i in order:
            walk = self.walk[here][i + 1]
            arrive = clock + walk
            for first, last in self.spans[i]:
                if arrive <= last:
                    begin = max(arrive, first)
                    break
            else:
                if past_the_impossible:
                    continue
                return float("inf")
            clock, here = begin + self.stops[i].seconds, i + 1
            cost += walk + self.lateness(i, begin) - self._skipping[i]
        return cost + clock


def _due(stop: Stop, shift: Shift) -> int | None:
    """Until when it is to be begun, not before the plan's beginning; None: no lateness within the shift."""
    if stop.urgency == "sos":
        return 0
    return None if stop.due is None or stop.due >= shift.seconds else max(0, stop.due)


def _aim(stop: Stop) -> int | None:
    if stop.urgency != "urgent" or stop.due is None:
        return None
    return max(0, stop.due) // EAGER_SHARE


def _spans(stop: Stop, shift: Shift) -> list[tuple[int, int]]:
    """Between which instants its visit may begin, in their order: it must end in its window and in the shift."""
    windows = stop.windows or ((0, shift.seconds),)
    spans = [(max(0, opens), min(closes, shift.seconds) - stop.seconds) for opens, closes in windows]
    return sorted((first, last) for first, last in spans if first <= last)
