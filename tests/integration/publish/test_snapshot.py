"""A full export: what it lacks is withdrawn, what it has anew is said, and it is said first what would change."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

from producers.publish import Publisher, Statement
from producers.publish.snapshot import events_of
from runtime.settings import Settings
from tests.contracts.people import number
from tests.integration.publish.test_publish import POLICE, city, citygrid, event_ids, moved_in, write

__all__ = ["city"]


def kinds(settings: Settings) -> Counter[tuple[str, bool]]:
    return Counter((event.record, event.withdrawn) for event in events_of(settings, POLICE))


def test_a_snapshot(city: Settings, tmp_path: Path) -> None:
    first = write(tmp_path / "1.csv", [moved_in(index) for index in range(10)])
    assert citygrid(city, "police", str(first), "--wait", "0").returncode == 0

    rows = [moved_in(index) for index in range(12) if index not in (3, 4)]
    rows[0] = moved_in(0, household="H999999")  # changed, but not recorded anew
    second = write(tmp_path / "2.csv", rows)
    looked = citygrid(city, "police", str(second), "--snapshot", "--dry-run", "--as-of", "2026-03-01")
    assert looked.returncode == 0, looked.stderr
    for line in ("2 new: 2 MovedIn", "1 changed: 1 MovedIn", "2 to be withdrawn", "7 unchanged: 7 MovedIn"):
        assert line in looked.stdout
    assert len(event_ids(city)) == 10

    done = citygrid(city, "police", str(second), "--snapshot", "--yes", "--as-of", "2026-03-01", "--wait", "0")
    assert done.returncode == 2, "2 of 10 would be withdrawn"
    assert "2 of 10 known statements (20.0%)" in done.stderr
    assert len(event_ids(city)) == 10
    many = ("--snapshot", "--yes", "--withdraw-many", "--wait", "0")
    done = citygrid(city, "police", str(second), *many, "--as-of", "2026-03-01")
    assert done.returncode == 0, done.stderr
    assert "events published: 5 MovedIn" in done.stdout
    stated = kinds(city)
    assert stated["HK0000003", True] == stated["HK0000004", True] == 1
    assert stated["HK0000000", False] == 2

    again = citygrid(city, "police", str(second), "--snapshot", "--yes", "--as-of", "2026-03-01", "--wait", "0")
    assert "nothing to publish" in again.stdout
    assert len(event_ids(city)) == 15

    back = citygrid(city, "police", str(first), *many, "--as-of", "2026-03-02")
    assert "3 changed" in back.stdout  # 3 and 4 stand again, 0 is as it was
    assert "2 to be withdrawn" in back.stdout
    assert kinds(city)["HK0000003", False] == 2


def test_what_was_said_after_the_export_stays_and_a_rejected_line_is_not_absent(city: Settings, tmp_path: Path) -> None:
    rows = [moved_in(index) for index in range(5)]
    file = write(tmp_path / "1.csv", rows)
    assert citygrid(city, "police", str(file), "--wait", "0").returncode == 0
    with Publisher(city) as publisher:
        now = time.time_ns() // 1000
        publisher.publish(POLICE, Statement("Contact", "HK-late", number(1), now, now, {"phone": "02088880000"}))
    bad = write(tmp_path / "2.csv", [*rows[:3], moved_in(3, on="明天")])
    many = ("--snapshot", "--yes", "--withdraw-many", "--wait", "0")
    ran = citygrid(city, "police", str(bad), *many, "--as-of", "2026-03-01")
    assert ran.returncode == 3, ran.stderr
    assert "1 to be withdrawn (not in the file): 1 MovedIn" in ran.stdout
    stated = kinds(city)
    assert (stated["HK0000003", True], stated["HK0000004", True], stated["HK-late", True]) == (0, 1, 0)


def test_it_asks(city: Settings, tmp_path: Path) -> None:
    file = write(tmp_path / "1.csv", [moved_in(1)])
    ran = citygrid(city, "police", str(file), "--snapshot")
    assert ran.returncode != 0
    assert event_ids(city) == []


def test_a_column_that_was_sorted_without_the_others_withdraws_nobody(city: Settings, tmp_path: Path) -> None:
    """Each record is still there, about somebody else."""
    rows = [moved_in(index) for index in range(30)]
    file = write(tmp_path / "1.csv", rows)
    assert citygrid(city, "police", str(file), "--wait", "0").returncode == 0
    numbers = [number(index) for index in range(30)]
    sorted_alone = [moved_in(index, number=one) for index, one in enumerate(reversed(numbers))]
    file = write(tmp_path / "2.csv", sorted_alone)
    done = citygrid(city, "police", str(file), "--snapshot", "--yes", "--as-of", "2026-03-01", "--wait", "0")
    assert done.returncode == 2
    assert "states 30 about another subject than before" in done.stderr
    assert "全量文件" in done.stderr
    assert len(event_ids(city)) == 30
