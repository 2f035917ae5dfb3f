"""Tax returns of a third of the households' heads and of the companies: some file though their licence is revoked."""

from collections.abc import Iterator
from datetime import timedelta

from demo.city import Building, DemoCity
from demo.draw import Draw
from demo.registers import Register, TopicStatement, statement
from demo.registers.market_regulation import revoked_on

COMPANY = "tax.company-tax"


def say(city: DemoCity, building: Building) -> Iterator[TopicStatement]:
    draw = Draw("tax", city.seed, building.position)
    for household in building.households[::3]:
        when = city.today - timedelta(days=draw.between(30, 300))
        amount = draw.between(0, 30_000) * 100 + 50
        who = household.people[0].number
        record = f"税{household.position:07d}"
        yield statement("tax.tax-record", "TaxReturn", record, who, when, period=f"{when:%Y-%m}", amount_fen=amount)
    if company := building.company:
        record, since = f"企税{building.position:06d}", company.founded + timedelta(days=10)
        yield statement(COMPANY, "CompanyTaxRegistered", record, company.code, since, on=since)
        revoked = revoked_on(city, building)
        filed = city.today.replace(day=1) - timedelta(days=1)
        if revoked and building.position % 50 != 6:
            filed = revoked - timedelta(days=20)
        values = {"period": f"{filed:%Y-%m}", "amount_fen": draw.between(100, 90_000) * 100}
        yield statement(COMPANY, "CompanyTaxReturn", f"{record}-{filed:%Y%m}", company.code, filed, **values)
        if building.position % 27 == 13:
            yield statement(COMPANY, "CompanyArrears", f"{record}-欠", company.code, filed, **values)


REGISTER = Register("tax", say)
