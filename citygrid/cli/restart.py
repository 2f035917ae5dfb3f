"""Stop and start processes of the local stack, so that they run the code as it is now; all others go on."""

from __future__ import annotations

from typing import Annotated

import typer

from citygrid.cli import CommandFailed
from citygrid.cli.screen import Steps, console
from citygrid.cli.status import NOTHING_RUNS
from local.bring_up import BringUp
from local.stack.children import PartFailed
from local.stack.local import PARTS
from local.supervision import SupervisionFailed, Supervisor
from processes import plugins
from processes.inventory import Process, workers
from runtime.settings import load

EXAMPLE = "citygrid restart stage-dwelling"


def command(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="As `citygrid status` names them; none: all but Kafka, registry and PostgreSQL."),
    ] = None,
) -> None:
    """Stop and start processes of the local stack, so that they run the code as it is now; all others go on.

    A stage that starts reads what is new of its topics and judges every row again if a rule is new or has a new
    version. A plug-in that cannot run is named before anything is stopped.
    """
    with Steps() as steps:
        bring_up = BringUp(load(), steps.tell, steps.bar)
        processes = _known(names or [], bring_up.supervisor)
        if troubles := plugins.troubles():
            raise CommandFailed("\n".join(troubles))
        try:
            bring_up.restart(processes)
        except (PartFailed, SupervisionFailed) as failure:
            raise CommandFailed(str(failure)) from failure
    console.print(f"restarted {', '.join(process.name for process in processes)}")


def _known(names: list[str], supervisor: Supervisor) -> list[Process]:
    """The processes of these names, without a name all of ours that run. Raises CommandFailed if one is none, or cannot
    be started anew by itself."""
    running, ours = supervisor.states(), {process.name: process for process in workers()}
    if not running:
        raise CommandFailed(f"Nothing runs in {supervisor.folder}: start it with `make up`.", NOTHING_RUNS)
    for name in names:
        if name in PARTS:
            raise CommandFailed(f"All others stand on {name}: `citygrid down`, then `citygrid up` starts it anew.")
        if name not in ours:
            raise CommandFailed(f"There is no process {name!r}; there are: {', '.join(ours)}.")
        if name not in running:
            raise CommandFailed(
                f"{name} is newer than what runs here: `citygrid down`, then `citygrid up` starts it with the others."
            )
    return [ours[name] for name in dict.fromkeys(names or running) if name in ours]
