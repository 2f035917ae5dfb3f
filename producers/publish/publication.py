"""Publishing one file from its beginning to its report; a full export is compared first and may be refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from producers.publish import export_file as files
from producers.publish import snapshot as snapshots
from producers.publish.checked_lines import Bad
from producers.publish.columns import Department, ExportUnknown
from producers.publish.export_file import Rehearsal, RejectedFile
from producers.publish.export_lines import ExportFile, FileRefused
from producers.publish.first_seen import first_seen
from producers.publish.held import HeldBack
from producers.publish.open_lines import OpenLines
from producers.publish.publisher import Publisher, PublishRefused
from producers.publish.report import Report
from producers.publish.reporting import FileReporting, report_refused
from producers.publish.snapshot import Difference, Snapshot
from runtime.settings import Settings
from runtime.topic_reader import NotGranted

#: `(bytes read, events so far)`, called now and then.
Tell = Callable[[int, int], None]


class Full(NamedTuple):
    """A file that is everything there is: when it was made (microseconds UTC), whether it may withdraw more than the
    share that is usual, and who agrees to what it would change."""

    made_at: int
    withdraw_many: bool = False
    agreed: Callable[[Difference], bool] = lambda _: True


@dataclass(frozen=True)
class Publication:
    """How a department's files are published. `wait`: seconds for the stages to read it; 0: that is not asked."""

    settings: Settings
    department: Department
    encoding: str | None = None
    dry_run: bool = False
    wait: float = 30.0

    def of(self, path: Path, tell: Callable[[ExportFile], Tell], full: Full | None = None) -> Report:
        """Publish `path`. Raises FileRefused, ExportUnknown, PublishRefused, KeyRefused, NotDelivered."""
        try:
            return self._of(path, tell, full)
        except (FileRefused, ExportUnknown, snapshots.WithdrawsMany) as refused:
            if not self.dry_run:
                report_refused(self.settings, self.department.name, path, str(refused))
            raise

    def _of(self, path: Path, tell: Callable[[ExportFile], Tell], full: Full | None) -> Report:
        with ExportFile(path, self.encoding) as file, RejectedFile(path, self.department.name) as rejected:
            report = Report(self.department.name, path.name, file.format, file.encoding)
            city: FileReporting | None = None
            if full:
                city = self._full(path, file, rejected, tell(file), full, report)
            elif self.dry_run:
                tally = files.publish(file, self.department, Rehearsal(self.settings), rejected, tell(file))
                report.lines, report.events = tally.lines, tally.events
            else:
                with Publisher(self.settings) as publisher:
                    held = self._held()
                    seen = first_seen(self.settings, self.department.name, path)
                    earlier = OpenLines(path, self.department.name)
                    city = FileReporting(self.settings, self.department.name, path)
                    tally = files.publish(file, self.department, publisher, rejected, tell(file), seen, (earlier, city))
                    publisher.flush()
                    report.still = earlier.close()
                    report.lines, report.events, report.published = tally.lines, tally.events, True
                    self._ask(held, report)
            report.rejected, report.passed, report.unused = rejected.reasons, file.passed, file.unused()
            report.rejected_file = str(rejected.path) if rejected.count else None
            if city is not None:
                city.close(report)
            return report

    def _full(
        self, path: Path, file: ExportFile, rejected: RejectedFile, tell: Tell, full: Full, report: Report
    ) -> FileReporting | None:
        """What is to be closed with the report; None for a rehearsal."""
        exports = file.exports(self.department)
        if len(exports) != 1:
            raise PublishRefused("A snapshot is a file of one export: publish its tables one by one.")
        (export,) = exports
        with Publisher(self.settings) as publisher, Snapshot(export.topic, export.kinds_said(), full.made_at) as now:
            earlier = OpenLines(path, self.department.name)
            city = None if self.dry_run else FileReporting(self.settings, self.department.name, path)
            followers: list[files.Follower] = [earlier, *([city] if city else [])]
            events, seen = 0, first_seen(self.settings, self.department.name, path, rehearsal=self.dry_run)
            for report.lines, line in enumerate(files.lines(file, self.department, publisher, seen), 1):
                if isinstance(line, Bad):
                    rejected.write(line)
                    now.rejected(line.record)
                    for follower in followers:
                        follower.rejected(line)
                    continue
                for topic, ready in line.events:
                    now.exported(ready)
                    for follower in followers:
                        follower.published(topic, ready.statement.kind, ready.statement.record)
                    events += 1
                if report.lines % files.TELL_EVERY == 0:
                    tell(file.read_bytes, events)
            tell(file.read_bytes, events)
            now.read_known(self.settings)
            report.difference = difference = now.difference()
            agreed = full.agreed(difference)
            if self.dry_run:
                return None
            if not full.withdraw_many:
                difference.refuse_many(self.settings.snapshot_withdraws_share)
            if not difference.events:
                report.published = True
                report.still = earlier.close()
                return city
            if not agreed:
                raise PublishRefused("Nothing was published.")
            held = self._held()
            report.events = snapshots.publish(now, publisher)
            publisher.flush()
            report.published = True
            report.still = earlier.close()
            self._ask(held, report)
            return city

    def _held(self) -> HeldBack | None:
        """None: a department's own login publishes, and may not ask what follows from it."""
        try:
            return HeldBack(self.settings)
        except NotGranted:
            return None

    def _ask(self, held: HeldBack | None, report: Report) -> None:
        if held and report.events and self.wait > 0:
            answer = held.wait({export.topic for export in self.department.exports}, self.wait)
            report.held, report.read_by_stages = answer.alerts, answer.complete
