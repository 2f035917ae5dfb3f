"""Start everything: Kafka, registry, PostgreSQL, stages, sinks, API and pages. Ctrl-C stops it in order."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from citygrid.cli import CommandFailed
from citygrid.cli.screen import Steps, console, errors, show
from database.migrate import AnotherHistory
from local import preflight
from local.bring_up import BringUp, table
from local.stack.children import PartFailed, log_tail
from local.stack.downloads import DownloadFailed
from local.supervision import SupervisionFailed, Supervisor
from runtime.settings import Settings, load

EXAMPLE = "citygrid up"
LOOK_SECONDS = 1.0


class _Stopped(BaseException):
    """Ctrl-C, `citygrid down`, or the end of the terminal."""


def command(
    detach: Annotated[bool, typer.Option("--detach", help="Return once all runs; `citygrid down` stops it.")] = False,
    parts_only: Annotated[
        bool, typer.Option("--parts-only", help="Only Kafka, registry and PostgreSQL, to run one's own beside them.")
    ] = False,
) -> None:
    """Start everything: Kafka, registry, PostgreSQL, stages, sinks, API and pages. Ctrl-C stops it in order."""
    settings = load()
    for which in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(which, _stop)
    supervisor = Supervisor(settings.state_dir)
    begun = False
    try:
        with supervisor.lock():
            _refuse_what_cannot_work(settings, supervisor)
            begun = True
            with Steps() as steps:
                bring_up = BringUp(settings, steps.tell, steps.bar)
                settings = bring_up.run(detached=detach, parts_only=parts_only)
        show(table(settings), Path.cwd())
        for line in bring_up.to_show:
            console.print(line, highlight=False)
        console.print(f"Pages: http://{settings.host}:{settings.api_port}  ·  state: {settings.state_dir}")
        if detach:
            return
        console.print("Ctrl-C stops everything in order.")
        _watch(supervisor, settings)
    except _Stopped:
        _stop_all(supervisor)
    except (AnotherHistory, PartFailed, DownloadFailed, SupervisionFailed, OSError) as failure:
        if begun:
            _stop_all(supervisor)
        raise CommandFailed(str(failure)) from failure


def _refuse_what_cannot_work(settings: Settings, supervisor: Supervisor) -> None:
    if running := supervisor.process():
        raise SupervisionFailed(
            f"citygrid runs already in {settings.state_dir} (process {running.pid}): see `citygrid status`, or stop it "
            "with `citygrid down`."
        )
    from local.stack.downloads import folder
    from processes import plugins

    if troubles := [*plugins.troubles(), *preflight.troubles(settings, folder(settings.downloads_dir))]:
        raise CommandFailed("\n".join(troubles))


def _watch(supervisor: Supervisor, settings: Settings) -> None:
    """Stay until told to stop; say a sentence when a process dies, and end if the supervisor itself does."""
    known = supervisor.states()
    warned: str | None = None
    while True:
        time.sleep(LOOK_SECONDS)
        full = preflight.filling(settings.state_dir)
        if not supervisor.process():
            if supervisor.told_to_stop:
                errors.print("stopped by `citygrid down`; the state is kept, `citygrid up` continues with it")
                return
            why = f" {full}" if full else log_tail(supervisor.log)
            raise SupervisionFailed(f"The supervisor is gone, and all processes with it.{why}")
        if full and not warned:
            errors.print(full)
        warned = full
        now = supervisor.states()
        for name, state in now.items():
            before = known.get(name)
            if before and before.pid and state.pid != before.pid and not supervisor.told_to_stop:
                log = settings.state_dir / "logs" / f"{name}.log"
                if not supervisor.told_to_restart(before.pid):
                    errors.print(f"{name} died (process {before.pid}) and is started again; its log: {log}")
        known = {**known, **{name: state for name, state in now.items() if state.pid}}


def _stop_all(supervisor: Supervisor) -> None:
    for which in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(which, signal.SIG_IGN)  # once is enough: what runs is being stopped in order
    if supervisor.process():
        errors.print("stopping everything in order …")
        supervisor.stop()
        errors.print("stopped; the state is kept, `citygrid up` continues with it")


def _stop(_: int, __: FrameType | None) -> None:
    raise _Stopped
