"""Records as somebody makes them who may write to a topic and wishes its readers ill: none of them stops a worker."""

from __future__ import annotations

import os

from confluent_kafka import Producer
from kafka import KafkaProducer

from tests.integration.dataplane.conftest import Counting, wait_for


class Bytes(str):
    """A header's name that is no text, to a client that writes whatever it is given."""

    def encode(self, *_: object) -> bytes:
        return b"\xff\xfe\x80"


def test_a_header_whose_name_is_no_text(counting: Counting) -> None:
    """The client library raises at it, once: a stage that put such a record aside ended, and began, and ended."""
    producer = KafkaProducer(bootstrap_servers=counting.servers)
    for value in (b"junk", b"1"):
        producer.send(counting.prefix + "a", value, b"key1", headers=[(Bytes("x"), b"42")], partition=2).get(10)
    producer.close()
    counting.sent.append((b"key1", b"1"))
    counting.start()
    [dead] = wait_for("the dead letter", lambda: counting.read("dead"))
    assert (dead.key(), dead.value()) == (b"key1", b"junk")
    assert dict(dead.headers() or ())["reason"] == b"unreadable: not a number"
    wait_for("what came after it is read", lambda: counting.rows() == {b"key1": 1})


def test_a_record_that_grows_beyond_what_its_letter_may_have(counting: Counting) -> None:
    """Packed with zstd 24 MB are less than one; with what the stage packs they are 24 MB, which the broker refused to
    take as a dead letter, again after each start."""
    value = b"junk" + os.urandom(800_000) * 30
    packs = {"compression.type": "zstd", "message.max.bytes": 100_000_000, "batch.size": 100_000_000}
    producer = Producer({"bootstrap.servers": counting.servers, **packs})
    producer.produce(counting.prefix + "a", value, b"key1", 2)
    producer.produce(counting.prefix + "a", b"1", b"key1", 2)
    assert producer.flush(30) == 0
    counting.sent.append((b"key1", b"1"))
    counting.start()
    [dead] = wait_for("the dead letter", lambda: counting.read("dead"))
    assert (dead.key(), dead.value()) == (None, None)
    headers = dict(dead.headers() or ())
    assert int(headers["left_out"]) == len(value) + len(b"key1")
    assert (headers["origin_partition"], headers["origin_offset"]) == (b"2", b"0")
    wait_for("what came after it is read", lambda: counting.rows() == {b"key1": 1})
