"""People who live alone, many of them ill, with a device at their door; and tenants who join when the lease has been
visited."""

from tests.golden.city.said import LAST, Change
from tests.golden.city.town import Town


def tell(town: Town) -> None:
    let = [said for said in town.said.values() if said.kind == "Let"]
    taken = {town.lies[home] for home in town.lives.values()} | {said.subject for said in let}
    empty = [dwelling for dwelling in town.dwellings if dwelling not in taken]
    elders = [number for number in town.numbers if town.born[number] < LAST - 61 * 365]
    count = min(len(empty), len(elders), len(town.numbers) // 20)
    who = town.random.sample(elders, count)
    for at, (number, dwelling) in enumerate(zip(who, town.random.sample(empty, count), strict=True)):
        moved_in(town, at, number, dwelling)
    for at, said in enumerate(town.random.sample(let, len(let) // 6)):
        joined(town, f"J{at:06d}", said.subject, said.record, said.change)


def moved_in(town: Town, at: int, number: str, dwelling: str) -> None:
    topic, day = "police.household-registration", town.day(LAST - 300, LAST - 20)
    home: Change = {"household": f"4402{at:08d}", "dwelling": dwelling, "address": f"独居{at}号"}
    town.say(topic, "Address", number, f"HJ-alone-{at:06d}", day, home)
    ill(town, f"YH-alone-{at:06d}", number)
    if town.some(0.8):
        device = f"MJ-alone-{at:06d}"
        for turn, ago in enumerate(town.random.choice(((1, 4), (2, 9, 26), (5,), (12, 27), (28, 29), (0, 26)))):
            swipe: Change = {"resident": number, "card": None, "device": device}
            town.say("door-access.swipe", "SwipedOut", dwelling, f"{device}-{turn}", LAST - ago, swipe)


def ill(town: Town, case: str, number: str) -> None:
    for condition, share, first in (("severe_mental", 0.5, LAST - 500), ("serious_illness", 0.3, LAST - 100)):
        if town.some(share):
            day, topic = town.day(first), "health.condition"
            begins = day + town.random.choice((-20, 0, 0, 40))
            reported: Change = {"condition": condition, "level": None, "effective_from": begins}
            town.say(topic, "Reported", number, f"{case}-{condition}", day, reported)
            if town.some(0.25):
                ended: Change = {"effective_from": begins + town.random.randrange(500), "reason": None}
                town.say(topic, "ConditionEnded", number, f"{case}-{condition}", town.day(day), ended)


def joined(town: Town, task: str, dwelling: str, lease: str, terms: Change) -> None:
    met = town.day(terms["start"], LAST)
    visit: Change = {"task": task, "outcome": "done", "note": None, "checks": {}}
    town.say("grid.observation", "Visited", dwelling, task, met, visit)
    new: Change = {"tenant": town.random.choice(town.numbers)}
    town.say("housing.tenancy", "TenantAdded", dwelling, lease, town.day(met, LAST), new)
