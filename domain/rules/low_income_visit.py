"""A family on the minimum allowance or recognised as low-income: a visit every 90 days, one for the door.

Visits are kept for some years: a duty that has been open for as long is due anew, and so is one whose last visit is
forgotten. Sources: docs/decisions/0013-rules-of-the-day.md, docs/decisions/0031-retention.md
"""

from collections.abc import Iterator
from itertools import count

from domain.checks import AS_STATED, HARDSHIP_SEEN, HOUSEHOLD_MET, WANTS_HELP
from domain.contributions import ProgrammeDrawn
from domain.keys import itself
from domain.living import holds, next_of, turns
from domain.retention import VISITS
from domain.rule import Finding, Rule, Text
from domain.service_time import working_days
from domain.time import day_of, iso_day, midnight, years_later
from domain.views.dwelling import Dwelling

PROGRAMMES = ("dibao", "low_income")
EVERY_DAYS = 90
"""Local days between two visits. Source: docs/decisions/0013-rules-of-the-day.md"""
WHY = Text(
    f"低保或低收入家庭，已 {EVERY_DAYS} 天未走访",
    f"on the minimum allowance or of low income, not visited for {EVERY_DAYS} days",
)


def check(home: Dwelling, now: int) -> Iterator[Finding]:
    drawn = sorted(
        (benefit for benefit in _drawn(home) if holds(benefit, now)),
        key=lambda benefit: (benefit.effective_from, benefit.source),
    )
    if drawn and midnight(due := _due_on(home, drawn, now)[0]) <= now:
        cause = f"{drawn[0].source.record} {iso_day(due)}"
        yield Finding(cause, WHY, tuple(benefit.source for benefit in drawn), arose=midnight(due))


def look_again(home: Dwelling, now: int) -> int | None:
    known = _drawn(home)
    drawn = [benefit for benefit in known if holds(benefit, now)]
    due = map(midnight, _due_on(home, drawn, now)) if drawn else ()
    return next_of((*turns(known), *due), now) if known else None


def _drawn(home: Dwelling) -> list[ProgrammeDrawn]:
    living = (occupant.occupancy for occupant in home.occupants if occupant.occupancy.died_on is None)
    return [benefit for person in living for benefit in person.programmes if benefit.programme in PROGRAMMES]


def _due_on(home: Dwelling, drawn: list[ProgrammeDrawn], now: int) -> tuple[int, int]:
    """The day on which the next visit is due, and the day on which it is due anew: so long after the last one, the
    first so long after the benefit began."""
    begun = min((benefit.effective_from for benefit in drawn), key=itself)
    met = [visit.occurred_at for visit in home.visits if not visit.withdrawn and visit.value.outcome == "done"]
    days = (begun, day_of(max(met, key=itself))) if met else (begun,)
    first = due = max(days, key=itself) + EVERY_DAYS
    for turn in count(1):
        anew = years_later(first, turn * VISITS.years)
        if midnight(anew) > now:
            break
        due = anew
    return due, anew


RULE = Rule(
    "low-income-visit",
    title=Text("低保低收入家庭定期走访", "low-income family's periodic visit"),
    view="dwelling",
    version=2,
    severity="planned",
    domain="care",
    respond_within=working_days(10),
    check=check,
    look_again=look_again,
    resolved=Text("已走访，或已不再享受救助", "visited, or no longer on the benefit"),
    checks=(
        HOUSEHOLD_MET,
        AS_STATED,
        HARDSHIP_SEEN,
        WANTS_HELP,
    ),
)
