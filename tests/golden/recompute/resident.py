"""The resident's row, and what it says about the household and the dwelling."""

from collections.abc import Iterator

from tests.golden.recompute.links import Number
from tests.golden.recompute.standing import Facts, Plain, States, each, fields, in_time, last, one, source, value


def _nowhere(_: Plain) -> Plain:
    return {"household": None, "dwelling": None, "address": None, "relation": None, "collective": False}


def _vehicle(change: Plain, owner: str | None) -> Plain:
    return {"vehicle_kind": change["vehicle_kind"], "owned": owner == change["subject"], "owner": owner}


_PARENTS = fields("name", "sex", "born", "mother", "father")
_HOME = fields("household", "dwelling", "address", "relation", "collective")
_TAX = fields("period", "amount_fen")

STATES: States = {
    "Birth": {
        "person": _PARENTS,
        "residence": lambda c: _HOME(c | {"address": None, "relation": "child"}),
    },
    "MovedIn": {"person": lambda c: _PARENTS(c | {"mother": None, "father": None}), "residence": _HOME},
    "Address": {"residence": lambda c: _HOME(c | {"relation": None, "collective": False})},
    "MovedOut": {"residence": _nowhere},
    "Death": {"death": one("on")},
    "Contact": {"contact": one("phone")},
    "Kinship": {"kinship": fields("relative", "relation")},
    "Married": {"marriage": lambda c: {"spouse": c["spouse"], "married": True, "on": c["on"]}},
    "Divorced": {"marriage": lambda c: {"spouse": c["spouse"], "married": False, "on": c["on"]}},
    "Registered": {"vehicles": lambda c: _vehicle(c, c["owner"])},
    "Transferred": {"vehicles": lambda c: _vehicle(c, c["to_owner"])},
    "Scrapped": {"vehicles": lambda c: _vehicle(c, None)},
    "NumberChanged": {"links": one("to")},
    "SamePerson": {"links": one("to")},
    "NumberGiven": {"links": one("to")},
    "Granted": {
        "grants": fields("programme", "household", "effective_from", "until", "monthly_fen", "dwelling"),
        "contact": lambda c: c["phone"] or "",
    },
    "Ended": {"grant_ends": one("effective_from")},
    "TaxRegistered": {"tax_registration": one("taxpayer_type"), "contact": lambda c: c["phone"] or ""},
    "TaxReturn": {"tax_returns": _TAX},
    "Arrears": {"arrears": _TAX},
    "Pressed": {"presses": fields("button", "device", "lon", "lat")},
    "Answered": {"answers": one("outcome")},
    "Responded": {"responses": fields("task", "rule", "cause", "outcome")},
}
OF_RESIDENT = {fact for facts in STATES.values() for fact in facts}


def no_number(stated: Plain) -> None:
    """A grant or a registration that names no telephone counts as one that is taken back."""
    if not stated["value"]:
        stated["withdrawn"] = True


REFINES = {"contact": no_number}


def resident(number: str, own: Facts, known: Number) -> Plain:
    facts = known.facts
    person, home = value(facts, "person") or {}, value(facts, "residence") or {}
    row: Plain = {"id": number} | {fact: own.get(fact, []) for fact in OF_RESIDENT}
    row |= {"linked": known.linked, "joined_to": known.joined_to}
    row["also"] = sorted({entry["facts"]["id"] for entry in known.linked})
    row |= {"name": person.get("name"), "born": person.get("born"), "died_on": value(facts, "death")}
    row |= {"household": home.get("household"), "dwelling": home.get("dwelling")}
    differ = {"contact": contacts_differ(facts), "household": any(b["household_differs"] for b in benefits(facts))}
    return row | {"disagreements": [name for name, true in differ.items() if true]}


def contacts_differ(facts: Facts) -> bool:
    by_department = {s["department"]: s["value"] for s in in_time(facts.get("contact", ()))}
    return len(set(by_department.values())) > 1


def benefits(facts: Facts) -> list[Plain]:
    home = (value(facts, "residence") or {}).get("household")
    ended = {end["record"]: end["value"] for end in each(facts, "grant_ends")}
    found = []
    for grant in each(facts, "grants"):
        days = {grant["value"]["until"], ended.get(grant["record"])} - {None}
        named = grant["value"]["household"]
        found.append(
            {
                "programme": grant["value"]["programme"],
                "effective_from": grant["value"]["effective_from"],
                "until": min(days) if days else None,
                "household_differs": None not in (named, home) and named != home,
                "source": source(grant),
            }
        )
    return found


def homes(facts: Facts, row: Plain) -> Iterator[tuple[Plain, Plain, Plain]]:
    """(home, membership, occupancy) of somebody who lives in a household that is no collective one."""
    stated = last(facts, "residence")
    if stated is None or stated["value"]["household"] is None:
        return
    home = stated["value"]
    same = [s for s in facts["residence"] if s["value"]["household"] == home["household"] and not s["withdrawn"]]
    if any(s["value"]["collective"] for s in same):
        return
    married = last(facts, "marriage")
    membership = {
        "name": row["name"],
        "born": row["born"],
        "relation": home["relation"],
        "died_on": row["died_on"],
        "dwelling": home["dwelling"],
        "address": home["address"],
        "contacts_disagree": "contact" in row["disagreements"],
        "source": source(stated),
        "vehicles": [
            {"vehicle_kind": v["value"]["vehicle_kind"], "source": source(v)}
            for v in each(facts, "vehicles")
            if v["value"]["owned"]
        ],
        "programmes": benefits(facts),
        "marriage": married
        and {
            "spouse": married["value"]["spouse"],
            "married": married["value"]["married"],
            "source": source(married),
        },
        "tax_returns": [t["value"] | {"source": source(t)} for t in each(facts, "tax_returns")],
        "arrears": [t["value"] | {"source": source(t)} for t in each(facts, "arrears")],
        "also": row["also"],
    }
    occupancy = {"household": home["household"], "born": row["born"], "died_on": row["died_on"]}
    occupancy |= {
        "conditions": [],
        "programmes": benefits(facts),
        "disabilities": [],
        "stay": False,
        "also": row["also"],
    }
    yield home, membership, occupancy | {"source": source(stated)}
