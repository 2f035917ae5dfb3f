"""A workbook or web page as lines of JSON, made by a process of its own.

Its reader holds the whole sheet; in another process that memory goes back when the sheet is read, a damaged file takes
nothing with it, and one that unpacks to more than fits is refused. A line is `{"sheet": name}` or `[number, cells]`; a
cell is a text, or a list of one text where the spreadsheet holds a day or time.

    python -m producers.tables.spool workbook FILE OUT
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from producers.tables.file_form import FileRefused
from producers.tables.rows import DayCell, Row

MEMORY = 6 << 30
"""Bytes that the reading process may take: a full sheet of 1,048,576 rows needs about 1.5 GiB."""
PATIENCE_S = 900
REFUSED = 3


class Spooled:
    """The sheets of a file, in a file of our own that only its owner may read and that goes with this object."""

    def __init__(self, path: Path, form: str, encoding: str | None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="citygrid-publish-")  # mode 0700
        self._path = Path(self._folder.name) / "rows.jsonl"
        self.sheets: dict[str, int] = {}
        command = [
            sys.executable,
            "-m",
            "producers.tables.spool",
            form,
            str(path.absolute()),
            str(self._path),
            encoding or "",
        ]
        try:
            ran = subprocess.run(command, capture_output=True, timeout=PATIENCE_S, check=False, cwd=_ROOT)
        except subprocess.TimeoutExpired:
            self.close()
            raise _unreadable(path) from None
        if ran.returncode:
            self.close()
            raise FileRefused(ran.stdout.decode()) if ran.returncode == REFUSED else _unreadable(path)
        with self._path.open("rb") as opened:
            for line in iter(opened.readline, b""):
                if line.startswith(b"{"):
                    self.sheets[json.loads(line)["sheet"]] = opened.tell()

    def rows(self, sheet: str) -> Iterator[Row]:
        """The rows of a sheet that hold anything."""
        with self._path.open("rb") as opened:
            opened.seek(self.sheets[sheet])
            for line in opened:
                if line.startswith(b"{"):
                    return
                number, values = json.loads(line)
                cells = [value if type(value) is str else DayCell(value[0]) for value in values]
                yield Row(number, cells, ",".join(cells))

    @property
    def size(self) -> int:
        """Bytes of the spooled file."""
        return self._path.stat().st_size

    def close(self) -> None:
        self._folder.cleanup()


_ROOT = Path(__file__).resolve().parent.parent.parent


def _unreadable(path: Path) -> FileRefused:
    return FileRefused(
        f"{path} cannot be read: it is damaged, or larger than a spreadsheet can be. Open it, save it again as .xlsx "
        "or as CSV UTF-8 and publish that."
    )


def _spool(form: str, path: Path, encoding: str | None, out: BinaryIO) -> None:
    if form == "workbook":
        from producers.tables.workbook import sheets

        listed = sheets(path)
    else:
        from producers.tables.web_page import tables

        listed = tables(path, encoding)
    names: set[str] = set()
    for sheet in listed:
        name = sheet.name if sheet.name not in names else f"{sheet.name} ({len(names) + 1})"
        names.add(name)
        out.write(_line({"sheet": name}))
        for number, cells in sheet.rows:
            if any(cell and not cell.isspace() for cell in cells):
                out.write(_line([number, [[cell] if isinstance(cell, DayCell) else cell for cell in cells]]))


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


def main(form: str, path: str, out: str, encoding: str) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        try:
            _spool(form, Path(path), encoding or None, opened)
        except FileRefused as refused:
            print(refused, end="")
            return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
