"""What goes on happening in the demo city: an endless, seeded day of single changes, as lines of the export files.

New leases, a car in a household on a benefit, a death while a benefit is drawn, tenants too many; and what ends them:
a lease or a benefit that ends, a visit.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from citygrid.demo.people import Cells, DemoCity, Lease, death_of, let, registered_vehicle

DAY_IN_THE_LIFE = (
    "a flat is let",
    "a car is registered",
    "a flat is let",
    "a flat is visited",
    "a death is registered",
    "a lease ends",
    "tenants move in",
    "a flat is let",
    "a benefit ends",
    "a flat is visited",
)


class Happened(NamedTuple):
    """One change: a line of `export` of `department`, or a grid worker's visit (`visited`: dwelling and task)."""

    title: str
    department: str = ""
    export: str = ""
    cells: Cells | None = None
    visited: tuple[str, str] | None = None


class Day:
    """Changes from the `first` on (a day that was interrupted goes on where it was); each number is one change."""

    def __init__(self, city: DemoCity, seed: int, first: int = 0) -> None:
        self._city = city
        self._seed = seed
        self._next = first
        self._let = city.leases[2::7]
        """Leases that nobody has visited yet, the oldest first."""

    def changes(self, now: datetime) -> Iterator[Happened]:
        """The next change, as if it happened at `now` (the city's time). Endless."""
        while True:
            yield self.change(self._next, now)
            self._next += 1

    def change(self, number: int, now: datetime) -> Happened:
        """The change of this number."""
        draw = random.Random(f"day {self._seed} {number}")
        title = DAY_IN_THE_LIFE[number % len(DAY_IN_THE_LIFE)]
        city, record = self._city, f"{number:06d}"
        stamp = f"{now:%Y-%m-%d %H:%M:%S}"
        match title:
            case "a flat is let":
                home = city.rentals[(number * 7 + 1) % len(city.rentals)]
                tenants = draw.sample(city.people, 2)
                lease = Lease(f"租新{record}", home, city.households[0].people[0], tenants, now.date())
                self._let.append(lease)
                return Happened(title, "housing", "租赁备案", let(lease, now))
            case "a car is registered":
                case = draw.choice(city.cases)
                owner = case.household.people[-1]
                line = registered_vehicle(owner, f"粤B{number:05d}", "小型轿车", now.date(), now)
                return Happened(title, "transport", "机动车登记", line)
            case "a death is registered":
                who = draw.choice(city.cases).who
                line = death_of(who, f"死新{record}", now.date() - timedelta(days=1), now)
                return Happened(title, "police", "户籍变动", line)
            case "tenants move in":
                lease = city.leases[number % len(city.leases)]
                line = self._lease(lease, "新增承租人", stamp) | {"承租人身份证号": draw.choice(city.people).number}
                return Happened(title, "housing", "租赁备案", line)
            case "a lease ends":
                lease = self._let.pop(0) if self._let else city.leases[0]
                line = self._lease(lease, "终止租赁", stamp) | {"终止日期": f"{now:%Y-%m-%d}"}
                return Happened(title, "housing", "租赁备案", line)
            case "a benefit ends":
                case = city.cases[3 + 14 * draw.randrange(max(1, len(city.cases) // 14))]
                line = {"救助案号": case.record, "申请人身份证号": case.who.number, "变更类型": "终止"}
                line |= {"审批日期": stamp, "录入时间": stamp, "救助项目": case.programme}
                line |= {"终止日期": f"{now:%Y-%m-%d}", "终止原因": "核查后停发"}
                return Happened(title, "civil-affairs", "社会救助", line)
        lease = self._let.pop(0) if self._let else draw.choice(city.leases)
        return Happened(title, visited=(lease.home.number, f"demo-{record}"))

    @staticmethod
    def _lease(lease: Lease, business: str, stamp: str) -> Cells:
        head = {"备案编号": lease.record, "房屋编码": lease.home.number, "业务类型": business}
        return head | {"发生日期": stamp, "录入时间": stamp}
