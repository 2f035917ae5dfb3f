"""The lines of earlier files in a folder that were rejected and are not mended yet: `*.rejected.csv` holds them.

A line is mended once a later file publishes an event of its record and kind; it then leaves its file, and a file
without lines goes. So the number of lines in these files is what an office still has to do. A line whose record could
not be read waits until its own file is published again.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from producers.publish.checked_lines import Bad
from producers.publish.waiting_lines import WaitingLines
from wire.door_reports import LineKey

REJECTED = ".rejected.csv"
COLUMNS = ("line", "field", "reason", "original", "department", "record", "kind")
#: Larger files of rejected lines are left alone: whole exports were wrong, and are published again as such.
LARGEST = 16_000_000
ENCODING = "utf-8-sig"


class Still(NamedTuple):
    """Rejected lines of earlier files: how many this publication mended, and how many are left."""

    mended: int
    open: int


class OpenLines:
    """Made before a file of `department` is published; `close`, after it was, takes out the lines that it mended."""

    def __init__(self, file: Path, department: str) -> None:
        self._department = department
        others = (path for path in file.parent.glob("*" + REJECTED) if path.name != file.name + REJECTED)
        self._files = sorted(filter(_is_small, others))
        self._waiting = WaitingLines(key for path in self._files for key in self._keys(path))

    def published(self, _: str, kind: str, record: str) -> None:
        """An event of the record was sent."""
        self._waiting.published("", kind, record)

    def rejected(self, bad: Bad) -> None:
        """A line was rejected."""
        self._waiting.rejected("", bad.kind, bad.record)

    def close(self) -> Still:
        """Take the mended lines out of their files."""
        mended = self._waiting.mended()
        counts = [self._without(path, mended) for path in self._files]
        return Still(sum(count.mended for count in counts), sum(count.open for count in counts))

    def _keys(self, path: Path) -> Iterator[LineKey]:
        return (_key(line) for line in _lines(path) if line["department"] == self._department and line["record"])

    def _without(self, path: Path, mended: set[LineKey]) -> Still:
        lines = list(_lines(path))
        kept = [line for line in lines if line["department"] != self._department or _key(line) not in mended]
        if not kept and lines:
            path.unlink(missing_ok=True)
        elif len(kept) < len(lines):
            half = path.with_name(f".{path.name}.tmp")
            half.unlink(missing_ok=True)
            opened = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(opened, "w", encoding=ENCODING, newline="") as file:
                rows = csv.DictWriter(file, COLUMNS)
                rows.writeheader()
                rows.writerows(kept)
            os.replace(half, path)  # noqa: PTH105 - as a whole or not at all
        return Still(len(lines) - len(kept), len(kept))


def _key(line: dict[str, str]) -> LineKey:
    return LineKey("", line["record"], line["kind"])


def _is_small(path: Path) -> bool:
    try:
        return path.stat().st_size <= LARGEST
    except OSError:  # it was taken away in between
        return False


def _lines(path: Path) -> Iterator[dict[str, str]]:
    """The lines of a file of rejected lines; none if it is not ours as we write it."""
    try:
        with path.open(encoding=ENCODING, newline="") as file:
            rows = csv.DictReader(file, strict=True)
            if tuple(rows.fieldnames or ()) != COLUMNS:
                return
            for row in rows:
                if None in row or None in row.values():
                    return
                yield row
    except (OSError, UnicodeDecodeError, csv.Error):
        return
