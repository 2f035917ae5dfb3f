"""What the three buttons of a bracelet have in common: a call stands until somebody has answered it.

A button has a domain of its own, so that its calls wait in a queue of their own: docs/decisions/0019-buttons.md.
"""

from collections.abc import Iterator

from domain.facts import by_record
from domain.rule import Check, Finding, Rule, Text
from domain.service_time import ServiceTime
from domain.views.resident import Resident


def button_rule(
    button: str, title: Text, why: Text, severity: str, respond_within: ServiceTime, checks: tuple[Check, ...]
) -> Rule:
    """The rule of one `button`, which is also its domain."""
    name = f"button-{button}"

    def check(person: Resident, now: int) -> Iterator[Finding]:
        calls = [call for call in by_record(person.presses) if call.value.button == button]
        if not calls:
            return
        answered = {(answer.department, answer.record) for answer in by_record(person.answers)}
        responded = {
            response.value.cause
            for response in by_record(person.responses)
            if response.value.rule == name and response.value.outcome == "done"
        }
        for call in calls:
            if (call.department, call.record) not in answered and call.record not in responded:
                yield Finding(call.record, why, (call.source,))

    return Rule(
        name,
        title=title,
        view="resident",
        version=1,
        severity=severity,
        domain=button,
        respond_within=respond_within,
        check=check,
        checks=checks,
        resolved=Text("呼叫已应答或已办结", "the call was answered or dealt with"),
    )
