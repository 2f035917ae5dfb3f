"""A door as a grid worker meets it: who is registered there, and who came and went since somebody was met.

It is read from the dwelling's row as far as the account sees it; names are masked, for the whole row wants a purpose.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from api import people, select
from api.database import Caller
from api.masking import mask_text
from api.people import EPOCH
from api.plate_models import Change, Door, Occupant, VisitBefore
from domain.time import CITY

MOST_VISITS = 20
MOST_PEOPLE = 60
MOST_CHANGES = 40
OPEN_TASKS = "SELECT * FROM city.tasks_at(%(door)s)"
VISITS = "SELECT * FROM city.visits_at(%(door)s, %(most)s)"
PLACE = "SELECT * FROM city.place_of_door(%(door)s)"


class _Turn(NamedTuple):
    """Something that happened to who lives at a door; `resident` None: to nobody in particular."""

    on: date
    kind: Any
    resident: str | None


async def door(caller: Caller, dwelling: str) -> Door:
    """What there is at the door `dwelling`, which the caller sees. Looks are recorded."""
    rows = await people.read(caller, "dwelling", [dwelling], None, None)
    row: dict[str, Any] = rows[0]["row"] if rows else {}
    before = await visits(caller, dwelling)
    met = next((visit.at for visit in before if visit.outcome == "done"), None)
    turns = [turn for turn in _turns(row) if met is None or turn.on >= met.astimezone(CITY).date()]
    turns.sort(key=lambda turn: turn.on, reverse=True)
    occupants = (row.get("occupants") or [])[:MOST_PEOPLE]
    tenants = [one for one in _tenants(row) if one not in {occupant["resident"] for occupant in occupants}]
    wanted = {
        *(one["resident"] for one in occupants),
        *tenants[:MOST_PEOPLE],
        *(turn.resident for turn in turns[:MOST_CHANGES] if turn.resident),
    }
    known = await people.read(caller, "resident", sorted(wanted), None, None) if wanted else []
    names = {one["id"]: mask_text(one["row"].get("name")) for one in known}
    place = await caller.row(PLACE, {"door": dwelling})
    return Door(
        dwelling=dwelling,
        place=select.place_of(place) if place else None,
        tasks=[select.task_of(task, caller.account) for task in await caller.rows(OPEN_TASKS, {"door": dwelling})],
        occupants=[
            *(
                Occupant(
                    name=names.get(one["resident"]),
                    relation=None,
                    since=_text(_day_of((one.get("occupancy") or {}).get("source", {}).get("occurred_at"))),
                )
                for one in occupants
            ),
            *(Occupant(name=names.get(one), relation="tenant", since=None) for one in tenants[:MOST_PEOPLE]),
        ],
        visits=before,
        last_visit_at=met,
        changes=[
            Change(kind=turn.kind, on=turn.on.isoformat(), name=names.get(turn.resident) if turn.resident else None)
            for turn in turns[:MOST_CHANGES]
        ],
    )


async def visits(caller: Caller, dwelling: str) -> list[VisitBefore]:
    """Earlier visits at a door, the newest first. The look is recorded."""
    return [VisitBefore(**one) for one in await caller.rows(VISITS, {"door": dwelling, "most": MOST_VISITS})]


def _turns(row: dict[str, Any]) -> Iterator[_Turn]:
    today = datetime.now(CITY).date()
    for lease in _standing(row, "leases"):
        if (began := _date(lease["value"].get("start"))) and began <= today:
            yield _Turn(began, "let", None)
    for end in _standing(row, "lease_ends"):
        if (ended := _date(end["value"])) and ended <= today:
            yield _Turn(ended, "let_ended", None)
    for moved in _standing(row, "tenants"):
        kind = "tenant_in" if moved["value"].get("present") else "tenant_out"
        if on := _day_of(moved.get("occurred_at")):
            yield _Turn(on, kind, moved["value"].get("tenant"))
    for one in row.get("occupants") or []:
        if on := _day_of((one.get("occupancy") or {}).get("source", {}).get("occurred_at")):
            yield _Turn(on, "registered", one["resident"])


def _tenants(row: dict[str, Any]) -> list[str]:
    """Tenants of leases that run today, those who left taken out."""
    today = datetime.now(CITY).date()
    ended = {end["record"]: _date(end["value"]) for end in _standing(row, "lease_ends")}
    here: dict[str, None] = {}
    for lease in _standing(row, "leases"):
        terms = lease["value"]
        ends = [day for day in (_date(terms.get("until")), ended.get(lease["record"])) if day]
        if (_date(terms.get("start")) or today) > today or (ends and min(ends) <= today):
            continue
        here |= dict.fromkeys(terms.get("tenants") or [])
        for moved in _standing(row, "tenants"):
            if moved["value"].get("lease") == lease["record"]:
                if moved["value"].get("present"):
                    here[moved["value"]["tenant"]] = None
                else:
                    here.pop(moved["value"]["tenant"], None)
    return list(here)


def _standing(row: dict[str, Any], fact: str) -> list[dict[str, Any]]:
    return [statement for statement in row.get(fact) or [] if not statement.get("withdrawn")]


def _date(value: Any) -> date | None:
    """An Avro date, as days or as text."""
    if isinstance(value, int):
        return EPOCH + timedelta(days=value)
    return date.fromisoformat(value) if isinstance(value, str) else None


def _day_of(instant: Any) -> date | None:
    """The city's day of an instant, in microseconds or as text."""
    if isinstance(instant, int):
        return datetime.fromtimestamp(instant / 1_000_000, UTC).astimezone(CITY).date()
    return datetime.fromisoformat(instant).astimezone(CITY).date() if isinstance(instant, str) else None


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None
