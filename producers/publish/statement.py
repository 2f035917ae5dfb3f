"""What a department states, and what becomes of it at the door: checked, pseudonymised, given its id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from domain.codes import NAMING_FIELDS, InvalidCode
from domain.time import DAY
from producers.publish.event_ids import EventIds
from producers.publish.field_checks import HOLDS_NUMBER, FieldCheck, field_check, text
from wire.contracts import Contract
from wire.pseudonym import PSEUDONYM, Pseudonyms
from wire.schema import FIRST_DAY, Record
from wire.values import case_number, rules
from wire.values.codes import CODES, OWN_FORM, REGISTERS_OWN, Normalise, as_registered
from wire.values.identity_finder import holds_identity_number
from wire.values.plain import USUAL_CODE, changed_by_spreadsheet

#: What happened may be a day ahead of our clock (time zones, clocks that are wrong); what takes effect later says so.
AHEAD = DAY
EARLIEST = FIRST_DAY * DAY

PersonOf = Callable[[str, Any, int], tuple[str, int | None]]
"""A field, a person's number and now → the pseudonym, and the day of birth that the number states."""


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


class _Kind:
    """What is known of one kind of change before any of it is stated."""

    def __init__(self, contract: Contract, name: str, record: Record) -> None:
        self.fields: tuple[FieldCheck, ...] = tuple(map(field_check, record.fields))
        self.allowed = frozenset(field.name for field in self.fields)
        self.rules = rules.rules_of(record)
        self.ids = EventIds(contract.department, contract.topic, name, self.fields)


class Checked:
    """Makes statements of one contract ready for the wire."""

    def __init__(self, contract: Contract, pseudonyms: Pseudonyms) -> None:
        self.contract = contract
        self._pseudonyms = pseudonyms
        head = contract.record.by_name
        code = head["record"].code or "record"
        self._record = CODES[code]
        self._record_may_be_usual = code in REGISTERS_OWN
        #: numbers of this form are the register's own, whatever else they read like
        self._form = case_number.form(head["record"].form)
        self._record_searched = head["record"].code not in OWN_FORM
        self._subject = CODES.get(contract.subject, CODES["number"])
        #: A register's own number, in which anything may stand; a code has a form that it is held to.
        self._subject_searched = contract.subject in NAMING_FIELDS.values()
        self._about_a_person = contract.subject_is_identity
        self._eight_digits, self._newborns = contract.eight_digits, contract.newborns
        self._kinds = {name: _Kind(contract, name, record) for name, record in contract.kinds.items()}

    def ready(self, statement: Statement, now: int, *, pseudonymised: bool = False) -> Ready:
        """`statement` as it goes on the wire. `now` in microseconds. Raises InvalidStatement.

        `pseudonymised`: the numbers in it are pseudonyms already (an event that is stated again).
        """
        name, record, subject, occurred_at, recorded_at, stated, withdrawn, sequence = statement
        kind = self._kinds.get(name)
        if kind is None:
            raise InvalidStatement("kind", f"must be one of {', '.join(self._kinds)}")
        _refuse_head(statement, kind, now)
        usual = self._record_may_be_usual and type(record) is str and USUAL_CODE.fullmatch(record)
        if not usual:
            record = _coded("record", record, self._record)
        person = _kept if pseudonymised else self._person
        subject, birth = self.subject_of(subject, person, now)
        people = {subject} if self._about_a_person else set()
        change = _changed(stated, kind, person, people, now)
        try:
            rules.hold(kind.rules, rules.Context(change, occurred_at, recorded_at, birth), change)
        except rules.Implausible as wrong:
            raise InvalidStatement(wrong.field, str(wrong)) from None
        if self._record_searched and not usual:
            self._refuse_person(record, recorded_at, people)
        event_id = kind.ids.of(record, subject, occurred_at, recorded_at, withdrawn, change)
        return Ready(event_id, Statement(name, record, subject, occurred_at, recorded_at, change, withdrawn, sequence))

    def subject_of(self, stated: Any, person: PersonOf, now: int) -> tuple[str, int | None]:
        """The subject, and the day of birth that a person's number states."""
        if self._about_a_person:
            return person("subject", stated, now)
        subject = _coded("subject", stated, self._subject)
        if self._subject_searched and holds_identity_number(subject):
            raise InvalidStatement("subject", HOLDS_NUMBER)
        return subject, None

    def _person(self, field: str, number: Any, now: int) -> tuple[str, int | None]:
        """The pseudonym of a person, and the day of birth if the number states it."""
        try:
            person = self._pseudonyms.person(number, self._eight_digits, newborns=self._newborns)
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


