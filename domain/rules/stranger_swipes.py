"""Somebody comes and goes who is neither registered or staying here, nor tenant, landlord or owner."""

from collections.abc import Iterator

from domain.checks import ROOMS_PARTITIONED, SOMEONE_MET
from domain.living import leases_in_force, next_of
from domain.rule import Check, Finding, Rule, Text
from domain.service_time import working_days
from domain.time import DAY
from domain.views.dwelling import Dwelling, Passages

WITHIN_DAYS = 7
"""How far back a swipe counts: days of 24 hours. Source: docs/decisions/0013-rules-of-the-day.md"""
WHY = Text(
    f"近 {WITHIN_DAYS} 日有非本房屋登记人员刷卡进出",
    f"in the last {WITHIN_DAYS} days somebody came and went who is not registered here",
)


def check(home: Dwelling, now: int) -> Iterator[Finding]:
    for who, passed in _strangers(home, now):
        yield Finding(who, WHY, (passed.first.source,), arose=passed.last.occurred_at)


def look_again(home: Dwelling, now: int) -> int | None:
    if not home.swipes:
        return None
    gone = (passed.last.occurred_at + WITHIN_DAYS * DAY for passed in home.passages().values())
    return next_of((*gone, *home.lease_turns()), now)


def _strangers(home: Dwelling, now: int) -> Iterator[tuple[str, Passages]]:
    """Who passed lately and is not known here. The finding rests on the first passage that is kept: the last is another
    every few hours, and each would be a change."""
    if not home.swipes:
        return
    seen = home.passages().items()
    lately = [(who, passed) for who, passed in seen if passed.last.occurred_at + WITHIN_DAYS * DAY > now]
    if lately:
        known = {number for passage in home.occupants for number in (passage.resident, *passage.occupancy.also)} | {
            *home.owners
        }
        for lease in leases_in_force(home, now):
            known |= {lease.landlord, *lease.tenants}
        yield from (passage for passage in lately if passage[0] not in known)


RULE = Rule(
    "stranger-swipes",
    title=Text("非登记人员进出", "door used by somebody not registered"),
    view="dwelling",
    version=1,
    severity="planned",
    domain="housing",
    respond_within=working_days(5),
    check=check,
    look_again=look_again,
    resolved=Text("该人员已登记，或近期不再进出", "registered by now, or not seen any more"),
    # that none of these has said who it is
    needs=frozenset({"housing.tenancy", "migration.residence", "police.household-registration"}),
    checks=(
        SOMEONE_MET,
        Check("stranger_lives_here", Text("有未登记人员居住？", "Does somebody unregistered live here?")),
        ROOMS_PARTITIONED,
    ),
)
