"""Print the rows of a view."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from citygrid.cli import CommandFailed
from citygrid.cli.screen import AsJson, console, for_machines
from database import listing as reading
from runtime.settings import load
from wire.values.codes import as_registered

EXAMPLE = "citygrid view household --json"
SHOWN = 50


def command(
    view: Annotated[str, typer.Argument(help="resident, household, dwelling …")],
    key: Annotated[str | None, typer.Option(help="Only this row's.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print the rows of a view. --json prints one JSON object a line: `key`, `version`, `row`.

    Rows hold what departments say about people: treat the output as their registers.
    """
    listed = reading.rows(load().dsn("sinks"), view, key if key is None else as_registered(view, key))
    try:
        if as_json:
            for row in listed:
                print(for_machines(row))
            return
        table = Table("key", "version", "fields", box=None, pad_edge=False, header_style="bold")
        for number, row in enumerate(listed):
            if number == SHOWN:
                break
            filled = [field for field, value in row["row"].items() if value not in (None, [], {}, "")]
            table.add_row(row["key"], str(row["version"]), ", ".join(filled))
    except reading.NoSuchView as none:
        raise CommandFailed(str(none)) from None
    console.print(table)
    console.print(f"at most {SHOWN} rows and no values are shown: see --json", style="dim")
