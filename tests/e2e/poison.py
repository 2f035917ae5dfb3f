"""The bad records themselves: what somebody may put on each topic, and why it must be put aside."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from dataplane import partition_of
from domain.codes import DISTRICTS, with_credit_check
from tests.contracts.test_examples import examples, ready
from tests.e2e.golden_run import ROWS
from tests.golden.city import NOW
from tests.golden.city.grids import DISTRICTS as GOLDEN_DISTRICTS
from wire.codec import FRAME, encoder
from wire.contracts import RECORD_TOPICS, contracts, published
from wire.topics import ALERTS, CLOCK

CONTRACTS = contracts()
UNKNOWN_ID = 2_000_000_000
NAME, NUMBER = "王小明", "11010519491231002X"
"""What somebody may have written into a bad record: it must not come out of it again."""
SPURIOUS = f"{NAME},{NUMBER}".encode()
JUNK = 900_000


class Poison(NamedTuple):
    """A bad record, how the reason for putting it aside begins, and the schema id that it claims."""

    topic: str
    key: bytes | None
    value: bytes | None
    reason: str
    schema_id: int | None
    partition: int


def record_of(topic: str, number: int) -> dict[str, Any]:
    """A good event of `topic`, about a subject of which nobody else speaks."""
    example = next(example for name, example in examples() if name == topic)
    record = ready(topic, example).record(str(CONTRACTS[topic].schema["namespace"]))
    return record | {"subject": SUBJECTS.get(CONTRACTS[topic].subject, "S{}".format)(number)}


#: Of which the golden city says nothing.
QUIET_DISTRICTS = sorted(DISTRICTS.keys() - set(GOLDEN_DISTRICTS))
SUBJECTS: dict[str, Callable[[int], str]] = {
    "resident": lambda number: f"k1.{number:043d}",
    "dwelling": lambda number: f"DW440113{number:07d}",
    "grid": lambda number: f"440113199{number // 900 + 1:03d}{number % 900 + 1:03d}",
    "district": lambda number: QUIET_DISTRICTS[number % len(QUIET_DISTRICTS)],
    "legal-person": lambda number: with_credit_check(f"91440113MA{number:07d}"),
}


def on_events(ids: dict[str, int], partitions: int) -> Iterator[Poison]:
    """Each kind of poison for each contract."""
    foreign = dict(zip(CONTRACTS, [*list(CONTRACTS)[1:], next(iter(CONTRACTS))], strict=True))
    for number, (topic, contract) in enumerate(CONTRACTS.items()):
        where, mine = number % partitions, ids[topic]
        write = encoder(mine, contract.schema)
        record = record_of(topic, number)
        kind = record["change"][0].rpartition(".")[2]
        good, key = write(record), record["subject"].encode()
        other = encoder(ids[foreign[topic]], CONTRACTS[foreign[topic]].schema)(record_of(foreign[topic], number))
        never = write(record | {"occurred_at": 2**61})
        for key_, value, reason, schema_id in (
            (key, SPURIOUS, "not framed", None),
            (key, FRAME.pack(0, UNKNOWN_ID) + good[5:], "unknown schema", UNKNOWN_ID),
            (key, other, "the schema is", ids[foreign[topic]]),
            (key, good[:-2], "the body does not fit", mine),
            (key, good + b"xx", "bytes are left over", mine),
            (key, FRAME.pack(0, mine) + SPURIOUS, "the body does not fit", mine),
            (key, never, f"{kind}: 'occurred_at'", mine),
            (b"somebody else", good, "the key is not the subject", mine),
            (key, None, "not framed", None),
            (key, b"\x01" * JUNK, "not framed", None),
            (key, FRAME.pack(0, mine) + random.Random(number).randbytes(JUNK), "the body does not fit", mine),
        ):
            yield Poison(topic, key_, value, reason, schema_id, where)


def without_key(ids: dict[str, int], partitions: int) -> Iterator[Poison]:
    """A good event that came without a key, on a partition where its subject does not belong."""
    for number, topic in enumerate(CONTRACTS):
        record = record_of(topic, 1_000 + number)
        where = (partition_of(record["subject"].encode(), partitions) + 1) % partitions
        value = encoder(ids[topic], CONTRACTS[topic].schema)(record)
        yield Poison(topic, None, value, "the key is not the subject", ids[topic], where)


def misplaced(ids: dict[str, int], partitions: int) -> Iterator[Poison]:
    """A good event that somebody's own partitioner put where its subject has no row."""
    for number, topic in enumerate(CONTRACTS):
        record = record_of(topic, 2_000 + number)
        key = record["subject"].encode()
        where = (partition_of(key, partitions) + 1) % partitions
        yield Poison(topic, key, encoder(ids[topic], CONTRACTS[topic].schema)(record), "misplaced", ids[topic], where)


def on_what_stages_publish(ids: dict[str, int]) -> Iterator[Poison]:
    """For each topic of `published()`; those topics are compacted, so a broker takes no record without a key.

    What the index of records reads is in `tests/integration/stages/test_one_subject.py`."""
    for number, topic in enumerate(topic for topic in published() if topic not in RECORD_TOPICS):
        reason = "does not fit the schema" if topic in (*ROWS, ALERTS) else "unreadable"
        mine, other = ids[topic], ids[ALERTS if topic == CLOCK else CLOCK]
        tick_ = encoder(ids[CLOCK], published()[CLOCK].schema)
        key = b"" if topic == CLOCK else b"poison"
        for value, schema_id in (
            (SPURIOUS, None),
            (FRAME.pack(0, UNKNOWN_ID) + SPURIOUS, UNKNOWN_ID),
            (FRAME.pack(0, other) + b"\0" * 40, other),
            (FRAME.pack(0, mine), mine),
            (FRAME.pack(0, mine) + random.Random(number).randbytes(JUNK), mine),
            (b"\x01" * JUNK, None),
        ):
            yield Poison(topic, key, value, reason, schema_id, 1)
        if topic == CLOCK:
            yield Poison(topic, key, tick_({"now": NOW, "quiet": []}) + b"x", reason, mine, 1)
            yield Poison(topic, key, tick_({"now": 2**62, "quiet": []}), reason, mine, 1)
            yield Poison(topic, key, None, reason, None, 1)
        if topic.startswith("contributions"):
            contribution = {"target": "T-1", "source_view": "resident", "source": "k1.x", "value": None}
            yield Poison(topic, b"T-1", encoder(mine, published()[topic].schema)(contribution), reason, mine, 1)
            yield Poison(topic, key, None, reason, None, 1)
