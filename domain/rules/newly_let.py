"""A dwelling was let and nobody has visited it since.

A lease that began before the visits that are kept is not new: nobody knows any more who was there.
"""

from collections.abc import Iterator

from domain.checks import EXITS_CLEAR, NUMBER_AS_STATED, TENANTS_LIVE_HERE
from domain.facts import by_record
from domain.living import next_of
from domain.retention import VISITS
from domain.rule import Check, Finding, Rule, Text
from domain.service_time import working_days
from domain.time import iso_day, midnight
from domain.views.dwelling import Dwelling


def check(home: Dwelling, now: int) -> Iterator[Finding]:
    if not home.leases:
        return
    known_from = VISITS.since(now)
    for lease in home.tenancies():
        began = midnight(lease.start)
        if began >= known_from and lease.in_force(now) and not home.visited_since(began):
            since = iso_day(lease.start)
            yield Finding(
                lease.record, Text(f"{since} 起新出租，尚未走访", f"let since {since}, not yet visited"), lease.because
            )


def look_again(home: Dwelling, now: int) -> int | None:
    if not home.leases:
        return None
    not_new = (VISITS.until(midnight(let.value.start)) for let in by_record(home.leases))
    return next_of((*home.lease_turns(), *not_new), now)


RULE = Rule(
    "newly-let",
    title=Text("新出租房屋", "newly let"),
    view="dwelling",
    version=2,
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
