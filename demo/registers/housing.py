"""The dwelling register, the tenancies, and how safe some houses are."""

from collections.abc import Iterator
from datetime import date, timedelta

from demo.city import Building, DemoCity, Lease
from demo.draw import Draw
from demo.registers import Day, Register, TopicStatement, statement

TENANCY = "housing.tenancy"
SAFETY = "housing.dwelling-safety"


def say(city: DemoCity, building: Building) -> Iterator[TopicStatement]:
    draw = Draw("housing", city.seed, building.position)
    for home in building.dwellings:
        yield statement(
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
    yield from _safety(city, building)


def _safety(city: DemoCity, building: Building) -> Iterator[TopicStatement]:
    """One flat in eleven buildings is dangerous and was reinforced, one in thirteen is grade C, one in five grade B."""
    homes = [household.home.number for household in building.households]
    for remainder, of, door, grade in ((0, 11, 1, "D"), (2, 13, 0, "C"), (3, 5, 2, "B")):
        if building.position % of == remainder and door < len(homes):
            on, record = (
                city.today - timedelta(days=3_000 + building.position % 500),
                f"鉴定{building.position:06d}-{grade}",
            )
            yield statement(SAFETY, "Graded", record, homes[door], on, grade=grade, on=on)
            if grade == "D":
                reinforced = on + timedelta(days=200)
                yield statement(SAFETY, "Reinforced", f"{record}-固", homes[door], reinforced, on=reinforced)


def let(lease: Lease, let_at: Day | None = None) -> TopicStatement:
    """The flat is let; `at` that instant, else on the day on which the lease begins."""
    tenants = [tenant.number for tenant in lease.tenants]
    when: date | int = lease.start if let_at is None else let_at
    home, landlord = lease.home.number, lease.landlord.number
    return statement(TENANCY, "Let", lease.record, home, when, landlord=landlord, tenants=tenants, start=lease.start)


REGISTER = Register("housing", say)
