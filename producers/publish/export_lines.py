"""An export file, a line at a time, however large it is and however it is encoded.

Lines are split as bytes: neither in UTF-8 nor in GB18030 can a line feed be part of another character. A line that
cannot be read is one bad line, never the end of the file.
"""

from __future__ import annotations

import codecs
import csv
import json
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple

from domain.codes import narrow

LONGEST_LINE = 1_000_000
#: A quotation mark that is not closed within so many lines is a slip, not a cell of many lines.
LONGEST_CELL_LINES = 20
SAMPLE_LINES = 500
SAMPLE_BYTES = 16_000_000
DELIMITERS = (",", "\t", ";", "|")

csv.field_size_limit(LONGEST_LINE)


class FileRefused(Exception):
    """The file cannot be read at all; the message says what to do."""


class Line(NamedTuple):
    """A line as it was read. `cells` in the order of `header`; `original` as it stands in the file."""

    number: int
    header: Sequence[str]
    cells: Sequence[str]
    original: str


class Damaged(NamedTuple):
    """A line that could not be read."""

    number: int
    reason: str
    original: str


class Stated(NamedTuple):
    """A JSON line that is a statement of a contract already, `{"topic", "kind", "record", …, "change": {…}}`."""

    number: int
    document: dict[str, Any]
    original: str


Read = Line | Damaged | Stated


