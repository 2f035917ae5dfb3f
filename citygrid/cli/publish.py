"""Publish a department's export file, whatever its form, or every file that comes into a folder."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from citygrid.cli import CommandFailed
from citygrid.cli.screen import AsJson, console, errors, for_machines
from domain.time import CITY
from producers.publish import NotDelivered, PublishRefused
from producers.publish.cells import Unfit, instant
from producers.publish.chinese import in_both
from producers.publish.columns import Department, ExportUnknown
from producers.publish.export_lines import ExportFile, FileRefused
from producers.publish.publication import Full, Publication, Tell
from producers.publish.report import Report
from producers.publish.snapshot import Difference, WithdrawsMany
from producers.publish.watched_folder import WatchedFolder
from runtime.discover import discover
from runtime.settings import load
from wire.pseudonym import KeyRefused

EXAMPLE = "citygrid publish police 户籍变动.xlsx"

REFUSED = 2
SOME_REJECTED = 3
NOT_DELIVERED = 4
LOOK_EVERY_S = 1.0
AGAIN_AFTER_S = 15.0


def command(
    department: Annotated[str, typer.Argument(help="Whose export it is, e.g. police, civil-affairs.")],
    file: Annotated[
        Path | None,
        typer.Argument(help="A workbook (.xlsx, .xls), CSV, JSON or a web page's table.", exists=True, dir_okay=False),
    ] = None,
    *,
    watch: Annotated[
        Path | None, typer.Option(help="Publish every file that comes into this folder, until Ctrl-C.", file_okay=False)
    ] = None,
    pattern: Annotated[
        list[str] | None, typer.Option(help="With --watch: names of the files that are meant, e.g. '户籍*.xlsx'.")
    ] = None,
    settle: Annotated[float, typer.Option(help="With --watch: seconds a file must stay the same to be whole.")] = 10,
    encoding: Annotated[str | None, typer.Option(help="utf-8 or gb18030; found out if not given.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every line, send nothing.")] = False,
    snapshot: Annotated[
        bool, typer.Option("--snapshot", help="The file is everything there is: what it lacks is withdrawn.")
    ] = False,
    as_of: Annotated[
        str | None, typer.Option(help="When the snapshot was made; the file's own time if not given.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before publishing a snapshot.")] = False,
    withdraw_many: Annotated[
        bool, typer.Option("--withdraw-many", help="Let the snapshot withdraw more than the usual share.")
    ] = False,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the stages, to count what was held back.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Publish a department's export file.

    A line that cannot be read goes to FILE.rejected.csv with its number, field and reason; the rest goes on. Publishing
    a file again does nothing twice. Exit codes: 0 all published, 2 nothing could be, 3 some lines were rejected,
    4 the cluster did not take all events (publish the file again).
    """
    settings = load()
    publication = Publication(settings, _department(department), encoding, dry_run, wait)
    if watch is not None:
        if file is not None or as_of is not None or dry_run or (snapshot and not yes):
            raise CommandFailed("With --watch give no file, --as-of or --dry-run; a snapshot needs --yes.", REFUSED)
        _watch(publication, WatchedFolder(watch, pattern or ["*"], settle), snapshot, withdraw_many, as_json)
        return
    if file is None:
        raise CommandFailed("Give a file, or a folder with --watch.", REFUSED)
    try:
        with _progress() as (tell, stop):
            full = None
            if snapshot:
                made_at = _as_of(file, as_of)

                def agreed(difference: Difference) -> bool:
                    stop()
                    return _agreed(publication, made_at, difference, yes, as_json)

                full = Full(made_at, withdraw_many, agreed)
            report = publication.of(file, tell, full)
    except (FileRefused, ExportUnknown, PublishRefused, KeyRefused) as refused:
        if as_json:
            print(for_machines(Report(department, file.name, refused=str(refused)).as_json()))
        raise CommandFailed(in_both(str(refused)), REFUSED) from None
    except NotDelivered as lost:
        raise CommandFailed(str(lost), NOT_DELIVERED) from None
    except OSError as unusable:
        raise CommandFailed(_unusable(file, unusable), REFUSED) from None
    if as_json:
        print(for_machines(report.as_json()))
    else:
        _show(report, publication)
    if report.rejected_lines:
        raise CommandFailed(
            f"{report.rejected_lines} 行未接受，见 {report.rejected_file}：请在业务系统中更正后重新导出并发布。\n"
            f"{report.rejected_lines} lines were rejected; they are in {report.rejected_file} with their reasons. It "
            "holds people's data: mend the lines in your register, publish them, and delete it.",
            SOME_REJECTED,
        )


