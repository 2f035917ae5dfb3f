"""What the three buttons of a bracelet have in common: a call stands until somebody has answered it, or until it is as
old as calls are kept (then its answer may be forgotten already, and it must not seem unanswered).

A button has a domain of its own, so that its calls wait in a queue of their own: docs/decisions/0019-buttons.md.
"""

from collections.abc import Iterator

from domain.facts import Statement, by_record
from domain.living import next_of
from domain.residents.values import Press
from domain.retention import PRESSES
from domain.rule import Check, Finding, Rule, Text
from domain.service_time import ServiceTime
from domain.views.resident import Resident


def button_rule(
    button: str, title: Text, why: Text, severity: str, respond_within: ServiceTime, checks: tuple[Check, ...]
) -> Rule:
    """The rule of one `button`, which is also its domain."""
    name = f"button-{button}"

    def calls_of(person: Resident) -> list[Statement[Press]]:
        return [call for call in by_record(person.presses) if call.value.button == button]

    def look_again(person: Resident, now: int) -> int | None:
        return next_of((PRESSES.until(call.occurred_at) for call in calls_of(person)), now) if person.presses else None

    def check(person: Resident, now: int) -> Iterator[Finding]:
        calls = calls_of(person) if person.presses else []
        if not calls:
            return
        known_from = PRESSES.since(now)
        answered = {(answer.department, answer.record) for answer in by_record(person.answers)}
        responded = {
            response.value.cause
            for response in by_record(person.responses)
            if response.value.rule == name and response.value.outcome == "done"
        }
        for call in calls:
            open_still = (call.department, call.record) not in answered and call.record not in responded
            if open_still and call.occurred_at >= known_from:
                yield Finding(call.record, why, (call.source,))

    return Rule(
        name,
        title=title,
        view="resident",
        version=2,
        severity=severity,
        domain=button,
        respond_within=respond_within,
        check=check,
        look_again=look_again,
        checks=checks,
        resolved=Text("呼叫已应答或已办结", "the call was answered or dealt with"),
    )
