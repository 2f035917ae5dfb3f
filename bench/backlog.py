"""The input: a deterministic backlog of events, and the result that every system must come to."""

from __future__ import annotations

import json
import random
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from bench import job
from dataplane import codes

_NAMES = ("Aino", "Bela", "Chidi", "Dora", "Emre", "Farah", "Goran", "Hana", "Ines", "Jonas")
_ROW_FIELDS = (
    "resident_id", "name", "birth_date", "household_id", "address", "district", "dwelling_id", "landlord_id",
    "tenancy_start", "tenancy_end", "tax_period", "tax_amount", "reg_at", "reg_ev", "mov_at", "mov_ev", "ten_at",
    "ten_ev", "tax_at", "tax_ev",
)  # fmt: skip


class Stated(NamedTuple):
    """One event: the number of its department (`job.SOURCES`), its key, its record."""

    department: int
    resident: str
    event: dict[str, Any]


def events(count: int, seed: int = 7) -> list[Stated]:
    """`count` events in the order of their arrival: 30 % registrations, 30 % moves, 25 % tenancies, 15 % tax.

    Of these 2 % come twice and 10 % late. Five events a resident, fourteen a household.
    """
    dice = random.Random(seed)
    residents, households = max(count // 5, 10), max(count * 7 // 100, 4)
    doubled = count * 2 // 100
    unique = count - doubled
    shares = [int(unique * share) for share in (0.30, 0.30, 0.25, 0.15)]
    shares[0] += unique - sum(shares)
    home = [number % households for number in range(residents)]
    kinds = [kind for kind in (1, 2, 3) for _ in range(shares[kind])] + [0] * max(0, shares[0] - residents)
    dice.shuffle(kinds)
    first = list(range(residents))
    dice.shuffle(first)
    first = first[: shares[0]]
    slots = set(dice.sample(range((len(kinds) + len(first)) // 2), len(first)))
    kind_of, newcomer = iter(kinds), iter(first)
    arrivals = []
    for number in range(unique):
        time, event_id = 1_700_000_000_000 + number * 100, f"{dice.getrandbits(128):032x}"
        if number in slots:
            kind, person = 0, next(newcomer)
            to = home[person]
        else:
            kind, person = next(kind_of), int(dice.random() * residents)
            to = home[person] if kind == 0 and dice.random() < 0.8 else int(dice.random() * households)
        resident = f"RES{person:015d}"
        event = {"event_id": event_id, "occurred_at": time, "resident_id": resident}
        if kind < 2:
            event |= _home(kind, person, home[person], to)
            home[person] = to
        elif kind == 2:
            start = time - int(dice.random() * 10**10)
            event |= {
                "dwelling_id": f"DW{int(dice.random() * 10**8):08d}",
                "landlord_id": f"LL{int(dice.random() * 10**6):06d}",
                "start": start,
                "end": start + 3 * 10**10 if dice.random() < 0.3 else None,
            }
        else:
            event |= {"period": f"{2015 + int(dice.random() * 9)}", "amount": int(dice.random() * 2_000_000)}
        arrives = number + (dice.random() * 20_000 if dice.random() < 0.10 else 0)
        arrivals.append((arrives, Stated(kind, resident, event)))
    again = dice.sample(range(unique), doubled)
    arrivals += [(arrivals[number][0] + 1 + dice.random() * 20_000, arrivals[number][1]) for number in again]
    return [event for _, event in sorted(arrivals, key=lambda arrival: arrival[0])]


def _home(kind: int, person: int, left: int, to: int) -> dict[str, Any]:
    def address(household: int) -> str:
        return f"{household % 997} Harbour Street, block {household % 31}, flat {household % 89}"

    if kind == 1:
        return {
            "from_household": f"HH{left:010d}",
            "to_household": f"HH{to:010d}",
            "from_address": address(left),
            "to_address": address(to),
        }
    return {
        "name": f"{_NAMES[person % 10]} {_NAMES[person // 10 % 10]}sson {person}",
        "birth_date": f"{1930 + person % 80}-{1 + person % 12:02d}-{1 + person % 28:02d}",
        "household_id": f"HH{to:010d}",
        "address": address(to),
        "district": f"D{to % 40:03d}",
    }


Digest = dict[str, int | str]


def expected(backlog: list[Stated]) -> Digest:
    """The final rows straight from the definition (the last of each department counts), not by the fold."""
    newest: dict[str, list[dict[str, Any] | None]] = {}
    for department, resident, event in backlog:
        held = newest.setdefault(resident, [None] * 4)
        old = held[department]
        if old is None or (event["occurred_at"], event["event_id"]) > (old["occurred_at"], old["event_id"]):
            held[department] = event
    rows, members = [], {}  # type: list[tuple[Any, ...]], dict[str, dict[str, int]]
    for resident, (registered, moved, let, taxed) in newest.items():
        times = [(e["occurred_at"], e["event_id"]) if e else (0, "") for e in (registered, moved, let, taxed)]
        r, m, t, x = (event or {} for event in (registered, moved, let, taxed))
        by_register = times[0] > times[1]
        home = r.get("household_id") if by_register else m.get("to_household")
        address = r.get("address") if by_register else m.get("to_address")
        rows.append(
            (
                resident,
                r.get("name"),
                r.get("birth_date"),
                home,
                address,
                r.get("district"),
                t.get("dwelling_id"),
                t.get("landlord_id"),
                t.get("start"),
                t.get("end"),
                x.get("period"),
                x.get("amount"),
                *(part for time in times for part in time),
            )
        )
        if home:
            members.setdefault(home, {})[resident] = x.get("amount") or 0
    households = [(home, tuple(sorted(who)), len(who), sum(who.values())) for home, who in members.items()]
    return _digest(rows, households)


def actual() -> Digest:
    """What the system of this run has published: the last committed row of every key."""
    residents = [tuple(row[name] for name in _ROW_FIELDS) for row in _last(job.RESIDENTS)]
    households = [
        (row["household_id"], tuple(sorted(row["members"])), row["count"], row["tax_sum"])
        for row in _last(job.HOUSEHOLDS)
    ]
    return _digest(residents, households)


def _digest(rows: list[tuple[Any, ...]], households: list[tuple[Any, ...]]) -> Digest:
    lived_in = [row for row in households if row[2]]
    return {
        "residents": len(rows),
        "residents_sum": _sum(rows),
        "households": len(lived_in),
        "households_sum": _sum(lived_in),
    }


def _sum(rows: list[tuple[Any, ...]]) -> str:
    """An order-free checksum."""
    total = 0
    for row in rows:
        total ^= int.from_bytes(blake2b(repr(row).encode(), digest_size=8).digest(), "big")
    return f"{total:016x}"


def _last(topic: str) -> list[job.Record]:
    reader = Consumer(
        {
            "bootstrap.servers": job.BOOTSTRAP, "group.id": "bench-verify", "enable.auto.commit": False,
            "enable.partition.eof": True, "isolation.level": "read_committed",
        }
    )  # fmt: skip
    reader.assign([TopicPartition(topic, number, 0) for number in range(job.PARTITIONS)])
    newest: dict[Any, Any] = {}
    ended = 0
    while ended < job.PARTITIONS:
        for message in reader.consume(10_000, 1.0):
            error = message.error()
            if error is None:
                newest[message.key()] = message.value()
            elif error.code() == codes.PARTITION_EOF:
                ended += 1
            else:
                raise KafkaException(error)
    reader.close()
    return [job.decode(value) for value in newest.values() if value is not None]


def make_topics(names: dict[str, str]) -> None:
    """Topics by name and cleanup policy."""
    admin = AdminClient({"bootstrap.servers": job.BOOTSTRAP})
    new = [NewTopic(name, job.PARTITIONS, 1, config={"cleanup.policy": policy}) for name, policy in names.items()]
    for future in admin.create_topics(new).values():
        future.result(30)


def publish(backlog: list[Stated]) -> None:
    """Write the backlog to the input topics of this process's `BENCH_INPUT`."""
    make_topics(dict.fromkeys(job.INPUT_TOPICS, "delete"))
    producer = Producer(
        {
            "bootstrap.servers": job.BOOTSTRAP, "partitioner": "murmur2_random", "linger.ms": 20,
            "compression.type": "none", "batch.size": 16_384, "queue.buffering.max.messages": 2_000_000,
        }
    )  # fmt: skip
    for number, (department, resident, event) in enumerate(backlog):
        producer.produce(job.INPUT_TOPICS[department], job.encode(job.SOURCES[department], event), resident.encode())
        if number % 5_000 == 0:
            producer.poll(0)
    if producer.flush(120):
        raise RuntimeError("the broker did not take the whole backlog within 120 s")


def write_schemas(path: Path) -> None:
    """The schemas and their ids, for the Java peer."""
    path.write_text(json.dumps({"schemas": job.SCHEMAS, "ids": job.SCHEMA_ID}))
