"""`citygrid prepare`, the containers' init job, makes everything that processes need and may be repeated."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from confluent_kafka.admin import AdminClient

from runtime.settings import CHECKOUT, Settings
from wire.contracts import contracts
from wire.registry import Registry
from wire.topics import TopicsDiffer, ensure_topics, topics


def prepare(settings: Settings, secrets: Path) -> subprocess.CompletedProcess[str]:
    """Run it as the container does: connection strings come from files."""
    (secrets / "citygrid_database_owner_dsn").write_text(settings.dsn("owner"))
    (secrets / "citygrid_database_api_dsn").write_text(settings.dsn("api"))
    environment = {
        "PATH": os.environ["PATH"],
        "CITYGRID_STATE_DIR": str(secrets / "none"),
        "CITYGRID_SECRETS_DIR": str(secrets),
        "CITYGRID_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "CITYGRID_REGISTRY_URL": settings.registry_url,
        "CITYGRID_TOPIC_PREFIX": settings.topic_prefix,
        "CITYGRID_PARTITIONS": "2",
    }
    called = (sys.executable, "-m", "citygrid", "prepare")
    return subprocess.run(
        called, env=environment, cwd=CHECKOUT, capture_output=True, text=True, timeout=200, check=False
    )


def test_prepare_makes_what_processes_need_and_may_be_repeated(settings: Settings, tmp_path: Path) -> None:
    first = prepare(settings, tmp_path)
    assert first.returncode == 0, first.stderr
    there = AdminClient({**settings.kafka_client()}).list_topics(timeout=30).topics
    assert {settings.topic_prefix + topic.name for topic in topics()} <= there.keys()
    registry = Registry.of(settings)  # asked for each subject: a registry lists a thousand of them and no more
    assert all(registry.versions(f"{settings.topic_prefix}{topic}-value") for topic in contracts())
    with psycopg.connect(settings.dsn("owner")) as owner:
        names = {name for (name,) in owner.execute("SELECT name FROM city.account")}
    assert {"city", "worker"} <= names

    again = prepare(settings, tmp_path)
    assert again.returncode == 0, again.stderr
    assert "accounts are there" in again.stdout

    three = settings.model_copy(update={"replication_factor": 3})
    with pytest.raises(TopicsDiffer, match=r"keeps 1 copy.*wants 3.*kafka-reassign-partitions"):
        ensure_topics(three)  # it could not be written to any more
