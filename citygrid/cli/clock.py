"""The city's clock: what it said last, and a mistaken time taken back."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from citygrid.cli import CommandFailed
from citygrid.cli.screen import console
from domain.time import CITY
from processes.clock_topic import LastTick, NotTakenBack, last_tick, take_back
from runtime.settings import Settings, load
from runtime.topic_reader import TopicUnreadable
from wire.registry import Registry, RegistryAway, RegistryRefused

EXAMPLE = "citygrid clock take-back"

app = typer.Typer(help=__doc__, no_args_is_help=True)


@app.command(epilog="Example: citygrid clock show")
def show() -> None:
    """Say the last time that the stages were told, and this machine's."""
    settings, now = load(), time.time_ns() // 1_000
    last = _last(settings)
    console.print(f"last tick     {_written(last.now) if last else 'none yet'}")
    console.print(f"this machine  {_written(now)}")


@app.command("take-back", epilog="Example: citygrid clock take-back --yes")
def take_back_(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether this machine's clock is right.")] = False,
) -> None:
    """Take back a time that lies in the future: stages go on from this machine's time and judge every row anew."""
    settings, now = load(), time.time_ns() // 1_000
    last = _last(settings)
    if last is None or last.now <= now:
        raise CommandFailed("The last tick does not lie in the future of this machine's clock: nothing to take back.")
    console.print(f"The last tick says {_written(last.now)}; this machine says {_written(now)}.")
    if not yes and not typer.confirm("Is this machine's clock right?"):
        raise CommandFailed("Nothing was changed. Set the clock first, or run the command on a machine that is right.")
    try:
        take_back(settings, now)
    except (NotTakenBack, RegistryAway, RegistryRefused) as failed:
        raise CommandFailed(str(failed)) from None
    console.print("Taken back. Every row is judged anew; the clock goes on by itself within seconds.")


def _last(settings: Settings) -> LastTick | None:
    registry = Registry.of(settings)
    try:
        return last_tick(settings, registry, patience=10)
    except (TopicUnreadable, RegistryAway, RegistryRefused) as away:
        raise CommandFailed(str(away)) from None
    finally:
        registry.close()


def _written(instant: int) -> str:
    return f"{datetime.fromtimestamp(instant / 1e6, UTC).astimezone(CITY):%Y-%m-%d %H:%M:%S}"
