"""The data plane's wheel, installed alone into an environment of its own, is a transport for Faust without the city."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from runtime.settings import CHECKOUT

PROGRAM = """
import importlib.util
import faust
from dataplane import DataPlane, DataPlaneSettings, RowStore

rooms = ("api", "citygrid", "domain", "runtime", "wire")
assert not [room for room in rooms if importlib.util.find_spec(room)]
app = faust.App("alone", broker="rdkafka://127.0.0.1:1", topic_allow_declare=False, topic_disable_leader=True)
plane = DataPlane(app, DataPlaneSettings(instance="alone-0", dead_letter_topic="dead-letters"))
plane.add_row_store(RowStore("rows.alone", load=bytes.decode, dump=str.encode))
print(type(app.transport).__module__)
"""


def test_the_data_plane_is_a_wheel_that_needs_no_city(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path)]
    subprocess.run([*build, str(CHECKOUT / "dataplane")], check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("citygrid_dataplane-*.whl")
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "own")], check=True, timeout=120)
    python = tmp_path / "own" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", str(wheel)], check=True, timeout=240)
    imported = subprocess.run(
        [python, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert imported.returncode == 0, imported.stderr
    assert imported.stdout.strip() == "dataplane.transport"
