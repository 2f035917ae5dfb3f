"""The tree before, beside this one: a commit's files and environment, and the same bench of the stages on both."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import psutil

from bench.city_phases import Line, notes
from runtime.settings import CHECKOUT

BENCH = CHECKOUT / "bench"
SHARED = ("city.py", "city_phases.py", "city_stack.py", "export_run.py")
"""What drives both trees. It is written for this one; in the one before some rooms have other names."""
ROOMS = {
    "database.migrate": "sinks.migrate",
    "demo": "citygrid.demo",
    "demo.city": "citygrid.demo.city",
    "local.stack": "citygrid.stack",
    "local.stack.children": "citygrid.stack.children",
    "local.stack.local": "citygrid.stack.local",
    "local.stack.ports": "citygrid.stack.ports",
    "processes.inventory": "citygrid.processes",
    "producers.publish": "runtime.publish",
    "wire.contracts": "runtime.contracts",
    "wire.topics": "runtime.topics",
}
"""Module here: module there, of the trees before the rooms were divided."""


PHASES_OF = {"stages": "stages", "sinks": "stages,sinks_alone"}
"""What is compared: the phases that run, of which the last one is."""


def compare(commit: str, residents: int, rounds: int, patience: float, compared: str = "stages") -> Line:
    """The stages (or sinks) of `commit` and of this tree on the demo city of `residents`, in turn, `rounds` times.

    Gives both trees' lines and the medians over the rounds of this tree's figures as multiples of the other's. Ends
    the bench with a sentence if the commit is unknown or a run fails.
    """
    began, load_before = time.monotonic(), psutil.getloadavg()[0]
    there = tree_of(commit)
    runs: list[dict[str, Line]] = []
    for turn in range(rounds):
        pair: dict[str, Line] = {}
        for name, tree in (("before", there), ("now", CHECKOUT)):
            notes.print(f"round {turn + 1}: {compared} {name}")
            given = ["--residents", str(residents), "--patience", str(patience), "--phases", PHASES_OF[compared]]
            pair[name] = last_line_of(tree, "bench.city", *given)
            notes.print(json.dumps(pair[name]), soft_wrap=True, highlight=False)
        runs.append(pair)
    ratios = {f"times_{figure}": _ratio(runs, figure) for figure in ("events_per_s", "cpu_us_per_event")}
    return {
        "day": time.strftime("%Y-%m-%d"),
        "commit": commit,
        "residents": residents,
        "rounds": rounds,
        "load_before": round(load_before, 1),
        "minutes": round((time.monotonic() - began) / 60, 1),
        **ratios,
        "runs": runs,
    }


def _ratio(runs: list[dict[str, Line]], figure: str) -> float:
    return round(median(float(str(run["now"][figure])) / float(str(run["before"][figure])) for run in runs), 2)


def last_line_of(tree: Path, module: str, *arguments: str) -> Line:
    """Run `module` of `tree` with the tree's own environment; the JSON line that it prints last.

    Raises SystemExit with the end of its errors if it fails.
    """
    python = sys.executable if tree == CHECKOUT else str(tree / ".venv" / "bin" / "python")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CITYGRID_")}
    done = subprocess.run(
        [python, "-m", module, *arguments],
        cwd=tree,
        env=environment | {"PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"The bench of {tree} failed:\n{done.stderr[-3000:]}")
    line: Line = json.loads(done.stdout.strip().splitlines()[-1])
    return line


def tree_of(commit: str) -> Path:
    """The files of `commit` with an environment of its own, made once."""
    name = subprocess.run(
        ["git", "rev-parse", "--short", "--verify", f"{commit}^{{commit}}"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    if name.returncode:
        raise SystemExit(f"There is no commit {commit} here: {name.stderr.strip()}")
    tree = BENCH / "build" / "before" / name.stdout.strip()
    if not (tree / "Makefile").is_file():
        tree.mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(["git", "archive", commit], cwd=CHECKOUT, capture_output=True, check=True).stdout
        subprocess.run(["tar", "x", "-C", str(tree)], input=packed, check=True)
    subprocess.run(["make", f"PYTHON={sys.executable}", ".venv/.from-requirements.lock"], cwd=tree, check=True)
    for name_of_file in SHARED:
        (tree / "bench" / name_of_file).write_text(_renamed((BENCH / name_of_file).read_text(), tree))
    return tree


def _renamed(text: str, tree: Path) -> str:
    """Imports as `tree` knows them."""
    if (tree / "wire").is_dir():
        return text
    for here, there in ROOMS.items():
        text = re.sub(rf"^from {re.escape(here)} import", f"from {there} import", text, flags=re.MULTILINE)
    return text
