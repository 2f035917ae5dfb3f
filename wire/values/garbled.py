"""Chinese that was written in one encoding and read in another (乱码): it reads as a text, but nobody wrote it."""

from __future__ import annotations

import re

#: GB18030 or UTF-8 that was read as Latin-1 or Windows-1252: accents throughout, which no name has.
_ACCENTS = re.compile(
    "[\u0080-\u00ff\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]{2,}"
)
#: How the UTF-8 of a Chinese character begins when it is read as GB18030: the rare characters from 浜 to 榽.
_BEGINS = frozenset(
    character
    for lead in range(0xE4, 0xEA)
    for trail in (*range(0x80, 0xC0),)
    if trail != 0x7F
    for character in bytes((lead, trail)).decode("gb18030", "ignore")
)


def is_garbled(text: str) -> bool:
    """Whether `text` is Chinese that was read in the wrong encoding."""
    if text.isascii():
        return False
    if not _BEGINS.isdisjoint(text) and _reads("gb18030", "utf-8", text):
        return True
    if (accents := _ACCENTS.search(text)) is None:
        return False
    return any(_reads(written, read, accents[0]) for written in ("latin-1", "cp1252") for read in ("utf-8", "gb18030"))


def _reads(written: str, read: str, text: str) -> bool:
    """Whether the bytes of `text` in one encoding are Chinese in another."""
    try:
        meant = text.encode(written).decode(read)
    except UnicodeError:
        return False
    return any("\u4e00" <= character <= "\u9fff" for character in meant)
