"""One record, one subject: a record restated about another subject leaves the one that it was stated about before.

A row knows only its own subject, so it claims its records (`Claim`), an index by record compares the claims of all
subjects (`Holder`), and answers those whose statement another one has replaced (`Moved`). A claim depends on what
departments stated and never on an answer, so the circle comes to rest (docs/decisions/0024-one-subject.md).
"""

from collections.abc import Iterable
from dataclasses import fields
from functools import lru_cache
from typing import Any, NamedTuple

from domain.event import Event
from domain.facts import Statement
from domain.rows import replace
from domain.slot import slot_record
from domain.view import Moved, Slot, Superseded, View

NO_SEQUENCE = -1


class Holder(NamedTuple):
    """A subject, the row `subject` of `view`, and what was recorded last of one slot about it."""

    view: str
    subject: str
    recorded_at: int
    sequence: int | None
    withdrawn: bool


class Claim(NamedTuple):
    """What a row has of one slot: who claims the record, and by which statement."""

    slot: Slot
    holder: Holder


Addressee = tuple[str, str]
"""The view and the subject of a row that is answered."""


def slot_of(event: Event) -> Slot:
    """The slot of a fact that `event` states."""
    return Slot(event.department, event.kind, slot_record(event.kind, event.record, event.change))


def claimed(view: View, event: Event) -> Claim:
    """The claim of the row that `event` has changed."""
    holder = Holder(view.name, event.subject, event.recorded_at, event.sequence, event.withdrawn)
    return Claim(slot_of(event), holder)


def is_newest(row: Any, event: Event) -> bool:
    """Whether nothing of the event's slot in `row` was recorded after it: an older version may still add a fact that
    the newer one does not state, and must not claim the record in its place."""
    recorded, slot = (event.recorded_at, _number(event.sequence)), slot_of(event)
    return all(
        (statement.recorded_at, _number(statement.sequence)) <= recorded
        for name in _names(row.__class__)
        for statement in _of(getattr(row, name), slot)
    )


def with_claim(holders: tuple[Holder, ...], holder: Holder) -> tuple[Holder, ...]:
    """`holders` of one slot, at most one of each subject, in the subjects' order, with what `holder` claims."""
    others, known = [], holder
    for each in holders:
        if each[:2] != holder[:2]:
            others.append(each)
        elif _recorded(each) >= _recorded(holder):
            known = each
    return (known,) if not others else tuple(sorted([*others, known], key=_named))


def answers(holders: tuple[Holder, ...]) -> dict[Addressee, Moved]:
    """Which of the subjects is to be answered that the record has left it, and by which statement.

    The statement recorded last holds; at one recording time that of the greater sequence, then that about the greater
    subject. A withdrawal takes back what was stated about its own subject only, and moves no record.
    """
    standing = [holder for holder in holders if not holder.withdrawn]
    if len(standing) < 2:  # nearly every record
        return {}
    last = max(standing, key=_order)
    return {
        holder[:2]: Moved(last.recorded_at, last.sequence, tied=_named(last) > _named(holder))
        for holder in standing
        if holder is not last
    }


def merged(view: View, row: Any, event: Event) -> Any:
    """The row after `event`, also where the record has moved to another subject."""
    superseded = row.bookkeeping.superseded
    if not superseded:  # nearly every row
        return view.merge(row, event)
    slot = slot_of(event)
    moved = next((each.moved for each in superseded if each.slot == slot), None)
    if moved is None:
        return view.merge(row, event)
    return answered(view.merge(answered(row, slot, None), event), slot, moved)


def answered(row: Any, slot: Slot, moved: Moved | None) -> Any:
    """The row once the index has answered that the record of `slot` has moved; None: it has not (any more).

    A statement that another subject's has replaced is kept and counts as withdrawn. The row notes in which facts, so
    that it holds again if the other one is withdrawn.
    """
    others = [each for each in row.bookkeeping.superseded if each.slot != slot]
    known = next((each for each in row.bookkeeping.superseded if each.slot == slot), None)
    if known is not None:
        row = replace(row, **{name: _marked(getattr(row, name), slot, False) for name in known.facts})
    if moved is not None:
        hidden = tuple(name for name in _names(row.__class__) if _is_replaced(getattr(row, name), slot, moved))
        row = replace(row, **{name: _marked(getattr(row, name), slot, True) for name in hidden})
        others.append(Superseded(slot, moved, hidden))
    return replace(row, bookkeeping=row.bookkeeping._replace(superseded=tuple(sorted(others, key=lambda s: s.slot))))


@lru_cache(maxsize=16)
def _names(row: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(row) if field.name not in ("id", "bookkeeping"))


def _is_replaced(fact: Any, slot: Slot, moved: Moved) -> bool:
    """Whether `fact` holds a statement of `slot` that does not hold any more. Fields that are no facts hold none."""
    return any(not each.withdrawn and moved.replaces(each) for each in _of(fact, slot))


def _marked(fact: tuple[Statement[Any], ...], slot: Slot, withdrawn: bool) -> tuple[Statement[Any], ...]:
    return tuple(each._replace(withdrawn=withdrawn) if _is_of(each, slot) else each for each in fact)


def _of(fact: Any, slot: Slot) -> Iterable[Statement[Any]]:
    return (each for each in fact if isinstance(each, Statement) and _is_of(each, slot))


def _is_of(statement: Statement[Any], slot: Slot) -> bool:
    return (statement.department, statement.kind, statement.record) == slot


def _named(holder: Holder) -> tuple[str, str]:
    return holder.subject, holder.view


def _recorded(holder: Holder) -> tuple[int, int, bool]:
    return holder.recorded_at, _number(holder.sequence), holder.withdrawn


def _order(holder: Holder) -> tuple[int, int, str, str]:
    return holder.recorded_at, _number(holder.sequence), holder.subject, holder.view


def _number(sequence: int | None) -> int:
    return NO_SEQUENCE if sequence is None else sequence
