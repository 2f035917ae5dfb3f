"""What a rule is: one row and the time in, findings out, and nothing else."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from domain.event import Source
from domain.service_time import ServiceTime


class Text(NamedTuple):
    """A sentence for people, in both languages. No identity number, no name."""

    zh: str
    en: str


class Check(NamedTuple):
    """A question at the door, answered by yes, no or unknown. An answer is kept under `id`, in observations too: an
    `id` keeps its meaning, and a question that means something else gets another."""

    id: str
    question: Text


GENERAL_CHECKS = (
    Check("someone_met", Text("见到人？", "Was someone met?")),
    Check("as_stated", Text("情况属实？", "Is it as stated?")),
    Check("danger_seen", Text("发现危险？", "Was a danger seen?")),
)
"""What is asked at the door for a rule that asks nothing of its own."""


class Finding(NamedTuple):
    """A condition that holds. `cause` is the number of the record that brought it about (plus the date for a recurring
    duty): with the rule and the subject it *is* the finding. `because` are the statements that it rests on.
    `dwelling`: where it is handled, if not at the row's own place (a grid's finding about one door).
    `arose`: the instant at which time alone brought it about (a permit's last week, a day's duty); 0: what was
    said did. Facts older than going live do not hold it back if it arose later."""

    cause: str
    why: Text
    because: tuple[Source, ...]
    dwelling: str | None = None
    arose: int = 0


def _never(row: Any, now: int) -> int | None:
    return None


@dataclass(frozen=True)
class Rule:
    """A rule over the rows of one view.

    `check(row, now)` gives the findings that hold at `now` (microseconds UTC). `look_again(row, now)` gives the next
    instant at which the answer may differ although nothing was said, None if time alone changes nothing.
    `respond_within` counts from its task's dispatch, by plain or working hours; what is urgent knows no office hours.
    `since`: facts older than that raise nothing (none: the installation's going live).
    `domain` says whose business it is: an account may be limited to some.
    `needs`: topics on whose *silence* a finding rests. While one of them is quiet nobody knows whether the finding
    holds (docs/decisions/0018-quiet-departments.md). What rests on something that was said does not belong here.
    `checks`: three to six questions that whoever visits answers.
    """

    name: str
    title: Text
    view: str
    version: int
    severity: str
    domain: str
    respond_within: ServiceTime
    check: Callable[[Any, int], Iterable[Finding]]
    resolved: Text
    look_again: Callable[[Any, int], int | None] = _never
    since: int | None = None
    needs: frozenset[str] = frozenset()
    checks: tuple[Check, ...] = GENERAL_CHECKS

    def __post_init__(self) -> None:
        if not re.fullmatch("[a-z]+(-[a-z]+)*", self.name):
            raise ValueError(f"rule {self.name!r}: a name is small letters, words joined by '-', such as newly-let")
        if self.severity not in ("urgent", "today", "planned"):
            raise ValueError(f"rule {self.name}: severity must be urgent, today or planned, not {self.severity!r}")
        if self.severity == "urgent" and self.respond_within.unit != "minute":
            raise ValueError(f"rule {self.name}: what is urgent does not wait for working hours")
        if not 3 <= len({check.id for check in self.checks}) == len(self.checks) <= 6:
            raise ValueError(f"rule {self.name}: checks must be three to six questions with different ids")
