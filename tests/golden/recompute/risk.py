"""Which doors are at risk when the weather turns, and why: by dwelling, as its grid is told."""

from datetime import date, timedelta

from tests.golden.recompute.finding import runs
from tests.golden.recompute.standing import Facts, Plain, last, of_records, source

EPOCH = date(1970, 1, 1)
ELDER = 60


def doors_at_risk(facts: dict[str, Facts], dwellings: dict[str, Plain]) -> dict[str, dict[str, Plain]]:
    """grid → dwelling → why it is at risk."""
    entries: dict[str, dict[str, Plain]] = {}
    for number, row in dwellings.items():
        risk = _risk(facts.get(number, {}), row)
        if row["grid"] is not None and risk:
            entries.setdefault(row["grid"], {})[number] = risk
    return entries


def _risk(facts: Facts, row: Plain) -> Plain | None:
    appraised, reinforced = last(facts, "grades"), last(facts, "reinforcements")
    dangerous = appraised is not None and appraised["value"]["grade"] in "CD"
    if appraised and reinforced and not dangerous and appraised["occurred_at"] >= reinforced["occurred_at"]:
        reinforced = None
    vulnerable = sorted(
        _vulnerable(facts, row),
        key=lambda v: (v["need"], v["effective_from"], v["until"] is not None, v["until"] or 0, _key(v)),
    )
    if not (dangerous or reinforced or vulnerable):
        return None
    return {
        "address": row["address"],
        "grade": appraised["value"]["grade"] if appraised and dangerous else None,
        "graded": source(appraised) if appraised and dangerous else None,
        "reinforced": source(reinforced) if reinforced else None,
        "vulnerable": vulnerable,
    }


def _key(vulnerable: Plain) -> tuple[object, ...]:
    return tuple(vulnerable["source"].values())


def _vulnerable(facts: Facts, row: Plain) -> list[Plain]:
    living = [o["occupancy"] for o in row["occupants"] if o["occupancy"]["died_on"] is None]
    entries = []
    for occupancy in living:
        ill = [c for c in occupancy["conditions"] if c["condition"] in ("severe_mental", "serious_illness")]
        entries += [_need(c["condition"], c["effective_from"], c["until"], c["source"]) for c in ill]
        cards = [card for card in occupancy["disabilities"] if card["level"] in (1, 2)]
        entries += [_need("disabled", card["effective_from"], card["until"], card["source"]) for card in cards]
    if len(living) == 1 and living[0]["born"] is not None:
        others = _days_with_others(facts, row)
        begin = _sixty(living[0]["born"])
        turns = sorted({begin, *(day for days in others for day in days if day is not None and day > begin)})
        alone = [not any(runs(start, until, day) for start, until in others) for day in turns]
        for turn, day in enumerate(turns):
            if alone[turn] and (turn == 0 or not alone[turn - 1]):
                end = next((other for later, other in enumerate(turns) if later > turn and not alone[later]), None)
                entries.append(_need("elder_alone", day, end, living[0]["source"]))
    return entries


def _need(need: str, effective_from: int, until: int | None, because: Plain) -> Plain:
    return {"need": need, "effective_from": effective_from, "until": until, "source": because}


def _days_with_others(facts: Facts, row: Plain) -> list[tuple[int, int | None]]:
    """The terms of leases with a tenant who is none of those registered or staying here."""
    here = {number for o in row["occupants"] for number in (o["resident"], *o["occupancy"]["also"])}
    entries = []
    for let in of_records(facts, "leases"):
        mine = [
            s for fact in ("renewals", "lease_ends") for s in of_records(facts, fact) if s["record"] == let["record"]
        ]
        renewed = [s["value"] for s in mine if s["kind"] == "Renewed"] or [let["value"]["until"]]
        ends = [day for day in renewed + [s["value"] for s in mine if s["kind"] != "Renewed"] if day is not None]
        moves = [s for s in of_records(facts, "tenants") if s["value"]["lease"] == let["record"]]
        tenants = dict.fromkeys(let["value"]["tenants"], True)
        for s in moves:
            if s["occurred_at"] >= let["occurred_at"]:
                tenants[s["value"]["tenant"]] = s["value"]["present"]
        if {tenant for tenant, present in tenants.items() if present} - here:
            entries.append((let["value"]["start"], min(ends, default=None)))
    return entries


def _sixty(born: int) -> int:
    day = EPOCH + timedelta(days=born)
    leap = (day.month, day.day) == (2, 29) and (day.year + ELDER) % 4 != 0
    return (
        date(day.year + ELDER, 3, 1) if leap else day.replace(year=day.year + ELDER)
    ).toordinal() - EPOCH.toordinal()
