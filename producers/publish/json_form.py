"""JSON → statement, for every door: HTTP, files of JSON Lines, outboxes, mended letters; and the JSON Schema of it.

Dates are YYYY-MM-DD, instants ISO 8601 with their zone; what a door takes besides is its `Dialect`. What is wrong is
named by field of the contract and never repeats what was sent, a name of a field included.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from producers.publish import cells
from producers.publish.field_checks import LONGEST_TEXT
from producers.publish.statement import InvalidStatement, Statement
from wire.contracts import Contract
from wire.schema import (
    FIRST_DAY,
    LARGEST_INT,
    LARGEST_LONG,
    LAST_DAY,
    LEAST_INT,
    LEAST_LONG,
    Array,
    Enum,
    Field,
    Map,
    Primitive,
    Type,
    Union,
    label,
    without_null,
)

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
    if body.startswith(codecs.BOM_UTF8):
        raise NotJson("begins with a byte order mark (EF BB BF), which JSON does not have: leave it out")
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise NotJson("is in UTF-16: send UTF-8")
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_without_repetition, parse_constant=_no_number)
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


class Dialect(NamedTuple):
    """How a door reads dates and instants, and which fields besides the head's it passes over."""

    day: Convert
    instant: Convert
    besides: frozenset[str] = frozenset()


def _from_text(convert: Callable[[str], int]) -> Convert:
    def converted(value: Any) -> int:
        if type(value) is not str:
            raise ValueError("must be a date or time as text")
        return convert(value)

    return converted


def _or_number(convert: Convert) -> Convert:
    return lambda value: value if type(value) is int else convert(value)


#: What a department's program sends: dates and instants in their one form.
HTTP = Dialect(day, instant)
#: What stands in a file or a department's table: dates and instants in every form that offices write.
OFFICE = Dialect(_from_text(cells.day), _from_text(cells.instant), frozenset({"topic"}))
#: What our own programs write: dates and instants as text, or as the numbers that are on the wire.
OWN = Dialect(_or_number(day), _or_number(instant), frozenset({"event_id"}))


class JsonForm:
    """How statements of one contract are written as JSON."""

    def __init__(self, contract: Contract, dialect: Dialect = HTTP) -> None:
        self.contract = contract
        self._dialect = dialect
        self._head = dialect.besides | set(HEAD)
        self._converters = {
            kind: {field.name: convert for field in record.fields if (convert := _converter(field.type, dialect))}
            for kind, record in contract.kinds.items()
        }
        self._names = {kind: list(record.by_name) for kind, record in contract.kinds.items()}

    def statement(self, item: Any) -> Statement:
        """The statement that a JSON value makes, checked as far as its form goes. Raises InvalidStatement."""
        faults: list[InvalidStatement] = []
        statement = self._read(item, faults)
        if statement is None or faults:
            raise faults[0]
        return statement

    def faults(self, item: Any) -> list[InvalidStatement]:
        """Everything that is wrong with the form of a JSON value, so that its sender can mend all of it at once."""
        faults: list[InvalidStatement] = []
        self._read(item, faults)
        return faults

    def change(self, kind: str, change: Any) -> dict[str, Any]:
        """The fields of `kind` in the contract's own units. Raises InvalidStatement."""
        faults: list[InvalidStatement] = []
        converted = self._change(kind, change, faults)
        if faults:
            raise faults[0]
        return converted

    def _read(self, item: Any, faults: list[InvalidStatement]) -> Statement | None:
        if type(item) is not dict:
            faults.append(InvalidStatement("statement", "must be an object"))
            return None
        if not item.keys() <= self._head:
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
        times = [_converted(name, self._dialect.instant, item[name], faults) for name in TIMES if name in item]
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
        head = self.contract.record.by_name
        time_of = {"type": "string", "format": "date-time", "examples": ["2026-01-31T08:30:00+08:00"]}
        properties = {
            "kind": {"type": "string", "const": kind, "description": record.doc},
            "record": {**_TEXT, "description": head["record"].doc},
            "subject": {**_TEXT, "description": self._subject_is()},
            "occurred_at": {**time_of, "description": head["occurred_at"].doc},
            "recorded_at": {**time_of, "description": head["recorded_at"].doc},
            "withdrawn": {"type": "boolean", "default": False, "description": head["withdrawn"].doc},
            "sequence": {
                "type": ["integer", "null"],
                "minimum": 0,
                "maximum": LARGEST_LONG,
                "default": None,
                "description": head["sequence"].doc,
            },
            "change": {
                "type": "object",
                "properties": {field.name: self.field_schema(field) for field in record.fields},
                "required": [field.name for field in record.fields if not field.has_default],
                "additionalProperties": False,
            },
        }
        return {
            "type": "object",
            "title": kind,
            "description": record.doc,
            "properties": properties,
            "required": list(REQUIRED),
            "additionalProperties": False,
        }

    def field_schema(self, field: Field) -> dict[str, Any]:
        """JSON Schema of one field of a kind."""
        schema = _schema_of(field.type)
        narrower: dict[str, Any] = {}
        if field.bounds is not None:
            narrower = {"minimum": field.bounds.least, "maximum": field.bounds.most}
        if field.format is not None:
            narrower = {"pattern": f"^({field.format.pattern})$"}
        if narrower and "anyOf" in schema:
            schema["anyOf"][0] |= narrower
        else:
            schema |= narrower
        return {**schema, "description": _description(field)}

    def _subject_is(self) -> str:
        return _description(self.contract.record.by_name["subject"])


