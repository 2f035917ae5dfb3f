"""A subject that is a code is a code on the wire, written in one way only; any other is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from domain.event import Event
from producers.publish.json_form import JsonForm
from producers.publish.statement import Checked, InvalidStatement, Ready, Statement
from tests.contracts.people import full_width, number
from wire.codec import Decoder, Parked, Unreadable, encoder
from wire.contracts import Contract, contracts
from wire.pseudonym import Pseudonyms
from wire.schema_parser import parse_record

NOW = 1_900_000_000_000_000


def said_of(kind: str, subject: str) -> str:
    """The subject on the wire of a statement about `subject` under a contract about subjects of `kind`."""
    observation = contracts()["grid.observation"]
    schema = {**observation.schema, "subject": kind}
    contract = replace(observation, schema=schema, record=parse_record(schema))
    statement = Statement(
        "Visited", "T-1", subject, 1_700_000_000_000_000, 1_700_000_000_000_000, {"task": "T-1", "outcome": "done"}
    )
    return Checked(contract, Pseudonyms(b"k" * 32)).ready(statement, NOW).statement.subject


@pytest.mark.parametrize(
    ("kind", "code"),
    [("legal-person", "91350100M000100Y43"), ("grid", "440113001002003"), ("district", "440113"), ("dwelling", "D-1")],
)
def test_a_code_has_one_form(kind: str, code: str) -> None:
    assert said_of(kind, code) == code
    if kind != "dwelling":
        assert said_of(kind, f" {full_width(code.lower())}\u3000") == code


@pytest.mark.parametrize(
    ("kind", "wrong", "reason"),
    [
        ("legal-person", "91350100M000100Y44", "check character of the credit code"),
        ("legal-person", "9135", "18 characters"),
        ("grid", "440113001002", "15 digits"),
        ("grid", "440113001002000", "not 000"),
        ("district", "番禺区", "6 digits"),
        ("district", "4401130", "6 digits"),
        ("district", "", "empty"),
        ("dwelling", "440106", "no district or grid code"),
        ("dwelling", "440113001002003", "no district or grid code"),
        ("dwelling", "grid/440113001002003", "no district or grid code"),
        ("dwelling", "D-1\ndwelling/D-2", "line break"),
        ("dwelling", "D\u2028-1", "line break"),
        ("household", "H-1\r\nH-2", "line break"),
    ],
)
def test_another_is_refused_with_a_reason_and_without_its_text(kind: str, wrong: str, reason: str) -> None:
    with pytest.raises(InvalidStatement, match=reason) as refused:
        said_of(kind, wrong)
    assert refused.value.field == "subject"
    assert not wrong or wrong not in str(refused.value)


MOVED = {
    "name": "测试", "sex": "male", "born": 7_000, "household": "H-1", "dwelling": "D-1", "address": "样本路1号",
    "relation": "head",
}  # fmt: skip


@pytest.mark.parametrize(
    ("record", "change", "field"),
    [
        ("HK-1\nHK-2", {}, "record"),
        ("HK-1", {"dwelling": "440106"}, "dwelling"),
        ("HK-1", {"dwelling": "D\n-1"}, "dwelling"),
        ("HK-1", {"household": "H-1\nresident/x"}, "household"),
    ],
)
def test_a_name_that_would_collide_is_refused_at_the_door_and_in_the_decoder(
    record: str, change: dict[str, str], field: str
) -> None:
    contract = contracts()["police.household-registration"]
    checked = Checked(contract, Pseudonyms(b"k" * 32))
    good = Statement("MovedIn", "HK-1", number(7), 1_700_000_000_000_000, 1_700_000_000_000_000, MOVED)
    bad = good._replace(record=record, change=MOVED | change)
    for statement in (bad, JsonForm(contract).statement(as_json(bad))):
        with pytest.raises(InvalidStatement) as refused:
            checked.ready(statement, NOW)
        assert refused.value.field == field
    ready = checked.ready(good, NOW)
    assert isinstance(decoded(contract, ready), Event)
    stated = ready.statement._replace(record=record, change={**ready.statement.change, **change})
    read = decoded(contract, ready._replace(statement=stated))
    assert isinstance(read, Unreadable)
    assert field in read.reason


def as_json(statement: Statement) -> dict[str, Any]:
    """What a department sends to the gateway."""
    instant = "2023-11-14T22:13:20Z"
    return {
        **statement._asdict(),
        "occurred_at": instant,
        "recorded_at": instant,
        "change": {**statement.change, "born": "1989-03-02"},
    }


def decoded(contract: Contract, ready: Ready) -> Event | Unreadable | Parked:
    value = encoder(1, contract.schema)(ready.record(str(contract.schema["namespace"])))
    decoder = Decoder(OneSchema(contract.schema))  # type: ignore[arg-type]
    return decoder.decode(contract.topic, ready.statement.subject.encode(), value)


class OneSchema:
    """A registry that holds one schema, under every id."""

    def __init__(self, held: Mapping[str, Any]) -> None:
        self._held = held

    def schema(self, _: int) -> Mapping[str, Any]:
        return self._held


@pytest.mark.parametrize("kind", ["legal-person", "grid", "district", "dwelling"])
def test_a_person_is_no_other_subject(kind: str) -> None:
    with pytest.raises(InvalidStatement):
        said_of(kind, number(7))
