"""Bracelets of elders who live alone; some of them called once, and were answered."""

from collections.abc import Iterator
from datetime import timedelta

from demo.city import Building, DemoCity, Household
from demo.draw import Draw
from demo.registers import Day, Register, TopicStatement, moment, statement

TOPIC = "bracelet.button"


def say(city: DemoCity, building: Building) -> Iterator[TopicStatement]:
    if building.position % 20 == 10 and building.lone:
        draw = Draw("bracelet", city.seed, building.position)
        when = moment(city.today - timedelta(days=draw.between(10, 300)), 10)
        button = draw.of(("doctor", "housekeeper", "housekeeper"))
        record = f"呼叫{building.position:06d}"
        yield pressed(building.lone, record, button, when)
        yield answered(building.lone, record, when + 240_000_000)
        did = {"task": f"任务-{record}", "rule": f"button-{button}", "cause": record, "outcome": "done"}
        who = building.lone.people[0].number
        yield statement("grid.response", "Responded", f"任务-{record}", who, when + 240_000_000, **did)


def pressed(household: Household, record: str, button: str, when: Day) -> TopicStatement:
    """Who lives alone presses a button of the bracelet."""
    who, home = household.people[0], household.home
    device = f"手环{household.position:07d}"
    return statement(
        TOPIC, "Pressed", record, who.number, when, button=button, device=device, lon=home.lon, lat=home.lat
    )


def answered(household: Household, record: str, when: Day) -> TopicStatement:
    """Somebody has answered the call."""
    return statement(TOPIC, "Answered", record, household.people[0].number, when, outcome="已上门")


REGISTER = Register("bracelet", say)