def record_on_the_wire(contract: Contract, record: Any) -> str | None:
    """The number of a record that was refused as it would be on the wire, so that the record is known again once it is
    mended; None: it is no text."""
    if not isinstance(record, str):
        return None
    return as_registered(contract.record.by_name["record"].code or "record", record)


def _refuse_head(statement: Statement, kind: _Kind, now: int) -> None:
    """Raises InvalidStatement for an unknown field, an impossible time or sequence."""
    if not kind.allowed.issuperset(statement.change):
        unknown = min(set(statement.change) - kind.allowed)
        raise InvalidStatement(unknown, f"is no field of {statement.kind}")
    for name, instant in (("occurred_at", statement.occurred_at), ("recorded_at", statement.recorded_at)):
        if not isinstance(instant, int) or instant < EARLIEST:
            raise InvalidStatement(name, "is not a time after 1850")
        if instant > now + AHEAD:
            raise InvalidStatement(name, "lies more than a day ahead; what takes effect later has a field for it")
    if statement.sequence is not None and (
        type(statement.sequence) is not int or not 0 <= statement.sequence < 1 << 63
    ):
        raise InvalidStatement("sequence", "must be a whole number from 0 on, below 2^63")


def _changed(stated: Mapping[str, Any], kind: _Kind, person: PersonOf, people: set[str], now: int) -> dict[str, Any]:
    """Every field of the change as it goes on the wire; the people that it names are added to `people`."""
    change: dict[str, Any] = {}
    for name, check, identity, many, _, default, may_be_null in kind.fields:
        value = stated.get(name, default)
        if value is None:
            if not may_be_null:
                raise InvalidStatement(name, "is missing")
            change[name] = None
        elif not identity:
            try:
                change[name] = check(value)
            except ValueError as wrong:
                raise InvalidStatement(name, str(wrong)) from None
        elif many:
            if not isinstance(value, list | tuple):
                raise InvalidStatement(name, "must be a list of identity numbers")
            change[name] = [person(name, one, now)[0] for one in value]
            people.update(change[name])
        else:
            change[name] = person(name, value, now)[0]
            people.add(change[name])
    return change


def _kept(field: str, pseudonym: Any, _: int) -> tuple[str, None]:
    if not isinstance(pseudonym, str) or not PSEUDONYM.fullmatch(pseudonym):
        raise InvalidStatement(field, "is not a pseudonym")
    return pseudonym, None


def _coded(field: str, name: Any, normalised: Normalise) -> str:
    try:
        return normalised(text(name))
    except InvalidCode as wrong:
        raise InvalidStatement(field, f"is wrong: {wrong}") from None
    except ValueError as wrong:
        raise InvalidStatement(field, str(wrong)) from None


def refuse_rounded(record: str, form: case_number.Form | None, recorded_at: int) -> None:
    """Raises InvalidStatement for a record's number of which a spreadsheet kept 15 digits, unless it is a serial number
    that ends in noughts."""
    if changed_by_spreadsheet(record) and not (form and form(record, recorded_at // DAY)):
        raise InvalidStatement("record", "is wrong: it was changed by a spreadsheet: export the column as text")
