"""A backup's folder is what was written, as its signature proves: nothing of another is restored."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from local.backup import BackupFailed, archive, local
from runtime.settings import Settings


def silent(_title: str, _total: int) -> Any:
    return lambda _: None


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, state_dir=tmp_path / "state", backup_key_file=tmp_path / "keys" / "backup.key")


@pytest.fixture
def backup(settings: Settings, tmp_path: Path) -> Path:
    """A backup's folder, sealed; with the city's key in it, as every one has."""
    with archive.being_written(tmp_path / "backup") as scratch:
        (scratch / "secrets").mkdir()
        (scratch / "secrets" / "pseudonym.key").write_text("key")
        archive.seal(scratch, {"local": True, "partitions": 4}, archive.signing_key(settings, make=True))
    return tmp_path / "backup"


def refused(settings: Settings, backup: Path) -> str:
    with pytest.raises(BackupFailed) as failed:
        local.restore(settings, backup, silent)
    assert not settings.state_dir.exists()
    return str(failed.value)


def changed(backup: Path) -> None:
    (backup / "secrets" / "pseudonym.key").write_text("yek")


def changed_with_its_digest(backup: Path) -> None:
    """As somebody does who knows how a backup is made: the manifest tells the new digest."""
    changed(backup)
    manifest = json.loads((backup / archive.MANIFEST).read_text("utf-8"))
    manifest["files"]["secrets/pseudonym.key"] = sha256(b"yek").hexdigest()
    (backup / archive.MANIFEST).write_text(json.dumps(manifest), "utf-8")


def another_manifest(backup: Path) -> None:
    manifest = json.loads((backup / archive.MANIFEST).read_text("utf-8"))
    (backup / archive.MANIFEST).write_text(json.dumps(manifest | {"partitions": 8}), "utf-8")


def unsigned(backup: Path) -> None:
    (backup / archive.SIGNATURE).unlink()


def signed_with_the_citys_key(backup: Path) -> None:
    """Which lies in every backup."""
    text = (backup / archive.MANIFEST).read_bytes()
    (backup / archive.SIGNATURE).write_text(archive._signature(text, b"key"))


def with_another_file(backup: Path) -> None:
    (backup / "secrets" / "database.json").write_text("{}")


def with_a_hidden_file(backup: Path) -> None:
    (backup / ".profile").write_text("")


def with_a_link_to_a_folder(backup: Path) -> None:
    (backup / "topics").symlink_to("/etc")


def linked(backup: Path) -> None:
    (backup.parent / "elsewhere").write_text("key")
    (backup / "secrets" / "pseudonym.key").unlink()
    (backup / "secrets" / "pseudonym.key").symlink_to(backup.parent / "elsewhere")


@pytest.mark.parametrize(
    ("tampered", "why"),
    [
        (changed, "was changed"),
        (changed_with_its_digest, "was not signed"),
        (another_manifest, "was not signed"),
        (unsigned, "was not signed"),
        (signed_with_the_citys_key, "was not signed"),
        (with_another_file, "is no part of this backup"),
        (with_a_hidden_file, "is no part of this backup"),
        (with_a_link_to_a_folder, "is no part of this backup"),
        (linked, "was changed"),
    ],
)
def test_what_was_tampered_with_is_not_restored(
    settings: Settings, backup: Path, tampered: Callable[[Path], None], why: str
) -> None:
    tampered(backup)
    assert why in refused(settings, backup)


def test_an_untouched_one_is_opened(settings: Settings, backup: Path) -> None:
    assert archive.opened(backup, archive.signing_key(settings, make=False))["partitions"] == 4
    assert not [file for file in backup.rglob("*") if file.name == "backup.key"]


def test_without_the_key_of_backups_or_with_another_nothing_is_restored(settings: Settings, backup: Path) -> None:
    file = archive.key_file(settings)
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text(secrets.token_hex(32))
    assert "another installation" in refused(settings, backup)
    file.write_text("a key")
    assert "CITYGRID_BACKUP_KEY_FILE" in refused(settings, backup)
    file.unlink()
    assert "CITYGRID_BACKUP_KEY_FILE" in refused(settings, backup)
