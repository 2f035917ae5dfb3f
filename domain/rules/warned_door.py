"""A weather warning is out, and behind this door the house is dangerous or somebody needs looking after: one finding a
door, whatever the warnings and the reasons.

Which warnings and who counts: docs/decisions/0014-warnings-and-companies.md
"""

from collections.abc import Iterable, Iterator

from domain.checks import DANGER_SEEN, SOMEONE_MET
from domain.contributions import DoorAtRisk, Vulnerable, WarningTold
from domain.event import Source
from domain.keys import itself
from domain.living import holds, next_of, turns
from domain.rule import Check, Finding, Rule, Text
from domain.service_time import plain_hours
from domain.views.grid import Grid

LEVELS = {
    "rain": ("yellow", "orange", "red"),
    "typhoon": ("yellow", "orange", "red"),
}
"""Warnings that send somebody to a door. Source: docs/decisions/0014-warnings-and-companies.md"""
HAZARDS = {"rain": Text("暴雨", "rain"), "typhoon": Text("台风", "typhoon")}
COLOURS = {"yellow": Text("黄色", "yellow"), "orange": Text("橙色", "orange"), "red": Text("红色", "red")}
ELDER = "elder_alone"


def check(grid: Grid, now: int) -> Iterator[Finding]:
    out = [
        warning
        for warning in _that_count(grid)
        if warning.since <= now and (warning.until is None or now < warning.until)
    ]
    if not out:
        return
    warned = _warned(out)
    warnings = tuple(warning.source for warning in out)
    for door in grid.doors:
        here = [person for person in door.risk.vulnerable if holds(person, now)]
        reasons = [*_of_house(door.risk), *_of_people(here)]
        if reasons:
            why = Text(
                f"{warned.zh}：{'、'.join(reason.zh for reason in reasons)}",
                f"{warned.en}: {', '.join(reason.en for reason in reasons)}",
            )
            house = (source for source in (door.risk.graded, door.risk.reinforced) if source is not None)
            because: Iterable[Source] = {*warnings, *house, *(person.source for person in here)}
            yield Finding(door.dwelling, why, tuple(sorted(because, key=itself)), dwelling=door.dwelling)


def look_again(grid: Grid, now: int) -> int | None:
    """When a warning begins or ends; while one is out, also when somebody begins or ceases to need looking after."""
    counted = list(_that_count(grid))
    if not counted:
        return None
    instants = [instant for warning in counted for instant in (warning.since, warning.until) if instant is not None]
    return next_of((*instants, *turns(person for door in grid.doors for person in door.risk.vulnerable)), now)


def _that_count(grid: Grid) -> Iterator[WarningTold]:
    return (warning for warning in grid.warnings() if warning.level in LEVELS.get(warning.hazard, ()))


def _warned(out: list[WarningTold]) -> Text:
    named = [(HAZARDS[warning.hazard], COLOURS[warning.level], warning.rainfall_mm) for warning in out]
    zh = (f"{what.zh}{colour.zh}预警" + (f"（雨量 {mm:g} mm）" if mm is not None else "") for what, colour, mm in named)
    en = (f"{colour.en} {what.en} warning" + (f" ({mm:g} mm)" if mm is not None else "") for what, colour, mm in named)
    return Text("、".join(zh), ", ".join(en))


def _of_house(risk: DoorAtRisk) -> Iterator[Text]:
    if risk.grade is not None:
        yield Text(f"{risk.grade} 级危房", f"dangerous house, grade {risk.grade}")
    if risk.reinforced is not None:
        yield Text("加固房屋", "reinforced house")


def _of_people(here: list[Vulnerable]) -> Iterator[Text]:
    """An illness or disability is not named: whoever goes there sees it with the reasons, for a purpose."""
    if any(person.need == ELDER for person in here):
        yield Text("独居老人", "an elder alone")
    if any(person.need != ELDER for person in here):
        yield Text("需照看的住户", "an occupant who needs looking after")


RULE = Rule(
    "warned-door",
    title=Text("气象预警上门", "door to visit under a warning"),
    view="grid",
    version=1,
    severity="urgent",
    domain="weather",
    respond_within=plain_hours(2),
    check=check,
    look_again=look_again,
    resolved=Text("预警已解除，或此处已无风险", "the warning is over, or nothing here is at risk any more"),
    checks=(
        SOMEONE_MET,
        DANGER_SEEN,
        Check("wants_to_leave", Text("愿意转移？", "Willing to leave?")),
        Check("brought_to_safety", Text("已转移安置？", "Brought to safety?")),
    ),
)
