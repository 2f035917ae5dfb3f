"""A serious illness was newly reported of somebody who lives here: a visit, once.

A report from before the visits that are kept is not new: nobody knows any more who was there.
"""

from collections.abc import Iterator

from domain.causes import causes
from domain.checks import HARDSHIP_SEEN, SOMEONE_MET, WANTS_HELP
from domain.contributions import ConditionHeld
from domain.event import Source
from domain.living import holds, next_of, turns
from domain.retention import VISITS
from domain.rule import Check, Finding, Rule, Text
from domain.service_time import working_days
from domain.views.dwelling import Dwelling

CONDITION = "serious_illness"
WHY = Text("新报告重大疾病，尚未走访", "a serious illness was reported, not yet visited")


def check(home: Dwelling, now: int) -> Iterator[Finding]:
    reported = _reported(home)
    if not reported:
        return
    called, known_from = causes(condition.source for condition, _ in reported), VISITS.since(now)
    for condition, lives_here in reported:
        since = condition.source.occurred_at
        if since >= known_from and holds(condition, now) and not home.visited_since(since):
            yield Finding(called[condition.source], WHY, (condition.source, lives_here))


def look_again(home: Dwelling, now: int) -> int | None:
    reported = [condition for condition, _ in _reported(home)]
    not_new = (VISITS.until(condition.source.occurred_at) for condition in reported)
    return next_of((*turns(reported), *not_new), now)


def _reported(home: Dwelling) -> list[tuple[ConditionHeld, Source]]:
    """Each serious illness of somebody who lives here, and by which statement they do."""
    return [
        (condition, occupant.occupancy.source)
        for occupant in home.occupants
        if occupant.occupancy.died_on is None
        for condition in occupant.occupancy.conditions
        if condition.condition == CONDITION
    ]


RULE = Rule(
    "serious-illness",
    title=Text("新报告重大疾病", "serious illness newly reported"),
    view="dwelling",
    version=2,
    severity="today",
    domain="care",
    respond_within=working_days(3),
    check=check,
    look_again=look_again,
    resolved=Text("已走访，或病情已解除、不再居住于此", "visited, or the illness has ended, or no longer living here"),
    checks=(
        SOMEONE_MET,
        Check("in_treatment", Text("正在治疗？", "In treatment?")),
        HARDSHIP_SEEN,
        WANTS_HELP,
    ),
)
