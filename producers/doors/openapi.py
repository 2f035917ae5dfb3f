"""The doors' OpenAPI 3.1 description: a path and a schema for each contract, made of the contract itself."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from producers.doors.answers import ItemError
from producers.doors.device_messages import DOORS
from producers.doors.device_routes import HEADERS
from producers.publish.json_form import JsonForm
from runtime.http.problems import MEDIA_TYPE, Problem
from wire.contracts import Contract, contracts

VERSION = "1.0.0"
STATE = "/v1/events/{topic}"
DEVICES = "/v1/devices/{department}/messages"
DESCRIPTION = """The door of a city's departments and devices: statements in, acknowledged once its brokers have them.

**Who may come in**: a department by its key (`Authorization: Bearer cgk_…`), a device by signing each message.

**All or nothing**: a batch is taken whole (202, with the event ids) or not at all (422 names each bad statement by
index and field). Sending the same again, after 503, 429 or a lost answer, doubles nothing.

**Errors** are problem documents (RFC 9457), Chinese, or English by `Accept-Language`; they never repeat what was sent.

**Dates** are YYYY-MM-DD, times ISO 8601 with their zone. Identity numbers are sent plain, over TLS, and become
pseudonyms behind the door."""

_MEANINGS = {
    400: "not JSON in UTF-8",
    401: "no key in force; of a device: not known, or the signature or its time is wrong",
    403: "another department's topic",
    404: "no such address or topic",
    405: "not by this method",
    409: "of a device: this message or a later one was taken already",
    413: "the body, or the number of statements, is over the limit",
    415: "not application/json, or compressed",
    422: "breaks the contract; `errors` names each bad statement, and nothing was taken",
    429: "too many requests, or the day's identity numbers are used up; Retry-After says how long to wait",
    500: "something broke at the door",
    503: "Kafka, the schema registry or the database did not confirm it in time; send it again",
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": meaning, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for status, meaning in _MEANINGS.items()
}
for _status in (429, 503):
    RESPONSES[_status]["headers"] = {
        "Retry-After": {"description": "seconds to wait", "schema": {"type": "string", "pattern": "^[0-9]+$"}}
    }


def description_of(app: FastAPI, department: str | None = None) -> dict[str, Any]:
    """The description for one department, or of everything."""
    document = get_openapi(
        title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes, servers=[{"url": "/"}]
    )
    paths, components = document["paths"], document["components"]
    schemas = components["schemas"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    problem.pop("$defs")
    problem["properties"]["errors"] = {
        "type": "array",
        "items": {"$ref": "#/components/schemas/ItemError"},
        "description": "on 422: what is wrong where",
    }
    schemas |= {"Problem": problem, "ItemError": ItemError.model_json_schema()}
    components["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "a department's key, made by `citygrid keys create`"}
    }
    document["security"] = [{"key": []}]
    known = contracts()
    own = {topic: contract for topic, contract in known.items() if department in (None, contract.department)}
    _for_each(paths, STATE, {topic: (_array(topic), f"State {topic}") for topic in own})
    _for_each(
        paths, DEVICES,
        {
            name: (f"#/components/schemas/{name}.message", f"State what a device of {name} saw")
            for name, door in DOORS.items() if door.topic in known
        },
    )  # fmt: skip
    for topic, contract in own.items():
        schemas[topic] = JsonForm(contract).schema() | {"title": topic, "description": contract.record.doc}
        schemas[f"{topic}.batch"] = {
            "type": "array", "items": {"$ref": f"#/components/schemas/{topic}"}, "minItems": 1
        }  # fmt: skip
    for name, door in DOORS.items():
        if door.topic in known:
            schemas[f"{name}.message"] = _message(known[door.topic], door.kinds)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return document


def _array(topic: str) -> str:
    return f"#/components/schemas/{topic}.batch"


def _for_each(paths: dict[str, Any], template: str, bodies: Mapping[str, tuple[str, str]]) -> None:
    """A path of its own for each name, in the place of the parameter: each has another body."""
    item = paths.pop(template)
    parameter = template[template.index("{") : template.index("}") + 1]
    for name, (schema, summary) in bodies.items():
        own = copy.deepcopy(item)
        post = own["post"]
        post["operationId"] = f"state_{name}".replace(".", "_").replace("-", "_")
        post["summary"] = summary
        post["requestBody"] = {"required": True, "content": {"application/json": {"schema": {"$ref": schema}}}}
        post.pop("parameters", None)
        if template == DEVICES:
            post["security"] = []
            post["parameters"] = [
                {"name": header, "in": "header", "required": True, "description": meaning, "schema": {"type": "string"}}
                for header, meaning in HEADERS.items()
            ]
        paths[template.replace(parameter, name)] = own


def _message(contract: Contract, kinds: tuple[str, ...]) -> dict[str, Any]:
    form = JsonForm(contract)
    variants = []
    for kind in kinds:
        whole = form.kind_schema(kind)
        properties = {name: whole["properties"][name] for name in ("kind", "occurred_at", "change")}
        change = copy.deepcopy(properties["change"])
        change["properties"].pop("device", None)
        change["required"] = [name for name in change["required"] if name != "device"]
        properties["change"] = change
        variants.append(whole | {"properties": properties, "required": list(properties)})
    return {"oneOf": variants, "description": contract.record.doc}
