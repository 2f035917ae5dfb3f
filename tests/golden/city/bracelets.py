"""The bracelets' platform and those who answer: buttons pressed, calls answered, tasks about people carried out."""

from tests.golden.city.said import LAST, Change
from tests.golden.city.town import Town

BUTTONS = ("sos", "doctor", "doctor", "housekeeper", "housekeeper")


def tell(town: Town) -> None:
    for at in range(len(town.numbers) // 8):
        call(town, f"BC{at:06d}", town.random.choice(town.numbers))


def call(town: Town, call: str, person: str) -> None:
    pressed, button = town.day(), town.random.choice(BUTTONS)
    where = (113.36, 22.94) if town.some(0.5) else (None, None)
    change: Change = {"button": button, "device": f"W{call}", "lon": where[0], "lat": where[1]}
    town.say("bracelet.button", "Pressed", person, call, pressed, change)
    if town.some(0.3):
        answered = min(pressed + town.random.randrange(2), LAST)
        outcome = town.random.choice((None, "电话已接通"))
        town.say("bracelet.button", "Answered", person, call, answered, {"outcome": outcome})
    for turn in range(town.random.choice((0, 0, 1, 2))):
        response: Change = {
            "task": f"task-{call}-{turn}",
            "rule": f"button-{button}" if town.some(0.9) else "benefit-for-dead",
            "cause": call,
            "outcome": town.random.choice(("done", "nobody_home", "refused")),
            "note": None,
        }
        town.say("grid.response", "Responded", person, f"task-{call}-{turn}", town.day(pressed), response)
