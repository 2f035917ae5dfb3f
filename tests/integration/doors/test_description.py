"""The doors' OpenAPI 3.1: valid, a schema for each contract, and examples of the contracts fit it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from openapi_spec_validator import OpenAPIV31SpecValidator

from producers.doors import key_register as keys
from producers.doors.app import create_app
from producers.doors.openapi import description_of
from runtime.settings import Settings
from tests.integration.doors.conftest import client_of
from tests.integration.doors.statements import TENANCY
from wire.contracts import SCHEMAS, contracts


@pytest.fixture
def described(pseudonym_key_file: Path) -> FastAPI:
    """The application, not started: a description needs nothing."""
    return create_app(Settings(_env_file=None, pseudonym_key_file=pseudonym_key_file))


def test_the_description_is_valid_openapi_31(described: FastAPI) -> None:
    whole = description_of(described)
    assert whole["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(whole).validate()
    assert {f"/v1/events/{topic}" for topic in contracts()} <= set(whole["paths"])
    for department in {contract.department for contract in contracts().values()}:
        own = description_of(described, department)
        OpenAPIV31SpecValidator(own).validate()
        topics = {path.removeprefix("/v1/events/") for path in own["paths"] if path.startswith("/v1/events/")}
        assert topics == {topic for topic, contract in contracts().items() if contract.department == department}


def test_every_operation_says_what_it_does_and_how_it_fails(described: FastAPI) -> None:
    for path, item in description_of(described)["paths"].items():
        for method, operation in item.items():
            assert operation["summary"], (path, method)
            assert operation["description"], (path, method)
            problems = {
                status
                for status, response in operation["responses"].items()
                if "application/problem+json" in response.get("content", {})
            }
            assert {"401", "403", "413", "422", "429", "503"} <= problems, (path, method)


def test_the_examples_fit_the_schemas(described: FastAPI) -> None:
    document = description_of(described)
    for topic in contracts():
        schema = {"$ref": f"#/components/schemas/{topic}.batch", "components": document["components"]}
        batch = []
        for line in (SCHEMAS / "examples" / f"{topic}.jsonl").read_text("utf-8").splitlines():
            item = {name: value for name, value in json.loads(line).items() if name != "topic"}
            for name in ("occurred_at", "recorded_at"):
                item[name] = item[name] if "T" in item[name] else f"{item[name]}T00:00:00+08:00"
            batch.append(item)
        Draft202012Validator(schema).validate(batch)
        assert not Draft202012Validator(schema).is_valid([batch[0] | {"name": "x"}])


async def test_it_is_served_to_those_with_a_key(app: FastAPI, city: Settings) -> None:
    async with client_of(app) as nobody:
        assert (await nobody.get("/openapi.json")).status_code == 401
    async with client_of(app, keys.create(city.dsn("owner"), "housing")) as housing:
        paths = (await housing.get("/openapi.json")).json()["paths"]
    assert f"/v1/events/{TENANCY}" in paths
    assert not any("police" in path for path in paths)
