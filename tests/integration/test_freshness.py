"""When each topic was last heard of, asked from a real broker: by the clock, and by `citygrid topics`."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from citygrid.cli import main
from local.stack.ports import free_ports
from producers.publish import Publisher
from runtime.settings import Settings
from tests.e2e.running import environment, until
from tests.integration.stages.test_quiet import REGISTER, registered
from tests.schemas import register_schemas
from wire.contracts import contracts
from wire.freshness import NEVER, TopicWatch, newest_records, record_counts
from wire.registry import Registry
from wire.topics import ensure_topics


def say(settings: Settings, *dwellings: str) -> None:
    with Publisher(settings, registry=Registry.of(settings)) as publisher:
        for dwelling in dwellings:
            publisher.publish(REGISTER, registered(dwelling))


def now() -> int:
    return time.time_ns() // 1000


def listen(watch: TopicWatch, quiet: bool) -> None:
    """Until the register is quiet, or no longer is."""

    def lacking() -> str | None:
        watch.turn()
        return None if watch.complete and (REGISTER in watch.quiet(now())) == quiet else "no such answer yet"

    until(lacking, 30)


def test_a_topic_is_quiet_until_it_speaks_and_a_broker_that_is_away_changes_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_topics(settings)
    register_schemas(settings)
    monkeypatch.setattr("wire.freshness.EVERY_S", 0.2)
    watch = TopicWatch(settings)
    assert watch.quiet(now()) == sorted(contracts()), "nothing was heard yet"
    listen(watch, quiet=True)
    say(settings, "D-1")
    listen(watch, quiet=False)
    limit = contracts()[REGISTER].freshness_seconds * 1_000_000
    assert REGISTER not in watch.quiet(now() + limit - 60_000_000)
    assert REGISTER in watch.quiet(now() + limit + 1_000_000)

    nobody = settings.model_copy(update={"kafka_bootstrap": f"127.0.0.1:{free_ports(1)[0]}"})
    watch._settings = nobody
    quiet = watch.quiet(now())
    asked = time.monotonic()

    def waiting() -> str | None:
        watch.turn()
        return None if time.monotonic() > asked + 7 else "the broker's time to answer is not over"

    until(waiting, 20)
    assert watch.quiet(now()) == quiet
    assert newest_records(nobody) == {}


def test_how_many_records_and_how_new(settings: Settings) -> None:
    ensure_topics(settings)
    register_schemas(settings)
    before = time.time_ns() // 1_000_000
    say(settings, "D-1", "D-2", "D-3")

    def lacking() -> str | None:
        counts = record_counts(settings)
        return None if counts.keys() == contracts().keys() else "not every topic has answered yet"

    until(lacking, 30)
    assert record_counts(settings)[REGISTER] == 3
    assert set(record_counts(settings).values()) == {0, 3}
    newest = newest_records(settings)
    assert before <= newest[REGISTER] <= time.time_ns() // 1_000_000
    assert newest["tax.tax-record"] == NEVER


def test_the_command_shows_topics_with_and_without_a_broker(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ensure_topics(settings)
    register_schemas(settings)
    say(settings, "D-1", "D-2")
    nothing = tmp_path / "empty.env"
    nothing.touch()
    for name, value in (environment(settings) | {"CITYGRID_ENV_FILE": str(nothing)}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("citygrid.cli.screen.console.width", 220)

    def run(*arguments: str, code: int = 0) -> tuple[str, str]:
        monkeypatch.setattr(sys, "argv", ["citygrid", "topics", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert (ended.value.code or 0) == code
        captured = capsys.readouterr()
        return captured.out, captured.err

    def lacking() -> str | None:
        (one,) = json.loads(run(REGISTER, "--json")[0])
        return None if (one["records"], one["quiet"]) == (2, False) else f"{one['records']} records"

    until(lacking, 30)
    out, err = run()
    assert f"{len(contracts())} topics" in out
    assert "never, quiet" in out
    assert err == ""
    assert "dwelling" in run("--search", "承租人 sensitive")[0]
    one, _ = run("housing.tenancy")
    assert "tenants" in one
    assert "string[] (identity)" in one
    assert json.loads(run("--asyncapi")[0])["asyncapi"] == "3.0.0"
    assert "There is no topic" in run("nothing", code=1)[1]

    monkeypatch.setenv("CITYGRID_KAFKA_BOOTSTRAP", f"127.0.0.1:{free_ports(1)[0]}")
    out, err = run("--json")
    assert [one["records"] for one in json.loads(out)] == [None] * len(contracts())
    assert "says nothing of these topics" in err
