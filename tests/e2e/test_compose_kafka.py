"""The Kafka of docker-compose.yml with the secrets of `citygrid secrets init`, put together as its image does it: it
starts, asks for logins, and `prepare` makes them. Needs no Docker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from pydantic import SecretStr

from citygrid.cli.secrets import contents
from local.stack import children, downloads, kafka
from local.stack.children import Child
from local.stack.ports import LOOPBACK, free_ports
from processes.kafka_logins import ensure_logins
from processes.logins import as_prepare
from runtime.settings import CHECKOUT, Settings
from tests.e2e.running import until

SERVICE = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())["services"]["kafka"]
NOT_PROPERTIES = {"CLUSTER_ID", "KAFKA_HEAP_OPTS"}


def properties(secrets: dict[str, str], ports: dict[str, int], data: Path) -> str:
    """The mounted file, then a line for each variable (apache/kafka, docker wrapper); here with ports of our own."""
    lines = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): str(value)
        for name, value in SERVICE["environment"].items()
        if name not in NOT_PROPERTIES
    }
    lines |= {
        "log.dirs": str(data),
        "listeners": ",".join(f"{name}://{LOOPBACK}:{port}" for name, port in ports.items()),
        "advertised.listeners": ",".join(f"{name}://{LOOPBACK}:{ports[name]}" for name in ("INSIDE", "HOST")),
        "controller.quorum.voters": f"1@{LOOPBACK}:{ports['CONTROLLER']}",
    }
    return secrets["kafka.properties"] + "\n" + "\n".join(f"{name}={value}" for name, value in lines.items()) + "\n"


@pytest.fixture
def ports() -> dict[str, int]:
    return dict(zip(("INSIDE", "CONTROLLER", "HOST"), free_ports(3), strict=True))


@pytest.fixture
def secrets(tmp_path: Path) -> dict[str, str]:
    made = {name: text for name, (text, _) in contents().items()}
    (tmp_path / "logins.json").touch(mode=0o600)
    (tmp_path / "logins.json").write_text(made["logins.json"])
    return made


@pytest.fixture
def broker(secrets: dict[str, str], ports: dict[str, int], tmp_path: Path) -> Iterator[Child]:
    cache, folder = downloads.folder(None), tmp_path / "kafka"
    downloads.fetch(downloads.pinned("kafka"), cache)
    node = kafka.Node(1, ports["HOST"], ports["CONTROLLER"])
    program = kafka.program(folder, node, cache, tmp_path / "kafka.log", heap_mb=256)  # the folder, log4j, the jars
    file = tmp_path / "server.properties"
    file.write_text(properties(secrets, ports, tmp_path / "data"))
    java = program.command[:-2]
    tool = (
        "kafka.tools.StorageTool",
        "format",
        f"--cluster-id={SERVICE['environment']['CLUSTER_ID']}",
        "-c",
        str(file),
    )
    children.run(replace(program, command=(*java, *tool)))
    child = children.start(replace(program, command=(*java, "kafka.Kafka", str(file))))
    try:
        yield child
    finally:
        child.kill()


def test_it_asks_for_logins_and_prepare_makes_them(
    broker: Child, secrets: dict[str, str], ports: dict[str, int], tmp_path: Path
) -> None:
    made = Settings(
        _env_file=None,
        kafka_bootstrap=f"{LOOPBACK}:{ports['HOST']}",
        kafka_security_protocol="SASL_PLAINTEXT",
        logins_file=tmp_path / "logins.json",
    )
    preparing = as_prepare(made)

    def lacking() -> str | None:
        assert broker.alive, children.log_tail(broker.program.log, 40)
        return None if _answers(preparing) else "the broker does not answer"

    until(lacking, 60)
    assert "0 taken away" in ensure_logins(preparing)
    password = SecretStr(secrets["kafka_stage-resident"].strip())
    stage = made.model_copy(update={"kafka_sasl_username": "stage-resident", "kafka_sasl_password": password})
    inside = {"kafka_bootstrap": f"{LOOPBACK}:{ports['INSIDE']}"}
    assert _answers(stage)
    assert _answers(stage.model_copy(update=inside))
    assert not _answers(stage.model_copy(update={"kafka_security_protocol": "PLAINTEXT"}))
    assert not _answers(stage.model_copy(update={"kafka_sasl_username": "stage-grid"}))


def _answers(settings: Settings) -> bool:
    try:
        return bool(AdminClient({**settings.kafka_client(), "log_level": 0}).list_topics(timeout=3).brokers)
    except KafkaException:
        return False
