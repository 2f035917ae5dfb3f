"""The dwelling's row: its register entry, leases, visits, and who the residents' rows place in it."""

from tests.golden.recompute.standing import Facts, Plain, States, fields, one, value

STATES: States = {
    "DwellingRegistered": {"register": fields("grid", "address", "floor_area_m2", "use", "district", "lon", "lat")},
    "Let": {"leases": fields("landlord", "tenants", "start", "until", "rooms")},
    "Renewed": {"renewals": one("until")},
    "TenancyEnded": {"lease_ends": one("on")},
    "TenantAdded": {"tenants": fields("tenant")},
    "TenantLeft": {"tenants": fields("tenant")},
    "Visited": {"visits": fields("task", "outcome")},
}
OF_DWELLING = {fact for facts in STATES.values() for fact in facts}


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
    return row | {
        name: entry.get(name) for name in ("grid", "district", "address", "use", "lon", "lat", "floor_area_m2")
    }
