"""A department's own PostgreSQL as a source: a fact is stated in the transaction of the change and goes out in order,
wherever the relay is killed."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from confluent_kafka import Consumer, KafkaError
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.json import Jsonb

from local.backup import databases
from local.stack import postgres
from local.stack.local import LocalStack
from producers.outbox.relay import of_department, relay_once
from producers.publish import Publisher
from runtime.settings import CHECKOUT, Settings
from tests.databases import drop_database
from tests.schemas import register_schemas
from wire.codec import Decoder
from wire.registry import Registry
from wire.topics import ensure_topics

TOPIC = "police.household-registration"
PERSON, OTHER = "990000199001010017", "990000199102030025"
Register = psycopg.Connection[tuple[Any, ...]]
POLICE = of_department("police")
NEVER = 0


@pytest.fixture
def settings_on_topics(settings: Settings) -> Settings:
    ensure_topics(settings)
    register_schemas(settings)
    return settings


@pytest.fixture
def register_dsn(postgres_server: LocalStack) -> Iterator[str]:
    """A database of the police, with the outbox that `citygrid outbox sql` prints."""
    name = f"register_{uuid.uuid4().hex[:10]}"
    port, passwords = postgres_server.ports.postgres, postgres_server.passwords
    postgres.make_database(port, passwords, name, "citygrid_owner", ("citygrid_sinks",))
    dsn = postgres_server.dsn("citygrid_owner", name)
    with psycopg.connect(dsn, autocommit=True) as connection:
        for _ in range(2):  # again changes nothing
            connection.execute((CHECKOUT / "producers" / "outbox" / "department.sql").read_bytes())
        connection.execute("CREATE TABLE residence (person text, address text)")
    yield dsn
    drop_database(port, passwords, name)


@pytest.fixture
def register(register_dsn: str) -> Iterator[Register]:
    with psycopg.connect(register_dsn, autocommit=True) as connection:
        yield connection


def phone_changed(register: Register, number: int, person: str = PERSON) -> None:
    """A change of the register and its statement, committed together."""
    with register.transaction():
        register.execute("INSERT INTO residence VALUES (%s, %s)", (person, f"row {number}"))
        register.execute(
            "SELECT citygrid.say(%s, 'Contact', %s, %s, jsonb_build_object('phone', %s::text))",
            (TOPIC, f"C-{number:04d}", person, f"020{number:08d}"),
        )


def records(settings: Settings) -> list[str]:
    """The record numbers on the topic, each partition in its order, repetitions too."""
    consumer = Consumer(
        {**settings.kafka_client(), "group.id": str(uuid.uuid4()), "auto.offset.reset": "earliest",
         "enable.partition.eof": True}
    )  # fmt: skip
    consumer.subscribe([settings.topic_prefix + TOPIC])
    registry = Registry.of(settings)
    decoder = Decoder(registry, topic_prefix=settings.topic_prefix)
    names: list[str] = []
    ends: set[int | None] = set()
    try:
        while len(ends) < settings.partitions:
            message = consumer.poll(1)
            if message is None:
                continue
            error = message.error()
            if error is None:
                value = message.value()
                assert value is not None
                assert PERSON.encode() not in value
                event: Any = decoder.decode(settings.topic_prefix + TOPIC, message.key(), value)
                names.append(event.record)
            elif error.code() == KafkaError._PARTITION_EOF:
                ends.add(message.partition())
    finally:
        consumer.close()
        registry.close()
    return names


def test_what_is_rolled_back_was_not_said(settings_on_topics: Settings, register: Register) -> None:
    with register.transaction():
        phone_changed(register, 1)
        raise psycopg.Rollback
    phone_changed(register, 2)
    with Publisher(settings_on_topics) as publisher:
        assert relay_once(register, publisher, POLICE) == 1
    assert records(settings_on_topics) == ["C-0002"]
    assert register.execute("SELECT address FROM residence").fetchall() == [("row 2",)]


def test_a_row_that_breaks_its_contract_waits_for_a_person_and_the_rest_goes_on(
    settings_on_topics: Settings, register: Register
) -> None:
    statement = "SELECT citygrid.say(%s, %s, %s, %s, %s)"
    register.execute(statement, (TOPIC, "Contact", "C-1", PERSON[:-1] + "0", '{"phone": "02000000001"}'))
    register.execute(statement, (TOPIC, "Contact", "C-2", PERSON, '{"fax": "02000000001"}'))
    register.execute(statement, (TOPIC, "Death", "C-3", PERSON, '{"on": "the third"}'))
    register.execute(statement, ("tax.tax-record", "TaxReturn", "C-4", PERSON, '{"period": "2026", "amount_fen": 1}'))
    register.execute(statement, (TOPIC, "Contact", "C-5", PERSON, "[1]"))
    phone_changed(register, 6)
    with Publisher(settings_on_topics) as publisher:
        assert relay_once(register, publisher, POLICE) == 6
        assert relay_once(register, publisher, POLICE) == 0
        refused = register.execute("SELECT id, refused FROM citygrid.outbox WHERE refused IS NOT NULL ORDER BY id")
        why: dict[int, str] = dict(refused.fetchall())
        assert len(why) == 5
        assert not [text for text in why.values() if PERSON[:-1] in text or "the third" in text]
        third = sorted(why)[2]
        assert why[third].startswith("'on' ")
        register.execute("SELECT citygrid.mend(%s, %s)", (third, '{"on": "2026-03-01"}'))
        assert relay_once(register, publisher, POLICE) == 1
    assert sorted(records(settings_on_topics)) == ["C-0006", "C-3"]


def test_killed_between_any_two_lines_it_keeps_the_order_and_loses_nothing(
    settings_on_topics: Settings, register: Register, register_dsn: str, tmp_path: Path
) -> None:
    """At each line of `relay_once` in turn: two more changes are committed, the relay dies, the next one goes on."""
    known = tmp_path / "settings.json"
    known.write_text(settings_on_topics.model_dump_json())
    stated, answer, line = 0, "killed", 0
    command = [sys.executable, "-m", "tests.integration.publish.dying_relay", str(known), register_dsn]
    with subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as relay:

        def relayed(dies_at: int) -> str:
            assert relay.stdin
            assert relay.stdout
            relay.stdin.write(f"{dies_at}\n")
            relay.stdin.flush()
            return relay.stdout.readline().strip()

        while answer == "killed":
            line += 1
            for _ in range(2):
                phone_changed(register, stated)
                stated += 1
            answer = relayed(line)
            assert relayed(NEVER) == "done"
        assert relay.stdin
        relay.stdin.close()
    assert answer == "done"
    assert line > 15, "the relay was not killed at enough places"
    assert register.execute("SELECT FROM citygrid.outbox WHERE published_at IS NULL").fetchall() == []
    names = records(settings_on_topics)
    assert list(dict.fromkeys(names)) == [f"C-{number:04d}" for number in range(stated)]
    assert len(names) > stated, "no kill fell between the broker's answer and the mark"


def test_what_was_published_long_ago_is_deleted(register: Register) -> None:
    phone_changed(register, 1)
    phone_changed(register, 2)
    register.execute(
        "UPDATE citygrid.outbox SET published_at = now() - interval '8 days' WHERE statement ->> 'record' = 'C-0001'"
    )
    register.execute(POLICE.tidy, (POLICE.kept,))
    assert register.execute("SELECT statement ->> 'record' FROM citygrid.outbox").fetchall() == [("C-0002",)]


def test_a_row_that_waited_while_its_database_moved_to_another_server_is_published(
    settings_on_topics: Settings, register: Register, register_dsn: str, postgres_server: LocalStack
) -> None:
    """A new server counts its transactions from the beginning: what waits must not ask for their numbers."""
    phone_changed(register, 1)
    other = f"restored_{uuid.uuid4().hex[:10]}"
    ports, passwords = postgres_server.ports.postgres, postgres_server.passwords
    postgres.make_database(ports, passwords, other, "citygrid_owner", ())
    dsn = postgres_server.dsn("citygrid_owner", other)
    try:
        with psycopg.connect(dsn, autocommit=True) as restored:
            restored.execute((CHECKOUT / "producers" / "outbox" / "department.sql").read_bytes())
            columns = "id, topic, statement, made_at, published_at, refused"
            rows = register.execute(f"SELECT {columns} FROM citygrid.outbox").fetchall()
            named = register.execute("SELECT * FROM citygrid.outbox LIMIT 0").description
            assert [column.name for column in named or []] == columns.split(", "), "nothing else is restored"
            for row in rows:
                restored.execute(
                    f"INSERT INTO citygrid.outbox ({columns}) OVERRIDING SYSTEM VALUE VALUES (%s, %s, %s, %s, %s, %s)",
                    (*row[:2], Jsonb(row[2]), *row[3:]),
                )
            with Publisher(settings_on_topics) as publisher:
                assert relay_once(restored, publisher, POLICE) == 1
    finally:
        drop_database(ports, passwords, other)
    assert records(settings_on_topics) == ["C-0001"]


@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_a_forgotten_transaction_in_any_database_of_the_server_holds_no_statement_up(
    settings_on_topics: Settings, register: Register, register_dsn: str, postgres_server: LocalStack, where: str
) -> None:
    """Case 18: somebody's psql with BEGIN and a temporary table, left alone."""
    dsn = register_dsn if where == "here" else postgres_server.dsn(postgres.SUPERUSER, "postgres")
    with psycopg.connect(dsn) as forgotten:
        forgotten.execute("CREATE TEMP TABLE forgotten (i int)")
        phone_changed(register, 1)
        with Publisher(settings_on_topics) as publisher:
            assert relay_once(register, publisher, POLICE) == 1
        assert records(settings_on_topics) == ["C-0001"], "while that transaction is still open"
        forgotten.rollback()


