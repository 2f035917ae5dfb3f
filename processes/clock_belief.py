"""Whether the machine's clock is believed: a tick far ahead of the last one and of the broker's own time is a jump (a
step of NTP, a wrong host), and would let everything fall due at once (docs/decisions/0029-clock.md).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Heard:
    """A time that was heard, and when it was, by this machine's monotonic clock (seconds)."""

    time: int
    at: float

    def by(self, at: float) -> int:
        """The same clock's time at `at`, microseconds UTC."""
        return self.time + int((at - self.at) * 1_000_000)


class Belief:
    """`tolerance`: microseconds by which a tick may be ahead. What was never heard says nothing against a tick."""

    def __init__(self, tolerance: int) -> None:
        self._tolerance = tolerance
        self._last: Heard | None = None
        self._broker: Heard | None = None

    def ticked(self, time: int, at: float) -> None:
        """The newest tick that Kafka has."""
        self._last = Heard(time, at)

    def broker_says(self, time: int, at: float) -> None:
        """When the broker appended a record, by its own clock."""
        self._broker = Heard(time, at)

    def jump(self, now: int, at: float) -> int:
        """By how many microseconds `now` is ahead of both; negative: the last tick lies so far in the future, and the
        stages wait for it. 0: it is believed.

        Both are counted on by the time that passed since: a clock that nobody heard of for a while has not jumped.
        """
        if self._last is None:
            return 0
        behind = now - self._last.by(at)
        if behind < -self._tolerance:
            return behind
        ahead = min(now - heard.by(at) for heard in (self._last, self._broker) if heard is not None)
        return ahead if ahead > self._tolerance else 0
