"""Good files, spoilt in the ways of offices and their programs, and what may come of it.

Each file states known events. Whatever is done to it, what is published must be events of the good file: a line that
was hit is published as it was meant or rejected, and a file that cannot be read is refused. What a mutation may cost is
its `costs`: the lines that may be rejected, or `ALL` where the file may be refused.

    python -m tests.office.mutated --count 10000
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from producers.publish.checked_lines import Bad, Good
from producers.publish.columns import Department, ExportUnknown
from producers.publish.export_file import lines
from producers.publish.export_lines import ExportFile, FileRefused
from producers.publish.statement import Checked, Ready, Statement
from tests.office.mutations import MUTATIONS
from tests.office.sheet import ALL, SLOW, Sheet, good, written
from wire.contracts import contracts
from wire.pseudonym import Pseudonyms

KEY = Pseudonyms(b"k" * 32)


class OneKey:
    """A door that sends nothing and knows people again."""

    def __init__(self) -> None:
        self._checked: dict[str, Checked] = {}

    def ready(self, topic: str, statement: Statement) -> Ready:
        if topic not in self._checked:
            self._checked[topic] = Checked(contracts()[topic], KEY)
        return self._checked[topic].ready(statement, time.time_ns() // 1000)

    def send(self, topic: str, ready: Ready) -> None:
        """Nothing is sent."""


def mutated(draw: random.Random, slow: bool = True) -> tuple[Sheet, set[str], list[str]]:
    """A good file's events by id, and the file after one to four mutations, by their names."""
    sheet = good(draw)
    stated = events(sheet)
    names = []
    for mutation in draw.sample(MUTATIONS, draw.randint(1, 4)):
        before = sheet.form
        mutation(sheet, draw)
        if not slow and sheet.form in SLOW:
            sheet.form = before
        names.append(mutation.__name__)
    return sheet, stated, names


def events(sheet: Sheet) -> set[str]:
    """The ids of the events that the sheet states as it is now."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "good.csv"
        path.write_bytes(written(sheet))
        found, rejected, refused = read(path, sheet.department)
    assert not rejected, rejected
    assert refused is None, refused
    return found


def read(path: Path, department: Department) -> tuple[set[str], list[Bad], str | None]:
    """The ids of the events that would be published, the rejected lines, and why the file was refused if it was."""
    found: set[str] = set()
    rejected: list[Bad] = []
    try:
        with ExportFile(path) as file:
            for line in lines(file, department, OneKey()):
                if isinstance(line, Good):
                    found |= {ready.event_id for _, ready in line.events}
                else:
                    rejected.append(line)
    except (FileRefused, ExportUnknown) as refused:
        return set(), [], str(refused)
    return found, rejected, None


def trouble(path: Path, sheet: Sheet, stated: set[str]) -> str | None:
    """What is wrong with how the mutated file was read; None if nothing is."""
    found, rejected, refused = read(path, sheet.department)
    if refused is not None:
        return None if sheet.costs is ALL else f"refused: {refused}"
    if found - stated:
        return f"{len(found - stated)} events published that nobody stated"
    if sheet.costs is not ALL and (lost := len(stated) - len(found)) > len(sheet.costs):
        return f"{lost} events lost for {len(sheet.costs)} spoilt lines: {[bad[:3] for bad in rejected]}"
    if sheet.costs is not ALL and len(found) < len(stated) and not rejected:
        return "an event is lost without a rejected line"
    return None


def main() -> int:
    """Say which of many mutated files were read wrongly; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="the seed of the first file")
    given = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.csv"
        for seed in range(given.first, given.first + given.count):
            draw = random.Random(seed)
            sheet, stated, names = mutated(draw, slow=seed % 20 == 0)
            path.write_bytes(written(sheet))
            if why := trouble(path, sheet, stated):
                wrong += 1
                print(f"seed {seed} ({', '.join(names)}): {why}", flush=True)
    print(f"{given.count} mutated files, {wrong} read wrongly")
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
