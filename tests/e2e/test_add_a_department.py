"""docs/how-to/add-a-department.md, followed to the letter in a copy of the checkout: four files and the release,
every check and every test of domain and contracts that the page asks for, and what is published, from a file and over
HTTP, stands in the rows."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Consumer

from local.stack import children
from local.stack.children import Program
from local.stack.ports import free_ports
from runtime.settings import CHECKOUT, Settings
from tests.e2e.running import environment, until
from wire.codec import RecordReader
from wire.contracts import published
from wire.registry import Registry

PAGE = CHECKOUT / "docs" / "how-to" / "add-a-department.md"
STEP = re.compile(r"^(?:\*\*([^*\n]+)\*\*\n)?```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_OF_A_CHECKOUT = shutil.ignore_patterns(
    ".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "screenshots", "node_modules"
)
NEITHER = {CHECKOUT / name for name in ("state", "secrets", "bench/build", "bench/logs")}
PAGE_TOOLS = CHECKOUT / "web" / "node_modules"
WRITTEN_BY_CHECK = shutil.ignore_patterns(".openapi.json")
EXPORT = "消防检查.csv"
RELEASED = {f"schemas/released/{name}.json" for name in ("fire.inspection", "feedback.fire", "door-reports.fire")}

MOST_FILES = 4
"""To be written by hand; `RELEASED` is a fifth."""

LONGEST_COMMAND_S = 1_500
"""The tests of domain and contracts: some minutes of two cores, and these may be busy."""

pytestmark = pytest.mark.timeout(LONGEST_COMMAND_S + 300)


def left_out(folder: str, names: list[str]) -> set[str]:
    """What a run or an installation leaves in a checkout, and may be large."""
    return {*NOT_OF_A_CHECKOUT(folder, names), *(name for name in names if Path(folder, name) in NEITHER)}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The checkout's files elsewhere, with the packages that are installed here and a `citygrid` of its own."""
    there = Path(shutil.copytree(CHECKOUT, tmp_path / "checkout", ignore=left_out))
    here, environment_of_it = Path(sys.prefix), there / ".venv"
    (environment_of_it / "bin").mkdir(parents=True)
    for name in ("pyvenv.cfg", "include", "lib", "lib64"):
        if (here / name).exists():
            (environment_of_it / name).symlink_to(here / name)
    for program in (here / "bin").iterdir():
        if program.name != "citygrid":
            (environment_of_it / "bin" / program.name).symlink_to(program)
    shutil.copytree(
        PAGE_TOOLS, there / "web" / "node_modules", symlinks=True, copy_function=os.link, ignore=WRITTEN_BY_CHECK
    )
    command = environment_of_it / "bin" / "citygrid"
    command.write_text(f'#!/bin/sh\nexec "{environment_of_it}/bin/python" -m citygrid "$@"\n')
    command.chmod(0o755)
    (environment_of_it / ".from-requirements.lock").touch()  # newer than the lock: make installs nothing
    (there / "web" / "node_modules" / ".package-lock.json").touch()
    return there


def files_of(copy: Path) -> dict[str, bytes]:
    """The files whose change somebody would have to look at, by path."""
    rooms = ("api", "citygrid", "database", "dataplane", "demo", "docs", "domain", "infra", "local", "processes",
             "producers", "runtime", "schemas", "sdk", "sinks", "stream_apps", "tests", "web", "wire")  # fmt: skip
    there = [
        file
        for room in rooms
        for file in (copy / room).rglob("*")
        if file.suffix != ".pyc" and "node_modules" not in file.parts
    ]
    return {str(file.relative_to(copy)): file.read_bytes() for file in there if file.is_file()}


