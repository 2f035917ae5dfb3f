"""Disabled persons' cards: somebody in every third building."""

from collections.abc import Iterator
from datetime import timedelta

from demo.city import Building, DemoCity
from demo.draw import Draw
from demo.registers import Register, TopicStatement, statement

DISABILITIES = ("physical", "physical", "visual", "hearing", "speech", "intellectual", "mental", "multiple")


def say(city: DemoCity, building: Building) -> Iterator[TopicStatement]:
    if building.position % 3 == 1:
        draw = Draw("disabled federation", city.seed, building.position)
        who = draw.of(draw.of(building.households).people)
        when = city.today - timedelta(days=draw.between(100, 2_000))
        said_of_it = {"disability": draw.of(DISABILITIES), "level": draw.between(1, 4)}
        until = when + timedelta(days=3_650)
        topic, record = "disabled-federation.card", f"残证{building.position:06d}"
        yield statement(topic, "CardIssued", record, who.number, when, **said_of_it, until=until)


REGISTER = Register("disabled-federation", say)
