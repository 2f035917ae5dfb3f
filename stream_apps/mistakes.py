"""A mistake in judging: told without a value of the row; a mistake about all records stops the stage.

Why one subject may go on as unknown: docs/decisions/0023-judging.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import structlog

from domain.rule import Rule
from runtime import metrics

log = structlog.get_logger()

MINUTE = 60.0


class TooManyMistakes(Exception):
    """More subjects in a minute cannot be judged than the setting allows; the message says what to do."""


class Mistakes:
    """The subjects of one stage whose judging failed in the last minute, at most `a_minute`."""

    def __init__(self, view: str, a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._view = view
        self._a_minute = a_minute
        self._clock = clock
        self._failed: dict[bytes, float] = {}
        metrics.UNJUDGED_ROWS.labels(view)

    def judging_failed(self, key: bytes, partition: int, mistake: Exception) -> None:
        """Tell of it. Raises TooManyMistakes, with which the stage ends and nothing is committed."""
        now = self._clock()
        self._failed = {other: since for other, since in self._failed.items() if now - since < MINUTE}
        self._failed[key] = now
        rule, place = _origin(mistake.__traceback__)
        error = type(mistake).__name__
        metrics.UNJUDGED_ROWS.labels(self._view).inc()
        log.error("subject_not_judged", view=self._view, partition=partition, rule=rule, error=error, code=place)
        if len(self._failed) > self._a_minute:
            raise TooManyMistakes(
                f"Stage {self._view}: {len(self._failed)} subjects could not be judged within a minute ({error} at "
                f"{place}); CITYGRID_MISJUDGED_A_MINUTE allows {self._a_minute}. Nothing of this batch is committed. "
                "Mend the rule or view, or go back to the version before, and start the stage again."
            ) from None


def _origin(traceback: TracebackType | None) -> tuple[str | None, str]:
    """The rule that was asked, if one was, and the code that raised as file:line; no value of a variable."""
    rule, place = None, "unknown"
    while traceback is not None:
        frame = traceback.tb_frame
        asked = frame.f_locals.get("rule")
        rule = asked.name if isinstance(asked, Rule) else rule
        path = Path(frame.f_code.co_filename)
        place = f"{path.parent.name}/{path.name}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return rule, place
