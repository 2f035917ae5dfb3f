"""The product's own path, phase by phase: `python -m bench.city --residents 180000`.

The registers of the demo city are published, then all stages read them as a backlog, then both sinks read what the
stages wrote, then all stages are killed (-9) and started again. A JSON line a phase is printed;
`bench/latest_city.json` has the last run. With `--before COMMIT` the first two phases run in turn on this tree and on
that one, and the file gets their ratio.
"""

from __future__ import annotations

import json
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import psutil
import typer
from rich.console import Console

from bench import city_phases
from bench.city_phases import Line, notes
from bench.city_stack import city_in
from runtime.settings import CHECKOUT

LATEST = CHECKOUT / "bench" / "latest_city.json"
AFTER_PUBLISH = {"stages": city_phases.stages, "sinks": city_phases.sinks, "restart": city_phases.restart}
PHASES = AFTER_PUBLISH | {"sinks_alone": city_phases.sinks_alone}
out = Console(soft_wrap=True)


def main(
    residents: Annotated[int, typer.Option(help="of the demo city")] = 180_000,
    patience: Annotated[float, typer.Option(help="seconds that one phase may take")] = 1_800.0,
    phases: Annotated[str, typer.Option(help="after publishing; the file is written only with all of them")] = ",".join(
        AFTER_PUBLISH
    ),
    before: Annotated[str, typer.Option(help="a commit: compare its stages with these, alternating")] = "",
    rounds: Annotated[int, typer.Option(help="of the comparison")] = 3,
    compared: Annotated[str, typer.Option(help="what is compared: stages or sinks")] = "stages",
) -> None:
    """Time the product's own path: publish, stages, sinks, restart. Ends by itself; needs a quiet machine.

    Example: python -m bench.city --residents 180000
    """
    if before:
        from bench import before as comparison  # not there in the tree before

        line = comparison.compare(before, residents, rounds, patience, compared)
        _keep(**{"comparison" if compared == "stages" else f"comparison_of_{compared}": line})
        return
    began, load_before = time.monotonic(), psutil.getloadavg()[0]
    lines = _run(residents, patience, phases.split(",") if phases else [])
    if len(lines) > len(AFTER_PUBLISH):
        minutes = round((time.monotonic() - began) / 60, 1)
        conditions = {"residents": residents, "load_before": round(load_before, 1), "minutes": minutes}
        _keep(run={"when": _now(), "cores": psutil.cpu_count(), **conditions, "phases": lines})
        notes.print(f"{minutes} minutes; {LATEST}")


def _run(residents: int, patience: float, phases: list[str]) -> list[Line]:
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(prefix="citygrid-city-") as scratch, city_in(Path(scratch)) as city:
        lines.append(city_phases.publish(city, Path(scratch) / "demo", residents))
        out.print(json.dumps(lines[-1]), highlight=False)
        for name in phases:
            lines.append(PHASES[name](city, residents, patience))
            out.print(json.dumps(lines[-1]), highlight=False)
    return lines


def _keep(**part: Line) -> None:
    """Write a part of the file; the other one stays as it was."""
    kept = json.loads(LATEST.read_text()) if LATEST.is_file() else {}
    LATEST.write_text(json.dumps(kept | part, indent=1) + "\n")


def _now() -> str:
    return f"{datetime.now().astimezone():%Y-%m-%d %H:%M}"


if __name__ == "__main__":
    typer.run(main)
