"""What stands: of each department, record and kind the statement that was recorded last, in plain form.

`STATES` of each view's module says which facts a kind states and what it states of each, `REFINES` what is peculiar
to a fact.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any, Protocol

from tests.golden.recompute.ties import happened, recorded

Plain = dict[str, Any]
Facts = dict[str, list[Plain]]
"""One subject's statements by fact."""
States = Mapping[str, Mapping[str, Callable[[Plain], Any]]]
"""kind → the facts that it states, and what it states of each, from the change's fields, its `subject` and `topic`."""
Refines = Mapping[str, Callable[[Plain], None]]
"""fact → what a statement of it is changed by before it counts."""


def unread(subject: str) -> str:
    """The fact of what no rule or row here reads yet, by the kind of its subject; rows publish it as `other`."""
    return f"other of a {subject}"


class Stated(Protocol):
    """What is needed of an event: any object with these attributes."""

    @property
    def event_id(self) -> str: ...
    @property
    def department(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def record(self) -> str: ...
    @property
    def occurred_at(self) -> int: ...
    @property
    def recorded_at(self) -> int: ...
    @property
    def withdrawn(self) -> bool: ...
    @property
    def kind(self) -> str: ...
    @property
    def change(self) -> Any: ...
    @property
    def sequence(self) -> int | None: ...


def fields(*names: str) -> Callable[[Plain], Plain]:
    return lambda change: {name: change[name] for name in names}


def one(name: str) -> Callable[[Plain], Any]:
    return lambda change: change[name]


def standing(
    events: Iterable[Stated], states: States, refines: Refines, one_subject: Set[tuple[str, str]] = frozenset()
) -> dict[str, Facts]:
    """subject → fact → statements, one for each department, record and kind: the one that was recorded last.

    `one_subject`: (department, kind) of which a record is about one subject at a time.
    """
    last: dict[tuple[str, str, str, str, str], Plain] = {}
    for event in events:
        for fact, value in states[event.kind].items():
            stated = {
                "department": event.department,
                "record": event.record,
                "kind": event.kind,
                "occurred_at": event.occurred_at,
                "recorded_at": event.recorded_at,
                "event_id": event.event_id,
                "withdrawn": event.withdrawn,
                "sequence": event.sequence,
                "value": value({**event.change, "subject": event.subject, "topic": event.topic}),
            }
            if fact in refines:
                refines[fact](stated)
            slot = (event.subject, fact, event.department, stated["record"], event.kind)
            last[slot] = max(last.get(slot, stated), stated, key=recorded)
    replace_restated(last, one_subject)
    by_subject: dict[str, Facts] = defaultdict(lambda: defaultdict(list))
    for (subject, fact, *_), stated in sorted(last.items(), key=lambda item: item[0]):
        by_subject[subject][fact].append(stated)
    return {subject: dict(facts) for subject, facts in by_subject.items()}


def replace_restated(last: dict[tuple[str, str, str, str, str], Plain], one_subject: Set[tuple[str, str]]) -> None:
    """What was restated about another subject later never held, as long as the later statement is not withdrawn; where
    times and sequences are equal, both hold."""
    by_slot: dict[tuple[str, str, str], list[Plain]] = defaultdict(list)
    for (_, _, *slot), stated in last.items():
        if (slot[0], slot[2]) in one_subject and not stated["withdrawn"]:
            by_slot[slot[0], slot[1], slot[2]].append(stated)
    for subjects in by_slot.values():
        newest = max(map(_restated, subjects))
        for stated in subjects:
            if _restated(stated) < newest:
                stated["withdrawn"] = True


def _restated(stated: Plain) -> tuple[int, int, int]:
    return stated["recorded_at"], -1 if stated["sequence"] is None else stated["sequence"], stated["occurred_at"]


def in_time(statements: Iterable[Plain]) -> list[Plain]:
    """Those not withdrawn, in the order in which they happened."""
    held = [s for s in statements if not s["withdrawn"]]
    return sorted(held, key=lambda s: happened(s, held))


def last(facts: Facts, fact: str) -> Plain | None:
    return next(reversed(in_time(facts.get(fact, ()))), None)


def value(facts: Facts, fact: str) -> Any:
    held = last(facts, fact)
    return None if held is None else held["value"]


def of_records(facts: Facts, fact: str) -> list[Plain]:
    """The statement that stands for each record, by the record's number."""
    by_record = {(s["department"], s["record"]): s for s in in_time(facts.get(fact, ()))}
    return [by_record[record] for record in sorted(by_record)]


def source(stated: Plain) -> Plain:
    return {name: stated[name] for name in ("department", "kind", "record", "event_id", "occurred_at")}
