"""What grid workers saw: old leases were visited within days, those of the last two weeks wait; most elders who live
alone were visited yesterday, and most families on an allowance a month ago."""

from collections.abc import Iterator
from datetime import timedelta

from citygrid.demo.city import Building, DemoCity
from citygrid.demo.registers import Day, Register, Said, moment, said
from citygrid.demo.registers.civil_affairs import cases

KNOWN_DAYS = 30


def say(city: DemoCity, building: Building) -> Iterator[Said]:
    for lease in building.leases:
        if (city.today - lease.start).days > KNOWN_DAYS:
            yield visited(lease.home.number, f"走访-{lease.record}", moment(lease.start + timedelta(days=4), 12))
    if building.lone and building.at % 8 != 4:
        yesterday = moment(city.today - timedelta(days=1), 15)
        yield visited(building.lone.home.number, f"走访-独居{building.at:06d}", yesterday)
    for case in cases(building):
        if case.at % 6 != 0:
            month_ago = moment(city.today - timedelta(days=30), 10)
            yield visited(case.household.home.number, f"走访-{case.record}", month_ago)


def visited(dwelling: str, task: str, at: Day) -> Said:
    """A grid worker met someone."""
    return said("grid.observation", "Visited", task, dwelling, at, task=task, outcome="done")


REGISTER = Register("grid", say)
