"""The patrol plan: where grid workers go again and again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from citygrid.cli import CommandFailed
from citygrid.cli.screen import AsJson, console, for_machines
from database import patrols
from database.patrols import PlanRefused
from runtime.settings import load

EXAMPLE = "citygrid patrol load plan.csv"

app = typer.Typer(help="The patrol plan: where grid workers go again and again.", no_args_is_help=True)


@app.command("load", epilog="Example: citygrid patrol load plan.csv")
def load_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV file, UTF-8 or GB 18030.")],
) -> None:
    """Take the lines of a file into the plan; a line that is there already is renewed.

    Columns: kind, dwelling (a door's number) or grid with spot (a component's code), and where wanted address, lon,
    lat (WGS 84), every_days, opens, closes. Nothing is taken if one line is wrong.
    """
    try:
        taken = patrols.load(load().dsn("owner"), file.read_bytes())
    except PlanRefused as refused:
        raise CommandFailed(str(refused)) from None
    console.print(f"{taken} lines in the plan")


@app.command("kinds", epilog="Example: citygrid patrol kinds --json")
def kinds(as_json: AsJson = False) -> None:
    """Show the kinds of recurring visits, how often each is made and how long it takes."""
    listed = patrols.kinds(load().dsn("owner"))
    if as_json:
        print(for_machines(listed))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("kind", "title_zh", "every_days", "minutes", "places"):
        table.add_column(column)
    for row in listed:
        table.add_row(*(str(row[column]) for column in ("kind", "title_zh", "every_days", "minutes", "places")))
    console.print(table)
