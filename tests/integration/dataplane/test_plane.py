"""What else the data plane promises: bounded memory, Faust's own send, dead letters, health, metrics, placement."""

import re
import signal
import time
from typing import Any

import psutil
from confluent_kafka import Producer

from dataplane import partition_of
from tests.integration.dataplane.conftest import KEYS, PARTITIONS, Counting, wait_for


def metric(text: str, name: str) -> float:
    """Sum over all labels of a metric."""
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE))


def test_memory_is_bounded_while_the_agent_is_slow(counting: Counting) -> None:
    """100 MB wait on the broker; librdkafka's queue holds 4 MB and the group keeps a worker that does not fetch."""
    longest_silence_ms = 4_100
    counting.fill(2_000, b"x" * 50_000)
    worker = counting.start(
        {"slow_s": 3600.0},
        http_port=0,
        poll_patience_ms=200,
        max_poll_interval_ms=longest_silence_ms,
        consumer_options={"queued.max.messages.kbytes": 4_096, "fetch.message.max.bytes": 1_000_000},
    )
    worker.wait_until_said("ASSIGNED")
    wait_for("something is buffered", lambda: metric(worker.get("/metrics")[1], "rdkafka_buffered_bytes") > 0)
    lagging = "rdkafka_lag_records"
    wait_for("the lag is seen", lambda: metric(worker.get("/metrics")[1], lagging) == 2_000)
    process, most, over = psutil.Process(worker.process.pid), 0, time.monotonic() + 1.2 * longest_silence_ms / 1000

    def longer_than_a_member_may_be_silent() -> bool:
        nonlocal most
        most = max(most, process.memory_info().rss)
        return time.monotonic() > over

    wait_for("longer than max.poll.interval", longer_than_a_member_may_be_silent)
    assert metric(worker.get("/metrics")[1], "rdkafka_buffered_bytes") < 4_000_000 + 2_000 * 50_000 / 10
    assert most < 250_000_000, f"{most / 1e6:.0f} MB"
    assert metric(worker.get("/metrics")[1], "rdkafka_assigned_partitions") == 2 * PARTITIONS
    assert not worker.logged("REVOKED")


def test_a_full_producer_queue_slows_the_agent_and_loses_nothing(counting: Counting) -> None:
    counting.fill(20_000)
    counting.start(producer_options={"queue.buffering.max.messages": 50})
    counting.wait_until_read()
    counting.assert_exact()


def test_fausts_own_send_is_part_of_the_transaction(counting: Counting) -> None:
    counting.fill(KEYS * 3, b"send")
    counting.fill(1_000)
    counting.start()
    counting.wait_until_read()
    counting.assert_exact()


def test_a_dead_letter_keeps_the_record_and_says_where_it_came_from(counting: Counting) -> None:
    producer = Producer({"bootstrap.servers": counting.servers})
    producer.produce(counting.prefix + "a", b"junk", b"key1", 2, headers=[("ce_id", b"42")])
    assert producer.flush(10) == 0
    counting.start()
    [dead] = wait_for("the dead letter", lambda: counting.read("dead"))
    assert (dead.key(), dead.value()) == (b"key1", b"junk")
    headers = dict(dead.headers())
    assert headers.pop("origin_timestamp").isdigit()
    assert headers == {
        "ce_id": b"42",
        "origin_topic": (counting.prefix + "a").encode(),
        "origin_partition": b"2",
        "origin_offset": b"0",
        "schema_id": b"7",
        "reason": b"unreadable: not a number",
    }


def test_ready_live_and_metrics_tell_the_truth(counting: Counting) -> None:
    counting.fill(1_000)
    worker = counting.start(http_port=0, lag_every_s=0.5)
    worker.wait_until_said("ASSIGNED")
    wait_for("ready", lambda: worker.get("/ready")[0] == 200)
    assert worker.get("/live") == (200, "ok")
    counting.wait_until_read()
    wait_for("no lag", lambda: metric(worker.get("/metrics")[1], "rdkafka_lag_asked_timestamp_seconds") > 0)
    wait_for("no lag", lambda: metric(worker.get("/metrics")[1], "rdkafka_lag_records") == 0)
    text = worker.get("/metrics")[1]
    assert metric(text, "rdkafka_events_in_total") == 1_000
    assert metric(text, "rdkafka_events_out_total") == 2_000
    assert metric(text, "rdkafka_rows") == KEYS
    assert metric(text, "rdkafka_assigned_partitions") == 2 * PARTITIONS
    assert metric(text, "rdkafka_transactions_total") > 0


def test_the_classic_protocol(counting: Counting) -> None:
    counting.fill(20_000)
    classic: dict[str, Any] = {"group_protocol": "classic", "batch_records": 100}
    first = counting.start({"slow_s": 0.01}, **classic)
    wait_for("some is read", lambda: counting.committed() > 3_000)
    second = counting.start(**classic)
    second.wait_until_said("ASSIGNED")
    counting.wait_until_read()
    second.signal(signal.SIGTERM)
    assert second.exit_code() == 0
    assert first.process.poll() is None
    counting.assert_exact()


def test_a_missing_row_topic_is_named(counting: Counting) -> None:
    for answer in counting.admin.delete_topics([counting.prefix + "rows"]).values():
        answer.result()
    worker = counting.start(broker_wait_s=1.0)
    assert worker.exit_code() != 0
    assert worker.logged(f"these topics do not exist: {re.escape(counting.prefix)}rows")


def test_placement_is_that_of_librdkafka(counting: Counting) -> None:
    """`partition_of` and librdkafka's murmur2_random agree, so contributions can be placed by hand."""
    producer = Producer({"bootstrap.servers": counting.servers, "partitioner": "murmur2_random"})
    keys = [b"%d" % (number * 7919) * (number % 9 + 1) for number in range(300)] + ["海珠区".encode(), b"\xff" * 5]
    for key in keys:
        producer.produce(counting.prefix + "out", b"", key)
    assert producer.flush(10) == 0
    seen = {record.key(): record.partition() for record in counting.read("out")}
    assert seen == {key: partition_of(key, PARTITIONS) for key in keys}
