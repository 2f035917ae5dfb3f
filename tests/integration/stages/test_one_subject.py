"""The wrong house of a lease and the wrong owner of a car corrected, through every door, to rows and alerts.

The files in `tests/cases/33` are what an office hands over: the same record number, a later 录入时间, another subject.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from confluent_kafka import Producer

from domain.codes import normalised_identity_number
from producers.publish import Statement
from runtime.settings import CHECKOUT
from tests.integration.publish.test_publish import citygrid
from tests.integration.stages.conftest import DAY, Stages
from wire.pseudonym import Pseudonyms
from wire.topics import RECORD_CLAIMS, RECORD_MOVES

CASE = CHECKOUT / "tests" / "cases" / "33"
WRONG, RIGHT = "D-B33-1", "D-B33-2"
WRONG_OWNER, OWNER = "99000019950501007X", "990000199506010071"
NOW = int(datetime(2026, 11, 5, tzinfo=UTC).timestamp()) * 1_000_000
PUBLISHED = (("housing", "housing"), ("housing", "1-lease"), ("housing", "2-lease-corrected"))
CARS = (("transport", "3-car"), ("transport", "4-car-corrected"))
TENANCY = "housing.tenancy"


def publish(stages: Stages, department: str, file: Path, *more: str) -> None:
    ran = citygrid(stages.settings, department, str(file), "--wait", "0", *more)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def settle(stages: Stages) -> None:
    """What the index answers is read by the stages that asked it."""
    for _ in range(2):
        stages.settle("dwelling", "resident", "records")


def let(stages: Stages) -> list[str]:
    """The dwellings with a lease that holds."""
    rows = {house: stages.row("dwelling", house) for house in (WRONG, RIGHT)}
    return [house for house, row in rows.items() if row and any(not lease["withdrawn"] for lease in row["leases"])]


def owners(stages: Stages) -> list[str]:
    pseudonyms = Pseudonyms.of(stages.settings)
    rows = {
        who: stages.row("resident", pseudonyms.of_number(normalised_identity_number(who)))
        for who in (WRONG_OWNER, OWNER)
    }
    return [
        who
        for who, row in rows.items()
        if row and any(not vehicle["withdrawn"] and vehicle["value"]["owned"] for vehicle in row["vehicles"])
    ]


def open_alerts(stages: Stages) -> set[tuple[str, str]]:
    last = {alert["finding_id"]: alert for alert in stages.alerts()}
    return {(alert["rule"], alert["subject"]) for alert in last.values() if alert["state"] != "resolved"}


@pytest.mark.parametrize("files", [(*PUBLISHED, *CARS), (*CARS[::-1], *PUBLISHED[::-1])], ids=["in order", "reversed"])
def test_case_33(stages: Stages, files: Sequence[tuple[str, str]]) -> None:
    stages.start("dwelling", "resident", "records")
    stages.tick(NOW)
    for department, name in files:
        publish(stages, department, CASE / f"{name}.csv")
    settle(stages)
    stages.tick(NOW + DAY)
    settle(stages)
    assert let(stages) == [RIGHT]
    assert owners(stages) == [OWNER]
    assert ("newly-let", RIGHT) in open_alerts(stages)
    assert WRONG not in {subject for _, subject in open_alerts(stages)}
    assert not stages.letters()


def test_a_full_export_ends_alike_and_workers_may_die(stages: Stages) -> None:
    stages.start("dwelling", "resident", "records")
    stages.tick(NOW)
    publish(stages, "housing", CASE / "housing.csv")
    publish(stages, "housing", CASE / "1-lease.csv")
    settle(stages)
    assert let(stages) == [WRONG]
    for worker in ("stage-dwelling", "records"):
        stages.ours.running[worker].kill()
        stages.ours.restart(worker)
    publish(stages, "housing", CASE / "2-lease-corrected.csv", "--snapshot", "--yes", "--as-of", "2026-11-04")
    stages.tick(NOW + DAY)
    settle(stages)
    assert let(stages) == [RIGHT]


def test_restate_then_withdraw_and_back_again(stages: Stages) -> None:
    """As the gateway and an outbox publish: a statement at a time, in any order."""
    stages.start("dwelling", "resident", "records")
    stages.tick(NOW)
    lease = {"landlord": OWNER, "tenants": [WRONG_OWNER], "start": 20_000, "until": None, "rooms": None}

    def stated(house: str, turn: int, *, withdrawn: bool = False) -> Statement:
        return Statement("Let", "ZL-1", house, NOW - DAY, NOW - DAY + turn, lease)._replace(withdrawn=withdrawn)

    stages.say(TENANCY, [stated(RIGHT, 2), stated(WRONG, 1)])
    settle(stages)
    assert let(stages) == [RIGHT]
    stages.say(TENANCY, [stated(WRONG, 3, withdrawn=True)])
    settle(stages)
    assert let(stages) == [RIGHT]
    stages.say(TENANCY, [stated(WRONG, 4), stated(WRONG, 5, withdrawn=True), stated(RIGHT, 6, withdrawn=True)])
    settle(stages)
    assert let(stages) == []
    stages.say(TENANCY, [stated(WRONG, 7)])
    settle(stages)
    assert let(stages) == [WRONG]


def test_what_cannot_be_read_is_put_aside_and_the_rest_goes_on(stages: Stages) -> None:
    stages.start("dwelling", "records")
    stages.tick(NOW)
    producer = Producer(stages.settings.kafka_client())
    for topic in (RECORD_CLAIMS, RECORD_MOVES):
        for key in (b"poison", b"\xff", b"housing/Let/1\ndwelling/D-1", b"dwelling/D-1\nhousing/Let/1"):
            producer.produce(stages.settings.topic_prefix + topic, b"\1 no record", key)
    assert producer.flush(20) == 0
    publish(stages, "housing", CASE / "2-lease-corrected.csv")
    publish(stages, "housing", CASE / "1-lease.csv")
    for _ in range(2):
        stages.settle("dwelling", "records")
    assert let(stages) == [RIGHT]
    assert len(stages.letters()) == 8
