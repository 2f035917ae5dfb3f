"""Events, contributions and histories made from the Avro schemas: a new department or field needs no edit here.

All values come from small pools, so that records, times and people meet again and again.
"""

import os
from collections.abc import Mapping
from functools import cache
from typing import Any, get_args, get_type_hints
from uuid import UUID, uuid5

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from domain.event import Event
from domain.time import DAY, midnight
from tests.golden.in_memory import ALL_VIEWS
from wire.contracts import Contract, contracts, published
from wire.row_classes import builder
from wire.schema import FIRST_DAY, LAST_DAY, Array, Enum, Map, Primitive, Record, Type, Union

CONTRACTS = contracts()
SUBJECTS = sorted({contract.subject for contract in CONTRACTS.values()})
NAMES = ("a", "b", "c")
"""Every string: numbers of records, people, dwellings and households alike."""
FIRST = 20_000
DAYS = (*range(FIRST, FIRST + 6), FIRST + 400, FIRST_DAY, LAST_DAY)
INSTANTS = tuple(midnight(FIRST + day) + more for day in range(6) for more in (0, 1, DAY // 2))
TIMES = int(os.environ.get("LAWS_TIMES", "1"))
"""How many times as many cases as in `make test`: `make soak` takes thousands."""


def cases(count: int) -> settings:
    """Others every time."""
    return settings(max_examples=count * TIMES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


quick = cases(60)
_EVENT = UUID("7d7c1f6a-3a53-5e52-8c5e-2f8a0c6b1d77")


def _symbols() -> dict[str, list[str]]:
    symbols: dict[str, set[str]] = {}
    for contract in CONTRACTS.values():
        for kind in contract.kinds.values():
            for field in kind.fields:
                branches = field.type.branches if isinstance(field.type, Union) else (field.type,)
                for branch in branches:
                    if isinstance(branch, Enum):
                        symbols.setdefault(field.name, set()).update(branch.symbols)
    return {name: sorted(values) for name, values in symbols.items()}


SYMBOLS = _symbols()
"""What a text of this name holds in rows and contributions: the symbols of the contracts' field. Rules ask for them."""


@cache  # Hypothesis looks through a strategy once, and examples ask for the same ones thousands of times
def values(schema: Type, most: int = 3) -> st.SearchStrategy[Any]:
    """What a field of this Avro type may hold; lists of `most` items at most, those within lists of one."""
    match schema:
        case Union(branches=branches):
            return st.one_of(*(values(branch, most) for branch in branches))
        case Record(fields=fields):
            return st.fixed_dictionaries(
                {
                    field.name: st.sampled_from(SYMBOLS[field.name])
                    if field.type == Primitive("string") and field.name in SYMBOLS
                    else values(field.type, most)
                    for field in fields
                }
            )
        case Enum(symbols=symbols):
            return st.sampled_from(symbols)
        case Array(items=items):
            return st.lists(values(items, 1), max_size=most)
        case Map(values=inner):
            return st.dictionaries(st.sampled_from(NAMES), values(inner, 1), max_size=1)
        case Primitive(is_date=True):
            return st.sampled_from(DAYS)
        case Primitive(is_time=True):
            return st.sampled_from(INSTANTS)
        case Primitive(name="null"):
            return st.none()
        case Primitive(name="boolean"):
            return st.booleans()
        case Primitive(name="int" | "long"):
            return st.integers(0, 3)
        case Primitive(name="float" | "double"):
            return st.sampled_from((-1.0, 0.0, 4.5, 12.5, 1e300))
        case Primitive(name="string"):
            return st.sampled_from(NAMES)
    raise AssertionError(f"no values for {schema!r}")


def event(contract: Contract, head: Mapping[str, Any], kind: str, change: Mapping[str, Any]) -> Event:
    """The event with the id that belongs to its content, of which its sequence is no part."""
    stated = sorted((name, value) for name, value in head.items() if name != "sequence")
    content = repr((contract.topic, stated, kind, sorted(change.items())))
    return Event(
        event_id=str(uuid5(_EVENT, content)),
        department=contract.department,
        topic=contract.topic,
        subject=head["subject"],
        record=head["record"],
        occurred_at=head["occurred_at"],
        recorded_at=head["recorded_at"],
        withdrawn=head["withdrawn"],
        kind=kind,
        change=change,
        sequence=head.get("sequence"),
    )


@cache
def _contracts(subject: str | None, topic: str | None) -> st.SearchStrategy[Contract]:
    return st.sampled_from([c for c in CONTRACTS.values() if subject in (None, c.subject) and topic in (None, c.topic)])


@cache
def _kinds(topic: str) -> st.SearchStrategy[str]:
    return st.sampled_from(sorted(CONTRACTS[topic].kinds))


@st.composite
def events(draw: st.DrawFn, subject: str | None = None, topic: str | None = None) -> tuple[str, Event]:
    """(what it is about, an event of any contract), or of a contract about `subject`, or of that on `topic`."""
    contract = draw(_contracts(subject, topic))
    head_fields = [field for field in contract.record.fields if field.name not in ("event_id", "change")]
    head = {field.name: draw(values(field.type)) for field in head_fields}
    kind = draw(_kinds(contract.topic))
    return contract.subject, event(contract, head, kind, draw(values(contract.kinds[kind])))


@cache
def histories(subject: str | None = None, longest: int = 25) -> st.SearchStrategy[list[tuple[str, Event]]]:
    """Events as they might come, all contracts or those about `subject`."""
    return st.lists(events(subject), min_size=1, max_size=longest)


def tied(history: list[tuple[str, Event]]) -> list[tuple[str, Event]]:
    """The same statements by offices that write down days only, and those of two days: most times are equal."""

    def day(instant: int) -> int:
        return INSTANTS[0] if instant < INSTANTS[len(INSTANTS) // 2] else INSTANTS[-3]

    return [
        (subject, event._replace(occurred_at=day(event.occurred_at), recorded_at=day(event.recorded_at)))
        for subject, event in history
    ]


@cache
def contributions(view: str) -> st.SearchStrategy[list[tuple[str, Any]]]:
    """(source, what it says of one subject of `view`, None: nothing more), one after another."""
    value_type = published()[f"contributions.{view}"].record.by_name["value"].type
    build = builder(ALL_VIEWS[view].contribution)
    value_or_none = values(value_type).map(lambda value: None if value is None else build(value))
    return st.lists(st.tuples(st.sampled_from(NAMES), value_or_none), max_size=12)


def rows(view: str) -> st.SearchStrategy[Any]:
    """Rows of a view as its events and what others contribute to it may make them. Much of it stands there twice, once
    without its optional fields: what leads in a comparison is equal then, and what follows lacks a part."""

    @st.composite
    def drawn(draw: st.DrawFn) -> Any:
        kind = ALL_VIEWS[view]
        row = kind.row("a")
        if any(contract.subject == kind.subject for contract in CONTRACTS.values()):
            for _, full in draw(histories(kind.subject, longest=8)):
                lacking = [f.name for f in CONTRACTS[full.topic].kinds[full.kind].fields if _optional(f.type)]
                bare = full._replace(record=full.record + "'", change={**full.change, **dict.fromkeys(lacking)})
                for statement in (full, bare):
                    row = kind.merge(row, statement._replace(subject="a"))
        if kind.contribution is not None:
            for source, value in draw(contributions(view)):
                row = kind.receive(row, source, value if value is None else _doubled(value))
        return row

    return drawn()


def _optional(schema: Type) -> bool:
    return isinstance(schema, Union) and Primitive("null") in schema.branches


def _doubled(value: Any) -> Any:
    """`value` with each entry of its lists once more, without the optional fields of that entry."""
    lists = {name: entries for name, entries in value._asdict().items() if isinstance(entries, tuple)}
    return value._replace(
        **{
            name: (*entries, *(_bare(entry) for entry in entries))
            for name, entries in lists.items()
            if entries and all(hasattr(entry, "_fields") for entry in entries) and not hasattr(entries, "_fields")
        }
    )


def _bare(entry: Any) -> Any:
    hints = get_type_hints(type(entry))
    return entry._replace(**{name: None for name, hint in hints.items() if type(None) in get_args(hint)})
