"""From publishing to a task: the whole product under a steady load, timed per event. `python -m bench.latency`.

Tenancies are published through the departments' door; each opens the finding `newly-let`, whose task a reader sees in
PostgreSQL. Both ends are this process, so there is one clock.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from statistics import quantiles
from typing import Annotated

import typer
from rich.console import Console

from bench.product import Queue, lease_of, let, product, register, until
from producers.publish import Publisher
from runtime.settings import CHECKOUT

LATEST = CHECKOUT / "bench" / "latest_latency.json"
WARM_S = 5
out = Console()


def main(
    rate: Annotated[int, typer.Option(help="events a second")] = 200,
    seconds: Annotated[int, typer.Option(help="how long")] = 20,
) -> None:
    """Time publish → task through the whole product. Takes about two minutes; needs a quiet machine."""
    count = rate * (seconds + WARM_S)
    dwellings = [f"BENCH{number:06d}" for number in range(count)]
    published: list[float] = []
    seen: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="citygrid-latency-") as scratch, product(Path(scratch)) as running:
        settings = running.settings
        register(settings, dwellings)
        with Queue(settings.dsn("sinks"), seen.__setitem__), Publisher(settings) as publisher:
            began = time.perf_counter()
            for number, dwelling in enumerate(dwellings):
                if (early := began + number / rate - time.perf_counter()) > 0:
                    time.sleep(early)
                published.append(time.perf_counter())
                let(publisher, number, dwelling)
            until(lambda: len(seen) >= count, lambda: f"there are {len(seen)} tasks of {count}")
    timed = sorted(seen[lease_of(number)] - published[number] for number in range(rate * WARM_S, count))
    cuts = quantiles(timed, n=100)
    row = {
        "rate": rate,
        "n": len(timed),
        "p50_ms": round(cuts[49] * 1000, 1),
        "p99_ms": round(cuts[98] * 1000, 1),
        "max_ms": round(timed[-1] * 1000, 1),
    }
    LATEST.write_text(json.dumps(row) + "\n")
    out.print(f"publish → task at {rate} events/s: {json.dumps(row)}", soft_wrap=True)


if __name__ == "__main__":
    typer.run(main)
