"""What the two rules about facilities' hazards have in common: a hazard stands until it is repaired."""

from collections.abc import Iterator

from domain.causes import causes
from domain.rule import Check, Finding, Rule, Text
from domain.service_time import ServiceTime
from domain.views.grid import Grid


def hazard_rule(
    name: str, title: Text, *, urgent: bool, severity: str, respond_within: ServiceTime, checks: tuple[Check, ...]
) -> Rule:
    """The rule about hazards that were reported as `urgent`, or not."""

    def check(grid: Grid, now: int) -> Iterator[Finding]:
        open_hazards = list(grid.not_repaired())
        called = causes(hazard.source for hazard in open_hazards)
        for hazard in open_hazards:
            if hazard.value.urgent == urgent:
                code = hazard.value.facility
                known = grid.named(code)
                zh, en = (known.value.what, known.value.what) if known else ("部件", "facility")
                # a grid has no door: where to go must stand in the text
                at_zh, at_en = (
                    (f"{known.value.address}，", f", {known.value.address}")
                    if known and known.value.address
                    else ("", "")
                )
                why = Text(
                    f"{at_zh}{zh} {code}：{hazard.value.hazard}，尚未修复",
                    f"{en} {code}{at_en}: {hazard.value.hazard}, not repaired",
                )
                because = (hazard.source,) if known is None else (hazard.source, known.source)
                yield Finding(called[hazard.source], why, because)

    return Rule(
        name,
        title=title,
        view="grid",
        version=2,
        severity=severity,
        domain="facilities",
        respond_within=respond_within,
        check=check,
        checks=checks,
        resolved=Text("已修复或上报已撤回", "repaired, or the report was withdrawn"),
    )
