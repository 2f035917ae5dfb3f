"""`python -m tests.simulation --seed S` repeats one history; `--seeds N` runs as many new ones and writes a summary."""

from __future__ import annotations

import json
import logging
import platform
import secrets
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.console import Console

from domain.event import Event
from tests.simulation.case import Case, Result, case_of, run, smallest

_MOST_DIFFERENT = 20
"""After so many the rest would say the same."""
out = Console(soft_wrap=True, highlight=False)


def main(
    seed: Annotated[int | None, typer.Option(help="repeat this one and say what differs")] = None,
    seeds: Annotated[int, typer.Option(help="how many histories")] = 1_000,
    first: Annotated[int | None, typer.Option(help="the first seed; a new one every time if not set")] = None,
    until_first: Annotated[bool, typer.Option(help="stop at the first that differs")] = False,
    summary: Annotated[Path | None, typer.Option(help="write the summary there, a line of JSON")] = None,
) -> None:
    """Random histories of valid events through the real stages on a broker in memory."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    if seed is not None:
        _repeat(seed)
    begin = secrets.randbelow(1_000_000_000) if first is None else first
    began, cpu = time.perf_counter(), time.process_time()
    did: Counter[str] = Counter()
    different: list[int] = []
    for number in range(begin, begin + seeds):
        result = run(case_of(number))
        did.update(result.did)
        did["seeds"] += 1
        if result.differences:
            different.append(number)
            _tell(number, result)
            if until_first or len(different) == _MOST_DIFFERENT:
                break
    line = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "first_seed": begin,
        **dict(sorted(did.items())),
        "cpu_s": round(time.process_time() - cpu, 1),
        "seconds": round(time.perf_counter() - began, 1),
        "different": different,
    }
    out.print(json.dumps(line))
    if summary is not None:
        summary.write_text(json.dumps(line) + "\n", encoding="utf-8")
    sys.exit(1 if different else 0)


def _repeat(seed: int) -> None:
    case = case_of(seed)
    result = run(case)
    if not result.differences:
        out.print(f"SIMULATION_SEED={seed}: {len(case.statements)} statements, nothing differs.")
        sys.exit(0)
    _tell(seed, result)
    case = smallest(case)
    out.print(f"The smallest history of it ({len(case.statements)} statements):")
    for line in history_lines(case):
        out.print(f"  {line}")
    for line in run(case).differences[:8]:
        out.print(f"  → {line}")
    sys.exit(1)


def history_lines(case: Case) -> list[str]:
    """The statements of a case, a line each: its people are drawn, nobody is behind them."""
    return [_line(statement.event) for statement in case.statements]


def _line(event: Event) -> str:
    times = f"occurred_at={event.occurred_at} recorded_at={event.recorded_at}{' withdrawn' if event.withdrawn else ''}"
    return f"{event.topic} {event.kind} {event.record} about {event.subject[:12]} {times} {dict(event.change)}"


def _tell(seed: int, result: Result) -> None:
    out.print(f"SIMULATION_SEED={seed} differs; repeat it: python -m tests.simulation --seed {seed}")
    for line in result.differences[:8]:
        out.print(f"  {line}")


if __name__ == "__main__":
    typer.run(main)
