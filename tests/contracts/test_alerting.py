"""Whom Alertmanager tells, and what it holds back: the real program with the product's own configuration."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]

from local.stack.ports import free_ports
from tests.contracts.tools import ALERTS, INFRA, run, there
from tests.e2e.running import until

FILES = [INFRA / "alertmanager" / name for name in ("routes.yml", "receivers.yml")]
CONFIGURATION = yaml.safe_load("".join(file.read_text() for file in FILES))
BUSINESS = {"operations", "department", "command_centre"}


@pytest.fixture
def file(tmp_path: Path) -> str:
    """As the container puts it together."""
    made = tmp_path / "alertmanager.yml"
    made.write_text("".join(path.read_text() for path in FILES))
    return str(made)


def test_alertmanager_accepts_the_configuration(file: str) -> None:
    run("amtool", "check-config", file)


def test_a_route_leads_to_a_receiver_and_every_receiver_has_a_route() -> None:
    routes = [CONFIGURATION["route"], *CONFIGURATION["route"]["routes"]]
    assert {route["receiver"] for route in routes} == {receiver["name"] for receiver in CONFIGURATION["receivers"]}


@pytest.mark.parametrize(
    ("alert", "more", "receiver"),
    [
        ("KafkaAway", "", "operations-duty"),
        ("PartitionStuck", "process=stage-resident", "operations-duty"),
        ("TraceExportFailing", "", "operations"),
        ("RecordsParked", "", "operations"),
        ("DepartmentStale", "department=tax", "departments"),
        ("SosNotAcknowledged", "", "command-centre-duty"),
        ("HelpNotAcknowledged", "domain=doctor", "command-centre"),
        ("TasksOverdue", "", "command-centre"),
    ],
)
def test_who_is_told(file: str, alert: str, more: str, receiver: str) -> None:
    labels = [f"{name}={value}" for name, value in ALERTS[alert]["labels"].items()]
    asked = ("config", "routes", "test", f"--config.file={file}", f"--verify.receivers={receiver}")
    run("amtool", *asked, f"alertname={alert}", *labels, *more.split())


def test_dead_letters_are_the_departments_business_or_ours_by_their_topic(file: str) -> None:
    """The label is a template: Prometheus' own test shows what comes out (infra/prometheus/tests/fresh.yml)."""
    for business, receiver in (("department", "departments"), ("operations", "operations")):
        asked = ("config", "routes", "test", f"--config.file={file}", f"--verify.receivers={receiver}")
        run("amtool", *asked, "alertname=DeadLettersGrowing", "severity=ticket", f"business={business}")


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_whose_business_it_is(name: str) -> None:
    business = ALERTS[name]["labels"]["business"]
    assert business in BUSINESS or set(re.findall(r"}}(\w+){{", business)) <= BUSINESS
    if business == "operations" and name.startswith("Trace"):
        assert ALERTS[name]["labels"]["severity"] == "ticket"


def test_what_is_inhibited_exists() -> None:
    named = set()
    for rule in CONFIGURATION["inhibit_rules"]:
        for matcher in (*rule["source_matchers"], *rule["target_matchers"]):
            if match := re.fullmatch(r'alertname=~?"([^"]+)"', matcher):
                named |= set(match[1].split("|"))
    assert named
    assert named <= ALERTS.keys()


class Running:
    """An Alertmanager at work."""

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(base_url=f"{address}/api/v2", timeout=10)

    def fire(self, *alerts: dict[str, str]) -> None:
        now = datetime.now(UTC)
        times = {"startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=1)).isoformat()}
        self._client.post("/alerts", json=[times | {"labels": labels} for labels in alerts]).raise_for_status()

    def held_back(self) -> dict[str, bool]:
        """By alert and process, once all are worked through."""

        def answers() -> list[dict[str, Any]]:
            alerts: list[dict[str, Any]] = self._client.get("/alerts").json()
            return alerts

        until(lambda: "unprocessed" if any(a["status"]["state"] == "unprocessed" for a in answers()) else None, 20)
        return {
            " ".join(alert["labels"][name] for name in ("alertname", "process") if name in alert["labels"]): bool(
                alert["status"]["inhibitedBy"]
            )
            for alert in answers()
        }

    def ready(self) -> str | None:
        try:
            return None if self._client.get("/status").status_code == 200 else "not ready"
        except httpx.TransportError as error:
            return str(error)


@pytest.fixture
def alertmanager(file: str, tmp_path: Path) -> Iterator[Running | None]:
    if not there("prometheus-alertmanager"):
        yield None
        return
    address = f"127.0.0.1:{free_ports(1)[0]}"
    command = (
        "prometheus-alertmanager", f"--config.file={file}", f"--storage.path={tmp_path / 'alertmanager'}",
        f"--web.listen-address={address}", "--cluster.listen-address=",
    )  # fmt: skip
    with (
        (tmp_path / "alertmanager.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as process,
    ):
        try:
            running = Running(f"http://{address}")
            until(running.ready, 30)
            yield running
        finally:
            process.terminate()


def test_one_cause_is_told_once(alertmanager: Running | None) -> None:
    if alertmanager is None:
        return
    alertmanager.fire(
        {"alertname": "KafkaAway"},
        {"alertname": "PartitionStuck", "process": "stage-resident"},
        {"alertname": "DepartmentStale", "department": "tax"},
        {"alertname": "ProcessDown", "process": "sink-row-tables"},
        {"alertname": "SinkNotReady", "process": "sink-row-tables"},
        {"alertname": "SinkNotReady", "process": "sink-grid-tasks"},
        {"alertname": "SosNotAcknowledged"},
    )
    assert alertmanager.held_back() == {
        "KafkaAway": False,
        "PartitionStuck stage-resident": True,
        "DepartmentStale": True,
        "ProcessDown sink-row-tables": False,
        "SinkNotReady sink-row-tables": True,
        "SinkNotReady sink-grid-tasks": False,
        "SosNotAcknowledged": False,
    }
