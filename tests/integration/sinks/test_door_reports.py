"""From a file, or a batch at another door, to what its department sees: rejected lines, until they are mended."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from confluent_kafka import Producer

from producers.departments import police
from producers.mending.letters import DeadLetters
from producers.publish.export_lines import FileRefused
from producers.publish.live_reporting import LiveReporting, RefusedStatement
from producers.publish.publication import Publication
from producers.publish.publisher import Publisher
from producers.publish.report import Report
from producers.publish.statement import Statement
from runtime.settings import Settings
from tests.contracts.people import number
from tests.integration.publish.test_publish import POLICE, city, moved_in, write
from tests.integration.sinks.wire import running, until
from wire.codec import encoder
from wire.door_reports import DOOR_REPORTS, OpenLine, schema
from wire.letters import Headers
from wire.registry import Registry
from wire.topics import DEAD_LETTERS, PARKED, subject_of

__all__ = ["city"]


def ask(settings: Settings, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(settings.dsn("sinks"), autocommit=True) as sinks:
        return sinks.execute(statement).fetchall()


def open_lines(settings: Settings) -> list[tuple[Any, ...]]:
    return ask(settings, "SELECT source, record, kind, field FROM city.rejected_line ORDER BY source, record, place")


def publish(settings: Settings, file: Path) -> Report:
    return Publication(settings, police.DEPARTMENT, wait=0).of(file, lambda _: lambda *_: None)


def test_a_rejected_line_is_shown_until_it_is_mended_through_whatever_door(city: Settings, tmp_path: Path) -> None:
    first, second = tmp_path / "a" / "1.csv", tmp_path / "b" / "2.csv"
    for file in (first, second):
        file.parent.mkdir()
    rows = [moved_in(0), moved_in(1, household=""), moved_in(2, on="2026-02-30"), moved_in(3, record=number(8))]
    report = publish(city, write(first, rows))
    assert (report.rejected_lines, report.not_shown) == (3, None)
    with running(city, "door-reports"):
        until(lambda: len(open_lines(city)) == 3)
        assert open_lines(city) == [
            ("1.csv", "HK0000001", "MovedIn", "户号"),
            ("1.csv", "HK0000002", "MovedIn", "发生日期"),
            ("1.csv", None, "MovedIn", "登记编号"),
        ]
        ((lines, rejected, events),) = ask(city, "SELECT lines, rejected_lines, events FROM city.door_publication")
        assert (lines, rejected, events) == (4, 3, {"MovedIn": 1})
        # mended from a folder elsewhere
        assert publish(city, write(second, [moved_in(1)])).mended_lines == 1
        until(lambda: [line[1] for line in open_lines(city)] == ["HK0000002", None])
        assert publish(city, write(second, [moved_in(2, name="")])).mended_lines == 0
        until(lambda: ("2.csv", "HK0000002", "MovedIn", "姓名") in open_lines(city))
        # through the gateway, whatever another department's login has written
        producer = Producer(city.kafka_client())
        producer.produce(f"{city.topic_prefix}{DOOR_REPORTS}tax", b"no report", b"tax\nday 1")
        assert producer.flush(30) == 0
        reporting = LiveReporting(city, "gateway")
        reporting.start()
        try:
            with Publisher(city) as publisher:
                moved = {
                    "name": "测试",
                    "sex": "male",
                    "born": 0,
                    "household": "H-1",
                    "address": "路",
                    "relation": "head",
                }
                at = 20_700 * 86_400_000_000
                statement = Statement("MovedIn", "HK0000002", number(2), at, at, moved)
                ready = publisher.ready(POLICE, statement)
                publisher.send(POLICE, ready)
            until(lambda: reporting.waiting() == 1)
            reporting.taken(POLICE, [ready])
            reporting.refused(POLICE, [RefusedStatement("4", "household", "is missing", "HK0000009", "MovedIn")])
            until(lambda: [line[1] for line in open_lines(city)] == [None, "HK0000009"])
            reporting.taken(POLICE, [ready._replace(statement=statement._replace(record="HK0000009"))])
            until(lambda: [line[1] for line in open_lines(city)] == [None])
        finally:
            reporting.stop()
        counted = "SELECT lines, rejected_lines, mended_lines FROM city.door_publication WHERE door = 'gateway'"
        until(lambda: ask(city, counted) == [(3, 1, 2)])
        # the line whose number nobody can read goes with its own file
        publish(city, write(first, rows[:1]))
        until(lambda: open_lines(city) == [])


def test_a_file_that_is_refused_is_shown_with_its_sentence_and_no_number(city: Settings, tmp_path: Path) -> None:
    file = tmp_path / f"{number(5)}.csv"
    with file.open("w", newline="") as out:
        csv.writer(out).writerows([["登记编号", "登记编号", "业务类型"], ["1", "2", "3"]])
    with running(city, "door-reports"):
        with pytest.raises(Exception, match=r"登记编号|lacks"):
            publish(city, file)
        with pytest.raises(FileRefused):
            publish(city, _empty(tmp_path / "leer.csv"))
        until(lambda: len(ask(city, "SELECT refused FROM city.door_publication WHERE refused IS NOT NULL")) == 2)
    for source, refused in ask(city, "SELECT source, refused FROM city.door_publication"):
        assert number(5) not in source + refused
        assert str(tmp_path) not in refused


def test_what_a_topic_says_of_another_department_is_shown_to_nobody(city: Settings) -> None:
    """A department's own login writes to its own topic, whatever it likes: the tax office states of the police."""
    registry = Registry.of(city)
    try:
        encode = encoder(registry.id_of(subject_of(city, f"{DOOR_REPORTS}tax"), schema()), schema())
    finally:
        registry.close()
    forged = [rejected(who, f"HK{who}") for who in ("police", "tax")]
    of_police = rejected("police", "HK1")
    producer = Producer(city.kafka_client())

    def say(topic: str, key: bytes, line: OpenLine | None) -> None:
        producer.produce(city.topic_prefix + DOOR_REPORTS + topic, encode(line.fields()) if line else None, key)

    with running(city, "door-reports"):
        say("police", of_police.key, of_police)
        producer.flush(30)
        until(lambda: [line[1] for line in open_lines(city)] == ["HK1"])
        say("tax", forged[0].key, forged[0])
        say("tax", b"tax" + forged[0].key.removeprefix(b"police"), forged[0])
        say("tax", of_police.key, None)
        say("tax", forged[1].key, forged[1])
        producer.flush(30)
        until(lambda: [line[1] for line in open_lines(city)] == ["HK1", "HKtax"])


