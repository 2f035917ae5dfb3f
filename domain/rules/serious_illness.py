"""A serious illness was newly reported of somebody who lives here: a visit, once."""

from collections.abc import Iterator

from domain.checks import HARDSHIP_SEEN, SOMEONE_MET, WANTS_HELP
from domain.contributions import ConditionHeld
from domain.event import Source
from domain.living import holds, next_of, turns
from domain.rule import Check, Finding, Rule, Text
from domain.time import hours
from domain.views.dwelling import Dwelling

CONDITION = "serious_illness"
WHY = Text("新报告重大疾病，尚未走访", "a serious illness was reported, not yet visited")


def check(home: Dwelling, now: int) -> Iterator[Finding]:
    for said, lives_here in _not_visited_since(home):
        if holds(said, now):
            yield Finding(said.source.record, WHY, (said.source, lives_here))


def look_again(home: Dwelling, now: int) -> int | None:
    return next_of(turns(said for said, _ in _not_visited_since(home)), now)


def _not_visited_since(home: Dwelling) -> list[tuple[ConditionHeld, Source]]:
    return [
        (said, each.occupancy.source)
        for each in home.occupants
        if each.occupancy.died_on is None
        for said in each.occupancy.conditions
        if said.condition == CONDITION and not home.visited_since(said.source.occurred_at)
    ]


RULE = Rule(
    "serious-illness",
    title=Text("新报告重大疾病", "serious illness newly reported"),
    view="dwelling",
    version=1,
    severity="today",
    domain="care",
    respond_within=hours(72),
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
