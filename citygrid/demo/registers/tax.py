"""Tax returns of a third of the households' heads."""

from collections.abc import Iterator
from datetime import timedelta

from citygrid.demo.city import Building, DemoCity
from citygrid.demo.draw import Draw
from citygrid.demo.registers import Register, Said, said


def say(city: DemoCity, building: Building) -> Iterator[Said]:
    draw = Draw("tax", city.seed, building.at)
    for household in building.households[::3]:
        when = city.today - timedelta(days=draw.between(30, 300))
        amount = draw.between(0, 30_000) * 100 + 50
        who = household.people[0].number
        record = f"税{household.at:07d}"
        yield said("tax.tax-record", "TaxReturn", record, who, when, period=f"{when:%Y-%m}", amount_fen=amount)


REGISTER = Register("tax", say)
