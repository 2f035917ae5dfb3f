"""The first table of a small file that somebody keeps by hand: a workbook's first sheet that holds anything, or CSV."""

from __future__ import annotations

from pathlib import Path

from producers.tables import delimited
from producers.tables.file_form import FileRefused, form_of
from producers.tables.rows import Damaged, Row
from producers.tables.spool import Spooled

MOST_ROWS = 100_000


def rows_of(path: Path) -> list[Row]:
    """Its rows that hold anything, the first of them the names of the columns. Raises FileRefused."""
    known = form_of(path)
    if known.form == "workbook":
        spooled = Spooled(path, known.form, None)
        try:
            tables = (list(spooled.rows(sheet)) for sheet in spooled.sheets)
            return next((_filled(rows) for rows in tables if _filled(rows)), [])
        finally:
            spooled.close()
    if known.form != "csv":
        raise FileRefused(f"{path.name} is neither a workbook nor CSV: save it as .xlsx or .csv and try again.")
    text = delimited.text_of(path, known.begins, None)
    rows = []
    for row in delimited.rows(text, delimited.best_delimiter(text, len, 50)):
        if isinstance(row, Damaged):
            raise FileRefused(f"{path.name} line {row.number}: it {row.reason}; mend it and try again.")
        rows.append(row)
    return _filled(rows)


def _filled(rows: list[Row]) -> list[Row]:
    return [row for row in rows if any(cell.strip() for cell in row.cells)][:MOST_ROWS]
