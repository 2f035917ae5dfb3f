"""Who lives in the demo city: building by building, each from the seed and its own number alone.

Nobody has to hold the whole city: a building of thirty residents is made when it is asked for, and a city of 2,000 is
the beginning of the city of 1,000,000. Names are plainly made up; identity numbers begin with 99, which is the code of
no place, so that they are nobody's; telephone numbers begin with 0200, which nobody has.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from demo.draw import Draw
from demo.places import MICRO, Point, places_of
from domain.codes import DISTRICTS, with_check_character, with_credit_check

SURNAMES = "赵钱孙李周吴郑王冯陈"
SIZES = (1, 2, 2, 3, 3, 3, 4, 5)
"""Households of a building, in another order in each."""
ROLES = ("户主", "配偶", "子", "女", "母亲")
MIGRANTS = (3, 4)
"""Migrants in a building's first and second rental."""
PEOPLE = sum(SIZES) + sum(MIGRANTS)
"""Residents of a building that is not the last one."""
NUMBERS = 40
"""Identity numbers that a building may use."""
AREAS = (36.5, 45.0, 58.0, 72.5, 89.0, 104.0)
NEIGHBOURS = 64
"""Landlords, tenants and employers are found among so many buildings before one's own."""
CACHED = 512


class Person(NamedTuple):
    """`relation` to the head of the household as the police write it; empty: a migrant. `phone`: empty if unknown."""

    number: str
    name: str
    sex: str
    born: date
    relation: str
    phone: str

    def age(self, today: date) -> int:
        return today.year - self.born.year - ((today.month, today.day) < (self.born.month, self.born.day))


class Dwelling(NamedTuple):
    """`number` is that of the address register, `use` as the contract has it; `device`: of its door, or empty."""

    number: str
    grid: str
    address: str
    floor_area_m2: float
    use: str
    lon: float
    lat: float
    device: str


class Household(NamedTuple):
    """`position`: that among all households of the city."""

    position: int
    number: str
    home: Dwelling
    people: tuple[Person, ...]


class Lease(NamedTuple):
    """`migrants`: the tenants whom no household register of the city knows."""

    position: int
    record: str
    home: Dwelling
    landlord: Person
    tenants: tuple[Person, ...]
    migrants: tuple[Person, ...]
    start: date


class Company(NamedTuple):
    """`code`: its unified social credit code, of nobody either."""

    code: str
    name: str
    kind: str
    representative: Person
    shop: Dwelling
    founded: date


class Building(NamedTuple):
    """Everything of one building: what the departments' registers are made of."""

    position: int
    grid: str
    households: tuple[Household, ...]
    leases: tuple[Lease, ...]
    company: Company | None

    @property
    def dwellings(self) -> Iterator[Dwelling]:
        yield from (household.home for household in self.households)
        yield from (lease.home for lease in self.leases)
        if self.company:
            yield self.company.shop

    @property
    def registered(self) -> Iterator[Person]:
        """Whom the household register knows here."""
        for household in self.households:
            yield from household.people

    @property
    def migrants(self) -> Iterator[tuple[Lease, Person]]:
        for lease in self.leases:
            for person in lease.migrants:
                yield lease, person

    @property
    def people(self) -> Iterator[Person]:
        yield from self.registered
        yield from (person for _, person in self.migrants)

    @property
    def lone(self) -> Household | None:
        """The one who lives alone."""
        return next((household for household in self.households if len(household.people) == 1), None)


