"""Show what runs, its state, address and log."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from citygrid.cli import CommandFailed
from citygrid.cli.screen import AsJson, show
from local.bring_up import table
from local.supervision import Supervisor
from runtime.settings import load

EXAMPLE = "citygrid status --json"
NOTHING_RUNS = 3  # as LSB's `status` has it


def command(as_json: AsJson = False) -> None:
    """Show what runs, its state, address and log. Exit code 0: all run; 1: some do not; 3: nothing runs."""
    settings = load()
    lines = table(settings)
    if as_json:
        print(json.dumps([asdict(line) for line in lines], ensure_ascii=False))
    else:
        show(lines, Path.cwd())
    if not Supervisor(settings.state_dir).process():
        raise CommandFailed(f"Nothing runs in {settings.state_dir}: start it with `make up`.", NOTHING_RUNS)
    if any(line.state != "running" for line in lines):
        raise SystemExit(1)
