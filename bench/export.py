"""An office's large export onto its topic: `python -m bench.export --lines 1000000 --before a5eccd1`.

A police register's export is written as CSV and as a workbook and published by the command onto a broker of its own. A
JSON line a phase is printed; `bench/latest_export.json` has the last run. With `--before COMMIT` a phase runs in that
tree first, then in this one, in one run: events of the same content must come of both.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import psutil
import typer
from rich.console import Console

from bench import export_sheets
from bench.before import last_line_of, tree_of
from bench.city_phases import Line, notes
from runtime.settings import CHECKOUT

LATEST = CHECKOUT / "bench" / "latest_export.json"
FORMS = "csv,xlsx,shared.xlsx"
FILES = CHECKOUT / "bench" / "build" / "export"
out = Console(soft_wrap=True)


def main(
    lines: Annotated[int, typer.Option(help="of the export")] = 1_000_000,
    forms: Annotated[str, typer.Option(help="csv, xlsx, shared.xlsx (as Excel writes)")] = FORMS,
    before: Annotated[str, typer.Option(help="a commit: publish the same file with its tree, too")] = "",
    rounds: Annotated[int, typer.Option(help="of each phase")] = 1,
) -> None:
    """Time `citygrid publish` of a large file: events/s, processor time, memory. Ends by itself; needs a quiet machine.

    Example: python -m bench.export --lines 1000000 --before a5eccd1
    """
    began, load_before = time.monotonic(), psutil.getloadavg()[0]
    there = tree_of(before) if before else None
    phases: list[Line] = []
    for form in forms.split(","):
        file = _file(lines, form)
        for _ in range(rounds):
            for name, tree in (("before", there), ("now", CHECKOUT)):
                if tree is None or (name == "before" and form != "csv"):
                    continue  # the tree before reads no workbooks
                phases.append({"phase": form, "tree": name, **last_line_of(tree, "bench.export_run", str(file))})
                out.print(json.dumps(phases[-1]), highlight=False)
                if phases[-1]["events"] != lines:
                    raise SystemExit(f"{phases[-1]['events']} events came of {lines} lines.")
    if len({phase["ids"] for phase in phases}) > 1:
        raise SystemExit("The trees, or the forms of the file, made other events of the same lines.")
    run: Line = {
        "when": time.strftime("%Y-%m-%d %H:%M"),
        "cores": psutil.cpu_count(),
        "lines": lines,
        "load_before": round(load_before, 1),
        "minutes": round((time.monotonic() - began) / 60, 1),
        "phases": phases,
    }
    if there is not None:
        run |= {"before": before, "times_events_per_s": _times(phases)}
    LATEST.write_text(json.dumps(run, indent=1) + "\n")
    notes.print(f"{run['minutes']} minutes; {LATEST}")


def _times(phases: list[Line]) -> dict[str, float]:
    """By form: this tree's events/s as a multiple of those that the tree before made of the CSV; the best of each."""
    best: dict[tuple[str, str], float] = {}
    for phase in phases:
        key = str(phase["phase"]), str(phase["tree"])
        best[key] = max(best.get(key, 0.0), float(str(phase["events_per_s"])))
    return {form: round(rate / best["csv", "before"], 2) for (form, tree), rate in best.items() if tree == "now"}


def _file(lines: int, form: str) -> Path:
    """The export, written once."""
    FILES.mkdir(parents=True, exist_ok=True)
    file = FILES / f"{lines}.{form}"
    if not file.is_file():
        notes.print(f"{file} is written.")
        half = file.with_name(f"half.{file.name}")
        export_sheets.write(half, lines)
        half.rename(file)
    return file


if __name__ == "__main__":
    typer.run(main)
