"""The typed model of an Avro schema: each type, why a file of ours is refused, and that all walkers agree."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_reader
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.masking import HIDDEN, PERSONAL, _masked_record
from producers.publish.json_form import HTTP, _converter
from sinks.decoding import converter as to_json
from tests.contracts.test_codec import NEW_FIELD
from wire import compatibility
from wire.avro_writer import writer
from wire.contracts import contracts, every_schema, published
from wire.schema import (
    DAYS,
    INTS,
    NULL,
    TIMES,
    Array,
    Enum,
    Fixed,
    Map,
    Primitive,
    Record,
    Type,
    Union,
    avro,
    default_value,
    label,
    subtypes,
    without_null,
)
from wire.schema_parser import SchemaRefused, parse, parse_record, read_schema

PERSON: dict[str, Any] = {
    "type": "record",
    "name": "Person",
    "namespace": "city",
    "doc": "A person.",
    "fields": [
        {"name": "id", "type": "string", "doc": "d", "classification": "sensitive", "identity": True},
        {"name": "born", "type": ["null", {"type": "int", "logicalType": "date"}], "default": None, "doc": "d",
         "classification": "personal"},
        {"name": "sex", "type": {"type": "enum", "name": "Sex", "symbols": ["f", "m"], "symbols_zh": {"f": "女"}},
         "doc": "d", "classification": "personal"},
        {"name": "seen", "type": {"type": "array", "items": {"type": "long", "logicalType": "timestamp-micros"}},
         "default": [], "doc": "d", "classification": "personal"},
        {"name": "notes", "type": {"type": "map", "values": "string"}, "doc": "d", "classification": "personal"},
        {"name": "mark", "type": {"type": "fixed", "name": "Mark", "size": 2}, "default": "\u00ff\u0000", "doc": "d",
         "classification": "internal"},
        {"name": "mother", "type": ["null", "Person"], "default": None, "doc": "d", "classification": "personal"},
    ],
}  # fmt: skip


def person() -> Record:
    return parse_record(PERSON)


def test_each_type_is_parsed() -> None:
    fields = person().by_name
    assert fields["id"].type == Primitive("string")
    assert fields["id"].identity
    assert fields["born"].type == Union((NULL, Primitive("int", "date")))
    assert fields["born"].inner == Primitive("int", "date")
    assert (fields["born"].optional, fields["id"].optional) == (True, False)
    assert fields["seen"].type == Array(Primitive("long", "timestamp-micros"))
    assert fields["seen"].many
    assert fields["notes"].type == Map(Primitive("string"))
    sex, mark = fields["sex"].type, fields["mark"].type
    assert isinstance(sex, Enum)
    assert (sex.fullname, sex.symbols, dict(sex.symbols_zh)) == ("city.Sex", ("f", "m"), {"f": "女"})
    assert isinstance(mark, Fixed)
    assert (mark.fullname, mark.size) == ("city.Mark", 2)
    assert [label(part) for part in subtypes(person())][:4] == ["city.Person", "string", "union", "null"]


def test_a_record_may_hold_itself() -> None:
    record = person()
    assert without_null(record.by_name["mother"].type) is record
    assert avro(record)["fields"][-1]["type"] == ["null", "Person"]


def test_limits_follow_the_meaning() -> None:
    assert Primitive("int", "date").limits == DAYS
    assert Primitive("long", "timestamp-micros").limits == TIMES
    assert Primitive("int").limits == INTS
    assert Primitive("long").limits is None


def test_defaults_are_values_to_write() -> None:
    mark = person().by_name["mark"]
    assert default_value(mark.type, mark.default) == b"\xff\0"
    assert not person().by_name["id"].has_default


@pytest.mark.parametrize("topic", every_schema())
def test_canonical_form_is_that_of_the_last_release(topic: str) -> None:
    assert compatibility.canonical(every_schema()[topic]) == compatibility.released(topic)[-1]


def test_a_key_of_a_newer_release_is_passed_over() -> None:
    newer = copy.deepcopy(PERSON)
    newer["fields"][0]["colour"] = "red"
    assert avro(parse(newer)) == avro(person())
    assert parse_record(NEW_FIELD).by_name["change"]


@pytest.mark.parametrize(
    ("schema", "named"),
    [
        ("strng", "strng"),
        ({"type": "record", "name": "A", "fields": [{"name": "x", "type": "B"}]}, "'x' has the unknown type 'B'"),
        ({"type": "record", "name": "A", "fields": [{"name": "x", "type": 7}]}, "'x' has a type that is not Avro"),
        ({"name": "A"}, "not Avro"),
        ({"type": "enum", "name": "A"}, "not Avro"),
        (["null", PERSON, PERSON], "city.Person"),
    ],
)
def test_what_is_not_avro_is_refused(schema: Any, named: str) -> None:
    with pytest.raises(SchemaRefused, match=named):
        parse(schema)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda s: s.update(dok="x"), "the top record has the unknown key 'dok': 'doc'"),
        (lambda s: s["fields"][0].update(identiy=True), "field 'id' has the unknown key 'identiy': 'identity'"),
        (lambda s: s["fields"][0].update(classification="internal"), "'id' holds an identity number"),
        (lambda s: s["fields"][0].update(identity="yes"), "'id' has an 'identity'"),
        (lambda s: s["fields"][0].pop("doc"), "'id' has no 'doc'"),
        (lambda s: s["fields"][1]["type"][1].update(logicalType="dat"), "'born' has the unknown logical type 'dat'"),
        (lambda s: s["fields"][2]["type"].update(symbol=[]), "enum 'Sex' has the unknown key 'symbol'"),
        (lambda s: s["fields"][2]["type"].update(symbols_zh={"x": "?"}), "'Sex.symbols_zh' has 'x'"),
        (lambda s: s["fields"][3]["type"].update(item="string"), "'seen' has the unknown key 'item': 'items'"),
        (lambda s: s["fields"][4]["type"].update(of="x"), "'notes' has the unknown key 'of'"),
        (lambda s: s["fields"][5]["type"].update(bytes=2), "fixed 'Mark' has the unknown key 'bytes'"),
    ],
)
def test_a_file_of_ours_is_refused_by_file_and_field(
    tmp_path: Path, change: Callable[[dict[str, Any]], Any], named: str
) -> None:
    schema = copy.deepcopy(PERSON)
    change(schema)
    path = tmp_path / "person.avsc"
    path.write_text(json.dumps(schema), encoding="utf-8")
    with pytest.raises(SchemaRefused) as refused:
        read_schema(path, set())
    assert str(refused.value).startswith(f"{path}: ")
    assert named in str(refused.value)


MODELS = [kind for contract in contracts().values() for kind in contract.kinds.values()]
MODELS += [output.record for output in published().values()]


def values(schema: Type, depth: int = 2) -> st.SearchStrategy[Any]:
    """Any value of the type, as the writer takes it."""
    match schema:
        case Union(choices=(choice,)) if schema.nullable:
            return st.none() | values(choice, depth) if depth > 0 else st.none()
        case Record(fields=fields):
            return st.fixed_dictionaries({field.name: values(field.type, depth - 1) for field in fields})
        case Enum(symbols=symbols):
            return st.sampled_from(symbols)
        case Array(items=items):
            return st.lists(values(items, depth - 1), max_size=1 if depth > 0 else 0)
        case Map(values=inner):
            return st.dictionaries(st.text(max_size=3), values(inner, depth - 1), max_size=2)
        case Primitive(name="int" | "long", limits=limits):
            return st.integers(*(limits or INTS)[:2])
        case Primitive(name="boolean"):
            return st.booleans()
        case Primitive(name="double"):
            return st.floats(allow_nan=False, allow_infinity=False)
    return st.text(st.characters(exclude_categories=["Cs"]), max_size=5)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data(), st.sampled_from(MODELS))
def test_writer_reader_json_and_mask_agree_on_the_model(data: st.DataObject, model: Record) -> None:
    """Of random values: what the writer writes fastavro reads, JSON leads back, nothing personal is shown."""
    value = data.draw(values(model))
    written = writer(model, None)(value)
    assert schemaless_reader(BytesIO(written), parse_schema(avro(model, logical=False)), None) == value
    _check_json(model, value)
    assert _shown(model, _masked_record(model, value), value) == []


def _check_json(record: Record, part: Any) -> None:
    """Dates and times as text lead back to the numbers that they were."""
    text = to_json(record)(part)
    for field in record.fields:
        back = _converter(field.type, HTTP)
        if back is not None and text[field.name] is not None:
            assert back(text[field.name]) == part[field.name]


def _shown(record: Record, masked: dict[str, Any], value: dict[str, Any]) -> list[str]:
    """The personal fields of the record of which more than the first character is shown."""
    return [
        field.name
        for field in record.fields
        if field.classification in PERSONAL
        and isinstance(without_null(field.type), Primitive | Enum)
        and masked[field.name] not in (None, HIDDEN, f"{str(value[field.name])[:1]}{HIDDEN}")
    ]
