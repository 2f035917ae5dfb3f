"""Lines of a table straight to the bytes of their events, where nothing is out of the ordinary.

Nearly all lines of a large export are usual: their cells read, their statement holds, no number is hidden in a text.
Such a line is made here a cell at a time: what a cell comes to (value, its part of the event id, its part of the Avro
record) follows from its text alone, is worked out by the functions that every other line goes through, and is
remembered where a column holds few values. Whatever is unusual, a line that is to be rejected above all, gives None:
`checked_lines.py` then does it the long way. `tests/contracts/test_quick_lines.py` holds that both give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha1
from json.encoder import encode_basestring as json_text
from typing import Any, NamedTuple

from domain.codes import NAMING_FIELDS, InvalidCode
from domain.time import DAY
from producers.publish import cells
from producers.publish.cells import NOTHING
from producers.publish.columns import HEAD, Column, Export, Rejected, Says, cell_of, document_place, place_of
from producers.publish.encoding import Encoded
from producers.publish.event_ids import EVENTS, json_of, uuid_of
from producers.publish.field_checks import FieldCheck, field_check
from producers.publish.first_seen import sequence_of
from producers.publish.statement import AHEAD, EARLIEST, Checked, InvalidStatement
from wire.avro_encoding import RUNTIME
from wire.avro_writer import writer
from wire.contracts import Contract
from wire.pseudonym import Pseudonyms
from wire.schema import Field, Record, Union
from wire.values import rules
from wire.values.codes import CODES, REGISTERS_OWN
from wire.values.plain import USUAL_CODE

#: Values of a column that are remembered, and how often that may be too few before the column is given up.
REMEMBERED, GIVEN_UP_AFTER = 30_000, 2
IDENTITY_LENGTH = 18

#: What the long way finds out and tells.
UNUSUAL = (Rejected, InvalidStatement, InvalidCode, ValueError, IndexError)

Part = tuple[Any, str | None, bytes]
"""A value as it goes on the wire, its part of the event id (None: it is at its default), its part of the record."""
Made = Callable[[str], Part]

_bytes_of_long = RUNTIME["L"]
_is_usual = USUAL_CODE.fullmatch


class NotQuick(Exception):
    """A kind of line that is always done the long way."""


class _Place(NamedTuple):
    """A cell's place, what its texts come to as far as that is remembered, and how it is worked out."""

    place: int
    known: dict[str, Part]
    made: Made


class QuickLines:
    """Makes the events of usual lines of one table. `first_seen`: as for `LineCheck`."""

    def __init__(
        self,
        export: Export,
        header: Sequence[str],
        contract: Contract,
        pseudonyms: Pseudonyms,
        schema_id: int,
        first_seen: int | None,
    ) -> None:
        self._first_seen = first_seen
        table = _Table(export, header, contract, pseudonyms, schema_id)
        self._every = table.forms(export.every_line)
        self._word = None if export.kind_column is None else place_of(export.kind_column, table.places)
        self._has_kinds = export.kind_column is not None
        self._by_word = {
            word: forms
            for words, group in export.kinds.items()
            if (forms := table.forms(group)) is not None
            for word in words.split("|")
        }

    def __call__(self, number: int, line: Sequence[str], now: int) -> list[Encoded] | None:
        """The events of line `number`; None: it is to be done the long way. `now` in microseconds."""
        try:
            if not self._has_kinds:
                forms = self._every
            else:
                forms = None if self._word is None else self._by_word.get(line[self._word])
            if forms is None:
                return None
            sequence = None if self._first_seen is None else sequence_of(self._first_seen, number)
            return [form.event(line, sequence, now + AHEAD) for form in forms]
        except UNUSUAL:
            return None


class _Table:
    """What all kinds of one table share."""

    def __init__(
        self, export: Export, header: Sequence[str], contract: Contract, pseudonyms: Pseudonyms, schema_id: int
    ) -> None:
        self.export = export
        self.contract = contract
        self.pseudonyms = pseudonyms
        self.checked = Checked(contract, pseudonyms)
        self.places = {name: index for index, name in reversed(list(enumerate(header)))}
        self.frame = b"\0" + schema_id.to_bytes(4, "big")
        self.sequence = writer(contract.record.by_name["sequence"].type, None)
        change = contract.record.by_name["change"].type
        branches = change.branches if isinstance(change, Union) else ()
        self.branches = {
            kind.name: _bytes_of_long(index) for index, kind in enumerate(branches) if isinstance(kind, Record)
        }

    def forms(self, group: Sequence[Says]) -> list[_Form] | None:
        """How the events of a kind of line are made; None: always the long way."""
        try:
            return [_Form(self, {**self.export.head, **says.columns}, says.kind) for says in group]
        except NotQuick:
            return None


