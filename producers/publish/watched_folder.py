"""A folder into which an office's system puts its exports: which files are whole and were not published yet.

What was published is known by the report that stands beside the file, so a restart publishes nothing again; a file that
was replaced under its name is another file.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable
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
    number: int
    """The file's own (inode): one that was put in the place of another is another, whatever its time."""


class WatchedFolder:
    """`patterns`: names of the files that are meant, such as 户籍变动*.xlsx. A file is whole once it has been the same
    for `settle` seconds and no program of this host has it open for writing."""

    def __init__(
        self, folder: Path, patterns: list[str], settle: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.folder = folder
        self._patterns = patterns
        self._settle = settle
        self._clock = clock
        self._seen: dict[Path, tuple[_Look, float]] = {}
        self._taken: tuple[Path, _Look, str | None] | None = None

    def ready(self) -> list[Path]:
        """The files that are to be published now, in the order in which they were written. Raises OSError, if the
        folder is away."""
        now, ready = self._clock(), []
        looks = {path: look for path in self.folder.iterdir() if self._meant(path) and (look := _look(path))}
        self._seen = {path: seen for path, seen in self._seen.items() if path in looks}
        for path, look in sorted(looks.items(), key=lambda one: (one[1].changed_ns, one[0].name)):
            known = self._seen.get(path)
            if known is None or known[0] != look:
                self._seen[path] = (look, now)
            elif now - known[1] >= self._settle and look.size and not self._is_done(path, look):
                ready.append(path)
        return ready

    def take(self, path: Path) -> bool:
        """Whether a file that is ready is still as it was, and whole: it may be published now."""
        look = _look(path)
        if look is None or look != self._seen[path][0] or _is_being_written(path):
            return False
        self._taken = (path, look, _digest(path))
        return self.is_as_taken()

    def is_as_taken(self) -> bool:
        """Whether the file that was taken last is still the same."""
        return self._taken is not None and _look(self._taken[0]) == self._taken[1]

    def done(self, path: Path, report: dict[str, Any]) -> bool:
        """Write the report beside the file that was taken: it was published, or refused as it stands. False: it was
        replaced in the meantime, so that what is there now is to be published, too."""
        taken, look, digest = self._taken or (path, None, None)
        if taken != path or look is None or _look(path) not in (look, None):
            return False
        marked = {**report, "sha256": digest, "size": look.size, "changed_ns": look.changed_ns}
        written = path.with_name(path.name + REPORT + ".tmp")
        written.write_text(json.dumps(marked, ensure_ascii=False, indent=1) + "\n", "utf-8")
        os.replace(written, _report(path))  # noqa: PTH105 - as a whole or not at all
        return True

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
        if (known.get("size"), known.get("changed_ns")) == look[:2]:
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
    return _Look(status.st_size, status.st_mtime_ns, status.st_ino)


def _is_being_written(path: Path) -> bool:
    """Whether a program of this host has the file open for writing: then no lease on reading it is given (fcntl(2)).
    False also where that cannot be found out: on a network's drive, or of a file that is somebody else's."""
    try:
        with path.open("rb") as opened:
            fcntl.fcntl(opened, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(opened, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _digest(path: Path) -> str | None:
    """None: nobody may read it."""
    try:
        with path.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except PermissionError:
        return None
