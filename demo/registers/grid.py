"""What grid workers saw: old leases were visited within days, those of the last two weeks wait; most elders who live
alone were visited yesterday, and most families on an allowance a month ago."""

from collections.abc import Iterator
from datetime import timedelta

from demo.city import Building, DemoCity
from demo.registers import Day, Register, TopicStatement, moment, statement
from demo.registers.civil_affairs import cases
from demo.registers.health import conditions
from domain.time import hours

KNOWN_DAYS = 30


def say(city: DemoCity, building: Building) -> Iterator[TopicStatement]:
    for lease in building.leases:
        if (city.today - lease.start).days > KNOWN_DAYS:
            yield visited(lease.home.number, f"走访-{lease.record}", moment(lease.start + timedelta(days=4), 12))
    if building.position % 50 == 1:
        task, home = f"指令{building.position:06d}", building.households[0].home.number
        when = moment(city.today - timedelta(days=60), 9)
        instruction = "请核实楼道杂物是否已清理"
        yield statement("grid.instruction", "Instructed", task, home, when, task=task, instruction=instruction)
        yield statement("grid.instruction", "FedBack", f"{task}-1", home, when + hours(5), task=task, outcome="done")
    if building.position % 50 == 2:
        home = building.households[0].home.number
        scanned = moment(city.today - timedelta(days=20), 10)
        yield statement(
            "grid.report", "ReportAccepted", f"上报{building.position:06d}", home, scanned, category="lighting"
        )
        yield visited(home, f"走访-上报{building.position:06d}", scanned + hours(26))
    if building.lone and building.position % 8 != 4:
        yesterday = moment(city.today - timedelta(days=1), 15)
        yield visited(building.lone.home.number, f"走访-独居{building.position:06d}", yesterday)
    for ill in conditions(city, building):
        if ill.condition == "serious_illness" and ill.days > KNOWN_DAYS:
            when = moment(city.today - timedelta(days=ill.days - 5), 10)
            yield visited(ill.home.number, f"走访-{ill.record}", when)
    for case in cases(building):
        if case.position % 6 != 0:
            month_ago = moment(city.today - timedelta(days=30), 10)
            yield visited(case.household.home.number, f"走访-{case.record}", month_ago)


def visited(dwelling: str, task: str, when: Day) -> TopicStatement:
    """A grid worker met someone."""
    return statement("grid.observation", "Visited", task, dwelling, when, task=task, outcome="done")


REGISTER = Register("grid", say)
