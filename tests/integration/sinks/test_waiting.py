"""How long people wait for somebody is measured where the tasks are."""

from __future__ import annotations

import time
import uuid

import psycopg
from prometheus_client import REGISTRY

from runtime.settings import Settings
from sinks.waiting import Waiting
from tests.integration.sinks.wire import Wire, running, until

WAITING, OLDEST = "citygrid_waiting_tasks", "citygrid_oldest_waiting_task_seconds"
PRESS = "citygrid_urgent_event_to_task_seconds"


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def press(wire: Wire, rule: str = "button-sos") -> None:
    """Somebody pressed a button three seconds ago."""
    event = {"department": "bracelet", "kind": "Pressed", "record": "C-1", "event_id": str(uuid.uuid4())}
    pressed = event | {"occurred_at": time.time_ns() // 1000 - 3_000_000}
    wire.alert(uuid.uuid4(), rule=rule, domain="sos", view="resident", severity="urgent", because=[pressed])
    wire.send()


def test_who_pressed_and_waits_is_counted_with_the_seconds_from_press_to_task(settings: Settings) -> None:
    ours = Waiting()
    with psycopg.connect(settings.dsn("sinks"), autocommit=True) as connection:
        ours.look(connection)
        before = value(f"{PRESS}_count", domain="sos") or 0
        press(Wire(settings))
        with running(settings, "grid-tasks"):
            until(lambda: connection.execute("SELECT 1 FROM city.task").fetchone())
        ours.look(connection)
        assert value(WAITING, domain="sos", severity="urgent") == 1
        assert 0 < (value(OLDEST, domain="sos") or 0) < 60
        seen = value(f"{PRESS}_count", domain="sos") or 0
        assert seen > before
        assert value(f"{PRESS}_bucket", domain="sos", le="2.0") == 0
        # a press that stood there before the process began says nothing of how long its way was
        Waiting().look(connection)
        ours.look(connection)
        assert value(f"{PRESS}_count", domain="sos") == seen

        connection.execute("UPDATE city.task SET state = 'acknowledged'")
        ours.look(connection)
        assert value(WAITING, domain="sos", severity="urgent") == 0
        assert value(OLDEST, domain="sos") == 0
