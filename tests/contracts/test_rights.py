"""Who may do what in Kafka follows from what runs, and from nothing else."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from citygrid.cli import CommandFailed
from citygrid.cli.secrets import add, contents, init
from domain.view import View
from processes import observe
from processes.inventory import workers
from processes.logins import OPERATOR, complete, departments, logins
from processes.rights import Right, rights
from runtime.discover import discover
from runtime.settings import CHECKOUT, Settings
from stream_apps.worker import topics_of
from wire.contracts import DOOR_REPORTS, contracts, feedback_topics, report_topics
from wire.topics import PUBLICATIONS, topics

SETTINGS = Settings(_env_file=None, topic_prefix="t.")
LISTED = {login: list(own) for login, own in groupby(rights(SETTINGS), key=lambda right: right.principal)}
COMPOSE = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())


def may(login: str, operation: str) -> set[str]:
    """The topics on which `login` may do it."""
    found = [right for right in LISTED[login] if (right.kind, right.operation) == ("topic", operation)]
    assert not any(right.prefixed for right in found)
    return {right.name.removeprefix("t.") for right in found}


def test_each_process_on_kafka_has_a_login_and_nobody_else_has_one() -> None:
    processes = [process.name for process in workers() if "kafka" in process.needs]
    assert logins() == [*processes, OPERATOR, *(f"department-{name}" for name in departments())]
    assert LISTED.keys() == set(logins())
    assert {"api", "sealer", "prepare"}.isdisjoint(LISTED)
    assert "grid" not in departments()


def test_every_name_is_one_that_there_is_and_of_this_installation() -> None:
    known = {f"t.{topic.name}" for topic in topics()}
    named = [right for own in LISTED.values() for right in own]
    assert {right.name for right in named if right.kind == "topic"} <= known
    assert all(right.name.startswith("t.citygrid-") for right in named if right.kind != "topic")


@pytest.mark.parametrize("name", departments())
def test_a_department_writes_its_own_and_reads_what_came_of_it(name: str) -> None:
    own = {topic for topic, contract in contracts().items() if contract.department == name}
    assert may(f"department-{name}", "write") == own | {PUBLICATIONS + name, DOOR_REPORTS + name}
    assert may(f"department-{name}", "read") == {
        "publications",
        PUBLICATIONS + name,
        DOOR_REPORTS + name,
        f"feedback.{name}",
    }
    others = {(right.kind, right.name) for right in LISTED[f"department-{name}"] if right.kind != "topic"}
    groups = {"t.citygrid-topic-reader", f"t.citygrid-feedback.{name}"}
    assert others == {("group", group) for group in groups}, "it fences no producer and reads in nobody's place"


@pytest.mark.parametrize("view", discover("domain.views", "VIEW", View).values(), ids=lambda view: view.name)
def test_a_stage_reads_its_inputs_and_writes_what_it_makes(view: View) -> None:
    login = f"stage-{view.name.replace('_', '-')}"
    assert may(login, "read") == {*topics_of(view, ""), f"rows.{view.name}"}
    made = {f"rows.{view.name}", "alerts", "dead-letters", "parked"} | {
        f"contributions.{other}" for other in view.contributes_to
    }
    assert may(login, "write") - {"record-claims"} == made
    (transactions,) = {right.name for right in LISTED[login] if right.kind == "transactional_id"}
    assert transactions == f"t.citygrid-stage-{view.name}-"


def test_doors_read_no_event() -> None:
    assert may("gateway", "read") == {"dead-letters", "parked", *report_topics()}
    assert "devices" in LISTED
    assert may("devices", "read") == set()
    assert may("devices", "write") == {"door-access.swipe", "bracelet.button"}
    ours = {"grid.instruction", "grid.observation", "grid.report", "grid.response"}
    assert may("outbox", "write") == ours | set(feedback_topics())


def test_who_sends_back_reads_nothing_but_what_was_put_aside() -> None:
    assert may("mending", "read") == {"dead-letters", "parked"}
    assert may("mending", "write") == {"dead-letters", "parked", *contracts()}


def test_nobody_but_stages_writes_rows_and_alerts() -> None:
    derived = re.compile(r"rows\.|alerts$|record-claims$")
    for login in LISTED:
        if not login.startswith("stage-"):
            assert not [topic for topic in may(login, "write") if derived.match(topic)], login


def test_a_view_that_is_new_costs_no_line_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rights and passwords follow the list of what runs: with a stage less there are its rights less."""
    fewer = [process for process in workers() if process.name != "stage-grid"]
    monkeypatch.setattr("processes.logins.workers", lambda: fewer)
    without: set[Right] = set(rights(SETTINGS))
    assert set(rights(SETTINGS)) == without
    assert {right for own in LISTED.values() for right in own} - without == set(LISTED["stage-grid"])
    known = complete()
    monkeypatch.undo()
    later = complete(known)
    assert later.kafka.keys() - known.kafka.keys() == {"stage-grid"}
    assert {name: later.kafka[name] for name in known.kafka} == known.kafka


