"""The roster: who serves which grid when."""

from __future__ import annotations

import csv
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
import xlsxwriter
from rich.table import Table

from citygrid.cli import CommandFailed
from citygrid.cli.screen import AsJson, console, for_machines
from database import rosters
from database.rosters import RosterRefused
from domain.time import CITY
from producers.tables.file_form import FileRefused
from producers.tables.first_table import rows_of
from runtime.settings import load

EXAMPLE = "citygrid roster import roster.xlsx"
SHOWN_ERRORS = 20

app = typer.Typer(help="The roster: who serves which grid when.", no_args_is_help=True)

First = Annotated[
    datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day; today if not given.")
]
Last = Annotated[
    datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="The last day; 6 days later if not given.")
]
Area = Annotated[str, typer.Option(help="Only grids whose code begins so.")]


@app.command("import", epilog="Example: citygrid roster import roster.xlsx")
def take(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A workbook or a CSV file.")],
) -> None:
    """Take a file's shifts into the roster; nothing is taken if one cell is wrong.

    Columns: grid (网格), date (日期), begins (开始), ends (结束), worker (网格员) and, if any, deputy (副手).
    Workers and deputies are named by their accounts; an end before the beginning is on the day after. What a file says
    of a grid's day is the whole of it, but for shifts that have begun.
    """
    try:
        taken = rosters.load(load().dsn("owner"), ((row.number, row.cells) for row in rows_of(file)))
    except FileRefused as refused:
        raise CommandFailed(str(refused)) from None
    except RosterRefused as refused:
        shown = [f"{file.name} {one}" for one in refused.wrong[:SHOWN_ERRORS]]
        more = len(refused.wrong) - len(shown)
        shown += [f"and {more} more"] if more > 0 else []
        raise CommandFailed(
            "\n".join([*shown, "Nothing of the file was taken: mend it and import it again."])
        ) from None
    console.print(f"{taken} shifts in the roster")


@app.command("export", epilog="Example: citygrid roster export week.xlsx --from 2026-03-02")
def give(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Ends with .xlsx or .csv.")],
    first: First = None,
    last: Last = None,
    grid: Area = "",
) -> None:
    """Write the roster as a file that `import` takes."""
    rows = _rows(first, last, grid)
    match file.suffix.lower():
        case ".csv":
            with file.open("w", encoding="utf-8-sig", newline="") as out:  # the mark is for Excel
                csv.writer(out).writerows(rows)
        case ".xlsx":
            book = xlsxwriter.Workbook(str(file), {"strings_to_numbers": False, "strings_to_formulas": False})
            sheet = book.add_worksheet("roster")
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
            sheet.autofit()
            book.close()
        case other:
            raise CommandFailed(f"'{other}' is no form of a roster: name a file that ends with .xlsx or .csv.")
    console.print(f"{len(rows) - 1} shifts in {file}")


@app.command("show", epilog="Example: citygrid roster show --grid 440113001 --json")
def show(first: First = None, last: Last = None, grid: Area = "", as_json: AsJson = False) -> None:
    """Show the roster. --json prints one JSON list."""
    head, *rows = _rows(first, last, grid)
    if as_json:
        print(for_machines([dict(zip(head, row, strict=True)) for row in rows]))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in head:
        table.add_column(column)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _rows(first: datetime | None, last: datetime | None, grid: str) -> list[list[str]]:
    begin: date = first.date() if first else datetime.now(CITY).date()
    return rosters.shifts(load().dsn("owner"), begin, last.date() if last else begin + timedelta(days=6), grid)
