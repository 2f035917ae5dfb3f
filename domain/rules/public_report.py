"""Somebody reported something by the door plate, the command centre accepted it, and nobody was there since.

What is older than the visits that are kept counts no more: nobody knows whether somebody went there.
Source: docs/decisions/0039-door-plates.md
"""

from collections.abc import Iterator

from domain.causes import causes
from domain.checks import OWNER_TOLD
from domain.facts import by_record
from domain.living import next_of
from domain.retention import VISITS
from domain.rule import Check, Finding, Rule, Text
from domain.service_time import working_days
from domain.views.dwelling import Dwelling

CATEGORIES = {
    "exit_blocked": Text("消防通道堵塞", "an exit is blocked"),
    "wiring": Text("飞线充电或电线外露", "wires hang or lie open"),
    "building": Text("房屋开裂或外墙脱落", "the building cracks or sheds its wall"),
    "leak": Text("漏水或管道损坏", "a leak or a broken pipe"),
    "lighting": Text("楼道或路灯不亮", "a light is out"),
    "rubbish": Text("垃圾堆放", "rubbish lies there"),
    "noise": Text("噪声扰民", "noise"),
}
OTHER = Text("见上报内容", "see the report")


def check(home: Dwelling, now: int) -> Iterator[Finding]:
    if not home.reports:
        return
    known_from = VISITS.since(now)
    reports = list(by_record(home.reports))
    called = causes(report.source for report in reports)
    for report in reports:
        if report.occurred_at >= known_from and not home.visited_since(report.occurred_at):
            what = CATEGORIES.get(report.value, OTHER)
            why = Text(f"扫码上报：{what.zh}", f"reported by the door plate: {what.en}")
            yield Finding(called[report.source], why, (report.source,))


def look_again(home: Dwelling, now: int) -> int | None:
    if not home.reports:
        return None
    return next_of((VISITS.until(report.occurred_at) for report in by_record(home.reports)), now)


RULE = Rule(
    "public-report",
    title=Text("扫码上报", "report by the door plate"),
    view="dwelling",
    version=1,
    severity="today",
    domain="facilities",
    respond_within=working_days(2),
    check=check,
    look_again=look_again,
    resolved=Text("已到场查看，或上报已撤回", "somebody was there, or the report was withdrawn"),
    checks=(
        Check("report_true", Text("与上报一致？", "Is it as reported?")),
        Check("put_right", Text("已处理？", "Was it put right?")),
        OWNER_TOLD,
    ),
)
