"""Somebody comes and goes who is neither registered or staying here, nor tenant, landlord or owner."""

from collections.abc import Iterator

from domain.living import lease_turns, leases_in_force, next_of
from domain.rule import Finding, Rule, Text
from domain.time import DAY, hours
from domain.views.dwelling import Dwelling, Passage

WITHIN_DAYS = 7
"""How far back a swipe counts: days of 24 hours. Source: docs/decisions/0013-rules-of-the-day.md"""
WHY = Text(
    f"近 {WITHIN_DAYS} 日有非本房屋登记人员刷卡进出",
    f"in the last {WITHIN_DAYS} days somebody came and went who is not registered here",
)


def check(home: Dwelling, now: int) -> Iterator[Finding]:
    for first, last in _strangers(home, now):
        yield Finding(first.who, WHY, (first.source,), arose=last.source.occurred_at)


def look_again(home: Dwelling, now: int) -> int | None:
    if not home.swipes:
        return None
    gone = (passed.source.occurred_at + WITHIN_DAYS * DAY for passed in home.passages())
    return next_of((*gone, *lease_turns(home)), now)


def _strangers(home: Dwelling, now: int) -> Iterator[tuple[Passage, Passage]]:
    """The first passage that is kept, and the last, of each stranger who passed lately. The first is what the finding
    rests on: the last is another every few hours, and each would be a change."""
    passed: dict[str, tuple[Passage, Passage]] = {}
    for each in home.passages():
        passed[each.who] = (passed.get(each.who, (each, each))[0], each)
    lately = {who: both for who, both in passed.items() if both[1].source.occurred_at + WITHIN_DAYS * DAY > now}
    if not lately:
        return
    known = {number for each in home.occupants for number in (each.resident, *each.occupancy.also)} | {*home.owners}
    for lease in leases_in_force(home, now):
        known |= {lease.landlord, *lease.tenants}
    yield from (both for who, both in lately.items() if who not in known)


RULE = Rule(
    "stranger-swipes",
    title=Text("非登记人员进出", "door used by somebody not registered"),
    view="dwelling",
    version=1,
    severity="planned",
    domain="housing",
    respond_within=hours(7 * 24),
    check=check,
    look_again=look_again,
    resolved=Text("该人员已登记，或近期不再进出", "registered by now, or not seen any more"),
    needs=frozenset({"housing.tenancy", "police.household-registration"}),  # that nobody has said who it is
)
