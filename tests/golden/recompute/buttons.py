"""The rules of a bracelet's three buttons."""

from tests.golden.recompute.finding import Found, World, alert
from tests.golden.recompute.standing import each, source

SEVERITY = {"sos": "urgent", "doctor": "urgent", "housekeeper": "today"}


def found(world: World) -> Found:
    for number, row in world.rows["resident"].items():
        facts = world.facts[number]
        answered = {answer["record"] for answer in each(facts, "answers")}
        done = [response["value"] for response in each(facts, "responses") if response["value"]["outcome"] == "done"]
        for call in each(facts, "presses"):
            button = call["value"]["button"]
            ended = [said for said in done if (said["rule"], said["cause"]) == (f"button-{button}", call["record"])]
            if call["record"] not in answered and not ended:
                because, home = [source(call)], (row["dwelling"], row["household"])
                yield alert(f"button-{button}", SEVERITY[button], number, call["record"], because, *home)
