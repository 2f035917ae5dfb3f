"""One record, one subject: a record restated about another subject leaves the one that it was stated about before.

A row knows only its own subject, so it claims its records (`Claim`), an index by record compares the claims of all
subjects (`Holder`), and answers those whose statement another one has replaced (`Moved`). A claim depends on what
departments stated and never on an answer, so the circle comes to rest (docs/decisions/0024-one-subject.md).
"""

from collections.abc import Callable, Iterable
from dataclasses import fields
from functools import lru_cache
from itertools import compress
from operator import attrgetter, is_not
from typing import Any, NamedTuple

from domain.event import Event
from domain.facts import Statement, held_in
from domain.rows import replace
from domain.slot import slot_record
from domain.view import Moved, Slot, Superseded, View, stated_order


class Holder(NamedTuple):
    """A subject, the row `subject` of `view`, and what was recorded last of one slot about it."""

    view: str
    subject: str
    recorded_at: int
    sequence: int | None
    withdrawn: bool
    occurred_at: int


class Claim(NamedTuple):
    """What a row has of one slot: who claims the record, and by which statement."""

    slot: Slot
    holder: Holder


Addressee = tuple[str, str]
"""The view and the subject of a row that is answered."""


def slot_of(event: Event) -> Slot:
    """The slot of a fact that `event` states."""
    return Slot(event.department, event.kind, slot_record(event.kind, event.record, event.change))


def merged(view: View, row: Any, event: Event, one_subject: bool) -> tuple[Any, Claim | None]:
    """The row after `event`, also where the record has moved to another subject; and what the row now claims, if
    records of the event's kind have `one_subject` and the event is the newest of its slot."""
    moved = None
    if row.bookkeeping.superseded:  # few rows
        slot = slot_of(event)
        moved = next((left.moved for left in row.bookkeeping.superseded if left.slot == slot), None)
    if moved is None:
        after = view.merge(row, event)
        return after, _claim(view, row, after, event) if one_subject else None
    bare = answered(row, slot, None)
    after = view.merge(bare, event)
    return answered(after, slot, moved), _claim(view, bare, after, event) if one_subject else None


def _claim(view: View, before: Any, after: Any, event: Event) -> Claim | None:
    """The claim of the row that `event` has changed. None: it changed nothing, or only added a fact to an older version
    of the record. All facts of a slot hold statements of the same times, sequence and withdrawal: one is compared."""
    facts_of = _facts_of(after.__class__)
    facts = facts_of(after)
    changed = list(compress(facts, map(is_not, facts, facts_of(before))))  # of fifty fields, in C
    if not changed:
        return None
    slot = slot_of(event)
    for fact in changed:
        if held := held_in(fact, slot.department, slot.record, slot.kind):
            holder = Holder(
                view.name, event.subject, event.recorded_at, event.sequence, event.withdrawn, event.occurred_at
            )
            kept = (held.recorded_at, held.sequence, held.withdrawn, held.occurred_at)
            return Claim(slot, holder) if holder[2:] == kept else None
    return None


def answers(holders: Iterable[Holder]) -> dict[Addressee, Moved]:
    """Which of the subjects that hold one slot, each once, is to be answered that the record has left it, and by which
    statement.

    The statement recorded last holds; at one recording time that of the greater sequence, then the one that happened
    last. Where nothing that was stated tells two subjects apart, both keep the record: a pseudonym decides nothing. A
    withdrawal takes back what was stated about its own subject only, and moves no record.
    """
    standing = [holder for holder in holders if not holder.withdrawn]
    if len(standing) < 2:  # nearly every record
        return {}
    last = max(standing, key=stated_order)
    moved = Moved(last.recorded_at, last.sequence, last.occurred_at)
    return {holder[:2]: moved for holder in standing if moved.replaces(holder)}


def answered(row: Any, slot: Slot, moved: Moved | None) -> Any:
    """The row once the index has answered that the record of `slot` has moved; None: it has not (any more).

    A statement that another subject's has replaced is kept and counts as withdrawn. The row notes in which facts, so
    that it holds again if the other one is withdrawn.
    """
    others = [left for left in row.bookkeeping.superseded if left.slot != slot]
    known = next((left for left in row.bookkeeping.superseded if left.slot == slot), None)
    if known is not None:
        row = replace(row, **{name: _marked(getattr(row, name), slot, False) for name in known.facts})
    if moved is not None:
        hidden = tuple(name for name in _names(row.__class__) if _is_replaced(getattr(row, name), slot, moved))
        row = replace(row, **{name: _marked(getattr(row, name), slot, True) for name in hidden})
        others.append(Superseded(slot, moved, hidden))
    return replace(row, bookkeeping=row.bookkeeping._replace(superseded=tuple(sorted(others, key=lambda s: s.slot))))


@lru_cache(maxsize=16)
def _facts_of(row: Any) -> Callable[[Any], tuple[Any, ...]]:
    return attrgetter(*_names(row))


@lru_cache(maxsize=16)
def _names(row: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(row) if field.name not in ("id", "bookkeeping"))


def _is_replaced(fact: Any, slot: Slot, moved: Moved) -> bool:
    """Whether `fact` holds a statement of `slot` that does not hold any more. Fields that are no facts hold none."""
    return any(not statement.withdrawn and moved.replaces(statement) for statement in _of(fact, slot))


def _marked(fact: tuple[Statement[Any], ...], slot: Slot, withdrawn: bool) -> tuple[Statement[Any], ...]:
    return tuple(
        statement._replace(withdrawn=withdrawn) if _is_of(statement, slot) else statement for statement in fact
    )


def _of(fact: Any, slot: Slot) -> Iterable[Statement[Any]]:
    return (statement for statement in fact if isinstance(statement, Statement) and _is_of(statement, slot))


def _is_of(statement: Statement[Any], slot: Slot) -> bool:
    return (statement.department, statement.kind, statement.record) == slot
