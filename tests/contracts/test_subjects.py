"""A subject that is a code is a code on the wire, written in one way only; any other is refused by name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from producers.publish.statement import Checked, InvalidStatement, Statement
from tests.contracts.people import full_width, number
from wire.contracts import contracts
from wire.pseudonym import Pseudonyms
from wire.schema_parser import parse_record

NOW = 1_900_000_000_000_000


def said_of(kind: str, subject: str) -> str:
    """The subject on the wire of a statement about `subject` under a contract about subjects of `kind`."""
    observation = contracts()["grid.observation"]
    schema = {**observation.schema, "subject": kind}
    contract = replace(observation, schema=schema, record=parse_record(schema))
    said = Statement(
        "Visited", "T-1", subject, 1_700_000_000_000_000, 1_700_000_000_000_000, {"task": "T-1", "outcome": "done"}
    )
    return Checked(contract, Pseudonyms(b"k" * 32)).ready(said, NOW).statement.subject


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
    ],
)
def test_another_is_refused_with_a_reason_and_without_its_text(kind: str, wrong: str, reason: str) -> None:
    with pytest.raises(InvalidStatement, match=reason) as refused:
        said_of(kind, wrong)
    assert refused.value.field == "subject"
    assert not wrong or wrong not in str(refused.value)


@pytest.mark.parametrize("kind", ["legal-person", "grid", "district", "dwelling"])
def test_a_person_is_no_other_subject(kind: str) -> None:
    with pytest.raises(InvalidStatement):
        said_of(kind, number(7))
