"""Alerts → `city.alert` and one task per open finding, in the queue of the grid in which its dwelling lies (law 8).

Reads the alerts and the dwellings' rows. Where a dwelling lies is known from its row only; a finding about a dwelling
that nobody registered waits in the city's queue, and moves when the register catches up or a grid is redrawn, unless
somebody has claimed it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from typing import Any

import structlog

from database import calls, queries, service_calendar
from runtime.metrics import OPEN_ALERTS, OVERDUE_TASKS, TASKS, show
from runtime.settings import Settings
from sinks import overdue_questions
from sinks.calling import Calling
from sinks.closing import with_facts
from sinks.decoding import as_jsonb, iso_instant
from sinks.sink import Connection, Due, Read, Sink, Unreadable, newest, rounds
from sinks.waiting import Waiting
from wire.codec import RecordReader
from wire.contracts import published
from wire.registry import Registry

log = structlog.get_logger()

GRID = re.compile(r"[0-9]{15}")
DISTRICT = re.compile(r"[0-9]{6}")
NO_DWELLING = re.compile(r"(grid|district)/.*")
"""Keys of places that are no dwelling: they say where they lie themselves, and no dwelling's row may say otherwise."""


class GridTasks:
    """Placement, alerts and the tasks that follow from both."""

    def __init__(self, registry: Registry) -> None:
        known = published()
        self._alerts = RecordReader(registry, known["alerts"].schema)
        self._dwellings = RecordReader(registry, known["rows.dwelling"].schema)

    def read(self, topic: str, key: str, value: bytes) -> dict[str, Any]:
        """The record as the parameters of its statement. Raises Unreadable."""
        try:
            if topic == "alerts":
                return self._alert(self._alerts.read(value), key)
            return _placement(self._dwellings.read(value), key)
        except (ValueError, OverflowError) as broken:
            raise Unreadable(f"{type(broken).__name__}: the value does not fit the schema of {topic}") from broken

    def _alert(self, value: dict[str, Any], key: str) -> dict[str, Any]:
        if value["finding_id"] != key:
            raise Unreadable("the key is not the finding's id")
        because = [fact | {"occurred_at": iso_instant(fact["occurred_at"])} for fact in value["because"]]
        alert = value | {
            "finding_id": uuid.UUID(value["finding_id"]),
            "because": as_jsonb(because),
            "dwelling": value["dwelling"] or "",
            "opened_at": iso_instant(value["opened_at"]),
            "at": iso_instant(value["at"]),
            "resolution_zh": with_facts(value["resolution_zh"], value["resolved_by"], "zh"),
            "resolution_en": with_facts(value["resolution_en"], value["resolved_by"], "en"),
        }
        if any(isinstance(text, str) and "\0" in text for text in alert.values()):
            raise Unreadable("a text holds a NUL character")
        return alert

    def write(self, connection: Connection, records: Sequence[Read]) -> int:
        """Dwellings first: what an alert of the same batch is routed by."""
        dwellings = newest([record for record in records if record.topic == "rows.dwelling"])
        changed = queries.place(connection, [_placed(record) for record in dwellings]) if dwellings else 0
        for some in rounds([record for record in records if record.topic == "alerts"]):
            deleted = [(_finding_id(record.key), record.offset) for record in some if record.value is None]
            gone = [(finding_id, offset) for finding_id, offset in deleted if finding_id is not None]
            alerts = [record.value | {"version": record.offset} for record in some if record.value is not None]
            changed += queries.record_alerts(connection, alerts) if alerts else 0
            changed += queries.forget_alerts(connection, gone) if gone else 0
        if any(record.value and record.value.get("domain") == "sos" for record in records):
            calls.tell(connection)  # the nearest worker knows of a call when its task does
        connection.execute("NOTIFY city_feed")
        return changed


def _finding_id(key: str) -> uuid.UUID | None:
    """None: the key of no finding, so there is nothing to delete."""
    try:
        return uuid.UUID(key)
    except ValueError:
        return None


def _placement(row: dict[str, Any], key: str) -> dict[str, Any]:
    """A grid or district that is no code of one is unknown: nobody would look into its queue."""
    if row["id"] != key or "\0" in key + (row["address"] or ""):
        raise Unreadable("the key is not the dwelling's id, or a text holds a NUL character")
    if NO_DWELLING.fullmatch(key):
        raise Unreadable("the dwelling is named like a grid's or a district's place; give it another number")
    grid = row["grid"] if GRID.fullmatch(row["grid"] or "") else None
    district = row["district"] if DISTRICT.fullmatch(row["district"] or "") else None
    return {
        "grid": grid,
        "district": district or (grid and grid[:6]),
        "lon": row["lon"],
        "lat": row["lat"],
        "address": row["address"],
    }


def _placed(record: Read) -> dict[str, Any]:
    nowhere = dict.fromkeys(("grid", "district", "lon", "lat", "address"))
    return (record.value or nowhere) | {"dwelling": record.key, "version": record.offset}


_waiting, _calling = Waiting(), Calling()


MOST_LAPSED = 200
"""In one turn, so that no move waits for long."""
MOST_TOLD = 2_000
OPEN = "SELECT rule, severity, count(*) FROM city.alert WHERE state = 'opened' AND NOT deleted GROUP BY 1, 2"
# of what is open: history grows, and a count of it with it
BY_STATE = """
SELECT state, count(*) FROM city.task WHERE state IN ('dispatched', 'acknowledged', 'suspended') GROUP BY 1
"""
OVERDUE = """
SELECT severity, count(*) FROM city.task
WHERE state IN ('dispatched', 'acknowledged') AND respond_by < now() GROUP BY 1
"""


def turn(_: Settings, connection: Connection) -> None:
    """Put back what somebody's silent tablet holds, settle silences, tell of late answers, and set the gauges."""
    connection.execute("SELECT city.keep_silences(now(), %s)", (MOST_TOLD,))
    calls.forget_positions(connection)
    show(OPEN_ALERTS, {(rule, severity): number for rule, severity, number in connection.execute(OPEN)})
    show(TASKS, {(state,): number for state, number in connection.execute(BY_STATE)})
    show(OVERDUE_TASKS, {(severity,): number for severity, number in connection.execute(OVERDUE)})
    _waiting.look(connection)
    _calling.look(connection)
    # last: alerts are locked before tasks, and this locks tasks
    overdue_questions.tell(connection)
    lapsed = connection.execute("SELECT city.lapse_leases(now(), %s)", (MOST_LAPSED,)).fetchone()
    if lapsed and lapsed[0]:
        log.info("claims_lapsed", tasks=lapsed[0])


def tell(_: Settings, connection: Connection) -> float | None:
    """Tell those whose turn has come; in how many seconds the next one's is."""
    turns = calls.tell(connection)
    if turns:
        log.info("calls_told", turns=turns)
    escalated = connection.execute("SELECT city.tell_due(clock_timestamp(), %s)", (MOST_TOLD,)).fetchone()
    if escalated and escalated[0]:
        log.info("escalated", notifications=escalated[0])
    return calls.seconds_to_next(connection)


def learn(settings: Settings, connection: Connection) -> None:
    """Teach the database the offices' days and hours, before it says until when the first task is to be done."""
    if service_calendar.learn(connection, settings.office_hours):
        log.info("service_calendar_changed")
    if calls.learn(connection, settings.call_next_seconds, settings.call_within_metres, settings.call_position_seconds):
        log.info("call_settings_changed")


SINK = Sink(
    "grid-tasks", lambda: ["alerts", "rows.dwelling"], GridTasks, begin=learn, tick=turn, due=Due("city_due", tell)
)
