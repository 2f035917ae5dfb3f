"""Warnings by district. Before the demo's day each district had one, lifted long ago."""

from collections.abc import Iterator
from datetime import timedelta

from demo.city import Building, DemoCity
from demo.registers import Day, Register, TopicStatement, moment, statement
from domain.codes import DISTRICTS

TOPIC = "weather.warning"


def say(city: DemoCity, building: Building) -> Iterator[TopicStatement]:
    if building.position < len(DISTRICTS):
        district, when = list(DISTRICTS)[building.position], city.today - timedelta(days=20)
        record = f"预警{when:%Y%m%d}-{district}"
        yield statement(TOPIC, "WarningIssued", record, district, moment(when, 14), hazard="thunder", level="yellow")
        yield lifted(record, district, moment(when, 20))


def issued(record: str, district: str, when: Day, level: str, rainfall_mm: float) -> TopicStatement:
    """Heavy rain is near, or there."""
    return statement(
        TOPIC, "WarningIssued", record, district, when, hazard="rain", level=level, rainfall_mm=rainfall_mm
    )


def lifted(record: str, district: str, when: Day) -> TopicStatement:
    """The warning is over."""
    return statement(TOPIC, "WarningLifted", record, district, when)


REGISTER = Register("weather", say)
