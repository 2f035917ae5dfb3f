"""Everything is lost between backup and restore: the state folder itself. Rows, tasks, claims, accounts, history and
topics are then as they were, and the sinks go on where they stood."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import Any

import psycopg
import pytest

from database.migrate import migrate
from local.backup import BackupFailed, local
from local.stack import downloads
from local.stack.local import LocalStack, Ports, stop
from producers.doors import device_register, key_register
from producers.doors.key_register import KeyNotMade
from runtime.settings import Settings, load
from tests.conftest import Database
from tests.integration.database import moves
from tests.integration.database.world import GRID_A, World
from tests.integration.sinks.wire import Wire, running, until

KEPT = {
    "resident": "SELECT id, dwelling, row FROM city.resident ORDER BY id",
    "placement": "SELECT dwelling, grid, district, address FROM city.placement ORDER BY dwelling",
    "alert": "SELECT finding_id, state, severity, opened_at FROM city.alert ORDER BY finding_id",
    "task": "SELECT * FROM city.task ORDER BY id",
    "task_event": "SELECT * FROM city.task_event ORDER BY task, number",
    "account": "SELECT * FROM city.account ORDER BY id",
    "outbox": "SELECT topic, statement, published_at FROM city.outbox ORDER BY id",
}


class Installation:
    """A local stack of this test's own in `folder`; the key of backups lies beside it."""

    def __init__(self, folder: Path) -> None:
        self.stack = LocalStack(folder, Ports.free(), downloads.folder(None))
        self.children = self.stack.start()
        key = {"CITYGRID_BACKUP_KEY_FILE": str(folder.with_name("backup.key"))}
        self.settings = load(self.stack.write_environment(key))

    def stop(self) -> None:
        stop(self.children)
        self.children = {}

    def kept(self) -> dict[str, list[tuple[Any, ...]]]:
        with psycopg.connect(self.settings.dsn("admin")) as admin:
            return {name: admin.execute(statement).fetchall() for name, statement in KEPT.items()}

    def world(self) -> World:
        dsn = self.settings.dsn
        return World(Database("citygrid", dsn("owner"), dsn("sinks"), dsn("api"), dsn("doors"), dsn("admin")))


def silent(_title: str, _total: int) -> Any:
    return lambda _: None


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def test_losing_everything_in_between(state: Path, tmp_path: Path) -> None:
    before = Installation(state)
    try:
        filled(before)
        a_key_each(before)
        kept = before.kept()
        records = local.back_up(before.settings, tmp_path / "backup", silent)
        key = (state / "secrets" / "pseudonym.key").read_text()
        with pytest.raises(BackupFailed, match="is there already"):
            local.back_up(before.settings, tmp_path / "backup", silent)
        ports = before.stack.ports
    finally:
        before.stop()
    shutil.rmtree(state)
    assert all(file.stat().st_mode & 0o077 == 0 for file in (tmp_path / "backup").rglob("*"))

    blank = Settings(
        _env_file=None,
        state_dir=state,
        local_kafka_port=ports.kafka,
        local_controller_port=ports.controller,
        local_registry_port=ports.registry,
        local_registry_management_port=ports.registry_management,
        local_postgres_port=ports.postgres,
        backup_key_file=tmp_path / "backup.key",
    )
    assert local.restore(blank, tmp_path / "backup", silent) == records
    after = Installation(state)
    try:
        assert after.kept() == kept
        assert (state / "secrets" / "pseudonym.key").read_text() == key
        expect_nobody_inside(after)
        wire, dispatched = Wire(after.settings), kept["task"][0][1]
        wire.row("resident", "r1", dwelling="d1", name="after")
        wire.alert(dispatched, "resolved", dwelling="d1", resolution_en="visited")
        wire.send()
        with running(after.settings, "row-tables"), running(after.settings, "grid-tasks"):
            until(lambda: any(row[2]["name"] == "after" for row in after.kept()["resident"]))
            until(lambda: ("resolved",) in [(row[1],) for row in after.kept()["alert"]])
        assert len(after.kept()["task"]) == len(kept["task"]), "no alert was read a second time"
    finally:
        after.stop()


def a_key_each(installation: Installation) -> None:
    """Two keys of a department, of which one was revoked before the backup, and a device."""
    owner = installation.settings.dsn("owner")
    for note in ("kept", "revoked"):
        key_register.create(owner, "housing", note)
    (revoked,) = (str(key["id"]) for key in key_register.listed(owner) if key["note"] == "revoked")
    key_register.revoke(owner, revoked)
    device_register.add(installation.settings, "door-access", "DOOR-1", "d1")


def expect_nobody_inside(installation: Installation) -> None:
    """Any key may have been revoked after the backup: none is in force until somebody says that it is good."""
    owner = installation.settings.dsn("owner")
    with psycopg.connect(installation.settings.dsn("admin")) as admin:
        assert admin.execute("SELECT count(*) FROM city.session").fetchone() == (0,)
    keys = {str(key["note"]): key for key in key_register.listed(owner)}
    assert all(key["revoked_at"] for key in (*keys.values(), *device_register.listed(owner)))
    with pytest.raises(KeyNotMade, match="what was revoked stays so"):
        key_register.reopen(owner, str(keys["revoked"]["id"]))
    key_register.reopen(owner, str(keys["kept"]["id"]))
    assert device_register.reopen(owner) == ["DOOR-1"]
    assert [key["note"] for key in key_register.listed(owner) if not key["revoked_at"]] == ["kept"]
    assert not any(device["revoked_at"] for device in device_register.listed(owner))


def filled(installation: Installation) -> None:
    """Rows with gaps between their offsets, tasks in several states, a resolved finding that opened again."""
    migrate(installation.settings.dsn("owner"))
    wire, world = Wire(installation.settings), installation.world()
    findings = [uuid.uuid4() for _ in range(4)]
    wire.row("dwelling", "d1", grid=GRID_A, district="440113")
    for turn in range(3):
        for number in range(20):
            wire.row("resident", f"r{number}", dwelling="d1", name=f"turn {turn}")
    for finding in findings:
        wire.alert(finding, dwelling="d1")
    wire.alert(findings[0], "resolved", dwelling="d1")
    wire.alert(findings[0], dwelling="d1")
    wire.aborted("rows.resident", "r1")
    wire.row("resident", "r19", dwelling="d1", name="last")
    wire.send()
    with running(installation.settings, "row-tables"), running(installation.settings, "grid-tasks"):
        until(lambda: any(row[2]["name"] == "last" for row in installation.kept()["resident"]))
        until(lambda: len(installation.kept()["task"]) == 5)
    with world.as_account(world.account("grid_worker", GRID_A)) as connection:
        first, second = connection.execute(
            """SELECT id FROM city.list_tasks('{"state": "dispatched"}', 2)"""
        ).fetchall()
        moves.act(connection, first[0], "claim")
        moves.act(connection, second[0], "acknowledge")
        moves.act(connection, second[0], "complete", detail={"outcome": "done"})
