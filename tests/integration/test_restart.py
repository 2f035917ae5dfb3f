"""`citygrid restart` under the real supervisor: what is named starts anew, all others go on, and nobody calls it a
death."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from citygrid.cli import CommandFailed, restart
from local.stack.children import Program
from local.stack.ports import answers, free_ports
from local.supervision import Supervisor
from runtime.settings import Settings

SERVES = (
    "import http.server, sys; http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), None).serve_forever()"
)
RUNNING = ("stage-dwelling", "stage-household", "kafka")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Three programs that do nothing but listen, under the names of processes."""
    ports = dict(zip(RUNNING, free_ports(len(RUNNING)), strict=True))
    settings = Settings(_env_file=None, state_dir=tmp_path / "state", worker_ports=ports)
    monkeypatch.setattr(restart, "load", lambda: settings)
    supervisor = Supervisor(settings.state_dir)
    logs = supervisor.log.parent
    programs = [
        Program(name, (sys.executable, "-c", SERVES, str(port)), tmp_path, logs / f"{name}.log", {})
        for name, port in ports.items()
    ]
    supervisor.start(programs, detached=True)
    try:
        for name in RUNNING:
            supervisor.start_program(name)
        yield settings
    finally:
        supervisor.stop()


def pids(settings: Settings) -> dict[str, int]:
    return {name: state.pid for name, state in Supervisor(settings.state_dir).states().items()}


def test_what_is_named_starts_anew_and_the_others_go_on(place: Settings) -> None:
    before = pids(place)
    restart.command(["stage-dwelling", "stage-dwelling"])
    assert answers(place.port_of("stage-dwelling")), "it serves when the command returns"
    after = pids(place)
    assert after["stage-dwelling"] not in (0, before["stage-dwelling"])
    assert {name for name in before if after[name] == before[name]} == {"stage-household", "kafka"}
    supervisor = Supervisor(place.state_dir)
    assert supervisor.told_to_restart(before["stage-dwelling"]), "`citygrid up` calls it no death"
    assert not supervisor.told_to_restart(after["stage-dwelling"]), "the next end is one again"


def test_without_a_name_all_but_the_parts_start_anew(place: Settings) -> None:
    before = pids(place)
    restart.command()
    after = pids(place)
    assert {name for name in before if after[name] != before[name]} == {"stage-dwelling", "stage-household"}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("kafka", "All others stand on kafka: `citygrid down`, then `citygrid up`"),
        ("dwelling", "There is no process 'dwelling'; there are: .*stage-dwelling"),
        ("sink-grid-tasks", "sink-grid-tasks is newer than what runs here: `citygrid down`, then `citygrid up`"),
    ],
)
def test_what_cannot_be_started_anew_is_named_before_anything_stops(place: Settings, name: str, says: str) -> None:
    before = pids(place)
    with pytest.raises(CommandFailed, match=says):
        restart.command(["stage-dwelling", name])
    assert pids(place) == before


def test_a_plug_in_that_cannot_run_is_named_before_anything_stops(
    place: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = pids(place)
    monkeypatch.setattr("processes.plugins.troubles", lambda: ["Rule hot-day: there is no view 'street'."])
    with pytest.raises(CommandFailed, match="Rule hot-day"):
        restart.command(["stage-dwelling"])
    assert pids(place) == before


def test_where_nothing_runs_it_says_how_to_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restart, "load", lambda: Settings(_env_file=None, state_dir=tmp_path / "none"))
    with pytest.raises(CommandFailed, match="start it with `make up`") as told:
        restart.command(["stage-dwelling"])
    assert told.value.code == 3
