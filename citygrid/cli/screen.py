"""What commands show: the table of processes, progress, and the option that all commands share."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

if TYPE_CHECKING:  # what brings the parts up and fetches them is large, and most commands only print
    from local.bring_up import Line
    from local.stack import downloads

# off a terminal (a log, a pipe) lines are not folded at 80 columns
console = Console(width=None if sys.stdout.isatty() else 200)
errors = Console(stderr=True, width=None if sys.stderr.isatty() else 200)
AsJson = Annotated[bool, typer.Option("--json", help="For a machine to read.")]


def for_machines(value: object) -> str:
    """`found` as JSON; times by ISO 8601."""
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)  # a datetime is a date


COLOURS = {
    "running": "green",
    "stopped": "dim",
    "starting": "yellow",
    "backoff": "red",
    "fatal": "red",
    "exited": "red",
}


class Steps:
    """One moving line that says what is being done, and a bar for each download."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(), TextColumn("{task.description}"), console=errors, transient=True, redirect_stdout=False
        )
        self._line = self._progress.add_task("looking at this machine", total=None)

    def __enter__(self) -> Steps:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def tell(self, sentence: str) -> None:
        """Show what is being done now; off a terminal each is a line of its own."""
        if errors.is_terminal:
            self._progress.update(self._line, description=sentence)
        else:
            errors.print(sentence)

    @contextmanager
    def bar(self, title: str, total: int) -> Iterator[downloads.Progress]:
        """A bar of bytes for one download."""
        self._progress.stop()
        columns = (TextColumn("downloading {task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with Progress(*columns, console=errors) as bars:
            task = bars.add_task(title, total=total)
            yield lambda count: bars.advance(task, count)
        self._progress.start()


@contextmanager
def counting(doing: str) -> Iterator[Callable[[str, int], Callable[[int], None]]]:
    """A bar of records: call what this gives with a title and a total, then the result with each number done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors) as bars:

        def bar(title: str, total: int) -> Callable[[int], None]:
            task = bars.add_task(f"{doing} {title}", total=total)
            return lambda count: bars.advance(task, count)

        yield bar


def show(lines: list[Line], home: Path) -> None:
    """Print the table: what runs, state, address, log."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("process", "what", "state", "address", "log"):
        table.add_column(column, overflow="fold", no_wrap=column in {"process", "state"})
    for line in [replace(line, log=_short(line.log, home)) for line in lines]:
        colour = COLOURS.get(line.state, "yellow")
        table.add_row(line.process, line.what, f"[{colour}]{line.state}[/]", line.address, line.log)
    console.print(table)
    for line in lines:
        if line.trouble:
            errors.print(f"{line.trouble}: {line.log}")


def _short(log: str, home: Path) -> str:
    return str(Path(log).relative_to(home)) if Path(log).is_relative_to(home) else log
