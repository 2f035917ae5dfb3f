"""A department's file onto the wire: each line is published whole or rejected with its reason, and the rest goes on."""

from __future__ import annotations

import csv
import os
import secrets
import string
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self, TextIO

from producers.publish.checked_lines import Bad, Door, Good, LineCheck
from producers.publish.chinese import in_both
from producers.publish.columns import Department
from producers.publish.export_lines import ExportFile
from producers.publish.line_workers import checked_lines, processes_for
from producers.publish.open_lines import COLUMNS, REJECTED
from producers.publish.publisher import Publisher
from producers.publish.statement import Checked, Ready, Statement
from runtime.settings import Settings
from wire.contracts import contracts
from wire.pseudonym import Pseudonyms

TELL_EVERY = 2_000
#: With what a formula begins, for one spreadsheet or another; full width too.
_FORMULA = frozenset("=+-@＝＋－＠")
#: What some spreadsheets take away before they look: blanks of all kinds, a byte order mark, zero-width characters.
_INVISIBLE = string.whitespace + "\u00a0\u3000\u200b\u200c\u200d\u2060\ufeff"
#: At the beginning of a cell, what follows may become a cell of its own.
_SEPARATES = frozenset("\t\r\n")


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


class Tally(NamedTuple):
    """What became of a file: lines read, events sent by kind, lines rejected."""

    lines: int
    events: Counter[str]
    rejected: int


class Follower(Protocol):
    """What is told of each line while a file is published."""

    def published(self, topic: str, kind: str, record: str) -> None: ...

    def rejected(self, bad: Bad) -> None: ...


class RejectedFile:
    """`FILE.rejected.csv` beside the file: the only place with the original lines, so only its owner may read it.
    A line leaves it once its record is published (`open_lines.py`).

    Made with the first rejected line; one of an earlier run is removed.
    """

    def __init__(self, beside: Path, department: str = "") -> None:
        self.path = beside.with_name(beside.name + REJECTED)
        self._department = department
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
            self._rows.writerow(COLUMNS)
        place, column, reason, original = bad[:4]
        cells = (place, column, in_both(reason), original)
        self._rows.writerow([*map(harmless, cells), self._department, harmless(bad.record or ""), bad.kind or ""])
        self.count += 1
        self.reasons[bad.field, bad.reason] += 1


def harmless(cell: str) -> str:
    """The cell as a spreadsheet shows it and does not reckon it: a formula in an office's line must not run on the
    machine of whoever mends it."""
    begins = cell.lstrip(_INVISIBLE)[:1]
    return f"'{cell}" if begins in _FORMULA or cell[:1] in _SEPARATES else cell


def lines(file: ExportFile, department: Department, door: Door, first_seen: int | None = None) -> Iterator[Good | Bad]:
    """Every line of the file, checked; its statements in the order of the lines after those of files that were first
    seen earlier (`first_seen` in seconds since 1970 UTC). Raises ExportUnknown if its columns fit no export of the
    department, FileRefused if it cannot be read as it stands."""
    check = LineCheck(department, file.exports(department), door.ready, first_seen, file.place)
    return map(check, file.lines(department))


def publish(
    file: ExportFile,
    department: Department,
    door: Door,
    rejected: RejectedFile,
    tell: Callable[[int, int], None] | None = None,
    first_seen: int | None = None,
    followers: Sequence[Follower] = (),
) -> Tally:
    """Publish every line of the file; `tell(bytes read, events so far)` is called every `TELL_EVERY` lines.

    Raises what the door's `send` raises; what was sent until then is no harm, it is the same again next time.
    """
    sent: Counter[str] = Counter()
    count = total = 0
    for line in _sent(file, department, door, first_seen):
        count += 1
        if isinstance(line, Bad):
            rejected.write(line)
            for follower in followers:
                follower.rejected(line)
        else:
            for topic, kind, record in line:
                sent[kind] += 1
                total += 1
                for follower in followers:
                    follower.published(topic, kind, record)
        if tell and count % TELL_EVERY == 0:
            tell(file.read_bytes, total)
    if tell:
        tell(file.read_bytes, total)
    return Tally(count, sent, rejected.count)


def _sent(
    file: ExportFile, department: Department, door: Door, first_seen: int | None
) -> Iterator[Bad | list[tuple[str, str, str]]]:
    """Every line of the file: why it is rejected, or topic, kind and record of the events that were sent for it."""
    if isinstance(door, Publisher) and door.keyed_by_settings and (processes := processes_for(file)):
        for line in checked_lines(file, department, door, first_seen, processes):
            if isinstance(line, Bad):
                yield line
            else:
                for event in line:
                    door.send_encoded(event)
                yield [event[:3] for event in line]
        return
    for checked in lines(file, department, door, first_seen):
        if isinstance(checked, Bad):
            yield checked
        else:
            for topic, ready in checked.events:
                door.send(topic, ready)
            yield [(topic, ready.statement.kind, ready.statement.record) for topic, ready in checked.events]
