"""A city of two streets, mirror images but for one alert more in the second.

What an account of one street learns about the other must be nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
from fastapi import FastAPI
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from database.accounts import Account
from database.queries import record_alerts
from tests.conftest import Database

DISTRICT = "440113"
HERE = f"{DISTRICT}001"  # the street that most tests look from
THERE = f"{DISTRICT}002"
NOW = datetime.now(UTC).replace(microsecond=0)
SEVERITIES = ("planned", "urgent", "today")


def statement(value: object, record: str, **more: object) -> dict[str, object]:
    """One department's statement as a row has it."""
    fact = {"department": "police", "record": record, "kind": "MovedIn", "occurred_at": 1, "recorded_at": 1}
    return {**fact, "event_id": f"e-{record}", "withdrawn": False, "value": value, **more}


PASSWORD = "一个够长的口令 for tests"
ACCOUNTS = (
    Account("admin", "admin"),
    Account("city", "command_centre"),
    Account("district", "command_centre", DISTRICT),
    Account("here", "command_centre", HERE),
    Account("there", "command_centre", THERE),
    Account("worker", "grid_worker", f"{HERE}001001"),
    Account("colleague", "grid_worker", f"{HERE}001001"),
    Account("desk", "grid_worker", DISTRICT),
    Account("worker-there", "grid_worker", f"{THERE}001001"),
    Account("department", "department"),
    Account("ops", "ops", language="en"),
    Account("taxes-only", "command_centre", HERE, domains=("tax",)),
)


@dataclass
class Street:
    """What there is in one street: `grid`, its household, resident, dwelling, and its findings and tasks."""

    code: str
    grid: str = ""
    dwelling: str = ""
    household: str = ""
    resident: str = ""
    findings: list[uuid.UUID] = field(default_factory=list)
    tasks: list[uuid.UUID] = field(default_factory=list)


LogIn = Callable[[str], Awaitable[httpx.AsyncClient]]


@dataclass(frozen=True)
class City:
    """The two streets and the connection strings of their database."""

    here: Street
    there: Street
    database: Database


@dataclass(frozen=True)
class Served:
    """The application behind a real uvicorn; streams need one."""

    url: str
    app: FastAPI


def build(sinks: psycopg.Connection, code: str, alerts: int) -> Street:
    """One grid, one dwelling with a household of one resident, `alerts` alerts with a task each."""
    street = Street(code, f"{code}001001", f"D-{code}", f"H-{code}", f"k1.resident-{code}")
    place(sinks, street.dwelling, street.grid)
    name, phone, address = f"周{code[-3:]}伟", f"1380000{code[-4:]}", f"先锋社区{code[-3:]}巷 1 号"
    person = {
        "id": street.resident,
        "name": name,
        "born": -2830,
        "contact": [statement(phone, "P-1")],
        "residence": [statement({"household": street.household, "address": address, "collective": False}, "P-2")],
        "household": street.household,
        "dwelling": street.dwelling,
        "disagreements": [],
    }
    membership = {"name": name, "relation": "head", "born": -2830, "address": address}
    home = {
        "id": street.household,
        "members": [{"resident": street.resident, "membership": membership}],
        "living": 1,
        "disagreements": [],
    }
    dwelling = {"id": street.dwelling, "grid": street.grid, "occupants": [], "leases": [], "floor_area_m2": 60.0}
    for view, key, row in (
        ("resident", street.resident, person),
        ("household", street.household, home),
        ("dwelling", street.dwelling, dwelling),
    ):
        sinks.execute(
            f"INSERT INTO city.{view}_g1 (id, dwelling, place, version, row) VALUES (%s, %s, %s, 1, %s)",
            (key, street.dwelling, street.grid, Jsonb(row)),
        )
    for number in range(alerts):
        finding = open_alert(sinks, street, number)
        street.findings.append(finding)
        street.tasks.append(dispatch(sinks, street, finding, number))
    return street


def place(sinks: psycopg.Connection, dwelling: str, grid: str) -> None:
    sinks.execute(
        "INSERT INTO city.placement (dwelling, grid, district, lon, lat, address) "
        "VALUES (%s, %s, %s, 113.36, 22.94, %s)",
        (dwelling, grid, grid[:6], f"{grid[6:9]}街 1 号"),
    )


def open_alert(sinks: psycopg.Connection, street: Street, number: int, *, feed: bool = False) -> uuid.UUID:
    """An alert about the street's household; `feed`: said to the streams too, as the sink does."""
    finding = uuid.uuid4()
    opened = NOW - timedelta(minutes=10 * number)
    because = [
        {
            "department": "transport",
            "kind": "Registered",
            "record": f"粤A{street.code[-3:]}{number}",
            "event_id": str(uuid.uuid4()),
            "occurred_at": NOW.isoformat(),
        }
    ]
    sinks.execute(
        "INSERT INTO city.alert (finding_id, rule, rule_version, domain, state, view, subject, cause, severity, "
        "why_zh, why_en, because, dwelling, place, household, opened_at, changed_at, respond_by, due, version) "
        "VALUES (%s, 'car-and-benefit', 1, 'benefits', 'opened', 'household', %s, %s, %s, '有车', 'a car', "
        "%s, %s, %s, %s, %s, %s, %s, %s, 1)",
        (
            *(finding, street.household, f"粤A{street.code[-3:]}{number}", SEVERITIES[number % 3], Jsonb(because)),
            *(street.dwelling, street.grid, street.household, opened, opened),
            *(opened + timedelta(hours=1), opened + timedelta(hours=1)),
        ),
    )
    if feed:
        say(sinks, "alert", str(finding), street.grid)
    return finding


def retell(sinks: psycopg.Connection, finding: uuid.UUID, *, unknown: bool) -> None:
    """The finding's next record as the sink writes it: a department on which it rests fell silent, or spoke again."""
    with sinks.cursor(row_factory=dict_row) as cursor:
        alert = cursor.execute(
            "SELECT *, changed_at AS at, because::text AS because FROM city.alert WHERE finding_id = %s", (finding,)
        ).fetchall()[0]
    alert |= {"state": "held" if unknown else "opened", "unknown": unknown, "version": alert["version"] + 1}
    assert record_alerts(sinks, [alert]) == 1
    sinks.execute("NOTIFY city_feed")


def dispatch(sinks: psycopg.Connection, street: Street, finding: uuid.UUID, number: int) -> uuid.UUID:
    task = uuid.uuid4()
    sinks.execute(
        "INSERT INTO city.task (id, finding_id, rule, domain, severity, dwelling, queue, respond_within, respond_by, "
        "dispatched_at) VALUES (%s, %s, 'car-and-benefit', 'benefits', %s, %s, %s, 60, %s, %s)",
        (task, finding, SEVERITIES[number % 3], street.dwelling, street.grid, NOW + timedelta(hours=1), NOW),
    )
    return task


def say(sinks: psycopg.Connection, kind: str, key: str, place: str) -> None:
    """A line of the feed and its notification, as the sinks write them."""
    sinks.execute(
        "INSERT INTO city.feed (kind, key, place, domain) VALUES (%s, %s, %s, 'benefits')", (kind, key, place)
    )
    sinks.execute("NOTIFY city_feed")
