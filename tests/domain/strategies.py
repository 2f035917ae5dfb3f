"""Events, contributions and histories made from the Avro schemas: a new department or field needs no edit here.

All values come from small pools, so that records, times and people meet again and again.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

from hypothesis import strategies as st

from domain.event import Event
from domain.time import DAY, midnight
from tests.golden.in_memory import ALL_VIEWS
from wire.codec import FIRST_DAY, LAST_DAY
from wire.contracts import Contract, contracts, published
from wire.row_classes import builder

CONTRACTS = contracts()
SUBJECTS = sorted({contract.subject for contract in CONTRACTS.values()})
NAMES = ("a", "b", "c")
"""Every string: numbers of records, people, dwellings and households alike."""
FIRST = 20_000
DAYS = (*range(FIRST, FIRST + 6), FIRST + 400, FIRST_DAY, LAST_DAY)
INSTANTS = tuple(midnight(FIRST + day) + more for day in range(6) for more in (0, 1, DAY // 2))
_EVENT = UUID("7d7c1f6a-3a53-5e52-8c5e-2f8a0c6b1d77")


def values(schema: Any, names: dict[str, Any] | None = None, most: int = 3) -> st.SearchStrategy[Any]:
    """What a field of this Avro type may hold; lists of `most` items at most, those within lists of one."""
    known = {} if names is None else names
    match schema:
        case list():
            return st.one_of(*(values(branch, known, most) for branch in schema))
        case {"type": "record", "name": str(name), "fields": list(fields)}:
            known[name] = schema
            return st.fixed_dictionaries({field["name"]: values(field["type"], known, most) for field in fields})
        case {"type": "enum", "name": str(name), "symbols": list(symbols)}:
            known[name] = schema
            return st.sampled_from(symbols)
        case {"type": "array", "items": items}:
            return st.lists(values(items, known, 1), max_size=most)
        case {"type": "map", "values": inner}:
            return st.dictionaries(st.sampled_from(NAMES), values(inner, known, 1), max_size=1)
        case {"logicalType": "date"}:
            return st.sampled_from(DAYS)
        case {"logicalType": "timestamp-micros"}:
            return st.sampled_from(INSTANTS)
        case {"type": str(primitive)}:
            return values(primitive, known, most)
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "int" | "long":
            return st.integers(0, 3)
        case "float" | "double":
            return st.sampled_from((-1.0, 0.0, 4.5, 12.5, 1e300))
        case "string":
            return st.sampled_from(NAMES)
        case str(name) if name in known:
            return values(known[name], known, most)
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


@st.composite
def events(draw: st.DrawFn, subject: str | None = None, topic: str | None = None) -> tuple[str, Event]:
    """(what it is about, an event of any contract), or of a contract about `subject`, or of that on `topic`."""
    about = [c for c in CONTRACTS.values() if subject in (None, c.subject) and topic in (None, c.topic)]
    contract = draw(st.sampled_from(about))
    head_fields = [field for field in contract.schema["fields"] if field["name"] not in ("event_id", "change")]
    head = {field["name"]: draw(values(field["type"])) for field in head_fields}
    names: dict[str, Any] = {}
    changes = {kind: values(schema, names) for kind, schema in contract.kinds.items()}
    kind = draw(st.sampled_from(sorted(contract.kinds)))
    return contract.subject, event(contract, head, kind, draw(changes[kind]))


def histories(subject: str | None = None, longest: int = 25) -> st.SearchStrategy[list[tuple[str, Event]]]:
    """Events as they might come, all contracts or those about `subject`."""
    return st.lists(events(subject), min_size=1, max_size=longest)


def tied(history: list[tuple[str, Event]]) -> list[tuple[str, Event]]:
    """The same statements by offices that write down days only, and those of two days: most times are equal."""

    def day(instant: int) -> int:
        return INSTANTS[0] if instant < INSTANTS[len(INSTANTS) // 2] else INSTANTS[-3]

    return [
        (subject, said._replace(occurred_at=day(said.occurred_at), recorded_at=day(said.recorded_at)))
        for subject, said in history
    ]


def contributions(view: str) -> st.SearchStrategy[list[tuple[str, Any]]]:
    """(source, what it says of one subject of `view`, None: nothing more), one after another."""
    schema = published()[f"contributions.{view}"].schema
    said = next(field["type"] for field in schema["fields"] if field["name"] == "value")
    build = builder(ALL_VIEWS[view].contribution)
    said_or_nothing = values(said).map(lambda value: None if value is None else build(value))
    return st.lists(st.tuples(st.sampled_from(NAMES), said_or_nothing), max_size=12)
