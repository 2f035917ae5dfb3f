"""The rules warned-door, facility-hazard, facility-danger and revoked-but-filing."""

from datetime import date

from tests.golden.recompute.finding import Found, World, alert, called, runs
from tests.golden.recompute.grid import not_repaired
from tests.golden.recompute.standing import last, of_records, source

LEVELS = ("yellow", "orange", "red")
EPOCH = date(1970, 1, 1).toordinal()


def findings(world: World) -> Found:
    yield from _doors(world)
    yield from _hazards(world)
    yield from _companies(world)


def _doors(world: World) -> Found:
    for number, row in world.rows["grid"].items():
        warnings = [w for district in row["warned"] for w in district["warnings"]]
        out = [w for w in warnings if w["hazard"] in ("rain", "typhoon") and w["level"] in LEVELS]
        out = [w for w in out if runs(w["since"], w["until"], world.now)]
        for door in row["doors"] if out else ():
            risk, dwelling = door["risk"], door["dwelling"]
            reasons = [s for s in (risk["graded"], risk["reinforced"]) if s]
            reasons += [v["source"] for v in risk["vulnerable"] if runs(v["effective_from"], v["until"], world.today)]
            if reasons:
                because = [w["source"] for w in out] + reasons
                yield alert("warned-door", "urgent", number, dwelling, because, dwelling, None)


def _hazards(world: World) -> Found:
    for number in world.rows["grid"]:
        facts = world.facts.get(number, {})
        names = called(source(hazard) for hazard in not_repaired(facts))
        for hazard in not_repaired(facts):
            known = [
                f for f in of_records(facts, "facilities") if f["value"]["facility"] == hazard["value"]["facility"]
            ]
            because = [source(statement) for statement in (hazard, *known[:1])]
            rule, severity = (
                ("facility-danger", "urgent") if hazard["value"]["urgent"] else ("facility-hazard", "planned")
            )
            yield alert(rule, severity, number, names[hazard["event_id"]], because, f"grid/{number}", None)


def _companies(world: World) -> Found:
    for code, row in world.rows["legal_person"].items():
        facts, revoked = world.facts[code], last(world.facts[code], "revocations")
        if revoked and revoked["value"]["on"] <= world.today and row["deregistered_on"] is None:
            on = revoked["value"]["on"]
            later = [f for f in of_records(facts, "filings") if f["value"]["amount_fen"] > 0]
            later = [f for f in later if _first_day(f["value"]["period"]) > on]
            if later:
                because = map(source, (revoked, *later))
                yield alert("revoked-but-filing", "planned", code, revoked["record"], because, row["dwelling"], None)


def _first_day(period: str) -> int:
    year, _, part = period.partition("-")
    month = 1 if not part else {"Q1": 1, "Q2": 4, "Q3": 7, "Q4": 10}[part] if part[0] == "Q" else int(part)
    return date(int(year), month, 1).toordinal() - EPOCH
