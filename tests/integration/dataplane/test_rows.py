"""Rows are restored from the compacted topic before the first record of their partition is handed out."""

import json
import signal
import time

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from tests.integration.dataplane.conftest import KEYS, Counting, Worker


def restored(worker: Worker) -> dict[str, int]:
    """What the worker said it held after its assignments."""
    held = dict[str, int]()
    for line in worker.logged(r"ASSIGNED \[[^\]]*\] (\{.*\})"):
        held |= json.loads(line)
    return held


def stopped(worker: Worker) -> None:
    worker.signal(signal.SIGTERM)
    assert worker.exit_code() == 0


def test_a_deleted_row_stays_deleted_and_may_come_back(counting: Counting) -> None:
    counting.fill(KEYS * 2)
    first = counting.start()
    counting.wait_until_read()  # there is no order between the two input topics
    counting.fill(KEYS // 2, b"forget")
    counting.wait_until_read()
    stopped(first)
    assert len(counting.rows()) == KEYS // 2
    second = counting.start()
    second.wait_until_said("ASSIGNED")
    assert len(restored(second)) == KEYS // 2
    counting.fill(KEYS // 2)
    counting.fill(KEYS // 2)
    counting.wait_until_read()
    stopped(second)
    rows = counting.rows()
    assert sorted(rows.values()) == [1] * (KEYS // 2) + [3] * (KEYS // 2)
    third = counting.start()
    third.wait_until_said("ASSIGNED")
    assert {key.encode(): row for key, row in restored(third).items()} == rows


@pytest.mark.rare
def test_a_hanging_transaction_of_a_zombie_does_not_hide_rows(counting: Counting) -> None:
    """A zombie's open transaction holds the last stable offset of the row topic below rows that were committed after
    it: a restore that ended where reading ends would miss them."""
    first = counting.start()
    first.wait_until_said("ASSIGNED")
    zombie = Producer(
        {
            "bootstrap.servers": counting.servers,
            "transactional.id": counting.prefix + "zombie",
            "transaction.timeout.ms": 20_000,
        }
    )
    zombie.init_transactions(10)
    zombie.begin_transaction()
    for partition in range(4):
        zombie.produce(counting.prefix + "rows", b"777", b"key0", partition)
    assert zombie.flush(10) == 0
    began = time.monotonic()
    counting.fill(KEYS * 5)
    counting.wait_until_read()
    stopped(first)
    assert counting.read("rows") == [], "the last stable offset is not held back: this shows nothing"
    second = counting.start()
    second.wait_until_said("ASSIGNED")
    assert time.monotonic() - began > 15, "the zombie's transaction was not waited for"
    assert restored(second) == {f"key{number}": 5 for number in range(KEYS)}
    counting.fill(KEYS)
    counting.wait_until_read()
    counting.assert_exact()


def test_a_zombies_undecided_offsets_are_waited_for(counting: Counting) -> None:
    """The zombie sent offsets in a transaction that it commits while the new owner restores: either its rows and its
    offsets are both seen, or neither."""
    counting.fill(KEYS)
    # The zombie does the work of a worker by hand: counts everything, and sends offsets, but does not commit yet.
    zombie = Producer(
        {
            "bootstrap.servers": counting.servers,
            "transactional.id": counting.prefix + "zombie",
            "transaction.timeout.ms": 30_000,
        }
    )
    zombie.init_transactions(10)
    zombie.begin_transaction()
    ends = dict[tuple[str, int], int]()
    for topic in "ab":
        for record in counting.read(topic):
            where = (record.topic() or "", record.partition() or 0)
            ends[where] = (record.offset() or 0) + 1
            zombie.produce(counting.prefix + "rows", b"1", record.key(), where[1])
            zombie.produce(
                counting.prefix + "out", f"{where[0]} {where[1]} {record.offset()} 1", record.key(), where[1]
            )
    member = Consumer({"bootstrap.servers": counting.servers, "group.id": counting.prefix})
    zombie.send_offsets_to_transaction(
        [TopicPartition(*where, offset) for where, offset in ends.items()], member.consumer_group_metadata(), 10
    )
    member.close()
    worker = counting.start()
    worker.wait_until_said("not stable yet")
    assert not worker.logged("ASSIGNED")
    zombie.commit_transaction(10)
    worker.wait_until_said("ASSIGNED")
    assert restored(worker) == {f"key{number}": 1 for number in range(KEYS)}
    counting.fill(KEYS)
    counting.wait_until_read()
    counting.assert_exact()
