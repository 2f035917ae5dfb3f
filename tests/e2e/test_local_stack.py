"""The local stack with its real parts: continues, mends, tells what is wrong, leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from local.stack import downloads, ports
from local.stack.local import LocalStack, Ports
from local.supervision import Supervisor
from runtime.settings import CHECKOUT

SECONDS = 180  # a start on two cores that do much else
SCHEMA = '"string"'


@pytest.fixture
def place(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a `citygrid` with a state folder and ports of its own; whatever runs there is stopped."""
    free = Ports.free()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CITYGRID_")}
    environment |= {f"CITYGRID_LOCAL_{f.name.upper()}_PORT": str(getattr(free, f.name)) for f in fields(free)}
    (api,) = ports.free_ports(1)
    folder = tmp_path / "state"
    key = str(tmp_path / "backup.key")
    yield environment | {
        "CITYGRID_STATE_DIR": str(folder),
        "CITYGRID_API_PORT": str(api),
        "CITYGRID_BACKUP_KEY_FILE": key,
    }
    Supervisor(folder).stop()


def test_a_port_in_use_names_the_process_and_the_setting(place: dict[str, str]) -> None:
    port = int(place["CITYGRID_LOCAL_KAFKA_PORT"])
    with socket.create_server(("127.0.0.1", port)):
        result = _citygrid(place, "up", "--parts-only", "--detach")
    assert result.returncode == 1
    for part in (f"Port {port}", f"process {os.getpid()}", "CITYGRID_LOCAL_KAFKA_PORT"):
        assert part in result.stderr
    assert not _started_from(place)


def test_killed_or_stopped_it_leaves_no_process_and_continues_with_all_it_was_told(
    place: dict[str, str], tmp_path: Path
) -> None:
    assert _citygrid(place, "up", "--parts-only", "--detach").returncode == 0
    stack = _stack(place)
    schema_id = _keep(stack)
    supervisor = Supervisor(stack.folder).process()
    assert supervisor
    children = supervisor.children(recursive=True)
    assert {"java", "postgres"} <= {child.name() for child in children}
    again = _citygrid(place, "up", "--parts-only", "--detach")
    assert again.returncode == 1
    assert "runs already" in again.stderr

    supervisor.kill()
    _until(lambda: not any(_lives(child) for child in children), "the children are gone")
    assert _citygrid(place, "status").returncode == 3
    record = tmp_path / "told"
    up = _up(place, record)
    _expect_what_was_kept(stack, schema_id)

    assert _citygrid(place, "down").returncode == 0
    assert up.wait(SECONDS) == 0
    assert "stopped by `citygrid down`" in record.read_text()
    assert not _started_from(place)
    up = _up(place, record)
    _expect_what_was_kept(stack, schema_id)
    kafka = Supervisor(stack.folder).states()["kafka"].pid
    os.kill(kafka, signal.SIGKILL)
    _until(lambda: f"kafka died (process {kafka})" in record.read_text(), "the death is said")
    _until(lambda: Supervisor(stack.folder).states()["kafka"].pid not in (0, kafka), "it is started again")
    up.send_signal(signal.SIGINT)
    assert up.wait(SECONDS) == 0
    assert not _started_from(place)


def test_nobody_else_on_this_machine_can_read_anything_of_it(place: dict[str, str], tmp_path: Path) -> None:
    """Parts, a worker and a backup, started under the usual umask over a folder that an older version left open."""
    folder, backup = Path(place["CITYGRID_STATE_DIR"]), tmp_path / "backup"
    folder.mkdir()
    folder.chmod(0o755)
    for words in (["up", "--parts-only", "--detach"], ["prepare"], ["backup", str(backup)]):
        done = _citygrid(place, *words, umask=0o022)
        assert done.returncode == 0, done.stderr
    with (tmp_path / "worker.log").open("w") as log:
        command = _command("worker", "stage", "grid")
        worker = subprocess.Popen(command, cwd=CHECKOUT, env=place, stdout=log, stderr=log, umask=0o022)
    try:
        _until(lambda: (folder / "faust").exists() or worker.poll() is not None, "the worker has a folder")
    finally:
        worker.kill()
        worker.wait()
    files = [folder, *folder.rglob("*"), backup, *backup.rglob("*")]
    names = {file.name for file in files}
    assert {"citygrid.env", "kafka.log", "supervisord.conf", "PG_VERSION", "faust", "manifest.json"} <= names
    assert any(file.suffix == ".log" and file.parent.name == "alerts-0" for file in files), "Kafka's own files"
    # the registry's HTTP library makes its empty cache folder with a mode of its own
    looked_at = [file for file in files if not file.is_symlink() and file.name != "vertx-cache"]
    others_read = [str(file) for file in looked_at if file.stat().st_mode & 0o077]
    assert others_read == []
    assert _citygrid(place, "down").returncode == 0


