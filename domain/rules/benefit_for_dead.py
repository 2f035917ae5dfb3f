"""A benefit is still drawn for somebody whose death is registered."""

from collections.abc import Iterator

from domain.facts import current
from domain.rule import Check, Finding, Rule, Text
from domain.service_time import working_days
from domain.views.household import in_force, next_turn
from domain.views.resident import Resident


def check(person: Resident, now: int) -> Iterator[Finding]:
    death = current(person.death)
    if death is None:
        return
    why = Text("已登记死亡，待遇仍在发放", "a death is registered, the benefit is still drawn")
    for drawn in person.programmes():
        if in_force(drawn, now):
            yield Finding(drawn.source.record, why, (death.source, drawn.source))


def look_again(person: Resident, now: int) -> int | None:
    return next_turn(person.programmes(), now) if current(person.death) else None


RULE = Rule(
    "benefit-for-dead",
    title=Text("死亡后仍领待遇", "benefit drawn for a dead person"),
    view="resident",
    version=1,
    severity="today",
    domain="benefits",
    respond_within=working_days(3),
    check=check,
    look_again=look_again,
    resolved=Text("待遇已停发或死亡登记已撤回", "the benefit has ended or the death was withdrawn"),
    checks=(
        Check("relatives_met", Text("见到亲属？", "Were relatives met?")),
        Check("death_confirmed", Text("确认已去世？", "Is the death confirmed?")),
        Check("money_still_paid", Text("待遇仍在发放？", "Is the benefit still paid?")),
    ),
)
