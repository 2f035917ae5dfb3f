"""Companies: registered, inspected each year; every 25th lost its licence."""

from collections.abc import Iterator
from datetime import date, timedelta

from demo.city import Building, Company, DemoCity
from demo.draw import Draw
from demo.registers import Register, TopicStatement, statement

TOPIC = "market-regulation.registration"


def say(city: DemoCity, building: Building) -> Iterator[TopicStatement]:
    company = building.company
    if company is None:
        return
    draw = Draw("market regulation", city.seed, building.position)
    yield statement(
        TOPIC,
        "CompanyRegistered",
        f"设立{building.position:06d}",
        company.code,
        company.founded,
        name=company.name,
        company_kind=company.kind,
        legal_representative=company.representative.number,
        dwelling=company.shop.number,
        address=company.shop.address,
        capital_fen=draw.between(1, 50) * 10_000_000 if company.kind == "enterprise" else None,
        on=company.founded,
    )
    year = city.today.year - 1
    if company.founded.year <= year:
        outcome = "not_filed" if building.position % 17 == 5 else "failed" if building.position % 31 == 9 else "passed"
        filed = date(city.today.year, 1, 5) - timedelta(days=0 if city.today.month > 1 else 366)
        record = f"年报{year}-{building.position:06d}"
        inspection = "market-regulation.annual-inspection"
        yield statement(inspection, "Inspected", record, company.code, filed, year=year, outcome=outcome)
    if on := revoked_on(city, building):
        reason = "通过登记的住所无法联系"
        yield statement(TOPIC, "LicenceRevoked", f"吊销{building.position:06d}", company.code, on, on=on, reason=reason)


def represented_by(company: Company, record: str, who: str, position: int, on: date) -> TopicStatement:
    """The company changes hands."""
    return statement(TOPIC, "RepresentativeChanged", record, company.code, position, legal_representative=who, on=on)


def revoked_on(city: DemoCity, building: Building) -> date | None:
    """The day on which the company of the building lost its licence."""
    return city.today - timedelta(days=90 + building.position % 60) if building.position % 25 == 6 else None


REGISTER = Register("market-regulation", say)
