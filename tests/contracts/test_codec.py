"""What the decoder makes of anything that may lie on a topic. The registry here is a dictionary of schemas."""

from __future__ import annotations

import copy
import json
from io import BytesIO
from typing import Any

import httpx
import pytest
from fastavro import parse_schema, schemaless_writer
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.event import Event
from tests.contracts.test_examples import examples, ready
from wire.codec import FRAME, Decoder, Parked, RecordReader, Unreadable, encoder
from wire.contracts import contracts, published
from wire.registry import Registry
from wire.schema import avro
from wire.schema_parser import parse, parse_record

TOPIC = "civil-affairs.marriage"
CONTRACT = contracts()[TOPIC]
NAMESPACE = str(CONTRACT.schema["namespace"])


def newer(change: Any) -> dict[str, Any]:
    schema = copy.deepcopy(dict(CONTRACT.schema))
    change(schema)
    return schema


def with_new_kind(schema: dict[str, Any]) -> None:
    field = {"name": "on", "type": "int", "doc": "day", "doc_zh": "日期", "classification": "personal"}
    kind = {"type": "record", "name": "Annulled", "doc": "Never held.", "doc_zh": "无效", "fields": [field]}
    schema["fields"][-1]["type"].append(kind)


def with_new_field(schema: dict[str, Any]) -> None:
    schema["fields"][-1]["type"][0]["fields"].append({"name": "place", "type": ["null", "string"], "default": None})


NEW_KIND, NEW_FIELD = newer(with_new_kind), newer(with_new_field)
KNOWN: dict[int, Any] = {
    1: CONTRACT.schema,
    2: contracts()["tax.tax-record"].schema,
    3: NEW_KIND,
    4: NEW_FIELD,
    5: {"type": "record", "name": CONTRACT.fullname, "fields": [{"name": "x", "type": "nonsense"}]},
    6: contracts()["housing.tenancy"].schema,
    7: published()["clock"].schema,
    8: contracts()["weather.warning"].schema,
}


def answer(request: httpx.Request) -> httpx.Response:
    schema = KNOWN.get(int(request.url.path.rpartition("/")[2]))
    if schema is None:
        return httpx.Response(404, json={"error_code": 40403, "message": "not found"})
    return httpx.Response(200, json={"schema": json.dumps(schema)})


@pytest.fixture
def decoder() -> Decoder:
    return Decoder(registry_of(answer))


def registry_of(transport: Any) -> Registry:
    registry = Registry("http://registry.test")
    registry._http = httpx.Client(base_url="http://registry.test", transport=httpx.MockTransport(transport))
    return registry


EXAMPLE = next(ready(topic, example) for topic, example in examples() if topic == TOPIC)
KEY = EXAMPLE.statement.subject.encode()
GOOD = encoder(1, CONTRACT.schema)(EXAMPLE.record(NAMESPACE))


def test_an_event_comes_out_as_it_went_in(decoder: Decoder) -> None:
    statement = EXAMPLE.statement
    assert decoder.decode(TOPIC, KEY, GOOD) == Event(
        EXAMPLE.event_id, "civil-affairs", TOPIC, statement.subject, statement.record,
        statement.occurred_at, statement.recorded_at,
        False, "Married", statement.change,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "not framed"),
        (b"", "not framed"),
        (b"junk", "not framed"),
        (b"\x01" + GOOD[1:], "not framed"),
        (FRAME.pack(0, 99) + GOOD[5:], "unknown schema: id 99 is not known"),
        (FRAME.pack(0, 2) + GOOD[5:], "TaxRecord"),
        (FRAME.pack(0, 5) + GOOD[5:], "cannot be parsed"),
        (GOOD[:-3], "does not fit"),
        (GOOD + b"x", "left over"),
        (FRAME.pack(0, 1), "does not fit"),
        (FRAME.pack(0, 1) + b"\xff" * 900_000, "does not fit"),
    ],
)
def test_what_nobody_can_read_is_a_dead_letter(decoder: Decoder, value: bytes | None, reason: str) -> None:
    read = decoder.decode(TOPIC, KEY, value)
    assert isinstance(read, Unreadable)
    assert reason in read.reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"subject": "4401130"}, "the subject is wrong: a district code has 6 digits"),
        ({"subject": "４40113"}, "is not written as the door does"),
        ({"change": {"until": 10**18}}, "'until' is not a time between 1850 and 2199"),
    ],
)
def test_what_the_door_would_have_refused_is_a_dead_letter(
    decoder: Decoder, change: dict[str, Any], reason: str
) -> None:
    """A department with a client of its own is held to the same codes and times."""
    topic, schema = "weather.warning", contracts()["weather.warning"].schema
    prepared = next(ready(name, example) for name, example in examples() if name == topic)
    record = prepared.record(str(schema["namespace"]))
    kind, fields = record["change"]
    whole = record | change | {"change": (kind, fields | change.get("change", {}))}
    read = decoder.decode(topic, whole["subject"].encode(), encoder(8, schema)(whole))
    assert isinstance(read, Unreadable)
    assert reason in read.reason


def changed(**fields: Any) -> bytes:
    return encoder(1, CONTRACT.schema)({**EXAMPLE.record(NAMESPACE), **fields})


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"occurred_at": 2**62}, "occurred_at"),
        ({"recorded_at": -(2**62)}, "recorded_at"),
        ({"record": ""}, "record"),
        ({"record": "a\0b"}, "record"),
        ({"record": "9" * 201}, "record"),
        ({"event_id": "e" * 201}, "event_id"),
        ({"change": (f"{NAMESPACE}.Married", {"spouse": "x", "on": 2**31 - 1})}, "on"),
        ({"change": (f"{NAMESPACE}.Married", {"spouse": "x\0", "on": 1})}, "spouse"),
    ],
)
def test_what_could_not_be_computed_with_or_stored_is_a_dead_letter(
    decoder: Decoder, fields: dict[str, Any], reason: str
) -> None:
    read = decoder.decode(TOPIC, KEY, changed(**fields))
    assert isinstance(read, Unreadable)
    assert f"'{reason}'" in read.reason


