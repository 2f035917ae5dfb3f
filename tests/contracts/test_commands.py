"""Whoever asks a command for help sees how it is used; a command that starts brings nothing of the others with it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from citygrid.cli import build
from runtime.settings import CHECKOUT


def commands() -> Iterator[tuple[str, Any]]:
    """Every command and subcommand, as it is typed."""
    waiting = [("citygrid", typer.main.get_command(build()))]
    while waiting:
        typed, command = waiting.pop()
        yield typed, command
        waiting += [(f"{typed} {name}", inner) for name, inner in getattr(command, "commands", {}).items()]


@pytest.mark.parametrize(("typed", "command"), [pytest.param(*pair, id=pair[0]) for pair in commands()])
def test_help_says_what_it_does_and_shows_an_example(typed: str, command: Any) -> None:
    assert command.help
    assert (command.epilog or "").startswith(f"Example: {typed}")


STARTS = [
    ("worker", "sinks.worker", {"faust", "aiohttp", "fastapi", "jgo", "requests", "yoyo"}),
    ("worker", "stream_apps.worker", {"psycopg", "fastapi", "jgo", "requests", "yoyo"}),
    ("publish", "citygrid.cli.publish", {"psycopg", "faust", "aiohttp", "fastapi", "jgo", "requests", "yoyo"}),
]
"""A command, what it runs, and libraries that it does without: each costs every start tenths of a second of CPU."""


@pytest.mark.parametrize(("name", "module", "without"), STARTS)
def test_a_command_starts_without_what_others_need(name: str, module: str, without: set[str]) -> None:
    program = f"import sys, citygrid.cli; citygrid.cli.build({name!r}); import {module}; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    imported = set(ran.stdout.split())
    assert imported & without == set()
    assert {module for module in imported if module.startswith("citygrid.cli.")} <= {
        f"citygrid.cli.{name}",
        "citygrid.cli.screen",
    }


def test_a_command_that_is_alone_is_still_typed_by_its_name() -> None:
    group = typer.main.get_command(build("worker"))
    assert list(getattr(group, "commands", {})) == ["worker"]
    assert len(getattr(typer.main.get_command(build("no such command")), "commands", {})) > 10
