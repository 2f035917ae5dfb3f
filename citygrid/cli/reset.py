"""Forget everything: events, rows, tasks, accounts and keys of this state folder."""

from __future__ import annotations

import shutil
from typing import Annotated

import typer

from citygrid.cli import CommandFailed
from citygrid.cli.screen import console
from local.supervision import Supervisor
from runtime.settings import load

EXAMPLE = "citygrid reset --yes"


def command(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Forget everything: events, rows, tasks, accounts and keys of this state folder. Downloads are kept."""
    settings = load()
    folder = settings.state_dir.resolve()
    if settings.mode == "production":
        raise CommandFailed(
            "`citygrid reset` is for the local stack; in production delete topics and databases by hand."
        )
    if not folder.exists():
        console.print(f"there is nothing in {folder}")
        return
    if not (folder / "secrets").is_dir():
        raise CommandFailed(
            f"{folder} is not a state folder of citygrid: look at CITYGRID_STATE_DIR. Nothing was deleted."
        )
    supervisor = Supervisor(folder)
    if supervisor.process():
        raise CommandFailed("It runs: stop it with `citygrid down` first. Nothing was deleted.")
    if not yes and not typer.confirm(f"Delete all events, rows, tasks, accounts and keys in {folder}?"):
        raise CommandFailed("Nothing was deleted.")
    with supervisor.lock():
        shutil.rmtree(folder)
    console.print(f"forgotten: {folder}")
