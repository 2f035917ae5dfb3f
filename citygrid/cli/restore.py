"""Restore a backup into a new, empty state folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from citygrid.cli import CommandFailed
from citygrid.cli.screen import console, counting
from local.backup import BackupFailed, local
from local.stack.children import PartFailed
from local.stack.downloads import DownloadFailed
from runtime.settings import load

EXAMPLE = "citygrid restore /srv/backup/2026-03-02 && citygrid up"


def command(folder: Annotated[Path, typer.Argument(help="What `citygrid backup` wrote.", exists=True)]) -> None:
    """Restore a backup into a new, empty state folder; then `citygrid up` continues with it."""
    settings = load()
    with counting("restoring") as bar:
        try:
            records = local.restore(settings, folder.absolute(), bar)
        except (BackupFailed, PartFailed, DownloadFailed) as failed:
            raise CommandFailed(str(failed)) from failed
    console.print(f"{settings.state_dir}: {records} records, databases and keys; continue with `citygrid up`")
    console.print(
        "All sessions are over, and all keys of departments and devices closed, as one may have been revoked after the "
        "backup: `citygrid keys reopen ID`, `citygrid devices reopen --all`. Disable accounts that were disabled since."
    )