class _Form:
    """One event that a line makes."""

    def __init__(self, table: _Table, columns: Mapping[str, Column], kind: str) -> None:
        contract = table.contract
        record = contract.kinds[kind]
        self._rules = rules.rules_of(record)
        names = [field.name for field in record.fields]
        if any(rule.unknown for rule in self._rules) or not set(columns) <= {*names, *HEAD, "withdrawn"}:
            raise NotQuick  # what such a rule takes away is not what the cell came to
        self._topic, self._kind, self._names = contract.topic, kind, names
        self._latest = 0
        self._pseudonyms, self._eight_digits = table.pseudonyms, contract.eight_digits
        self._columns = columns
        self._record = _own_place(columns["record"], table.places, cells.number_of)
        code = contract.record.by_name["record"].code or "record"
        self._record_code = None if code in REGISTERS_OWN else CODES[code]
        self._subject_of = table.checked.subject_of
        self._about_a_person = contract.subject_is_identity
        self._usual_subject = contract.subject in REGISTERS_OWN
        reads_subject = cells.identity if self._about_a_person else columns["subject"].convert
        self._subject = _own_place(columns["subject"], table.places, reads_subject)
        self._occurred = _place(columns["occurred_at"], table.places, _instant)
        self._recorded = _place(columns["recorded_at"], table.places, _instant)
        withdrawn = columns.get("withdrawn")
        self._withdrawn = _place(withdrawn, table.places, _flag) if withdrawn else _always(_flag(False))
        self._fields = [self._field(field, columns.get(field.name), table.places) for field in record.fields]
        #: the fields' positions in the order of the event id
        self._in_order = sorted(range(len(names)), key=names.__getitem__)
        self._begins = EVENTS.bytes + f"{contract.department}|{contract.topic}|[".encode()
        self._named = f",{json_text(kind)},{{"
        self._frame, self._branch, self._sequence = table.frame, table.branches[kind], table.sequence

    def event(self, line: Sequence[str], sequence: int | None, latest: int) -> Encoded:
        """Raises one of `UNUSUAL` for whatever the long way has to look at. `latest`: no time lies behind it."""
        record, about = line[self._record], line[self._subject]
        if not _is_usual(record) or record in NOTHING:
            raise ValueError
        if self._record_code and self._record_code(record) != record:
            raise ValueError
        self._latest, birth = latest, None
        if self._about_a_person:
            subject, birth = self._person(about)
        elif self._usual_subject and _is_usual(about) and about not in NOTHING:
            subject = about
        else:
            read = cell_of(line, self._subject, self._columns["subject"])
            subject, birth = self._subject_of(read, _no_person, latest)
        index, known, made = self._occurred
        occurred, occurred_text, occurred_bytes = known.get(text := line[index]) or made(text)
        index, known, made = self._recorded
        recorded, recorded_text, recorded_bytes = known.get(text := line[index]) or made(text)
        if not (EARLIEST <= occurred <= latest and EARLIEST <= recorded <= latest):
            raise ValueError
        index, known, made = self._withdrawn
        _, withdrawn_text, withdrawn_bytes = known.get(text := line[index]) or made(text)
        parts = [known.get(text := line[index]) or made(text) for index, known, made in self._fields]
        if self._rules:
            change = {name: part[0] for name, part in zip(self._names, parts, strict=True)}
            rules.hold(self._rules, rules.Context(change, occurred, recorded, birth), change)
            if any(change[name] is not part[0] for name, part in zip(self._names, parts, strict=True)):
                raise ValueError
        fields = ",".join([stated for place in self._in_order if (stated := parts[place][1]) is not None])
        name = (
            f'"{record}",{json_text(subject)},{occurred_text},{recorded_text},{withdrawn_text}{self._named}{fields}}}]'
        )
        event_id = uuid_of(sha1(self._begins + name.encode(), usedforsecurity=False).hexdigest())
        key = subject.encode()
        head = (
            self._frame,
            b"H",  # a text of 36 bytes
            event_id.encode(),
            _bytes_of_long(len(record)),
            record.encode(),
            _bytes_of_long(len(key)),
            key,
            occurred_bytes,
            recorded_bytes,
            withdrawn_bytes,
            self._sequence(sequence),
            self._branch,
        )
        value = b"".join([*head, *[part[2] for part in parts]])
        return Encoded(self._topic, self._kind, record, event_id, occurred, key, value)

    def _person(self, number: str) -> tuple[str, int | None]:
        """Raises InvalidCode, ValueError for what is no citizen's number as it stands."""
        if len(number) != IDENTITY_LENGTH:
            raise ValueError
        person = self._pseudonyms.person(number, self._eight_digits)
        if person.born is not None and person.born * DAY > self._latest:
            raise ValueError
        return person

    def _field(self, field: Field, column: Column | None, places: Mapping[str, int]) -> _Place:
        check = field_check(field)
        part = _part_of(field, check)
        if column is None:
            return _always(part(check.default))
        if place_of(column, places) is None:
            if column.needed:
                raise NotQuick
            return _always(part(column.absent))
        if check.many or document_place(column, places) is not None:
            raise NotQuick
        index = place_of(column, places) or 0
        if check.identity:
            return _Place(index, _Never(), self._person_part(field, column, part))
        own_code = (field.code or NAMING_FIELDS.get(field.name)) in REGISTERS_OWN
        if own_code and column.convert is cells.number_of and check.default is None:
            return _Place(index, _Never(), _usual_part(field, column, part))
        return _place(column, places, part)

    def _person_part(self, field: Field, column: Column, part: Callable[[Any], Part]) -> Made:
        begins, name = _before_text(field), f"{json_text(field.name)}:"

        def made(text: str) -> Part:
            if not text and not column.required:
                return part(column.absent)
            pseudonym = self._person(text)[0]
            encoded = pseudonym.encode()
            return pseudonym, f'{name}"{pseudonym}"', begins + _bytes_of_long(len(encoded)) + encoded

        return made


