"""What communities tell everybody by their door plates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from citygrid.cli import CommandFailed
from citygrid.cli.screen import console
from database import communities
from database.communities import FileRefused
from runtime.settings import load

EXAMPLE = "citygrid community load community.csv"

app = typer.Typer(help=__doc__, no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps the single command a subcommand."""


@app.command("load", epilog=f"Example: {EXAMPLE}")
def load_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A CSV file, UTF-8 or GB 18030.")],
) -> None:
    """Take what communities tell: a profile, and doctor, housekeeper, restaurants and other services nearby.

    Columns: community (12 digits), kind (profile, office, doctor, housekeeper, restaurant, pharmacy, police, repair,
    other), name_zh, and where wanted name_en, about_zh, about_en, address, phone, hours. What a community named in
    the file told before goes; nothing is taken if one line is wrong.
    """
    try:
        taken = communities.load(load().dsn("owner"), file.read_bytes())
    except FileRefused as refused:
        raise CommandFailed(str(refused)) from None
    console.print(f"{taken} lines are told")
