"""Every operation of the API as a request: found in its own description, with a body and parameters that it takes.

What is new is found by itself: a parameter in a path that nobody has a value for, or a body that no account gets past
the description with, fails the tests that walk through them.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from fastapi import FastAPI

from api.app import description_of
from api.gate import ROOT

Json = dict[str, Any]
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
LATER = (datetime.now(UTC) + timedelta(hours=2)).isoformat()


@dataclass(frozen=True)
class Operation:
    """`path` below the API's root, with its parameters' names; `body`: something that its schema allows."""

    method: str
    path: str
    named: tuple[str, ...]
    asked: tuple[str, ...]
    body: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def operations(app: FastAPI, known: Mapping[str, Any]) -> Iterator[Operation]:
    """All that the description has; `known`: values for parts of bodies, by the schema's name or the field's."""
    document = description_of(app)
    for path, item in sorted(document["paths"].items()):
        for method, described in sorted(item.items()):
            parameters = described.get("parameters", ())
            content = described.get("requestBody", {}).get("content", {}).get("application/json", {})
            yield Operation(
                method.upper(),
                path.removeprefix(ROOT),
                tuple(one["name"] for one in parameters if one["in"] == "path"),
                tuple(one["name"] for one in parameters if one["in"] == "query"),
                _value("", content["schema"], document, known) if content else None,
            )


def _value(name: str, schema: Json, document: Json, known: Mapping[str, Any]) -> Any:
    """Something that the schema allows: what it must have, and no more."""
    if name in known:
        return known[name]
    if "$ref" in schema:
        title = schema["$ref"].rpartition("/")[2]
        return known[title] if title in known else _value("", document["components"]["schemas"][title], document, known)
    if "anyOf" in schema or "allOf" in schema:
        return _value("", (schema.get("anyOf") or schema["allOf"])[0], document, known)
    if "examples" in schema:
        return schema["examples"][0]
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    match schema.get("type"):
        case "object":
            properties = schema.get("properties", {})
            return {part: _value(part, properties[part], document, known) for part in schema.get("required", ())}
        case "array":
            return [_value("", schema["items"], document, known)] if schema.get("minItems") else []
        case "integer" | "number":
            return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        case "boolean":
            return True
    formats = {"uuid": str(uuid.uuid4()), "date-time": LATER, "date": LATER[:10]}
    return formats.get(schema.get("format", ""), "x" * max(1, schema.get("minLength", 1)))


async def send(
    client: httpx.AsyncClient, operation: Operation, named: Mapping[str, str], asked: Json | None = None, **more: Any
) -> httpx.Response:
    """The operation with these values in its path."""
    path = operation.path
    for name in operation.named:
        path = path.replace(f"{{{name}}}", named[name])
    headers = {"Idempotency-Key": str(uuid.uuid4()), **more.pop("headers", {})}
    if operation.body is not None and not more:
        more = {"json": operation.body}
    return await client.request(operation.method, path, params=asked or {}, headers=headers, **more)


def nobodys(name: str, value: str) -> str:
    """A value of the same form that nothing has."""
    if name == "code":
        return "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in value)
    try:
        uuid.UUID(value)
    except ValueError:
        return value[:-6] + "".join(secrets.choice("123456789") for _ in range(6)) if len(value) > 6 else value
    return str(uuid.uuid4())
