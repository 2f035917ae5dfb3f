"""An event as JSON, for a person to read and mend, and back onto the wire.

    {"record": "R-1", "subject": "k1.…", "occurred_at": "2026-01-31T00:00:00+00:00", "recorded_at": "…",
     "withdrawn": false, "sequence": null, "kind": "Death", "change": {"on": "2026-01-31"}}

Identity numbers are pseudonyms; a mended file may hold the number itself, which is made one before it is sent.
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

from fastavro import parse_schema, schemaless_reader

from domain.codes import InvalidCode
from producers.publish.json_form import OWN, JsonForm, NotJson, parsed
from producers.publish.statement import Checked, InvalidStatement, Ready, Statement
from runtime import cloud_events
from runtime.cloud_events import Headers
from runtime.settings import Settings
from wire.codec import BROKEN, FRAME, Decoder, Parked, Unreadable, encoder
from wire.contracts import Contract, contracts
from wire.pseudonym import PSEUDONYM, Pseudonyms
from wire.registry import Registry, RegistryRefused
from wire.schema import Array, Primitive, Record, Type, Union, avro, without_null
from wire.schema_parser import SchemaRefused, parse_record

EPOCH = date(1970, 1, 1)
TIMES = ("occurred_at", "recorded_at")


class NotMended(Exception):
    """The mended event cannot be sent; the message names the field and what is wrong, without its value."""


def as_json(registry: Registry, value: bytes | None) -> dict[str, Any] | None:
    """The event in `value` by the schema that it was written with; None if it is not readable at all."""
    if value is None or len(value) < FRAME.size or value[0] != 0:
        return None
    schema = registry.schema(FRAME.unpack_from(value)[1])
    if schema is None:
        return None
    try:
        model = parse_record(dict(schema))
        parsed = parse_schema(avro(model, logical=False))
        event: Any = schemaless_reader(BytesIO(value[FRAME.size :]), parsed, None, return_record_name=True)
        branch, change = event["change"]
    except (SchemaRefused, *BROKEN):
        return None
    kind = branch.rpartition(".")[2]
    types = {field.name: field.type for field in _kind(model, kind).fields}
    fields = {name: _shown(types[name], value) for name, value in change.items()}
    times = {name: _instant(event[name]) for name in TIMES}
    return {**event, **times, "kind": kind, "change": fields}


def from_json(settings: Settings, registry: Registry, topic: str, text: str) -> tuple[bytes, bytes, Headers]:
    """Key, value and headers of the event in `text` for `topic` (as it is called on the cluster), through the same
    door as every statement: its event id is made again of what it says. Raises NotMended."""
    contract = contracts().get(topic.removeprefix(settings.topic_prefix))
    if contract is None:
        raise NotMended(f"{topic} holds no department's events: only those can be mended, other letters go back as is.")
    try:
        item = parsed(text.encode("utf-8", "replace"))
    except NotJson as broken:
        raise NotMended(f"The mended file is no JSON that can be sent: it {broken}.") from None
    statement = _statement(settings, contract, item)
    try:
        ready = Checked(contract, Pseudonyms.of(settings)).ready(statement, time.time_ns() // 1000, pseudonymised=True)
    except InvalidStatement as wrong:
        raise NotMended(f"The mended event breaks its contract: {statement.kind} {wrong}.") from None
    try:
        schema_id = registry.id_of(f"{topic}-value", contract.schema)
    except RegistryRefused as refused:
        raise NotMended(f"The registry does not know the contract of {topic} as it is here: {refused}") from refused
    key = ready.statement.subject.encode()
    value = encoder(schema_id, contract.schema)(ready.record(contract.namespace))
    read = Decoder(registry, topic_prefix=settings.topic_prefix).decode(topic, key, value)
    if isinstance(read, Unreadable | Parked):
        raise NotMended(f"The mended event would be put aside again: {read.reason}.")
    return key, value, _cloud_event(contract, ready)


def _cloud_event(contract: Contract, ready: Ready) -> Headers:
    department, kind = contract.department, ready.statement.kind
    source, event_type = cloud_events.source_of(department), cloud_events.type_of(department, kind)
    return cloud_events.headers(ready.event_id, source.encode(), event_type.encode(), ready.statement.occurred_at)


def _statement(settings: Settings, contract: Contract, item: Any) -> Statement:
    """The statement in a mended file, its numbers pseudonyms already."""
    try:
        statement = JsonForm(contract, OWN).statement(item)
    except InvalidStatement as wrong:
        raise NotMended(f"The mended event breaks its contract: {wrong}.") from None
    numbers = _Numbers(settings, contract)
    change = dict(statement.change)
    for name in contract.identity_fields[statement.kind]:
        if change.get(name) is not None:
            change[name] = numbers.hidden(name, change[name])
    subject = statement.subject
    return statement._replace(
        subject=numbers.hidden("subject", subject) if contract.subject_is_identity else subject, change=change
    )


class _Numbers:
    """Identity numbers become pseudonyms; the key is read only if there is one to hide."""

    def __init__(self, settings: Settings, contract: Contract) -> None:
        self._settings = settings
        self._contract = contract
        self._pseudonyms: Pseudonyms | None = None

    def hidden(self, field: str, number: Any) -> Any:
        if isinstance(number, list):
            return [self.hidden(field, one) for one in number]
        if not isinstance(number, str):
            raise NotMended(f"'{field}' must be an identity number or its pseudonym.")
        if PSEUDONYM.fullmatch(number):
            return number
        self._pseudonyms = self._pseudonyms or Pseudonyms.of(self._settings)
        try:
            contract = self._contract
            return self._pseudonyms.of_number(number, contract.eight_digits, newborns=contract.newborns)
        except InvalidCode:
            raise NotMended(f"'{field}' is neither an identity number nor a pseudonym: mend it.") from None


def _kind(model: Record, kind: str) -> Record:
    branches = model.by_name["change"].type
    records = branches.branches if isinstance(branches, Union) else ()
    return next(record for record in records if isinstance(record, Record) and record.name == kind)


def _shown(schema: Type, value: Any) -> Any:
    """A field's value as a person reads it."""
    match without_null(schema), value:
        case Primitive(is_date=True), int():
            return _day(value)
        case Primitive(is_time=True), int():
            return _instant(value)
        case Array(items=items), list():
            return [_shown(items, item) for item in value]
    return value


def _day(days: int) -> str | int:
    try:
        return date.fromordinal(EPOCH.toordinal() + days).isoformat()
    except (OverflowError, ValueError):  # beyond the calendar: what is to be mended is shown as it is
        return days


def _instant(micros: int) -> str | int:
    try:
        return datetime.fromtimestamp(micros / 1_000_000, UTC).isoformat(timespec="microseconds")
    except (OverflowError, ValueError, OSError):
        return micros
