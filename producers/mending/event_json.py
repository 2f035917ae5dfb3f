"""An event as JSON, for a person to read and mend, and back onto the wire.

    {"record": "R-1", "subject": "k1.…", "occurred_at": "2026-01-31T00:00:00+00:00", "recorded_at": "…",
     "withdrawn": false, "sequence": null, "kind": "Death", "change": {"on": "2026-01-31"}}

Identity numbers are pseudonyms; a mended file may hold the number itself, which is made one before it is sent.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

from fastavro import parse_schema, schemaless_reader

from domain.codes import InvalidCode
from producers.publish.statement import Checked, InvalidStatement, Ready, Statement
from runtime.settings import Settings
from wire.codec import BROKEN, FRAME, Decoder, Parked, Unreadable, encoder
from wire.contracts import Contract, contracts, plain
from wire.pseudonym import PSEUDONYM, Pseudonyms
from wire.registry import Registry, RegistryRefused

CloudEvent = list[tuple[str, str | bytes | None]]
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
        said: Any = schemaless_reader(
            BytesIO(value[FRAME.size :]), parse_schema(plain(dict(schema))), None, return_record_name=True
        )
        branch, change = said["change"]
    except BROKEN:
        return None
    dates = _dates(schema, branch.rpartition(".")[2])
    shown = {name: _day(value) if name in dates else value for name, value in change.items()}
    times = {name: _instant(said[name]) for name in TIMES}
    return {**said, **times, "kind": branch.rpartition(".")[2], "change": shown}


def from_json(settings: Settings, registry: Registry, topic: str, text: str) -> tuple[bytes, bytes, CloudEvent]:
    """Key, value and headers of the event in `text` for `topic` (as it is called on the cluster), through the same
    door as every statement: its event id is made again of what it says. Raises NotMended."""
    contract = contracts().get(topic.removeprefix(settings.topic_prefix))
    if contract is None:
        raise NotMended(f"{topic} holds no department's events: only those can be mended, other letters go back as is.")
    try:
        said = json.loads(text)
    except ValueError as broken:
        raise NotMended(f"The mended file is not JSON: {broken}.") from None
    statement = _statement(settings, contract, said)
    try:
        ready = Checked(contract, Pseudonyms.of(settings)).ready(statement, time.time_ns() // 1000, pseudonymised=True)
    except InvalidStatement as wrong:
        raise NotMended(f"The mended event breaks its contract: {statement.kind} {wrong}.") from None
    try:
        schema_id = registry.id_of(f"{topic}-value", contract.schema)
    except RegistryRefused as refused:
        raise NotMended(f"The registry does not know the contract of {topic} as it is here: {refused}") from refused
    key = ready.statement.subject.encode()
    value = encoder(schema_id, contract.schema)(ready.record(str(contract.schema["namespace"])))
    read = Decoder(registry, topic_prefix=settings.topic_prefix).decode(topic, key, value)
    if isinstance(read, Unreadable | Parked):
        raise NotMended(f"The mended event would be put aside again: {read.reason}.")
    return key, value, _cloud_event(contract, ready)


def _cloud_event(contract: Contract, ready: Ready) -> CloudEvent:
    said = ready.statement
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", ready.event_id.encode()),
        ("ce_source", f"/departments/{contract.department}".encode()),
        ("ce_type", f"cn.citygrid.{contract.department}.{said.kind}".encode()),
        ("ce_time", str(_instant(said.occurred_at)).encode()),
        ("content-type", b"application/avro"),
    ]


def _statement(settings: Settings, contract: Contract, said: Any) -> Statement:
    """What the door takes, numbers hidden already, days and microseconds as ints."""
    wanted = {"record", "subject", *TIMES, "kind", "change"}
    if not isinstance(said, dict) or wanted - said.keys():
        lacking = ", ".join(sorted(wanted - said.keys() if isinstance(said, dict) else wanted))
        raise NotMended(f"The mended file must be one JSON object; these fields are missing: {lacking}.")
    if unknown := said.keys() - wanted - {"event_id", "withdrawn", "sequence"}:
        raise NotMended(f"The mended file has the unknown field '{min(unknown)}'; misspelt?")
    kind, change = said["kind"], said["change"]
    if kind not in contract.kinds or not isinstance(change, dict):
        raise NotMended(f"'kind' must be one of {', '.join(contract.kinds)}, and 'change' an object with its fields.")
    dates = _dates(contract.schema, kind)
    change = {name: _as_days(name, value) if name in dates else value for name, value in change.items()}
    numbers = _Numbers(settings)
    for name in contract.identity_fields[kind]:
        if change.get(name) is not None:
            change[name] = numbers.hidden(name, change[name])
    subject = numbers.hidden("subject", said["subject"]) if contract.subject_is_identity else said["subject"]
    occurred_at, recorded_at = (_as_micros(name, said[name]) for name in TIMES)
    withdrawn = said.get("withdrawn", False)
    if not isinstance(withdrawn, bool):
        raise NotMended("'withdrawn' must be true or false.")
    sequence = said.get("sequence")
    return Statement(kind, said["record"], subject, occurred_at, recorded_at, change, withdrawn, sequence)


class _Numbers:
    """Identity numbers become pseudonyms; the key is read only if there is one to hide."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pseudonyms: Pseudonyms | None = None

    def hidden(self, field: str, said: Any) -> Any:
        if isinstance(said, list):
            return [self.hidden(field, each) for each in said]
        if not isinstance(said, str):
            raise NotMended(f"'{field}' must be an identity number or its pseudonym.")
        if PSEUDONYM.fullmatch(said):
            return said
        self._pseudonyms = self._pseudonyms or Pseudonyms.of(self._settings)
        try:
            return self._pseudonyms.of_number(said)
        except InvalidCode:
            raise NotMended(f"'{field}' is neither an identity number nor a pseudonym: mend it.") from None


def _dates(schema: Any, kind: str) -> frozenset[str]:
    kinds = {each["name"]: each for each in schema["fields"][-1]["type"]}
    return frozenset(field["name"] for field in kinds[kind]["fields"] if '"date"' in json.dumps(field["type"]))


def _day(days: int | None) -> str | int | None:
    try:
        return None if days is None else date.fromordinal(EPOCH.toordinal() + days).isoformat()
    except (OverflowError, ValueError):  # beyond the calendar: what is to be mended is shown as it is
        return days


def _instant(micros: int) -> str | int:
    try:
        return datetime.fromtimestamp(micros / 1_000_000, UTC).isoformat(timespec="microseconds")
    except (OverflowError, ValueError, OSError):
        return micros


def _as_days(field: str, said: Any) -> int | None:
    if said is None or (isinstance(said, int) and not isinstance(said, bool)):
        return said
    try:
        return (date.fromisoformat(said) - EPOCH).days
    except (TypeError, ValueError):
        raise NotMended(f"'{field}' must be a day as 2026-01-31.") from None


def _as_micros(field: str, said: Any) -> int:
    if isinstance(said, int) and not isinstance(said, bool):
        return said
    try:
        at = datetime.fromisoformat(said)
    except (TypeError, ValueError):
        raise NotMended(f"'{field}' must be a time as 2026-01-31T08:30:00+08:00.") from None
    if at.tzinfo is None:
        raise NotMended(f"'{field}' must say its zone, as in 2026-01-31T08:30:00+08:00.")
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
