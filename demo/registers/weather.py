"""Warnings by district. Before the demo's day each district had one, lifted long ago."""

from collections.abc import Iterator
from datetime import timedelta

from demo.city import Building, DemoCity
from demo.registers import Day, Register, Said, moment, said
from domain.codes import DISTRICTS

TOPIC = "weather.warning"


def say(city: DemoCity, building: Building) -> Iterator[Said]:
    if building.at < len(DISTRICTS):
        district, when = list(DISTRICTS)[building.at], city.today - timedelta(days=20)
        record = f"预警{when:%Y%m%d}-{district}"
        yield said(TOPIC, "WarningIssued", record, district, moment(when, 14), hazard="thunder", level="yellow")
        yield lifted(record, district, moment(when, 20))


def issued(record: str, district: str, at: Day, level: str, rainfall_mm: float) -> Said:
    """Heavy rain is near, or there."""
    return said(TOPIC, "WarningIssued", record, district, at, hazard="rain", level=level, rainfall_mm=rainfall_mm)


def lifted(record: str, district: str, at: Day) -> Said:
    """The warning is over."""
    return said(TOPIC, "WarningLifted", record, district, at)


REGISTER = Register("weather", say)