def test_a_number_that_no_row_could_hold_is_a_dead_letter(decoder: Decoder) -> None:
    """Avro's `int` has 32 bits, but its encoding has room for 64, and fastavro reads them all."""
    topic, example = next(known for known in examples() if known[0] == "housing.tenancy" and "Let" in str(known[1]))
    let = ready(topic, example)
    record = let.record(str(contracts()[topic].schema["namespace"]))
    kind, change = record["change"]
    body, wide = (
        BytesIO(),
        json.loads(json.dumps(avro(parse(KNOWN[6]), logical=False)).replace('["null", "int"]', '["null", "long"]')),
    )
    schemaless_writer(body, parse_schema(wide), {**record, "change": (kind, {**change, "rooms": 2**40})})
    read = decoder.decode(topic, let.statement.subject.encode(), FRAME.pack(0, 6) + body.getvalue())
    assert read == Unreadable("Let: 'rooms' is not a 32-bit number", 6)


CLOCK = encoder(7, KNOWN[7])({"now": 1, "quiet": []})


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"junk", "not framed"),
        (FRAME.pack(0, 99) + CLOCK[5:], "not known"),
        (FRAME.pack(0, 2) + GOOD[5:], "does not fit"),
        (GOOD, "does not fit"),
        (FRAME.pack(0, 5) + CLOCK[5:], "cannot be parsed"),
        (CLOCK[:-1], "does not fit"),
        (CLOCK + b"x", "left over"),
    ],
)
def test_what_is_no_record_of_a_stage_is_a_value_error(value: bytes, reason: str) -> None:
    reader = RecordReader(registry_of(answer), KNOWN[7])
    assert reader.read(CLOCK) == {"now": 1, "quiet": [], "taken_back": False}
    with pytest.raises(ValueError, match=reason):
        reader.read(value)


@pytest.mark.parametrize("key", [None, b"", b"other"])
def test_a_key_that_is_not_the_subject_is_a_dead_letter(decoder: Decoder, key: bytes | None) -> None:
    read = decoder.decode(TOPIC, key, GOOD)
    assert isinstance(read, Unreadable)
    assert "key" in read.reason


def test_a_kind_that_this_reader_does_not_know_is_parked(decoder: Decoder) -> None:
    record = {**EXAMPLE.record(NAMESPACE), "change": (f"{NAMESPACE}.Annulled", {"on": 1})}
    read = decoder.decode(TOPIC, KEY, encoder(3, NEW_KIND)(record))
    assert isinstance(read, Parked)
    assert (read.kind, read.schema_id) == ("Annulled", 3)


def test_a_field_that_this_reader_does_not_know_is_left_out(decoder: Decoder) -> None:
    record = EXAMPLE.record(NAMESPACE)
    record["change"] = (record["change"][0], {**record["change"][1], "place": "somewhere"})
    read = decoder.decode(TOPIC, KEY, encoder(4, NEW_FIELD)(record))
    assert isinstance(read, Event)
    assert read.change == EXAMPLE.statement.change


def test_a_newer_reader_fills_in_what_was_not_written_yet() -> None:
    newer_contract = type(CONTRACT)(TOPIC, CONTRACT.path, NEW_FIELD, parse_record(NEW_FIELD))
    read = Decoder(registry_of(answer), {TOPIC: newer_contract}).decode(TOPIC, KEY, GOOD)
    assert isinstance(read, Event)
    assert read.change["place"] is None


SHARED = Decoder(registry_of(answer))


@settings(deadline=None)  # other work on the machine is no fault of the decoder
@given(st.binary(max_size=300))
def test_any_bytes_are_told_apart_and_never_raise(body: bytes) -> None:
    for topic, schema_id in ((TOPIC, 1), ("tax.tax-record", 2), (TOPIC, 4)):
        read = SHARED.decode(topic, b"k", FRAME.pack(0, schema_id) + body)
        assert isinstance(read, Unreadable | Parked)


@settings(deadline=None)
@given(st.data())
def test_a_good_record_with_a_wrong_byte_never_raises(data: st.DataObject) -> None:
    index = data.draw(st.integers(5, len(GOOD) - 1))
    broken = GOOD[:index] + bytes([data.draw(st.integers(0, 255))]) + GOOD[index + 1 :]
    SHARED.decode(TOPIC, KEY, broken)


def test_a_registry_that_is_away_is_waited_for_and_an_unknown_id_is_not_asked_for_again_at_once() -> None:
    asked: list[int] = []

    def away_at_first(request: httpx.Request) -> httpx.Response:
        asked.append(len(asked))
        if len(asked) == 1:
            raise httpx.ConnectError("refused")
        if len(asked) == 2:
            return httpx.Response(503)
        return answer(request)

    waited: list[float] = []
    registry = registry_of(away_at_first)
    registry._on_wait = waited.append
    decoder = Decoder(registry)
    assert isinstance(decoder.decode(TOPIC, KEY, GOOD), Event)
    assert (len(asked), len(waited)) == (3, 2)
    for _ in range(5):
        assert isinstance(decoder.decode(TOPIC, KEY, FRAME.pack(0, 99) + GOOD[5:]), Unreadable)
    assert len(asked) == 4
