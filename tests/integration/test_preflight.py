"""What would keep `citygrid up` from working is said before anything is started, each with its remedy."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path

import pytest

from local import preflight
from local.stack import ports
from local.stack.local import Ports
from runtime.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An installation that was never started."""
    free = Ports.free()
    (api,) = ports.free_ports(1)
    named = {f"local_{field.name}_port": getattr(free, field.name) for field in fields(free)}
    return Settings(_env_file=None, state_dir=tmp_path / "state", api_port=api, **named)


def test_a_machine_that_is_large_enough_is_not_complained_about(settings: Settings, tmp_path: Path) -> None:
    assert preflight.troubles(settings, tmp_path) == []


def test_every_taken_port_is_named_at_once(settings: Settings, tmp_path: Path) -> None:
    taken = (settings.local_kafka_port, settings.local_postgres_port, settings.api_port)
    with ExitStack() as held:
        for port in taken:
            held.enter_context(socket.create_server(("127.0.0.1", port)))
        sentences = preflight.troubles(settings, tmp_path)
    assert len(sentences) == 3
    for port, setting in zip(taken, ("LOCAL_KAFKA", "LOCAL_POSTGRES", "API"), strict=True):
        (sentence,) = (line for line in sentences if line.startswith(f"Port {port} for "))
        assert sentence.endswith(f"Stop it, or set CITYGRID_{setting}_PORT to a free port.")


@pytest.mark.parametrize(("own", "limited"), [("/", "."), ("/system.slice/citygrid.service", "system.slice")])
def test_a_limit_of_the_container_or_service_counts_as_memory(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str, limited: str
) -> None:
    group = tmp_path / "cgroup" / limited
    group.mkdir(parents=True)
    (group / "memory.max").write_text(f"{3 * 2**30}\n")
    (group / "memory.stat").write_text(f"anon {2 * 2**30}\ninactive_file {2**29}\nactive_file 0\n")
    (tmp_path / "own").write_text(f"0::{own}\n")
    monkeypatch.setattr(preflight, "CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(preflight, "OWN_CGROUP", tmp_path / "own")
    (group / "memory.current").write_text(f"{2**29}\n")
    assert preflight.troubles(settings, tmp_path) == []
    (group / "memory.current").write_text(f"{5 * 2**29}\n")
    (sentence,) = preflight.troubles(settings, tmp_path)
    assert sentence.startswith("Only 1024 MiB of memory are free and about 2048 MiB are needed: close other programs")


def test_a_full_disk_names_the_folder_and_the_setting_that_moves_it(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "DISK_MB", 10**12)
    sentences = preflight.troubles(settings, Path(settings.state_dir) / "downloads")
    assert f"The disk of {settings.state_dir} has " in sentences[0]
    assert "set CITYGRID_STATE_DIR to a folder on another disk" in sentences[0]


def test_a_disk_that_fills_while_everything_runs_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert preflight.filling(tmp_path) is None
    monkeypatch.setattr(preflight, "ALARM_MB", 10**12)
    assert f"The disk of {tmp_path} has " in (preflight.filling(tmp_path) or "")
