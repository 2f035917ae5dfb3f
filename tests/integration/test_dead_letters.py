"""What was put aside is listed, shown and sent back once, through the command, with a real Kafka and registry."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, IsolationLevel, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec
from confluent_kafka.cimpl import NewTopic

from citygrid.cli import main
from dataplane.origin import kept
from domain.event import Event
from producers.mending.letters import DeadLetters, LettersUnreadable
from producers.mending.replay import replay_parked
from runtime.settings import Settings
from wire.codec import Decoder, encoder
from wire.contracts import contracts
from wire.registry import Registry

TOPIC = "police.household-registration"
SUBJECT = "k1." + "a" * 43
DAY_US = 86_400_000_000
Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def city(settings: Settings) -> Settings:
    """The settings, with an event topic and the two topics of letters on the cluster and the contract registered."""
    admin = AdminClient({**settings.kafka_client()})
    config = {"max.message.bytes": "2200000"}
    wanted = [NewTopic(settings.topic_prefix + name, 2, 1, config=config) for name in (TOPIC, "dead-letters", "parked")]
    for future in admin.create_topics(wanted).values():
        future.result(30)
    return settings


@pytest.fixture
def command(
    city: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Runs `citygrid dead-letters …` as its script does; in this process: its start takes longer than its work."""
    for name, value in {
        "COLUMNS": "200",
        "CITYGRID_STATE_DIR": str(tmp_path / "none"),
        "CITYGRID_KAFKA_BOOTSTRAP": city.kafka_bootstrap,
        "CITYGRID_REGISTRY_URL": city.registry_url,
        "CITYGRID_TOPIC_PREFIX": city.topic_prefix,
        "CITYGRID_PSEUDONYM_KEY_FILE": str(city.pseudonym_key_file),
    }.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(sys, "argv", ["citygrid", "dead-letters", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, int(ended.value.code or 0), captured.out, captured.err)

    return run


def records(settings: Settings, name: str) -> list[Message]:
    """Every committed record of a topic, once each transaction in it is decided: a commit is answered before readers
    of committed records are given what it holds."""
    topic = settings.topic_prefix + name
    admin = AdminClient(settings.kafka_client())  # kept until it has answered
    asked = {TopicPartition(topic, number): OffsetSpec.latest() for number in range(2)}  # type: ignore[no-untyped-call]
    answers = admin.list_offsets(asked, isolation_level=IsolationLevel.READ_UNCOMMITTED)
    until = {place.partition: future.result(30).offset for place, future in answers.items()}
    consumer = Consumer(
        {**settings.kafka_client(), "group.id": "test", "enable.partition.eof": True, "auto.offset.reset": "earliest"}
    )
    consumer.assign([TopicPartition(topic, number, 0) for number in range(2)])
    listed, ends = [], dict.fromkeys(until, -1)
    while any(ends[number] < end for number, end in until.items()):
        record = consumer.poll(30)
        assert record is not None
        if record.error():
            ends[record.partition() or 0] = record.offset() or 0
        else:
            listed.append(record)
    consumer.close()
    return listed


def say(settings: Settings, value: bytes, partition: int = 1, key: bytes | None = b"someone") -> Message:
    """Publish a record and return it as a reader gets it."""
    producer = Producer({**settings.kafka_client()})
    headers: list[tuple[str, str | bytes | None]] = [("ce_type", b"cn.citygrid.police.Death")]
    producer.produce(settings.topic_prefix + TOPIC, value, key, partition, headers=headers)
    assert producer.flush(30) == 0
    return [record for record in records(settings, TOPIC) if record.partition() == partition][-1]


def put_aside(settings: Settings, record: Message, reason: str, kept_in: str = "dead-letters") -> str:
    """As the data plane does it; returns the letter's name."""
    producer = Producer({**settings.kafka_client()})
    headers: list[tuple[str, str | bytes | None]] = [*kept(record, reason, 7).headers]
    producer.produce(settings.topic_prefix + kept_in, record.value(), record.key(), headers=headers)
    assert producer.flush(30) == 0
    return f"{record.topic()}:{record.partition()}:{record.offset()}"


def death(settings: Settings, registry: Registry, recorded_at: int = 20_000 * DAY_US) -> bytes:
    """A death, framed as it would come from the police."""
    contract = contracts()[TOPIC]
    schema_id = registry.register(f"{settings.topic_prefix}{TOPIC}-value", contract.schema)
    event = {
        "event_id": "11111111-1111-4111-8111-111111111111",
        "record": "R-1",
        "subject": SUBJECT,
        "occurred_at": 20_000 * DAY_US,
        "recorded_at": recorded_at,
        "withdrawn": False,
        "change": (f"{contract.schema['namespace']}.Death", {"on": 20_000}),
    }
    return encoder(schema_id, contract.schema)(event)


def listed(command: Command) -> list[dict[str, Any]]:
    answer = command("list", "--json")
    assert answer.returncode == 0, answer.stderr
    rows: list[dict[str, Any]] = json.loads(answer.stdout)
    return rows


def test_a_letter_is_listed_with_its_origin_and_how_often(city: Settings, command: Command) -> None:
    garbage = say(city, b"Li Lei, 11010519491231002X")
    name = put_aside(city, garbage, "not framed: a record begins with a zero byte")
    put_aside(city, garbage, "not framed: a record begins with a zero byte")

    (row,) = listed(command)
    assert (row["record"], row["times"], row["schema_id"], row["replayed_at"]) == (name, 2, 7, None)
    assert row["reason"].startswith("not framed")
    assert row["put_aside_at"] >= row["published_at"]
    table = command("list")
    assert table.returncode == 0
    assert name in table.stdout
    assert "Li Lei" not in table.stdout
    assert command("list", "--topic", "tax.tax-record", "--json").stdout.strip() == "[]"


def test_what_a_letter_says_is_shown_only_when_asked_for(city: Settings, command: Command, tmp_path: Path) -> None:
    name = put_aside(city, say(city, b"Li Lei"), "not framed")

    assert "Li Lei" not in command("show", name).stdout
    assert "TGkgTGVp" not in command("show", name).stdout
    assert json.loads(command("show", name, "--reveal", "--json").stdout)["content"]["value_base64"] == "TGkgTGVp"
    file = tmp_path / "letter"
    assert command("show", name, "--to", str(file)).returncode == 0
    assert file.read_bytes() == b"Li Lei"
    assert file.stat().st_mode & 0o777 == 0o600
    again = command("show", name, "--to", str(file))
    assert (again.returncode, "name a new file" in again.stderr) == (1, True)


def test_names_that_are_none_end_with_a_sentence(city: Settings, command: Command) -> None:
    wrong, missing = command("show", "nonsense"), command("show", f"{city.topic_prefix}{TOPIC}:0:99")
    assert (wrong.returncode, "topic:partition:offset" in wrong.stderr) == (1, True)
    assert (missing.returncode, "There is no dead letter" in missing.stderr) == (1, True)
    for arguments in ((), ("--all", "--parked"), ("--all", "--mended", "x.json")):
        assert command("replay", *arguments).returncode == 2


def test_a_replay_sends_the_original_bytes_once(city: Settings, command: Command) -> None:
    first, second = say(city, b"one", partition=0), say(city, b"two" * 300_000, key=None)
    names = [put_aside(city, record, "unknown schema id") for record in (first, second)]

    answer = command("replay", "--id", names[0])
    assert (answer.returncode, answer.stdout.split("\n")[:2]) == (0, [names[0], "1 records sent back"])
    assert json.loads(command("replay", "--all", "--json").stdout) == {"replayed": [names[1]]}
    assert json.loads(command("replay", "--all", "--json").stdout) == {"replayed": []}
    assert json.loads(command("replay", "--topic", city.topic_prefix + TOPIC, "--json").stdout) == {"replayed": []}

    again = [record for record in records(city, TOPIC) if "replay_of" in dict(record.headers() or [])]
    assert {(r.partition(), r.key(), r.value()) for r in again} == {
        (0, b"someone", b"one"),
        (1, None, b"two" * 300_000),
    }
    headers = {name for record in again for name in dict(record.headers() or [])}
    assert headers == {"ce_type", "replay_of"}
    assert all(row["replayed_at"] for row in listed(command))


def test_what_a_stage_wrote_is_never_sent_back(city: Settings, command: Command) -> None:
    row = city.topic_prefix + "rows.resident"
    producer = Producer({**city.kafka_client()})
    origin = {"origin_topic": row, "origin_partition": "0", "origin_offset": "7", "reason": "unreadable"}
    headers: list[tuple[str, str | bytes | None]] = [(name, value.encode()) for name, value in origin.items()]
    producer.produce(city.topic_prefix + "dead-letters", b"an old row", b"someone", headers=headers)
    assert producer.flush(30) == 0

    assert [entry["record"] for entry in listed(command)] == [f"{row}:0:7"]
    assert json.loads(command("replay", "--all", "--json").stdout) == {"replayed": []}
    one = command("replay", "--id", f"{row}:0:7")
    assert (one.returncode, "written by a stage" in one.stderr) == (1, True)


def test_a_record_that_is_put_aside_again_names_its_first_origin(city: Settings, command: Command) -> None:
    name = put_aside(city, say(city, b"still bad"), "not framed")
    assert command("replay", "--all").returncode == 0
    (back,) = [record for record in records(city, TOPIC) if "replay_of" in dict(record.headers() or [])]
    put_aside(city, back, "not framed")

    rows = {row["record"]: row for row in listed(command)}
    assert len(rows) == 2
    (second,) = rows.keys() - {name}
    assert (rows[second]["replay_of"], rows[second]["replayed_at"]) == (name, None)


def test_a_mended_event_takes_the_letters_place(city: Settings, command: Command, tmp_path: Path) -> None:
    registry = Registry.of(city)
    broken = death(city, registry, recorded_at=400_000 * DAY_US)
    name = put_aside(city, say(city, broken, key=SUBJECT.encode()), "Death: 'recorded_at' is not a time")
    file = tmp_path / "mend.json"
    assert command("show", name, "--to", str(file)).returncode == 0
    event = json.loads(file.read_text())
    assert (event["kind"], event["change"], event["record"]) == ("Death", {"on": "2024-10-04"}, "R-1")

    unmended = command("replay", "--id", name, "--mended", str(file))
    assert (unmended.returncode, "recorded_at" in unmended.stderr) == (1, True)
    event |= {"recorded_at": "2024-10-05T08:00:00+08:00", "subject": "11010519491231002X"}
    file.write_text(json.dumps(event))
    assert command("replay", "--id", name, "--mended", str(file)).returncode == 0

    (back,) = [record for record in records(city, TOPIC) if "replay_of" in dict(record.headers() or [])]
    assert b"11010519491231002X" not in (back.key() or b"") + (back.value() or b"")
    key, value = back.key(), back.value()
    assert isinstance(key, bytes)
    assert isinstance(value, bytes)
    read = Decoder(registry, topic_prefix=city.topic_prefix).decode(city.topic_prefix + TOPIC, key, value)
    assert isinstance(read, Event)
    assert (read.kind, read.recorded_at) == ("Death", 1_728_086_400_000_000)


def test_what_is_not_read_yet_stays_parked(city: Settings, command: Command) -> None:
    registry = Registry.of(city)
    readable = put_aside(city, say(city, death(city, registry), key=SUBJECT.encode()), "Death is newer", "parked")
    unread = put_aside(city, say(city, b"\0\0\0\0\0no"), "Adoption is newer", "parked")

    assert replay_parked(city) == 1
    assert replay_parked(city) == 0
    state = {row["record"]: row["replayed_at"] is not None for row in listed(command)}
    assert state == {readable: True, unread: False}


def test_records_of_a_subject_that_were_put_aside_go_back_together(city: Settings, command: Command) -> None:
    """In the order in which they came; and again if a stage that was rebuilt waits anew."""
    first, second = say(city, b"\0\0\0\0\0first"), say(city, b"\0\0\0\0\0second")
    names = [put_aside(city, record, "put aside: merging failed", "parked") for record in (first, second)]
    assert json.loads(command("replay", "--parked", "--json").stdout) == {"replayed": names}
    back = [record.value() for record in records(city, TOPIC) if "replay_of" in dict(record.headers() or [])]
    assert back == [first.value(), second.value()]
    assert replay_parked(city) == 0
    put_aside(city, first, "put aside: merging failed", "parked")
    assert replay_parked(city) == 1


def test_of_two_replays_the_older_is_fenced(city: Settings) -> None:
    put_aside(city, say(city, b"one"), "not framed")
    letters = DeadLetters(city)
    younger: list[int | None] = []

    def meanwhile(_: Any, content: Any) -> Any:
        if not younger:
            younger.append(None)
            younger.append(DeadLetters(city).replay(lambda _, same: same, lambda _: True, lambda _: None))
        return content

    with pytest.raises(LettersUnreadable, match="after 0 records: another replay"):
        letters.replay(meanwhile, lambda _: True, lambda _: None)
    assert younger == [None, 1]
    assert len([r for r in records(city, TOPIC) if "replay_of" in dict(r.headers() or [])]) == 1
