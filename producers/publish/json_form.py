"""A statement as JSON: what a department sends to the HTTP door, and the JSON Schema that says so.

Dates are YYYY-MM-DD, instants ISO 8601 with their zone, identity numbers plain: they become pseudonyms behind the door.
What is wrong is told by index and field of the contract and never repeats what was sent, a name of a field included.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from producers.publish.statement import LONGEST_TEXT, InvalidStatement, Statement
from wire.codec import FIRST_DAY, LARGEST_INT, LAST_DAY, LEAST_INT
from wire.contracts import Contract, Schema

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY = date(1970, 1, 1)
HEAD = ("kind", "record", "subject", "occurred_at", "recorded_at", "withdrawn", "sequence", "change")
TIMES = ("occurred_at", "recorded_at")
REQUIRED = tuple(name for name in HEAD if name not in ("withdrawn", "sequence"))
DATE_PATTERN = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII)

Convert = Callable[[Any], Any]


class NotJson(ValueError):
    """A body is no JSON (RFC 8259) in UTF-8; the message says what is wrong with it and repeats nothing."""


def parsed(body: bytes) -> Any:
    """The value that `body` holds. Raises NotJson, also for what two readers would read differently: a name twice in an
    object, a number that is none, half of a surrogate pair."""
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_no_twins, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise NotJson("is not UTF-8") from None
    except RecursionError:
        raise NotJson("is nested too deeply") from None
    except NotJson:
        raise
    except ValueError:
        raise NotJson("is not valid JSON") from None
    return value


def instant(text: Any) -> int:
    """ISO 8601 with its zone → microseconds since 1970 UTC; finer parts of a second are cut. Raises ValueError."""
    match = _INSTANT.fullmatch(text) if type(text) is str else None
    if match is None:
        raise ValueError("must be a time with its zone such as 2026-01-31T08:30:00+08:00")
    try:
        since = datetime.fromisoformat(match[1] + match[3]) - EPOCH
    except ValueError:
        raise ValueError("is a time that does not exist") from None
    if not FIRST_DAY <= since.days <= LAST_DAY:
        raise ValueError("is not a time between 1850 and 2199")
    return (since.days * 86_400 + since.seconds) * 1_000_000 + int((match[2] or "0")[:6].ljust(6, "0"))


def day(text: Any) -> int:
    """YYYY-MM-DD → days since 1970-01-01. Raises ValueError."""
    if type(text) is not str or not _DATE.fullmatch(text):
        raise ValueError("must be a date such as 2026-01-31")
    try:
        return (date.fromisoformat(text) - EPOCH_DAY).days
    except ValueError:
        raise ValueError("is a date that does not exist") from None


class JsonForm:
    """How statements of one contract are written as JSON."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._enums = _enums(contract)
        self._converters = {
            kind: {field["name"]: convert for field in record["fields"] if (convert := _converter(field["type"]))}
            for kind, record in contract.kinds.items()
        }
        self._names = {kind: [field["name"] for field in record["fields"]] for kind, record in contract.kinds.items()}

    def statement(self, item: Any) -> Statement:
        """The statement that a JSON value makes, checked as far as its form goes. Raises InvalidStatement."""
        faults: list[InvalidStatement] = []
        said = self._read(item, faults)
        if said is None or faults:
            raise faults[0]
        return said

    def faults(self, item: Any) -> list[InvalidStatement]:
        """Everything that is wrong with the form of a JSON value, so that its sender can mend all of it at once."""
        faults: list[InvalidStatement] = []
        self._read(item, faults)
        return faults

    def change(self, kind: str, change: Any) -> dict[str, Any]:
        """The fields of `kind` in the contract's own units. Raises InvalidStatement."""
        faults: list[InvalidStatement] = []
        said = self._change(kind, change, faults)
        if faults:
            raise faults[0]
        return said

    def _read(self, item: Any, faults: list[InvalidStatement]) -> Statement | None:
        if type(item) is not dict:
            faults.append(InvalidStatement("statement", "must be an object"))
            return None
        if not item.keys() <= set(HEAD):
            faults.append(InvalidStatement("statement", f"has a field that none has; the fields are {', '.join(HEAD)}"))
        faults += [InvalidStatement(name, "is missing") for name in REQUIRED if name not in item]
        kind, withdrawn = item.get("kind"), item.get("withdrawn", False)
        known = type(kind) is str and kind in self._names
        if "kind" in item and not known:
            faults.append(InvalidStatement("kind", f"must be one of {', '.join(self._names)}"))
        if type(withdrawn) is not bool:
            faults.append(InvalidStatement("withdrawn", "must be true or false"))
        sequence = item.get("sequence")
        if sequence is not None and type(sequence) is not int:
            faults.append(InvalidStatement("sequence", "must be a whole number"))
        times = [_converted(name, instant, item.get(name), faults) for name in TIMES if name in item]
        change = self._change(str(kind), item["change"], faults) if known and "change" in item else {}
        if faults:
            return None
        return Statement(
            kind=str(kind),
            record=item["record"],
            subject=item["subject"],
            occurred_at=times[0],
            recorded_at=times[1],
            change=change,
            withdrawn=withdrawn,
            sequence=sequence,
        )

    def _change(self, kind: str, change: Any, faults: list[InvalidStatement]) -> dict[str, Any]:
        if type(change) is not dict:
            faults.append(InvalidStatement("change", f"must be an object with the fields of {kind}"))
            return {}
        names = self._names[kind]
        if not change.keys() <= set(names):
            known = ", ".join(names) or "none"
            faults.append(InvalidStatement("change", f"has a field that {kind} does not have; its fields: {known}"))
        converters = self._converters[kind]
        return {
            name: _converted(name, converters[name], value, faults)
            if name in converters and value is not None
            else value
            for name, value in change.items()
        }

    def schema(self) -> dict[str, Any]:
        """JSON Schema (2020-12) of a statement: one form for each kind."""
        return {"oneOf": [self.kind_schema(kind) for kind in self.contract.kinds]}

    def kind_schema(self, kind: str) -> dict[str, Any]:
        """JSON Schema of a statement of `kind`."""
        record = self.contract.kinds[kind]
        head = {field["name"]: field for field in self.contract.schema["fields"]}
        time_of = {"type": "string", "format": "date-time", "examples": ["2026-01-31T08:30:00+08:00"]}
        properties = {
            "kind": {"type": "string", "const": kind, "description": record["doc"]},
            "record": {**_TEXT, "description": head["record"]["doc"]},
            "subject": {**_TEXT, "description": self._subject_is()},
            "occurred_at": {**time_of, "description": head["occurred_at"]["doc"]},
            "recorded_at": {**time_of, "description": head["recorded_at"]["doc"]},
            "withdrawn": {"type": "boolean", "default": False, "description": head["withdrawn"]["doc"]},
            "sequence": {
                "type": ["integer", "null"],
                "minimum": 0,
                "maximum": 2**63 - 1,
                "default": None,
                "description": head["sequence"]["doc"],
            },
            "change": {
                "type": "object",
                "properties": {field["name"]: self.field_schema(field) for field in record["fields"]},
                "required": [field["name"] for field in record["fields"] if "default" not in field],
                "additionalProperties": False,
            },
        }
        return {
            "type": "object",
            "title": kind,
            "description": record["doc"],
            "properties": properties,
            "required": list(REQUIRED),
            "additionalProperties": False,
        }

    def field_schema(self, field: Mapping[str, Any]) -> dict[str, Any]:
        """JSON Schema of one field of a kind."""
        said = f"{field['doc']}; {IDENTITY_SAID}" if field.get("identity") else field["doc"]
        return {**_schema_of(field["type"], self._enums), "description": said}

    def _subject_is(self) -> str:
        said = self.contract.schema["fields"][2]["doc"]
        return f"{said}; {IDENTITY_SAID}" if self.contract.subject_is_identity else str(said)


