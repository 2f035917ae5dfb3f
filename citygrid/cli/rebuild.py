"""Fill a view's table anew from its topic, beside the one in force."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from citygrid.cli import CommandFailed
from citygrid.cli.screen import console
from runtime.settings import load

EXAMPLE = "citygrid rebuild household"


def command(view: Annotated[str, typer.Argument(help="resident, household, dwelling …")]) -> None:
    """Fill a view's table anew from its topic; readers see the old one until the new one takes its place at once.

    For a table that is damaged, or whose columns or indexes changed. Ctrl-C leaves the old one in force.
    """
    from database.listing import NoSuchView
    from sinks.generation import NotSwitched, rebuild

    stopping = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: stopping.set())
    try:
        number = rebuild(load(), view, stopping)
    except (NoSuchView, NotSwitched) as left:
        raise CommandFailed(str(left)) from None
    console.print(f"Generation {number} of {view} is in force.")
