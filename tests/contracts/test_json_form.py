"""A statement as JSON: the same event as in a file, by a schema that tells the truth; rubbish is refused by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from producers.publish.json_form import HEAD, JsonForm, NotJson, instant, parsed, statement_of
from producers.publish.statement import Checked, InvalidStatement
from tests.contracts.people import number
from wire.contracts import SCHEMAS, contracts
from wire.pseudonym import Pseudonyms

NOW = 1_900_000_000_000_000
PSEUDONYMS = Pseudonyms(b"k" * 32)
TENANCY = "housing.tenancy"


def examples() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in sorted((SCHEMAS / "examples").glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            yield file.stem, json.loads(line)


def as_json(example: dict[str, Any]) -> dict[str, Any]:
    """As a department's program sends it: the examples' days of happening with their time and zone."""
    document = {name: value for name, value in example.items() if name != "topic"}
    for name in ("occurred_at", "recorded_at"):
        document[name] = document[name] if "T" in document[name] else f"{document[name]}T00:00:00+08:00"
    return document


@pytest.mark.parametrize(("topic", "example"), list(examples()))
def test_an_example_is_the_same_event_as_in_a_file(topic: str, example: dict[str, Any]) -> None:
    contract = contracts()[topic]
    form, checked = JsonForm(contract), Checked(contract, PSEUDONYMS)
    document = as_json(example)
    Draft202012Validator(form.schema()).validate(document)
    assert checked.ready(form.statement(document), NOW) == checked.ready(statement_of(contract, example), NOW)


def let(**change: Any) -> dict[str, Any]:
    change_made = {"landlord": number(1), "tenants": [number(2)], "start": "2026-03-01", **change}
    return {
        "kind": "Let", "record": "Z1", "subject": "D1", "occurred_at": "2026-03-01T08:00:00+08:00",
        "recorded_at": "2026-03-01T08:00:00.123456Z", "change": change_made,
    }  # fmt: skip


def fault(document: Any, topic: str = TENANCY) -> tuple[str, str]:
    """(field, reason) of what is refused."""
    contract = contracts()[topic]
    with pytest.raises(InvalidStatement) as refused:
        Checked(contract, PSEUDONYMS).ready(JsonForm(contract).statement(document), NOW)
    return refused.value.field, refused.value.reason


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], "statement"),
        (let() | {"name": "x"}, "statement"),
        ({name: value for name, value in let().items() if name != "record"}, "record"),
        (let() | {"kind": []}, "kind"),
        (let() | {"kind": "Lets"}, "kind"),
        (let() | {"record": 7}, "record"),
        (let() | {"record": "a\0"}, "record"),
        (let() | {"record": "a\ud800"}, "record"),
        (let() | {"subject": {}}, "subject"),
        (let() | {"withdrawn": 1}, "withdrawn"),
        (let() | {"occurred_at": "2026-03-01"}, "occurred_at"),
        (let() | {"occurred_at": "2026-03-01T08:00:00"}, "occurred_at"),
        (let() | {"occurred_at": "2026-02-30T08:00:00Z"}, "occurred_at"),
        (let() | {"occurred_at": "9999-12-31T23:59:59-23:59"}, "occurred_at"),
        (let() | {"occurred_at": "0001-01-01T00:00:00+23:59"}, "occurred_at"),
        (let() | {"occurred_at": 1_700_000_000}, "occurred_at"),
        (let() | {"change": []}, "change"),
        (let(rent=5), "change"),
        (let(start=20_000), "start"),
        (let(start="2026-02-29"), "start"),
        (let(start=None), "start"),
        (let(rooms="2"), "rooms"),
        (let(rooms=2.0), "rooms"),
        (let(rooms=2**31), "rooms"),
        (let(landlord=number(1)[:-1] + "?"), "landlord"),
        (let(landlord=[number(1)]), "landlord"),
        (let(tenants=number(1)), "tenants"),
        (let(tenants=[{}]), "tenants"),
    ],
)
def test_what_is_wrong_is_named_and_not_repeated(document: Any, field: str) -> None:
    named, reason = fault(document)
    assert named == field
    assert number(1)[:17] not in reason
    assert "\ud800" not in reason


def test_all_that_is_wrong_with_the_form_is_said_at_once() -> None:
    form = JsonForm(contracts()[TENANCY])
    document = let(start="1.3.2026", until="2026-02-30", rent=5) | {"occurred_at": "today", "withdrawn": None}
    del document["record"]
    assert {fault.field for fault in form.faults(document)} == {
        "record", "withdrawn", "occurred_at", "change", "start", "until",
    }  # fmt: skip
    assert form.faults(let()) == []


def test_a_text_of_half_a_character_a_large_number_and_a_list_as_a_word_are_refused() -> None:
    dwelling = {
        "kind": "DwellingRegistered", "record": "R1", "subject": "D1", "occurred_at": "2026-03-01T08:00:00Z",
        "recorded_at": "2026-03-01T08:00:00Z",
        "change": {"grid": "440113001001003", "address": "样本路1号", "floor_area_m2": 1,
                   "use": "rental", "district": "440113"},
    }  # fmt: skip

    def with_(**change: Any) -> dict[str, Any]:
        return dwelling | {"change": dwelling["change"] | change}  # type: ignore[operator]

    topic = "housing.dwelling-register"
    assert fault(with_(address="路\udfff"), topic)[0] == "address"
    assert fault(with_(floor_area_m2=10**400), topic)[0] == "floor_area_m2"
    assert fault(with_(floor_area_m2=float("inf")), topic)[0] == "floor_area_m2"
    assert fault(with_(use=["rental"]), topic)[0] == "use"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[1,]", b"[NaN]", b"[Infinity]", b'{"a": 1, "a": 1}', b"\xff\xfe[\x00]\x00", b"[" * 100_000,
        b'{"a":' * 5_000, b"1" * 5_000, "[\"番禺\"]".encode("gb18030"), b"\xef\xbb\xbf[]", b'["\xed\xa0\x80"]',
    ],
)  # fmt: skip
def test_what_two_readers_would_read_differently_is_no_json(body: bytes) -> None:
    with pytest.raises(NotJson):
        parsed(body)


def test_parts_of_a_second_are_kept_to_the_microsecond() -> None:
    assert instant("1970-01-01T08:00:00.5+08:00") == 500_000
    assert instant("1969-12-31T23:59:59.000001999Z") == -999_999
    assert instant("1970-01-01T00:00:00.000000Z") == 0


_texts = st.text() | st.sampled_from([*HEAD, "Let", "Visited", "landlord", "2026-03-01", "2026-03-01T08:00:00Z"])
_any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _texts | st.just("\ud800"),
    lambda pair: st.lists(pair, max_size=3) | st.dictionaries(_texts, pair, max_size=4),
    max_leaves=12,
)


@given(st.sampled_from(sorted(contracts())), _any, st.sampled_from(HEAD), st.data())
@settings(max_examples=150, deadline=None)
def test_rubbish_is_refused_in_no_other_way(topic: str, rubbish: Any, field: str, drawn: st.DataObject) -> None:
    contract = contracts()[topic]
    kind = drawn.draw(st.sampled_from(sorted(contract.kinds)))
    change = {name: drawn.draw(_any) for name in contract.kinds[kind].by_name}
    whole = {
        "kind": kind, "record": "R", "subject": number(3), "occurred_at": "2026-03-01T08:00:00Z",
        "recorded_at": "2026-03-01T08:00:00Z", "change": change,
    }  # fmt: skip
    for document in (rubbish, whole, {**whole, field: rubbish}):
        try:
            made = Checked(contract, PSEUDONYMS).ready(JsonForm(contract).statement(document), NOW)
        except InvalidStatement as refused:
            assert refused.reason  # noqa: PT017 - either is right
        else:
            made.statement.subject.encode()
