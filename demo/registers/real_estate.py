"""Who owns the flats: most households their home, landlords what they let."""

from collections.abc import Iterator
from datetime import timedelta

from demo.city import Building, DemoCity, Person
from demo.draw import Draw
from demo.registers import Register, TopicStatement, statement


def say(city: DemoCity, building: Building) -> Iterator[TopicStatement]:
    draw = Draw("real estate", city.seed, building.position)
    for household in building.households:
        if household.home.use == "residential" and not draw.one_in(5):
            yield _owned(city, draw, household.home.number, household.people[:2])
    for lease in building.leases:
        yield _owned(city, draw, lease.home.number, (lease.landlord,))


def _owned(city: DemoCity, draw: Draw, dwelling: str, owners: tuple[Person, ...]) -> TopicStatement:
    on = city.today - timedelta(days=draw.between(400, 6_000))
    record, numbers = f"不动产证{dwelling[7:]}", [owner.number for owner in owners]
    return statement("real-estate.ownership", "OwnershipRegistered", record, dwelling, on, owners=numbers, on=on)


REGISTER = Register("real-estate", say)
