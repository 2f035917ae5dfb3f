"""What the golden city must come to, computed in one go from the list of all events: the answer to compare with.

Deliberately apart from `domain/`: nothing is imported from it, nothing is merged event by event. The whole list is
sorted and grouped, and each published field is written down once more by its definition (docs/architecture.md,
docs/decisions/0003-facts.md and 0006-stage-step.md). Rule data is repeated here as data.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, NamedTuple, Protocol

CITY = timezone(timedelta(hours=8))
LEAST_M2_PER_TENANT = 5.0
NO_CAR = ("disability_scooter", "motorcycle", "e_bike")
CHECKED = ("dibao", "public_rental")
SEVERITY = {"benefit-for-dead": "today", "car-and-benefit": "today", "newly-let": "today", "over-occupied": "urgent"}

Plain = dict[str, Any]


class Stated(Protocol):
    """What is needed of an event: any object with these attributes."""

    @property
    def event_id(self) -> str: ...
    @property
    def department(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def record(self) -> str: ...
    @property
    def occurred_at(self) -> int: ...
    @property
    def recorded_at(self) -> int: ...
    @property
    def withdrawn(self) -> bool: ...
    @property
    def kind(self) -> str: ...
    @property
    def change(self) -> Any: ...


class Answer(NamedTuple):
    """`rows`: view → subject → the row as published, without its bookkeeping. `alerts`: (rule, subject, cause) → what
    an open or held alert says; `state` is `open` or `held`."""

    rows: dict[str, dict[str, Plain]]
    alerts: dict[tuple[str, str, str], Plain]


def _fields(*names: str) -> Callable[[Plain], Plain]:
    return lambda change: {name: change[name] for name in names}


def _one(name: str) -> Callable[[Plain], Any]:
    return lambda change: change[name]


def _nowhere(_: Plain) -> Plain:
    return {"household": None, "dwelling": None, "address": None, "relation": None, "collective": False}


_PARENTS = _fields("name", "sex", "born", "mother", "father")
_HOME = _fields("household", "dwelling", "address", "relation", "collective")
_TAX = _fields("period", "amount_fen")

# kind → the facts that it states, and what it states of each, from the change's fields and its `subject`
FACTS: dict[str, dict[str, Callable[[Plain], Any]]] = {
    "Birth": {
        "person": _PARENTS,
        "residence": lambda c: _HOME(c | {"address": None, "relation": "child"}),
    },
    "MovedIn": {"person": lambda c: _PARENTS(c | {"mother": None, "father": None}), "residence": _HOME},
    "Address": {"residence": lambda c: _HOME(c | {"relation": None, "collective": False})},
    "MovedOut": {"residence": _nowhere},
    "Death": {"death": _one("on")},
    "Contact": {"contact": _one("phone")},
    "Kinship": {"kinship": _fields("relative", "relation")},
    "Married": {"marriage": lambda c: {"spouse": c["spouse"], "married": True, "on": c["on"]}},
    "Divorced": {"marriage": lambda c: {"spouse": c["spouse"], "married": False, "on": c["on"]}},
    "Registered": {"vehicles": lambda c: {"vehicle_kind": c["vehicle_kind"], "owned": c["owner"] == c["subject"]}},
    "Transferred": {"vehicles": lambda c: {"vehicle_kind": c["vehicle_kind"], "owned": c["to_owner"] == c["subject"]}},
    "Scrapped": {"vehicles": lambda c: {"vehicle_kind": c["vehicle_kind"], "owned": False}},
    "Granted": {
        "grants": _fields("programme", "household", "effective_from", "until", "monthly_fen", "dwelling"),
        "contact": lambda c: c["phone"] or "",
    },
    "Ended": {"grant_ends": _one("effective_from")},
    "TaxRegistered": {"tax_registration": _one("taxpayer_type"), "contact": lambda c: c["phone"] or ""},
    "TaxReturn": {"tax_returns": _TAX},
    "Arrears": {"arrears": _TAX},
    "DwellingRegistered": {"register": _fields("grid", "address", "floor_area_m2", "use", "district", "lon", "lat")},
    "Let": {"leases": _fields("landlord", "tenants", "start", "until", "rooms")},
    "Renewed": {"renewals": _one("until")},
    "TenancyEnded": {"lease_ends": _one("on")},
    "TenantAdded": {"tenants": _fields("tenant")},
    "TenantLeft": {"tenants": _fields("tenant")},
    "Visited": {"visits": _fields("task", "outcome")},
}
OF_DWELLING = {"register", "leases", "renewals", "lease_ends", "tenants", "visits"}
OF_RESIDENT = {fact for facts in FACTS.values() for fact in facts} - OF_DWELLING


def recompute(events: Iterable[Stated], now: int, live_since: int = 0) -> Answer:
    """Rows and standing alerts of the set of `events` at the instant `now` (microseconds UTC)."""
    facts = _standing({event.event_id: event for event in events}.values())
    residents = {s: _resident(s, of) for s, of in facts.items() if of.keys() & OF_RESIDENT}
    members: dict[str, dict[str, Plain]] = defaultdict(dict)
    occupants: dict[str, dict[str, Plain]] = defaultdict(dict)
    for resident, row in residents.items():
        for home, membership, occupancy in _home(facts[resident], row):
            members[home["household"]][resident] = membership
            if home["dwelling"] is not None:
                occupants[home["dwelling"]][resident] = occupancy
    households = {number: _household(number, members[number]) for number in members}
    places = {s for s, of in facts.items() if of.keys() & OF_DWELLING} | occupants.keys()
    dwellings = {number: _dwelling(number, facts.get(number, {}), occupants[number]) for number in places}
    alerts = dict(_findings(facts, residents, households, dwellings, datetime.fromtimestamp(now / 1e6, CITY).date()))
    for alert in alerts.values():
        alert["state"] = "open" if alert.pop("newest") >= live_since else "held"
    return Answer({"resident": residents, "household": households, "dwelling": dwellings}, alerts)


# --- what stands ----------------------------------------------------------------------------------------------------

Facts = dict[str, list[Plain]]


def _standing(events: Iterable[Stated]) -> dict[str, Facts]:
    """subject → fact → statements, one for each department, record and kind: the one that was recorded last."""
    last: dict[tuple[str, str, str, str, str], Plain] = {}
    for event in sorted(events, key=lambda e: (e.recorded_at, e.event_id)):
        for fact, value in FACTS[event.kind].items():
            stated = {
                "department": event.department,
                "record": event.record,
                "kind": event.kind,
                "occurred_at": event.occurred_at,
                "recorded_at": event.recorded_at,
                "event_id": event.event_id,
                "withdrawn": event.withdrawn,
                "value": value({**event.change, "subject": event.subject}),
            }
            if fact == "tenants":
                who = stated["value"]["tenant"]
                stated["value"] = {"lease": event.record, "tenant": who, "present": event.kind == "TenantAdded"}
                stated["record"] = f"{event.record}/{who}"
            if fact == "contact" and not stated["value"]:
                stated["withdrawn"] = True
            last[event.subject, fact, event.department, stated["record"], event.kind] = stated
    standing: dict[str, Facts] = defaultdict(lambda: defaultdict(list))
    for (subject, fact, *_), stated in sorted(last.items(), key=lambda item: item[0]):
        standing[subject][fact].append(stated)
    return {subject: dict(facts) for subject, facts in standing.items()}


def _in_time(statements: Iterable[Plain]) -> list[Plain]:
    """Those not withdrawn, in the order in which they happened."""
    held = [s for s in statements if not s["withdrawn"]]
    return sorted(held, key=lambda s: (s["occurred_at"], s["recorded_at"], s["event_id"]))


def _last(facts: Facts, fact: str) -> Plain | None:
    return next(reversed(_in_time(facts.get(fact, ()))), None)


def _value(facts: Facts, fact: str) -> Any:
    last = _last(facts, fact)
    return None if last is None else last["value"]


def _each(facts: Facts, fact: str) -> list[Plain]:
    """The statement that stands for each record, by the record's number."""
    by_record = {(s["department"], s["record"]): s for s in _in_time(facts.get(fact, ()))}
    return [by_record[record] for record in sorted(by_record)]


