"""A dwelling was let and nobody has visited it since."""

from collections.abc import Iterator

from domain.checks import EXITS_CLEAR, NUMBER_AS_STATED, TENANTS_LIVE_HERE
from domain.keys import itself
from domain.rule import Check, Finding, Rule, Text
from domain.service_time import working_days
from domain.time import iso_day, midnight
from domain.views.dwelling import Dwelling


def check(home: Dwelling, now: int) -> Iterator[Finding]:
    for lease in home.tenancies() if home.leases else ():
        if lease.in_force(now) and not home.visited_since(midnight(lease.start)):
            since = iso_day(lease.start)
            yield Finding(
                lease.record, Text(f"{since} 起新出租，尚未走访", f"let since {since}, not yet visited"), lease.because
            )


def look_again(home: Dwelling, now: int) -> int | None:
    return (
        min((instant for instant in home.lease_turns() if instant > now), key=itself, default=None)
        if home.leases
        else None
    )


RULE = Rule(
    "newly-let",
    title=Text("新出租房屋", "newly let"),
    view="dwelling",
    version=1,
    severity="today",
    domain="housing",
    respond_within=working_days(3),
    check=check,
    look_again=look_again,
    resolved=Text("已走访或租约已结束", "visited, or the lease has ended"),
    checks=(
        TENANTS_LIVE_HERE,
        NUMBER_AS_STATED,
        Check("lease_seen", Text("看过租约？", "Was the lease seen?")),
        EXITS_CLEAR,
    ),
)
