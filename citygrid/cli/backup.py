"""Back up what cannot be computed again: databases, keys, every topic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from citygrid.cli import CommandFailed
from citygrid.cli.screen import console, counting
from local.backup import BackupFailed, local
from runtime.settings import load

EXAMPLE = "citygrid backup /srv/backup/2026-03-02"


def command(folder: Annotated[Path, typer.Argument(help="A folder that is not there yet.")]) -> None:
    """Back up what cannot be computed again, while everything runs: databases, keys, every topic.

    It is signed with the key of CITYGRID_BACKUP_KEY_FILE, which the first backup makes and none holds.
    The folder holds personal data and the key of the pseudonyms, not encrypted: it is readable by you only (mode 0700);
    keep it on an encrypted disk.
    """
    settings = load()
    with counting("backing up") as bar:
        try:
            records = local.back_up(settings, folder.absolute(), bar)
        except BackupFailed as failed:
            raise CommandFailed(str(failed)) from failed
    console.print(f"{folder}: {records} records, databases and keys")
    console.print(
        f"Signed with {settings.backup_key_file}: keep a copy of it apart from backups, no restore without it."
    )
