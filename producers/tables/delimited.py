"""Text whose cells stand between commas, tabs, semicolons or bars, a row at a time however large it is.

Lines are split as bytes: neither in UTF-8 nor in GB18030 can a line feed be part of another character. A line that
cannot be read is one bad line, never the end of the file, and a stray quotation mark costs at most its own line.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from producers.tables.rows import Damaged, Row

LONGEST_LINE = 1_000_000
#: A quotation mark that is not closed within so many lines is a slip, not a cell of many lines.
LONGEST_CELL_LINES = 20
SAMPLE_LINES = 500
SAMPLE_BYTES = 16_000_000
DELIMITERS = (",", "\t", ";", "|")
_SAID_BY_EXCEL = re.compile(r'"?sep=(.)"?[,;\t|]*', re.IGNORECASE)
#: What a program writes that lost characters: the replacement character, or its UTF-8 read as GB18030.
_REPLACED, _MISREAD = "\ufffd", "锟斤拷"

#: With what DOS ended a file.
_END_OF_FILE = "\x1a"
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")

STRAY = "has a quotation mark that neither opens nor closes a cell"

csv.field_size_limit(LONGEST_LINE)


class Text(NamedTuple):
    """A text file: where its text begins, its encoding, what ends a line, and perhaps the delimiter that it names."""

    path: Path
    begins: int
    encoding: str
    line_end: bytes
    delimiter: str | None


def text_of(path: Path, begins: int, encoding: str | None) -> Text:
    """How the file is to be read; `encoding` None: UTF-8 or GB18030, by what its lines are valid as."""
    with path.open("rb") as opened:
        opened.seek(begins)
        sample = opened.read(LONGEST_LINE)
    # of an old Mac, perhaps with cells of several lines or a last line end of another system
    of_mac = sample.count(b"\r") - sample.count(b"\r\n")
    line_end = b"\r" if of_mac and of_mac >= sample.count(b"\n") else b"\n"
    known = encoding or _encoding(path, begins, line_end)
    first = sample.split(line_end, 1)[0].decode(known, "replace").strip()
    named = _SAID_BY_EXCEL.fullmatch(first)
    return Text(path, begins, known, line_end, named[1] if named else None)


def rows(text: Text, delimiter: str, width: int | None = None) -> Iterator[Row | Damaged]:
    """The rows of the text, blank ones left out. `width`: how many cells a row of several lines must have for its lines
    to be one row (None: any)."""
    lines = _Lines(text)
    starts_quoted = re.compile(rf'(?:^|{re.escape(delimiter)})\s*"')
    encoding = text.encoding
    while (next_line := lines.next()) is not None:
        number, raw = next_line
        try:
            line = raw.decode(encoding).rstrip("\r\n")
        except UnicodeDecodeError:
            line = raw.decode(encoding, "backslashreplace").rstrip("\r\n")
            yield Damaged(number, f"has bytes that are not {encoding.upper()}", line)
            continue
        if encoding == "gb18030" and not raw.isascii() and _is_utf8(raw):
            yield Damaged(number, "is in UTF-8, the rest of the file in GB18030: export it in one encoding", line)
            continue
        if not line or line.isspace() or line == _END_OF_FILE:
            continue
        if "\0" in line:
            yield Damaged(number, "is too long or holds a NUL byte", line.strip("\0\r\n"))
        elif _REPLACED in line or _MISREAD in line:
            yield Damaged(number, "has characters that were lost when it was written", line)
        elif '"' not in line:
            if number > 1 or not _SAID_BY_EXCEL.fullmatch(line.strip()):
                ended = raw.endswith(text.line_end)
                yield (
                    Row(number, line.split(delimiter), line)
                    if ended
                    else Row(number, line.split(delimiter), line, 1, False)
                )
        elif not starts_quoted.search(line):
            yield Damaged(number, STRAY, line)
        elif line.count('"') % 2:
            yield _joined(lines, number, line, delimiter, width)
        elif number > 1 or not _SAID_BY_EXCEL.fullmatch(line.strip()):
            cells = _split(line, delimiter)
            if cells is None:
                yield Damaged(number, STRAY, line)
            else:
                yield Row(number, cells, line, 1, raw.endswith(text.line_end))


def _is_utf8(raw: bytes) -> bool:
    """Whether a line's Chinese is in UTF-8: GB18030 hardly ever reads as such, and never as Chinese throughout."""
    try:
        beyond = _BEYOND_ASCII.findall(raw.decode("utf-8"))
    except UnicodeDecodeError:
        return False
    return all("\u3000" <= character <= "\u9fff" or "\uff00" <= character <= "\uffef" for character in beyond)


