"""Vehicles: every third household has a car, every third an e-bike; of those on a benefit some have a car too."""

from collections.abc import Iterator
from datetime import timedelta

from demo.city import Building, DemoCity, Person
from demo.draw import Draw
from demo.registers import Day, Register, Said, said
from demo.registers.civil_affairs import cases


def say(city: DemoCity, building: Building) -> Iterator[Said]:
    draw = Draw("transport", city.seed, building.at)
    drawing = {case.household.number: case.at for case in cases(building)}
    for household in building.households:
        case = drawing.get(household.number)
        kind = {1: "car", 2: "e_bike"}.get(household.at % 3)
        if case is not None:  # most on a benefit own nothing that counts
            kind = "car" if case % 5 == 1 or case % 20 == 3 else "e_bike" if case % 2 else None
        if kind:
            when = city.today - timedelta(days=draw.between(3, 900))
            yield registered(household.people[-1], f"粤A-{household.at:06d}", kind, when)


def registered(owner: Person, plate: str, kind: str, at: Day) -> Said:
    """A vehicle gets its plate."""
    topic = "transport.vehicle-registration"
    return said(topic, "Registered", plate, owner.number, at, vehicle_kind=kind, owner=owner.number)


REGISTER = Register("transport", say)
