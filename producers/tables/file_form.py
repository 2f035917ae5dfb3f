"""What a file is, told by its first bytes and not by its name: offices call anything .csv or .xls.

What cannot be read as a table is refused in a sentence that says what it is and what to do.
"""

from __future__ import annotations

import codecs
import re
import zipfile
from pathlib import Path
from typing import Literal, NamedTuple

Form = Literal["csv", "jsonl", "json", "workbook", "html"]

SAMPLE = 65_536
LARGEST_SEARCHED = 64_000_000
BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: A record that holds a list, as some database tools write their JSON: {"RECORDS": [ … ]}.
#: Before the list may stand what a service answers with: {"code": 0, "msg": "ok", "data": {"list": [ … ]}}.
_SCALAR = rb'"[A-Za-z_]{1,40}"\s*:\s*(?:"[^"\\\[]*"|[-+.\w]+)\s*,\s*'
_INTO = rb'"(?:data|result|body|response|page)"\s*:\s*\{\s*'
WRAPPED = re.compile(
    rb'\{\s*"[^"\\]{1,100}"\s*:\s*\[\s*[{\]]|'
    rb"\{\s*(?:" + _SCALAR + rb"){0,10}(?:" + _INTO + rb"(?:" + _SCALAR + rb'){0,10})?"[A-Za-z_]{1,40}"\s*:\s*\[\s*\{'
)
_LIST = re.compile(rb"\[\s*[{\]]")
_OBJECT = re.compile(rb'\{\s*["}]')
_CONTROLS = bytes(range(9)) + bytes(range(14, 32)) + b"\x0b\x7f"

_WORKBOOK_PARTS = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")
_SAVE = "open it and save the table as an Excel workbook (.xlsx) or as CSV UTF-8, then publish that"
_EXPORT = "export the table from your register as CSV or as an Excel workbook, then publish that"
_UNPACK = "unpack it and publish the files in it, one by one"

_OTHERS: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "a PDF document", _EXPORT),
    (b"\x89PNG", "a picture", _EXPORT),
    (b"\xff\xd8\xff", "a picture", _EXPORT),
    (b"GIF8", "a picture", _EXPORT),
    (b"II*\0", "a picture", _EXPORT),
    (b"MM\0*", "a picture", _EXPORT),
    (b"BM", "a picture", _EXPORT),
    (b"RIFF", "a picture or a recording", _EXPORT),
    (b"{\\rtf", "a text document (RTF)", _SAVE),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"Rar!", "a RAR archive", _UNPACK),
    (b"\x1f\x8b", "a gzip archive", _UNPACK),
    (b"BZh", "a bzip2 archive", _UNPACK),
    (b"\xfd7zXZ", "an xz archive", _UNPACK),
    (b"SQLite format 3\0", "an SQLite database", _EXPORT),
    (b"\0\1\0\0Standard ", "an Access database", _EXPORT),
    (b"\x09\x08", "a workbook of Excel 5 or older", _SAVE),
    (b"\x09\x04", "a workbook of Excel 5 or older", _SAVE),
    (b"\x09\x02", "a workbook of Excel 5 or older", _SAVE),
    (b"\x09\x00", "a workbook of Excel 5 or older", _SAVE),
    (b"MIME-Version:", "a web archive (MHTML)", _SAVE),
)


class FileRefused(Exception):
    """The file cannot be read at all; the message says what it is and what to do."""


class Known(NamedTuple):
    """The form of a file, and how many bytes of marks (byte order marks) stand before its text."""

    form: Form
    begins: int = 0


def form_of(path: Path) -> Known:
    """What the file is. Raises FileRefused."""
    start = _start(path)
    if not start:
        raise FileRefused(f"{path} is empty: there is nothing to publish. Export it again.")
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _packed(path)
    if start.startswith(_OLE):
        return _compound(path)
    begins = 0
    while start.startswith(codecs.BOM_UTF8, begins):
        begins += len(codecs.BOM_UTF8)
    if (not begins and start.startswith(BOMS)) or _two_bytes_a_character(start):
        raise FileRefused(f'{path} is text in UTF-16 ("Unicode text"): save it as CSV UTF-8 and publish that.')
    text = start[begins:].lstrip()
    for mark, what, remedy in _OTHERS:
        if text.startswith(mark) and not _reads_as_text(start):
            raise _refused(path, what, remedy)
    if text.startswith((b"{\\rtf", b"%PDF", b"MIME-Version:")):
        raise next(_refused(path, what, remedy) for mark, what, remedy in _OTHERS if text.startswith(mark))
    if path.suffix.lower() == ".dbf":
        raise _refused(path, "a dBASE table", _SAVE)
    if text.startswith(b"<"):
        return Known(_marked_up(path, text), begins)
    if not _reads_as_text(start):
        raise _refused(path, "no text and no workbook (it holds control characters)", _EXPORT)
    if _LIST.match(text) or WRAPPED.match(text):
        return Known("json", begins)
    if _OBJECT.match(text):
        return Known("jsonl", begins)
    return Known("csv", begins)


def _start(path: Path) -> bytes:
    if not path.is_file():  # a pipe would be waited for
        raise FileRefused(f"{path} is no file that can be read from its beginning: name the file itself.")
    try:
        with path.open("rb") as opened:
            return opened.read(SAMPLE)
    except OSError as unreadable:
        raise FileRefused(
            f"{path} cannot be read ({unreadable.strerror}): let its owner allow it, or copy it to where you may."
        ) from None


def _packed(path: Path) -> Known:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            locked = any(part.flag_bits & 1 for part in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError):
        raise _refused(path, "a workbook or an archive that was cut or damaged", "copy or export it again") from None
    if locked:
        raise _refused(path, "an archive that is protected by a password", "unpack it and publish the files in it")
    if any(part in names for part in _WORKBOOK_PARTS):
        return Known("workbook")
    if "word/document.xml" in names:
        raise _refused(path, "a Word document", _EXPORT)
    raise _refused(path, "a ZIP archive", _UNPACK)


def _compound(path: Path) -> Known:
    """Excel 97–2003, or one of the other programs that keep their documents in the same container."""
    with path.open("rb") as opened:
        content = opened.read(LARGEST_SEARCHED)
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise _refused(path, "a workbook that is protected by a password", "save it without one and publish that")
    if "WordDocument".encode("utf-16-le") in content:
        raise _refused(path, "a Word document", _EXPORT)
    return Known("workbook")


def _marked_up(path: Path, text: bytes) -> Form:
    lower = text.lower()
    if b"urn:schemas-microsoft-com:office:spreadsheet" in lower and b"<workbook" in lower:
        raise _refused(path, "an XML table of Excel 2003", _SAVE)
    if re.match(rb"<(!doctype html|html|head|meta|table|style|body|div|!--)", lower) or b"<table" in lower:
        return "html"
    raise _refused(path, "XML", _EXPORT)


def _two_bytes_a_character(start: bytes) -> bool:
    """Whether every other byte is nothing: ASCII in UTF-16 without its mark."""
    half = len(start) // 2
    return half > 8 and max(start[::2].count(0), start[1::2].count(0)) > half * 0.3


def _reads_as_text(start: bytes) -> bool:
    kept = start.translate(None, _CONTROLS)
    return len(start) - len(kept) <= max(2, len(start) // 100)


def _refused(path: Path, what: str, remedy: str) -> FileRefused:
    return FileRefused(f"{path} is {what}: {remedy}.")
