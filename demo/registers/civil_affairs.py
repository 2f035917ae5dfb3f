"""Marriages of the couples, and benefits of each ninth household."""

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from demo.city import Building, DemoCity, Household, Person
from demo.draw import Draw
from demo.registers import Register, TopicStatement, statement

PROGRAMMES = ("dibao", "public_rental", "medical", "dibao", "low_income")
DIBAO_FEN = 123_800
"""A month's minimum allowance in the demo."""


class Case(NamedTuple):
    """A benefit. `position`: that among all cases of the city."""

    position: int
    record: str
    who: Person
    household: Household
    programme: str


def cases(building: Building) -> Iterator[Case]:
    """The benefits drawn in a building."""
    for household in building.households:
        index, rest = divmod(household.position, 9)
        if rest == 0:
            yield Case(index, f"救助{index:06d}", household.people[0], household, PROGRAMMES[index % len(PROGRAMMES)])


def say(city: DemoCity, building: Building) -> Iterator[TopicStatement]:
    draw = Draw("civil affairs", city.seed, building.position)
    for household in building.households:
        if len(household.people) > 1:
            man, woman = sorted(household.people[:2], key=lambda person: person.sex != "male")
            on = city.today - timedelta(days=draw.between(500, 3_000))
            # one line of the register, of which its reader makes the wife's statement too
            married = ("civil-affairs.marriage", "Married", f"婚{household.position:07d}", man.number, on)
            yield statement(*married, spouse=woman.number, on=on)
    for case in cases(building):
        granted = city.today - timedelta(days=draw.between(60, 700))
        yield statement(
            "civil-affairs.social-assistance",
            "Granted",
            case.record,
            case.who.number,
            granted,
            programme=case.programme,
            household=case.household.number,
            effective_from=granted + timedelta(days=15),
            monthly_fen=DIBAO_FEN if case.programme == "dibao" else None,
            dwelling=case.household.home.number,
        )


REGISTER = Register("civil-affairs", say)
