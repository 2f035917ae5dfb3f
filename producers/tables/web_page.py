"""Tables of a web page: what many programs export and call .xls."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from lxml import etree

from producers.tables.file_form import FileRefused
from producers.tables.workbook import Sheet

WIDEST = 1_000
SAMPLE = 1 << 20
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([A-Za-z0-9_-]{2,30})", re.IGNORECASE)
_OTHERS = frozenset({"big5", "big5hkscs", "cp950", "utf-16", "utf-16-le", "utf-16-be"})
_BLANKS = re.compile(r"[ \t\r\n]+")
_ENDS_LINE = frozenset({"br", "p", "div", "li"})
_BLOCKS = frozenset({"p", "div", "li"})


def tables(path: Path, encoding: str | None) -> Iterator[Sheet]:
    """The tables of the page in its order. Raises FileRefused."""
    try:
        read = _tables(path, encoding)
    except etree.LxmlError:
        raise FileRefused(f"{path} is a web page that cannot be read: {_SAVE}") from None
    if not read:
        raise FileRefused(f"{path} is a web page without a table: {_SAVE}")
    for number, rows in enumerate(read.values(), 1):
        yield Sheet(f"table {number}", iter(rows))


_SAVE = "open it in a spreadsheet, save it as an Excel workbook (.xlsx) and publish that."


def _tables(path: Path, encoding: str | None) -> dict[int, list[tuple[int, list[str]]]]:
    by_table: dict[int, list[tuple[int, list[str]]]] = {}
    order: dict[etree._Element, int] = {}
    held: dict[int, dict[int, tuple[int, str]]] = {}
    with path.open(encoding=encoding or _encoding(path), errors="replace") as opened:
        parsed = etree.iterparse(
            _AsUtf8(opened), events=("start", "end"), tag=("table", "tr"), html=True, encoding="utf-8", huge_tree=True
        )
        _fill(parsed, by_table, order, held)
    if path.read_bytes().lower().count(b"</table") < len(order):
        raise FileRefused(f"{path} is a web page that breaks off within a table: copy or export it again.")
    return {number: rows for number, rows in by_table.items() if rows}


class _AsUtf8:
    """A text as bytes in UTF-8. The parser's own decoder stops at a byte that it does not know: the rest would be left
    out."""

    def __init__(self, text: TextIO) -> None:
        self._text = text

    def read(self, size: int = -1) -> bytes:
        return self._text.read(size).encode("utf-8", "replace")


def _encoding(path: Path) -> str:
    """UTF-8 or GB18030, by what its bytes are valid as: pages in either say gb2312, utf-8 or nothing; or another that
    the page names."""
    with path.open("rb") as opened:
        sample = opened.read(SAMPLE)
    as_utf8 = codecs.getincrementaldecoder("utf-8")("replace").decode(sample)
    beyond = sum(not character.isascii() for character in as_utf8)
    if as_utf8.count("\ufffd") * 2 <= beyond:
        return "utf-8"
    named = _CHARSET.search(sample)
    try:
        charset = codecs.lookup(named[1].decode("ascii")).name if named else "gb18030"
    except LookupError:
        charset = "gb18030"
    return charset if charset in _OTHERS else "gb18030"


def _fill(
    parsed: Any,
    by_table: dict[int, list[tuple[int, list[str]]]],
    order: dict[etree._Element, int],
    held: dict[int, dict[int, tuple[int, str]]],
) -> None:
    for event, element in parsed:
        if event == "start":
            if element.tag == "table":
                order[element] = len(order)
                by_table[order[element]] = []
            continue
        if element.tag == "table":
            continue
        table = next((above for above in element.iterancestors("table")), None)
        rows = by_table[order[table]] if table is not None else by_table.setdefault(-1, [])
        spans = held.setdefault(order[table] if table is not None else -1, {})
        rows.append((len(rows) + 1, _cells(element, spans)))
        element.clear()


def _cells(row: etree._Element, spans: dict[int, tuple[int, str]]) -> list[str]:
    """The cells of a row; one that spans several rows stands in each of them, one over several columns in the first."""
    cells: list[str] = []

    def span() -> None:
        while (held := spans.get(len(cells))) and held[0] > 0:
            spans[len(cells)] = (held[0] - 1, held[1])
            cells.append(held[1])

    for part in row:
        if part.tag not in ("td", "th"):
            continue
        span()
        text = _shown(part)
        down, across = _span(part.get("rowspan")), _span(part.get("colspan"))
        for column in range(across):
            shown = text if column == 0 else ""
            if down > 1:
                spans[len(cells)] = (down - 1, shown)
            cells.append(shown)
    span()
    return cells


def _shown(cell: etree._Element) -> str:
    """A cell as a browser shows it: blanks and line ends of the source are one blank, `<br>` and blocks end a line."""
    parts = [_BLANKS.sub(" ", str(cell.text or ""))]
    for inner in cell.iterdescendants():
        if isinstance(inner.tag, str):
            parts += ["\n" if inner.tag in _ENDS_LINE else "", _BLANKS.sub(" ", str(inner.text or ""))]
        parts += ["\n" if inner.tag in _BLOCKS else "", _BLANKS.sub(" ", str(inner.tail or ""))]
    return "\n".join(line.strip() for line in "".join(parts).split("\n") if line.strip())


def _span(stated: str | None) -> int:
    return min(max(int(stated), 1), WIDEST) if stated and stated.isascii() and stated.strip().isdigit() else 1
