"""Every example is a statement that passes the door, travels as Avro and comes out as it went in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_reader, schemaless_writer

from producers.publish.json_form import statement_of
from producers.publish.statement import Checked, Ready
from wire.codec import FRAME, encoder
from wire.contracts import SCHEMAS, contracts
from wire.pseudonym import PSEUDONYM, Pseudonyms
from wire.schema import avro

FILES = sorted((SCHEMAS / "examples").glob("*.jsonl"))
NOW = 1_793_059_200_000_000  # 2026-10-27: an example is of the past, so that it can be published


def examples() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in FILES:
        for line in file.read_text(encoding="utf-8").splitlines():
            yield file.stem, json.loads(line)


def ready(topic: str, example: dict[str, Any]) -> Ready:
    contract = contracts()[topic]
    return Checked(contract, Pseudonyms(b"k" * 32)).ready(statement_of(contract, example), NOW)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_has_every_kind_and_says_its_topic(file: Path) -> None:
    listed = [example for topic, example in examples() if topic == file.stem]
    assert {example["kind"] for example in listed} == set(contracts()[file.stem].kinds)
    assert {example["topic"] for example in listed} == {file.stem}


def test_every_contract_has_examples() -> None:
    assert {file.stem for file in FILES} == set(contracts())


@pytest.mark.parametrize(("topic", "example"), list(examples()))
def test_an_example_travels(topic: str, example: dict[str, Any]) -> None:
    contract = contracts()[topic]
    made = ready(topic, example)
    record = made.record(str(contract.schema["namespace"]))
    encoded = encoder(7, contract.schema)(record)

    schema = parse_schema(avro(contract.record, logical=False))
    by_fastavro = BytesIO()
    schemaless_writer(by_fastavro, schema, record)
    assert encoded == FRAME.pack(0, 7) + by_fastavro.getvalue()
    back: Any = schemaless_reader(BytesIO(encoded[FRAME.size :]), schema, None, return_record_name=True)
    assert back == record


@pytest.mark.parametrize(("topic", "example"), list(examples()))
def test_no_number_of_an_example_is_on_the_wire(topic: str, example: dict[str, Any]) -> None:
    contract = contracts()[topic]
    made = ready(topic, example)
    encoded = encoder(7, contract.schema)(made.record(str(contract.schema["namespace"])))
    assert b"990000" not in encoded
    for name in contract.identity_fields[example["kind"]]:
        value = made.statement.change[name]
        for item in value if isinstance(value, list) else [value]:
            assert item is None or PSEUDONYM.fullmatch(item)


def test_the_same_statement_is_the_same_event_and_another_is_another() -> None:
    twice = [ready(topic, example).event_id for _ in range(2) for topic, example in examples()]
    assert len(set(twice)) * 2 == len(twice)
