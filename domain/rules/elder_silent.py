"""An elder lives alone, and the door has said nothing for 48 hours. Source: docs/decisions/0013-rules-of-the-day.md

Whoever lives alone is the only one to be expected: any event of the door counts. Each silence is a finding of its own.
"""

from collections.abc import Iterator

from domain.ages import ELDER_FROM_AGE
from domain.checks import AMBULANCE_CALLED, HURT, RELATIVES_TOLD, SOMEONE_MET
from domain.facts import current
from domain.keys import itself
from domain.living import alone, elder_from, next_of, perhaps_alone
from domain.rule import Finding, Rule, Text
from domain.service_time import plain_hours
from domain.time import hours
from domain.views.dwelling import Dwelling

SILENT_HOURS = 48
"""Hours without any event of the door. Source: docs/decisions/0013-rules-of-the-day.md"""
WHY = Text(
    f"{ELDER_FROM_AGE} 岁及以上独居老人，门禁 {SILENT_HOURS} 小时无进出",
    f"aged {ELDER_FROM_AGE} or more and living alone, no event of the door for {SILENT_HOURS} hours",
)


def check(home: Dwelling, now: int) -> Iterator[Finding]:
    person = alone(home, now) if home.swipes else None
    if person is None or person.born is None or now < elder_from(person.born):
        return
    last = current(home.swipes)
    if last is not None and (arose := last.occurred_at + hours(SILENT_HOURS)) <= now:
        yield Finding(last.record, WHY, (last.source, person.source), arose=arose)


def look_again(home: Dwelling, now: int) -> int | None:
    person = perhaps_alone(home) if home.swipes else None
    last = current(home.swipes) if person else None
    if last is None or person is None or person.born is None:
        return None
    birthday, silent = elder_from(person.born), last.occurred_at + hours(SILENT_HOURS)
    return next_of((max(birthday, silent, key=itself), *home.lease_turns()), now)


RULE = Rule(
    "elder-silent",
    title=Text("独居老人门禁无动静", "elder living alone, door silent"),
    view="dwelling",
    version=1,
    severity="urgent",
    domain="care",
    respond_within=plain_hours(2),
    check=check,
    look_again=look_again,
    resolved=Text("门禁已有进出，或不再独居", "the door was used again, or no longer alone"),
    needs=frozenset({"door-access.swipe"}),
    checks=(
        SOMEONE_MET,
        HURT,
        AMBULANCE_CALLED,
        RELATIVES_TOLD,
    ),
)
