"""The catalogue as an AsyncAPI 3 document: a channel a topic, its message in Avro with CloudEvents headers.

What departments state is received; what came of it is sent back, on a channel for each department.
"""

from __future__ import annotations

from typing import Any

from runtime import cloud_events
from wire import feedback
from wire.catalogue import entries
from wire.contracts import contracts, feedback_topics

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
    for name in feedback_topics():
        messages[name] = _feedback_message(name)
        channels[name] = {
            "address": name,
            "title": f"反馈：{feedback.department_of(name)}",
            "description": "Results of work that rested on the department's statements, corrections proposed at the "
            f"door, questions of command centres, its answers. Read by the department's own login. Kept: "
            f"{feedback.KEPT_DAYS} days.",
            "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        }
        operations[f"send-{name}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{name}"},
            "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
            "description": f"For the consumer group `citygrid-{name}`.",
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "citygrid",
            "version": VERSION,
            "description": "What a city's departments state, and what comes back to each of them. Identity numbers are "
            "pseudonyms on the wire.",
        },
        "defaultContentType": cloud_events.AVRO,
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": {"cloudEvent": cloud_events.SCHEMA}},
    }


def _feedback_message(topic: str) -> dict[str, Any]:
    schema = feedback.schema()
    return {
        "name": topic,
        "title": schema["doc_zh"],
        "summary": schema["doc"],
        "contentType": cloud_events.AVRO,
        "headers": {"$ref": "#/components/schemas/cloudEvent"},
        "payload": {"schemaFormat": AVRO, "schema": schema},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": "the task"},
                "schemaIdLocation": "payload",
                "schemaIdPayloadEncoding": "confluent",
            }
        },
        "tags": [{"name": name} for name in (str(feedback.department_of(topic)), "feedback", "personal")],
    }
