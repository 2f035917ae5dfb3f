"""A mistake in judging or merging: told without a value of the row; a mistake about all records stops the stage.

Why one subject may go on as unknown: docs/decisions/0023-judging.md.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import structlog

from domain.rule import Rule
from runtime import metrics

log = structlog.get_logger()

MINUTE = 60.0
SHARE = 0.05
"""Of the subjects that are judged in a minute, so many may fail beside `a_minute`."""
_MOST_COUNTS = 10_000


class TooManyMistakes(Exception):
    """More subjects in a minute cannot be judged than the setting allows; the message says what to do."""


class Mistakes:
    """The subjects of one stage that failed in the last minute: at most `a_minute`; or, of those that were judged, one
    in twenty, since a rebuild judges in a minute what failed over years. A subject that was unknown before is not
    counted again."""

    def __init__(self, view: str, a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._view = view
        self._a_minute = a_minute
        self._clock = clock
        self._failed: dict[bytes, float] = {}
        self._unmerged: dict[bytes, float] = {}
        self._judged: deque[tuple[float, int]] = deque()
        self._count = 0
        self._last = ""
        metrics.UNJUDGED_ROWS.labels(view)

    def judged(self) -> None:
        """One more subject is about to be judged."""
        self._count += 1

    def judging_failed(self, key: bytes, partition: int, mistake: Exception, *, known: bool = False) -> None:
        """Tell of it. `known`: the subject was unknown before."""
        self._tell("subject_not_judged", partition, mistake)
        if not known:
            self._failed[key] = self._clock()

    def merging_failed(self, key: bytes, partition: int, mistake: Exception) -> None:
        """Tell of it: the subject's records are put aside from here on. Raises TooManyMistakes."""
        self._tell("subject_put_aside", partition, mistake)
        self._unmerged = _of_the_last_minute({**self._unmerged, key: self._clock()}, self._clock())
        if len(self._unmerged) > self._a_minute:
            raise self._too_many(len(self._unmerged), "merged")

    def check(self) -> None:
        """At the end of a batch. Raises TooManyMistakes, with which the stage ends and nothing of it is committed."""
        if self._count:
            self._judged.append((self._clock(), self._count))
            self._count = 0
        if not self._failed:
            if len(self._judged) > _MOST_COUNTS:
                self._forget()
            return
        self._forget()
        self._failed = _of_the_last_minute(self._failed, self._clock())
        judged = sum(count for _, count in self._judged)
        if len(self._failed) > self._a_minute and len(self._failed) > judged * SHARE:
            raise self._too_many(len(self._failed), "judged")

    def _forget(self) -> None:
        now = self._clock()
        while self._judged and now - self._judged[0][0] >= MINUTE:
            self._judged.popleft()

    def _tell(self, event: str, partition: int, mistake: Exception) -> None:
        rule, place = _origin(mistake.__traceback__)
        error = type(mistake).__name__
        self._last = f"{error} at {place}"
        metrics.UNJUDGED_ROWS.labels(self._view).inc()
        log.error(event, view=self._view, partition=partition, rule=rule, error=error, code=place)

    def _too_many(self, count: int, what: str) -> TooManyMistakes:
        return TooManyMistakes(
            f"Stage {self._view}: {count} subjects could not be {what} within a minute ({self._last}); "
            f"CITYGRID_MISJUDGED_A_MINUTE allows {self._a_minute}. Nothing of this batch is committed. Mend the rule "
            "or view, or go back to the version before, and start the stage again."
        )


def _of_the_last_minute(failed: dict[bytes, float], now: float) -> dict[bytes, float]:
    return {key: since for key, since in failed.items() if now - since < MINUTE}


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