def _source(stated: Plain) -> Plain:
    return {name: stated[name] for name in ("department", "kind", "record", "event_id", "occurred_at")}


# --- rows -----------------------------------------------------------------------------------------------------------


def _resident(number: str, facts: Facts) -> Plain:
    person, home = _value(facts, "person") or {}, _value(facts, "residence") or {}
    row: Plain = {"id": number} | {fact: facts.get(fact, []) for fact in OF_RESIDENT}
    row |= {"name": person.get("name"), "born": person.get("born"), "died_on": _value(facts, "death")}
    row |= {"household": home.get("household"), "dwelling": home.get("dwelling")}
    differ = {"contact": _contacts_differ(facts), "household": any(b["household_differs"] for b in _benefits(facts))}
    return row | {"disagreements": [name for name, true in differ.items() if true]}


def _contacts_differ(facts: Facts) -> bool:
    by_department = {s["department"]: s["value"] for s in _in_time(facts.get("contact", ()))}
    return len(set(by_department.values())) > 1


def _benefits(facts: Facts) -> list[Plain]:
    home = (_value(facts, "residence") or {}).get("household")
    ended = {end["record"]: end["value"] for end in _each(facts, "grant_ends")}
    found = []
    for grant in _each(facts, "grants"):
        days = {grant["value"]["until"], ended.get(grant["record"])} - {None}
        named = grant["value"]["household"]
        found.append(
            {
                "programme": grant["value"]["programme"],
                "effective_from": grant["value"]["effective_from"],
                "until": min(days) if days else None,
                "household_differs": None not in (named, home) and named != home,
                "source": _source(grant),
            }
        )
    return found


