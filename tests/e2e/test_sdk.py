"""The department's wheel, installed alone into an environment of its own, states facts to a real gateway process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from local.stack.ports import free_ports
from producers.doors import key_register as keys
from runtime.settings import CHECKOUT, Settings
from tests.e2e.running import processes, until
from tests.integration.doors.statements import on_topic
from wire.topics import ensure_schemas, ensure_topics

TOPIC = "police.household-registration"
PROGRAM = """
import importlib.util, json, sys
from datetime import date, datetime, timezone
from pathlib import Path
from citygrid_sdk import Gateway, KeyRefused, Refused, Statement

rooms = ("citygrid", "domain", "runtime", "wire", "api", "faust")
assert not [room for room in rooms if importlib.util.find_spec(room)]
url, key_file = sys.argv[1], Path(sys.argv[2])
at = datetime(2026, 3, 1, 8, tzinfo=timezone.utc)

def died(number, person="990000199001010017"):
    return Statement("Death", f"SW-{number}", person, at, at, {"on": date(2026, 3, 1)})

said = {}
with Gateway(url, key_file=key_file, patience=60) as gateway:
    said["many"] = gateway.publish("police.household-registration", (died(number) for number in range(1_200)))
    said["again"] = gateway.publish("police.household-registration", [died(0)])
    try:
        wrong = died(1, "990000199001010018")
        gateway.publish("police.household-registration", [*(died(number) for number in range(600)), wrong])
    except Refused as refused:
        said["refused"] = [[each.index, each.field] for each in refused.problems]
        said["told"] = " ".join(each.reason for each in refused.problems) + str(refused)
        said["taken"] = len(refused.taken)
    said["topics"] = [each["topic"] for each in gateway.contracts()["items"]]
with Gateway(url, key="cgk_nobody_0000", patience=5) as stranger:
    try:
        stranger.freshness()
    except KeyRefused as refused:
        said["stranger"] = str(refused)
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def python_with_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and what it names as its needs, and nothing else."""
    folder = tmp_path_factory.mktemp("sdk")
    wheel = ("-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(CHECKOUT / "sdk"))
    subprocess.run([sys.executable, *wheel], check=True, capture_output=True, timeout=120)
    subprocess.run([sys.executable, "-m", "venv", str(folder / "own")], check=True, timeout=120)
    python = folder / "own" / "bin" / "python"
    (made,) = folder.glob("*.whl")
    subprocess.run([python, "-m", "pip", "install", "--quiet", str(made)], check=True, timeout=240)
    return python


def test_a_department_states_facts_with_the_wheel_alone(
    python_with_wheel: Path, settings: Settings, tmp_path: Path
) -> None:
    ensure_topics(settings)
    ensure_schemas(settings)
    (port,) = free_ports(1)
    here = settings.model_copy(update={"gateway_port": port})
    key_file = tmp_path / "police.key"
    key_file.write_text(keys.create(here.dsn("owner"), "police"))
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, "utf-8")
    url = f"http://127.0.0.1:{port}"
    with processes(here, tmp_path) as ours:
        ours.start("gateway")
        until(lambda: None if answers(url) else "the gateway does not answer", 60)
        done = subprocess.run(
            [python_with_wheel, str(program), url, str(key_file)],
            cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads(done.stdout)
    assert len(set(result["many"])) == 1_200
    assert result["again"] == result["many"][:1]
    assert result["refused"] == [[600, "subject"]]
    assert "990000" not in result["told"]
    assert result["taken"] == 500
    assert TOPIC in result["topics"]
    assert result["stranger"]
    sent = {dict(message.headers() or [])["ce_id"].decode() for message in on_topic(settings, TOPIC)}  # type: ignore[union-attr]
    assert sent == set(result["many"])


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/v1/contracts").status_code == 401
    except httpx.TransportError:
        return False
