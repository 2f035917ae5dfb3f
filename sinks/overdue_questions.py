"""Questions that a department has not answered in time: whoever sees the case is told, and operations by a gauge."""

from __future__ import annotations

import structlog

from runtime.metrics import OVERDUE_QUESTIONS, show
from sinks.sink import Connection
from wire.contracts import departments_of

log = structlog.get_logger()

MOST_TOLD = 200
"""In one turn, so that no move waits for long."""


def tell(connection: Connection) -> None:
    """Tell of those whose time has passed, once each, and set the gauge of all that wait past it."""
    told = connection.execute("SELECT city.tell_overdue_questions(now(), %s)", (MOST_TOLD,)).fetchone()
    if told and told[0]:
        log.info("questions_overdue", questions=told[0])
    waiting = connection.execute("SELECT department, overdue FROM city.overdue_questions()")
    # who has answered all says 0, not nothing
    none: dict[tuple[str, ...], float] = {(department,): 0 for department in departments_of()}
    show(OVERDUE_QUESTIONS, none | {(department,): overdue for department, overdue in waiting})
