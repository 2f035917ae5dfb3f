"""The texts that the cells of an .xlsx workbook share, kept in a file: a million lines have some millions of them.

Excel and most libraries write each different text once, into a part of its own, and cells hold its number. The reader
of workbooks would hold all of them for each piece of a sheet; here a piece is given the texts of its own cells.
"""

from __future__ import annotations

import os
import re
import tempfile
import zipfile
from array import array
from typing import IO

PART = "xl/sharedStrings.xml"
BLOCK = 1 << 20

_TEXT = re.compile(rb"<si>(.*?)</si>|<si ?/>", re.DOTALL)
_SHARED_CELL = re.compile(rb'<c ([^>]*)t="s"([^>]*)><v>([0-9]+)</v></c>')
_SHARED = b't="s"'


class SharedTexts:
    """Twelve bytes of memory a text, and an unnamed file that goes with this object. Raises BadZipFile for a part that
    is cut off."""

    def __init__(self, part: IO[bytes]) -> None:
        self._file = tempfile.TemporaryFile(prefix="citygrid-publish-")  # noqa: SIM115 (closed with this object)
        self._begins, self._lengths = array("Q"), array("I")
        passed, text = 0, b""
        while block := part.read(BLOCK):
            self._file.write(block)
            text, end = text + block, 0
            for found in _TEXT.finditer(text):
                begin, end = found.span(1) if found[1] is not None else (found.end(), found.end())
                self._begins.append(passed + begin)
                self._lengths.append(end - begin)
                end = found.end()
            passed, text = passed + end, text[end:]
        if b"<si" in text:
            self.close()
            raise zipfile.BadZipFile("shared texts are cut off")
        self._file.flush()

    def written_into(self, rows: bytes) -> bytes:
        """`rows` with each text where its number stood. Raises IndexError if there is no such text."""
        return _SHARED_CELL.sub(self._cell, rows)

    def _cell(self, found: re.Match[bytes]) -> bytes:
        number = int(found[3])
        text = os.pread(self._file.fileno(), self._lengths[number], self._begins[number])
        # what a shared text holds and what a cell's own text holds is written alike, fonts and all
        return b'<c %bt="inlineStr"%b><is>%b</is></c>' % (found[1], found[2], text)

    def close(self) -> None:
        self._file.close()


def are_plain(rows: bytes) -> bool:
    """Whether all cells that share a text say so in the one way that is understood here."""
    return rows.count(_SHARED) == len(_SHARED_CELL.findall(rows))
