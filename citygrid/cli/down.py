"""Stop everything in order; the state is kept."""

from __future__ import annotations

from citygrid.cli import CommandFailed
from citygrid.cli.screen import console
from local.supervision import SupervisionFailed, Supervisor
from runtime.settings import load

EXAMPLE = "citygrid down"


def command() -> None:
    """Stop everything in order; the state is kept and `citygrid up` continues with it."""
    settings = load()
    try:
        ran = Supervisor(settings.state_dir).stop()
    except SupervisionFailed as failure:
        raise CommandFailed(str(failure)) from failure
    console.print("stopped" if ran else f"nothing runs in {settings.state_dir}")