def test_each_container_logs_in_as_itself_with_its_own_password() -> None:
    ours = {name: service for name, service in COMPOSE["services"].items() if service.get("build")}
    by_name = {process.name: process for process in workers()}
    for name, service in ours.items():
        mounted = {
            secret["target"]: secret["source"] for secret in service.get("secrets", []) if isinstance(secret, dict)
        }
        if name != "init" and "kafka" not in by_name[name].needs:
            assert mounted == {}, name
            assert "CITYGRID_KAFKA_SASL_USERNAME" not in service["environment"]
            continue
        login = OPERATOR if name == "init" else name
        assert service["environment"]["CITYGRID_KAFKA_SASL_USERNAME"] == login
        assert service["environment"]["CITYGRID_KAFKA_SECURITY_PROTOCOL"] == "SASL_PLAINTEXT"
        assert mounted == {
            "citygrid_kafka_sasl_password": f"kafka_{login}",
            "citygrid_registry_password": "registry_reader_password",
        }
    who_has_all = {name for name, service in ours.items() if "logins.json" in service.get("secrets", [])}
    assert who_has_all == {"init"}


def test_the_servers_of_the_containers_ask_everybody() -> None:
    kafka, registry = COMPOSE["services"]["kafka"], COMPOSE["services"]["registry"]
    protocols = kafka["environment"]["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")
    assert {protocol.split(":")[1] for protocol in protocols} == {"SASL_PLAINTEXT"}
    assert {"source": "kafka.properties", "target": "/mnt/shared/config/server.properties"} in kafka["secrets"]
    assert "registry.properties" in registry["secrets"]
    made = {name: text for name, (text, _) in contents().items()}
    for listener in ("inside", "host", "controller"):
        assert f"listener.name.{listener}.plain.sasl.jaas.config=" in made["kafka.properties"]
    assert "StandardAuthorizer" in made["kafka.properties"]
    assert "allow.everyone" not in made["kafka.properties"]
    assert "apicurio.auth.role-based-authorization=true" in made["registry.properties"]
    assert made["kafka_stage-resident"] in made["logins.json"]
    passwords = [text for name, text in made.items() if name.startswith("kafka_")]
    assert len(set(passwords)) == len(passwords) == len(logins())


def test_a_folder_of_before_gets_what_it_lacks_and_keeps_the_rest(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    with pytest.raises(CommandFailed, match="secrets init"):
        add(folder)
    init(folder)
    before = {file.name: file.read_text() for file in folder.iterdir()}
    add(folder)
    assert {file.name: file.read_text() for file in folder.iterdir()} == before
    of_logins = [
        name for name in before if name.startswith("kafka") or name in ("logins.json", "registry_reader_password")
    ]
    for name in of_logins:  # as an older version made it
        (folder / name).unlink()
    add(folder)
    after = {file.name: file.read_text() for file in folder.iterdir()}
    assert after.keys() == before.keys()
    kept = before.keys() - {*of_logins, "registry.properties"}
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert before["registry.properties"].split("\n")[0] == after["registry.properties"].split("\n")[0]
    assert after["kafka_operator"] in after["logins.json"]
    assert (folder / "logins.json").stat().st_mode & 0o777 == 0o600


def test_the_file_of_the_containers_is_what_is_generated() -> None:
    text = observe.COMPOSE_FILE.read_text()
    assert observe.compose_file(text) == text