def _home(facts: Facts, row: Plain) -> Iterator[tuple[Plain, Plain, Plain]]:
    """(home, membership, occupancy) of somebody who lives in a household that is no collective one."""
    stated = _last(facts, "residence")
    if stated is None or stated["value"]["household"] is None:
        return
    home = stated["value"]
    same = [s for s in facts["residence"] if s["value"]["household"] == home["household"] and not s["withdrawn"]]
    if any(s["value"]["collective"] for s in same):
        return
    married = _last(facts, "marriage")
    membership = {
        "name": row["name"],
        "born": row["born"],
        "relation": home["relation"],
        "died_on": row["died_on"],
        "dwelling": home["dwelling"],
        "address": home["address"],
        "contacts_disagree": "contact" in row["disagreements"],
        "source": _source(stated),
        "vehicles": [
            {"vehicle_kind": v["value"]["vehicle_kind"], "source": _source(v)}
            for v in _each(facts, "vehicles")
            if v["value"]["owned"]
        ],
        "programmes": _benefits(facts),
        "marriage": married
        and {
            "spouse": married["value"]["spouse"],
            "married": married["value"]["married"],
            "source": _source(married),
        },
        "tax_returns": [t["value"] | {"source": _source(t)} for t in _each(facts, "tax_returns")],
        "arrears": [t["value"] | {"source": _source(t)} for t in _each(facts, "arrears")],
    }
    occupancy = {"household": home["household"], "born": row["born"], "died_on": row["died_on"]}
    yield home, membership, occupancy | {"source": _source(stated)}


def _household(number: str, members: dict[str, Plain]) -> Plain:
    everyone = list(members.values())
    placed = [m for m in everyone if m["dwelling"] is not None]
    placed.sort(key=lambda m: (m["source"]["occurred_at"], m["source"]["event_id"]))
    differ = {
        "contact": any(m["contacts_disagree"] for m in everyone),
        "household": any(b["household_differs"] for m in everyone for b in m["programmes"]),
        "dwelling": len({m["dwelling"] for m in placed if m["dwelling"] and m["died_on"] is None}) > 1,
    }
    return {
        "id": number,
        "members": [{"resident": r, "membership": members[r]} for r in sorted(members)],
        "living": len([m for m in everyone if m["died_on"] is None]),
        "dwelling": placed[-1]["dwelling"] if placed else None,
        "address": placed[-1]["address"] if placed else None,
        "disagreements": [name for name, true in differ.items() if true],
    }


def _dwelling(number: str, facts: Facts, occupants: dict[str, Plain]) -> Plain:
    entry = _value(facts, "register") or {}
    row: Plain = {"id": number} | {fact: facts.get(fact, []) for fact in OF_DWELLING}
    row["occupants"] = [{"resident": r, "occupancy": occupants[r]} for r in sorted(occupants)]
    return row | {
        name: entry.get(name) for name in ("grid", "district", "address", "use", "lon", "lat", "floor_area_m2")
    }


