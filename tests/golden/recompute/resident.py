"""The resident's row, and what it says about the household and the dwelling."""

from typing import NamedTuple

from tests.golden.recompute.finding import local_day
from tests.golden.recompute.links import Number
from tests.golden.recompute.standing import (
    Facts,
    Plain,
    States,
    fields,
    in_time,
    last,
    of_records,
    one,
    source,
    unread,
    value,
)

KEPT = {"presses": (3, 0), "answers": (3, 0), "responses": (5, 0)}
"""Fact → for how many years and days its statements are kept, from the local day of their recording on."""


def _left(change: Plain) -> Plain:
    nowhere = {"dwelling": None, "address": None, "relation": None, "collective": False}
    return {"household": change["household"]} | nowhere


def _vehicle(change: Plain, owner: str | None) -> Plain:
    return {"vehicle_kind": change["vehicle_kind"], "owned": owner == change["subject"], "owner": owner}


_PARENTS = fields("name", "sex", "born", "mother", "father")
_HOME = fields("household", "dwelling", "address", "relation", "collective")
_STAY = fields("dwelling", "address", "origin", "purpose")
_TAX = fields("period", "amount_fen")

STATES: States = {
    "Birth": {
        "person": _PARENTS,
        "residence": lambda c: _HOME(c | {"address": None, "relation": "child"}),
    },
    "MovedIn": {"person": lambda c: _PARENTS(c | {"mother": None, "father": None}), "residence": _HOME},
    "Address": {"residence": lambda c: _HOME(c | {"relation": None, "collective": False})},
    "MovedOut": {"residence": _left},
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
    "Arrived": {
        "person": lambda c: _PARENTS(c | {"mother": None, "father": None}),
        "stays": lambda c: _STAY(c | {"address": None}),
        "contact": lambda c: c["phone"] or "",
    },
    "Moved": {"stays": lambda c: _STAY(c | {"origin": None, "purpose": None})},
    "Left": {"stays": lambda _: dict.fromkeys(("dwelling", "address", "origin", "purpose"))},
    "PermitIssued": {"permits": fields("effective_from", "until")},
    "PermitCancelled": {"permit_ends": one("on")},
    "Reported": {"conditions": fields("condition", "level", "effective_from")},
    "ConditionEnded": {"condition_ends": one("effective_from")},
    "Born": {"birth": fields("sex", "born", "mother", "father", "hospital")},
    "ServiceRegistered": {"family_planning": lambda c: {"registered": True, "children": c["children"], "on": c["on"]}},
    "ServiceEnded": {"family_planning": lambda c: {"registered": False, "children": None, "on": c["on"]}},
    "Employed": {"employment": fields("employer", "occupation", "effective_from")},
    "EmploymentEnded": {"employment_ends": one("effective_from")},
    "Insured": {"insurance": fields("scheme", "employer", "effective_from")},
    "InsuranceEnded": {"insurance_ends": fields("scheme", "effective_from")},
    "AccountOpened": {"fund_accounts": fields("employer", "effective_from")},
    "Deposited": {"fund_deposits": _TAX},
    "AccountClosed": {"fund_closures": one("on")},
    "Enrolled": {"enrolments": fields("school", "stage", "effective_from")},
    "EnrolmentEnded": {"enrolment_ends": one("effective_from")},
    "DegreeAwarded": {"degrees": fields("degree", "school", "on")},
    "CardIssued": {"cards": fields("disability", "level", "until")},
    "CardCancelled": {"card_ends": one("on")},
}
OF_RESIDENT = {fact for facts in STATES.values() for fact in facts}


def resident(number: str, own: Facts, known: Number) -> Plain:
    facts = known.facts
    person, home = value(facts, "person") or value(facts, "birth") or {}, _home(facts)
    row: Plain = {"id": number} | {fact: own.get(fact, []) for fact in OF_RESIDENT}
    row |= {"linked": known.linked, "joined_to": known.joined_to}
    row["other"] = own.get(unread("resident"), [])
    row["also"] = sorted({entry["facts"]["id"] for entry in known.linked})
    row |= {"name": person.get("name"), "born": person.get("born"), "died_on": value(facts, "death")}
    row |= {"household": home.get("household"), "dwelling": home.get("dwelling")}
    stays = stay(facts)
    if stays and (row["dwelling"] is None or _collective(facts)):
        row["dwelling"] = stays["value"]["dwelling"]
    differ = {"contact": contacts_differ(facts), "household": any(b["household_differs"] for b in benefits(facts))}
    return row | {"disagreements": [name for name, true in differ.items() if true]}


def stay(facts: Facts) -> Plain | None:
    """The statement by which somebody stays at a dwelling."""
    stated = in_time(facts.get("stays", ()))
    arrived = [place for place, s in enumerate(stated) if s["kind"] != "Left"]
    if not arrived:
        return None
    begun, after = stated[arrived[-1]], stated[arrived[-1] + 1 :]
    return None if any(left["record"] == begun["record"] for left in after) else begun


