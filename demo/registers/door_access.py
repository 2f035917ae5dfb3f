"""Doors with a device: who went out and came home yesterday. Here and there an elder was not seen for days, a tenant
never was, and a door was opened by a card that nobody of the house has."""

from collections.abc import Iterator
from datetime import timedelta

from demo.city import Building, DemoCity, Dwelling, Person
from demo.draw import Draw
from demo.registers import Day, Register, TopicStatement, moment, statement

TOPIC = "door-access.swipe"


def say(city: DemoCity, building: Building) -> Iterator[TopicStatement]:
    draw = Draw("door access", city.seed, building.position)
    yesterday = city.today - timedelta(days=1)
    for home, people in behind_doors(building):
        for number, person in enumerate(people):
            if silent_for_days(building, home):
                day = city.today - timedelta(days=4)
            elif never_seen(building, home) and number == 0:
                continue
            else:
                day = yesterday
            if never_seen(building, home):  # the others have been, for as long as a door's swipes are kept
                yield swiped("SwipedIn", home, person, moment(city.today - timedelta(days=28), 19))
            yield swiped("SwipedOut", home, person, moment(day, 6.5 + draw.share() * 4))
            yield swiped("SwipedIn", home, person, moment(day, 16 + draw.share() * 5))
        if opened_by_a_stranger(building, home):
            for night in range(1, 4):
                at_night = moment(city.today - timedelta(days=night), 1 + draw.share())
                yield swiped_by_card("SwipedIn", home, f"卡{building.position:06d}X", at_night)


def behind_doors(building: Building) -> Iterator[tuple[Dwelling, tuple[Person, ...]]]:
    """The doors that have a device, and who of the household or lease is old enough to go out alone."""
    for household in building.households:
        if household.home.device:
            yield household.home, tuple(person for person in household.people if person.phone)
    for lease in building.leases:
        yield lease.home, lease.tenants


def silent_for_days(building: Building, home: Dwelling) -> bool:
    """An elder who lives alone and has not been seen lately."""
    return building.position % 24 == 6 and building.lone is not None and building.lone.home == home


def never_seen(building: Building, home: Dwelling) -> bool:
    """A rental of whose first tenant nothing is seen."""
    return building.position % 13 == 3 and building.leases[0].home == home if building.leases else False


def opened_by_a_stranger(building: Building, home: Dwelling) -> bool:
    return building.position % 9 == 2 and bool(building.leases) and building.leases[-1].home == home


def swiped(kind: str, home: Dwelling, person: Person, when: Day) -> TopicStatement:
    """Somebody went through a door; the device numbers its own events."""
    record = f"{home.device}/{person.number[14:17]}/{when}"
    return statement(TOPIC, kind, record, home.number, when, resident=person.number, device=home.device)


def swiped_by_card(kind: str, home: Dwelling, card: str, when: Day) -> TopicStatement:
    """A card opened a door, and nobody knows whose it is."""
    return statement(TOPIC, kind, f"{home.device}/{card}/{when}", home.number, when, card=card, device=home.device)


REGISTER = Register("door-access", say)
