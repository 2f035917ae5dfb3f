"""A residence permit ends within days and no other goes on from it. Source: docs/decisions/0020-stays-and-schools.md"""

from collections.abc import Iterator

from domain.checks import SOMEONE_MET, STILL_LIVES_HERE
from domain.living import next_of
from domain.rule import Check, Finding, Rule, Text
from domain.service_time import working_days
from domain.time import iso_day, midnight
from domain.views.resident import PermitHeld, Resident

REMIND_DAYS = 7
"""Days before the end. Source: docs/decisions/0020-stays-and-schools.md"""


def check(person: Resident, now: int) -> Iterator[Finding]:
    stay = person.stay if person.permits else None
    if stay is None or person.died_on is not None:
        return
    permits = person.permits_held()
    for permit in permits:
        warned = midnight(permit.until - REMIND_DAYS)
        if warned <= now < midnight(permit.until) and _ends(permit, permits) and midnight(permit.effective_from) <= now:
            until = iso_day(permit.until)
            why = Text(f"居住证 {until} 到期，尚未签注", f"the residence permit ends on {until} and is not renewed")
            yield Finding(permit.source.record, why, (permit.source, stay.source), arose=warned)


def _ends(permit: PermitHeld, permits: list[PermitHeld]) -> bool:
    """Whether the stay is without a permit afterwards; one that was cancelled is not to be renewed."""
    return not permit.cancelled and not any(
        other.effective_from <= permit.until < other.until for other in permits if other is not permit
    )


def look_again(person: Resident, now: int) -> int | None:
    if not person.permits or person.stay is None or person.died_on is not None:
        return None
    days = (
        day
        for permit in person.permits_held()
        for day in (permit.effective_from, permit.until - REMIND_DAYS, permit.until)
    )
    return next_of(map(midnight, days), now)


RULE = Rule(
    "permit-ending",
    title=Text("居住证即将到期", "residence permit ending"),
    view="resident",
    version=1,
    severity="planned",
    domain="population",
    respond_within=working_days(5),
    check=check,
    look_again=look_again,
    resolved=Text(
        "居住证已签注、注销或到期，或已离穗", "the permit was renewed, cancelled or has ended, or the person left"
    ),
    needs=frozenset({"migration.residence"}),
    checks=(
        SOMEONE_MET,
        STILL_LIVES_HERE,
        Check("renewal_told", Text("已告知续签？", "Was renewal explained?")),
    ),
)
