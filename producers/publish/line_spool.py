"""The lines of a file, kept until the whole file has been judged: read once, and given out from an unnamed file.

What was judged is what is published, also if the office's program writes on while its file is read.
"""

from __future__ import annotations

import marshal
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from producers.tables.file_form import FileRefused
from producers.tables.rows import Damaged, Line, Read, Stated

#: From so many identity numbers on a file is refused if more than this share of them end in 000: a register's last four
#: characters are spread, a spreadsheet keeps 15 digits of 18.
ROUNDED_FROM, ROUNDED_SHARE = 20, 0.05
BLOCK_LINES = 500
_IDENTITY = re.compile(r"(?<![0-9])[0-9]{17}[0-9Xx](?![0-9])")
_OTHERS: dict[str, type[Damaged] | type[Stated]] = {"damaged": Damaged, "stated": Stated}


class RoundedNumbers:
    """Counts the identity numbers of a file, and those that a spreadsheet may have rounded."""

    def __init__(self) -> None:
        self._numbers = self._rounded = 0

    def count(self, cell: str) -> None:
        """Count the numbers in a cell of a column of identity numbers."""
        if len(cell) == 18 and cell.isascii() and cell[:17].isdecimal() and cell[17] in "0123456789Xx":
            self._numbers += 1
            self._rounded += cell.endswith("000")
        elif len(cell) >= 18:
            for number in _IDENTITY.findall(cell):
                self._numbers += 1
                self._rounded += number.endswith("000")

    def refuse(self, path: Path) -> None:
        """Raises FileRefused if so many are rounded that no chance explains it."""
        if self._numbers >= ROUNDED_FROM and self._rounded > self._numbers * ROUNDED_SHARE:
            raise FileRefused(
                f"{path}: {self._rounded} of {self._numbers} identity numbers end in 000: a spreadsheet kept 15 digits "
                "and put 000 for the rest. Who is meant can no longer be known. Export it again from your register, "
                "with the numbers as text, and do not save it in a spreadsheet."
            )


def lines_of(block: bytes) -> Iterator[Read]:
    """The lines of a block of the spool, which a process of ours wrote."""
    kind, kept = marshal.loads(block)  # noqa: S302
    if isinstance(kind, str):
        yield from map(_OTHERS[kind]._make, kept)
    else:
        for number, cells, original in kept:
            yield Line(number, kind, cells, original)


class LineSpool:
    """Lines on disk, in a file without a name that only this process can read; it goes with `close`."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="citygrid-publish-")  # noqa: SIM115 (`__exit__` closes it)

    def __enter__(self) -> LineSpool:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def fill(self, read: Iterable[Read]) -> None:
        """Keep all of `read`."""
        kind: str | Sequence[str] = ""
        block: list[tuple[Any, ...]] = []
        for one in read:
            if type(one) is Line:
                number, its_kind, cells, original = one
                kept: tuple[Any, ...] = (number, cells, original)
            else:
                its_kind = "damaged" if type(one) is Damaged else "stated"
                kept = tuple(one)
            if block and (its_kind is not kind or len(block) >= BLOCK_LINES):
                self._write(kind, block)
                block = []
            kind = its_kind
            block.append(kept)
        if block:
            self._write(kind, block)

    def blocks(self, progress: Callable[[float], None]) -> Iterator[bytes]:
        """What was kept, in its order, some lines at a time (`lines_of`); `progress` is given the share that has been
        read."""
        size = self._file.tell()
        self._file.seek(0)
        while length := int.from_bytes(self._file.read(4), "big"):
            block = self._file.read(length)
            progress(self._file.tell() / size)
            yield block

    def _write(self, kind: Any, block: list[Any]) -> None:
        kept = marshal.dumps((kind, block))
        self._file.write(len(kept).to_bytes(4, "big") + kept)
