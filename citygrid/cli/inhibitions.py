"""Which alerts of a building stand for those of its flats."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from citygrid.cli import CommandFailed
from citygrid.cli.screen import AsJson, console, for_machines
from database import inhibitions
from database.inhibitions import Pair, PairsRefused
from runtime.settings import load

EXAMPLE = "citygrid inhibitions add facility-danger warned-door"

app = typer.Typer(help=__doc__, no_args_is_help=True)

AtBuilding = Annotated[str, typer.Argument(help="The rule of the building's alert.")]
AtFlats = Annotated[str, typer.Argument(help="The rule of the flats' alerts that it stands for.")]


@app.command("list", epilog="Example: citygrid inhibitions list --json")
def show(as_json: AsJson = False) -> None:
    """Show the pairs of rules in force. --json prints one JSON list."""
    listed = inhibitions.pairs(load().dsn("owner"))
    if as_json:
        print(for_machines([pair._asdict() for pair in listed]))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in inhibitions.COLUMNS:
        table.add_column(column)
    for pair in listed:
        table.add_row(*pair)
    console.print(table)


@app.command("add", epilog=f"Example: {EXAMPLE}")
def add(rule: AtBuilding, inhibits: AtFlats) -> None:
    """An open alert of the first rule at a building hides those of the second at its flats, from now on.

    Their unclaimed tasks are closed with the reason; what somebody has claimed stays in sight.
    """
    try:
        inhibitions.add(load().dsn("owner"), Pair(rule, inhibits))
    except PairsRefused as refused:
        raise CommandFailed(str(refused)) from None
    console.print(f"{rule} at a building hides {inhibits} at its flats")


@app.command("end", epilog="Example: citygrid inhibitions end facility-danger warned-door")
def end(rule: AtBuilding, inhibits: AtFlats) -> None:
    """What the pair hid is shown again, each with a new task and its whole time."""
    try:
        inhibitions.end(load().dsn("owner"), Pair(rule, inhibits))
    except PairsRefused as refused:
        raise CommandFailed(str(refused)) from None
    console.print(f"{rule} at a building hides {inhibits} at its flats no more")


@app.command("load", epilog="Example: citygrid inhibitions load pairs.csv")
def load_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV file, UTF-8 or GB 18030.")],
) -> None:
    """Take a file as the whole list of pairs: what it does not name ends.

    Columns: rule, inhibits. Nothing is taken if one line is wrong.
    """
    try:
        taken = inhibitions.load(load().dsn("owner"), file.read_bytes())
    except PairsRefused as refused:
        raise CommandFailed(str(refused)) from None
    console.print(f"{taken} pairs are in force")
