"""The rules benefit-for-dead and car-and-benefit."""

from tests.golden.recompute.finding import Found, World, alert, runs
from tests.golden.recompute.resident import benefits
from tests.golden.recompute.standing import Facts, Plain, last, source

NO_CAR = ("disability_scooter", "motorcycle", "e_bike")
CHECKED = ("dibao", "public_rental")


def findings(world: World) -> Found:
    for number, row in world.rows["resident"].items():
        yield from _drawn_by_the_dead(number, row, world.facts[number], world.today)
    for number, row in world.rows["household"].items():
        yield from _cars_and_benefits(number, row, world.today)


def _drawn_by_the_dead(number: str, row: Plain, facts: Facts, day: int) -> Found:
    death = last(facts, "death")
    for benefit in benefits(facts) if death else ():
        if death and runs(benefit["effective_from"], benefit["until"], day):
            because = (source(death), benefit["source"])
            cause = benefit["source"]["record"]
            yield alert("benefit-for-dead", "today", number, cause, because, row["dwelling"], row["household"])


def _cars_and_benefits(number: str, row: Plain, day: int) -> Found:
    benefits = [b for m in row["members"] for b in m["membership"]["programmes"]]
    drawn = [b for b in benefits if b["programme"] in CHECKED and runs(b["effective_from"], b["until"], day)]
    cars = [v for m in row["members"] for v in m["membership"]["vehicles"] if v["vehicle_kind"] not in NO_CAR]
    plates = {v["source"]["record"] for v in cars} if drawn else set()
    for plate in plates:
        because = [v["source"] for v in cars if v["source"]["record"] == plate] + [b["source"] for b in drawn]
        yield alert("car-and-benefit", "today", number, plate, because, row["dwelling"], number)
