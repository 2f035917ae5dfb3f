"""An elder lives alone: a visit every week. Source: docs/decisions/0013-rules-of-the-day.md"""

from collections.abc import Iterator
from datetime import date, timedelta

from domain.ages import ELDER_FROM_AGE
from domain.checks import EXITS_CLEAR, GAS_AND_WIRING_SAFE, SOMEONE_MET, WANTS_HELP
from domain.living import alone, elder_from, next_of, perhaps_alone
from domain.rule import Check, Finding, Rule, Text
from domain.service_time import plain_hours
from domain.time import day_of, midnight
from domain.views.dwelling import Dwelling

WHY = Text(
    f"{ELDER_FROM_AGE} 岁及以上老人独居，本周尚未走访",
    f"aged {ELDER_FROM_AGE} or more and living alone, not visited this week",
)


def check(home: Dwelling, now: int) -> Iterator[Finding]:
    person = alone(home, now)
    if person is None or person.born is None or now < elder_from(person.born):
        return
    today = date(1970, 1, 1) + timedelta(days=day_of(now))
    week, monday = today.isocalendar(), midnight(day_of(now) - today.weekday())
    if not home.visited_since(monday):
        cause = f"{person.source.record} {week.year}-W{week.week:02d}"
        yield Finding(cause, WHY, (person.source,), arose=monday)


def look_again(home: Dwelling, now: int) -> int | None:
    person = perhaps_alone(home)
    if person is None or person.born is None:
        return None
    if (birthday := elder_from(person.born)) > now:
        return birthday
    today = day_of(now)
    next_monday = midnight(today + 7 - (date(1970, 1, 1) + timedelta(days=today)).weekday())
    turns = home.lease_turns()
    return next_of((next_monday, *turns) if alone(home, now) else turns, now)


RULE = Rule(
    "elder-alone",
    title=Text("独居老人", "elder living alone"),
    view="dwelling",
    version=1,
    severity="planned",
    domain="care",
    respond_within=plain_hours(5 * 24),  # from Monday: Friday night
    check=check,
    look_again=look_again,
    resolved=Text("本周已走访，或本周已过、不再独居", "visited, or the week is over, or no longer alone"),
    checks=(
        SOMEONE_MET,
        Check("well_and_warm", Text("身体、起居如常？", "Well and warm?")),
        EXITS_CLEAR,
        GAS_AND_WIRING_SAFE,
        WANTS_HELP,
    ),
)
