"""Be one process of the system: what the supervisor and the containers run."""

from __future__ import annotations

from typing import Annotated

import typer

from processes.inventory import run_worker

EXAMPLE = "citygrid worker stage resident"


def command(
    kind: Annotated[str, typer.Argument(help="stage, records, sink, outbox, clock, gateway, devices or api")],
    name: Annotated[str | None, typer.Argument(help="the view of a stage, the name of a sink")] = None,
) -> None:
    """Be one process of the system: what the supervisor and the containers run."""
    run_worker(kind, name)
