"""Who owns the flats: most households their home, landlords what they let."""

from collections.abc import Iterator
from datetime import timedelta

from demo.city import Building, DemoCity, Person
from demo.draw import Draw
from demo.registers import Register, Said, said


def say(city: DemoCity, building: Building) -> Iterator[Said]:
    draw = Draw("real estate", city.seed, building.at)
    for household in building.households:
        if household.home.use == "residential" and not draw.one_in(5):
            yield _owned(city, draw, household.home.number, household.people[:2])
    for lease in building.leases:
        yield _owned(city, draw, lease.home.number, (lease.landlord,))


def _owned(city: DemoCity, draw: Draw, dwelling: str, owners: tuple[Person, ...]) -> Said:
    on = city.today - timedelta(days=draw.between(400, 6_000))
    record, numbers = f"不动产证{dwelling[7:]}", [owner.number for owner in owners]
    return said("real-estate.ownership", "OwnershipRegistered", record, dwelling, on, owners=numbers, on=on)


REGISTER = Register("real-estate", say)
