"""The grid's and the district's rows: facilities and hazards, warnings, and who tells whom of them."""

from collections.abc import Iterable
from typing import Any

from tests.golden.recompute.standing import Facts, Plain, States, fields, in_time, of_records, one, source, unread

STATES: States = {
    "FacilityInstalled": {"facilities": fields("facility", "facility_kind", "what", "address", "lon", "lat")},
    "HazardReported": {"hazards": fields("facility", "hazard", "urgent")},
    "HazardRepaired": {"repairs": one("on")},
    "WarningIssued": {"issued": fields("hazard", "level", "rainfall_mm", "until")},
    "WarningLifted": {"lifted": lambda _: True},
}
OF_GRID = {"facilities", "hazards", "repairs"}
OF_DISTRICT = {"issued", "lifted"}
DAY = 86_400_000_000

Rows = dict[str, Plain]


def not_repaired(facts: Facts) -> list[Plain]:
    """Reports of a hazard after which no repair of the same number happened."""
    repaired = {s["record"]: s["occurred_at"] for s in of_records(facts, "repairs")}
    return [
        s for s in of_records(facts, "hazards") if repaired.get(s["record"], s["occurred_at"] - 1) < s["occurred_at"]
    ]


def standing_warnings(facts: Facts) -> list[Plain]:
    lifted = {s["record"]: s["occurred_at"] for s in of_records(facts, "lifted")}
    happened = [s["occurred_at"] for fact in OF_DISTRICT for s in in_time(facts.get(fact, ()))]
    entries = []
    for issued in of_records(facts, "issued"):
        terms, since = issued["value"], issued["occurred_at"]
        over = terms["until"] is not None and max(happened) - terms["until"] >= DAY
        if not over and lifted.get(issued["record"], since - 1) < since:
            warning: Plain = {"hazard": terms["hazard"], "level": terms["level"], "rainfall_mm": terms["rainfall_mm"]}
            entries.append(warning | {"since": since, "until": terms["until"], "source": source(issued)})
    return entries


def grids_and_districts(facts: dict[str, Facts], doors: dict[str, dict[str, Plain]]) -> tuple[Rows, Rows]:
    """The rows of both; `doors`: grid → dwelling → why it is at risk."""
    spoken = {s: of for s, of in facts.items() if of.keys() & {*OF_GRID, unread("grid")}}
    there = {s for s, of in spoken.items() if any(in_time(of.get(fact, ())) for fact in OF_GRID)}
    there |= {number for number, of in doors.items() if of}
    told_of = {s for s, of in facts.items() if of.keys() & {*OF_DISTRICT, unread("district")}}
    told_of |= {number[:6] for number in there}
    districts = {s: _district(s, facts.get(s, {}), sorted(g for g in there if g[:6] == s)) for s in told_of}
    grids = {
        s: _grid(s, facts.get(s, {}), doors.get(s, {}), standing_warnings(facts.get(s[:6], {})) if s in there else [])
        for s in spoken.keys() | there
    }
    return grids, districts


def _grid(number: str, facts: Facts, doors: dict[str, Plain], warnings: list[Plain]) -> Plain:
    return {
        "id": number,
        "other": facts.get(unread("grid"), []),
        **{fact: facts.get(fact, []) for fact in OF_GRID},
        "doors": [{"dwelling": dwelling, "risk": doors[dwelling]} for dwelling in sorted(doors)],
        "warned": [{"district": number[:6], "warnings": warnings}] if warnings else [],
        "place": f"grid/{number}",
        "district": number[:6],
        "open_hazards": len(not_repaired(facts)),
    }


def _district(number: str, facts: Facts, grids: Iterable[Any]) -> Plain:
    row: Plain = {"id": number, "grids": list(grids), "place": f"district/{number}"}
    row["other"] = facts.get(unread("district"), [])
    return row | {fact: facts.get(fact, []) for fact in OF_DISTRICT}