class _Never(dict[str, Part]):
    """Of a column whose texts are not remembered."""


class _Same(dict[str, Part]):
    """Of a column that says the same of every line."""

    def __init__(self, part: Part) -> None:
        super().__init__()
        self._part = part

    def get(self, *_: Any) -> Any:
        return self._part


def _always(part: Part) -> _Place:
    return _Place(0, _Same(part), _unreachable)


def _own_place(column: Column, places: Mapping[str, int], read_by: cells.Convert) -> int:
    place = place_of(column, places)
    if place is None or column.convert is not read_by or document_place(column, places) is not None:
        raise NotQuick
    return place


def _place(column: Column, places: Mapping[str, int], part: Callable[[Any], Part]) -> _Place:
    """A column of which the texts are remembered, as long as they are few."""
    index = place_of(column, places)
    if index is None:
        if column.needed:
            raise NotQuick
        return _always(part(column.absent))
    known: dict[str, Part] = {}
    cleared = 0

    def made(text: str) -> Part:
        nonlocal cleared
        worked_out = part(cell_of((text,), 0, column))
        if cleared < GIVEN_UP_AFTER:
            if len(known) >= REMEMBERED:
                known.clear()
                cleared += 1
            known[text] = worked_out
        return worked_out

    return _Place(index, known, made)


def _part_of(field: Field, check: FieldCheck) -> Callable[[Any], Part]:
    """What a cell's value comes to; as `statement.py` and `event_ids.py` have it. Raises ValueError."""
    encode, name = writer(field.type, None), f"{json_text(field.name)}:"

    def part(value: Any) -> Part:
        if value is None and not check.may_be_null:
            raise ValueError
        held = None if value is None else check.check(value)
        at_default = check.has_default and held == check.default
        return held, None if at_default else name + json_of(held), encode(held)

    return part


def _usual_part(field: Field, column: Column, part: Callable[[Any], Part]) -> Made:
    begins, name = _before_text(field), f"{json_text(field.name)}:"

    def made(text: str) -> Part:
        if _is_usual(text) and text not in NOTHING:
            encoded = text.encode()
            return text, f'{name}"{text}"', begins + _bytes_of_long(len(encoded)) + encoded
        return part(cell_of((text,), 0, column))

    return made


def _before_text(field: Field) -> bytes:
    """What stands before the length of a text: the branch of a union."""
    return writer(field.type, None)("A")[: -len(b"\2A")]


def _instant(value: int) -> Part:
    return value, json_of(value), _bytes_of_long(value)


def _flag(value: Any) -> Part:
    held = bool(value)
    return held, json_of(held), b"\1" if held else b"\0"


def _no_person(*_: Any) -> Any:
    raise ValueError


def _unreachable(_: str) -> Part:
    raise AssertionError("a column that says the same of every line")
