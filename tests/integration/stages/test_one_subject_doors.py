"""A lease's house corrected over HTTP and out of a department's own PostgreSQL: the same end as by a file."""

from __future__ import annotations

import json

import psycopg

from producers.doors import key_register as keys
from producers.outbox.relay import of_department, relay_once
from producers.publish import Publisher
from tests.integration.doors.conftest import client_of, running
from tests.integration.doors.statements import let
from tests.integration.publish.test_department_outbox import register_dsn
from tests.integration.sinks.wire import until
from tests.integration.stages.conftest import Stages

__all__ = ["register_dsn"]

TENANCY = "housing.tenancy"
WRONG, RIGHT = "D-WRONG", "D-RIGHT"


def houses(stages: Stages) -> list[str]:
    """Those with a lease that holds, once everything has been read."""
    for _ in range(2):
        stages.settle("dwelling", "records")
    rows = {house: stages.row("dwelling", house) for house in (WRONG, RIGHT)}
    return [house for house, row in rows.items() if row and any(not lease["withdrawn"] for lease in row["leases"])]


async def test_over_http_the_later_recording_time_holds(stages: Stages) -> None:
    stages.start("dwelling", "records")
    settings = stages.settings.model_copy(update={"gateway_requests_per_second": 1000.0, "hosts": "gateway.test"})
    key = keys.create(settings.dsn("owner"), "housing")
    corrected = let(1, subject=RIGHT, recorded_at="2026-03-02T09:30:00+08:00")
    async for app in running(settings):
        async with client_of(app, key) as client:
            for batch in ([corrected], [let(1, subject=WRONG)]):
                answer = await client.post(f"/events/{TENANCY}", json=batch)
                assert answer.status_code == 202, answer.text
    assert houses(stages) == [RIGHT]


def test_out_of_an_outbox_the_later_transaction_holds(stages: Stages, register_dsn: str) -> None:
    stages.start("dwelling", "records")
    change = json.dumps(let(1)["change"])
    housing = of_department("housing")
    with psycopg.connect(register_dsn, autocommit=True) as register, Publisher(stages.settings) as publisher:
        for house in (RIGHT, WRONG, RIGHT):
            register.execute("SELECT citygrid.say(%s, 'Let', 'ZL-1', %s, %s)", (TENANCY, house, change))
        until(lambda: len(register.execute(housing.take, (1000,)).fetchall()) == 3)
        assert relay_once(register, publisher, housing) == 3
    assert houses(stages) == [RIGHT]
