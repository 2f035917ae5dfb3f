"""Events, contributions and histories made from the Avro schemas: a new department or field needs no edit here.

All values come from small pools, so that records, times and people meet again and again.
"""

from collections.abc import Mapping
from typing import Any, get_args, get_type_hints
from uuid import UUID, uuid5

from hypothesis import HealthCheck, settings
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
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
_EVENT = UUID("7d7c1f6a-3a53-5e52-8c5e-2f8a0c6b1d77")


def _symbols() -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for contract in CONTRACTS.values():
        for kind in contract.kinds.values():
            for field in kind["fields"]:
                for part in field["type"] if isinstance(field["type"], list) else [field["type"]]:
                    if isinstance(part, dict) and "symbols" in part:
                        found.setdefault(field["name"], set()).update(part["symbols"])
    return {name: sorted(symbols) for name, symbols in found.items()}


SYMBOLS = _symbols()
"""What a text of this name holds in rows and contributions: the symbols of the contracts' field. Rules ask for them."""


def values(schema: Any, names: dict[str, Any] | None = None, most: int = 3) -> st.SearchStrategy[Any]:
    """What a field of this Avro type may hold; lists of `most` items at most, those within lists of one."""
    known = {} if names is None else names
    match schema:
        case list():
            return st.one_of(*(values(branch, known, most) for branch in schema))
        case {"type": "record", "name": str(name), "fields": list(fields)}:
            known[name] = schema
            return st.fixed_dictionaries(
                {
                    field["name"]: st.sampled_from(SYMBOLS[field["name"]])
                    if field["type"] == "string" and field["name"] in SYMBOLS
                    else values(field["type"], known, most)
                    for field in fields
                }
            )
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
    """The event with the id that belongs to its content."""
    content = repr((contract.topic, sorted(head.items()), kind, sorted(change.items())))
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


def contributions(view: str) -> st.SearchStrategy[list[tuple[str, Any]]]:
    """(source, what it says of one subject of `view`, None: nothing more), one after another."""
    schema = published()[f"contributions.{view}"].schema
    said = next(field["type"] for field in schema["fields"] if field["name"] == "value")
    build = builder(ALL_VIEWS[view].contribution)
    said_or_nothing = values(said).map(lambda value: None if value is None else build(value))
    return st.lists(st.tuples(st.sampled_from(NAMES), said_or_nothing), max_size=12)


def rows(view: str) -> st.SearchStrategy[Any]:
    """Rows of a view as its events and what others contribute to it may make them. Much of it stands there twice, once
    without its optional fields: what leads in a comparison is equal then, and what follows lacks a part."""

    @st.composite
    def drawn(draw: st.DrawFn) -> Any:
        kind = ALL_VIEWS[view]
        row = kind.row("a")
        if any(contract.subject == kind.subject for contract in CONTRACTS.values()):
            for _, full in draw(histories(kind.subject, longest=8)):
                lacking = [f["name"] for f in CONTRACTS[full.topic].kinds[full.kind]["fields"] if _optional(f["type"])]
                bare = full._replace(record=full.record + "'", change={**full.change, **dict.fromkeys(lacking)})
                for statement in (full, bare):
                    row = kind.merge(row, statement._replace(subject="a"))
        if kind.contribution is not None:
            for source, value in draw(contributions(view)):
                row = kind.receive(row, source, value if value is None else _doubled(value))
        return row

    return drawn()


def _optional(schema: Any) -> bool:
    return isinstance(schema, list) and "null" in schema


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
