"""A checked statement as the bytes that go to a topic: key, value, and what its headers are made of."""

from __future__ import annotations

from typing import NamedTuple

from producers.publish.statement import Checked, Ready
from wire.codec import encoder
from wire.contracts import Contract
from wire.pseudonym import Pseudonyms


class Encoded(NamedTuple):
    """An event for the wire; `occurred_at` in microseconds since 1970-01-01 UTC."""

    topic: str
    kind: str
    record: str
    event_id: str
    occurred_at: int
    key: bytes
    value: bytes


class Encoding:
    """How the statements of one contract are checked and written, under the schema that the registry calls
    `schema_id`."""

    def __init__(self, contract: Contract, pseudonyms: Pseudonyms, schema_id: int) -> None:
        self.schema_id = schema_id
        self.checked = Checked(contract, pseudonyms)
        self._topic = contract.topic
        self._encode = encoder(schema_id, contract.schema)
        self._namespace = contract.namespace

    def event(self, ready: Ready) -> Encoded:
        """The event of a statement that `checked` made ready."""
        statement = ready.statement
        value = self._encode(ready.record(self._namespace))
        return Encoded(
            self._topic,
            statement.kind,
            statement.record,
            ready.event_id,
            statement.occurred_at,
            statement.subject.encode(),
            value,
        )
