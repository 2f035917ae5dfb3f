"""What is looked at before anything is started; each trouble is a sentence with its remedy."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import psutil

from local.stack import downloads
from local.stack.local import Ports
from local.stack.ports import PortTaken, require_free
from runtime.settings import Settings

OLDEST_PYTHON = (3, 11)
# measured with the demo city: broker 400–600 MB, registry 270, PostgreSQL 100, eight workers of 80–110, the command 100
MEMORY_MB = 2_048
DISK_MB = 1_024
ALARM_MB = 128
CGROUPS, OWN_CGROUP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def troubles(settings: Settings, cache: Path) -> list[str]:
    """Everything that would keep `citygrid up` from working on this machine now, a sentence each; [] if all is well."""
    return [*_python(), *_setpriv(), *_memory(), *_disk(settings.state_dir, cache), *_ports(settings)]


def _python() -> list[str]:
    if sys.version_info >= OLDEST_PYTHON:
        return []
    return [
        f"Python {sys.version.split()[0]} is too old: citygrid needs 3.11 or newer. Remove .venv, install it, retry."
    ]


def _setpriv() -> list[str]:
    return [] if shutil.which("setpriv") else ["`setpriv` is missing: install the package util-linux."]


def _memory() -> list[str]:
    free = min([psutil.virtual_memory().available, *_left_in_cgroups()])
    if free >= MEMORY_MB * 2**20:
        return []
    shortage = f"Only {free // 2**20} MiB of memory are free and about {MEMORY_MB} MiB are needed"
    return [f"{shortage}: close other programs, or give this machine or container more."]


def _left_in_cgroups() -> list[int]:
    """Bytes that each limit above this process (a container's, a service's) still allows; [] without cgroups v2."""
    own = next((line[3:] for line in OWN_CGROUP.read_text().splitlines() if line.startswith("0::")), None)
    if own is None:
        return []
    here = CGROUPS / own.strip("/")
    left = []
    for folder in [here, *here.parents]:
        limit = folder / "memory.max"
        if folder.is_relative_to(CGROUPS) and limit.exists() and (limit_text := limit.read_text().strip()) != "max":
            used = int((folder / "memory.current").read_text())
            kept = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
            cache = int(kept["inactive_file"]) + int(kept["active_file"])  # given back when somebody needs it
            left.append(int(limit_text) - used + cache)
    return left


def _disk(state: Path, cache: Path) -> list[str]:
    troubles = []
    to_fetch = [
        *downloads.missing(downloads.pinned("kafka"), cache),
        *downloads.missing(downloads.pinned("registry"), cache),
    ]
    for place, setting, need in (
        (state, "CITYGRID_STATE_DIR", DISK_MB),
        (cache, "CITYGRID_DOWNLOADS_DIR", 3 * sum(file.size for file in to_fetch) // 2**20),
    ):
        existing = next(folder for folder in (place.absolute(), *place.absolute().parents) if folder.exists())
        free = shutil.disk_usage(existing).free // 2**20
        if free < need:
            troubles.append(
                f"The disk of {place} has {free} MiB left and {need} MiB are needed: make room, or set {setting} to a "
                "folder on another disk."
            )
    return troubles


def filling(state: Path) -> str | None:
    """A sentence if the disk under a running installation is all but full: Kafka and the supervisor die of that."""
    free = shutil.disk_usage(state).free // 2**20
    if free >= ALARM_MB:
        return None
    return (
        f"The disk of {state} has {free} MiB left: make room. On a full disk everything ends; what was committed is "
        "kept, and `citygrid up` continues with it once there is room."
    )


def _ports(settings: Settings) -> list[str]:
    ports = Ports.of(settings)
    wanted = [
        *(
            (getattr(ports, name), name.replace("_", " "), f"CITYGRID_LOCAL_{name.upper()}_PORT")
            for name in ports.names()
        ),
        (settings.api_port, "the pages", "CITYGRID_API_PORT"),
    ]
    in_use = []
    for port, part, setting in wanted:
        try:
            require_free(port, part, setting)
        except PortTaken as taken:
            in_use.append(str(taken))
    return in_use