class ExportFile:
    """A CSV or JSON Lines file, open for reading. `read_bytes` tells how far reading has come.

    `encoding`: utf-8 or gb18030; None finds out. Raises FileRefused.
    """

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        self.path = path
        self.size = path.stat().st_size
        self.read_bytes = 0
        self._file: BinaryIO = path.open("rb")
        start = self._file.read(4)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise FileRefused(f"{path} is UTF-16: save it as CSV UTF-8 or GB18030 and publish it again.")
        self._from = 3 if start.startswith(codecs.BOM_UTF8) else 0
        self.encoding = _known(encoding) if encoding else self._found_encoding()
        self._file.seek(self._from)
        self._again: deque[tuple[int, bytes]] = deque()
        self._number = 0
        self.format: Literal["csv", "jsonl"] = self._found_format()

    def __enter__(self) -> ExportFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[Read]:
        return self._json_lines() if self.format == "jsonl" else self._csv_lines()

    def header(self) -> Sequence[str]:
        """The names of the columns: the first line of a CSV, the keys of the first object of JSON Lines.

        Reads from the beginning; call it before iterating. Raises FileRefused if there is none.
        """
        for read in self:
            self._rewind()
            if isinstance(read, Line):
                return read.header
            if isinstance(read, Stated):
                return ()
            raise FileRefused(f"{self.path}, line {read.number}: {read.reason}. Mend it and publish the file again.")
        self._rewind()
        raise FileRefused(f"{self.path} has no line but perhaps the columns' names: there is nothing to publish.")

    def _rewind(self) -> None:
        self._file.seek(self._from)
        self._again.clear()
        self._number = self.read_bytes = 0

    def _physical(self) -> tuple[int, bytes] | None:
        """The next line with its number; one that is too long is cut (its rest is skipped)."""
        if self._again:
            return self._again.popleft()
        raw = self._file.readline(LONGEST_LINE)
        if not raw:
            return None
        self._number += 1
        self.read_bytes += len(raw)
        if len(raw) == LONGEST_LINE and not raw.endswith(b"\n"):
            while rest := self._file.readline(LONGEST_LINE):
                self.read_bytes += len(rest)
                if rest.endswith(b"\n"):
                    break
            raw = raw[:1000] + b"\x00"
        return self._number, raw

    def _decoded(self, raw: bytes) -> tuple[str, str | None]:
        """The text, and why it is damaged if it is."""
        if b"\x00" in raw:
            return raw.decode(self.encoding, "replace").strip("\r\n"), "is too long or holds a NUL byte"
        try:
            return raw.decode(self.encoding).rstrip("\r\n"), None
        except UnicodeDecodeError:
            text = raw.decode(self.encoding, "backslashreplace").rstrip("\r\n")
            return text, f"has bytes that are not {self.encoding.upper()}"

    def _csv_lines(self) -> Iterator[Read]:
        header: list[str] | None = None
        delimiter = ","
        while (next_line := self._physical()) is not None:
            number, raw = next_line
            text, damaged = self._decoded(raw)
            if not damaged and text.count('"') % 2:
                text, damaged = self._closed(text)
            if damaged:
                yield Damaged(number, damaged, text)
                continue
            if not text or text.isspace():
                continue
            if header is None:
                delimiter = max(DELIMITERS, key=text.count)
                header = [narrow(name) for name in _split(text, delimiter)]
                continue
            try:
                cells = _split(text, delimiter)
            except csv.Error:
                yield Damaged(number, "is not CSV", text)
                continue
            if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
                yield Damaged(number, f"has {len(cells)} cells, but the file has {len(header)} columns", text)
            elif any(cell and not cell.isspace() for cell in cells):
                yield Line(number, header, cells, text)

    def _closed(self, text: str) -> tuple[str, str | None]:
        """A cell of several lines, joined; if its quotation mark is never closed the others are read on their own."""
        joined = text
        taken: list[tuple[int, bytes]] = []
        while len(taken) < LONGEST_CELL_LINES and len(joined) < LONGEST_LINE:
            next_line = self._physical()
            if next_line is None:
                break
            taken.append(next_line)
            more, damaged = self._decoded(next_line[1])
            if damaged:
                break
            joined += "\n" + more
            if joined.count('"') % 2 == 0:
                return joined, None
        self._again.extendleft(reversed(taken))
        return text, "has a quotation mark that is not closed"

    def _json_lines(self) -> Iterator[Read]:
        while (next_line := self._physical()) is not None:
            number, raw = next_line
            text, damaged = self._decoded(raw)
            if not damaged and (not text or text.isspace()):
                continue
            record: Any = None
            if not damaged:
                try:
                    record = json.loads(text)
                except (ValueError, RecursionError):
                    damaged = "is not JSON"
                else:
                    damaged = None if isinstance(record, dict) else "is not a JSON object"
            if damaged:
                yield Damaged(number, damaged, text)
            elif "kind" in record and isinstance(record.get("change"), dict):
                yield Stated(number, record, text)
            else:
                yield Line(number, tuple(record), [_as_cell(value) for value in record.values()], text)

    def _found_encoding(self) -> str:
        """UTF-8 or GB18030, by what the lines with Chinese in them are valid as: GB18030 is hardly ever valid UTF-8."""
        votes = seen = 0
        self._file.seek(self._from)
        for raw in iter(lambda: self._file.readline(LONGEST_LINE), b""):
            if not raw.isascii():
                try:
                    raw.decode("utf-8")
                    votes += 1
                except UnicodeDecodeError:
                    votes -= 1
                seen += 1
            if seen >= SAMPLE_LINES or self._file.tell() > SAMPLE_BYTES:
                break
        return "utf-8" if votes > 0 or not seen else "gb18030"

    def _found_format(self) -> Literal["csv", "jsonl"]:
        if self.path.suffix.lower() in {".jsonl", ".ndjson"}:
            return "jsonl"
        if self.path.suffix.lower() in {".csv", ".txt", ".tsv"}:
            return "csv"
        first = next((raw for raw in iter(lambda: self._file.readline(LONGEST_LINE), b"") if raw.strip()), b"")
        self._file.seek(self._from)
        return "jsonl" if first.lstrip().startswith(b"{") else "csv"


def _known(encoding: str) -> str:
    """The encoding by its name: GBK and GB2312 are parts of GB18030."""
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        name = ""
    if name in {"gb2312", "gbk", "gb18030"}:
        return "gb18030"
    if name not in {"utf-8", "utf-8-sig", "ascii"}:
        raise FileRefused(f"'{encoding}' is not supported: say --encoding utf-8 or --encoding gb18030.")
    return "utf-8"


def _split(text: str, delimiter: str) -> list[str]:
    if '"' not in text:
        return text.split(delimiter)
    return next(csv.reader([text], delimiter=delimiter, strict=True))


def _as_cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "是" if value else "否"
        case list():
            return ",".join(_as_cell(item) for item in value)
    return json.dumps(value, ensure_ascii=False)
