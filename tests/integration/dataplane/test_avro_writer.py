"""Generated writers give the bytes of fastavro, for generated schemas and values."""

import io
import struct
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_writer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wire.avro_writer import InvalidValue, writer

Case = tuple[Any, Any]  # schema, value


def fastavro_bytes(schema: Any, value: Any) -> bytes:
    out = io.BytesIO()
    schemaless_writer(out, parse_schema(schema), value)
    return out.getvalue()


PRIMITIVES: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(width=32),
    "double": st.floats(),
    "bytes": st.binary(),
    "string": st.text(st.characters(exclude_categories=["Cs"])),
}
LOGICAL = {"date": "int", "time-millis": "int", "timestamp-micros": "long"}


class Names:
    """Fresh names of types within one example."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"


@st.composite
def cases(draw: Callable[..., Any], depth: int = 3, names: Names | None = None) -> Case:
    names = names or Names()
    simple = [*PRIMITIVES, "enum", "fixed", "logical"]
    kind = draw(st.sampled_from(simple + (["array", "map", "record", "nullable", "union", "twice"] if depth else [])))
    inner = cases(depth=depth - 1, names=names)
    match kind:
        case "logical":
            # fastavro converts values of logical types; raw numbers pass through it untouched, as through ours
            logical = draw(st.sampled_from(sorted(LOGICAL)))
            return {"type": LOGICAL[logical], "logicalType": logical}, draw(st.integers(0, 2**31 - 1))
        case "enum":
            symbols = ["RED", "GREEN", "BLUE"]
            return {"type": "enum", "name": names("E"), "symbols": symbols}, draw(st.sampled_from(symbols))
        case "fixed":
            size = draw(st.integers(1, 9))
            return {"type": "fixed", "name": names("X"), "size": size}, draw(st.binary(min_size=size, max_size=size))
        case "array":
            schema, value = draw(inner)
            return {"type": "array", "items": schema}, [value] * draw(st.integers(0, 3))
        case "map":
            schema, value = draw(inner)
            return {"type": "map", "values": schema}, dict.fromkeys(
                draw(st.lists(st.text(max_size=4), max_size=3)), value
            )
        case "nullable":
            schema, value = draw(inner.filter(lambda case: not isinstance(case[0], list) and case[0] != "null"))
            order = ["null", schema] if draw(st.booleans()) else [schema, "null"]
            return order, draw(st.sampled_from([None, value]))
        case "union":
            records = [draw(records_of(depth - 1, names)) for _ in range(draw(st.integers(2, 3)))]
            branches = ["null", *(schema for schema, _ in records), "string", "long"]
            chosen = [(schema["name"], value) for schema, value in records]
            return branches, draw(st.sampled_from([None, "text", 12, *chosen]))
        case "twice":  # a named type, then a reference to it
            schema, value = draw(records_of(depth - 1, names))
            both = [{"name": "first", "type": schema}, {"name": "again", "type": ["null", schema["name"]]}]
            again = draw(st.sampled_from([None, value]))
            return {"type": "record", "name": names("T"), "fields": both}, {"first": value, "again": again}
        case "record":
            record: Case = draw(records_of(depth - 1, names))
            return record
    return kind, draw(PRIMITIVES[kind])


@st.composite
def records_of(draw: Callable[..., Any], depth: int, names: Names) -> Case:
    fields = draw(st.lists(cases(depth=max(depth, 0), names=names), max_size=4))
    schema = {
        "type": "record",
        "name": names("R"),
        "fields": [{"name": f"f{index}", "type": kind} for index, (kind, _) in enumerate(fields)],
    }
    return schema, {f"f{index}": value for index, (_, value) in enumerate(fields)}


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(cases())
def test_the_bytes_are_those_of_fastavro(case: Case) -> None:
    schema, value = case
    assert writer(schema, None)(value) == fastavro_bytes(schema, value)


@given(PRIMITIVES["long"])
def test_every_long(number: int) -> None:
    assert writer("long", None)(number) == fastavro_bytes("long", number)


@given(st.integers(0, 63), st.sampled_from([-1, 0, 1]))
def test_longs_at_the_edges_of_bytes(power: int, beside: int) -> None:
    for number in {2**power + beside, -(2**power) + beside}:
        if -(2**63) <= number < 2**63:
            assert writer("long", None)(number) == fastavro_bytes("long", number)


HOUSEHOLD = {
    "type": "record",
    "name": "Household",
    "namespace": "city",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "members", "type": {"type": "array", "items": {
            "type": "record", "name": "Member", "fields": [
                {"name": "born", "type": {"type": "int", "logicalType": "date"}},
                {"name": "kin", "type": ["null", "Member"], "default": None},
            ]}}},
        {"name": "said", "type": [
            {"type": "record", "name": "Birth", "fields": [{"name": "name", "type": "string"}]},
            {"type": "record", "name": "Death", "fields": [{"name": "on", "type": "int"}]},
        ]},
        {"name": "note", "type": "string", "default": "-"},
    ],
}  # fmt: skip
VALUE = {"id": "h1", "members": [{"born": 7, "kin": {"born": 8}}], "said": ("Death", {"on": 5})}


def test_defaults_references_and_the_frame() -> None:
    framed = writer(HOUSEHOLD, 258)(VALUE)
    assert framed[:5] == struct.pack(">bI", 0, 258)
    assert framed[5:] == fastavro_bytes(HOUSEHOLD, {**VALUE, "said": ("city.Death", {"on": 5})})


def test_attributes_and_the_class_name_of_a_union() -> None:
    class Death(SimpleNamespace):
        pass

    kin = SimpleNamespace(born=8, kin=None)
    row = SimpleNamespace(id="h1", members=[SimpleNamespace(born=7, kin=kin)], said=Death(on=5), note="-")
    assert writer(HOUSEHOLD, None, "attribute")(row) == writer(HOUSEHOLD, None)(VALUE)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"id": 7}, "Household.id: expected a string"),
        ({"id": None}, "Household.id: expected a string"),
        ({"members": None}, "Household.members: expected a list"),
        ({"members": [{"born": "secret"}]}, "Household.members[0].born: expected an int"),
        ({"members": [{"born": 2**31}]}, "Household.members[0].born: expected an int"),
        ({"members": [{"born": 1, "kin": {}}]}, "Household.members[0].kin.born: expected a value"),
        ({"said": ("Wedding", {})}, "Household.said: expected one of city.Birth, city.Death"),
        ({"said": ("Death", {"on": True})}, "Household.said<Death>.on: expected an int"),
    ],
)
def test_a_wrong_value_is_named_by_its_path_and_not_shown(change: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        writer(HOUSEHOLD, 1)({**VALUE, **change})
    assert path in str(caught.value)
    assert "secret" not in str(caught.value)


def test_an_unknown_enum_symbol_is_refused() -> None:
    with pytest.raises(InvalidValue, match="expected one of A, B"):
        writer({"type": "enum", "name": "E", "symbols": ["A", "B"]}, None)("C")
