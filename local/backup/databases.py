"""PostgreSQL's part of a backup, by `pg_dump` and `pg_restore` of the wheel that the local stack runs on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from local.backup import BackupFailed
from local.stack.postgres import BIN

Offsets = dict[tuple[str, int], int]


def dump(dsn: str, to: Path) -> None:
    """One consistent snapshot of the database; `dsn` is a superuser's. Raises BackupFailed."""
    to.parent.mkdir(parents=True, exist_ok=True)
    _run(dsn, "pg_dump", "--format=custom", f"--file={to}")


def restore(dsn: str, file: Path) -> None:
    """Fill an empty database, all or nothing; its roles must be there. Raises BackupFailed."""
    with psycopg.connect(dsn) as connection:
        _drop_unused_audit(connection)
        row = connection.execute(
            "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
        ).fetchone()
    if row and row[0]:
        raise BackupFailed("The database is not empty: restore into a new state folder. Nothing was restored.")
    _run(
        dsn,
        "pg_restore",
        "--exit-on-error",
        "--single-transaction",
        f"--dbname={conninfo_to_dict(dsn)['dbname']}",
        str(file),
    )


def _drop_unused_audit(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Drop what `database/bootstrap.sql` made for looks, unless somebody has looked: it comes back with the dump."""
    made = connection.execute("SELECT to_regclass('audit.look') IS NOT NULL").fetchone()
    if made and made[0] and not connection.execute("SELECT FROM audit.look LIMIT 1").fetchone():
        connection.execute("DROP SCHEMA audit CASCADE")


def sink_offsets(dsn: str) -> Offsets:
    """The offsets that the sinks' tables rest on, by `sink` newline `topic` and partition."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT sink, topic, partition, next_offset FROM city.sink_offset").fetchall()
    return {(f"{sink}\n{topic}", partition): offset for sink, topic, partition, offset in rows}


def adopt(dsn: str, moved: Mapping[tuple[str, int], int]) -> None:
    """Make the restored rows fit the new cluster and the new server.

    Kafka counts the records anew, so the sinks' offsets move (`moved`, keyed as `sink_offsets`). A row's version only
    guards against records before those offsets, which are not read again: it starts below all of them. Transaction
    numbers of the old server mean nothing here: the live stream begins anew.
    """
    with psycopg.connect(dsn) as connection:
        for (sink_and_topic, partition), offset in moved.items():
            sink, topic = sink_and_topic.split("\n")
            connection.execute(
                "UPDATE city.sink_offset SET next_offset = %s WHERE sink = %s AND topic = %s AND partition = %s",
                (offset, sink, topic, partition),
            )
        tables = connection.execute(
            "SELECT DISTINCT attrelid::regclass::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
            " WHERE c.relnamespace = 'city'::regnamespace AND c.relkind = 'r' AND a.attname = 'version'"
        ).fetchall()
        for (table,) in tables:
            connection.execute(f"UPDATE {table} SET version = -1")  # a name from the catalogue, quoted by it
        connection.execute("TRUNCATE city.feed")


def end_what_may_be_over(dsn: str) -> None:
    """End all sessions, and close every key of departments and devices.

    Nobody can say which of them was ended after the backup: whoever still has one must not come in with it.
    `citygrid keys reopen` and `citygrid devices reopen` open those again that are still good.
    """
    with psycopg.connect(dsn) as connection:
        connection.execute("DELETE FROM city.session")
        connection.execute("DELETE FROM city.login_ticket")
        for table in ("department_key", "device"):
            statement = "UPDATE city.{} SET revoked_at = now(), closed_by_restore = true WHERE revoked_at IS NULL"
            connection.execute(sql.SQL(statement).format(sql.Identifier(table)))


def _run(dsn: str, tool: str, *options: str) -> None:
    where = conninfo_to_dict(dsn)
    environment = {
        **os.environ,
        "PGHOST": str(where.get("host", "")),
        "PGPORT": str(where.get("port", 5432)),
        "PGUSER": str(where["user"]),
        "PGPASSWORD": str(where.get("password", "")),
        "PGDATABASE": str(where["dbname"]),
    }
    done = subprocess.run([BIN / tool, *options], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise BackupFailed(f"{tool} of database {where['dbname']} failed: {last[0]}")
