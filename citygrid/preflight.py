"""What is looked at before anything is started; each trouble is a sentence with its remedy."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import psutil

from citygrid.stack import downloads
from citygrid.stack.local import Ports
from citygrid.stack.ports import PortTaken, require_free
from runtime.settings import Settings

OLDEST_PYTHON = (3, 11)
# measured: broker 600 MB, registry 450 MB, PostgreSQL 150 MB, a worker about 90 MB
MEMORY_MB = 1_536
DISK_MB = 1_024
CGROUP_LIMIT, CGROUP_USED = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")


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
    free = psutil.virtual_memory().available
    if CGROUP_LIMIT.exists() and (limit := CGROUP_LIMIT.read_text().strip()) != "max":
        free = min(free, int(limit) - int(CGROUP_USED.read_text()))
    if free >= MEMORY_MB * 2**20:
        return []
    return [f"Only {free // 2**20} MiB of memory are free and about {MEMORY_MB} MiB are needed: close other programs."]


def _disk(state: Path, cache: Path) -> list[str]:
    found = []
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
            found.append(
                f"The disk of {place} has {free} MiB left and {need} MiB are needed: make room, or set {setting} to a "
                "folder on another disk."
            )
    return found


def _ports(settings: Settings) -> list[str]:
    found = []
    try:
        Ports.of(settings).require_free()
        require_free(settings.api_port, "the pages", "CITYGRID_API_PORT")
    except PortTaken as taken:
        found.append(str(taken))
    return found
