"""What grid workers saw: old leases were visited within days, those of the last two weeks wait."""

from collections.abc import Iterator
from datetime import timedelta

from citygrid.demo.city import Building, DemoCity
from citygrid.demo.registers import Day, Register, Said, moment, said

KNOWN_DAYS = 30


def say(city: DemoCity, building: Building) -> Iterator[Said]:
    for lease in building.leases:
        if (city.today - lease.start).days > KNOWN_DAYS:
            yield visited(lease.home.number, f"走访-{lease.record}", moment(lease.start + timedelta(days=4), 12))


def visited(dwelling: str, task: str, at: Day) -> Said:
    """A grid worker met someone."""
    return said("grid.observation", "Visited", task, dwelling, at, task=task, outcome="done")


REGISTER = Register("grid", say)