def registered(facts: Facts) -> Plain | None:
    """The statement by which the police register has somebody in a household that no later departure names."""
    stated = in_time(facts.get("residence", ()))
    moved_in = [place for place, s in enumerate(stated) if s["kind"] != "MovedOut"]
    if not moved_in:
        return None
    begun, after = stated[moved_in[-1]], stated[moved_in[-1] + 1 :]
    return None if any(left["value"]["household"] == begun["value"]["household"] for left in after) else begun


def _home(facts: Facts) -> Plain:
    begun = registered(facts)
    return begun["value"] if begun else {}


def _collective(facts: Facts) -> bool:
    """Whether the household is said to be a collective one by any registration that stands."""
    number = _home(facts).get("household")
    held = [s["value"] for s in in_time(facts.get("residence", ()))]
    return any(home["collective"] for home in held if home["household"] == number)


def ended(facts: Facts, begun: str, ends: str) -> list[tuple[Plain, int | None, Plain | None]]:
    """(statement, the day that another one of its record says is its end, that statement) for each record."""
    by_record = {end["record"]: end for end in of_records(facts, ends)}
    entries: list[tuple[Plain, int | None, Plain | None]] = []
    for statement in of_records(facts, begun):
        end = by_record.get(statement["record"])
        entries.append((statement, end["value"] if end else None, end))
    return entries


def contacts_differ(facts: Facts) -> bool:
    by_department = {s["department"]: s["value"] for s in in_time(s for s in facts.get("contact", ()) if s["value"])}
    return len(set(by_department.values())) > 1


def benefits(facts: Facts) -> list[Plain]:
    home = _home(facts).get("household")
    ended = {end["record"]: end["value"] for end in of_records(facts, "grant_ends")}
    entries = []
    for grant in of_records(facts, "grants"):
        days = {grant["value"]["until"], ended.get(grant["record"])} - {None}
        named = grant["value"]["household"]
        entries.append(
            {
                "programme": grant["value"]["programme"],
                "effective_from": grant["value"]["effective_from"],
                "until": min(days) if days else None,
                "household_differs": None not in (named, home) and named != home,
                "source": source(grant),
            }
        )
    return entries


class Said(NamedTuple):
    """What a resident's row says of one household (`membership`) and of dwellings."""

    household: str | None
    membership: Plain | None
    occupancies: dict[str, Plain]


def said_of_homes(facts: Facts, row: Plain) -> Said:
    """Of a household that is no collective one, and of the dwellings of home and stay."""
    held, staying = registered(facts), stay(facts)
    if held and _collective(facts):
        held = None
    places = {}
    if staying:
        places[staying["value"]["dwelling"]] = ("", staying)
    if held and held["value"]["dwelling"] is not None:
        places[held["value"]["dwelling"]] = (held["value"]["household"], held)
    about = {"born": row["born"], "died_on": row["died_on"], "programmes": benefits(facts), "also": row["also"]}
    about |= {"conditions": _conditions(facts), "disabilities": _disabilities(facts)}
    occupancies = {
        dwelling: about
        | {"household": household, "source": source(statement)}
        | {"stay": staying is not None and staying["value"]["dwelling"] == dwelling}
        for dwelling, (household, statement) in places.items()
    }
    if held is None:
        return Said(None, None, occupancies)
    return Said(held["value"]["household"], _membership(facts, row, held), occupancies)


def _conditions(facts: Facts) -> list[Plain]:
    return [
        statement["value"] | {"until": until, "source": source(statement)}
        for statement, until, _ in ended(facts, "conditions", "condition_ends")
    ]


def _disabilities(facts: Facts) -> list[Plain]:
    entries = []
    for card, cancelled, _ in ended(facts, "cards", "card_ends"):
        days = {card["value"]["until"], cancelled} - {None}
        dates = {"effective_from": local_day(card["occurred_at"]), "until": min(days) if days else None}
        entries.append(card["value"] | dates | {"source": source(card)})
    return entries


def _membership(facts: Facts, row: Plain, held: Plain) -> Plain:
    home, married = held["value"], last(facts, "marriage")
    return {
        "name": row["name"],
        "born": row["born"],
        "relation": home["relation"],
        "died_on": row["died_on"],
        "dwelling": home["dwelling"],
        "address": home["address"],
        "contacts_disagree": "contact" in row["disagreements"],
        "source": source(held),
        "vehicles": [
            {"vehicle_kind": v["value"]["vehicle_kind"], "source": source(v)}
            for v in of_records(facts, "vehicles")
            if v["value"]["owned"]
        ],
        "programmes": benefits(facts),
        "marriage": married
        and {
            "spouse": married["value"]["spouse"],
            "married": married["value"]["married"],
            "source": source(married),
        },
        "tax_returns": [t["value"] | {"source": source(t)} for t in of_records(facts, "tax_returns")],
        "arrears": [t["value"] | {"source": source(t)} for t in of_records(facts, "arrears")],
        "also": row["also"],
    }