@lru_cache(maxsize=256)
def _office_form(contract: Contract) -> JsonForm:
    return JsonForm(contract, OFFICE)


def statement_of(contract: Contract, item: Any) -> Statement:
    """The statement that an office's JSON object makes, as in `schemas/examples/`. Raises InvalidStatement."""
    return _office_form(contract).statement(item)


def _description(field: Field) -> str:
    return f"{field.doc}; {IDENTITY_IS_SENT}" if field.identity else field.doc


IDENTITY_IS_SENT = "sent as the plain identity number, which becomes a pseudonym behind the door"
_TEXT = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}


def _converted(field: str, convert: Convert, value: Any, faults: list[InvalidStatement]) -> Any:
    try:
        return convert(value)
    except ValueError as wrong:
        faults.append(InvalidStatement(field, str(wrong)))
        return None


def _converter(schema: Type, dialect: Dialect) -> Convert | None:
    """From JSON to the contract's own units where the two differ."""
    match without_null(schema):
        case Primitive(is_date=True):
            return dialect.day
        case Primitive(is_time=True):
            return dialect.instant
        case Array(items=inner):
            item = _converter(inner, dialect)
            return item and (lambda value: [item(part) for part in _list(value)])
    return None


def _list(value: Any) -> list[Any]:
    if type(value) is not list:
        raise ValueError("must be a list")
    return value


def _schema_of(schema: Type) -> dict[str, Any]:
    match schema:
        case Union(choices=(choice,)):
            return {"anyOf": [_schema_of(choice), {"type": "null"}], "default": None}
        case Primitive(is_date=True):
            return {"type": "string", "format": "date", "pattern": DATE_PATTERN}
        case Primitive(is_time=True):
            return {"type": "string", "format": "date-time"}
        case Enum(symbols=symbols):
            return {"type": "string", "enum": list(symbols)}
        case Array(items=inner):
            return {"type": "array", "items": _schema_of(inner)}
        case Map(values=inner):
            return {"type": "object", "additionalProperties": _schema_of(inner), "propertyNames": _TEXT}
        case Primitive(name="string"):
            return dict(_TEXT)
        case Primitive(name="double"):
            return {"type": "number"}
        case Primitive(name="boolean"):
            return {"type": "boolean"}
        case Primitive(name="int"):
            return {"type": "integer", "minimum": LEAST_INT, "maximum": LARGEST_INT}
        case Primitive(name="long"):
            return {"type": "integer", "minimum": LEAST_LONG, "maximum": LARGEST_LONG}
    raise ValueError(f"contracts hold no fields of type {label(schema)}")


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise NotJson("has a name twice in one object")
    return made


def _no_number(_: str) -> Any:
    raise NotJson("has a number that is none (NaN or Infinity)")
