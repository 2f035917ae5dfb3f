"""The rules of a bracelet's three buttons."""

from tests.golden.recompute.finding import Found, World, alert, local_day, years_on
from tests.golden.recompute.standing import of_records, source

SEVERITY = {"sos": "urgent", "doctor": "urgent", "housekeeper": "today"}


def findings(world: World) -> Found:
    for number, row in world.rows["resident"].items():
        facts = world.facts[number]
        answered = {answer["record"] for answer in of_records(facts, "answers")}
        done = [
            response["value"] for response in of_records(facts, "responses") if response["value"]["outcome"] == "done"
        ]
        for call in of_records(facts, "presses"):
            button = call["value"]["button"]
            ended = [
                response
                for response in done
                if (response["rule"], response["cause"]) == (f"button-{button}", call["record"])
            ]
            forgotten = years_on(local_day(call["occurred_at"]), 3) <= world.today
            if call["record"] not in answered and not ended and not forgotten:
                because, home = [source(call)], (row["dwelling"], row["household"])
                yield alert(f"button-{button}", SEVERITY[button], number, call["record"], because, *home)
