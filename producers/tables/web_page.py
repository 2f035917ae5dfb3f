"""Tables of a web page: what many programs export and call .xls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from producers.tables.file_form import FileRefused
from producers.tables.workbook import Sheet

WIDEST = 1_000


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
    parsed = etree.iterparse(
        str(path), events=("start", "end"), tag=("table", "tr"), html=True, encoding=encoding, huge_tree=True
    )
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
    if path.read_bytes().lower().count(b"</table") < len(order):
        raise FileRefused(f"{path} is a web page that breaks off within a table: copy or export it again.")
    return {number: rows for number, rows in by_table.items() if rows}


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
        text = "".join(map(str, part.itertext())).strip()
        down, across = _span(part.get("rowspan")), _span(part.get("colspan"))
        for column in range(across):
            shown = text if column == 0 else ""
            if down > 1:
                spans[len(cells)] = (down - 1, shown)
            cells.append(shown)
    span()
    return cells


def _span(stated: str | None) -> int:
    return min(max(int(stated), 1), WIDEST) if stated and stated.isascii() and stated.strip().isdigit() else 1