def run(copy: Path, settings: Settings, command: str) -> str:
    """What a line of the page as it stands there prints, in the copy; it must succeed."""
    nothing = copy / "empty.env"
    nothing.touch()
    known = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
    known["PATH"] = f"{copy / '.venv' / 'bin'}:{os.environ['PATH']}"
    variables = known | {"CITYGRID_ENV_FILE": str(nothing)}
    if command.startswith("citygrid "):  # what checks and tests is asked of a checkout that nobody has set up
        variables |= environment(settings)
    done = subprocess.run(
        shlex.split(command),
        cwd=copy,
        env=variables,
        capture_output=True,
        text=True,
        timeout=LONGEST_COMMAND_S,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def test_the_page_followed_to_the_letter(copy: Path, settings: Settings) -> None:
    before = files_of(copy)
    written = []
    for path, language, content in STEP.findall(PAGE.read_text("utf-8")):
        if path:
            file = copy / path
            assert not file.exists(), f"{path} is there already: the page must add a department that is not"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, "utf-8")
            written.append(path)
            if match := re.search(r'EXPORT = """(.*?)"""', content, re.DOTALL):
                (copy / EXPORT).write_bytes(match[1].encode("gb18030"))
        else:
            assert not language, "a command's block names no language, a file's stands under its path"
            for command in content.splitlines():
                run(copy, settings, command)
    assert 0 < len(written) <= MOST_FILES
    after = files_of(copy)
    assert {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)} == {
        *written,
        *RELEASED,
    }
    said_over_http(copy, settings)
    assert inspected(copy, settings) == {f"DW-{number}": ["FireInspected"] for number in (1, 2, 3)}


def process(copy: Path, settings: Settings, *words: str) -> Program:
    """`citygrid worker …` of the copy."""
    return Program(
        name="-".join(words),
        command=(sys.executable, "-m", "citygrid", "worker", *words),
        folder=copy,
        log=copy / f"{words[0]}.log",
        environment=environment(settings) | {"CITYGRID_ENV_FILE": str(copy / "empty.env")},
    )


def said_over_http(copy: Path, settings: Settings) -> None:
    """The page's statement through the copy's gateway, with a key of the new department."""
    match = re.search(r"--data-binary '(\[.*?\])'", PAGE.read_text("utf-8"), re.DOTALL)
    assert match
    port, metrics = free_ports(2)
    here = settings.model_copy(update={"gateway_port": port, "worker_ports": {"gateway": metrics}})
    made = re.search(r"cgk_\S+", run(copy, here, "citygrid keys create fire --note 消防检查系统"))
    assert made
    key, url = made[0], f"http://127.0.0.1:{port}/v1"
    gateway = children.start(process(copy, here, "gateway"))

    def lacking() -> str | None:
        try:
            return None if httpx.get(f"{url}/contracts").status_code == 401 else "the gateway answers otherwise"
        except httpx.TransportError:
            return "the gateway does not answer"

    try:
        until(lacking, 90)
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        answer = httpx.post(f"{url}/events/fire.inspection", content=match[1].encode(), headers=headers, timeout=60)
        assert answer.status_code == 202, answer.text
    finally:
        gateway.stop()


def inspected(copy: Path, settings: Settings) -> dict[str, list[str]]:
    """Dwelling → kinds of its row's other statements, as the copy's stage publishes it."""
    (port,) = free_ports(1)
    here = settings.model_copy(update={"worker_ports": {"stage-dwelling": port}})
    registry = Registry.of(settings)
    reader = RecordReader(registry, published()["rows.dwelling"].schema)
    reading = {"group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest", "isolation.level": "read_committed"}
    consumer = Consumer({**settings.kafka_client(), **reading})
    consumer.subscribe([f"{settings.topic_prefix}rows.dwelling"])
    rows: dict[str, list[str]] = {}
    stage = children.start(process(copy, here, "stage", "dwelling"))

    def lacking() -> str | None:
        message = consumer.poll(1)
        if message is not None and message.error() is None and (value := message.value()) is not None:
            row: dict[str, Any] = reader.read(value)
            rows[row["id"]] = [statement["kind"] for statement in row["other"]]
        return None if len(rows) == 3 else f"{len(rows)} rows"

    try:
        until(lacking, 90)
    finally:
        stage.stop()
        consumer.close()
        registry.close()
    return rows
