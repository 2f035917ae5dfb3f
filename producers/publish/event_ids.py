"""The id of an event: uuid5 of what is stated, so that the same line published twice is the same event.

Its name is `<department>|<topic>|<JSON>`: a list of record, subject, times, withdrawn, kind and the fields that are not
at their defaults, keys sorted, without blanks. A field at its default is left out: a contract that grows by an optional
field must not make old lines new events.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha1
from json.encoder import encode_basestring as json_text
from typing import Any
from uuid import UUID

from producers.publish.field_checks import FieldCheck

#: Namespace of event ids (a version 4 UUID of our own; changing it would make every event a new one).
EVENTS = UUID("6f0c2d1e-8f5b-4c57-9a3c-0f1c8a6b7e42")

_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode
#: RFC 9562's variant: the first hexadecimal digit of the fourth group begins with the bits 10.
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


class EventIds:
    """Makes the ids of one topic's events of one kind."""

    def __init__(self, department: str, topic: str, kind: str, fields: Sequence[FieldCheck]) -> None:
        self._begins = EVENTS.bytes + f"{department}|{topic}|[".encode()
        self._kind = json_text(kind)
        # the encoder's work is done once where it is the same for every event: it would be a tenth of a publisher's
        self._fields = [
            (field.name, f"{json_text(field.name)}:", field.has_default, field.default)
            for field in sorted(fields, key=lambda field: field.name)
        ]

    def of(
        self, record: str, subject: str, occurred_at: int, recorded_at: int, withdrawn: bool, change: Mapping[str, Any]
    ) -> str:
        """The id of an event; `change` has every field of the kind."""
        stated = ",".join(
            [
                name + json_of(change[field])
                for field, name, has_default, default in self._fields
                if not has_default or change[field] != default
            ]
        )
        times = f"{json_of(occurred_at)},{json_of(recorded_at)},{json_of(withdrawn)}"
        name = f"{json_text(record)},{json_text(subject)},{times},{self._kind},{{{stated}}}]"
        return uuid_of(sha1(self._begins + name.encode(), usedforsecurity=False).hexdigest())


def uuid_of(digits: str) -> str:
    """The UUID of version 5 that a SHA-1 makes, by its hexadecimal digits."""
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:32]}"


def json_of(value: Any) -> str:
    """As `json` writes it, sorted and without blanks."""
    kind = type(value)
    if kind is str:
        return json_text(value)
    if kind is int:
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    return _canonical(value)