class DemoCity:
    """The city as of `today`, the same for the same seed, number of residents and day."""

    def __init__(self, seed: int, residents: int, today: date) -> None:
        self.seed, self.residents, self.today = seed, residents, today
        self.places = places_of(seed)
        self.count = -(-residents // PEOPLE)
        self.households = lru_cache(CACHED)(self._households)
        self.place_of = lru_cache(CACHED)(self._place_of)

    def buildings(self, first: int = 0) -> Iterator[Building]:
        """All buildings from the `first` on, one at a time."""
        return map(self.building, range(first, self.count))

    def building(self, position: int) -> Building:
        """The building of this number, from 0 up to `count`, not included."""
        households = self.households(position)
        left = min(PEOPLE, self.residents - position * PEOPLE) - sum(len(household.people) for household in households)
        leases = tuple(self._leases(position, left)) if left > 0 else ()
        return Building(
            position, self.grid_of(position), households, leases, self._company(position) if leases else None
        )

    def grid_of(self, position: int) -> str:
        """The grid of a building: two or one in each until all are lived in, then all over again."""
        return self.places.grids[position * 3 // 4 % len(self.places.grids)]

    def _place_of(self, position: int) -> Point:
        """Where a building stands, and with it all its doors: two buildings are never on one spot."""
        turn, number = divmod(position * 3 // 4, len(self.places.grids))
        second = position > 0 and (position - 1) * 3 // 4 == position * 3 // 4
        x, y = self.places.plan(self.places.grids[number]).parcel(turn * 2 + second).middle
        return x / MICRO, y / MICRO

    def neighbour(self, position: int, draw: Draw) -> int:
        """One of the buildings before this one (the first one has only itself)."""
        return max(0, position - 1 - draw.below(min(position, NEIGHBOURS))) if position else 0

    def somebody(self, position: int, draw: Draw) -> Person:
        """A grown-up who is registered in a building before this one."""
        return draw.of(draw.of(self.households(self.neighbour(position, draw))).people[:2])

    # --- who lives where --------------------------------------------------------------------------------------------

    def _households(self, position: int) -> tuple[Household, ...]:
        draw, left = Draw("building", self.seed, position), min(sum(SIZES), self.residents - position * PEOPLE)
        households: list[Household] = []
        first = 0
        for number, size in enumerate(draw.shuffled(SIZES)):
            if first >= left:
                break
            place = position * len(SIZES) + number
            head = draw.between(25, 60) if size > 1 or position % 2 else draw.between(62, 90)
            people = tuple(
                self._person(position, first + index, draw, ROLES[index], head)
                for index in range(min(size, left - first))
            )
            home = self._dwelling(position, number, draw, "public_rental" if place % 9 == 4 else "residential")
            households.append(Household(place, f"{home.grid[:6]}{place:08d}", home, people))
            first += size
        return tuple(households)

    def _person(self, position: int, index: int, draw: Draw, relation: str, head: int) -> Person:
        """`head`: years of the household's head."""
        match relation:
            case "子" | "女":
                years = head - draw.between(22, 34)
                years = years if 0 <= years < 25 else draw.below(25)
            case "母亲":
                years = head + draw.between(20, 30)
            case "配偶":
                years = max(22, head + draw.between(-6, 6))
            case _:
                years = head
        born = self.today - timedelta(days=years * 365 + years // 4 + draw.below(330) + 30)
        man = {"子": True, "女": False, "母亲": False, "户主": position % 2 == 0, "配偶": position % 2 == 1}.get(
            relation, draw.one_in(2)
        )
        number = position * NUMBERS + index
        digits = f"99{number // 500:04d}{born:%Y%m%d}{number % 500 * 2 + man:03d}"  # odd for men
        phone = f"0200{number:07d}" if years >= 16 else ""
        name = f"{SURNAMES[draw.below(len(SURNAMES))]}测试{number:05d}"
        return Person(with_check_character(digits), name, "male" if man else "female", born, relation, phone)

    def _dwelling(self, position: int, door: int, draw: Draw, use: str, floor_area_m2: float | None = None) -> Dwelling:
        grid = self.grid_of(position)
        number = f"{grid[:6]}-{position:06d}-{door:02d}"
        address = f"{self.places.street_address(grid)}{position + 1}号{door // 4 + 1}0{door % 4 + 1}房"
        lon, lat = self.place_of(position)
        device = f"门禁{position:06d}-{door:02d}" if use == "rental" or position % 3 == 0 else ""
        return Dwelling(number, grid, address, floor_area_m2 or draw.of(AREAS), use, lon, lat, device)

    def _leases(self, position: int, left: int) -> Iterator[Lease]:
        """Two rentals of migrants and one of people who are registered elsewhere. Most leases are old and known, each
        seventh is of the last two weeks; every fourth building has one with more tenants than its floor holds."""
        draw, rooms = Draw("leases", self.seed, position), len(SIZES)
        index = sum(SIZES)
        for number in range(3):
            place = position * 3 + number
            migrants: tuple[Person, ...] = ()
            area = None
            if number < len(MIGRANTS):
                count = min(MIGRANTS[number], max(0, left))
                migrants = tuple(
                    self._person(position, index + extra, draw, "", draw.between(19, 52)) for extra in range(count)
                )
                index, left = index + count, left - count
                tenants = migrants
            else:
                crowded = position % 4 == 1
                area = 28.0 if crowded else None
                wanted = 7 if crowded else draw.between(1, 2)
                chosen = {person.number: person for _ in range(wanted) if (person := self.somebody(position, draw))}
                tenants = tuple(chosen.values())
            if tenants:
                home = self._dwelling(position, rooms + number, draw, "rental", area)
                landlord = draw.of(self.households(self.neighbour(position, draw))).people[0]
                ago = draw.between(0, 13) if place % 7 == 2 else draw.between(40, 330)
                start = self.today - timedelta(days=ago)
                yield Lease(place, f"租备{place:07d}", home, landlord, tenants, migrants, start)

    def _company(self, position: int) -> Company:
        draw = Draw("company", self.seed, position)
        kind = ("enterprise", "individual_business", "individual_business", "social_organisation")[position % 4]
        shop = self._dwelling(position, len(SIZES) + 3, draw, "commercial")
        name = f"{DISTRICTS[shop.grid[:6]][0]}示例{position:06d}{'有限公司' if kind == 'enterprise' else '商行'}"
        founded = self.today - timedelta(days=draw.between(200, 5_000))
        return Company(credit_code(position), name, kind, self.households(position)[0].people[0], shop, founded)


def former_number(position: int, person: Person) -> str:
    """A number that somebody of a building had before: nobody else has it."""
    number = position * NUMBERS + PEOPLE
    sequence = number % 500 * 2 + (person.sex == "male")
    return with_check_character(f"99{number // 500:04d}{person.born:%Y%m%d}{sequence:03d}")


def credit_code(position: int) -> str:
    """The credit code of the company in a building: registered at no place (99 again), organisation number T…"""
    organisation = f"T{position:07d}"
    check = -sum(_ORGANISATION.index(c) * w for c, w in zip(organisation, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    return with_credit_check(f"91990000{organisation}{'X' if check == 10 else check}")


_ORGANISATION = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
