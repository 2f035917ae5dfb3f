"""A Kafka and a registry that ask for logins: each does its own work, and nothing else goes.

docs/decisions/0032-logins.md; what is granted follows from the list of what runs (tests/contracts/test_rights.py).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType
from kafka.admin import KafkaAdminClient
from kafka.protocol.admin import DescribeClientQuotasRequest
from pydantic import SecretStr

from local.stack import children, downloads
from local.stack.children import Child
from local.stack.local import LocalStack, PartName, Ports, stop
from processes import kafka_logins
from processes.logins import Passwords, as_prepare, read
from processes.rights import rights
from producers.publish import Publisher, PublishRefused, Statement
from producers.publish.columns import Department
from producers.publish.publication import Full, Publication
from runtime import topic_reader
from runtime.discover import discover
from runtime.settings import Settings
from tests.conftest import PARTITIONS
from tests.e2e.running import Topics, processes, tick, until
from tests.golden.city import identity_number
from wire.contracts import DOOR_REPORTS, contracts
from wire.registry import Registry, RegistryRefused
from wire.topics import PUBLICATIONS, ensure_schemas, ensure_topics, subject_of, topics

pytestmark = pytest.mark.rare  # starts a broker and a registry of its own, with logins

POLICE, MARRIAGE = "police.household-registration", "civil-affairs.marriage"
BACK = "feedback.police"
OLD_NOTES, REPORTS, NOTES = "publications", f"{DOOR_REPORTS}police", f"{PUBLICATIONS}police"
MORNING = 1_700_000_000_000_000
DENIED = {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED}


@pytest.fixture(scope="module")
def guarded(postgres_server: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A Kafka and a registry of their own, both with logins; the registry's database is that of all tests."""
    ports = replace(Ports.free(), postgres=postgres_server.ports.postgres)
    made = LocalStack(tmp_path_factory.mktemp("guarded"), ports, downloads.folder(None), logins=True)
    made.passwords = postgres_server.passwords
    parts: tuple[PartName, ...] = ("kafka", "registry")
    started: dict[PartName, Child] = {}
    try:
        for part in parts:
            downloads.fetch(downloads.pinned(part), made.cache)
            started[part] = children.start(made.program(part))
        for part, child in started.items():
            ready = partial(made.is_ready, part)
            children.wait_until(part, ready, partial(_lives, child), made.log(part), 90)
        yield made
    finally:
        stop(started)


def _lives(child: Child) -> bool:
    return child.alive


