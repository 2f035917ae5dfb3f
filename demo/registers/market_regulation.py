"""Companies: registered, inspected each year; every 25th lost its licence."""

from collections.abc import Iterator
from datetime import date, timedelta

from demo.city import Building, Company, DemoCity
from demo.draw import Draw
from demo.registers import Register, Said, said

TOPIC = "market-regulation.registration"


def say(city: DemoCity, building: Building) -> Iterator[Said]:
    company = building.company
    if company is None:
        return
    draw = Draw("market regulation", city.seed, building.at)
    yield said(
        TOPIC,
        "CompanyRegistered",
        f"设立{building.at:06d}",
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
        outcome = "not_filed" if building.at % 17 == 5 else "failed" if building.at % 31 == 9 else "passed"
        filed = date(city.today.year, 1, 5) - timedelta(days=0 if city.today.month > 1 else 366)
        record = f"年报{year}-{building.at:06d}"
        inspection = "market-regulation.annual-inspection"
        yield said(inspection, "Inspected", record, company.code, filed, year=year, outcome=outcome)
    if on := revoked_on(city, building):
        reason = "通过登记的住所无法联系"
        yield said(TOPIC, "LicenceRevoked", f"吊销{building.at:06d}", company.code, on, on=on, reason=reason)


def represented_by(company: Company, record: str, who: str, at: int, on: date) -> Said:
    """The company changes hands."""
    return said(TOPIC, "RepresentativeChanged", record, company.code, at, legal_representative=who, on=on)


def revoked_on(city: DemoCity, building: Building) -> date | None:
    """The day on which the company of the building lost its licence."""
    return city.today - timedelta(days=90 + building.at % 60) if building.at % 25 == 6 else None


REGISTER = Register("market-regulation", say)
