"""A sink that tells somebody outside of PostgreSQL: at least once, in the end as it stands, whoever is killed or away;
what the other side never takes does not hold up the rest."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from processes import observe
from processes.inventory import workers
from producers.mending.letters import DeadLetters
from runtime.settings import Settings, SettingsRefused
from tests.integration.sinks.office import SINK, Office, Server
from tests.integration.sinks.wire import Wire, process, running, until


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with Server() as server:
        for name, value in server.settings.items():
            monkeypatch.setenv(name, value)
        yield server


def told(wire: Wire, finding: uuid.UUID, state: str = "opened") -> None:
    wire.alert(finding, state, domain="facilities")


def has(office: Server, most: int) -> bool:
    return len(office.alerts) >= most


def states(office: Server) -> list[str]:
    return [alert["state"] for alert in office.alerts.values()]


def test_killed_in_the_middle_the_office_has_every_alert_as_it_stands(
    settings: Settings, office: Server, tmp_path: Path
) -> None:
    wire, findings = Wire(settings), [uuid.uuid4() for _ in range(600)]
    for finding in findings:
        told(wire, finding)
        wire.alert(uuid.uuid4(), domain="housing")
    for finding in findings[::2]:
        told(wire, finding, "resolved")
    wire.send()
    own = {**office.settings, "CITYGRID_FACILITY_OFFICE_TOKEN": "its own password"}
    for most in (1, 200):
        shown = process(settings, tmp_path, "tests.integration.sinks.office", own=own)
        try:
            until(partial(has, office, most))
        finally:
            shown.kill()
            shown.wait(10)
    assert len(office.alerts) < len(findings), "it was killed before it had told everything"
    with running(settings, SINK):
        until(lambda: sorted(states(office)) == ["opened"] * 300 + ["resolved"] * 300)
    assert set(office.alerts) == {f"/alerts/{finding}" for finding in findings}
    assert office.logins == {"Bearer its own password", None}


def test_an_office_that_is_away_is_waited_for(settings: Settings, office: Server) -> None:
    office.answers["*"] = 503
    wire = Wire(settings)
    told(wire, uuid.uuid4())
    wire.send()
    with running(settings, SINK) as runner:
        until(lambda: office.puts > 1)
        assert (runner.ready(), runner.live()) == ("the facility office answers 503", None)
        office.answers.clear()
        until(lambda: states(office) == ["opened"])
        until(lambda: runner.ready() is None)


def test_what_the_office_refuses_is_put_aside_and_the_rest_is_told(settings: Settings, office: Server) -> None:
    wire, findings = Wire(settings), [uuid.uuid4() for _ in range(20)]
    for finding in findings:
        told(wire, finding)
    wire.send()
    refused = [f"/alerts/{finding}" for finding in findings[3:5]]
    office.answers |= dict.fromkeys(refused, 422)
    with running(settings, SINK):
        until(lambda: len(office.alerts) == 18)
        until(lambda: len(DeadLetters(settings).letters(["dead-letters"])) == 2)
    assert not office.alerts.keys() & set(refused)
    letters = DeadLetters(settings).letters(["dead-letters"]).values()
    assert {letter.reason for letter in letters} == {"facility-office: the facility office answers 422"}


def test_an_office_that_refuses_everything_gets_it_later(settings: Settings, office: Server) -> None:
    office.answers["*"] = 422
    few = settings.model_copy(update={"misjudged_a_minute": 2})
    wire = Wire(settings)
    for _ in range(20):
        told(wire, uuid.uuid4())
    wire.send()
    with running(few, SINK) as runner:
        until(lambda: "more than a few records are refused" in (runner.ready() or ""))
        office.answers.clear()
        until(lambda: len(office.alerts) == 18)
    assert len(DeadLetters(settings).letters(["dead-letters"])) == 2


def test_its_own_settings_are_asked_for_by_name_and_strict_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsRefused, match="CITYGRID_FACILITY_OFFICE_URL: set it"):
        Office.load()
    monkeypatch.setenv("CITYGRID_MODE", "production")
    monkeypatch.setenv("CITYGRID_FACILITY_OFFICE_URL", "http://office.example/api")
    monkeypatch.setenv("CITYGRID_FACILITY_OFFICE_TOKEN", "changeme")
    with pytest.raises(SettingsRefused) as refused:
        Office.load()
    assert "CITYGRID_FACILITY_OFFICE_URL is http:// to a server beyond loopback" in str(refused.value)
    assert "CITYGRID_FACILITY_OFFICE_TOKEN" in str(refused.value)
    assert "changeme" not in str(refused.value)


def test_its_container_is_given_its_own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    (sink, *_) = [process for process in workers() if process.kind == "sink"]
    monkeypatch.setattr(observe, "discover", lambda *_: {sink.plugin: SINK})
    service = observe._service(sink)
    assert "      CITYGRID_FACILITY_OFFICE_URL: ${CITYGRID_FACILITY_OFFICE_URL:-}\n" in service
    assert "      - citygrid_facility_office_token\n" in service
    assert observe.own_secrets(sink) == ["citygrid_facility_office_token"]
