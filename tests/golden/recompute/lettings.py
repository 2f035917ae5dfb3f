"""The rules newly-let, over-occupied and public-report."""

from tests.golden.recompute.finding import Found, World, alert, called, local_day, runs, years_on
from tests.golden.recompute.standing import Facts, Plain, last, of_records, source

LEAST_M2_PER_TENANT = 5.0


def findings(world: World) -> Found:
    for number, row in world.rows["dwelling"].items():
        yield from _lettings(number, world.facts.get(number, {}), row, world.today)
        yield from _reports(number, world.facts.get(number, {}), world.today)


def _reports(number: str, facts: Facts, day: int) -> Found:
    reports = [s for s in of_records(facts, "reports") if years_on(local_day(s["occurred_at"]), 5) > day]
    names = called(map(source, of_records(facts, "reports")))
    met = [s["occurred_at"] for s in facts.get("visits", ()) if not s["withdrawn"] and s["value"]["outcome"] == "done"]
    for report in reports:
        if max(met, default=0) < report["occurred_at"]:
            because = source(report)
            yield alert("public-report", "today", number, names[because["event_id"]], [because], number, None)


def _lettings(number: str, facts: Facts, row: Plain, day: int) -> Found:
    renewed = {s["record"]: s for s in of_records(facts, "renewals")}
    ended = {s["record"]: s for s in of_records(facts, "lease_ends")}
    visits = [s for s in facts.get("visits", ()) if not s["withdrawn"] and s["value"]["outcome"] == "done"]
    visited = max((local_day(s["occurred_at"]) for s in visits), default=None)
    together: list[tuple[set[str], list[Plain]]] = []
    for let in of_records(facts, "leases"):
        lease, terms = let["record"], let["value"]
        moves = [s for s in of_records(facts, "tenants") if s["value"]["lease"] == lease]
        ends = [s["value"] for s in (ended.get(lease),) if s]
        ends += [s for s in (renewed[lease]["value"] if lease in renewed else terms["until"],) if s is not None]
        reasons = [let, *moves, *(by[lease] for by in (renewed, ended) if lease in by)]
        if not runs(terms["start"], min(ends, default=None), day):
            continue
        tenants = set(terms["tenants"])
        for move in moves:
            if move["occurred_at"] >= let["occurred_at"]:
                (tenants.add if move["value"]["present"] else tenants.discard)(move["value"]["tenant"])
        together.append((tenants, reasons))
        if years_on(terms["start"], 5) > day and (visited is None or visited < terms["start"]):
            yield alert("newly-let", "today", number, lease, map(source, reasons), number, None)
    crowd = set().union(*(tenants for tenants, _ in together))
    entry, area = last(facts, "register"), row["floor_area_m2"]
    if entry and area and crowd and 0 < area / len(crowd) < LEAST_M2_PER_TENANT:
        because = [source(entry), *(source(s) for _, reasons in together for s in reasons)]
        yield alert("over-occupied", "urgent", number, entry["record"], because, number, None)