@pytest.fixture(scope="module")
def city(guarded: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of `operator`, with logins, topics and schemas made by `prepare`."""
    key = tmp_path_factory.mktemp("key") / "pseudonym.key"
    key.touch(mode=0o600)
    key.write_text("5a" * 32 + "\n")
    made = Settings(
        _env_file=None,
        state_dir=tmp_path_factory.mktemp("state"),
        kafka_bootstrap=guarded.address("kafka"),
        kafka_security_protocol="SASL_PLAINTEXT",
        registry_url=guarded.address("registry"),
        logins_file=guarded.logins_file,
        partitions=PARTITIONS,
        topic_prefix=f"t{uuid.uuid4().hex[:10]}.",
        pseudonym_key_file=key,
    )
    preparing = as_prepare(made)
    kafka_logins.ensure_logins(preparing)
    ensure_topics(preparing)
    ensure_schemas(preparing)
    return as_login(made, "operator")


def as_login(settings: Settings, name: str, password: str | None = None) -> Settings:
    passwords = _passwords(settings)
    return settings.model_copy(
        update={
            "kafka_sasl_username": name,
            "kafka_sasl_password": SecretStr(password or passwords.kafka[name]),
            "registry_username": "reader",
            "registry_password": SecretStr(passwords.registry["reader"]),
        }
    )


def _passwords(settings: Settings) -> Passwords:
    assert settings.logins_file is not None
    return read(settings.logins_file)


def moved_in(index: int) -> Statement:
    number = identity_number("440113", 7_000, 300 + index)
    change = {
        "name": "测试", "sex": "female", "born": 7_000, "household": f"H-{index}", "dwelling": None,
        "address": "示例路1号", "relation": "head", "collective": False,
    }  # fmt: skip
    return Statement("MovedIn", f"HJ-{index}", number, MORNING, MORNING, change)


def test_a_department_writes_its_own_topic(city: Settings) -> None:
    with Publisher(as_login(city, "department-police")) as publisher:
        publisher.publish(POLICE, moved_in(1))
    assert sum(topic_reader.ends(city, city.topic_prefix + POLICE).values()) > 0


def test_it_is_told_whose_a_topic_is_not(city: Settings) -> None:
    with (
        Publisher(as_login(city, "department-tax")) as publisher,
        pytest.raises(PublishRefused, match="department-tax"),
    ):
        publisher.publish(POLICE, moved_in(1))


def test_it_writes_no_other(city: Settings) -> None:
    its_own = {NOTES, REPORTS}
    others = [topic.name for topic in topics() if not topic.name.startswith("police.") and topic.name not in its_own]
    assert written(as_login(city, "department-police"), others) == {}
    assert set(written(city, [MARRIAGE])) == {MARRIAGE}, "one that may can"


def test_it_reads_what_came_of_its_statements_and_nothing_else(city: Settings) -> None:
    every = [topic.name for topic in topics() if topic.name not in (OLD_NOTES, NOTES, REPORTS, BACK)]
    assert unreadable(as_login(city, "department-police"), every) == set(every)
    assert unreadable(city, [POLICE, "alerts"]) == set(), "one that may can"
    there = AdminClient(as_login(city, "department-police").kafka_client()).list_topics(timeout=30).topics
    assert {name.removeprefix(city.topic_prefix) for name in there} == {
        POLICE, "police.identity-linked", OLD_NOTES, NOTES, REPORTS, BACK
    }  # fmt: skip
    assert unreadable(as_login(city, "department-police"), [BACK, NOTES, REPORTS]) == set()


def test_a_stage_does_its_job(city: Settings, tmp_path: Path) -> None:
    rows = Topics(city, ["rows.resident"])
    try:
        with processes(as_login(city, "stage-resident"), tmp_path) as ours:
            ours.start("stage", "resident")
            with Publisher(as_login(city, "department-police")) as publisher:
                publisher.publish(POLICE, moved_in(2))
            tick(as_login(city, "clock"), MORNING + 100_000_000)

            def lacking() -> str | None:
                rows.catch_up()
                return None if rows.newest["rows.resident"] else "no row of the resident"

            until(lacking, 60)
    finally:
        rows.close()


def test_a_department_publishes_a_file_of_its_own(city: Settings, tmp_path: Path) -> None:
    """What follows from it is not for its login to ask; a snapshot would have to read what was stated."""
    file = tmp_path / "户籍变动.csv"
    file.write_text(
        "登记编号,业务类型,公民身份号码,死亡日期,发生日期,登记时间\n"
        f"HJ-9,死亡登记,{identity_number('440113', 7_000, 309)},2026-01-31,2026-01-31,2026-02-01 09:30:00\n",
        "utf-8",
    )
    police = discover("producers.departments", "DEPARTMENT", Department)["police"]
    own = as_login(city, "department-police")
    report = Publication(own, police).of(file, lambda _: lambda *_: None)
    assert (report.published, report.events.total(), report.held) == (True, 1, None)
    assert report.not_shown is None, "and its page shows it"
    with pytest.raises(PublishRefused, match="department-police may not read"):
        Publication(own, police).of(file, lambda _: lambda *_: None, Full(MORNING))


def test_and_no_other(city: Settings) -> None:
    stage = as_login(city, "stage-household")
    assert unreadable(stage, ["alerts", "rows.resident", "dead-letters"]) == {"alerts", "rows.resident", "dead-letters"}
    assert written(stage, [POLICE, "clock", "rows.resident", "contributions.household"]) == {}
    stranger = Producer({**stage.kafka_client(), "transactional.id": f"{city.topic_prefix}citygrid-stage-resident-x"})
    with pytest.raises(KafkaException) as refused:
        stranger.init_transactions(20)
    assert refused.value.args[0].code() == KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED


@pytest.mark.parametrize("name", ["nobody", "operator"])
def test_who_has_no_password_does_not_come_in(city: Settings, name: str) -> None:
    said: list[int] = []
    client: dict[str, Any] = {**as_login(city, name, "wrong").kafka_client(), "log_level": 0}
    client["error_cb"] = lambda error: said.append(error.code())
    admin = AdminClient(client)
    with pytest.raises(KafkaException):
        admin.list_topics(timeout=1)
    admin.poll(5)
    assert KafkaError._AUTHENTICATION in said


def test_nor_who_says_no_name(city: Settings) -> None:
    with pytest.raises(KafkaException):
        AdminClient({"bootstrap.servers": city.kafka_bootstrap, "log_level": 0}).list_topics(timeout=2)


def test_only_prepare_writes_to_the_registry(city: Settings) -> None:
    schema = contracts()[POLICE].schema
    subject, new = subject_of(city, POLICE), f"{city.topic_prefix}own-value"
    reader, writer = Registry.of(city), Registry.of(as_prepare(city))
    try:
        known = reader.id_of(subject, schema)
        assert reader.schema(known) is not None
        for attempt in (
            lambda: reader.register(new, schema),
            lambda: reader.set_compatibility(subject, "NONE"),
        ):
            with pytest.raises(RegistryRefused) as refused:
                attempt()
            assert refused.value.status == 403
        assert httpx.delete(f"{city.registry_url}/subjects/{subject}", auth=_reader(city)).status_code == 403
        own = city.registry_url.replace("/apis/ccompat/v7", "/apis/registry/v3")
        artifact = {"artifactId": "own", "artifactType": "AVRO"}
        made = httpx.post(f"{own}/groups/default/artifacts", json=artifact, auth=_reader(city))
        assert made.status_code == 403
        for login in (None, ("reader", "wrong"), ("prepare", _passwords(city).registry["reader"])):
            assert httpx.get(f"{city.registry_url}/subjects", auth=login).status_code == 401
        assert writer.register(new, schema) == writer.id_of(new, schema)
    finally:
        reader.close()
        writer.close()


def test_the_registry_says_without_a_login_that_it_is_well(guarded: LocalStack) -> None:
    """What docker-compose.yml asks."""
    assert httpx.get(f"http://127.0.0.1:{guarded.ports.registry_management}/health/ready").status_code == 200


def _reader(city: Settings) -> tuple[str, str]:
    return "reader", _passwords(city).registry["reader"]


def test_again_changes_nothing_and_what_is_not_in_the_list_is_taken_away(city: Settings) -> None:
    preparing = as_prepare(city)
    admin = AdminClient(preparing.kafka_client())
    assert kafka_logins.ensure_logins(preparing).endswith("0 rights granted, 0 taken away")
    stray = AclBinding(
        ResourceType.TOPIC,
        city.topic_prefix + "alerts",
        ResourcePatternType.LITERAL,
        "User:department-police",
        "*",
        AclOperation.READ,
        AclPermissionType.ALLOW,
    )
    admin.create_acls([stray])[stray].result(30)
    until(lambda: None if not unreadable(as_login(city, "department-police"), ["alerts"]) else "not granted yet", 30)
    assert kafka_logins.ensure_logins(preparing).endswith("0 rights granted, 1 taken away")
    until(lambda: None if unreadable(as_login(city, "department-police"), ["alerts"]) else "still granted", 30)


def test_a_login_that_left_the_list_is_ended(city: Settings, tmp_path: Path) -> None:
    known = _passwords(city)
    older = tmp_path / "logins.json"
    older.write_text(Passwords({**known.kafka, "stage-of-before": "h4Rd-t0-gu3ss"}, known.registry).text())
    preparing = as_prepare(city.model_copy(update={"logins_file": older}))
    admin = AdminClient(preparing.kafka_client())
    for _ in range(2):  # the second finds nothing left to end
        kafka_logins.ensure_logins(preparing)
    asked: Any = admin.describe_user_scram_credentials(["stage-of-before"])
    with pytest.raises(KafkaException) as gone:
        asked["stage-of-before"].result(30)
    assert gone.value.args[0].code() == KafkaError.RESOURCE_NOT_FOUND


def test_a_department_has_a_quota_and_a_stage_has_none(city: Settings) -> None:
    preparing = as_prepare(city)
    client = KafkaAdminClient(
        bootstrap_servers=preparing.kafka_bootstrap,
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="PLAIN",
        sasl_plain_username="prepare",
        sasl_plain_password=_passwords(city).kafka["prepare"],
    )
    try:
        component = DescribeClientQuotasRequest.ComponentData(entity_type="user", match_type=2, match=None)
        asked = DescribeClientQuotasRequest(components=[component], strict=False)
        answer = client._manager.run(client._manager.send, asked)
    finally:
        client.close()
    quotas = {
        entry.entity[0].entity_name: {value.key: value.value for value in entry.values} for entry in answer.entries
    }
    assert quotas.keys() == {f"department-{name}" for name in departments_of(city)}
    rate = float(city.department_bytes_per_second)
    assert quotas["department-police"] == {
        "producer_byte_rate": rate, "consumer_byte_rate": rate, "request_percentage": 100.0
    }  # fmt: skip


def departments_of(city: Settings) -> set[str]:
    logins = {right.principal for right in rights(city)}
    return {name.removeprefix("department-") for name in logins if name.startswith("department-")}


def written(settings: Settings, names: Iterable[str]) -> dict[str, int]:
    """The topics that took a record, and how many."""
    took: dict[str, int] = {}

    def delivered(error: KafkaError | None, message: Any) -> None:
        if error is None:
            name = message.topic().removeprefix(settings.topic_prefix)
            took[name] = took.get(name, 0) + 1
        else:
            assert error.code() in DENIED, error

    producer = Producer({**settings.kafka_client(), "message.timeout.ms": 20_000, "log_level": 0})
    for name in names:
        try:
            producer.produce(settings.topic_prefix + name, b"not ours", b"k", on_delivery=delivered)
        except KafkaException as refused:
            assert refused.args[0].code() in DENIED  # noqa: PT017
    assert producer.flush(30) == 0
    return took


def unreadable(settings: Settings, names: Iterable[str]) -> set[str]:
    """The topics whose reading is refused; all others were read to their end. One that may not even be described is
    not asked for further."""
    consumer = Consumer(
        {
            **settings.kafka_client(),
            "group.id": topic_reader.group_of(settings),
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "log_level": 0,
        }
    )
    there = consumer.list_topics(timeout=30).topics
    refused = {name for name in names if settings.topic_prefix + name not in there}
    waiting = {settings.topic_prefix + name for name in names if name not in refused}
    consumer.assign([TopicPartition(name, 0, 0) for name in waiting])
    deadline = time.monotonic() + 60
    try:
        while waiting:
            assert time.monotonic() < deadline, f"no answer for {sorted(waiting)[:5]}"
            message = consumer.poll(0.5)
            error = message.error() if message is not None else None
            if message is None or error is None:
                continue
            if error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                refused.add((message.topic() or "").removeprefix(settings.topic_prefix))
            elif error.code() != KafkaError._PARTITION_EOF:
                continue
            waiting.discard(message.topic() or "")
    finally:
        consumer.close()
    return refused
