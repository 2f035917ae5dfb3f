"""Kafka's jars and the registry's archive: fetched once a user, from the Maven repository that jgo is set up with.

`jars.lock` beside this file pins each file by coordinate and SHA-256, so nobody resolves or trusts anything at start.
A file is written under a temporary name, checked, then renamed: what has its name is whole. An interrupted download is
continued where it stopped. `python -m local.stack.relock` writes the lock anew after a version was raised.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import platformdirs
import requests
from jgo.config import GlobalSettings
from jgo.maven import MavenContext
from jgo.util import http
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential

LOCK = Path(__file__).with_name("jars.lock")
CHUNK = 256 * 1024
SECONDS_WITHOUT_A_BYTE = 60

Progress = Callable[[int], None]
"""Called with the number of bytes that just came; a negative number when a partial file had to be thrown away."""


class DownloadFailed(Exception):
    """A file of the local stack could not be fetched or is not the pinned one; the message says what to do."""


@dataclass(frozen=True)
class Pinned:
    """One file of `jars.lock`: the part that needs it, its Maven coordinate, its size in bytes, its SHA-256."""

    part: str
    group: str
    artifact: str
    version: str
    classifier: str
    extension: str
    size: int
    sha256: str

    @property
    def path(self) -> Path:
        """Where it lies in a Maven repository, and in ours."""
        tail = f"-{self.classifier}" if self.classifier else ""
        name = f"{self.artifact}-{self.version}{tail}.{self.extension}"
        return Path(*self.group.split("."), self.artifact, self.version, name)


def pinned(part: str) -> list[Pinned]:
    """The files of `part` (`kafka`, `registry`), in class path order."""
    rows = [line.split() for line in LOCK.read_text().splitlines() if line and not line.startswith("#")]
    pins = []
    for name, coordinate, size, sha256 in rows:
        group, artifact, version, classifier, extension = coordinate.split(":")
        pins.append(Pinned(name, group, artifact, version, classifier, extension, int(size), sha256))
    return [file for file in pins if file.part == part]


def folder(setting: Path | None) -> Path:
    """Where downloads are kept: the setting `CITYGRID_DOWNLOADS_DIR`, else the user's cache folder."""
    return setting or platformdirs.user_cache_path("citygrid") / "downloads"


def missing(files: Iterable[Pinned], cache: Path) -> list[Pinned]:
    """Those of `files` that are not in the cache yet."""
    return [file for file in files if not _is_there(cache / file.path, file)]


def fetch(files: Iterable[Pinned], cache: Path, progress: Progress = lambda _: None) -> None:
    """Bring what is missing of `files` into the cache. Raises DownloadFailed.

    Two processes may fetch into one cache: each has its own temporary file, and the rename is atomic.
    """
    wanted = missing(files, cache)
    if not wanted:
        return
    room = shutil.disk_usage(_existing(cache)).free
    need = 2 * sum(file.size for file in wanted)
    if room < need:
        raise DownloadFailed(
            f"The disk of {cache} has {room // 2**20} MiB left and {need // 2**20} MiB are needed: make room, or "
            "set CITYGRID_DOWNLOADS_DIR to a folder on another disk."
        )
    repositories = list(MavenContext(remote_repos=GlobalSettings.load().repositories or None).remote_repos.values())
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(partial(_fetch_one, cache=cache, repositories=repositories, progress=progress), wanted))


def unpacked(archive: Pinned, cache: Path) -> Path:
    """The folder with the archive's content, unpacked on first use; complete if it is there."""
    target = (cache / archive.path).with_suffix(".d")
    if not target.is_dir():
        scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=".unpacking-"))
        try:
            with tarfile.open(cache / archive.path) as tar:
                # Debian 12's Python 3.11.2 knows no filter yet and ignores this; what is unpacked has the pinned hash
                tar.extraction_filter = getattr(tarfile, "data_filter", None)
                tar.extractall(scratch)  # noqa: S202
            scratch.chmod(0o755)
            scratch.rename(target)
        except OSError:
            if not target.is_dir():  # else another process was faster
                raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return target


def _fetch_one(file: Pinned, cache: Path, repositories: list[str], progress: Progress) -> None:
    target = cache / file.path
    target.parent.mkdir(parents=True, exist_ok=True)
    partial_file = target.with_name(f".{target.name}.{os.getuid()}.part")
    failures = []
    for repository in repositories:
        try:
            _download(f"{repository.rstrip('/')}/{file.path.as_posix()}", partial_file, file, progress)
            partial_file.replace(target)
            return
        except (requests.RequestException, DownloadFailed) as failure:
            failures.append(str(failure))
    raise DownloadFailed(
        f"{file.path.name} could not be downloaded ({'; '.join(failures)}). Check the network and run the command "
        "again: it goes on where it stopped. Behind a mirror, name it under [repositories] in jgo's settings file "
        "(~/.config/jgo.conf)."
    )


@retry(
    retry=retry_if_exception_type(
        (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
    ),
    stop=stop_after_attempt(5),
    wait=wait_exponential(max=10),
    reraise=True,
)
def _download(url: str, into: Path, file: Pinned, progress: Progress) -> None:
    have = into.stat().st_size if into.exists() else 0
    if have >= file.size:
        into.unlink()
        have = 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    with http.get(url, stream=True, timeout=SECONDS_WITHOUT_A_BYTE, headers=headers) as response:
        response.raise_for_status()
        continues = have > 0 and response.status_code == requests.codes.partial_content
        if continues:
            progress(have)
        with into.open("ab" if continues else "wb") as out:
            for chunk in response.iter_content(CHUNK):
                out.write(chunk)
                progress(len(chunk))
    size, digest = into.stat().st_size, _sha256(into)
    if size != file.size or digest != file.sha256:
        into.unlink()
        progress(-size)
        raise DownloadFailed(f"what came as {file.path.name} is not the pinned file: {size} bytes, SHA-256 {digest}")


def _is_there(path: Path, file: Pinned) -> bool:
    return path.is_file() and path.stat().st_size == file.size


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())
