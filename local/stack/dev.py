"""The three parts in the background, for a developer's quick test loops.

    python -m local.stack.dev start --folder /tmp/citygrid-dev
    CITYGRID_TEST_STACK=/tmp/citygrid-dev/citygrid.env pytest tests/integration
    python -m local.stack.dev stop --folder /tmp/citygrid-dev

`start` returns when all are ready. The tests then use fresh topics and databases on that stack instead of starting one.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import psutil
import psycopg
import typer
from psycopg import sql

from local.stack import downloads, postgres
from local.stack.children import UMASK, Program, log_tail, make_private
from local.stack.local import LocalStack, PartName, Ports, stop

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
Folder = Annotated[Path, typer.Option(help="Everything that the stack keeps.")]
USUAL_FOLDER = Path(tempfile.gettempdir()) / "citygrid-dev"
PATIENCE_SECONDS = 300
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there
MEMORY_BYTES = 2 * 1024**3
"""A run of all tests writes some hundred MB of databases and topics; where less is free they use the disk."""

# Nothing of a throwaway stack must outlive a power cut.
CHEAP_POSTGRES = """\
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = '128MB'
min_wal_size = '32MB'
"""
# Thousands of topics are made, and none is old enough to be cleaned.
CHEAP_KAFKA = """\
log.index.size.max.bytes=65536
log.cleaner.backoff.ms=600000
log.segment.delete.delay.ms=1000
replica.high.watermark.checkpoint.interval.ms=60000
"""


@app.command("start", epilog="Example: python -m local.stack.dev start --folder /tmp/citygrid-dev")
def start_in_background(folder: Folder = USUAL_FOLDER) -> None:
    """Start the parts on free ports and leave them running."""
    make_private(folder)
    if running(folder):
        typer.echo(f"It runs already: {folder / 'citygrid.env'}")
        return
    ready = folder / "ready"
    ready.unlink(missing_ok=True)
    log = folder / "dev.log"
    with log.open("ab") as output:
        command = [sys.executable, "-m", "local.stack.dev", "hold", "--folder", str(folder)]
        holder = subprocess.Popen(
            command,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            umask=UMASK,
        )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not ready.exists():
        if holder.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"The stack did not start.{log_tail(log)}")
        time.sleep(0.1)
    typer.echo(f"Ready: {folder / 'citygrid.env'}")


@app.command("stop", epilog="Example: python -m local.stack.dev stop --folder /tmp/citygrid-dev")
def stop_in_background(folder: Folder = USUAL_FOLDER) -> None:
    """Stop the parts; their data stays in the folder."""
    holder = running(folder)
    if not holder:
        typer.echo("It does not run.")
        return
    holder.terminate()
    holder.wait(60)
    typer.echo("Stopped.")


class Throwaway(LocalStack):
    """A stack for tests: cheap to run, and gone with its process."""

    def program(self, name: PartName) -> Program:
        made = super().program(name)
        if name == "postgres":
            # the last of its files: the cluster owns it already
            with (self.folder / name / "data" / "postgresql.auto.conf").open("a") as configuration:
                configuration.write(CHEAP_POSTGRES)
        if name == "kafka":
            with (self.folder / name / "server.properties").open("a") as properties:
                properties.write(CHEAP_KAFKA)
            # G1 marks beside the program, on a core that the tests want
            return replace(made, command=tuple(option.replace("UseG1GC", "UseSerialGC") for option in made.command))
        return made


@app.command(hidden=True)
def hold(folder: Folder, throwaway: Annotated[bool, typer.Option(help="Keep nothing.")] = False) -> None:
    """Run the parts in the foreground until SIGTERM or Ctrl-C."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # a test's code runs too seldom for Java's second compiler to pay for itself, and it takes a core for minutes
    os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")
    (folder / "pid").write_text(str(os.getpid()))
    with _in_memory(folder) if throwaway else nullcontext():
        _hold(folder, (Throwaway if throwaway else LocalStack)(folder, Ports.free(), downloads.folder(None)))


def _hold(folder: Path, stack: LocalStack) -> None:
    started = stack.start()
    try:
        _make_cheap(stack)
        stack.write_environment()
        (folder / "ready").touch()
        while all(child.alive for child in started.values()):
            time.sleep(0.5)
        dead = next(name for name, child in started.items() if not child.alive)
        print(f"{dead} died.{log_tail(stack.log(dead))}", flush=True)
    finally:
        (folder / "ready").unlink(missing_ok=True)
        stop(started)


@contextmanager
def _in_memory(folder: Path) -> Iterator[None]:
    """What the parts of `folder` store is in memory, if there is enough: making and deleting the files of databases and
    topics took a sixth of a core's time in a run of all tests."""
    _remove_what_killed_runs_left()
    if not _room():
        yield
        return
    memory = Path(tempfile.mkdtemp(prefix=f"citygrid-{os.getpid()}-", dir=MEMORY))
    try:
        for place in ("postgres", "kafka/data"):
            (memory / place).mkdir(parents=True)
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).symlink_to(memory / place)
        yield
    finally:
        shutil.rmtree(memory, ignore_errors=True)


def _room() -> bool:
    try:
        free = shutil.disk_usage(MEMORY).free
    except OSError:
        return False
    return os.access(MEMORY, os.W_OK) and min(free, psutil.virtual_memory().available // 2) >= MEMORY_BYTES


def _remove_what_killed_runs_left() -> None:
    for left in MEMORY.glob("citygrid-*-*"):
        pid = left.name.split("-")[1]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(left, ignore_errors=True)


def _make_cheap(stack: LocalStack) -> None:
    """PostgreSQL for databases of a test: nothing is flushed for a power cut, and no login stretches a password that is
    random anyway. The registry's does: its driver refuses to log in with fewer rounds than RFC 7677 recommends."""
    with psycopg.connect(stack.dsn(postgres.SUPERUSER, "postgres"), autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET fsync = off")
        admin.execute("SELECT pg_reload_conf()")
        admin.execute("SET scram_iterations = 1")
        for role in (postgres.SUPERUSER, *postgres.ROLES):
            if role != "citygrid_registry":
                password = sql.Literal(stack.passwords[role])
                admin.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), password))


def running(folder: Path) -> psutil.Process | None:
    """The process that holds the stack of `folder`, if one does."""
    try:
        process = psutil.Process(int((folder / "pid").read_text()))
        return process if "local.stack.dev" in process.cmdline() else None
    except (FileNotFoundError, ValueError, psutil.Error):
        return None


if __name__ == "__main__":
    app()
