"""The people an alert is about: the members of its household, the occupants of its dwelling, or the resident."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from api.database import Caller
from api.masking import mask_text
from api.models import Person
from domain.facts import Fact, Statement, current, standing, telephones

MOST = 60
AREAS = frozenset({"grid", "district"})
"""Views of which a row concerns nobody by name."""
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Concerned:
    """One person as the rows in the caller's scope have him."""

    resident: str
    name: str | None
    relation: str | None
    born: Any
    phone: str | None
    address: str | None


async def concerned(caller: Caller, alert: dict[str, Any], *, purpose: str | None) -> list[Concerned]:
    """Who is concerned by an alert (a row of `city.read_alerts`); at most `MOST`, in the order of the row.

    A grid's finding about one door concerns who lives behind it. Looks are recorded, with `purpose` and the case.
    """
    view, subject = alert["view"], alert["subject"]
    if view == "grid" and alert["dwelling"]:
        view, subject = "dwelling", alert["dwelling"]
    case = alert["finding_id"]
    if view == "resident":
        people: list[tuple[str, dict[str, Any]]] = [(subject, {})]
    elif view not in AREAS:
        rows = await read(caller, view, [subject], purpose, case)
        people = _named(view, rows[0]["row"] if rows else {})
    else:
        people = []
    people = people[:MOST]
    residents = [resident for resident, _ in people]
    known = {row["id"]: row["row"] for row in await read(caller, "resident", residents, purpose, case)}
    return [_person(resident, named, known.get(resident)) for resident, named in people]


async def read(
    caller: Caller, view: str, keys: list[str], purpose: str | None, case: UUID | None
) -> list[dict[str, Any]]:
    """Rows of a view that the caller may see; recorded, found or not, so commit in both cases. Raises psycopg.Error
    (CG403, CG422) if the purpose is none of this account's or names no case."""
    if not keys:
        return []
    statement = "SELECT * FROM city.read_rows(%(view)s, %(keys)s, %(purpose)s, %(case)s)"
    return await caller.rows(statement, {"view": view, "keys": keys, "purpose": purpose, "case": case})


def shown(people: list[Concerned], *, masked: bool) -> list[Person]:
    """As the case shows them."""
    if masked:
        return [
            Person(id=str(number), name=mask_text(one.name), relation=one.relation, masked=True)
            for number, one in enumerate(people, 1)
        ]
    return [
        Person(
            id=str(number),
            resident=one.resident,
            name=one.name,
            relation=one.relation,
            born=_day(one.born),
            phone=one.phone,
            address=one.address,
            masked=False,
        )
        for number, one in enumerate(people, 1)
    ]


def _named(view: str, row: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    if view == "legal_person":
        representative = row.get("legal_representative")
        return [(representative, {"relation": "legal_representative"})] if representative else []
    if view == "household":
        return [(member["resident"], member.get("membership") or {}) for member in row.get("members") or []]
    if view != "dwelling":
        return [(resident, {}) for resident in dict.fromkeys(_residents(row))]
    occupants = [(one["resident"], one.get("occupancy") or {}) for one in row.get("occupants") or []]
    listed = {resident for resident, _ in occupants}
    tenants = [
        tenant
        for lease in row.get("leases") or []
        if not lease.get("withdrawn")
        for tenant in (lease.get("value") or {}).get("tenants") or []
    ]
    return occupants + [(tenant, {"relation": "tenant"}) for tenant in dict.fromkeys(tenants) if tenant not in listed]


def _residents(value: Any) -> Iterator[str]:
    """Each resident that a row of any view names, in its order."""
    if isinstance(value, list):
        for one in value:
            yield from _residents(one)
    elif isinstance(value, dict):
        if isinstance(resident := value.get("resident"), str):
            yield resident
        for one in value.values():
            yield from _residents(one)


def _person(resident: str, about: dict[str, Any], row: dict[str, Any] | None) -> Concerned:
    row = row or {}
    phone = current(telephones(_fact(row, "contact")))
    home = standing(_fact(row, "residence"), lambda statement: statement.value.get("household"))
    return Concerned(
        resident=resident,
        name=row.get("name") or about.get("name"),
        relation=about.get("relation"),
        born=row.get("born") or about.get("born"),
        phone=phone.value if phone else None,
        address=(home.value.get("address") if home else None) or about.get("address"),
    )


def _fact(row: dict[str, Any], name: str) -> Fact[Any]:
    """A fact of a row in JSON, as the domain compares its statements."""
    return tuple(Statement(*(stated.get(field) for field in Statement._fields)) for stated in row.get(name) or ())


def _day(value: Any) -> str | None:
    """An Avro date, as days or as text."""
    return (EPOCH + timedelta(days=value)).isoformat() if isinstance(value, int) else value