IDENTITY_SAID = "sent as the plain identity number, which becomes a pseudonym behind the door"
_TEXT = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}


def _converted(field: str, convert: Convert, value: Any, faults: list[InvalidStatement]) -> Any:
    try:
        return convert(value)
    except ValueError as wrong:
        faults.append(InvalidStatement(field, str(wrong)))
        return None


def _converter(schema: Schema) -> Convert | None:
    """From JSON to the contract's own units where the two differ."""
    match schema:
        case ["null", inner]:
            return _converter(inner)
        case {"logicalType": "date"}:
            return day
        case {"logicalType": "timestamp-micros"}:
            return instant
        case {"type": "array", "items": inner}:
            each = _converter(inner)
            return (lambda value: [each(item) for item in _list(value)]) if each else None
    return None


def _list(value: Any) -> list[Any]:
    if type(value) is not list:
        raise ValueError("must be a list")
    return value


def _enums(contract: Contract) -> dict[str, Any]:
    types = [field["type"] for record in contract.kinds.values() for field in record["fields"]]
    flat = [each for one in types for each in (one if isinstance(one, list) else [one])]
    return {each["name"]: each for each in flat if isinstance(each, dict) and each.get("type") == "enum"}


def _schema_of(schema: Schema, enums: Mapping[str, Any]) -> dict[str, Any]:
    match schema:
        case ["null", inner]:
            return {"anyOf": [_schema_of(inner, enums), {"type": "null"}], "default": None}
        case {"logicalType": "date"}:
            return {"type": "string", "format": "date", "pattern": DATE_PATTERN}
        case {"logicalType": "timestamp-micros"}:
            return {"type": "string", "format": "date-time"}
        case {"type": "enum", "symbols": list(symbols)}:
            return {"type": "string", "enum": symbols}
        case {"type": "array", "items": inner}:
            return {"type": "array", "items": _schema_of(inner, enums)}
        case {"type": "map", "values": inner}:
            return {"type": "object", "additionalProperties": _schema_of(inner, enums), "propertyNames": _TEXT}
        case str() if schema in enums:
            return _schema_of(enums[schema], enums)
        case "string":
            return dict(_TEXT)
        case "double":
            return {"type": "number"}
        case "boolean":
            return {"type": "boolean"}
        case "int":
            return {"type": "integer", "minimum": LEAST_INT, "maximum": LARGEST_INT}
        case "long":
            return {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}
    raise ValueError(f"contracts hold no fields of type {schema}")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise NotJson("has a name twice in one object")
    return made


def _no_number(_: str) -> Any:
    raise NotJson("has a number that is none (NaN or Infinity)")
