"""A large export that several processes check: the same events in the same order, and the same rejected lines."""

from __future__ import annotations

import csv
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from producers.departments import police
from producers.publish import line_workers
from producers.publish.checked_lines import Good
from producers.publish.columns import Department
from producers.publish.export_file import Rehearsal, lines
from producers.publish.export_lines import ExportFile
from producers.publish.publication import Publication
from producers.publish.publisher import PublishRefused
from runtime.settings import Settings
from tests.contracts.people import number
from tests.integration.publish.test_publish import POLICE, city, headers, messages, moved_in, write

__all__ = ["city"]

LINES = 3_000


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is large, as far as the publisher knows, with lines that are rejected for one thing or another."""
    monkeypatch.setattr(line_workers, "LARGE", 0)
    rows = [moved_in(index) for index in range(LINES)]
    rows[1_200] = moved_in(1_200, on="2026-02-30")
    rows[1_700] = moved_in(1_700, address=f"找{number(1_701)}")
    rows[2_100] = rows[2_100][:-2]
    return write(tmp_path / "户籍变动.csv", rows)


def publish(settings: Settings, file: Path) -> Iterator[str]:
    report = Publication(settings, police.DEPARTMENT, wait=0).of(file, lambda _: lambda *_: None)
    assert (report.lines, report.events.total(), report.rejected_lines) == (LINES, LINES - 3, 3)
    with (file.parent / (file.name + ".rejected.csv")).open(encoding="utf-8-sig", newline="") as opened:
        for line in csv.DictReader(opened):
            yield line["line"]


def test_the_events_are_those_of_one_process_and_in_the_order_of_the_file(city: Settings, large: Path) -> None:
    assert line_workers.processes_for(ExportFile(large)) >= 2
    assert list(publish(city, large)) == ["1202", "1702", "2102"]
    with ExportFile(large) as file:
        checked = [line for line in lines(file, police.DEPARTMENT, Rehearsal(city)) if isinstance(line, Good)]
    stated = [ready for line in checked for _, ready in line.events]
    places: dict[int | None, list[tuple[int | None, str]]] = {}
    for message in messages(city, city.topic_prefix + POLICE):
        places.setdefault(message.partition(), []).append((message.offset(), headers(message)["ce_id"].decode()))
    sent = [[event_id for _, event_id in sorted(place)] for place in places.values()]
    order = {ready.event_id: index for index, ready in enumerate(stated)}
    assert len(order) == LINES - 3
    assert {event_id for place in sent for event_id in place} == set(order)
    assert all(place == sorted(place, key=order.__getitem__) for place in sent)


def test_a_process_that_dies_is_told_and_nothing_waits_for_it(
    city: Settings, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = ExportFile.blocks

    def killing(file: ExportFile, department: Department) -> Iterator[bytes]:
        for count, block in enumerate(read(file, department)):
            if count == 2:
                for child in psutil.Process().children():
                    if "multiprocessing.spawn" in " ".join(child.cmdline()):
                        os.kill(child.pid, signal.SIGKILL)
            yield block

    monkeypatch.setattr(ExportFile, "blocks", killing)
    with pytest.raises(PublishRefused, match="nothing doubles"):
        list(publish(city, large))
    monkeypatch.setattr(ExportFile, "blocks", read)
    assert list(publish(city, large)) == ["1202", "1702", "2102"]
