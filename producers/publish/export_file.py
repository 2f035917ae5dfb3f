"""A department's file onto the wire: each line is published whole or rejected with its reason, and the rest goes on."""

from __future__ import annotations

import csv
import os
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self, TextIO

from producers.publish.columns import Department, Export, Read, Rejected
from producers.publish.export_lines import Damaged, ExportFile, Line, Stated
from producers.publish.first_seen import sequence_of
from producers.publish.json_form import statement_of
from producers.publish.statement import Checked, InvalidStatement, Ready, Statement
from runtime.settings import Settings
from wire.contracts import Contract, contracts
from wire.pseudonym import Pseudonyms

TELL_EVERY = 2_000
KNOWN_HEADERS = 64
#: With what a formula begins, for one spreadsheet or another; full width too.
_FORMULA = frozenset("=+-@＝＋－＠")


class Door(Protocol):
    """What takes a file's statements: the Publisher, or a Rehearsal that sends nothing."""

    def ready(self, topic: str, statement: Statement) -> Ready: ...

    def send(self, topic: str, ready: Ready) -> object: ...


class Rehearsal:
    """A door that checks everything and sends nothing, without cluster or registry; without a key it makes one up."""

    def __init__(self, settings: Settings) -> None:
        known = settings.pseudonym_key_file is not None
        self._pseudonyms = Pseudonyms.of(settings) if known else Pseudonyms(secrets.token_bytes(32))
        self._checked: dict[str, Checked] = {}

    def ready(self, topic: str, statement: Statement) -> Ready:
        if topic not in self._checked:
            self._checked[topic] = Checked(contracts()[topic], self._pseudonyms)
        return self._checked[topic].ready(statement, time.time_ns() // 1000)

    def send(self, topic: str, ready: Ready) -> None:
        """Nothing is sent."""


class Good(NamedTuple):
    """A line's statements, checked: (topic, statement) each."""

    number: int
    events: list[tuple[str, Ready]]


class Bad(NamedTuple):
    """A line that cannot be published. `place`: its number, or its sheet and row. `reason` holds nothing of the line;
    `original` is the line."""

    place: str
    field: str
    reason: str
    original: str
    record: str | None = None
    """The record that it speaks of, if that much can be read."""


class Tally(NamedTuple):
    """What became of a file: lines read, events sent by kind, lines rejected."""

    lines: int
    events: Counter[str]
    rejected: int


class RejectedFile:
    """`FILE.rejected.csv` beside the file: the only place with the original lines, so only its owner may read it.

    Made with the first rejected line; one of an earlier run is removed.
    """

    def __init__(self, beside: Path) -> None:
        self.path = beside.with_name(beside.name + ".rejected.csv")
        self.count = 0
        self.reasons: Counter[tuple[str, str]] = Counter()
        self._file: TextIO | None = None
        self._rows: Any = None

    def __enter__(self) -> Self:
        self.path.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def write(self, bad: Bad) -> None:
        """Note a rejected line."""
        if self._file is None:
            opened = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            # with its byte order mark a spreadsheet opens it as what it is
            self._file = os.fdopen(opened, "w", encoding="utf-8-sig", newline="", errors="backslashreplace")
            self._rows = csv.writer(self._file)
            self._rows.writerow(["line", "field", "reason", "original"])
        self._rows.writerow([harmless(cell) for cell in bad[:4]])
        self.count += 1
        self.reasons[bad.field, bad.reason] += 1


def harmless(cell: str) -> str:
    """The cell as a spreadsheet shows it and does not reckon it: a formula in an office's line must not run on the
    machine of whoever mends it."""
    return f"'{cell}" if cell.lstrip()[:1] in _FORMULA else cell


def lines(file: ExportFile, department: Department, door: Door, first_seen: int | None = None) -> Iterator[Good | Bad]:
    """Every line of the file, checked; its statements in the order of the lines after those of files that were first
    seen earlier (`first_seen` in seconds since 1970 UTC). Raises ExportUnknown if its columns fit no export of the
    department, FileRefused if it cannot be read as it stands."""
    exports = file.exports(department)
    readers: dict[tuple[str, ...], tuple[Export, Read]] = {}
    known = contracts()
    for read in file.lines(department):
        if isinstance(read, Damaged):
            yield Bad(file.place(read.number), read.field, read.reason, read.original)
            continue
        chosen: Export | None = None
        statement: Statement | None = None
        try:
            if isinstance(read, Stated):
                topic, stated = _stated(read.item, department, known)
                statements: Sequence[Statement] = [stated]
            else:
                chosen, reader = _reader(read, exports, department, readers)
                topic, statements = chosen.topic, reader(read.cells)
            events = []
            for one in statements:
                statement = one
                if first_seen is not None and one.sequence is None:
                    statement = Statement(*one[:-1], sequence_of(first_seen, read.number))
                events.append((topic, door.ready(topic, statement)))
        except Rejected as wrong:
            yield Bad(file.place(read.number), wrong.field, wrong.reason, read.original, _record(chosen, read))
        except InvalidStatement as wrong:
            field = chosen.column_of(statement.kind, wrong.field) if chosen and statement else wrong.field
            yield Bad(file.place(read.number), field, wrong.reason, read.original, _record(chosen, read))
        else:
            yield Good(read.number, events)


def publish(
    file: ExportFile,
    department: Department,
    door: Door,
    rejected: RejectedFile,
    tell: Callable[[int, int], None] | None = None,
    first_seen: int | None = None,
) -> Tally:
    """Publish every line of the file; `tell(bytes read, events so far)` is called every `TELL_EVERY` lines.

    Raises what the door's `send` raises; what was sent until then is no harm, it is the same again next time.
    """
    sent: Counter[str] = Counter()
    count = total = 0
    for line in lines(file, department, door, first_seen):
        count += 1
        if isinstance(line, Bad):
            rejected.write(line)
        else:
            for topic, ready in line.events:
                door.send(topic, ready)
                sent[ready.statement.kind] += 1
                total += 1
        if tell and count % TELL_EVERY == 0:
            tell(file.read_bytes, total)
    if tell:
        tell(file.read_bytes, total)
    return Tally(count, sent, rejected.count)


def _reader(
    line: Line, exports: Sequence[Export], department: Department, known: dict[tuple[str, ...], tuple[Export, Read]]
) -> tuple[Export, Read]:
    """How to read a line: of a table always the same, of JSON by the keys that its object has."""
    header = tuple(line.header)  # a tuple already, so the same one
    chosen_before = known.get(header)
    if chosen_before is None:
        if len(known) >= KNOWN_HEADERS:
            known.clear()
        chosen = exports[0] if len(exports) == 1 else department.export_of(header)
        chosen_before = known[header] = (chosen, chosen.reader(header))
    return chosen_before


def _record(export: Export | None, read: Line | Stated) -> str | None:
    """The number of the record of a line that is rejected for something else."""
    if isinstance(read, Stated):
        record = read.item.get("record")
        return record if isinstance(record, str) else None
    return export.record_of(read.header, read.cells) if export else None


def _stated(line: Mapping[str, Any], department: Department, known: Mapping[str, Contract]) -> tuple[str, Statement]:
    """Raises Rejected or InvalidStatement."""
    contract = known.get(str(line.get("topic")))
    if contract is None or contract.department != department.name:
        topics = ", ".join(topic for topic, contract in known.items() if contract.department == department.name)
        raise Rejected("topic", f"must be one of {topics}")
    return contract.topic, statement_of(contract, line)
