"""What happens in the demo's day to whom, and what must come of it.

Heavy rain falls on a district at night. There a dangerous house was reinforced years ago, somebody with a severe mental
illness lives alone, and a manhole cover breaks. In the morning the warning is lifted and a grid worker makes the round;
later a flat is let, somebody moves in with others, a car is bought in a household that draws the minimum allowance, a
doctor reports a serious illness, a company changes hands, and an elder who lives alone presses SOS.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from demo.city import DemoCity, Lease, Person
from demo.draw import Draw
from demo.registers import TopicStatement, statement
from demo.registers.bracelet import answered, pressed
from demo.registers.civil_affairs import cases
from demo.registers.grid import visited
from demo.registers.health import Condition, reported
from demo.registers.housing import TENANCY, let
from demo.registers.market_regulation import represented_by
from demo.registers.transport import registered
from demo.registers.urban_management import hazard, repaired
from demo.registers.weather import issued, lifted

RAINFALL_MM = 63.0
STORY_BUILDINGS = 2
"""Nothing but the story happens in the first two."""


class Scene(NamedTuple):
    """`second` of the day, and the statement of what happens then, made for the instant it is given."""

    second: int
    title: str
    stated: TopicStatement


class Expected(NamedTuple):
    """An alert that the day must bring: its rule, the place (a dwelling or `grid/<code>`), and how it stands at the
    end. `state` None: either, time decides."""

    rule: str
    place: str
    state: str | None


class Story:
    """The story in one city. Its people live in the first two buildings, which are in the demo worker's grid."""

    def __init__(self, city: DemoCity) -> None:
        self.first, self.second = city.building(0), city.building(1)
        lone, ill = self.first.lone, self.second.lone
        company = self.first.company
        if lone is None or ill is None or company is None:
            raise LookupError("the first two buildings lack somebody whom the story needs")
        self.elder, self.ill, self.company = lone, ill, company
        self.grid = self.first.grid
        self.district = self.grid[:6]
        self.dangerous = self.first.households[1].home
        self.case = next(cases(self.first))
        self.sick = next(household for household in self.second.households if len(household.people) > 1)
        self.rental = self.second.leases[0]
        self.shared = self.first.leases[0]
        self._city = city

    def scenes(self, run: str, moment_of: Callable[[int], int], today: date) -> list[Scene]:
        """What happens, in the order of time. `run` makes records of this day's own; `at` gives a second's instant."""
        rain = f"预警{run}-{self.district}"
        call, broken = f"呼叫{run}", f"案卷{run}"
        owner, new = self.case.household.people[-1], self._city.somebody(1, Draw("story", self._city.seed))
        sick = Condition(f"重疾{run}", self.sick.people[0], self.sick.home, "serious_illness", 0)
        lease = Lease(0, f"租备{run}", self.rental.home, self.rental.landlord, (new,), (), today)
        story: list[tuple[str, str, Callable[[int], TopicStatement]]] = [
            ("00:30", "暴雨橙色预警", lambda now: issued(rain, self.district, now, "orange", RAINFALL_MM)),
            ("05:40", "井盖被冲开", lambda now: hazard(self.second, 0, broken, now, urgent=True)),
            ("07:20", "暴雨预警解除", lambda now: lifted(rain, self.district, now)),
            ("08:20", "加固危房已查看", lambda now: visited(self.dangerous.number, f"走访{run}-1", now)),
            ("09:05", "独居精神障碍患者已走访", lambda now: visited(self.ill.home.number, f"走访{run}-2", now)),
            ("10:15", "房屋新出租", lambda now: let(lease, now)),
            ("10:40", "新增承租人", lambda now: joined(self.shared, new, now)),
            ("11:10", "低保家庭购车", lambda now: registered(owner, f"粤A-{run}", "car", now)),
            ("13:00", "新报告重大疾病", lambda now: reported(sick, now, today)),
            ("14:20", "老人按下 SOS", lambda now: pressed(self.elder, call, "sos", now)),
            ("14:32", "SOS 已应答", lambda now: answered(self.elder, call, now)),
            ("15:00", "井盖已修复", lambda now: repaired(self.second, broken, today, now)),
            (
                "16:10",
                "公司变更法定代表人",
                lambda now: represented_by(self.company, f"变更{run}", new.number, now, today),
            ),
        ]
        return [Scene(seconds(clock), title, say(moment_of(seconds(clock)))) for clock, title, say in story]

    def expected(self) -> list[Expected]:
        """The alerts that the day must have brought once it is over."""
        return [
            Expected("warned-door", self.dangerous.number, "resolved"),
            Expected("warned-door", self.ill.home.number, "resolved"),
            Expected("severe-mental-alone", self.ill.home.number, None),
            Expected("facility-danger", f"grid/{self.grid}", "resolved"),
            Expected("newly-let", self.rental.home.number, "opened"),
            Expected("new-tenant", self.shared.home.number, "opened"),
            Expected("car-and-benefit", self.case.household.home.number, "opened"),
            Expected("serious-illness", self.sick.home.number, "opened"),
            Expected("button-sos", self.elder.home.number, "resolved"),
        ]


def joined(lease: Lease, tenant: Person, when: int) -> TopicStatement:
    """Somebody moves in with the tenants of a lease."""
    return statement(TENANCY, "TenantAdded", lease.record, lease.home.number, when, tenant=tenant.number)


def seconds(clock: str) -> int:
    """`08:05` as seconds since midnight."""
    hour, minute = clock.split(":")
    return int(hour) * 3_600 + int(minute) * 60
