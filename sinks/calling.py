"""How calls for help are answered: gauges over those that nobody has acknowledged, and how late each turn was told."""

from __future__ import annotations

from datetime import datetime

from runtime.metrics import CALL_ACKNOWLEDGED_SECONDS, CALL_LATE_SECONDS, CALLS_WAITING, show
from sinks.sink import Connection

NONE: dict[tuple[str, ...], float] = {("nobody",): 0.0, ("worker",): 0.0, ("desk",): 0.0}


class Calling:
    """One process's view; what happened before its first look is not timed."""

    def __init__(self) -> None:
        self._looked: datetime | None = None

    def look(self, connection: Connection) -> None:
        """Set the gauges, and observe what happened since the last look. Times are PostgreSQL's."""
        waiting: dict[tuple[str, ...], float] = {
            (told,): float(calls) for told, calls in connection.execute("SELECT * FROM city.calls_waiting()")
        }
        show(CALLS_WAITING, NONE | waiting)
        row = connection.execute("SELECT clock_timestamp()").fetchone()
        now: datetime | None = row[0] if row else None
        if self._looked is not None and now is not None:
            for what, seconds in connection.execute("SELECT * FROM city.call_times(%s, %s)", (self._looked, now)):
                if what == "late":
                    CALL_LATE_SECONDS.observe(max(0.0, seconds))
                else:
                    CALL_ACKNOWLEDGED_SECONDS.observe(max(0.0, seconds))
        self._looked = now
