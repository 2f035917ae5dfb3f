"""Housing and the grid workers: the dwelling register, leases, visits."""

from tests.golden.city.said import Change
from tests.golden.city.town import Town


def tell(town: Town) -> None:
    for at, dwelling in enumerate(town.dwellings):
        registered(town, at, dwelling)
    for at in range(len(town.dwellings) * 2 // 3):
        lease(town, f"ZL{at:06d}", town.random.choice(town.dwellings))


def registered(town: Town, at: int, dwelling: str) -> None:
    for turn in range(1 + town.some(0.12) + town.some(0.05)):
        grid = f"440113{1 + at % 3:03d}{1 + (at + turn) % 4:03d}{1 + (at // 7 + turn) % 9:03d}"
        entry: Change = {
            "grid": grid,
            "address": f"示例街{at % 90 + 1}号{at}房",
            "floor_area_m2": town.random.choice((12.0, 18.5, 24.0, 40.0, 61.25, 90.0)),
            "use": town.random.choice(("residential", "rental", "public_rental", "commercial", "other")),
            "district": grid[:6],
        } | town.point()
        record = f"FW{at:06d}" if town.some(0.8) else f"FW{at:06d}-{turn}"
        town.say("housing.dwelling-register", "DwellingRegistered", dwelling, record, town.day(), entry)


def lease(town: Town, lease: str, dwelling: str) -> None:
    topic, let = "housing.tenancy", town.day()
    tenants = town.random.sample(town.numbers, town.random.choice((1, 1, 2, 3, 5, 8)))
    start = let + town.random.choice((-20, 0, 0, 10, 60))
    until = town.random.choice((None, start + 90, start + 365, start + 900))
    landlord = town.random.choice(town.numbers)
    change: Change = {"landlord": landlord, "tenants": tenants, "start": start, "until": until, "rooms": None}
    town.say(topic, "Let", dwelling, lease, let, change)
    if town.some(0.2):
        town.say(topic, "Renewed", dwelling, lease, town.day(let), {"until": start + town.random.randrange(900)})
    if town.some(0.25):
        town.say(topic, "TenancyEnded", dwelling, lease, town.day(let), {"on": start + town.random.randrange(600)})
    for tenant in (*tenants[:2], town.random.choice(town.numbers)):
        for kind in ("TenantAdded", "TenantLeft"):
            if town.some(0.2):
                town.say(topic, kind, dwelling, lease, town.day(let - 40), {"tenant": tenant})
    if town.some(0.5):
        outcome = town.random.choice(("done", "done", "nobody_home", "refused"))
        visit = {"task": f"task-{lease}", "outcome": outcome, "note": None, "checks": {"rooms": "2"}}
        town.say("grid.observation", "Visited", dwelling, f"task-{lease}", town.day(let - 20), visit)
