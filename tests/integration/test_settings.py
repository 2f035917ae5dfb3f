"""Settings: where they come from, and what a production start refuses."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
import structlog

from runtime.log import BLANK, configure
from runtime.settings import Settings, SettingsRefused, load


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CITYGRID_STATE_DIR", str(tmp_path / "state"))


def test_environment_beats_file_beats_secret_beats_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "citygrid_database_api_dsn").write_text("postgresql://citygrid_api:fromsecret@db/citygrid")
    (tmp_path / "secrets" / "citygrid_partitions").write_text("32")
    file = tmp_path / "here.env"
    file.write_text("CITYGRID_PARTITIONS=16\nCITYGRID_API_PORT=1234\nCITYGRID_WORKER_PORTS='{\"clock\": 7}'\n")
    monkeypatch.setenv("CITYGRID_SECRETS_DIR", str(tmp_path / "secrets"))
    monkeypatch.setenv("CITYGRID_ENV_FILE", str(file))
    monkeypatch.setenv("CITYGRID_API_PORT", "4321")
    settings = load()
    assert (settings.api_port, settings.partitions, settings.commit_interval_ms) == (4321, 16, 100)
    assert settings.dsn("api").endswith("fromsecret@db/citygrid")
    assert (settings.port_of("clock"), settings.port_of("outbox")) == (7, 19100)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("CITYGRID_API_PORT", "many", "CITYGRID_API_PORT"),
        ("CITYGRID_ENV_FILE", "/nowhere/citygrid.env", "make up"),
    ],
)
def test_a_mistake_is_a_sentence(monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsRefused, match=sentence):
        load()


def test_a_missing_database_says_what_to_do() -> None:
    with pytest.raises(SettingsRefused, match="CITYGRID_DATABASE_OWNER_DSN is not set"):
        load().dsn("owner")


def test_no_secret_in_the_settings_own_text(settings: Settings) -> None:
    assert settings.dsn("api").split(":")[2].split("@")[0] not in repr(settings)


def test_a_log_line_is_json_without_personal_values(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        configure(Settings(log_format="json"), "sink-x")
        structlog.get_logger("sinks").warning("row_refused", offset=7, subject="p1", detail={"phone": "138"})
        logging.getLogger("library").warning("said %s", "so")
    finally:
        root.handlers[:], root.level = before
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["process"], ours["offset"]) == ("row_refused", "sink-x", 7)
    assert (ours["subject"], ours["detail"]) == (BLANK, {"phone": BLANK})
    assert (theirs["event"], theirs["level"]) == ("said so", "warning")
