"""Law 2 for the index of records: killed, handed over and restored from the claims themselves, which compaction has
been through, it has answered what one that was never stopped answers (docs/decisions/0036-stages.md)."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import pytest

from domain.records import Addressee, Claim, Holder, answers
from domain.view import Moved, Slot
from stream_apps.record_codec import claim_key, claim_partition, slot_key
from tests.simulation.broker import Broker, Output
from tests.simulation.codecs import record_codec
from tests.simulation.worker import RECORDS, Judging, Worker
from wire.topics import RECORD_CLAIMS, RECORD_MOVES

PARTITIONS = 2
SLOTS = [Slot("housing", "Let", record) for record in ("1", "2", "a/b")]
HOUSES = ("D-1", "D-2", "D-3")
NO_RULES = Judging((), 0)


def claims_of(draw: Random, count: int) -> list[Claim]:
    """Each row's claims of a slot rise, as the statements do that it holds; now and then one is said again, or a
    rebuild begins and says the first once more."""
    said: dict[tuple[Slot, str], int] = {}
    claims = []
    for _ in range(count):
        slot, house = draw.choice(SLOTS), draw.choice(HOUSES)
        recorded = said.get((slot, house), 0) + draw.choice((0, 1, 1, 2))
        said[slot, house] = 0 if draw.random() < 0.1 else recorded
        claims.append(Claim(slot, Holder("dwelling", house, recorded, None, draw.random() < 0.3, 0)))
    return claims


def append(broker: Broker, claim: Claim) -> None:
    slot = slot_key(claim.slot)
    value = record_codec().dump_holder(claim.holder)
    broker.append(Output(RECORD_CLAIMS, claim_key(slot, claim.holder), value, claim_partition(slot, PARTITIONS)))


def index(broker: Broker) -> Worker:
    worker = Worker(RECORDS, NO_RULES, broker)
    worker.take(range(PARTITIONS))
    return worker


def read_all(worker: Worker) -> None:
    while waiting := worker.unread():
        worker.fold(waiting[0], 3)
    worker.commit()


def answered(broker: Broker) -> dict[tuple[Addressee, Slot], Moved]:
    moves = [record_codec().load_move(key, value) for key, value in broker.newest(RECORD_MOVES).items()]
    return {((move.view, move.subject), move.slot): move.moved for move in moves if move.moved is not None}


def wanted(claims: Iterable[Claim]) -> dict[tuple[Addressee, Slot], Moved]:
    newest: dict[Slot, dict[Addressee, Holder]] = {slot: {} for slot in SLOTS}
    for claim in claims:
        newest[claim.slot][claim.holder[:2]] = claim.holder
    return {(to, slot): moved for slot in SLOTS for to, moved in answers(newest[slot].values()).items()}


@pytest.mark.parametrize("seed", range(300))
def test_killed_and_restored_from_compacted_claims_it_has_answered_the_same(seed: int) -> None:
    draw = Random(seed)
    claims = claims_of(draw, draw.choice((4, 12, 40)))
    broker = Broker(PARTITIONS)
    worker = index(broker)
    for claim in claims:
        append(broker, claim)
        match draw.choice(("", "fold", "fold", "commit", "kill", "compact", "hand over")):
            case "fold" if waiting := worker.unread():
                worker.fold(draw.choice(waiting), draw.randint(1, 4))
            case "commit":
                worker.commit()
            case "kill":  # with its transaction
                worker = index(broker)
            case "compact":
                for number in range(PARTITIONS):
                    where = (RECORD_CLAIMS, number)
                    broker.compact(where, draw.randint(0, broker.end(where)), False)
            case "hand over":
                worker.give_up(range(PARTITIONS))
                worker = index(broker)
    read_all(worker)
    assert answered(broker) == wanted(claims)
    before = broker.written()
    read_all(index(broker))
    assert broker.written() == before, "started again with nothing new it writes nothing"


def test_a_record_of_one_subject_is_never_answered_also_after_a_kill() -> None:
    broker = Broker(PARTITIONS)
    for recorded in range(5):
        append(broker, Claim(SLOTS[0], Holder("dwelling", "D-1", recorded, None, False, 0)))
        worker = index(broker)
        worker.fold(worker.unread()[0], 10)
    read_all(worker)
    assert not broker.newest(RECORD_MOVES)


def test_an_unreadable_claim_hides_no_other() -> None:
    broker = Broker(1)
    slot = slot_key(SLOTS[0])
    broker.append(Output(RECORD_CLAIMS, slot + b"\ndwelling/D-9", b"\1 no record", 0))
    broker.commit("stage-records", (), {(RECORD_CLAIMS, 0): 1})  # put aside when it came
    worker = Worker(RECORDS, NO_RULES, broker)
    worker.take([0])
    for house, recorded in (("D-1", 1), ("D-2", 2)):
        value = record_codec().dump_holder(holder := Holder("dwelling", house, recorded, None, False, 0))
        broker.append(Output(RECORD_CLAIMS, claim_key(slot, holder), value, 0))
    read_all(worker)
    assert answered(broker) == {(("dwelling", "D-1"), SLOTS[0]): Moved(2, None, 0)}
