"""What a department states, and what becomes of it at the door: checked, pseudonymised, given its id."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from hashlib import sha1
from math import isfinite, nan
from typing import Any, NamedTuple
from uuid import UUID

from domain.codes import NAMING_FIELDS, InvalidCode
from domain.time import DAY
from wire.contracts import Contract
from wire.pseudonym import PSEUDONYM, Pseudonyms
from wire.schema import (
    FIRST_DAY,
    LARGEST_LONG,
    LEAST_LONG,
    Array,
    Enum,
    Field,
    Format,
    Limits,
    Map,
    Primitive,
    Type,
    holds_text,
    label,
    without_null,
)
from wire.values import case_number, rules
from wire.values.codes import CODES, OWN_FORM, Normalise
from wire.values.identity_finder import holds_identity_number, masked
from wire.values.plain import changed_by_spreadsheet, visible

#: Namespace of event ids (a version 4 UUID of our own; changing it would make every event a new one).
EVENTS = UUID("6f0c2d1e-8f5b-4c57-9a3c-0f1c8a6b7e42")
#: What happened may be a day ahead of our clock (time zones, clocks that are wrong); what takes effect later says so.
AHEAD = DAY
LONGEST_TEXT = 4_000
HOLDS_NUMBER = "holds an identity number, which only identity fields may"
_SURROGATE = re.compile("[\ud800-\udfff]")
_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode

Check = Callable[[Any], Any]
PersonOf = Callable[[str, Any], tuple[str, int | None]]
"""A field and a person's number → the pseudonym, and the day of birth that the number states."""
LONGS = Limits(LEAST_LONG, LARGEST_LONG, "is not a 64-bit number")


