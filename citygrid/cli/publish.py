"""Publish a department's export file: CSV or JSON Lines, as its office writes it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from citygrid.cli import CommandFailed
from citygrid.cli.screen import console, errors
from producers.publish import NotDelivered, Publisher, PublishRefused
from producers.publish import export_file as files
from producers.publish import snapshot as snapshots
from producers.publish.cells import Unfit, instant
from producers.publish.columns import Department, ExportUnknown
from producers.publish.export_file import Bad, Rehearsal, RejectedFile
from producers.publish.export_lines import ExportFile, FileRefused
from producers.publish.first_seen import first_seen
from producers.publish.held import HeldBack
from producers.publish.snapshot import Difference, Snapshot
from runtime.discover import discover
from runtime.settings import Settings, load
from wire.pseudonym import KeyRefused

EXAMPLE = "citygrid publish police 户籍变动.csv"

REFUSED = 2
SOME_REJECTED = 3
NOT_DELIVERED = 4


def command(
    department: Annotated[str, typer.Argument(help="Whose export it is, e.g. police, civil-affairs.")],
    file: Annotated[Path, typer.Argument(help="CSV or JSON Lines; UTF-8 or GB18030.", exists=True, dir_okay=False)],
    encoding: Annotated[str | None, typer.Option(help="utf-8 or gb18030; found out if not said.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every line, send nothing.")] = False,
    snapshot: Annotated[
        bool, typer.Option("--snapshot", help="The file is everything there is: what it lacks is withdrawn.")
    ] = False,
    as_of: Annotated[
        str | None, typer.Option(help="When the snapshot was made; the file's own time if not said.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before publishing a snapshot.")] = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the stages, to count what was held back.")] = 30,
) -> None:
    """Publish a department's export file.

    A line that cannot be read goes to FILE.rejected.csv with its number, field and reason; the rest goes on. Publishing
    a file again does nothing twice. Exit codes: 0 all published, 2 nothing could be, 3 some lines were rejected,
    4 the cluster did not take all events (publish the file again).
    """
    settings = load()
    try:
        rejected = _run(settings, _department(department), file, encoding, dry_run, snapshot, as_of, yes, wait)
    except (FileRefused, ExportUnknown, PublishRefused, KeyRefused) as refused:
        raise CommandFailed(str(refused), REFUSED) from None
    except NotDelivered as lost:
        raise CommandFailed(str(lost), NOT_DELIVERED) from None
    if rejected is not None:
        raise CommandFailed(
            f"{rejected.count} lines were rejected; they are in {rejected.path} with their reasons. It holds people's "
            "data: mend the lines in your register, publish them, and delete it.",
            SOME_REJECTED,
        )


def _run(
    settings: Settings,
    department: Department,
    path: Path,
    encoding: str | None,
    dry_run: bool,
    snapshot: bool,
    as_of: str | None,
    yes: bool,
    wait: float,
) -> RejectedFile | None:
    """Returns the rejected file if a line was rejected."""
    with ExportFile(path, encoding) as file, RejectedFile(path) as rejected:
        console.print(f"{path.name}: {file.format}, {file.encoding}", highlight=False)
        if snapshot:
            _snapshot(settings, department, path, file, rejected, _as_of(path, as_of), dry_run, yes, wait)
        elif dry_run:
            with _progress(file.size, "checking") as report:
                tally = files.publish(file, department, Rehearsal(settings), rejected, report)
            _say("would be published", tally.events)
        else:
            with Publisher(settings) as publisher:
                held = HeldBack(settings)
                seen = first_seen(settings, department.name, path)
                with _progress(file.size, "publishing") as report:
                    tally = files.publish(file, department, publisher, rejected, report, seen)
                publisher.flush()
                _say("published", tally.events)
                _tell_held(held, department, wait, tally.events.total())
        return rejected if rejected.count else None


def _snapshot(
    settings: Settings,
    department: Department,
    path: Path,
    file: ExportFile,
    rejected: RejectedFile,
    as_of: int,
    dry_run: bool,
    yes: bool,
    wait: float,
) -> None:
    export = department.export_of(file.header())
    with Publisher(settings) as publisher, Snapshot(export.topic, export.kinds_said(), as_of) as compared:
        with _progress(file.size, "reading") as report:
            events, seen = 0, first_seen(settings, department.name, path, rehearsal=dry_run)
            for count, line in enumerate(files.lines(file, department, publisher, seen), 1):
                if isinstance(line, Bad):
                    rejected.write(line)
                    compared.rejected(line.record)
                    continue
                for _, ready in line.events:
                    compared.exported(ready)
                    events += 1
                if count % files.TELL_EVERY == 0:
                    report(file.read_bytes, events)
            report(file.read_bytes, events)
        compared.read_known(settings)
        difference = compared.difference()
        made = datetime.fromtimestamp(as_of / 1e6, UTC).astimezone(settings.zone)
        console.print(f"Against what {department.name} has said, as of {made:%Y-%m-%d %H:%M:%S}:", highlight=False)
        _say_difference(difference)
        if dry_run or not difference.events:
            console.print("Nothing was published." if dry_run else "There is nothing to publish.")
            return
        if not yes and not typer.confirm("Publish this?"):
            raise CommandFailed("Nothing was published.", REFUSED)
        held = HeldBack(settings)
        sent = snapshots.publish(compared, publisher)
        publisher.flush()
        console.print(f"{sent} events published.", highlight=False)
        _tell_held(held, department, wait, sent)


def _department(name: str) -> Department:
    known = discover("producers.departments", "DEPARTMENT", Department)
    if name not in known:
        raise CommandFailed(f"There is no department '{name}'; there are {', '.join(known)}.", REFUSED)
    return known[name]


def _as_of(path: Path, text: str | None) -> int:
    """Microseconds UTC; the file's own time is kept by `cp -p`, so that a snapshot may be published again."""
    now = time.time_ns() // 1000
    if text is None:
        return min(path.stat().st_mtime_ns // 1000, now)
    try:
        moment = instant(text)
    except Unfit as wrong:
        raise CommandFailed(f"--as-of {wrong}, such as '2026-01-31 18:00:00'.", REFUSED) from None
    if moment > now:
        raise CommandFailed("--as-of lies ahead: a snapshot cannot know what comes.", REFUSED)
    return moment


def _tell_held(held: HeldBack, department: Department, wait: float, sent: int) -> None:
    if not sent:
        return
    outcome = held.wait({export.topic for export in department.exports}, wait)
    sentence = f"{outcome.alerts} alerts were held back: their facts are older than going live (`since` of the rules)."
    if not outcome.complete:
        sentence = f"The stages have not read everything within {wait:.0f} s. Until now " + sentence
    console.print(sentence, highlight=False)


def _say(what: str, events: Counter[str]) -> None:
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(events.items()))
    console.print(f"{events.total()} events {what}{': ' + kinds if kinds else ''}.", highlight=False)


def _say_difference(difference: Difference) -> None:
    titles = {
        "new": "new",
        "changed": "changed",
        "withdrawn": "to be withdrawn (not in the file)",
        "unchanged": "unchanged",
        "newer": "left alone (said after the export was made)",
        "rejected": "left alone (not in the file, but lines were rejected that may have stated it)",
    }
    for name, title in titles.items():
        counts: Counter[str] = getattr(difference, name)
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
        console.print(f"  {counts.total():>9} {title}{': ' + kinds if kinds else ''}", highlight=False)


@contextmanager
def _progress(size: int, title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar over the bytes of the file, with events/s."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]:,.0f} events/s"),
        TimeRemainingColumn(),
    )
    started = time.monotonic()
    with Progress(*columns, console=errors, transient=True) as progress:
        task = progress.add_task(title, total=max(size, 1), rate=0.0)

        def report(read_bytes: int, events: int) -> None:
            progress.update(task, completed=read_bytes, rate=events / max(time.monotonic() - started, 1e-3))

        yield report
