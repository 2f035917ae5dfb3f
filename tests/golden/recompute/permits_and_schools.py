"""The rules permit-ending and child-not-enrolled."""

from datetime import date, timedelta

from tests.golden.recompute.finding import EPOCH, Found, World, alert, midnight, runs
from tests.golden.recompute.resident import ended, registered, stay
from tests.golden.recompute.standing import Facts, Plain, last, source


def findings(world: World) -> Found:
    for number, row in world.rows["resident"].items():
        if row["died_on"] is None:
            yield from _permits(number, row, world.facts[number], world.today)
            yield from _schools(number, row, world.facts[number], world.today)


def _permits(number: str, row: Plain, facts: Facts, today: int) -> Found:
    staying = stay(facts)
    permits = []
    for permit, cancelled, _ in ended(facts, "permits", "permit_ends"):
        begins, until = permit["value"]["effective_from"], permit["value"]["until"]
        early = cancelled is not None and cancelled < until
        permits.append((begins, cancelled if early and cancelled is not None else until, early, permit))
    for begins, until, early, permit in permits:
        goes_on = any(b <= until < u for b, u, _, other in permits if other is not permit)
        if staying and not early and not goes_on and runs(max(begins, until - 7), until, today):
            because, arose = (source(permit), source(staying)), midnight(until - 7)
            home = (row["dwelling"], row["household"])
            yield alert("permit-ending", "planned", number, permit["record"], because, *home, arose)


def _schools(number: str, row: Plain, facts: Facts, today: int) -> Found:
    """The school year that is asked about began on the first of September before the last first of October."""
    day = EPOCH + timedelta(days=today)
    year = day.year if day >= date(day.year, 10, 1) else day.year - 1
    person, here = last(facts, "person"), registered(facts) or stay(facts)
    if person is None or here is None:
        return
    eve, born = date(year, 8, 31), EPOCH + timedelta(days=person["value"]["born"])
    if not 6 <= eve.year - born.year - ((eve.month, eve.day) < (born.month, born.day)) < 15:
        return
    places = [
        (place["value"]["effective_from"], until, [source(statement) for statement in (place, end) if statement])
        for place, until, end in ended(facts, "enrolments", "enrolment_ends")
        if place["value"]["stage"] != "kindergarten"
    ]
    if any(runs(begins, until, today) for begins, until, _ in places):
        return
    newest = max(places, key=lambda p: (p[0], [tuple(s.values()) for s in p[2]]), default=(0, 0, []))[2]
    because = [source(person), source(here), *newest]
    arose = midnight((date(year, 10, 1) - EPOCH).days)
    cause = f"{person['record']} {year}"
    yield alert("child-not-enrolled", "planned", number, cause, because, row["dwelling"], row["household"], arose)
