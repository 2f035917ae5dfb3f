"""What a view is: all rows of one kind, each a pure function of what was said about its subject."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from domain.event import Event
from domain.keys import itself
from domain.retention import NOTHING_GOES, Kept, next_to_go, next_topic_to_go, topics_without_old, without_old
from domain.rows import replace


class Contributed(NamedTuple):
    """What a row last said about another subject, remembered so that a rebuild says only what differs."""

    view: str
    target: str
    fingerprint: str


class Noted(NamedTuple):
    """A finding of the row. `state` is opened, held (older than going live), resolved; or, while a topic that its rule
    needs is quiet, doubted (it was opened before) or unknown. `dwelling`: where it is handled, if not at the row's own
    place. `domain`: of its rule, which may be withdrawn before the finding ends."""

    finding_id: str
    rule: str
    cause: str
    state: str
    fingerprint: str
    opened_at: int
    changed_at: int
    dwelling: str | None = None
    domain: str = ""


class Slot(NamedTuple):
    """What one statement of a fact is told apart by."""

    department: str
    kind: str
    record: str


NO_SEQUENCE = -1
"""A statement without a sequence counts as smaller than any."""


class Stated(Protocol):
    @property
    def recorded_at(self) -> int: ...
    @property
    def sequence(self) -> int | None: ...
    @property
    def occurred_at(self) -> int: ...


def stated_order(statement: Stated) -> tuple[int, int, int]:
    """What puts statements about different subjects in the order in which one takes a record from another."""
    number = NO_SEQUENCE if statement.sequence is None else statement.sequence
    return statement.recorded_at, number, statement.occurred_at


class Moved(NamedTuple):
    """The statement about another subject by which a record left this one."""

    recorded_at: int
    sequence: int | None
    occurred_at: int

    def replaces(self, statement: Stated) -> bool:
        """Whether `statement`, of this subject, does not hold any more."""
        return stated_order(statement) < stated_order(self)


class Superseded(NamedTuple):
    """A record that has left this subject. `facts`: the row's fields in which its statement counts as withdrawn for
    that reason alone."""

    slot: Slot
    moved: Moved
    facts: tuple[str, ...]


class PutAside(NamedTuple):
    """A record of Kafka that waits in the dead letters until it is sent back: its topic as it is called on the cluster,
    partition, offset and key."""

    topic: str
    partition: int
    offset: int
    key: str


class Bookkeeping(NamedTuple):
    """What a row remembers of its own outputs, when (microseconds UTC) a rule must look at it again, which of its
    records have left it, and which are put aside, in the order in which they came."""

    contributed: tuple[Contributed, ...] = ()
    findings: tuple[Noted, ...] = ()
    due_at: int | None = None
    judged_by: str = ""
    superseded: tuple[Superseded, ...] = ()
    put_aside: tuple[PutAside, ...] = ()


NOTHING = Bookkeeping()
OTHER = "other"
"""The field of a row in which stands what departments state that no fact is for yet, each statement with its topic."""


class Row(Protocol):
    """One subject's state: a frozen dataclass whose fields are facts, contributions received and the bookkeeping."""

    @property
    def id(self) -> str: ...
    @property
    def bookkeeping(self) -> Bookkeeping: ...


Contributions = Mapping[str, Mapping[str, Any]]
"""{view: {target: value}}: what one row says about other subjects. What is absent is not said (any more)."""


def _says_nothing(row: Any) -> Contributions:
    return {}


def _receives_nothing(row: Any, source: str, value: Any) -> Any:
    return row


def _as_it_is(row: Any) -> Any:
    return row


def _all_of_it(row: Any) -> tuple[Any, ...]:
    return (row,)


@dataclass(frozen=True)
class View:
    """A view by its name. `merge` gives the row after an event, `receive` after another subject's contribution
    (`value` None: it says nothing more), `contribute` what the row says about others. All are pure.

    `kept` says which facts are of moments and go by the clock, and after how long (domain/retention.py). `moments` says
    it, by topic, of statements that no fact here is for yet (the row's `other`): no view writes it down, it is that of
    the contracts (wire/views.py).

    `judged` gives the row as rules see it, None if no rule looks at it (a person's former number).

    `row` is the class of its rows; `contribution` the class of what it receives, None if it receives nothing.
    `place` gives where the subject is found: a dwelling, or `grid/<code>` or `district/<code>` where it is no one
    dwelling; `household` gives its household. Alerts carry both.
    `contributes_to` names the views that `contribute` may speak of: the catalogue follows a statement through them, and
    a row that did not speak of one of them yet does at the next start.
    `version` is greater whenever `contribute` says something else of the same row: then every row says it anew.
    `contributes_from` gives what `contribute` reads of a row: two rows of a subject for which it gives the same objects
    contribute the same. The row itself, if nothing better is known (docs/decisions/0036-stages.md).
    """

    name: str
    subject: str
    row: type[Any]
    merge: Callable[[Any, Event], Any]
    place: Callable[[Any], str | None]
    household: Callable[[Any], str | None] = lambda row: None
    contribution: type[Any] | None = None
    receive: Callable[[Any, str, Any], Any] = _receives_nothing
    contribute: Callable[[Any], Contributions] = _says_nothing
    kept: Mapping[str, Kept] = field(default_factory=lambda: NOTHING_GOES, hash=False)  # a view is a key itself
    contributes_to: frozenset[str] = frozenset()
    version: int = 1
    contributes_from: Callable[[Any], tuple[Any, ...]] = _all_of_it
    judged: Callable[[Any], Any] = _as_it_is
    moments: Mapping[str, Kept] = field(default_factory=lambda: NOTHING_GOES, hash=False)

    def expire(self, row: Any, now: int) -> Any:
        """`row` without what has grown too old at `now` (microseconds UTC)."""
        changed = without_old(row, self.kept, now) if self.kept else {}
        if self.moments and (other := getattr(row, OTHER, ())):
            left = topics_without_old(other, self.moments, now)
            changed |= {} if left is other else {OTHER: left}
        return replace(row, **changed) if changed else row

    def expires_at(self, row: Any) -> int | None:
        """The next instant at which something of `row` will be too old."""
        instants = [
            next_to_go(row, self.kept) if self.kept else None,
            next_topic_to_go(getattr(row, OTHER, ()), self.moments) if self.moments else None,
        ]
        return min((instant for instant in instants if instant is not None), key=itself, default=None)
