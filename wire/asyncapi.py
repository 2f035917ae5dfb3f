"""The catalogue as an AsyncAPI 3 document: a channel a topic, its message in Avro with CloudEvents headers."""

from __future__ import annotations

from typing import Any

from runtime import cloud_events
from wire.catalogue import entries
from wire.contracts import contracts

AVRO = "application/vnd.apache.avro+json;version=1.12.0"
VERSION = "1.0.0"


def document() -> dict[str, Any]:
    """As JSON. The application that is described is this city's: it receives what departments state."""
    known = contracts()
    channels, operations, messages = {}, {}, {}
    for entry in entries():
        name = entry.topic
        messages[name] = {
            "name": entry.topic,
            "title": entry.zh,
            "summary": entry.en,
            "contentType": cloud_events.AVRO,
            "headers": {"$ref": "#/components/schemas/cloudEvent"},
            "payload": {"schemaFormat": AVRO, "schema": known[entry.topic].schema},
            "bindings": {
                "kafka": {
                    "key": {"type": "string", "description": f"the {entry.subject}"},
                    "schemaIdLocation": "payload",
                    "schemaIdPayloadEncoding": "confluent",
                }
            },
            "tags": [{"name": tag} for tag in (entry.department, entry.category, entry.classification)],
        }
        channels[name] = {
            "address": entry.topic,
            "title": entry.zh,
            "description": f"{entry.en} Owner: {entry.owner}. Legal basis: {entry.legal_basis}. "
            f"Kept: {entry.retention}. Quiet after {entry.freshness} without an event.",
            "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        }
        operations[f"receive-{name}"] = {
            "action": "receive",
            "channel": {"$ref": f"#/channels/{name}"},
            "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
            "description": f"Read by {', '.join((*entry.readers.views, *entry.readers.reached)) or 'nobody'}.",
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "citygrid",
            "version": VERSION,
            "description": "What a city's departments state. Identity numbers are pseudonyms on the wire.",
        },
        "defaultContentType": cloud_events.AVRO,
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": {"cloudEvent": cloud_events.SCHEMA}},
    }
