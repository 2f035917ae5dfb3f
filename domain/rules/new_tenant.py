"""Somebody joined a lease after the dwelling was last visited.

Where nobody has visited since the lease began, the whole lease is new: that is the rule newly-let's finding, and this
rule says nothing, so that one door has one task. It asks no further back than visits are kept.
"""

from collections.abc import Iterator

from domain.checks import EXITS_CLEAR, NUMBER_AS_STATED, TENANTS_LIVE_HERE
from domain.living import leases_in_force, next_of
from domain.retention import VISITS
from domain.rule import Finding, Rule, Text
from domain.rules.newly_let import look_again as at_turns_of_leases
from domain.service_time import working_days
from domain.time import midnight
from domain.views.dwelling import Dwelling


def check(home: Dwelling, now: int) -> Iterator[Finding]:
    if not home.tenants:
        return
    known_from = VISITS.since(now)
    for lease in leases_in_force(home, now):
        began = midnight(lease.start)
        if began >= known_from and not home.visited_since(began):
            continue
        joined = [source for _, source in lease.joined if source.occurred_at >= known_from]
        new = [source for source in joined if not home.visited_since(source.occurred_at)]
        if new:
            why = Text(f"新增 {len(new)} 名租客，尚未走访", f"{len(new)} new tenant(s), not yet visited")
            yield Finding(lease.record, why, (lease.because[0], *new))


def look_again(home: Dwelling, now: int) -> int | None:
    if not home.tenants:
        return None
    turn = at_turns_of_leases(home, now)
    not_new = (VISITS.until(moved.occurred_at) for moved in home.tenants)
    return next_of((*not_new, *(() if turn is None else (turn,))), now)


RULE = Rule(
    "new-tenant",
    title=Text("新增租客", "new tenant"),
    view="dwelling",
    version=2,
    severity="today",
    domain="housing",
    respond_within=working_days(3),
    check=check,
    look_again=look_again,
    resolved=Text("已走访，或该租客、租约已不在", "visited, or the tenant or the lease is no longer there"),
    checks=(
        TENANTS_LIVE_HERE,
        NUMBER_AS_STATED,
        EXITS_CLEAR,
    ),
)
