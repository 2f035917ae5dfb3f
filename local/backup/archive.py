"""The folder of a backup: private, whole or not there, and unchanged since, which its signature proves.

The digests of a manifest alone prove nothing: who changes a file can write another manifest. So it is signed with a key
that is not in the backup (`CITYGRID_BACKUP_KEY_FILE`).
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import file_digest
from hmac import compare_digest, digest
from pathlib import Path
from typing import Any

from local.backup import VERSION, BackupFailed
from runtime.settings import Settings

MANIFEST, SIGNATURE = "manifest.json", "manifest.hmac"
KEY_BYTES = 32
NOTHING = "Nothing was restored."


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


def key_file(settings: Settings) -> Path:
    """Where the key of backups is: not in the state folder, with which it would be lost."""
    return settings.backup_key_file or Path("~/.config/citygrid/backup.key").expanduser()


def signing_key(settings: Settings, *, make: bool) -> bytes:
    """The key of backups, 64 hexadecimal digits in a file; with `make` a new one if there is no file.

    Raises BackupFailed if it is not there, is no key, or can be read by others.
    """
    file = key_file(settings)
    if make and not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(secrets.token_hex(KEY_BYTES) + "\n")
    try:
        mode, text = file.stat().st_mode, file.read_text("ascii")
        key = bytes.fromhex(text.strip())
    except (OSError, ValueError) as unreadable:
        raise BackupFailed(
            f"The key of backups {file} cannot be read ({type(unreadable).__name__}): put the one there with which the "
            f"backup was made, or name it by CITYGRID_BACKUP_KEY_FILE. {NOTHING}"
        ) from unreadable
    if mode & 0o077 or len(key) != KEY_BYTES:
        raise BackupFailed(
            f"The key of backups {file} must be 64 hexadecimal digits that only you can read: chmod 600."
        )
    return key


def seal(folder: Path, manifest: dict[str, Any], key: bytes) -> None:
    """Write the manifest with the digest of every file, and its signature."""
    files = {str(file.relative_to(folder)): _digest(file) for file in sorted(folder.rglob("*")) if file.is_file()}
    text = json.dumps({"version": VERSION, **manifest, "files": files}, indent=1, ensure_ascii=False)
    (folder / MANIFEST).write_text(text, "utf-8")
    (folder / SIGNATURE).write_text(_signature(text.encode(), key) + "\n")


def opened(folder: Path, key: bytes) -> dict[str, Any]:
    """The manifest. Raises BackupFailed if it was not signed with `key`, if a file is missing or is not what was
    written, or if there is one that was not written."""
    try:
        text = (folder / MANIFEST).read_bytes()
        manifest: dict[str, Any] = json.loads(text)
    except (OSError, ValueError) as unreadable:
        raise BackupFailed(f"{folder} holds no readable {MANIFEST}: it is no backup of citygrid.") from unreadable
    if manifest.get("version") != VERSION:
        raise BackupFailed(
            f"{folder} was written by another version of citygrid ({manifest.get('version')}): use that."
        )
    _require_signature(folder, text, key)
    there = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_symlink() or not file.is_dir()}
    if strangers := sorted(there - manifest["files"].keys() - {MANIFEST, SIGNATURE}):
        raise BackupFailed(f"{folder / strangers[0]} is no part of this backup: take another backup. {NOTHING}")
    for name, wanted in manifest["files"].items():
        file = folder / name
        if file.is_symlink() or not file.is_file() or _digest(file) != wanted:
            raise BackupFailed(f"{file} is missing or was changed: take another backup. {NOTHING}")
    return manifest


def _require_signature(folder: Path, manifest: bytes, key: bytes) -> None:
    try:
        signed = (folder / SIGNATURE).read_text("ascii").strip()
    except (OSError, ValueError):
        signed = ""
    if not compare_digest(signed, _signature(manifest, key)):
        raise BackupFailed(
            f"{folder / MANIFEST} was not signed with this key of backups: it was changed, or it is another "
            f"installation's (CITYGRID_BACKUP_KEY_FILE). {NOTHING}"
        )


def _signature(manifest: bytes, key: bytes) -> str:
    return digest(key, b"citygrid backup\0" + manifest, "sha256").hex()


def _digest(file: Path) -> str:
    with file.open("rb") as data:
        return file_digest(data, "sha256").hexdigest()
