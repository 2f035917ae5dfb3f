"""Print door plates with a QR code, list and revoke them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from citygrid import plate_sheet
from citygrid.cli import CommandFailed
from citygrid.cli.screen import AsJson, console, for_machines
from citygrid.plate_sheet import FontMissing
from database import plates
from database.plates import PlateRefused
from runtime.settings import load
from wire.values.codes import as_registered

EXAMPLE = "citygrid plates print --grid 440113001001003"

app = typer.Typer(help=__doc__, no_args_is_help=True)

Grid = Annotated[str, typer.Option(help="First digits of the grid code: every door of that area.")]


@app.command("print", epilog=f"Example: {EXAMPLE}")
def print_plates(
    doors: Annotated[list[str] | None, typer.Argument(help="Numbers of dwellings, instead of an area.")] = None,
    grid: Grid = "",
    out: Annotated[Path, typer.Option(help="The PDF, A6, a page a door.")] = Path("plates.pdf"),
    again: Annotated[
        bool, typer.Option(help="Also where a plate hangs: a new code, and the old one opens nothing.")
    ] = False,
    font: Annotated[Path, typer.Option(help="With Chinese characters; embedded as far as used.")] = plate_sheet.FONT,
) -> None:
    """Print plates: of an area those that doors lack, of named doors a new one each. Codes are in the PDF only."""
    if bool(doors) == bool(grid):
        raise CommandFailed("Say which doors: their numbers, or an area by --grid.")
    settings = load()
    if not settings.public_url and settings.mode == "production":
        raise CommandFailed("CITYGRID_PUBLIC_URL is not set: it stands on each plate. Set it to where phones come.")
    base = settings.public_url or f"http://127.0.0.1:{settings.api_port}"
    named = [as_registered("dwelling", door) for door in doors or []]
    made = out.with_name(f".{out.name}.unfinished")
    try:
        with plates.issued(settings.dsn("owner"), named, grid, again=again or bool(doors)) as issued:
            if not issued:
                raise CommandFailed("Every door there has a plate: --again prints new ones and revokes the old.")
            number = plate_sheet.write(issued, base, made, font)
        made.replace(out)
    except (PlateRefused, FontMissing) as refused:
        raise CommandFailed(str(refused)) from None
    finally:
        made.unlink(missing_ok=True)
    console.print(f"{number} plates in {out}; their codes are kept nowhere else")
    if not settings.public_url:
        console.print(f"They lead to {base}, which only this machine reaches: CITYGRID_PUBLIC_URL names another.")


@app.command("list", epilog="Example: citygrid plates list --grid 440113001001003")
def show(grid: Grid, as_json: AsJson = False) -> None:
    """Show the doors of an area and since when each has a plate; no codes, they are kept nowhere."""
    listed = plates.doors(load().dsn("owner"), area=grid)
    if as_json:
        print(for_machines(listed))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("dwelling", "address", "plate since"):
        table.add_column(column)
    for row in listed:
        since = f"{row['plate_made_at']:%Y-%m-%d}" if row["plate_made_at"] else ""
        table.add_row(row["dwelling"], row["address"] or "", since)
    console.print(table)


@app.command(epilog="Example: citygrid plates revoke D-1")
def revoke(door: Annotated[str, typer.Argument(help="The dwelling's number.")]) -> None:
    """End a door's plate: its code opens nothing from now on."""
    try:
        plates.revoke(load().dsn("owner"), as_registered("dwelling", door))
    except PlateRefused as refused:
        raise CommandFailed(str(refused)) from None
    console.print(f"the plate of {door} is worth nothing any more")