def test_a_dead_letter_is_shown_until_it_is_sent_back(city: Settings) -> None:
    origin = {"origin_topic": city.topic_prefix + POLICE, "origin_partition": "1", "origin_offset": "9"}
    producer = Producer(city.kafka_client())
    topic = city.topic_prefix + DEAD_LETTERS
    headers: Headers = [(name, text.encode()) for name, text in {**origin, "reason": "no such kind"}.items()]
    producer.produce(topic, b"\xff\xfe", b"\xff", 0, headers=headers)
    producer.produce(topic, b"not ours", None, 0)
    producer.flush(30)
    letters = "SELECT department, topic, reason, kept_in, replayed_at IS NULL FROM city.put_aside"
    with running(city, "door-reports"):
        until(lambda: ask(city, letters) == [("police", POLICE, "no such kind", "dead-letters", True)])
        mark = f"{city.topic_prefix}{POLICE}:1:9".encode()
        producer.produce(topic, None, b"\xff", 0, headers=[("replayed", mark)])
        producer.flush(30)
        until(lambda: ask(city, letters)[0][-1] is False)


def test_a_record_that_calls_itself_a_mark_hides_nobodys_letter(city: Settings) -> None:
    """What is put aside keeps its sender's headers: a department may have written any into its own record."""
    producer = Producer(city.kafka_client())
    topic = city.topic_prefix + DEAD_LETTERS

    def put(offset: str, *own: tuple[str, bytes]) -> None:
        origin = {"origin_topic": city.topic_prefix + POLICE, "origin_partition": "1", "origin_offset": offset}
        headers: Headers = [*own, *((name, text.encode()) for name, text in {**origin, "reason": "x"}.items())]
        producer.produce(topic, b"\xff\xfe", b"\xff", 0, headers=headers)
        assert producer.flush(30) == 0

    put("9")
    put("10", ("replayed", f"{city.topic_prefix}{POLICE}:1:9".encode()))
    put("11", ("replayed", b"no record at all"))
    producer.produce(city.topic_prefix + PARKED, None, b"x", 0)
    with running(city, "door-reports"):
        until(lambda: ask(city, "SELECT count(*) FROM city.put_aside WHERE replayed_at IS NULL") == [(3,)])
    known = DeadLetters(city).letters()
    assert {origin.offset: letter.replayed_at for origin, letter in known.items()} == {9: None, 10: None, 11: None}


def rejected(department: str, record: str) -> OpenLine:
    return OpenLine(department, "file", "1.csv", "2", "户号", "is missing", time.time_ns() // 1000, POLICE, record)


def _empty(path: Path) -> Path:
    path.touch()
    return path
