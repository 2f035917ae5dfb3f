"""The clock on a real Kafka: a jump is told and not published, a mistaken tick can be taken back."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from citygrid.cli import main
from processes.clock import Clock
from processes.clock_topic import last_tick
from runtime import topic_reader
from runtime.settings import Settings
from tests.e2e.running import environment, tick, until
from tests.schemas import register_schemas
from wire.codec import RecordReader
from wire.contracts import published
from wire.registry import Registry
from wire.topics import CLOCK, ensure_topics

MONTH = 30 * 86_400 * 1_000_000


def machine() -> int:
    return time.time_ns() // 1_000


@pytest.fixture
def ready(settings: Settings) -> Settings:
    ensure_topics(settings)
    register_schemas(settings)
    return settings.model_copy(update={"clock_interval_seconds": 0.1})


@contextmanager
def running(settings: Settings, now: Callable[[], int] = machine) -> Iterator[Clock]:
    stopping = threading.Event()
    clock = Clock(settings, stopping, now)
    thread = threading.Thread(target=clock.run)
    thread.start()
    try:
        yield clock
    finally:
        stopping.set()
        thread.join(60)


def ticks(settings: Settings) -> list[int]:
    """Every time that was ever said, in the order of one partition."""
    registry = Registry.of(settings)
    reader = RecordReader(registry, published()[CLOCK].schema)
    records = topic_reader.records(settings, settings.topic_prefix + CLOCK, starts={0: 0})
    said = [int(reader.read(bytes(record.value() or b""))["now"]) for record in records]
    registry.close()
    return said


def jump() -> float:
    return REGISTRY.get_sample_value("citygrid_clock_jump_seconds") or 0.0


def newest_is(settings: Settings, about: Callable[[], int], within: int = 30_000_000) -> Callable[[], str | None]:
    def lacking() -> str | None:
        said = ticks(settings)
        return None if said and abs(said[-1] - about()) < within else f"{said[-1:]} instead of {about()}"

    return lacking


def test_a_jump_is_told_and_not_published_and_believed_again_once_it_is_mended(ready: Settings) -> None:
    ahead = 0
    with running(ready, lambda: machine() + ahead) as clock:
        until(newest_is(ready, machine), 60)
        ahead = MONTH
        until(lambda: None if jump() > 0 else "it was not told", 30)
        assert (clock.ready() or "").startswith("the machine's clock is 2592000 s ahead")
        assert clock.live() is None
        stood = ticks(ready)
        until(lambda: None if len(ticks(ready)) > len(stood) + 5 else "the last tick is said again", 30)
        assert max(ticks(ready)) < machine() + MONTH // 2
        ahead = 0
        until(lambda: None if jump() == 0 else "it is not believed", 30)
        until(newest_is(ready, machine), 30)
        assert clock.ready() is None
    assert ticks(ready) == sorted(ticks(ready))


def test_a_start_on_a_wrong_host_is_not_believed_and_one_after_a_long_outage_is(ready: Settings) -> None:
    tick(ready, machine() - MONTH)
    with running(ready, lambda: machine() + MONTH):
        until(lambda: None if jump() > 0 else "it was not told", 60)
        assert max(ticks(ready)) < machine()
    with running(ready):
        until(newest_is(ready, machine), 60)
    assert jump() == 0


def test_a_mistaken_tick_is_taken_back_by_the_command(
    ready: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = tmp_path / "empty.env"
    nothing.touch()
    for name, value in (environment(ready) | {"CITYGRID_ENV_FILE": str(nothing)}).items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["citygrid", "clock", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out + captured.err

    tick(ready, machine() + MONTH)
    with running(ready) as clock:
        until(lambda: None if jump() < 0 else "it was not told", 60)
        assert "behind the last tick" in (clock.ready() or "")
        assert max(ticks(ready)[1:], default=0) > machine(), "it is said again at the start, and nothing after it"
        code, said = run("take-back", "--yes")
        assert code == 0, said
        until(newest_is(ready, machine), 60)
        until(lambda: None if jump() == 0 else "it is not believed", 30)
    registry = Registry.of(ready)
    last = last_tick(ready, registry)
    registry.close()
    assert last is not None
    assert abs(last.now - machine()) < 60_000_000
    assert run("take-back", "--yes")[0] == 1, "there is nothing to take back"
    assert "last tick" in run("show")[1]
