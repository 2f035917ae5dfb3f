"""How many records somebody refuses: a few are wrong records, many are a mistake about all of them, such as a new
version of the other side. Those wait, as for somebody who is away, and are not put aside one by one."""

from __future__ import annotations

import time
from collections import deque

from sinks.sink import Away, Refused

WITHIN_S = 60.0


class Refusals:
    """At most `a_minute` are put aside within a minute."""

    def __init__(self, a_minute: int) -> None:
        self._counted: deque[float] = deque(maxlen=max(a_minute, 1))
        self._none = a_minute < 1

    def count(self) -> None:
        """One more was put aside."""
        self._counted.append(time.monotonic())

    def check(self, refused: Refused) -> None:
        """Raises Away if `refused` would be one too many."""
        full = len(self._counted) == self._counted.maxlen
        if self._none or (full and time.monotonic() - self._counted[0] < WITHIN_S):
            raise Away(f"more than a few records are refused, the last one with: {refused}") from refused
