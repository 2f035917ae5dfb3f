"""The people an alert is about: the members of its household, the occupants of its dwelling, or the resident."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from api.database import Caller
from api.masking import mask_text
from api.models import Person
from domain.facts import Fact, Statement, current, standing, telephones

MOST = 60
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


async def concerned(caller: Caller, view: str, subject: str, dwelling: str | None = None) -> list[Concerned]:
    """Who is concerned by an alert about this row; at most `MOST`, in the order of the row. `dwelling`: where it is
    handled; a grid's finding about one door concerns who lives behind it."""
    if view == "grid" and dwelling:
        view, subject = "dwelling", dwelling
    if view == "resident":
        people: list[tuple[str, dict[str, Any]]] = [(subject, {})]
    else:
        row = (
            await caller.row(
                f"SELECT row FROM city.{view} WHERE id = %(id)s LIMIT 1",
                {"id": subject},
            )
            if view in {"household", "dwelling", "legal_person"}
            else None
        )
        people = _named(view, row["row"] if row else {})
    people = people[:MOST]
    rows = await caller.rows(
        "SELECT id, row FROM city.resident WHERE id = ANY(%(ids)s) LIMIT %(most)s",
        {"ids": [resident for resident, _ in people], "most": MOST},
    )
    known = {row["id"]: row["row"] for row in rows}
    return [_person(resident, about, known.get(resident)) for resident, about in people]


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
    occupants = [(one["resident"], one.get("occupancy") or {}) for one in row.get("occupants") or []]
    listed = {resident for resident, _ in occupants}
    tenants = [
        tenant
        for lease in row.get("leases") or []
        if not lease.get("withdrawn")
        for tenant in (lease.get("value") or {}).get("tenants") or []
    ]
    return occupants + [(tenant, {"relation": "tenant"}) for tenant in dict.fromkeys(tenants) if tenant not in listed]


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
