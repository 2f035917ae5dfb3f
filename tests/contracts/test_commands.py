"""Whoever asks a command for help sees how it is used."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from citygrid.cli import build


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
