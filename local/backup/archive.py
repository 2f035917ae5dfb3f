"""The folder of a backup: private, whole or not there, and unchanged since."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from typing import Any

from local.backup import VERSION, BackupFailed

MANIFEST = "manifest.json"


@contextmanager
def being_written(folder: Path) -> Iterator[Path]:
    """A folder beside `folder`, mode 0700, that takes its name when all is written and on disk; nothing is left of it
    after an error. Raises BackupFailed if `folder` is there already."""
    if folder.exists():
        raise BackupFailed(f"{folder} is there already: name a folder that is not, no backup is overwritten.")
    scratch = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(scratch, ignore_errors=True)
    before = os.umask(0o077)
    try:
        scratch.mkdir(parents=True, mode=0o700)
        yield scratch
        os.sync()
        scratch.rename(folder)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    finally:
        os.umask(before)


def seal(folder: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest with the digest of every file."""
    files = {str(file.relative_to(folder)): _digest(file) for file in sorted(folder.rglob("*")) if file.is_file()}
    text = json.dumps({"version": VERSION, **manifest, "files": files}, indent=1, ensure_ascii=False)
    (folder / MANIFEST).write_text(text, "utf-8")


def opened(folder: Path) -> dict[str, Any]:
    """The manifest. Raises BackupFailed if a file is missing or is not what was written."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError) as unreadable:
        raise BackupFailed(f"{folder} holds no readable {MANIFEST}: it is no backup of citygrid.") from unreadable
    if manifest.get("version") != VERSION:
        raise BackupFailed(
            f"{folder} was written by another version of citygrid ({manifest.get('version')}): use that."
        )
    for name, digest in manifest["files"].items():
        if not (folder / name).is_file() or _digest(folder / name) != digest:
            raise BackupFailed(f"{folder / name} is missing or was changed: take another backup. Nothing was restored.")
    return manifest


def _digest(file: Path) -> str:
    with file.open("rb") as data:
        return file_digest(data, "sha256").hexdigest()
