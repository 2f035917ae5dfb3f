"""List alerts, the newest urgent ones first."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer
from rich.table import Table

from citygrid.cli.screen import AsJson, console, for_machines
from database import listing as reading
from domain.time import CITY
from runtime.settings import load

EXAMPLE = "citygrid alerts --rule car-and-benefit --json"

State = Annotated[
    Literal["opened", "resolved", "held", "all"],
    typer.Option(help="held: older than going live, or unknown."),
]


def command(
    state: State = "opened",
    rule: Annotated[str | None, typer.Option(help="Only this rule's.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many; all of them with --json if not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List alerts, the newest urgent ones first. --json prints one JSON list."""
    settings = load()
    most = limit or (None if as_json else 50)
    listed = reading.alerts(settings.dsn("sinks"), state=None if state == "all" else state, rule=rule, limit=most)
    if as_json:
        print(for_machines(listed))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("severity", "opened", "rule", "grid", "why", "state"):
        table.add_column(column, overflow="fold")
    for row in listed:
        opened = row["opened_at"].astimezone(CITY).strftime("%m-%d %H:%M")
        table.add_row(row["severity"], opened, row["rule"], row["grid"] or "-", row["why_zh"], state_of(row))
    console.print(table)
    console.print(f"{len(listed)} alerts" + (f", at most {most} are shown: see --limit" if len(listed) == most else ""))


def state_of(row: dict[str, Any]) -> str:
    """Its state, and whether nobody knows that it holds."""
    return f"{row['state']}, unknown" if row["unknown"] and row["state"] != "resolved" else str(row["state"])
