"""supervisord keeps every process of an installation on one host running: its configuration, start, calls, end.

supervisord starts nothing by itself: `bring_up.py` starts the programs in order, once what each stands on is ready. It
restarts what dies, keeps and rotates the logs, and on its own end stops everything in reverse order. All its children
carry a parent-death signal (`stack/children.py`), so even a `kill -9` of it leaves none.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shlex
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from supervisor.xmlrpc import SupervisorTransport

from local.stack.children import UMASK, Program, log_tail, make_private, open_log
from local.stack.local import PARTS

# sun_path of a Unix socket holds 108 bytes, and supervisord adds its pid to the name while it binds
LONGEST_SOCKET_PATH = 90
STOP_SECONDS = 20


class SupervisionFailed(Exception):
    """The supervisor did not start or end, or a state folder is in use; the message says what to do."""


@dataclass(frozen=True)
class ProgramState:
    """What the supervisor says of a program: `state` is RUNNING, STOPPED, STARTING, BACKOFF, FATAL, …"""

    name: str
    state: str
    pid: int
    description: str
    since: int


class Supervisor:
    """The supervisor of one state folder, running or not."""

    def __init__(self, folder: Path) -> None:
        self._named = folder
        self.folder = folder.resolve()
        self.run = self.folder / "run"
        self.log = self.folder / "logs" / "supervisord.log"
        self._pid_file = self.run / "supervisord.pid"
        self._stop_marker = self.run / "told-to-stop"
        self._restarted = self.run / "told-to-restart"

    @property
    def socket(self) -> Path:
        """Where it listens; beside the temporary files if the state folder's name is too long for a socket."""
        usual = self.run / "supervisor.sock"
        if len(str(usual)) <= LONGEST_SOCKET_PATH:
            return usual
        name = hashlib.sha256(str(self.folder).encode()).hexdigest()[:16]
        private = Path(tempfile.gettempdir()) / f"citygrid-{os.getuid()}"
        private.mkdir(mode=0o700, exist_ok=True)
        if private.stat().st_uid != os.getuid() or private.stat().st_mode & 0o077:
            raise SupervisionFailed(f"{private} is not ours alone: remove it, or choose a shorter CITYGRID_STATE_DIR.")
        return private / f"{name}.sock"

    def process(self) -> psutil.Process | None:
        """The supervisor's process if it runs; a pid that a killed run left behind is not taken for one."""
        try:
            process = psutil.Process(int(self._pid_file.read_text()))
            ours = str(self.run / "supervisord.conf") in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
        except (FileNotFoundError, ValueError, psutil.Error):
            return None
        return process if ours else None

    @property
    def told_to_stop(self) -> bool:
        """Whether the last end was asked for, by `stop` in this process or another."""
        return self._stop_marker.exists()

    def told_to_restart(self, pid: int) -> bool:
        """Whether that process went because `stop_programs` was asked to, and not by itself."""
        try:
            return str(pid) in self._restarted.read_text().split()
        except FileNotFoundError:
            return False

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the state folder while it is brought up. The kernel frees the lock of a killed holder.

        Raises SupervisionFailed if somebody else holds it, PartFailed if the folder is not ours alone.
        """
        make_private(self._named)  # a lock file that somebody else made could be any file of ours
        self.run.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.run / "lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise SupervisionFailed(
                    f"Another `citygrid up` (process {file.read() or 'unknown'}) is at work in {self.folder}: wait for "
                    "it, or stop it with `citygrid down`."
                ) from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    def start(self, programs: Sequence[Program], *, detached: bool) -> None:
        """Start the supervisor, none of its programs yet. Not `detached`, it ends in order when this process dies.

        Raises SupervisionFailed if it runs already or does not come up.
        """
        if running := self.process():
            raise SupervisionFailed(
                f"citygrid runs already in {self.folder} (process {running.pid}): see `citygrid status`, or stop it "
                "with `citygrid down`."
            )
        self.run.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.socket.unlink(missing_ok=True)
        self._stop_marker.unlink(missing_ok=True)
        self._restarted.unlink(missing_ok=True)
        configuration = self.run / "supervisord.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(self._configuration(programs))
        command = (sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(configuration))
        program = Program("supervisor", command, self.folder, self.log)
        with open_log(self.log) as log:
            child = subprocess.Popen(
                command if detached else program.bound_to_parent("TERM"),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for `citygrid up`, which then stops all in order
                umask=UMASK,  # the programs inherit it: a supervisor in the foreground sets none of its own
            )
        deadline = time.monotonic() + STOP_SECONDS
        while not self._answers():
            if child.poll() is not None or time.monotonic() > deadline:
                raise SupervisionFailed(f"The supervisor did not start.{log_tail(self.log)}")
            time.sleep(0.05)

    def start_program(self, name: str) -> None:
        """Start a program; returns at once. Nothing happens if it runs."""
        try:
            self._call("startProcess", name, False)
        except xmlrpc.client.Fault as fault:
            if "ALREADY_STARTED" not in fault.faultString:
                raise SupervisionFailed(f"{name} could not be started: {fault.faultString}.") from fault

    def stop_programs(self, names: Sequence[str]) -> None:
        """Stop programs that need nothing of each other, to be started anew. Nothing happens to one that has ended."""
        states = self.states()
        with self._restarted.open("a") as file:
            file.writelines(f"{states[name].pid}\n" for name in names if states[name].pid)
        self._stop_together(names, STOP_SECONDS + 5)

    def states(self) -> dict[str, ProgramState]:
        """Every program by name; empty if the supervisor does not run."""
        if not self.process() or not self._answers():
            return {}
        rows: list[dict[str, Any]] = self._call("getAllProcessInfo")
        return {
            row["name"]: ProgramState(
                row["name"], row["statename"], row["pid"], row["spawnerr"] or row["description"], row["start"]
            )
            for row in rows
        }

    def stop(self, patience: float = 120) -> bool:
        """Stop our own processes side by side, then the parts in reverse order, then the supervisor; returns whether it
        ran. Raises SupervisionFailed if it still runs after `patience` seconds.
        """
        process = self.process()
        if not process:
            return False
        try:
            self._stop_marker.touch()
        except OSError:
            pass  # a full disk: it is stopped all the same, and whoever watches it hears of the disk
        self._stop_together([name for name in self.states() if name not in PARTS], patience)
        process.terminate()
        try:
            process.wait(patience)
        except psutil.TimeoutExpired:
            raise SupervisionFailed(
                f"The supervisor (process {process.pid}) has not stopped after {patience:.0f} s; its log is {self.log}."
            ) from None
        self.socket.unlink(missing_ok=True)
        return True

    def _stop_together(self, names: Sequence[str], patience: float) -> None:
        """Stop programs that need nothing of each other; the supervisor alone would wait for one after the other."""
        for name in names:
            try:
                self._call("stopProcess", name, False)
            except (OSError, xmlrpc.client.Error):
                continue  # it does not run, or the supervisor is going already: `terminate` takes what is left
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and any(
            state.state == "STOPPING" for name, state in self.states().items() if name in names
        ):
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            return bool(self._call("getState")["statename"])
        except (OSError, xmlrpc.client.Error, AttributeError):  # AttributeError: supervisor's own, on a lost socket
            return False

    def _call(self, method: str, *arguments: Any) -> Any:
        server = xmlrpc.client.ServerProxy(
            "http://127.0.0.1", transport=SupervisorTransport(None, None, f"unix://{self.socket}"), allow_none=True
        )
        return getattr(server.supervisor, method)(*arguments)

    def _configuration(self, programs: Sequence[Program]) -> str:
        main = {
            "nodaemon": "true",
            "silent": "true",
            "logfile": str(self.log),
            "logfile_maxbytes": "5MB",
            "logfile_backups": "2",
            "pidfile": str(self._pid_file),
            "childlogdir": str(self.log.parent),
            **({"user": "root"} if os.geteuid() == 0 else {}),
        }
        sections = {
            "supervisord": main,
            "unix_http_server": {"file": str(self.socket), "chmod": "0700"},
            "rpcinterface:supervisor": {
                "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
            },
        }
        for order, program in enumerate(programs):
            sections[f"program:{program.name}"] = _program_section(program, order)
        return "\n".join(_section(name, options) for name, options in sections.items())


def _program_section(program: Program, order: int) -> dict[str, str]:
    return {
        "command": shlex.join(program.bound_to_parent()),
        "directory": str(program.folder),
        "environment": ",".join(f'{name}="{value}"' for name, value in program.environment.items()),
        "priority": str(10 * (order + 1)),
        "autostart": "false",
        "autorestart": "true",
        "startsecs": "1",
        "startretries": "30",
        "stopsignal": program.stops_by.name.removeprefix("SIG"),
        "stopwaitsecs": str(STOP_SECONDS),
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": str(program.log),
        "stdout_logfile_maxbytes": "20MB",
        "stdout_logfile_backups": "3",
    }


def _section(name: str, options: dict[str, str]) -> str:
    escaped = (f"{key} = {value.replace('%', '%%')}" for key, value in options.items() if value)
    return f"[{name}]\n" + "\n".join(escaped) + "\n"
