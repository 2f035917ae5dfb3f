"""How statements merge into a fact, whatever the order they come in and however often.

A fact keeps, for each department, record number and kind of statement, the statement that was *recorded* last (a
correction restates its record). Its value is the statement that *happened* last among those not withdrawn. Both are
maxima over a set by a total order (`domain/order.py`): that is why order and repetition cannot matter. Why the kind is
part of it: docs/decisions/0003-facts.md.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any, Generic, NamedTuple, TypeVar

from domain.event import Event, Source
from domain.keys import itself
from domain.order import ends as is_end
from domain.order import in_order, latest, supersedes

V = TypeVar("V")


class Statement(NamedTuple, Generic[V]):
    """What one department stated in one of its records. Times in microseconds since 1970-01-01 UTC."""

    department: str
    record: str
    kind: str
    occurred_at: int
    recorded_at: int
    event_id: str
    withdrawn: bool
    sequence: int | None
    value: V

    @property
    def source(self) -> Source:
        return Source(self.department, self.kind, self.record, self.event_id, self.occurred_at)


Fact = tuple[Statement[V], ...]
"""Statements in the order of (department, record, kind), at most one for each."""


def stated(fact: Fact[V], event: Event, value: V, *, record: str | None = None) -> Fact[V]:
    """`fact` with what `event` states; unchanged if a newer statement of the same record and kind is there already.

    `record` is given where one event speaks of several things (a tenant within a lease): the number of that thing.
    """
    new = Statement(
        event.department,
        event.record if record is None else record,
        event.kind,
        event.occurred_at,
        event.recorded_at,
        event.event_id,
        event.withdrawn,
        event.sequence,
        value,
    )
    slot = new[:3]
    place = bisect_left(fact, slot, key=_slot)  # a door has hundreds
    if place < len(fact) and (old := fact[place])[:3] == slot:
        return (*fact[:place], new, *fact[place + 1 :]) if supersedes(new, old) else fact
    return (*fact[:place], new, *fact[place:])


def held_in(fact: Any, department: str, record: str, kind: str) -> Statement[Any] | None:
    """The statement of that slot; None: there is none. Other fields of a row than facts hold none either."""
    if not fact or not isinstance(fact, tuple) or not isinstance(fact[0], Statement):
        return None
    slot = (department, record, kind)
    place = bisect_left(fact, slot, key=_slot)
    held: Statement[Any] | None = fact[place] if place < len(fact) and fact[place][:3] == slot else None
    return held


def _slot(statement: Statement[Any]) -> tuple[str, str, str]:
    return statement[:3]


def united(facts: Iterable[Fact[V]]) -> Fact[V]:
    """One fact out of several, as if all had been stated of one subject: of each slot what was recorded last."""
    newest: dict[tuple[str, str, str], Statement[V]] = {}
    for fact in facts:
        for statement in fact:
            old = newest.get(statement[:3])
            if old is None or supersedes(statement, old):
                newest[statement[:3]] = statement
    return tuple(newest[slot] for slot in sorted(newest, key=itself))


def current(fact: Fact[V]) -> Statement[V] | None:
    """The statement that holds: of those not withdrawn the one that happened last; None if there is none."""
    if len(fact) < 2:  # most facts: asked a dozen times for every row
        return None if not fact or fact[0].withdrawn else fact[0]
    return latest(s for s in fact if not s.withdrawn)


def record_of(statement: Statement[Any]) -> tuple[str, str]:
    """The department's record: what an end names that names nothing else."""
    return statement[:2]


def standing(fact: Fact[V], named: Callable[[Statement[V]], object] = record_of) -> Statement[V] | None:
    """The last beginning of a fact of beginnings and ends, unless an end after it names it; None if there is none.

    `named` gives what a statement begins or ends: a departure ends only the residence that it names.
    """
    if len(fact) < 2:  # most facts
        return None if not fact or fact[0].withdrawn or is_end(fact[0].kind) else fact[0]
    ended: set[object] = set()
    for statement in reversed(in_time(fact)):
        if not is_end(statement.kind):
            return None if named(statement) in ended else statement
        ended.add(named(statement))
    return None


def in_time(fact: Fact[V]) -> list[Statement[V]]:
    """The statements not withdrawn, in the order in which they happened."""
    return in_order(s for s in fact if not s.withdrawn)


def by_record(fact: Fact[V]) -> list[Statement[V]]:
    """The statement that holds for each record of a fact of many records (vehicles, leases), in the records' order."""
    if len(fact) < 2:  # most facts
        return [statement for statement in fact if not statement.withdrawn]
    records = (tuple(group) for _, group in groupby(fact, key=lambda s: s[:2]))
    return [held for record in records if (held := current(record)) is not None]


def ends(fact: Fact[int]) -> dict[tuple[str, str], int]:
    """(department, record) → the day on which what the record states ends, by a fact of such days."""
    return {(held.department, held.record): held.value for held in by_record(fact)} if fact else {}


def telephones(fact: Fact[str]) -> Fact[str]:
    """The statements that name a telephone. Those that name none are kept as well (value ""): whether the number of an
    older version of the record still holds must not depend on which of the two came first."""
    return tuple([statement for statement in fact if statement.value])


def disagree(fact: Fact[V], compared: Callable[[V], object] = lambda value: value) -> bool:
    """True if two departments hold different values now. `compared` picks what is compared."""
    if len(fact) < 2:  # most facts
        return False
    departments = (tuple(group) for _, group in groupby(fact, key=lambda s: s.department))
    return len({compared(held.value) for department in departments if (held := current(department)) is not None}) > 1
