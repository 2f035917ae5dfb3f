"""Play the demo city: load it if it is not there yet, let it grow, let its life go on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from citygrid.cli import CommandFailed
from citygrid.cli.screen import AsJson, console, errors, for_machines
from demo.city import DemoCity
from demo.performance import DAY_SECONDS
from demo.performance import check as look
from demo.performance import play as perform
from demo.play import RESIDENTS, SEED, Demo, DemoRefused, Report, write
from producers.publish import NotDelivered, PublishRefused
from runtime.settings import Settings, load
from wire.pseudonym import KeyRefused

EXAMPLE = "citygrid demo --speed 2"
FEWEST, MOST = 300, 1_000_000

app = typer.Typer(invoke_without_command=True, help=__doc__)

Seed = Annotated[int, typer.Option(help="Another seed is another city.")]
Residents = Annotated[int, typer.Option(min=FEWEST, max=MOST, help="How many people live in it.")]
Grown = Annotated[
    int | None,
    typer.Option(
        min=FEWEST,
        max=MOST,
        help=f"How many people live in it; left out, {RESIDENTS:,}, or as many as there are if more.",
    ),
]


@app.callback()
def play(
    context: typer.Context,
    seed: Seed = SEED,
    residents: Grown = None,
    speed: Annotated[float, typer.Option(min=0, max=100, help="Changes; 1 is one in 5 s, 0 none.")] = 1.0,
) -> None:
    """Play the demo city: load it if it is not there yet, let it grow, let its life go on until Ctrl-C."""
    if context.invoked_subcommand:
        return
    stopping = threading.Event()
    with _in_a_sentence():
        demo = _grown(load(), seed, residents)
        _load(demo)
        if speed:
            for sign in (signal.SIGTERM, signal.SIGINT):
                signal.signal(sign, lambda *_: stopping.set())
            demo.play(stopping, speed, lambda title: console.print(title, highlight=False))


@app.command(epilog="Example: citygrid demo files --residents 1000000 --into /var/tmp/city")
def files(
    into: Annotated[Path, typer.Option(help="The folder in which the files are made.")],
    seed: Seed = SEED,
    residents: Residents = RESIDENTS,
    today: Annotated[str | None, typer.Option(help="As of which day (YYYY-MM-DD); left out, today.")] = None,
) -> None:
    """Write the departments' export files and the areas of a city, and publish nothing. Needs nothing that runs."""
    try:
        day = date.fromisoformat(today) if today else date.today()  # noqa: DTZ011 - where one stands
    except ValueError:
        raise CommandFailed("--today must be a day such as 2026-03-02.") from None
    with _bar() as report:
        written = write(into, DemoCity(seed, residents, day), report)
    console.print(f"{len(written)} files in {into}", highlight=False)


@app.command(epilog="Example: citygrid demo day --speed 60 --residents 20000")
def day(
    speed: Annotated[
        float,
        typer.Option(min=1, max=86_400, help="How many times as fast as the real time; at 60 a day is 24 min."),
    ] = 60.0,
    seed: Seed = SEED,
    residents: Grown = None,
    dead_letter: Annotated[
        bool, typer.Option("--dead-letter", help="Put in one record that nobody can read, at noon.")
    ] = False,
) -> None:
    """Play the story of one day from 00:00 to 24:00: rain at night, the morning's round, an SOS in the afternoon."""
    stopping = threading.Event()
    with _in_a_sentence():
        settings = load()
        demo = _grown(settings, seed, residents)
        _load(demo)
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_: stopping.set())
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[events]} events"))
        with Progress(*columns, console=errors) as bars:
            bar = bars.add_task("00:00", total=DAY_SECONDS, events=0)

            def report(second: int, title: str, events: int) -> None:
                clock = f"{second // 3600:02d}:{second // 60 % 60:02d}"
                bars.update(bar, completed=second, description=clock, events=events)
                if title:
                    console.print(f"{clock} {title}", highlight=False)

            events = perform(demo, settings, speed, stopping, report, dead_letter=dead_letter)
    console.print(f"{events:,} events published.", highlight=False)


@app.command(epilog="Example: citygrid demo check")
def check(as_json: AsJson = False) -> None:
    """Say whether the alerts came that the last day must have brought; exit code 1 if one is lacking."""
    with _in_a_sentence():
        settings = load()
        outcomes = look(Demo(settings, residents=None), settings)
    if as_json:
        typer.echo(for_machines([{**outcome.expected._asdict(), "states": outcome.states} for outcome in outcomes]))
    else:
        table = Table("", "rule", "place", "expected", "found", box=None, header_style="bold")
        for outcome in outcomes:
            states = ", ".join(outcome.states) or "none"
            table.add_row("✓" if outcome.there else "✗", *outcome.expected[:2], outcome.expected.state or "any", states)
        console.print(table)
    if not all(outcome.there for outcome in outcomes):
        raise CommandFailed(
            "Something of the story is lacking: is the day over, and does `citygrid status` say all is well?"
        )


def _grown(settings: Settings, seed: int, residents: int | None) -> Demo:
    """The city of so many; what `citygrid up` made grows to the size that is played by default."""
    demo = Demo(settings, seed, residents)
    return Demo(settings, seed, RESIDENTS) if residents is None and demo.city.residents < RESIDENTS else demo


def _load(demo: Demo) -> None:
    if demo.loaded:
        console.print("The demo city is there already.")
        return
    with _bar() as report:
        events = demo.load(report)
    console.print(f"{demo.city.residents:,} residents, {events:,} events published.", highlight=False)


@contextmanager
def _in_a_sentence() -> Iterator[None]:
    """What a person can mend is a sentence."""
    try:
        yield
    except (DemoRefused, PublishRefused, KeyRefused, NotDelivered) as refused:
        raise CommandFailed(str(refused)) from None


@contextmanager
def _bar() -> Iterator[Report]:
    """A bar for each thing that is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors) as bars:
        tasks: dict[str, TaskID] = {}

        def report(title: str, done: int, total: int) -> None:
            if title not in tasks:
                tasks[title] = bars.add_task(title, total=total)
            bars.update(tasks[title], completed=done, total=total)

        yield report
