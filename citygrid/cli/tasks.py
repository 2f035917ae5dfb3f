"""List tasks, the most urgent first."""

from __future__ import annotations

from typing import Annotated, Literal

import typer
from rich.table import Table

from citygrid.cli.screen import AsJson, console, for_machines
from database import listing as reading
from domain.time import CITY
from runtime.settings import load

EXAMPLE = "citygrid tasks --queue 440113001001003 --json"

State = Annotated[
    Literal["dispatched", "acknowledged", "suspended", "completed", "verified", "closed", "all"],
    typer.Option(help="Only these."),
]


def command(
    state: State = "all",
    queue: Annotated[str | None, typer.Option(help="Only this queue's: a grid, a district or city.")] = None,
    rule: Annotated[str | None, typer.Option(help="Only this rule's.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many; all of them with --json if not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List tasks, the most urgent first. --json prints one JSON list."""
    settings = load()
    most = limit or (None if as_json else 50)
    wanted = None if state == "all" else state
    listed = reading.tasks(settings.dsn("sinks"), state=wanted, queue=queue, rule=rule, limit=most)
    if as_json:
        print(for_machines(listed))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("task", "severity", "queue", "state", "rule", "by", "respond by"):
        table.add_column(column, overflow="fold")
    for row in listed:
        due = row["respond_by"].astimezone(CITY).strftime("%m-%d %H:%M") if row["respond_by"] else "-"
        cells = (
            str(row["id"])[-12:],
            row["severity"],
            row["queue"],
            row["state"],
            row["rule"],
            row["claimed_by"] or "-",
            due,
        )
        table.add_row(*cells)
    console.print(table)
    console.print(f"{len(listed)} tasks" + (f", at most {most} are shown: see --limit" if len(listed) == most else ""))