def best_delimiter(text: Text, score: Callable[[list[str]], int], lines: int) -> str:
    """The delimiter with which one of the first `lines` lines scores best; without any score the most frequent."""
    if text.delimiter is not None:
        return text.delimiter
    best: tuple[int, int, str] = (0, 0, ",")
    for delimiter in DELIMITERS:
        sample = []
        for row in rows(text, delimiter):
            sample.append(row)
            if len(sample) >= lines:
                break
        known = [row for row in sample if isinstance(row, Row)]
        scored = max((score(list(row.cells)) for row in known), default=0)
        frequent = max((len(row.cells) for row in known), default=0)
        best = max(best, (scored, frequent, delimiter), key=lambda one: one[:2])
    return best[2]


class _Lines:
    """The lines of a file with their numbers, as bytes; a line may be given back. One that is too long is cut."""

    def __init__(self, text: Text) -> None:
        self.encoding = text.encoding
        self._raw = _physical(text)
        self._again: deque[tuple[int, bytes]] = deque()
        self._number = 0

    def next(self) -> tuple[int, bytes] | None:
        if self._again:
            return self._again.popleft()
        raw = next(self._raw, None)
        if raw is None:
            return None
        self._number += 1
        return self._number, raw if len(raw) < LONGEST_LINE else raw[:1000] + b"\0"

    def give_back(self, lines: list[tuple[int, bytes]]) -> None:
        self._again.extendleft(reversed(lines))


def _physical(text: Text) -> Iterator[bytes]:
    with text.path.open("rb") as opened:
        opened.seek(text.begins)
        if text.line_end == b"\n":
            while raw := opened.readline(LONGEST_LINE):
                if len(raw) == LONGEST_LINE and not raw.endswith(b"\n"):
                    while (rest := opened.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                        pass
                yield raw
            return
        left = b""
        while block := opened.read(LONGEST_LINE):
            *whole, left = (left + block).split(b"\r")
            yield from (line + b"\r" for line in whole)
            if len(left) > LONGEST_LINE:
                left = left[:LONGEST_LINE]
        if left:
            yield left


def _joined(lines: _Lines, number: int, line: str, delimiter: str, width: int | None) -> Row | Damaged:
    """A cell of several lines; if that makes no row of the table, the first line is damaged and the others are read on
    their own. A line that is a row by itself is never taken for a part of a cell."""
    joined = line
    whole = line.count(delimiter) >= (width or LONGEST_LINE) - 1
    taken: list[tuple[int, bytes]] = []
    while len(taken) < LONGEST_CELL_LINES and len(joined) < LONGEST_LINE:
        next_line = lines.next()
        if next_line is None:
            break
        taken.append(next_line)
        try:
            more = next_line[1].decode(lines.encoding).rstrip("\r\n")
        except UnicodeDecodeError:
            break
        if "\0" in more or (width and _is_a_row(more, delimiter, width, whole)):
            break
        joined += "\n" + more
        if joined.count('"') % 2 == 0:
            cells = _split(joined, delimiter)
            if cells is None or (width is not None and len(cells) != width):
                break
            return Row(number, cells, joined, 1 + len(taken))
    lines.give_back(taken)
    return Damaged(number, "has a quotation mark that is not closed", line)


def _is_a_row(line: str, delimiter: str, width: int, first_is: bool) -> bool:
    """Whether a line behind an open quotation mark is a row by itself. One with a quotation mark may close the cell,
    unless the line that opened it had all of its cells, too."""
    return width > 1 and line.count(delimiter) >= width - 1 and (first_is or '"' not in line)


def _split(line: str, delimiter: str) -> list[str] | None:
    """The cells of a line with quotation marks; None if they do not stand where cells begin and end."""
    mark = re.escape(delimiter)
    quoted = re.compile(rf'(?:^|(?<={mark}))"(?:[^"]|"")*"(?={mark}|$)')
    for attempt in (line, _tight(line, delimiter)):
        if '"' not in quoted.sub("", attempt):
            return next(csv.reader([attempt], delimiter=delimiter, strict=True))
    return None


def _tight(line: str, delimiter: str) -> str:
    """The line without blanks between a quotation mark and the delimiter beside it."""
    mark = re.escape(delimiter)
    blank = "[ \u3000]" if delimiter == "\t" else r"\s"
    return re.sub(rf'(^|{mark}){blank}+"', r'\1"', re.sub(rf'"{blank}+({mark}|$)', r'"\1', line))


def _encoding(path: Path, begins: int, line_end: bytes) -> str:
    """UTF-8 or GB18030, by what the lines with Chinese in them are valid as: GB18030 is hardly ever valid UTF-8."""
    votes = seen = read = 0
    first = True
    for raw in _physical(Text(path, begins, "utf-8", line_end, None)):
        read += len(raw)
        if not raw.isascii():
            try:
                # a line that was cut may end within a character
                codecs.getincrementaldecoder("utf-8")().decode(raw, final=len(raw) < LONGEST_LINE)
                votes += 1
            except UnicodeDecodeError:
                votes -= 1
            seen += 1
            first = votes > 0 if seen == 1 else first
        if seen >= SAMPLE_LINES or read > SAMPLE_BYTES:
            break
    return "utf-8" if votes > 0 or (votes == 0 and first) else "gb18030"
