"""The police: numbers that are one person's, in chains, in rings, to themselves; newborns who were given a number."""

from tests.golden.city.town import Town

TOPIC = "police.identity-linked"


def tell(town: Town) -> None:
    for at in range(len(town.numbers) // 25):
        one, *others = town.random.sample(town.numbers, town.random.choice((2, 2, 3, 4)))
        for turn, (old, new) in enumerate(zip([one, *others[:-1]], others, strict=True)):
            changed(town, f"GL{at:05d}-{turn}", old, new)
        if town.some(0.3):  # and back: the newest link says which number it is now
            changed(town, f"GL{at:05d}-R", others[-1], one)
        if town.some(0.1):
            changed(town, f"GL{at:05d}-S", others[-1], others[-1])
    for at, (certificate, child) in enumerate(town.newborns.items()):
        if at % 4 != 3:  # the others have no number yet
            town.say(TOPIC, "NumberGiven", certificate, f"GN{at:05d}", town.day(), {"to": child})


def changed(town: Town, record: str, old: str, new: str) -> None:
    town.say(TOPIC, town.random.choice(("NumberChanged", "SamePerson")), old, record, town.day(), {"to": new})
