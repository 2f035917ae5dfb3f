"""docs/how-to/add-a-department.md, followed to the letter in a copy of the checkout: four files, and what the made-up
department publishes stands in the rows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer

from citygrid.stack import children
from citygrid.stack.children import Program
from citygrid.stack.ports import free_ports
from runtime.codec import RecordReader
from runtime.contracts import published
from runtime.registry import Registry
from runtime.settings import CHECKOUT, Settings
from tests.e2e.running import environment, until

PAGE = CHECKOUT / "docs" / "how-to" / "add-a-department.md"
FILE = re.compile(r"^\*\*([^*\n]+)\*\*\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WHAT_TESTS_READ = (".dockerignore", "pyproject.toml", "api", "citygrid", "docs", "domain", "infra",
                   "producers", "runtime", "schemas", "sinks", "stream_apps", "tasks", "tests", "web")  # fmt: skip
MOST_FILES = 4


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The checkout's files elsewhere."""
    there = tmp_path / "checkout"
    there.mkdir()
    for name in WHAT_TESTS_READ:
        source = CHECKOUT / name
        if source.is_dir():
            shutil.copytree(source, there / name, ignore=shutil.ignore_patterns("__pycache__", "screenshots"))
        else:
            shutil.copy(source, there / name)
    return there


def run(copy: Path, settings: Settings, *arguments: str) -> str:
    """`python …` in the copy, which must succeed; what it printed."""
    nothing = copy / "empty.env"
    nothing.touch()
    known = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    said = known | environment(settings) | {"CITYGRID_ENV_FILE": str(nothing)}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=copy, env=said, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, f"{' '.join(arguments)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def test_the_page_followed_to_the_letter(copy: Path, settings: Settings, tmp_path: Path) -> None:
    steps = FILE.findall(PAGE.read_text("utf-8"))
    assert 0 < len(steps) <= MOST_FILES
    for path, content in steps:
        file = copy / path
        assert not file.exists(), f"{path} is there already: the page must add a department that is not"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, "utf-8")

    run(copy, settings, "-m", "citygrid", "schemas", "check")
    tests = ("tests/contracts/test_fire.py", "tests/contracts/test_contracts.py", "tests/contracts/test_examples.py",
             "tests/contracts/test_page_texts.py", "tests/domain/test_laws.py")  # fmt: skip
    quick = ("-k", "not golden and not whole_city and not level_triggered and not looks_again")
    run(copy, settings, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests, *quick)

    run(copy, settings, "-m", "citygrid", "prepare")
    export = tmp_path / "消防检查.csv"
    lines = re.search(r'EXPORT = """(.*?)"""', (copy / "tests/contracts/test_fire.py").read_text("utf-8"), re.DOTALL)
    assert lines
    export.write_bytes(lines[1].encode("gb18030"))
    run(copy, settings, "-m", "citygrid", "publish", "fire", str(export), "--dry-run")
    run(copy, settings, "-m", "citygrid", "publish", "fire", str(export), "--wait", "0")
    assert inspected(copy, settings) == {"DW-1": ["FireInspected"], "DW-2": ["FireInspected"]}


def inspected(copy: Path, settings: Settings) -> dict[str, list[str]]:
    """Dwelling → kinds of its row's other statements, as the copy's stage publishes it."""
    (port,) = free_ports(1)
    here = environment(settings.model_copy(update={"worker_ports": {"stage-dwelling": port}}))
    program = Program(
        name="stage-dwelling",
        command=(sys.executable, "-m", "citygrid", "worker", "stage", "dwelling"),
        folder=copy,
        log=copy / "stage.log",
        environment=here | {"CITYGRID_ENV_FILE": str(copy / "empty.env")},
    )
    registry = Registry.of(settings)
    reader = RecordReader(registry, published()["rows.dwelling"].schema)
    reading = {"group.id": uuid.uuid4().hex, "auto.offset.reset": "earliest", "isolation.level": "read_committed"}
    consumer = Consumer({**settings.kafka_client(), **reading})
    consumer.subscribe([f"{settings.topic_prefix}rows.dwelling"])
    rows: dict[str, list[str]] = {}
    stage = children.start(program)

    def lacking() -> str | None:
        message = consumer.poll(1)
        if message is not None and message.error() is None and (value := message.value()) is not None:
            row: dict[str, Any] = reader.read(value)
            rows[row["id"]] = [said["kind"] for said in row["other"]]
        return None if len(rows) == 2 else f"{len(rows)} rows"

    try:
        until(lacking, 90)
    finally:
        stage.stop()
        consumer.close()
        registry.close()
    return rows
