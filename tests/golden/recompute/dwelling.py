"""The dwelling: its register entry, leases, owners, safety, visits, door, and whom the residents' rows place in it."""

from tests.golden.recompute.standing import Facts, Plain, States, fields, in_time, one, unread, value

STATES: States = {
    "DwellingRegistered": {"register": fields("grid", "address", "floor_area_m2", "use", "district", "lon", "lat")},
    "Let": {"leases": fields("landlord", "tenants", "start", "until", "rooms")},
    "Renewed": {"renewals": one("until")},
    "TenancyEnded": {"lease_ends": one("on")},
    "TenantAdded": {"tenants": fields("tenant")},
    "TenantLeft": {"tenants": fields("tenant")},
    "Visited": {"visits": fields("task", "outcome")},
    "Graded": {"grades": fields("grade", "on")},
    "Reinforced": {"reinforcements": fields("on", "lasts_until")},
    "OwnershipRegistered": {"ownership": lambda c: {"owners": c["owners"], "former": [], "on": c["on"]}},
    "OwnershipTransferred": {"ownership": lambda c: {"owners": c["owners"], "former": c["from_owners"], "on": c["on"]}},
    "OwnershipEnded": {"ownership": lambda c: {"owners": [], "former": [], "on": c["on"]}},
    "SwipedIn": {"swipes": fields("resident", "card", "device")},
    "SwipedOut": {"swipes": fields("resident", "card", "device")},
    "Instructed": {"instructions": fields("task", "instruction")},
    "FedBack": {"feedback": fields("task", "outcome")},
    "ReportAccepted": {"reports": one("category")},
}
OF_DWELLING = {fact for facts in STATES.values() for fact in facts}


KEPT = {"swipes": (0, 31), "visits": (5, 0), "instructions": (5, 0), "feedback": (5, 0), "reports": (5, 0)}
"""Fact → for how many years and days its statements are kept, from the local day of their recording on."""


def each_tenant(stated: Plain) -> None:
    """What is said of a tenant is a record of its own within the lease."""
    lease, tenant = stated["record"], stated["value"]["tenant"]
    stated["value"] = {"lease": lease, "tenant": tenant, "present": stated["kind"] == "TenantAdded"}
    stated["record"] = f"{lease}/{tenant}"


REFINES = {"tenants": each_tenant}


def dwelling(number: str, facts: Facts, occupants: dict[str, Plain]) -> Plain:
    entry = value(facts, "register") or {}
    row: Plain = {"id": number} | {fact: facts.get(fact, []) for fact in OF_DWELLING}
    row["occupants"] = [{"resident": r, "occupancy": occupants[r]} for r in sorted(occupants)]
    row["other"] = facts.get(unread("dwelling"), [])
    row["grade"] = (value(facts, "grades") or {"grade": None})["grade"]
    row["reinforced"] = value(facts, "reinforcements") is not None
    row["owners"] = owners(facts)
    return row | {
        name: entry.get(name) for name in ("grid", "district", "address", "use", "lon", "lat", "floor_area_m2")
    }


def owners(facts: Facts) -> list[str]:
    """Who holds a certificate: named by its newest statement, and in no later transfer as a former owner."""
    statements = in_time(facts.get("ownership", ()))
    held = set()
    for place, statement in enumerate(statements):
        later = statements[place + 1 :]
        replaced = any(other["record"] == statement["record"] for other in later)
        for owner in statement["value"]["owners"] if not replaced else ():
            if not any(owner in other["value"]["former"] for other in later):
                held.add(owner)
    return sorted(held)