def test_a_row_that_waited_is_published_from_a_real_dump_and_newer_ones_do_not_overtake_it(
    settings_on_topics: Settings, register: Register, register_dsn: str, postgres_server: LocalStack, tmp_path: Path
) -> None:
    """Case 19: pg_dump while a statement waits, restored elsewhere, the relay begun there."""
    phone_changed(register, 1)
    name = str(conninfo_to_dict(register_dsn)["dbname"])
    other = f"restored_{uuid.uuid4().hex[:10]}"
    ports, passwords = postgres_server.ports.postgres, postgres_server.passwords
    databases.dump(postgres_server.dsn(postgres.SUPERUSER, name), tmp_path / "register.dump")
    postgres.make_database(ports, passwords, other, "citygrid_owner", ())
    try:
        databases.restore(postgres_server.dsn(postgres.SUPERUSER, other), tmp_path / "register.dump")
        with psycopg.connect(postgres_server.dsn("citygrid_owner", other), autocommit=True) as restored:
            phone_changed(restored, 2)
            with Publisher(settings_on_topics) as publisher:
                assert relay_once(restored, publisher, POLICE) == 2
                assert relay_once(restored, publisher, POLICE) == 0
    finally:
        drop_database(ports, passwords, other)
    assert records(settings_on_topics) == ["C-0001", "C-0002"]
