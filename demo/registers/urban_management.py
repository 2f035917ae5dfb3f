"""Manhole covers and lamps; one in nineteen buildings has a hazard before its door, some were repaired."""

from collections.abc import Iterator
from datetime import date, timedelta

from demo.city import Building, DemoCity
from demo.draw import Draw
from demo.registers import Day, Register, TopicStatement, moment, statement

TOPIC = "urban-management.facility"
FACILITIES = (("01", "井盖", "public_utility", "井盖破损"), ("02", "路灯", "public_utility", "路灯不亮"))
"""Number, what it is, its group, and what becomes of it."""


def say(city: DemoCity, building: Building) -> Iterator[TopicStatement]:
    draw = Draw("urban management", city.seed, building.position)
    for number, what, group, _ in FACILITIES:
        lon, lat = city.places.within(building.grid, draw)
        yield statement(
            TOPIC,
            "FacilityInstalled",
            facility_code(building, number),
            building.grid,
            city.today - timedelta(days=draw.between(300, 3_000)),
            facility=facility_code(building, number),
            facility_kind=group,
            what=what,
            address=f"{city.places.street_address(building.grid)}{building.position + 1}号门前",
            lon=lon,
            lat=lat,
        )
    if building.position % 19 == 0:
        when = moment(city.today - timedelta(days=2), 9)
        yield hazard(building, 0, f"案卷{building.position:06d}", when, urgent=building.position % 38 == 0)
    if building.position % 10 == 3:
        on = city.today - timedelta(days=draw.between(20, 200))
        yield hazard(building, 1, f"案卷{building.position:06d}-旧", moment(on, 9), urgent=False)
        mended = on + timedelta(days=3)
        yield repaired(building, f"案卷{building.position:06d}-旧", mended, mended)


def facility_code(building: Building, number: str) -> str:
    """GB/T 30428: district 6, group 2, kind 2, number 6."""
    return f"{building.grid[:6]}01{number}{building.position:06d}"


def hazard(building: Building, which: int, record: str, when: Day, *, urgent: bool) -> TopicStatement:
    """Something is wrong with a facility before the building."""
    number, _, _, what = FACILITIES[which]
    facility = facility_code(building, number)
    return statement(
        TOPIC, "HazardReported", record, building.grid, when, facility=facility, hazard=what, urgent=urgent
    )


def repaired(building: Building, record: str, on: date, when: Day) -> TopicStatement:
    """The hazard of that report is mended."""
    return statement(TOPIC, "HazardRepaired", record, building.grid, when, on=on)


REGISTER = Register("urban-management", say)
