"""`citygrid alerts`, `tasks`, `view` and `accounts`, as an operator calls them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.settings import CHECKOUT
from tests.integration.api.two_streets import City


@pytest.fixture
def env(city: City, tmp_path: Path) -> dict[str, str]:
    """An environment in which the command finds this test's database."""
    file = tmp_path / "citygrid.env"
    file.write_text(
        f"CITYGRID_DATABASE_SINKS_DSN={city.database.sinks}\nCITYGRID_DATABASE_OWNER_DSN={city.database.owner}\n"
        f"CITYGRID_STATE_DIR={tmp_path}\n"
    )
    return {**os.environ, "CITYGRID_ENV_FILE": str(file), "COLUMNS": "200"}


def citygrid(env: dict[str, str], *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        (sys.executable, "-m", "citygrid", *arguments),
        env=env,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if code == 0 else done.stderr


def test_alerts_tasks_and_views_for_a_machine(city: City, env: dict[str, str]) -> None:
    alerts = json.loads(citygrid(env, "alerts", "--json"))
    assert {alert["finding_id"] for alert in alerts} == {str(f) for f in city.here.findings + city.there.findings}
    assert [alert["severity"] for alert in alerts][:2] == ["urgent", "urgent"]
    assert json.loads(citygrid(env, "alerts", "--rule", "nothing", "--json")) == []
    tasks = json.loads(citygrid(env, "tasks", "--queue", city.here.grid, "--json"))
    assert {task["id"] for task in tasks} == {str(task) for task in city.here.tasks}
    lines = [json.loads(line) for line in citygrid(env, "view", "resident", "--json").splitlines()]
    assert [line["key"] for line in lines] == [city.here.resident, city.there.resident]
    assert lines[0]["row"]["name"] == "周001伟"
    assert "household" in citygrid(env, "view", "nothing", code=1)


def test_alerts_tasks_and_views_for_a_person(city: City, env: dict[str, str]) -> None:
    assert "7 alerts" in citygrid(env, "alerts")
    assert "7 tasks" in citygrid(env, "tasks")
    table = citygrid(env, "view", "resident")
    assert city.here.resident in table
    assert "周" not in table  # a terminal shows which fields there are, not what they hold


def test_an_account_is_made_listed_renewed_and_ended(env: dict[str, str]) -> None:
    made = citygrid(env, "accounts", "create", "wang", "--role", "grid_worker", "--scope", "440113001001003")
    renewed = citygrid(env, "accounts", "password", "wang")
    assert made.startswith("wang: ")
    assert renewed.startswith("wang: ")
    assert made != renewed
    assert "another name" in citygrid(env, "accounts", "create", "wang", "--role", "ops", code=1)
    assert "grid code" in citygrid(env, "accounts", "create", "li", "--role", "ops", "--scope", "44", code=1)
    citygrid(env, "accounts", "disable", "wang")
    listed = {account["name"]: account for account in json.loads(citygrid(env, "accounts", "list", "--json"))}
    assert listed["wang"]["disabled_at"]
    assert not any("password" in field for field in listed["wang"])


@pytest.mark.parametrize(
    "command",
    [
        "alerts",
        "tasks",
        "view",
        "accounts",
        "accounts create",
        "accounts list",
        "accounts password",
        "accounts disable",
    ],
)
def test_every_help_has_an_example(command: str) -> None:
    assert f"Example: citygrid {command}" in citygrid(dict(os.environ), *command.split(), "--help")
