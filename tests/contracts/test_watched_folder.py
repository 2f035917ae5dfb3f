"""Which files of a watched folder are whole and new, across restarts and half-copied files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from producers.publish.watched_folder import WatchedFolder


class Clock:
    """Seconds that pass when they are told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def folder(path: Path, clock: Clock) -> WatchedFolder:
    return WatchedFolder(path, ["户籍*.csv"], 10, clock)


def names(watched: WatchedFolder) -> list[str]:
    return [path.name for path in watched.ready()]


def test_a_file_is_taken_once_when_it_has_stood_still_and_again_when_it_was_replaced(tmp_path: Path) -> None:
    clock = Clock()
    watched = folder(tmp_path, clock)
    for name in ("户籍-1.csv", "户籍-2.csv", "other.csv", "户籍-3.csv.tmp", ".户籍-4.csv", "户籍-1.csv.rejected.csv"):
        (tmp_path / name).write_text("a")
    os.utime(tmp_path / "户籍-1.csv", (2_000, 2_000))
    os.utime(tmp_path / "户籍-2.csv", (1_000, 1_000))
    assert names(watched) == []
    clock.now = 9
    (tmp_path / "户籍-2.csv").write_text("ab")  # still being copied
    os.utime(tmp_path / "户籍-2.csv", (1_000, 1_000))
    assert names(watched) == []
    clock.now = 10
    assert names(watched) == ["户籍-1.csv"]
    clock.now = 20
    assert names(watched) == ["户籍-2.csv", "户籍-1.csv"], "in the order in which they were written"
    for name in ("户籍-1.csv", "户籍-2.csv"):
        assert watched.take(tmp_path / name)
        assert watched.done(tmp_path / name, {"lines": 1})
    assert names(watched) == []

    again = folder(tmp_path, clock)
    assert names(again) == []
    clock.now = 40
    os.utime(tmp_path / "户籍-1.csv", (3_000, 3_000))
    (tmp_path / "户籍-2.csv").write_text("cd")
    assert names(again) == []
    clock.now = 60
    assert names(again) == ["户籍-2.csv"], "the other has another time, but the same content"


def test_a_report_that_was_half_written_counts_as_none(tmp_path: Path) -> None:
    clock = Clock()
    watched = folder(tmp_path, clock)
    (tmp_path / "户籍.csv").write_text("a")
    (tmp_path / "户籍.csv.report.json").write_text('{"size": 1')
    assert names(watched) == []
    clock.now = 10
    assert names(watched) == ["户籍.csv"]
    (tmp_path / "户籍.csv").unlink()
    assert names(watched) == []


def test_a_file_that_a_program_still_writes_is_not_whole_however_long_it_pauses(tmp_path: Path) -> None:
    clock = Clock()
    watched = folder(tmp_path, clock)
    with (tmp_path / "户籍.csv").open("w") as writing:
        writing.write("a\n")
        writing.flush()
        assert names(watched) == []
        clock.now = 1_000
        assert names(watched) == ["户籍.csv"]
        assert not watched.take(tmp_path / "户籍.csv")
    assert watched.take(tmp_path / "户籍.csv")


def test_a_file_that_changed_since_it_was_ready_is_not_taken(tmp_path: Path) -> None:
    clock = Clock()
    watched = folder(tmp_path, clock)
    (tmp_path / "户籍.csv").write_text("a")
    assert names(watched) == []
    clock.now = 10
    (path,) = watched.ready()
    path.write_text("ab")
    assert not watched.take(path)


def test_a_file_that_is_replaced_while_it_is_published_is_published_again(tmp_path: Path) -> None:
    """Else what was put in its place would count as done, though nobody read it."""
    clock = Clock()
    watched = folder(tmp_path, clock)
    (tmp_path / "户籍.csv").write_text("a")
    assert names(watched) == []
    clock.now = 10
    (path,) = watched.ready()
    assert watched.take(path)
    assert watched.is_as_taken()
    (tmp_path / "new").write_text("b")
    (tmp_path / "new").replace(path)
    assert not watched.is_as_taken()
    assert not watched.done(path, {"lines": 1})
    assert names(watched) == []
    clock.now = 20
    assert names(watched) == ["户籍.csv"]
    assert watched.take(path)
    assert watched.done(path, {"lines": 1})
    assert names(watched) == []


def test_a_folder_that_is_away_says_so_and_goes_on_when_it_is_back(tmp_path: Path) -> None:
    clock, place = Clock(), tmp_path / "share"
    watched = folder(place, clock)
    with pytest.raises(OSError, match="No such file"):
        watched.ready()
    place.mkdir()
    (place / "户籍.csv").write_text("a")
    assert names(watched) == []
    clock.now = 10
    assert names(watched) == ["户籍.csv"]