def _watch(publication: Publication, folder: WatchedFolder, snapshot: bool, withdraw_many: bool, as_json: bool) -> None:
    """Until SIGTERM or Ctrl-C; the file in hand is finished first."""
    stopping = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stopping.set())
    if not folder.folder.is_dir():
        raise CommandFailed(f"{folder.folder} is no folder: make it, then watch it.", REFUSED)
    told = errors if as_json else console  # what programs read is reports alone
    told.print(f"Watching {folder.folder} for {publication.department.name}; Ctrl-C ends it.", highlight=False)
    ready: list[Path] | None = []
    while not stopping.is_set():
        pause = LOOK_EVERY_S
        ready = _listed(folder, was_away=ready is None)
        try:
            for path in ready or ():
                _publish_one(publication, folder, path, snapshot, withdraw_many, as_json)
                if stopping.is_set():
                    break
        except (NotDelivered, PublishRefused) as away:
            errors.print(f"{away} The file is tried again.", highlight=False)
            pause = AGAIN_AFTER_S
        except FileNotFoundError:
            pause = LOOK_EVERY_S  # a file was taken away while it was looked at; of the folder the next look tells
        except KeyRefused as refused:
            raise CommandFailed(str(refused), REFUSED) from None
        except OSError as unusable:
            raise CommandFailed(_unusable(folder.folder, unusable), REFUSED) from None
        stopping.wait(pause)


def _listed(folder: WatchedFolder, *, was_away: bool) -> list[Path] | None:
    """The files that are ready; None: the folder is away, as a network's drive is now and then."""
    try:
        ready = folder.ready()
    except OSError as gone:
        if not was_away:
            errors.print(f"{folder.folder} is away ({gone.strerror}): it is looked for again.", highlight=False)
        return None
    if was_away:
        errors.print(f"{folder.folder} is there again.", highlight=False)
    return ready


def _publish_one(
    publication: Publication,
    folder: WatchedFolder,
    path: Path,
    snapshot: bool,
    withdraw_many: bool,
    as_json: bool,
) -> None:
    """Publish a file that is ready, if it is whole, and mark it as done. Raises PublishRefused, NotDelivered,
    KeyRefused, OSError."""
    if not folder.take(path):
        return
    report = _one(publication, folder, path, snapshot, withdraw_many)
    if not folder.done(path, report.as_json()):
        errors.print(f"{path.name} was replaced while it was read: it is published again.", highlight=False)
    if as_json:
        print(for_machines(report.as_json()), flush=True)
    else:
        _show(report, publication)


def _unusable(place: Path, why: OSError) -> str:
    """What is wrong with a file, or with the folder in which what is rejected of it is written."""
    return (
        f"{why.filename or place} cannot be read or written ({why.strerror or type(why).__name__}): what is rejected "
        "of a file is written beside it, so the folder must be yours to write, with room on its disk."
    )


def _one(publication: Publication, folder: WatchedFolder, path: Path, snapshot: bool, withdraw_many: bool) -> Report:
    """Publish one file of the folder; what is wrong with the file itself is its report's. Of a snapshot that changes
    while it is read nothing is published. Raises PublishRefused, NotDelivered, KeyRefused."""
    full = Full(_as_of(path, None), withdraw_many, lambda _: folder.is_as_taken()) if snapshot else None
    try:
        return publication.of(path, lambda _: lambda *_: None, full)
    except (FileRefused, ExportUnknown, WithdrawsMany) as refused:
        return Report(publication.department.name, path.name, refused=str(refused))


def _department(name: str) -> Department:
    known = discover("producers.departments", "DEPARTMENT", Department)
    if name not in known:
        raise CommandFailed(f"There is no department '{name}'; there are {', '.join(known)}.", REFUSED)
    return known[name]


