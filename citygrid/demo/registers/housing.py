"""The dwelling register and the tenancies."""

from collections.abc import Iterator
from datetime import date, timedelta

from citygrid.demo.city import Building, DemoCity, Lease
from citygrid.demo.draw import Draw
from citygrid.demo.registers import Day, Register, Said, said

TENANCY = "housing.tenancy"


def say(city: DemoCity, building: Building) -> Iterator[Said]:
    draw = Draw("housing", city.seed, building.at)
    for home in building.dwellings:
        yield said(
            "housing.dwelling-register",
            "DwellingRegistered",
            f"房{home.number[7:]}",
            home.number,
            city.today - timedelta(days=draw.between(500, 4_000)),
            grid=home.grid,
            address=home.address,
            floor_area_m2=home.floor_area_m2,
            use=home.use,
            district=home.grid[:6],
            lon=home.lon,
            lat=home.lat,
        )
    for lease in building.leases:
        yield let(lease)


def let(lease: Lease, at: Day | None = None) -> Said:
    """The flat is let; `at` that instant, else on the day on which the lease begins."""
    tenants = [tenant.number for tenant in lease.tenants]
    when: date | int = lease.start if at is None else at
    home, landlord = lease.home.number, lease.landlord.number
    return said(TENANCY, "Let", lease.record, home, when, landlord=landlord, tenants=tenants, start=lease.start)


REGISTER = Register("housing", say)
