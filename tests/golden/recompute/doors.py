"""The rules of a grid worker's day about who lives behind a door and who passes it, each by its definition."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from tests.golden.recompute.finding import EPOCH, Found, World, alert, called, local_day, midnight, runs, years_on
from tests.golden.recompute.standing import Facts, Plain, in_time, of_records, source

HOUR = 3_600_000_000
DAY = 24 * HOUR


class Home(NamedTuple):
    """A dwelling as the rules ask about it: `people` are (all the person's numbers, occupancy or None, since when, the
    statement that says so); `met` the days and instants of visits that met somebody."""

    number: str
    row: Plain
    leases: list[tuple[Plain, set[str], list[Plain]]]
    people: list[tuple[set[str], Plain | None, int, Plain]]
    met: list[int]


def findings(world: World) -> Found:
    for number, row in world.rows["dwelling"].items():
        home = _home(number, row, world.facts.get(number, {}), world.today)
        yield from _new_tenants(home, world.today)
        yield from _duties(home, world.today)
        yield from _low_income(home, world.today)
        yield from _at_the_door(home, world.facts.get(number, {}), world.now)


def _home(number: str, row: Plain, facts: Facts, day: int) -> Home:
    leases = list(_leases(facts, day))
    mine = {o["resident"]: {o["resident"], *o["occupancy"]["also"]} for o in row["occupants"]}
    people: list[tuple[set[str], Plain | None, int, Plain]] = []
    for o in row["occupants"]:
        if o["occupancy"]["died_on"] is None:
            statement = o["occupancy"]["source"]
            people.append((mine[o["resident"]], o["occupancy"], statement["occurred_at"], statement))
    taken = set().union(*mine.values())
    for let, tenants, joined in leases:
        for tenant in sorted(tenants - taken):
            taken.add(tenant)
            came = [s["occurred_at"] for s in joined if s["value"]["tenant"] == tenant]
            people.append(({tenant}, None, came[0] if came else midnight(let["value"]["start"]), source(let)))
    visits = in_time(facts.get("visits", ()))
    return Home(number, row, leases, people, [v["occurred_at"] for v in visits if v["value"]["outcome"] == "done"])


def _leases(facts: Facts, day: int) -> Iterator[tuple[Plain, set[str], list[Plain]]]:
    """Leases in force: as let, who is a tenant now, and the statements of those who came after it was let."""
    for let in of_records(facts, "leases"):
        renewed, ended = (
            [s["value"] for s in of_records(facts, fact) if s["record"] == let["record"]]
            for fact in ("renewals", "lease_ends")
        )
        until = renewed[0] if renewed else let["value"]["until"]
        ends = ended + ([] if until is None else [until])
        if not runs(let["value"]["start"], min(ends, default=None), day):
            continue
        moves = [s for s in of_records(facts, "tenants") if s["value"]["lease"] == let["record"]]
        moves = [s for s in moves if s["occurred_at"] >= let["occurred_at"]]
        came = [s for s in moves if s["value"]["present"]]
        gone = {s["value"]["tenant"] for s in moves} - {s["value"]["tenant"] for s in came}
        tenants = ({*let["value"]["tenants"]} - gone) | {s["value"]["tenant"] for s in came}
        yield let, tenants, [s for s in came if s["value"]["tenant"] not in let["value"]["tenants"]]


def _new_tenants(home: Home, today: int) -> Found:
    for let, _, joined in home.leases:
        lately = [s for s in joined if years_on(local_day(s["occurred_at"]), 5) > today]
        new = [s for s in lately if not any(instant >= s["occurred_at"] for instant in home.met)]
        newly_let = years_on(let["value"]["start"], 5) > today
        if new and (not newly_let or any(local_day(instant) >= let["value"]["start"] for instant in home.met)):
            because = map(source, (let, *new))
            yield alert("new-tenant", "today", home.number, let["record"], because, home.number, None)


def _duties(home: Home, today: int) -> Found:
    """Daily and weekly visits of those who live alone; serious illnesses of anybody."""
    met = {local_day(instant) for instant in home.met}
    last = max(home.met, default=None)
    everybody = [c for _, occupancy, _, _ in home.people if occupancy for c in occupancy["conditions"]]
    names = called(c["source"] for c in everybody if c["condition"] == "serious_illness")
    for _, occupancy, _, lives_here in home.people:
        if occupancy is None:
            continue
        ill = [c for c in occupancy["conditions"] if runs(c["effective_from"], c["until"], today)]
        for c in ill:
            reported = c["source"]
            lately = years_on(local_day(reported["occurred_at"]), 5) > today
            if c["condition"] == "serious_illness" and lately and (last is None or last < reported["occurred_at"]):
                reasons = (reported, lives_here)
                cause = names[reported["event_id"]]
                yield alert("serious-illness", "today", home.number, cause, reasons, home.number, None)
        if len(home.people) > 1:
            continue
        mental = [c for c in ill if c["condition"] == "severe_mental"]
        if mental and not any(day >= today for day in met):
            newest = max(mental, key=lambda c: (c["effective_from"], *c["source"].values()))["source"]
            cause, instant = f"{newest['record']} {EPOCH + timedelta(days=today)}", midnight(today)
            reasons = (newest, lives_here)
            yield alert("severe-mental-alone", "today", home.number, cause, reasons, home.number, None, instant)
        monday = today - (EPOCH + timedelta(days=today)).weekday()
        if _elder(occupancy, today) and not any(day >= monday for day in met):
            cause, instant = f"{lives_here['record']} {EPOCH + timedelta(days=monday):%G-W%V}", midnight(monday)
            yield alert("elder-alone", "planned", home.number, cause, (lives_here,), home.number, None, instant)


def _elder(occupancy: Plain, today: int) -> bool:
    if occupancy["born"] is None:
        return False
    born, now = EPOCH + timedelta(days=occupancy["born"]), EPOCH + timedelta(days=today)
    return (now.year - born.year) - ((now.month, now.day) < (born.month, born.day)) >= 60


def _low_income(home: Home, today: int) -> Found:
    drawn = [p for _, occupancy, _, _ in home.people if occupancy for p in occupancy["programmes"]]
    drawn = [p for p in drawn if p["programme"] in ("dibao", "low_income")]
    drawn = [p for p in drawn if runs(p["effective_from"], p["until"], today)]
    if drawn:
        first = min(drawn, key=lambda p: (p["effective_from"], *p["source"].values()))
        once = max([first["effective_from"], *map(local_day, home.met)]) + 90
        due = max((day for years in range(0, 400, 5) if (day := years_on(once, years)) <= today), default=once)
        if due <= today:
            cause, because = f"{first['source']['record']} {EPOCH + timedelta(days=due)}", [p["source"] for p in drawn]
            yield alert("low-income-visit", "planned", home.number, cause, because, home.number, None, midnight(due))


def _at_the_door(home: Home, facts: Facts, now: int) -> Found:
    swipes = in_time(facts.get("swipes", ()))
    if not swipes:
        return
    # At one instant only what is asked about counts: a record that also names somebody else says nothing of his order.
    shown: dict[str, list[Plain]] = defaultdict(list)
    for s in swipes:
        if s["value"]["card"] and s["value"]["resident"]:
            shown[s["value"]["card"]].append(s)
    holder = {card: in_time(named)[-1]["value"]["resident"] for card, named in shown.items()}
    passed: dict[str, list[Plain]] = defaultdict(list)
    for s in swipes:
        who = s["value"]["resident"] or holder.get(s["value"]["card"]) or s["value"]["card"]
        if who:
            passed[who].append(s)
    passed = {who: in_time(theirs) for who, theirs in passed.items()}
    yield from _strangers(home, passed, now)
    yield from _unseen(home, passed, [s["occurred_at"] for s in swipes], now)
    occupancy = home.people[0][1] if len(home.people) == 1 else None
    if occupancy and _elder(occupancy, local_day(now)) and now - swipes[-1]["occurred_at"] >= 48 * HOUR:
        because, instant = (source(swipes[-1]), occupancy["source"]), swipes[-1]["occurred_at"] + 48 * HOUR
        yield alert("elder-silent", "urgent", home.number, swipes[-1]["record"], because, home.number, None, instant)


def _strangers(home: Home, passed: dict[str, list[Plain]], now: int) -> Found:
    known = {n for o in home.row["occupants"] for n in (o["resident"], *o["occupancy"]["also"])} | {*home.row["owners"]}
    for let, tenants, _ in home.leases:
        known |= {let["value"]["landlord"], *tenants}
    for who in passed.keys() - known:
        first, last = passed[who][0], passed[who][-1]["occurred_at"]
        if now - last < 7 * DAY:
            yield alert("stranger-swipes", "planned", home.number, who, (source(first),), home.number, None, last)


def _unseen(home: Home, passed: dict[str, list[Plain]], instant: list[int], now: int) -> Found:
    heard = now - instant[0] >= 25 * DAY and now - instant[-1] < 30 * DAY
    if not heard or not (home.row["use"] == "rental" or home.leases):
        return
    missed: dict[str, list[tuple[Plain, int]]] = defaultdict(list)
    names = called(lives_here for *_, lives_here in home.people)
    for numbers, _, since, lives_here in home.people:
        latest = max([since, *(s["occurred_at"] for number in numbers for s in passed.get(number, ()))])
        if now - latest >= 30 * DAY:
            missed[names[lives_here["event_id"]]].append((lives_here, latest + 30 * DAY))
    for cause, them in missed.items():
        because, arose = [statement for statement, _ in them], max(instant for _, instant in them)
        yield alert("unseen-registered", "planned", home.number, cause, because, home.number, None, arose)