def _as_of(path: Path, given: str | None) -> int:
    """Microseconds UTC; the file's own time is kept by `cp -p`, so that a snapshot may be published again."""
    now = time.time_ns() // 1000
    if given is None:
        return min(path.stat().st_mtime_ns // 1000, now)
    try:
        made_at = instant(given)
    except Unfit as wrong:
        raise CommandFailed(f"--as-of {wrong}, such as '2026-01-31 18:00:00'.", REFUSED) from None
    if made_at > now:
        raise CommandFailed("--as-of lies ahead: a snapshot cannot know what comes.", REFUSED)
    return made_at


def _agreed(publication: Publication, made_at: int, difference: Difference, yes: bool, as_json: bool) -> bool:
    """Show what a snapshot would change, and ask."""
    if not as_json:
        made = datetime.fromtimestamp(made_at / 1e6, UTC).astimezone(CITY)
        name = publication.department.name
        console.print(f"Against what {name} has stated, as of {made:%Y-%m-%d %H:%M:%S}:", highlight=False)
        _show_difference(difference)
    if yes or publication.dry_run or not difference.events:
        return True
    if not difference.within(publication.settings.snapshot_withdraws_share):
        return True  # it is refused, or let through by a flag of its own
    return typer.confirm("Publish this?", err=as_json)


def _show(report: Report, publication: Publication) -> None:
    """The report as a table."""
    console.print(f"{report.file}: {report.form}, {report.encoding}", highlight=False)
    if report.refused:
        console.print(f"refused 未接受: {in_both(report.refused)}", highlight=False)
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    table.add_row(str(report.lines), "lines")
    done = "published" if report.published else "would be published"
    if report.difference and not report.events:
        done = "published: there is nothing to publish" if report.published else "published: this was a rehearsal"
    table.add_row(str(report.events.total()), f"events {done}{_kinds(report.events)}")
    table.add_row(str(report.rejected_lines), "lines rejected")
    for (column, reason), count in report.rejected.most_common():
        table.add_row("", f"{count} × {column} {in_both(reason)}")
    if report.still and report.still.mended + report.still.open:
        table.add_row(str(report.still.mended), "lines that were rejected in earlier files are mended by this one")
        table.add_row(str(report.still.open), "lines of earlier files in this folder are still to be mended")
    if report.passed:
        table.add_row(str(report.passed), "rows that are no records (totals, notes, the head again)")
    if report.held is not None:
        table.add_row(
            str(report.held), "alerts held back: their facts are older than going live (`since` of the rules)"
        )
    table.add_row(str(len(report.unused)), f"columns not used{': ' if report.unused else ''}{'、'.join(report.unused)}")
    console.print(table, highlight=False, markup=False)
    if report.not_shown:
        console.print(f"The department's page does not show this file: {report.not_shown}", highlight=False)
    if report.read_by_stages is False:
        console.print(
            f"The stages have not read everything within {publication.wait:.0f} s: more alerts may be held back.",
            highlight=False,
        )


def _kinds(events: Counter[str]) -> str:
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(events.items()))
    return f": {kinds}" if kinds else ""


def _show_difference(difference: Difference) -> None:
    titles = {
        "new": "new",
        "changed": "changed",
        "restated": "restated (happened at the instant of one that differs: their order counts)",
        "moved": "to be withdrawn (the file states the record about another subject)",
        "withdrawn": "to be withdrawn (not in the file)",
        "unchanged": "unchanged",
        "newer": "left alone (stated after the export was made)",
        "rejected": "left alone (not in the file, but lines were rejected that may have stated it)",
    }
    for name, title in titles.items():
        counted: Counter[str] = getattr(difference, name)
        console.print(f"  {counted.total():>9} {title}{_kinds(counted)}", highlight=False)


@contextmanager
def _progress() -> Iterator[tuple[Callable[[ExportFile], Tell], Callable[[], None]]]:
    """A bar over the bytes of a file, with events/s, and what ends it before a question is asked."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]:,.0f} events/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, transient=True) as progress:

        def of(file: ExportFile) -> Tell:
            started = time.monotonic()
            task = progress.add_task("reading", total=max(file.size, 1), rate=0.0)

            def tell(read_bytes: int, events: int) -> None:
                progress.update(task, completed=read_bytes, rate=events / max(time.monotonic() - started, 1e-3))

            return tell

        yield of, progress.stop
