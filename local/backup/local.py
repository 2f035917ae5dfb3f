"""A backup of the running installation, and its restore into a new state folder of the local stack."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.backup import BackupFailed, archive, databases, topics
from local.stack import downloads, postgres
from local.stack.local import LocalStack, Ports, stop
from processes.logins import as_prepare
from runtime.settings import Settings, load

Bar = Callable[[str, int], topics.Advance]


def back_up(settings: Settings, folder: Path, bar: Bar) -> int:
    """Write the backup `folder` while all runs; the number of records in it. `bar(title, total)` shows progress.

    Raises BackupFailed with nothing left behind.
    """
    signing_key = archive.signing_key(settings, make=True)
    key = settings.pseudonym_key_file
    if key is None or not key.is_file():
        raise BackupFailed("CITYGRID_PSEUDONYM_KEY_FILE names no file: a backup without the key would be of no use.")
    with archive.being_written(folder) as scratch:
        admin = settings.dsn("admin")
        databases.dump(admin, scratch / "databases" / f"{postgres.DATABASE}.dump")
        local = _is_local(settings)
        (scratch / "secrets").mkdir()
        secrets = sorted((settings.state_dir / "secrets").iterdir()) if local else []
        for secret in {key, *secrets}:
            shutil.copy(secret, scratch / "secrets" / ("pseudonym.key" if secret == key else secret.name))
        groups = topics.group_offsets(settings)
        known = topics.ours(settings)
        counts = topics.dump(settings, known, scratch / "topics", bar("records", topics.size(settings, known)))
        if local:
            registry = LocalStack(settings.state_dir, Ports.of(settings), Path()).dsn(
                postgres.SUPERUSER, postgres.REGISTRY_DATABASE
            )
            databases.dump(registry, scratch / "databases" / f"{postgres.REGISTRY_DATABASE}.dump")
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        about = {
            "made_at": made_at,
            "local": local,
            "topics": counts,
            "groups": groups,
            "partitions": settings.partitions,
        }
        archive.seal(scratch, about, signing_key)
    return sum(count for by_partition in counts.values() for count in by_partition.values())


def restore(settings: Settings, folder: Path, bar: Bar) -> int:
    """Fill a new state folder from the backup `folder`; the number of records. Nothing may run there. Starts the parts,
    fills them and stops them again: `citygrid up` continues. Raises BackupFailed, PartFailed, DownloadFailed.
    """
    manifest = archive.opened(folder, archive.signing_key(settings, make=False))
    if not manifest["local"]:
        raise BackupFailed(
            "This backup is of an installation with its own cluster and registry: `citygrid restore` fills a local "
            "stack only. Load databases/ with pg_restore there; topics/ are Avro files, one a partition. Nothing was "
            "restored."
        )
    if settings.partitions != manifest["partitions"]:
        raise BackupFailed(f"Set CITYGRID_PARTITIONS={manifest['partitions']} as it was. Nothing was restored.")
    state = settings.state_dir.resolve()
    if state.exists() and any(state.iterdir()):
        raise BackupFailed(f"{state} is not empty: stop citygrid and `citygrid reset`, or set CITYGRID_STATE_DIR anew.")
    (state / "secrets").mkdir(parents=True, mode=0o700)
    for secret in (folder / "secrets").iterdir():
        shutil.copy(secret, state / "secrets" / secret.name)
        (state / "secrets" / secret.name).chmod(0o600)
    cache = downloads.folder(settings.downloads_dir)
    stack = LocalStack(state, Ports.of(settings), cache, logins=settings.local_logins)
    running = stack.start(["postgres"])
    try:
        for name in (postgres.DATABASE, postgres.REGISTRY_DATABASE):
            databases.restore(stack.dsn(postgres.SUPERUSER, name), folder / "databases" / f"{name}.dump")
        running |= stack.start(["kafka", "registry"], beside=running)
        partitions = {"CITYGRID_PARTITIONS": str(settings.partitions)}
        return _fill(as_prepare(load(stack.write_environment(partitions))), folder, manifest, bar)
    finally:
        stop(running)


def _fill(settings: Settings, folder: Path, manifest: dict[str, Any], bar: Bar) -> int:
    """Kafka's records, and what counts in its offsets."""
    counts = manifest["topics"]
    total = sum(int(count) for by_partition in counts.values() for count in by_partition.values())
    admin = settings.dsn("admin")
    sinks = databases.sink_offsets(admin)
    wanted: dict[topics.Place, set[int]] = {}
    for (sink_and_topic, number), offset in sinks.items():
        wanted.setdefault((sink_and_topic.split("\n")[1], number), set()).add(offset)
    for places in manifest["groups"].values():
        for text, offset in places.items():
            wanted.setdefault(topics.place(text), set()).add(offset)
    now = topics.restore(settings, counts, folder / "topics", wanted, bar("records", total))
    databases.adopt(
        admin,
        {
            (sink_and_topic, number): now[sink_and_topic.split("\n")[1], number, offset]
            for (sink_and_topic, number), offset in sinks.items()
        },
    )
    databases.end_what_may_be_over(admin)
    topics.set_group_offsets(
        settings,
        {
            group: {text: now[(*topics.place(text), offset)] for text, offset in places.items()}
            for group, places in manifest["groups"].items()
        },
    )
    return total


def _is_local(settings: Settings) -> bool:
    """Whether PostgreSQL and the registry are those of the local stack."""
    return (settings.state_dir / "secrets" / "database.json").is_file()
