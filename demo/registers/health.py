"""Health: severe mental illness of some who live alone, serious illness, births, family planning."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from demo.city import Building, DemoCity, Dwelling, Household, Person
from demo.draw import Draw
from demo.registers import Day, Register, TopicStatement, statement

CONDITION = "health.condition"
NEWBORN_DAYS = 700
"""Children younger than that have a birth record."""


class Condition(NamedTuple):
    """Something of somebody's health, reported so many `days` ago; `home`: where they are registered."""

    record: str
    who: Person
    home: Dwelling
    condition: str
    days: int
    level: int | None = None


def conditions(city: DemoCity, building: Building) -> Iterator[Condition]:
    """What doctors have reported of a building's residents."""
    draw = Draw("health", city.seed, building.position)
    if building.lone and building.position % 16 == 1:
        record, who = f"精防{building.position:06d}", building.lone.people[0]
        yield Condition(record, who, building.lone.home, "severe_mental", 900, 4)
    household = draw.of(building.households)
    who, home = household.people[0], household.home
    if building.position % 7 == 3:
        days = draw.between(1, 4) if building.position % 21 == 3 else draw.between(100, 800)
        yield Condition(f"重疾{building.position:06d}", who, home, "serious_illness", days)
    if building.position % 29 == 7:
        yield Condition(f"传染{building.position:06d}", who, home, "contagious", 60)


def say(city: DemoCity, building: Building) -> Iterator[TopicStatement]:
    for ill in conditions(city, building):
        on = city.today - timedelta(days=ill.days)
        yield reported(ill, on, on)
        if ill.condition == "contagious":
            ended = on + timedelta(days=30)
            ending = {"effective_from": ended, "reason": "已治愈"}
            yield statement(CONDITION, "ConditionEnded", ill.record, ill.who.number, ended, **ending)
    for household in building.households:
        yield from _births(city, household)


def reported(ill: Condition, when: Day, on: date) -> TopicStatement:
    """A doctor reports it."""
    values = {"condition": ill.condition, "level": ill.level, "effective_from": on}
    return statement(CONDITION, "Reported", ill.record, ill.who.number, when, **values)


def newborns(city: DemoCity, household: Household) -> Iterator[tuple[str, Person]]:
    """The small children of a household with the number of their birth certificate (a letter that is not in use)."""
    for number, person in enumerate(household.people):
        if person.relation in ("子", "女") and (city.today - person.born).days < NEWBORN_DAYS:
            yield f"Z{household.position * 10 + number:09d}", person


def _births(city: DemoCity, household: Household) -> Iterator[TopicStatement]:
    children = list(newborns(city, household))
    if not children:
        return
    mother, father = sorted(household.people[:2], key=lambda person: person.sex != "female")
    for certificate, child in children:
        values = {"sex": child.sex, "born": child.born, "mother": mother.number, "father": father.number}
        record, hospital = f"出生{certificate}", "示例妇幼保健院"
        yield statement("health.birth-record", "Born", record, certificate, child.born, **values, hospital=hospital)
    on = children[0][1].born - timedelta(days=100)
    record = f"计生{household.position:07d}"
    children_of_hers = sum(person.relation in ("子", "女") for person in household.people)
    topic = "health.family-planning"
    yield statement(topic, "ServiceRegistered", record, mother.number, on, children=children_of_hers, on=on)


REGISTER = Register("health", say)
