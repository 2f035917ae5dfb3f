"""How long people wait for somebody: gauges over the tasks that nobody has acknowledged, and the way of urgent ones.

Times are those of PostgreSQL. A task's id is a UUID 7, so that those made since the last look come after it.
"""

from __future__ import annotations

from uuid import UUID

from runtime.metrics import OLDEST_WAITING_TASK, URGENT_EVENT_TO_TASK_SECONDS, WAITING_TASKS, show
from sinks.sink import Connection
from wire.catalogue import rules

WAITING = """
SELECT domain, severity, count(*), extract(epoch FROM now() - min(dispatched_at))::float8
FROM city.task WHERE state = 'dispatched' GROUP BY 1, 2
"""
LAST = "SELECT id FROM city.task ORDER BY id DESC LIMIT 1"
URGENT = """
SELECT t.id, t.domain, extract(epoch FROM t.dispatched_at - newest.at)::float8
FROM city.task t JOIN city.alert a USING (finding_id),
    LATERAL (SELECT max((said ->> 'occurred_at')::timestamptz) FROM jsonb_array_elements(a.because) said) AS newest(at)
WHERE t.severity = 'urgent' AND t.outcome_before IS NULL AND t.id > %s AND newest.at IS NOT NULL ORDER BY t.id
"""


class Waiting:
    """One process's view; tasks that were made before its first look are not timed."""

    def __init__(self) -> None:
        self._last: UUID | None = None
        # a queue that is empty says 0, not nothing: one that fills and empties between two looks is no gap either
        self._queues: dict[tuple[str, ...], float] = {(rule.domain, rule.severity): 0 for rule in rules().values()}

    def look(self, connection: Connection) -> None:
        """Set the gauges, and observe the urgent tasks made since the last look."""
        rows = connection.execute(WAITING).fetchall()
        waiting: dict[tuple[str, ...], float] = {(domain, severity): number for domain, severity, number, _ in rows}
        self._queues |= dict.fromkeys(waiting, 0)
        show(WAITING_TASKS, self._queues | waiting)
        oldest = {domain: 0.0 for domain, _ in self._queues}
        for domain, _, _, seconds in rows:
            oldest[domain] = max(oldest[domain], seconds)
        for domain, seconds in oldest.items():
            OLDEST_WAITING_TASK.labels(domain).set(seconds)
        newest = connection.execute(LAST).fetchone()
        if self._last is not None:
            for _, domain, seconds in connection.execute(URGENT, (self._last,)):
                URGENT_EVENT_TO_TASK_SECONDS.labels(domain).observe(max(0.0, seconds))
        self._last = newest[0] if newest else UUID(int=0)
