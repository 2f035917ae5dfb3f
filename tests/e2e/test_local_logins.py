"""The local stack that asks everybody for a login: an event becomes a task, each process as itself, nobody else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import httpx
import psycopg
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from local.stack import ports
from local.stack.local import Ports
from local.supervision import Supervisor
from processes.inventory import all_processes
from processes.logins import logins, read
from runtime import topic_reader
from runtime.settings import CHECKOUT, load
from tests.e2e.running import until

FILE = (
    "登记编号,业务类型,公民身份号码,死亡日期,发生日期,登记时间\n"
    "SW-1,死亡登记,990000195505050049,2026-01-31,2026-01-31,2026-02-01 09:30:00\n"
)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a `citygrid` with logins, its own state folder and ports; whatever runs there is stopped."""
    made = _place(tmp_path, "state")
    yield made
    Supervisor(Path(made["CITYGRID_STATE_DIR"])).stop()


def _place(tmp_path: Path, name: str) -> dict[str, str]:
    free = Ports.free()
    api, gateway, first = ports.free_ports(3)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CITYGRID_")}
    environment |= {f"CITYGRID_LOCAL_{f.name.upper()}_PORT": str(getattr(free, f.name)) for f in fields(free)}
    return environment | {
        "CITYGRID_STATE_DIR": str(tmp_path / name),
        "CITYGRID_API_PORT": str(api),
        "CITYGRID_API_METRICS_PORT": "0",
        "CITYGRID_GATEWAY_PORT": str(gateway),
        "CITYGRID_WORKER_PORT": str(first),
        "CITYGRID_BACKUP_KEY_FILE": str(tmp_path / "backup.key"),
        "CITYGRID_PARTITIONS": "2",
        "CITYGRID_LOCAL_LOGINS": "true",
    }


@pytest.mark.timeout(600)
def test_an_event_becomes_a_task_and_each_process_is_itself(place: dict[str, str], tmp_path: Path) -> None:
    state = Path(place["CITYGRID_STATE_DIR"])
    up = _citygrid(place, "up", "--detach")
    assert up.returncode == 0, up.stderr
    settings = load(state / "citygrid.env")
    assert (settings.kafka_security_protocol, settings.kafka_sasl_username) == ("SASL_PLAINTEXT", "operator")

    def lacking() -> str | None:
        with psycopg.connect(settings.dsn("sinks")) as connection:
            row = connection.execute("SELECT count(*) FROM city.task").fetchone()
        return None if row and row[0] >= 10 else f"{row} tasks of the demo city's events"

    until(lacking, 180)
    status = json.loads(_citygrid(place, "status", "--json").stdout)
    assert {line["process"] for line in status if line["state"] == "running"} == {p.name for p in all_processes()}

    with pytest.raises(KafkaException):
        AdminClient({"bootstrap.servers": settings.kafka_bootstrap, "log_level": 0}).list_topics(timeout=2)
    assert httpx.get(f"{settings.registry_url}/subjects").status_code == 401
    passwords = read(state / "secrets" / "logins.json")
    assert passwords.kafka.keys() == {"broker", "prepare", *logins()}
    for file in (state / "secrets" / "logins.json", state / "kafka" / "server.properties"):
        assert file.stat().st_mode & 0o077 == 0

    asked = _citygrid(place, "logins", "password", "department-police")
    own = {
        "CITYGRID_KAFKA_SASL_USERNAME": "department-police",
        "CITYGRID_KAFKA_SASL_PASSWORD": asked.stdout.strip(),
        "CITYGRID_PSEUDONYM_KEY_FILE": str(settings.pseudonym_key_file),
    }
    (tmp_path / "户籍.csv").write_text(FILE, "utf-8")
    published = _citygrid(place | own, "publish", "police", str(tmp_path / "户籍.csv"), "--json")
    assert published.returncode == 0, published.stderr
    report = json.loads(published.stdout)
    assert (report["events"], report["held_back"]) == ({"Death": 1}, None)
    refused = _citygrid(place | own, "publish", "tax", str(_tax(tmp_path)))
    assert refused.returncode == 2
    assert "department-police may not read publications.tax" in refused.stderr

    for words in (["topics", "--json"], ["dead-letters", "list"], ["clock", "show"], ["prepare"], ["rebuild", "grid"]):
        done = _citygrid(place, *words)
        assert done.returncode == 0, done.stderr
    backup = _citygrid(place, "backup", str(tmp_path / "backup"))
    assert backup.returncode == 0, backup.stderr
    logs = "".join(file.read_text("utf-8", "replace") for file in (state / "logs").glob("*.log"))
    assert "AUTHORIZATION_FAILED" not in logs
    assert "may not read" not in logs
    every = {**passwords.kafka, **passwords.registry}
    assert [login for login, password in every.items() if password in logs] == []
    assert _citygrid(place, "down").returncode == 0


@pytest.mark.timeout(600)
def test_a_backup_comes_back_with_its_logins_over_a_folder_that_had_none(place: dict[str, str], tmp_path: Path) -> None:
    """Also: logins are asked for over a state folder that was used without."""
    file, backup = tmp_path / "户籍.csv", str(tmp_path / "backup")
    file.write_text(FILE, "utf-8")
    without = place | {"CITYGRID_LOCAL_LOGINS": "false"}
    for words in (["up", "--parts-only", "--detach"], ["prepare"], ["publish", "police", str(file), "--wait", "0"]):
        _done(without, *words)
    _done(without, "down")
    for words in (["up", "--parts-only", "--detach"], ["prepare"], ["backup", backup]):
        _done(place, *words)
    known = read(Path(place["CITYGRID_STATE_DIR"]) / "secrets" / "logins.json")
    _done(place, "down")

    other = _place(tmp_path, "restored")
    try:
        _done(other, "restore", backup)
        _done(other, "up", "--parts-only", "--detach")
        _done(other, "prepare")
        settings = load(tmp_path / "restored" / "citygrid.env")
        assert read(tmp_path / "restored" / "secrets" / "logins.json") == known
        assert sum(topic_reader.ends(settings, "police.household-registration").values()) == 1
    finally:
        Supervisor(tmp_path / "restored").stop()


def _done(place: dict[str, str], *words: str) -> None:
    done = _citygrid(place, *words)
    assert done.returncode == 0, done.stderr


def _tax(folder: Path) -> Path:
    file = folder / "税务.csv"
    file.write_text(
        "文书号,业务类型,纳税人身份证号,纳税人类型,业务日期,登记时间\n"
        "T-1,税务登记,990000195505050049,个体工商户,2026-01-31,2026-02-01 09:30:00\n",
        "utf-8",
    )
    return file


def _citygrid(place: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "citygrid", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, env=place, text=True, capture_output=True, input="", check=False)
