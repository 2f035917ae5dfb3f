"""What goes on happening in the demo city, endlessly: one change after the other, each a statement.

New leases, a car in a household on a benefit, a death while a benefit is drawn, tenants too many; and what ends them:
a lease or a benefit that ends, a visit.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple

from demo.city import Building, DemoCity, Lease
from demo.draw import Draw
from demo.registers import TopicStatement, statement
from demo.registers.civil_affairs import Case, cases
from demo.registers.grid import visited
from demo.registers.housing import TENANCY, let
from demo.registers.police import died
from demo.registers.transport import registered
from domain.time import CITY, SECOND

CYCLE = (
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
LATER = 10 * len(CYCLE)
"""A flat that is let now is visited, or its lease ends, so many changes later."""


class Changed(NamedTuple):
    title: str
    stated: TopicStatement


class Changes:
    """The changes of a city by their numbers, from the `first` on: a demo that was interrupted goes on where it was.
    The first `spared` buildings see none."""

    def __init__(self, city: DemoCity, first: int = 0, spared: int = 0) -> None:
        self._city, self._first, self._spared = city, first, spared

    def change(self, number: int, now: int) -> Changed:
        """The change of this number as if it happened at `now` (microseconds UTC)."""
        draw = self._draw(number)
        title = CYCLE[number % len(CYCLE)]
        today = datetime.fromtimestamp(now // SECOND, CITY).date()
        return Changed(title, self._statement(title, number, draw, today, now))

    def _statement(self, title: str, number: int, draw: Draw, today: date, now: int) -> TopicStatement:
        record = f"{number:06d}"
        match title:
            case "a flat is let":
                return let(self._new_lease(number, today), now)
            case "a car is registered":
                owner = self._case(draw).household.people[-1]
                return registered(owner, f"粤B-{record}", "car", now)
            case "a death is registered":
                return died(self._case(draw).who, f"死新{record}", today - timedelta(days=1), now)
            case "tenants move in":
                lease, tenant = self._lease(draw), self._city.somebody(1 + draw.below(self._city.count), draw)
                return statement(TENANCY, "TenantAdded", lease.record, lease.home.number, now, tenant=tenant.number)
            case "a lease ends":
                # nobody goes in and out by a lease of the changes: whoever stays on after an end would be a stranger
                lease = self._new_lease(number - 3 if (earlier := self._earlier(number)) is None else earlier, today)
                return statement(TENANCY, "TenancyEnded", lease.record, lease.home.number, now, on=today)
            case "a benefit ends":
                case = self._case(draw)
                ends = {"programme": case.programme, "effective_from": today, "reason": "核查后停发"}
                topic = "civil-affairs.social-assistance"
                return statement(topic, "Ended", case.record, case.who.number, now, **ends)
        return visited(self._earlier_lease(number, today, draw).home.number, f"走访-新{record}", now)

    def _draw(self, number: int) -> Draw:
        return Draw("change", self._city.seed, number)

    def _new_lease(self, number: int, today: date) -> Lease:
        """The lease that the change of this number brings."""
        draw, count = self._draw(number), self._city.count
        old = self._lease(draw)
        landlord, *tenants = (self._city.somebody(1 + draw.below(count), draw) for _ in range(3))
        return Lease(number, f"租新{number:06d}", old.home, landlord, tuple(tenants), (), today)

    def _earlier_lease(self, number: int, today: date, draw: Draw) -> Lease:
        """One that was let a while ago: by a change, or before the demo began."""
        earlier = self._earlier(number)
        return self._lease(draw) if earlier is None else self._new_lease(earlier, today)

    def _earlier(self, number: int) -> int | None:
        """The change by which a flat was let a while before this one, if there was one."""
        earlier = number - LATER
        while earlier >= self._first and CYCLE[earlier % len(CYCLE)] != "a flat is let":
            earlier -= 1
        return earlier if earlier >= self._first else None

    def _lease(self, draw: Draw) -> Lease:
        while True:
            if leases := self._building(draw).leases:
                return draw.of(leases)

    def _case(self, draw: Draw) -> Case:
        while True:
            if open_cases := list(cases(self._building(draw))):
                return draw.of(open_cases)

    def _building(self, draw: Draw) -> Building:
        return self._city.building(draw.between(self._spared, self._city.count - 1))
