"""Housing's safety grades, the real estate register, door devices, instructions to grid workers."""

from tests.golden.city.said import FIRST, LAST, Change
from tests.golden.city.town import Town

SWIPE = "door-access.swipe"


def tell(town: Town) -> None:
    people = at_home(town)
    for at, dwelling in enumerate(town.dwellings):
        safety(town, f"JD{at:06d}", dwelling)
        if town.some(0.4):
            ownership(town, f"BDC{at:06d}", dwelling)
        if town.some(0.1):
            instructed(town, f"I{at:06d}", dwelling)
        if town.some(0.3):
            door(town, f"MJ{at:06d}", dwelling, people.get(dwelling, []))


def at_home(town: Town) -> dict[str, list[str]]:
    """dwelling → who was registered or let in, as far as they were ever said to be."""
    people: dict[str, list[str]] = {}
    for number, household in town.lives.items():
        people.setdefault(town.lies[household], []).append(number)
    for said in town.said.values():
        if said.kind == "Let":
            people.setdefault(said.subject, []).extend(said.change["tenants"])
    return people


def safety(town: Town, record: str, dwelling: str) -> None:
    topic = "housing.dwelling-safety"
    for turn in range(town.some(0.15) + town.some(0.03)):
        day = town.day()
        grade: Change = {"grade": town.random.choice("ABCD"), "on": day - town.random.randrange(5)}
        town.say(topic, "Graded", dwelling, f"{record}-{turn}", day, grade)
    if town.some(0.06):
        day = town.day()
        done: Change = {"on": day, "lasts_until": town.random.choice((None, day + 300, day + 1_800))}
        town.say(topic, "Reinforced", dwelling, f"{record}-0", day, done)


def ownership(town: Town, record: str, dwelling: str) -> None:
    topic, day = "real-estate.ownership", town.day()
    owners = town.random.sample(town.numbers, town.random.choice((1, 1, 2)))
    town.say(topic, "OwnershipRegistered", dwelling, record, day, {"owners": owners, "on": day})
    if town.some(0.2):
        day = town.day(day)
        buyers = town.random.sample(town.numbers, town.random.choice((1, 2)))
        sale: Change = {"from_owners": owners[:1] if town.some(0.3) else owners, "owners": buyers, "on": day}
        town.say(topic, "OwnershipTransferred", dwelling, f"{record}-T", day, sale)
    if town.some(0.1):
        day = town.day(day)
        town.say(topic, "OwnershipEnded", dwelling, record, day, {"on": day})


def instructed(town: Town, record: str, dwelling: str) -> None:
    topic, day, task = "grid.instruction", town.day(), f"task-{record}"
    town.say(topic, "Instructed", dwelling, record, day, {"task": task, "instruction": "查看楼道"})
    if town.some(0.7):
        outcome = town.random.choice(("done", "nobody_home", "refused"))
        town.say(topic, "FedBack", dwelling, record, day, {"task": task, "outcome": outcome, "note": None})


def door(town: Town, device: str, dwelling: str, people: list[str]) -> None:
    """A month or two of a door: most people come and go, some are not seen, now and then somebody else is."""
    passed: list[tuple[str | None, str | None, int]] = []
    for who in people:
        for _ in range(town.random.choice((0, 0, 1, 2))):
            card = f"K{who[-6:]}" if town.some(0.5) else None
            passed.append((who if card is None or town.some(0.7) else None, card, LAST - days_ago(town)))
    if people and town.some(0.7):  # the device has been there for a while
        passed.append((people[0], None, LAST - town.random.randrange(25, 30)))
    if town.some(0.25):
        passed.append((town.random.choice(town.numbers), None, LAST - town.random.randrange(9)))
    if town.some(0.1):
        passed.append((None, f"K9{device}", LAST - town.random.randrange(9)))
    if town.some(0.1):
        passed.append((None, None, LAST - town.random.randrange(9)))
    if town.some(0.05):
        passed.append((people[0] if people else None, None, town.day(FIRST, LAST)))
    for at, (resident, card, day) in enumerate(passed):
        kind = town.random.choice(("SwipedIn", "SwipedOut"))
        swipe: Change = {"resident": resident, "card": card, "device": device}
        town.say(SWIPE, kind, dwelling, f"{device}-{at:04d}", day, swipe)


def days_ago(town: Town) -> int:
    return town.random.choice((0, 0, 1, 2, 4, 6, 8, 12, 18, 22, 26, 28, 29, 30, 31, 33, 45))
