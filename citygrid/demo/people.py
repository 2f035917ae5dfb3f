"""Who lives in the demo city and what became of them: every line of the departments' export files.

Names are plainly made up; identity numbers have valid check characters and sequence numbers of nobody in particular.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from citygrid.demo.places import DISTRICT, Dwelling, Places
from domain.codes import with_check_character

SURNAMES = "赵钱孙李周吴郑王冯陈"
Cells = dict[str, str]
"""A line of an export: column → what stands in it."""


class Person(NamedTuple):
    number: str
    name: str
    sex: str
    born: date
    relation: str


class Household(NamedTuple):
    number: str
    home: Dwelling
    people: list[Person]


class Lease(NamedTuple):
    record: str
    home: Dwelling
    landlord: Person
    tenants: list[Person]
    start: date


class Case(NamedTuple):
    """A benefit: `programme` as the office writes it."""

    record: str
    who: Person
    household: Household
    programme: str


class DemoCity:
    """The city as of `today`, the same for the same seed, number of residents and day."""

    def __init__(self, seed: int, residents: int, today: date) -> None:
        self.today = today
        self.places = Places(seed)
        self._draw = random.Random(f"people {seed}")
        self._born: set[tuple[date, int]] = set()
        homes = self.places.dwellings(seed, max(24, residents * 9 // 20))
        self.homes = [home for home in homes if home.use != "出租屋"]
        self.rentals = [home for home in homes if home.use == "出租屋"]
        self.households = list(self._households(residents))
        self.people = [person for household in self.households for person in household.people]
        self.cases = list(self._cases())
        self.leases = list(self._leases())
        self.files: dict[tuple[str, str], list[Cells]] = {}
        """(department, export) → its lines."""
        for say in (self._police, self._housing, self._assistance, self._vehicles, self._marriages, self._taxes):
            say()

    # --- who lives where --------------------------------------------------------------------------------------------

    def _households(self, residents: int) -> Iterator[Household]:
        left, at = residents, 0
        while left:
            size = min(left, self._draw.choice((1, 2, 2, 3, 3, 3, 4, 5)))
            people = [self._person(at, role) for role in ("户主", "配偶", "子", "女", "母亲")[:size]]
            yield Household(f"440113{at:06d}", self.homes[at % len(self.homes)], people)
            left, at = left - size, at + 1

    def _person(self, household: int, relation: str) -> Person:
        youngest, oldest = {"子": (0, 24), "女": (0, 24), "母亲": (58, 92)}.get(relation, (25, 80))
        while True:
            born = self.today - timedelta(days=self._draw.randint(youngest * 365 + 30, oldest * 365 + 365))
            sex = {"户主": household % 2, "配偶": 1 - household % 2, "子": 1}.get(relation, 0)
            sequence = 2 * self._draw.randint(0, 499) + sex  # odd for men
            if (born, sequence) not in self._born:
                break
        self._born.add((born, sequence))
        number = with_check_character(f"{DISTRICT}{born:%Y%m%d}{sequence:03d}")
        name = f"{SURNAMES[household % len(SURNAMES)]}测试{len(self._born):04d}"
        return Person(number, name, "男" if sex else "女", born, relation)

    def _cases(self) -> Iterator[Case]:
        programmes = ("最低生活保障", "公租房保障", "医疗救助", "最低生活保障", "低收入家庭认定")
        for at, household in enumerate(self.households[::9]):
            yield Case(f"救助{at:05d}", household.people[0], household, programmes[at % len(programmes)])

    def _leases(self) -> Iterator[Lease]:
        """Most leases are old and known; each seventh is of the last two weeks; each twelfth is crowded."""
        for at, home in enumerate(self.rentals):
            crowded = at % 12 == 5
            count = int(home.floor_area_m2 / 5) + 2 if crowded else self._draw.choice((1, 1, 2, 3))
            ago = self._draw.randint(0, 13) if at % 7 == 2 else self._draw.randint(40, 330)
            tenants = self._draw.sample(self.people, min(count, len(self.people)))
            landlord = self._draw.choice(self.households).people[0]
            yield Lease(f"租备{at:05d}", home, landlord, tenants, self.today - timedelta(days=ago))

    # --- what the departments' registers say ------------------------------------------------------------------------

    def _line(self, department: str, export: str, /, **cells: str) -> None:
        self.files.setdefault((department, export), []).append(cells)

    def _police(self) -> None:
        say = ("police", "户籍变动")
        for at, household in enumerate(self.households):
            came = self.today - timedelta(days=self._draw.randint(400, 6_000))
            for index, person in enumerate(household.people):
                when = max(came, person.born + timedelta(days=20))
                head = {"登记编号": f"户{at:06d}-{index}", "公民身份号码": person.number}
                self._line(
                    *say,
                    **head,
                    业务类型="迁入登记",
                    **_times(when),
                    姓名=person.name,
                    性别=person.sex,
                    出生日期=f"{person.born:%Y%m%d}",
                    户号=household.number,
                    房屋编码=household.home.number,
                    住址=household.home.address,
                    与户主关系=person.relation,
                )
                if person.relation in ("户主", "配偶"):
                    phone = f"139{self._draw.randrange(10**8):08d}"
                    head["登记编号"] += "-L"
                    self._line(*say, **head, 业务类型="联系方式变更", **_times(when), 联系电话=phone)
                if person.relation in ("子", "女"):
                    head["登记编号"] += "-Q"
                    relative = {"亲属公民身份号码": household.people[0].number, "亲属关系": "父母"}
                    self._line(*say, **head, 业务类型="亲属关系登记", **_times(when), **relative)
        dead = [case.who for case in self.cases[3::14]]  # whose benefit nobody has stopped
        dead += [household.people[-1] for household in self.households[5::60]]
        for at, person in enumerate(dict.fromkeys(dead)):
            self._line(*say, **death_of(person, f"死{at:05d}", self.today - timedelta(days=self._draw.randint(1, 60))))

    def _housing(self) -> None:
        for home in (*self.homes, *self.rentals):
            place = {"网格编码": home.grid, "房屋地址": home.address, "建筑面积": str(home.floor_area_m2)}
            where = {"行政区": DISTRICT, "经度": str(home.lon), "纬度": str(home.lat), "房屋用途": home.use}
            head = {"登记编号": f"房{home.number[-6:]}", "房屋编码": home.number}
            registered = _stamp(self.today - timedelta(days=self._draw.randint(500, 4_000)))
            self._line("housing", "房屋登记", **head, 登记日期=registered, 录入时间=registered, **place, **where)
        for lease in self.leases:
            self._line("housing", "租赁备案", **let(lease))

    def _assistance(self) -> None:
        for case in self.cases:
            granted = self.today - timedelta(days=self._draw.randint(60, 700))
            self._line(
                "civil-affairs",
                "社会救助",
                救助案号=case.record,
                申请人身份证号=case.who.number,
                变更类型="批准",
                审批日期=_stamp(granted),
                录入时间=_stamp(granted + timedelta(days=1)),
                救助项目=case.programme,
                户号=case.household.number,
                起始日期=f"{granted + timedelta(days=15):%Y-%m-%d}",
                月金额="1,238.00" if case.programme == "最低生活保障" else "",
                房屋编码=case.household.home.number,
            )

    def _vehicles(self) -> None:
        drawing = {case.household.number: at for at, case in enumerate(self.cases)}
        for at, household in enumerate(self.households):
            case = drawing.get(household.number)
            # most on a benefit own nothing that counts
            kind = "小型轿车" if at % 3 == 1 else "电动自行车" if at % 3 == 2 else None
            if case is not None:
                kind = "小型轿车" if case % 5 == 1 or case % 20 == 3 else "电动自行车" if case % 2 else None
            if kind:
                when = self.today - timedelta(days=self._draw.randint(3, 900))
                self._line(
                    "transport", "机动车登记", **registered_vehicle(household.people[-1], f"粤A{at:05d}", kind, when)
                )

    def _marriages(self) -> None:
        for at, household in enumerate(self.households):
            if len(household.people) > 1:
                man, woman = sorted(household.people[:2], key=lambda person: person.sex != "男")
                on = self.today - timedelta(days=self._draw.randint(500, 3_000))
                couple = {"男方身份证件号码": man.number, "女方身份证件号码": woman.number}
                times = {"登记日期": f"{on:%Y%m%d}", "录入时间": _stamp(on)}
                self._line("civil-affairs", "婚姻登记", 证件字号=f"婚{at:05d}", 业务类型="结婚登记", **times, **couple)

    def _taxes(self) -> None:
        for at, household in enumerate(self.households[::3]):
            when = self.today - timedelta(days=self._draw.randint(30, 300))
            head = {"文书号": f"税{at:05d}", "纳税人身份证号": household.people[0].number}
            times = {"业务日期": _stamp(when), "录入时间": _stamp(when)}
            amount = f"{self._draw.randint(0, 30_000)}.50"
            self._line(
                "tax",
                "自然人税务记录",
                **head,
                业务类型="纳税申报",
                **times,
                税款所属期=f"{when:%Y-%m}",
                申报税额=amount,
            )


# --- lines that also happen while one watches -------------------------------------------------------------------------


def let(lease: Lease, at: datetime | None = None) -> Cells:
    """租赁备案: the flat is let."""
    when = _stamp(lease.start) if at is None else f"{at:%Y-%m-%d %H:%M:%S}"
    return {
        "备案编号": lease.record,
        "房屋编码": lease.home.number,
        "业务类型": "租赁备案",
        "发生日期": when,
        "录入时间": when,
        "出租人身份证号": lease.landlord.number,
        "承租人身份证号": "、".join(tenant.number for tenant in lease.tenants),
        "起租日期": f"{lease.start:%Y-%m-%d}",
    }


def death_of(person: Person, record: str, on: date, at: datetime | None = None) -> Cells:
    """户籍变动: a death is registered."""
    head = {"登记编号": record, "公民身份号码": person.number, "业务类型": "死亡注销", "死亡日期": f"{on:%Y%m%d}"}
    return head | (_times(on) if at is None else dict.fromkeys(("发生日期", "登记时间"), f"{at:%Y-%m-%d %H:%M:%S}"))


def registered_vehicle(person: Person, plate: str, kind: str, on: date, at: datetime | None = None) -> Cells:
    """机动车登记: a vehicle is registered."""
    when = _stamp(on) if at is None else f"{at:%Y-%m-%d %H:%M:%S}"
    head = {"号牌号码": plate, "所有人身份证号": person.number, "业务类型": "注册登记", "车辆类型": kind}
    return head | {"业务日期": when, "录入时间": when}


def _stamp(on: date) -> str:
    return f"{on:%Y-%m-%d} 09:30:00"


def _times(on: date) -> Cells:
    return {"发生日期": f"{on:%Y%m%d}", "登记时间": _stamp(on)}
