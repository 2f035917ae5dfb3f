"""Whether a workbook in a binary form holds cells in error (#N/A, #REF!): its reader gives nothing for them, and an
empty cell says something.

.xls: [MS-CFB], the container, and [MS-XLS], the records of the stream `Workbook`; .xlsb: [MS-XLSB].
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_END = 0xFFFFFFFA
"""Numbers of sectors from here on say that there is none."""
_FORMULA, _FILE_PASS, _BOOL_OR_ERROR = 0x0006, 0x002F, 0x0205
_ERROR_CELLS_OF_XLSB = (3, 11)  # BrtCellError, BrtFmlaError


def in_xls(path: Path) -> bool:
    """Of a workbook of Excel 97 to 2003. Raises ValueError for a container that is damaged."""
    content = path.read_bytes()
    if not content.startswith(_MAGIC):
        return False
    try:
        stream = _workbook_stream(content)
    except (struct.error, IndexError):
        raise ValueError from None
    for kind, record in _records(stream):
        if kind == _FILE_PASS:  # what follows is encrypted
            return False
        if kind == _BOOL_OR_ERROR and record[7:8] == b"\1":
            return True
        if kind == _FORMULA and record[12:14] == b"\xff\xff" and record[6:7] == b"\2":
            return True
    return False


def in_xlsb(path: Path) -> bool:
    """Of a binary workbook in a ZIP container."""
    with zipfile.ZipFile(path) as book:
        parts = [name for name in book.namelist() if name.startswith("xl/worksheets/") and name.endswith(".bin")]
        return any(kind in _ERROR_CELLS_OF_XLSB for part in parts for kind in _kinds_of_xlsb(book.read(part)))


def _records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, place)
        yield kind, stream[place + 4 : place + 4 + size]
        place += 4 + size


def _kinds_of_xlsb(content: bytes) -> Iterator[int]:
    place = 0
    while place < len(content):
        kind = content[place]
        place += 1
        if kind & 0x80 and place < len(content):
            kind = kind & 0x7F | (content[place] & 0x7F) << 7
            place += 1
        size = shift = 0
        while place < len(content):
            size |= (content[place] & 0x7F) << shift
            shift += 7
            place += 1
            if not content[place - 1] & 0x80:
                break
        yield kind
        place += size


def _workbook_stream(content: bytes) -> bytes:
    """The stream `Workbook` of the container; empty if there is none, or if it is so small that it holds no table."""
    size = 1 << struct.unpack_from("<H", content, 30)[0]
    (first_of_directory,) = struct.unpack_from("<I", content, 48)
    smallest, first_of_difat = struct.unpack_from("<I", content, 56)[0], struct.unpack_from("<I", content, 68)[0]
    listed = list(struct.unpack_from("<109I", content, 76))
    while first_of_difat < _END and len(listed) * size < len(content) + size * size:
        sector = struct.unpack_from(f"<{size // 4}I", content, (first_of_difat + 1) * size)
        listed += sector[:-1]
        first_of_difat = sector[-1]
    following: list[int] = []
    for sector in listed:
        if sector < _END:
            following += struct.unpack_from(f"<{size // 4}I", content, (sector + 1) * size)

    def chain(sector: int) -> bytes:
        parts: list[bytes] = []
        while sector < _END and len(parts) <= len(following):
            parts.append(content[(sector + 1) * size : (sector + 2) * size])
            sector = following[sector]
        return b"".join(parts)

    directory = chain(first_of_directory)
    for place in range(0, len(directory), 128):
        entry = directory[place : place + 128]
        length = struct.unpack_from("<H", entry, 64)[0]
        name = entry[: max(length - 2, 0)].decode("utf-16-le", "replace")
        first, held = struct.unpack_from("<II", entry, 116)
        if name in ("Workbook", "Book"):
            return chain(first)[:held] if held >= smallest else b""
    return b""
