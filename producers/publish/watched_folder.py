"""A folder into which an office's system puts its exports: which files are whole and were not published yet.

What was published is known by the report that stands beside the file, so a restart publishes nothing again; a file that
was replaced under its name is another file.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

REPORT = ".report.json"
OURS = (REPORT, ".rejected.csv")
#: How programs call a file while they still copy it, and how a spreadsheet locks one.
UNFINISHED = ("*.tmp", "*.part", "*.partial", "*.filepart", "*.crdownload", "~$*", ".*")


class _Look(NamedTuple):
    size: int
    changed_ns: int


class WatchedFolder:
    """`patterns`: names of the files that are meant, such as 户籍变动*.xlsx. A file is whole once it has been the same
    for `settle` seconds."""

    def __init__(
        self, folder: Path, patterns: list[str], settle: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.folder = folder
        self._patterns = patterns
        self._settle = settle
        self._clock = clock
        self._seen: dict[Path, tuple[_Look, float]] = {}

    def ready(self) -> Iterator[Path]:
        """The files that are to be published now, in the order in which they were written. Raises OSError."""
        now = self._clock()
        looks = {path: look for path in self.folder.iterdir() if self._meant(path) and (look := _look(path))}
        self._seen = {path: seen for path, seen in self._seen.items() if path in looks}
        for path, look in sorted(looks.items(), key=lambda one: (one[1].changed_ns, one[0].name)):
            known = self._seen.get(path)
            if known is None or known[0] != look:
                self._seen[path] = (look, now)
            elif now - known[1] >= self._settle and look.size and not self._is_done(path, look):
                yield path

    def done(self, path: Path, report: dict[str, Any]) -> None:
        """Write the report beside the file: it was published, or refused as it stands."""
        look = _look(path)
        marked = {**report, "sha256": _digest(path), "size": look.size if look else None}
        marked["changed_ns"] = look.changed_ns if look else None
        written = path.with_name(path.name + REPORT + ".tmp")
        written.write_text(json.dumps(marked, ensure_ascii=False, indent=1) + "\n", "utf-8")
        os.replace(written, _report(path))  # noqa: PTH105 - as a whole or not at all

    def _meant(self, path: Path) -> bool:
        name = path.name
        return (
            not name.endswith(OURS)
            and not any(fnmatch(name, pattern) for pattern in UNFINISHED)
            # Windows and its programs write .XLSX as well as .xlsx
            and any(fnmatch(name.casefold(), pattern.casefold()) for pattern in self._patterns)
            and path.is_file()
        )

    @staticmethod
    def _is_done(path: Path, look: _Look) -> bool:
        try:
            known = json.loads(_report(path).read_text("utf-8"))
        except (OSError, ValueError):
            return False
        if not isinstance(known, dict):
            return False
        if (known.get("size"), known.get("changed_ns")) == look:
            return True
        digest = _digest(path)
        return digest is not None and known.get("size") == look.size and known.get("sha256") == digest


def _report(path: Path) -> Path:
    return path.with_name(path.name + REPORT)


def _look(path: Path) -> _Look | None:
    try:
        status = path.stat()
    except OSError:  # it was taken away in between
        return None
    return _Look(status.st_size, status.st_mtime_ns)


def _digest(path: Path) -> str | None:
    """None: nobody may read it."""
    try:
        with path.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except PermissionError:
        return None