class InvalidStatement(ValueError):
    """A statement breaks its contract. `field` is the contract's; `reason` says why, without the value."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"'{field}' {reason}")
        self.field = field
        self.reason = reason


class Statement(NamedTuple):
    """What a department states of one subject, in plain numbers; `change` by the names of the contract.

    Times are microseconds since 1970-01-01 UTC, dates days since then. Fields that are not there take their default.
    `sequence` orders statements of one record that were recorded at one instant (docs/decisions/0022-wire.md); it is no
    part of what is stated, so the event id does not depend on it.
    """

    kind: str
    record: str
    subject: str
    occurred_at: int
    recorded_at: int
    change: Mapping[str, Any]
    withdrawn: bool = False
    sequence: int | None = None


class Ready(NamedTuple):
    """A statement ready for the wire: pseudonyms for numbers, its event id, every field there."""

    event_id: str
    statement: Statement

    def record(self, namespace: str) -> dict[str, Any]:
        """The Avro record, `change` as (full name of the kind, fields)."""
        statement = self.statement
        return {
            "event_id": self.event_id,
            "record": statement.record,
            "subject": statement.subject,
            "occurred_at": statement.occurred_at,
            "recorded_at": statement.recorded_at,
            "withdrawn": statement.withdrawn,
            "sequence": statement.sequence,
            "change": (f"{namespace}.{statement.kind}", statement.change),
        }


class _Field(NamedTuple):
    name: str
    check: Check
    identity: bool
    searched: bool
    """Whether identity numbers are looked for in it: not in a code of a form of its own."""
    masked: bool
    """Whether one that stands there is masked, not refused: what a person saw is kept."""
    has_default: bool
    default: Any


class Checked:
    """Makes statements of one contract ready for the wire."""

    def __init__(self, contract: Contract, pseudonyms: Pseudonyms) -> None:
        self.contract = contract
        self._pseudonyms = pseudonyms
        head = contract.record.by_name
        self._record = CODES[head["record"].code or "record"]
        #: numbers of this form are the register's own, whatever else they read like
        self._form = case_number.form(head["record"].form)
        self._record_searched = head["record"].code not in OWN_FORM
        self._subject = CODES.get(contract.subject, CODES["number"])
        #: A register's own number, in which anything may stand; a code has a form that it is held to.
        self._subject_searched = contract.subject in NAMING_FIELDS.values()
        self._fields = {kind: tuple(map(_field, record.fields)) for kind, record in contract.kinds.items()}
        self._allowed = {kind: frozenset(f.name for f in fields) for kind, fields in self._fields.items()}
        self._rules = {kind: rules.rules_of(record) for kind, record in contract.kinds.items()}

    def ready(self, statement: Statement, now: int, *, pseudonymised: bool = False) -> Ready:
        """`statement` as it goes on the wire. `now` in microseconds. Raises InvalidStatement.

        `pseudonymised`: the numbers in it are pseudonyms already (an event that is stated again).
        """
        fields = self._fields.get(statement.kind)
        if fields is None:
            raise InvalidStatement("kind", f"must be one of {', '.join(self._fields)}")
        self._refuse_head(statement, now)
        record = _coded("record", statement.record, self._record)
        person = self._kept if pseudonymised else partial(self._person, now=now)
        subject, birth = self._subject_of(statement.subject, person)
        people = {subject} if self.contract.subject_is_identity else set()
        change = self._changed(statement, fields, person, people)
        try:
            context = rules.Context(change, statement.occurred_at, statement.recorded_at, birth)
            rules.hold(self._rules[statement.kind], context, change)
        except rules.Implausible as wrong:
            raise InvalidStatement(wrong.field, str(wrong)) from None
        if self._record_searched:
            self._refuse_person(record, statement.recorded_at, people)
        stated = {
            field.name: change[field.name]
            for field in fields
            if not field.has_default or change[field.name] != field.default
        }
        event_id = self._event_id(statement._replace(record=record), subject, stated)
        return Ready(event_id, statement._replace(record=record, subject=subject, change=change))

    def _subject_of(self, stated: Any, person: PersonOf) -> tuple[str, int | None]:
        """The subject, and the day of birth that a person's number states."""
        if self.contract.subject_is_identity:
            return person("subject", stated)
        subject = _coded("subject", stated, self._subject)
        if self._subject_searched:
            _refuse_number("subject", subject)
        return subject, None

    def _changed(
        self, statement: Statement, fields: Sequence[_Field], person: PersonOf, people: set[str]
    ) -> dict[str, Any]:
        """Every field of the change as it goes on the wire; the people that it names are added to `people`."""
        change: dict[str, Any] = {}
        for field in fields:
            name = field.name
            value = statement.change.get(name, field.default)
            if value is None and not (field.has_default and field.default is None):
                raise InvalidStatement(name, "is missing")
            if value is None:
                change[name] = None
            elif field.identity:
                named = _every(name, value) if field.check is _many else [value]
                pseudonyms = [person(name, one)[0] for one in named]
                people.update(pseudonyms)
                change[name] = pseudonyms if field.check is _many else pseudonyms[0]
            else:
                change[name] = _checked(field, value)
        return change

    def _refuse_head(self, statement: Statement, now: int) -> None:
        if not self._allowed[statement.kind].issuperset(statement.change):
            unknown = min(set(statement.change) - self._allowed[statement.kind])
            raise InvalidStatement(unknown, f"is no field of {statement.kind}")
        for name, instant in (("occurred_at", statement.occurred_at), ("recorded_at", statement.recorded_at)):
            if not isinstance(instant, int) or instant < FIRST_DAY * DAY:
                raise InvalidStatement(name, "is not a time after 1850")
            if instant > now + AHEAD:
                raise InvalidStatement(name, "lies more than a day ahead; what takes effect later has a field for it")
        if statement.sequence is not None and (
            type(statement.sequence) is not int or not 0 <= statement.sequence < 1 << 63
        ):
            raise InvalidStatement("sequence", "must be a whole number from 0 on, below 2^63")

    def _event_id(self, statement: Statement, subject: str, stated: dict[str, Any]) -> str:
        """uuid5 of department, topic and content. A field at its default is left out: a contract that grows by an
        optional field must not make old lines new events."""
        contract = self.contract
        head = [
            statement.record,
            subject,
            statement.occurred_at,
            statement.recorded_at,
            statement.withdrawn,
            statement.kind,
            stated,
        ]
        name = f"{contract.department}|{contract.topic}|{_canonical(head)}"
        digest = bytearray(sha1(EVENTS.bytes + name.encode(), usedforsecurity=False).digest()[:16])
        digest[6] = digest[6] & 0x0F | 0x50
        digest[8] = digest[8] & 0x3F | 0x80
        h = digest.hex()
        return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"

    def _person(self, field: str, number: Any, *, now: int) -> tuple[str, int | None]:
        """The pseudonym of a person, and the day of birth if the number states it."""
        try:
            person = self._pseudonyms.person(number, self.contract.eight_digits)
        except InvalidCode as wrong:
            raise InvalidStatement(field, f"is wrong: {wrong}") from None
        except (TypeError, AttributeError):
            raise InvalidStatement(field, "must be an identity number as text") from None
        if person.born is not None and person.born * DAY > now + AHEAD:
            raise InvalidStatement(field, "is wrong: the number states a birth in the future")
        return person

    def _refuse_person(self, record: str, recorded_at: int, people: set[str]) -> None:
        """A record is numbered by its register, not by a person: not by anybody's identity number, and of those that
        may read like one only as the contract declares, never that of whom the statement is about."""
        if not holds_identity_number(record):
            refuse_rounded(record, self._form, recorded_at)
            return
        if self._form is None or not self._form(record, recorded_at // DAY):
            raise InvalidStatement("record", HOLDS_NUMBER)
        try:
            named = self._pseudonyms.of_number(record)
        except InvalidCode:
            return
        if named in people:
            raise InvalidStatement("record", HOLDS_NUMBER)

    @staticmethod
    def _kept(field: str, pseudonym: Any) -> tuple[str, None]:
        if not isinstance(pseudonym, str) or not PSEUDONYM.fullmatch(pseudonym):
            raise InvalidStatement(field, "is not a pseudonym")
        return pseudonym, None


def _checked(field: _Field, value: Any) -> Any:
    """A value that is no person's number. Raises InvalidStatement."""
    try:
        value = field.check(value)
    except ValueError as wrong:
        raise InvalidStatement(field.name, str(wrong)) from None
    if field.masked:
        return _masked(value)
    if field.searched:
        for text in _texts(value):
            _refuse_number(field.name, text)
    return value


def _coded(field: str, name: Any, normalised: Callable[[str], str]) -> str:
    try:
        return normalised(_text(name, field))
    except InvalidCode as wrong:
        raise InvalidStatement(field, f"is wrong: {wrong}") from None


def refuse_rounded(record: str, form: case_number.Form | None, recorded_at: int) -> None:
    """Raises InvalidStatement for a record's number of which a spreadsheet kept 15 digits, unless it is a serial number
    that ends in noughts."""
    if changed_by_spreadsheet(record) and not (form and form(record, recorded_at // DAY)):
        raise InvalidStatement("record", "is wrong: it was changed by a spreadsheet: export the column as text")


def _code(normalised: Normalise) -> Check:
    def check(value: Any) -> str:
        try:
            return normalised(_text(value))
        except InvalidCode as wrong:
            raise ValueError(f"is wrong: {wrong}") from None

    return check


def _refuse_number(field: str, text: str) -> None:
    """An identity number has no place in a text or in another number: there it would travel in the open."""
    if holds_identity_number(text):
        raise InvalidStatement(field, HOLDS_NUMBER)


def _texts(value: Any) -> Iterable[str]:
    match value:
        case str():
            return (value,)
        case dict():
            return (text for text in (*value.keys(), *value.values()) if isinstance(text, str))
        case list():
            return (text for text in value if isinstance(text, str))
    return ()


def _masked(value: Any) -> Any:
    match value:
        case str():
            return masked(value)
        case dict():
            return {masked(key): _masked(item) for key, item in value.items()}
        case list():
            return [_masked(item) for item in value]
    return value


def _many(value: Any) -> Any:
    """Marks a field that holds a list of identity numbers."""
    return value


def _every(field: str, numbers: Any) -> Sequence[Any]:
    if not isinstance(numbers, list | tuple):
        raise InvalidStatement(field, "must be a list of identity numbers")
    return numbers


def _field(field: Field) -> _Field:
    code = field.code or NAMING_FIELDS.get(field.name, "")
    if field.identity and field.many:
        check: Check = _many
    else:
        check = _code(CODES[code]) if code else _check_of_field(field)
    return _Field(
        field.name,
        check,
        field.identity,
        code not in OWN_FORM and field.format is None and holds_text(field.type),
        field.masked,
        field.has_default,
        field.default if field.has_default else None,
    )


def _check_of_field(field: Field) -> Check:
    if field.bounds is not None:
        return _whole(field.bounds)
    return _check(field.type) if field.format is None else _formatted(field.format)


def _formatted(form: Format) -> Check:
    fits = re.compile(form.pattern).fullmatch

    def check(value: Any) -> str:
        text = _text(value)
        if not fits(text):
            raise ValueError(form.otherwise)
        return text

    return check


def _check(schema: Type) -> Check:
    match without_null(schema):
        case Primitive(name="int" | "long", limits=limits):
            return _whole(limits or LONGS)
        case Enum(symbols=symbols):
            return _symbol(frozenset(symbols))
        case Array(items=inner):
            check_item = _check(inner)
            return lambda value: [check_item(item) for item in _instance(value, list | tuple, "must be a list")]
        case Map(values=inner):
            check_value = _check(inner)
            return lambda value: {
                _text(key): check_value(item) for key, item in _instance(value, dict, "must be a mapping").items()
            }
        case Primitive(name="string"):
            return _text
        case Primitive(name="double"):
            return _real
        case Primitive(name="boolean"):
            return lambda value: _instance(value, bool, "must be true or false")
    raise ValueError(f"contracts hold no fields of type {label(schema)}")


def _instance(value: Any, of: Any, reason: str) -> Any:
    if not isinstance(value, of):
        raise ValueError(reason)  # noqa: TRY004 (the caller's data, not the caller's code)
    return value


def _text(value: Any, field: str | None = None) -> str:
    reason = None
    if type(value) is not str:
        reason = "must be text"
    elif not value or value.isspace():
        reason = "is empty"
    elif len(value) > LONGEST_TEXT:
        reason = f"is longer than {LONGEST_TEXT} characters"
    elif "\0" in value:
        reason = "has a NUL character"
    elif not value.isascii() and _SURROGATE.search(value):
        reason = "has half of a surrogate pair, which is no character"
    else:
        return value if value.isascii() else _visible(value, field)
    raise InvalidStatement(field, reason) if field else ValueError(reason)


def _visible(value: str, field: str | None) -> str:
    shown = visible(value)
    if shown and not shown.isspace():
        return shown
    raise InvalidStatement(field, "is empty") if field else ValueError("is empty")


def _whole(limits: Limits) -> Check:
    least, most, otherwise = limits

    def check(value: Any) -> int:
        if type(value) is not int:
            raise ValueError("must be a whole number")
        if not least <= value <= most:
            raise ValueError(otherwise)
        return value

    return check


def _real(value: Any) -> float:
    try:
        real = float(value) if type(value) in (int, float) else nan
    except OverflowError:  # a whole number of hundreds of digits
        real = nan
    if not isfinite(real):
        raise ValueError("must be a finite number")
    return real


def _symbol(symbols: frozenset[str]) -> Check:
    def check(value: Any) -> str:
        if type(value) is not str or value not in symbols:
            raise ValueError(f"must be one of {', '.join(sorted(symbols))}")
        return value

    return check
