"""Vehicles: every third household has a car, every third an e-bike; of those on a benefit some have a car too."""

from collections.abc import Iterator
from datetime import timedelta

from demo.city import Building, DemoCity, Person
from demo.draw import Draw
from demo.registers import Day, Register, TopicStatement, statement
from demo.registers.civil_affairs import cases


def say(city: DemoCity, building: Building) -> Iterator[TopicStatement]:
    draw = Draw("transport", city.seed, building.position)
    drawing = {case.household.number: case.position for case in cases(building)}
    for household in building.households:
        case = drawing.get(household.number)
        kind = {1: "car", 2: "e_bike"}.get(household.position % 3)
        if case is not None:  # most on a benefit own nothing that counts
            kind = "car" if case % 5 == 1 or case % 20 == 3 else "e_bike" if case % 2 else None
        if kind:
            when = city.today - timedelta(days=draw.between(3, 900))
            yield registered(household.people[-1], f"粤A-{household.position:06d}", kind, when)


def registered(owner: Person, plate: str, kind: str, when: Day) -> TopicStatement:
    """A vehicle gets its plate."""
    topic = "transport.vehicle-registration"
    return statement(topic, "Registered", plate, owner.number, when, vehicle_kind=kind, owner=owner.number)


REGISTER = Register("transport", say)
