"""Start a part as a child that cannot outlive its parent, watch it, stop it.

`setpriv` (util-linux, part of every Linux distribution) sets the parent-death signal and drops privileges; the kernel
then ends the child however its parent dies, `kill -9` included. The signal follows the *thread* that forked: start
children from a thread that lives as long as they should.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

UMASK = 0o077
"""Of every child: what it writes holds personal data, and nobody else on this machine has a use for it."""


class PartFailed(Exception):
    """A part did not start, or died; the message says where its log is and how it ends."""


@dataclass(frozen=True)
class Program:
    """How to run one part: also what the supervisor is told.

    `dies_by` is what the kernel sends if the parent vanishes; `stops_by` is the part's orderly end.
    `drop_to` is a user to become when started as root, `capability` one that it keeps (`+dac_read_search`).
    """

    name: str
    command: tuple[str, ...]
    folder: Path
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    stops_by: signal.Signals = signal.SIGTERM
    dies_by: signal.Signals = signal.SIGKILL
    drop_to: str | None = None
    capability: str | None = None

    def bound_to_parent(self, dies_by: str | None = None) -> list[str]:
        """The command under `setpriv`: with the parent-death signal and the privileges it is to have."""
        setpriv = shutil.which("setpriv")
        if not setpriv:
            raise PartFailed("`setpriv` is missing: install util-linux, it keeps processes from outliving citygrid.")
        wrapped = [setpriv, "--pdeathsig", dies_by or self.dies_by.name.removeprefix("SIG")]
        if self.drop_to:
            wrapped += ["--reuid", self.drop_to, "--regid", self.drop_to, "--clear-groups"]
        if self.capability:
            wrapped += ["--inh-caps", self.capability, "--ambient-caps", self.capability]
        return [*wrapped, "--", *self.command]


@dataclass
class Child:
    """A running program."""

    program: Program
    process: subprocess.Popen[bytes]

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def stop(self, patience: float = 20) -> None:
        """End it in order, by force after `patience` seconds; returns when it is gone."""
        if self.alive:
            self.process.send_signal(self.program.stops_by)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()

    def kill(self) -> None:
        """End it as a power cut would; returns when it is gone."""
        self.process.kill()
        self.process.wait()


def java_scratch(folder: Path) -> tuple[str, ...]:
    """Options that keep a Java part's temporary files (native libraries) in `folder`, emptied now: what was killed
    could not clear up after itself."""
    scratch = folder / "tmp"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    return (f"-Djava.io.tmpdir={scratch}", "-XX:-UsePerfData")


def start(program: Program) -> Child:
    """Run `program` in the background under `UMASK`, its output appended to its log."""
    program.log.parent.mkdir(parents=True, exist_ok=True)
    with open_log(program.log) as log:
        process = subprocess.Popen(
            program.bound_to_parent(),
            cwd=program.folder,
            env={**os.environ, **program.environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            umask=UMASK,
        )
    return Child(program, process)


def open_log(log: Path) -> BinaryIO:
    """`log` to append to; a new one can be read by its owner only."""
    return os.fdopen(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab")


def make_private(folder: Path) -> None:
    """Make the state folder `folder` with mode 0700, and close one that an older version left open.

    Raises PartFailed if other users write there, as into /tmp, or if it, or the link that it is, belongs to somebody
    else: whoever owns a folder puts other files into it, and root would run them.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if {folder.stat().st_uid, folder.lstat().st_uid} != {os.geteuid()}:
        raise PartFailed(
            f"{folder} belongs to another user: run citygrid as that user, or set CITYGRID_STATE_DIR to a folder of "
            "your own."
        )
    mode = folder.stat().st_mode
    if mode & 0o002:
        raise PartFailed(f"Every user may write into {folder}: set CITYGRID_STATE_DIR to a folder of citygrid's alone.")
    if mode & 0o077:
        folder.chmod(0o700)


def run(program: Program, patience: float = 120) -> None:
    """Run `program` to its end. Raises PartFailed with the end of its log if it fails or takes too long."""
    child = start(program)
    try:
        code = child.process.wait(patience)
    except subprocess.TimeoutExpired:
        child.kill()
        raise PartFailed(f"{program.name} took more than {patience:.0f} s.{log_tail(program.log)}") from None
    if code:
        raise PartFailed(f"{program.name} ended with code {code}.{log_tail(program.log)}")


def wait_until(name: str, ready: Callable[[], bool], alive: Callable[[], bool], log: Path, patience: float) -> None:
    """Return once `ready()`. Raises PartFailed if `alive()` turns false or `patience` seconds pass first."""
    deadline = time.monotonic() + patience
    while not ready():
        if not alive():
            raise PartFailed(f"{name} died while it started.{log_tail(log)}")
        if time.monotonic() > deadline:
            raise PartFailed(f"{name} was not ready after {patience:.0f} s.{log_tail(log)}")
        time.sleep(0.05)


def log_tail(log: Path, lines: int = 12) -> str:
    """The end of a part's log, to follow a sentence about its failure."""
    if not log.is_file():
        return f" It wrote no log at {log}."
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 8_192))
        tail = file.read().decode(errors="replace").splitlines()[-lines:]
    return f" Its log {log} ends:\n" + "\n".join(f"    {line}" for line in tail)