# --- findings -------------------------------------------------------------------------------------------------------

Found = Iterator[tuple[tuple[str, str, str], Plain]]


def _findings(
    facts: dict[str, Facts],
    residents: dict[str, Plain],
    households: dict[str, Plain],
    dwellings: dict[str, Plain],
    today: date,
) -> Found:
    day = (today - date(1970, 1, 1)).days
    for number, row in residents.items():
        yield from _drawn_by_the_dead(number, row, facts[number], day)
    for number, row in households.items():
        yield from _cars_and_benefits(number, row, day)
    for number, row in dwellings.items():
        yield from _lettings(number, facts.get(number, {}), row, day)


def _alert(rule: str, subject: str, cause: str, because: Iterable[Plain], dwelling: Any, household: Any) -> Any:
    told = list(because)
    return (rule, subject, cause), {
        "severity": SEVERITY[rule],
        "because": frozenset(source["event_id"] for source in told),
        "newest": max(source["occurred_at"] for source in told),
        "dwelling": dwelling,
        "household": household,
    }


def _runs(begin: int, end: int | None, day: int) -> bool:
    return begin <= day and (end is None or day < end)


def _drawn_by_the_dead(number: str, row: Plain, facts: Facts, day: int) -> Found:
    death = _last(facts, "death")
    for benefit in _benefits(facts) if death else ():
        if death and _runs(benefit["effective_from"], benefit["until"], day):
            because = (_source(death), benefit["source"])
            cause = benefit["source"]["record"]
            yield _alert("benefit-for-dead", number, cause, because, row["dwelling"], row["household"])


def _cars_and_benefits(number: str, row: Plain, day: int) -> Found:
    benefits = [b for m in row["members"] for b in m["membership"]["programmes"]]
    drawn = [b for b in benefits if b["programme"] in CHECKED and _runs(b["effective_from"], b["until"], day)]
    cars = [v for m in row["members"] for v in m["membership"]["vehicles"] if v["vehicle_kind"] not in NO_CAR]
    plates = {v["source"]["record"] for v in cars} if drawn else set()
    for plate in plates:
        because = [v["source"] for v in cars if v["source"]["record"] == plate] + [b["source"] for b in drawn]
        yield _alert("car-and-benefit", number, plate, because, row["dwelling"], number)


def _lettings(number: str, facts: Facts, row: Plain, day: int) -> Found:
    renewed = {s["record"]: s for s in _each(facts, "renewals")}
    ended = {s["record"]: s for s in _each(facts, "lease_ends")}
    visits = [s for s in facts.get("visits", ()) if not s["withdrawn"] and s["value"]["outcome"] == "done"]
    visited = max((_local_day(s["occurred_at"]) for s in visits), default=None)
    together: list[tuple[set[str], list[Plain]]] = []
    for let in _each(facts, "leases"):
        lease, terms = let["record"], let["value"]
        moves = [s for s in _each(facts, "tenants") if s["value"]["lease"] == lease]
        ends = [s["value"] for s in (ended.get(lease),) if s]
        ends += [s for s in (renewed[lease]["value"] if lease in renewed else terms["until"],) if s is not None]
        told = [let, *moves, *(by[lease] for by in (renewed, ended) if lease in by)]
        if not _runs(terms["start"], min(ends, default=None), day):
            continue
        tenants = set(terms["tenants"])
        for move in moves:
            if move["occurred_at"] >= let["occurred_at"]:
                (tenants.add if move["value"]["present"] else tenants.discard)(move["value"]["tenant"])
        together.append((tenants, told))
        if visited is None or visited < terms["start"]:
            yield _alert("newly-let", number, lease, map(_source, told), number, None)
    crowd = set().union(*(tenants for tenants, _ in together))
    entry, area = _last(facts, "register"), row["floor_area_m2"]
    if entry and area and crowd and 0 < area / len(crowd) < LEAST_M2_PER_TENANT:
        because = [_source(entry), *(_source(s) for _, told in together for s in told)]
        yield _alert("over-occupied", number, entry["record"], because, number, None)


def _local_day(instant: int) -> int:
    return (datetime.fromtimestamp(instant / 1e6, UTC).astimezone(CITY).date() - date(1970, 1, 1)).days
