"""The migrant-population office: people who come to live in the city, their permits, moves and leaving."""

from tests.golden.city.said import FIRST, LAST, Change
from tests.golden.city.town import Town

TOPIC = "migration.residence"


def tell(town: Town) -> None:
    for at, person in enumerate(town.random.sample(town.numbers, len(town.numbers) // 7)):
        newcomer(town, at, person)


def newcomer(town: Town, at: int, person: str) -> None:
    record, arrived = f"LS{at:06d}", town.day(FIRST, LAST - 60)
    home = town.lies[town.lives[person]]
    change: Change = {
        "name": f"来穗{at}",
        "sex": town.random.choice(("female", "male")),
        "born": town.born[person],
        "origin": town.random.choice((None, "示例省")),
        "dwelling": home if town.some(0.3) else town.random.choice(town.dwellings),
        "purpose": town.random.choice(("work", "work", "study", "family", "other")),
        "phone": town.phone() if town.some(0.4) else None,
    }
    town.say(TOPIC, "Arrived", person, record, arrived, change)
    permits(town, at, person, arrived)
    if town.some(0.25):
        moved: Change = {"dwelling": town.random.choice((home, *town.dwellings)), "address": None}
        town.say(TOPIC, "Moved", person, record, town.day(arrived), moved)
    if town.some(0.15):
        left = town.day(arrived)
        town.say(TOPIC, "Left", person, record, left, {"on": left, "destination": None})


def permits(town: Town, at: int, person: str, arrived: int) -> None:
    """Permits that follow one another, overlap or leave a gap; many end in the days around the last clock."""
    begins = arrived + town.random.choice((0, 10))
    until = LAST + town.random.randrange(-4, 14) if town.some(0.4) else begins + town.random.choice((180, 365))
    for turn in range(town.random.choice((0, 1, 1, 1, 2))):
        permit: Change = {"effective_from": begins, "until": until}
        town.say(TOPIC, "PermitIssued", person, f"JZ{at:06d}-{turn}", min(begins, LAST), permit)
        if town.some(0.15):
            on = begins + town.random.randrange(200)
            town.say(TOPIC, "PermitCancelled", person, f"JZ{at:06d}-{turn}", min(on, LAST), {"on": on})
        begins = until + town.random.choice((0, 0, -20, 5))
        until = begins + 365