def test_killing_the_command_itself_leaves_nothing(place: dict[str, str], tmp_path: Path) -> None:
    up = _up(place, tmp_path / "told")
    assert _started_from(place)
    up.kill()
    up.wait()
    _until(lambda: not _started_from(place), "everything is gone")


def test_reset_forgets_only_a_state_folder_and_asks(place: dict[str, str]) -> None:
    folder = Path(place["CITYGRID_STATE_DIR"])
    folder.mkdir()
    (folder / "thesis.txt").touch()
    assert "not a state folder" in _citygrid(place, "reset", "--yes").stderr
    (folder / "secrets").mkdir()
    assert _citygrid(place, "reset").returncode == 1
    assert (folder / "thesis.txt").exists()
    assert _citygrid(place, "reset", "--yes").returncode == 0
    assert not folder.exists()


def _stack(place: dict[str, str]) -> LocalStack:
    ports = Ports(*(int(place[f"CITYGRID_LOCAL_{f.name.upper()}_PORT"]) for f in fields(Ports)))
    return LocalStack(Path(place["CITYGRID_STATE_DIR"]), ports, downloads.folder(None))


def _up(place: dict[str, str], record: Path) -> subprocess.Popen[bytes]:
    """`citygrid up` in the foreground, its words in `told`; returns once it is up."""
    with record.open("w") as output:
        up = subprocess.Popen(_command("up", "--parts-only"), cwd=CHECKOUT, env=place, stdout=output, stderr=output)
    _until(lambda: "Ctrl-C stops" in record.read_text() or up.poll() is not None, "it is up")
    assert up.poll() is None, record.read_text()
    return up


def _keep(stack: LocalStack) -> int:
    """Tell each part something; the schema's id."""
    broker: dict[str, str | int | float | bool] = {"bootstrap.servers": stack.address("kafka")}
    admin = AdminClient(broker)
    admin.create_topics([NewTopic("kept", 1, 1)])["kept"].result(30)
    producer = Producer({**broker, "acks": "all"})
    producer.produce("kept", b"said before")
    assert producer.flush(10) == 0
    with psycopg.connect(stack.dsn("citygrid_owner"), autocommit=True) as owner:
        owner.execute("CREATE TABLE kept (what text)")
        owner.execute("INSERT INTO kept VALUES ('written before')")
    return _registered(stack.address("registry"), "kept-value")


def _registered(registry: str, subject: str) -> int:
    answer = httpx.post(f"{registry}/subjects/{subject}/versions", json={"schema": SCHEMA})
    return int(answer.raise_for_status().json()["id"])


def _expect_what_was_kept(stack: LocalStack, schema_id: int) -> None:
    consumer = Consumer(
        {
            "bootstrap.servers": stack.address("kafka"),
            "group.id": "reader",
            "enable.auto.commit": False,
        }
    )
    consumer.assign([TopicPartition("kept", 0, 0)])  # no group: the log is what is asked about
    message = consumer.poll(SECONDS)
    consumer.close()
    assert message is not None
    assert message.value() == b"said before"
    assert httpx.get(f"{stack.address('registry')}/schemas/ids/{schema_id}").json()["schema"] == SCHEMA
    with psycopg.connect(stack.dsn("citygrid_owner")) as owner:
        assert owner.execute("SELECT what FROM kept").fetchall() == [("written before",)]


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "citygrid", *arguments]


def _citygrid(place: dict[str, str], *arguments: str, umask: int = -1) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(*arguments),
        cwd=CHECKOUT,
        env=place,
        text=True,
        capture_output=True,
        input="",
        check=False,
        umask=umask,
    )


def _started_from(place: dict[str, str]) -> list[int]:
    """Processes whose command line names this place's state folder."""
    folder = place["CITYGRID_STATE_DIR"]
    processes = psutil.process_iter(["pid", "cmdline", "status"])
    return [
        p.info["pid"]
        for p in processes
        if p.info["status"] != psutil.STATUS_ZOMBIE and any(folder in word for word in p.info["cmdline"] or ())
    ]


def _lives(process: psutil.Process) -> bool:
    return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE


def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited {SECONDS} s in vain until {what}"
        time.sleep(0.05)
