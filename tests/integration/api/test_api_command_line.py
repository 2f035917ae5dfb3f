"""`citygrid alerts`, `tasks`, `view` and `accounts`, as an operator calls them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from citygrid.cli import main
from local.stack.ports import free_ports
from tests.integration.api.two_streets import City

Command = Callable[..., str]


@pytest.fixture
def citygrid(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Runs `citygrid …` as its script does on this test's database; in this process: its start takes longer than its
    work. Returns what it printed; on standard error if `code` is not 0."""
    file = tmp_path / "citygrid.env"
    file.write_text(
        f"CITYGRID_DATABASE_SINKS_DSN={city.database.sinks}\nCITYGRID_DATABASE_OWNER_DSN={city.database.owner}\n"
        f"CITYGRID_STATE_DIR={tmp_path}\n"
    )
    monkeypatch.setenv("CITYGRID_ENV_FILE", str(file))
    monkeypatch.setattr("citygrid.cli.screen.console.width", 200)

    def run(*arguments: str, code: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["citygrid", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        assert (ended.value.code or 0) == code, captured.err
        return captured.out if code == 0 else captured.err

    return run


def test_alerts_tasks_and_views_for_a_machine(city: City, citygrid: Command) -> None:
    alerts = json.loads(citygrid("alerts", "--json"))
    assert {alert["finding_id"] for alert in alerts} == {str(f) for f in city.here.findings + city.there.findings}
    assert [alert["severity"] for alert in alerts][:2] == ["urgent", "urgent"]
    assert json.loads(citygrid("alerts", "--rule", "nothing", "--json")) == []
    tasks = json.loads(citygrid("tasks", "--queue", city.here.grid, "--json"))
    assert {task["id"] for task in tasks} == {str(task) for task in city.here.tasks}
    of_rule = json.loads(citygrid("tasks", "--rule", tasks[0]["rule"], "--json"))
    assert {task["rule"] for task in of_rule} == {tasks[0]["rule"]}
    assert json.loads(citygrid("tasks", "--rule", "nothing", "--json")) == []
    lines = [json.loads(line) for line in citygrid("view", "resident", "--json").splitlines()]
    assert [line["key"] for line in lines] == [city.here.resident, city.there.resident]
    assert lines[0]["row"]["name"] == "周001伟"
    assert "household" in citygrid("view", "nothing", code=1)


def test_alerts_tasks_and_views_for_a_person(city: City, citygrid: Command) -> None:
    assert "7 alerts" in citygrid("alerts")
    assert "7 tasks" in citygrid("tasks")
    table = citygrid("view", "resident")
    assert city.here.resident in table
    assert "周" not in table  # a terminal shows which fields there are, not what they hold


def test_an_account_is_made_listed_renewed_and_ended(citygrid: Command) -> None:
    made = citygrid("accounts", "create", "wang", "--role", "grid_worker", "--scope", "440113001001003")
    renewed = citygrid("accounts", "password", "wang")
    assert made.startswith("wang: ")
    assert renewed.startswith("wang: ")
    assert made != renewed
    assert "another name" in citygrid("accounts", "create", "wang", "--role", "ops", code=1)
    assert "grid code" in citygrid("accounts", "create", "li", "--role", "ops", "--scope", "44", code=1)
    citygrid("accounts", "disable", "wang")
    listed = {account["name"]: account for account in json.loads(citygrid("accounts", "list", "--json"))}
    assert listed["wang"]["disabled_at"]
    assert not any("password" in field for field in listed["wang"])


def test_a_database_that_is_away_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (port,) = free_ports(1)
    file = tmp_path / "citygrid.env"
    file.write_text(
        f"CITYGRID_DATABASE_SINKS_DSN=host=127.0.0.1 port={port} user=u password=hunter2\n"
        f"CITYGRID_STATE_DIR={tmp_path}\n"
    )
    monkeypatch.setenv("CITYGRID_ENV_FILE", str(file))
    for command in (("alerts",), ("demo", "--speed", "0")):
        monkeypatch.setattr(sys, "argv", ["citygrid", *command])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 1
        errors = capsys.readouterr().err
        assert "make up" in errors
        assert "hunter2" not in errors
        assert "Traceback" not in errors


def test_the_roster_goes_in_and_out_and_says_each_cell_to_mend(citygrid: Command, tmp_path: Path) -> None:
    grid = "440113001001001"
    file, book = tmp_path / "roster.csv", tmp_path / "roster.xlsx"
    file.write_text(f"grid,date,begins,ends,worker,deputy\n{grid},2027-03-01,08:00,18:00,worker,colleague\n")
    assert "1 shifts in the roster" in citygrid("roster", "import", str(file))
    assert "1 shifts in" in citygrid("roster", "export", str(book), "--from", "2027-03-01")
    citygrid("roster", "import", str(book))
    assert json.loads(citygrid("roster", "show", "--from", "2027-03-01", "--json")) == [
        {"grid": grid, "date": "2027-03-01", "begins": "08:00", "ends": "18:00", "worker": "worker",
         "deputy": "colleague"}
    ]  # fmt: skip
    file.write_text(f"grid,date,begins,ends,worker\n{grid},1 March,08:00,18:00,nobody\n")
    refused = citygrid("roster", "import", str(file), code=1)
    assert "roster.csv line 2, date: must be a day as 2026-03-01" in refused
    assert "roster.csv line 2, worker: 'nobody' is no grid worker's account" in refused
