"""Make tables, logins, topics and schemas on the servers that the settings name; may be repeated at any time."""

from __future__ import annotations

from importlib import import_module

from citygrid.cli import CommandFailed
from citygrid.cli.screen import console
from processes.logins import as_prepare
from runtime.settings import load

EXAMPLE = "citygrid prepare"


def command() -> None:
    """Make tables, logins, topics and schemas on the servers that the settings name; may be repeated at any time.

    `citygrid up` does this for the local stack; a city's own cluster and the containers run it before each start.
    """
    from local.bring_up import BEFORE_WORKERS
    from processes import plugins

    settings = as_prepare(load())
    if troubles := plugins.troubles():
        raise CommandFailed("\n".join(troubles))
    for name in BEFORE_WORKERS:
        if name != "observe":  # Prometheus' targets on one host: not in a cluster
            lines: str | list[str] = import_module(f"local.steps.{name}").run(settings)
            for line in [lines] if isinstance(lines, str) else lines:
                console.print(line, markup=False, highlight=False, soft_wrap=True)
