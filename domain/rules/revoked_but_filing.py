"""A company whose licence was revoked declares tax for a period after that: it seems to go on with its business.

To file is still its duty until it is deregistered; what counts is an amount for a period that began later.
Source and what it leaves open: docs/decisions/0014-warnings-and-companies.md
"""

import re
from collections.abc import Iterator
from datetime import date

from domain.facts import Statement, by_record, current
from domain.rule import Check, Finding, Rule, Text
from domain.service_time import working_days
from domain.time import iso_day, midnight
from domain.views.legal_person import Amount, LegalPerson

_PERIOD = re.compile(r"(\d{4})(?:-(\d\d)|-Q([1-4]))?", re.ASCII)
_EPOCH = date(1970, 1, 1)


def begins(period: str) -> int | None:
    """The first day of a period YYYY, YYYY-MM or YYYY-Qn, in days since 1970-01-01; None: it is no such period."""
    match = _PERIOD.fullmatch(period)
    if match is None:
        return None
    year, month, quarter = match.groups()
    try:
        return (date(int(year), int(month or 3 * int(quarter or 1) - 2), 1) - _EPOCH).days
    except ValueError:
        return None


def check(company: LegalPerson, now: int) -> Iterator[Finding]:
    revoked = current(company.revocations)
    if revoked is None or now < midnight(revoked.value.on) or company.deregistered_on is not None:
        return
    later = [filed for filed in by_record(company.filings) if _declares_after(filed, revoked.value.on)]
    if later:
        since = iso_day(revoked.value.on)
        why = Text(
            f"{since} 起营业执照已吊销，仍申报此后的税款",
            f"licence revoked on {since}, tax declared for a time after that",
        )
        yield Finding(revoked.record, why, (revoked.source, *(filed.source for filed in later)))


def look_again(company: LegalPerson, now: int) -> int | None:
    revoked = current(company.revocations)
    instant = midnight(revoked.value.on) if revoked else now
    return instant if instant > now else None


def _declares_after(filed: Statement[Amount], revoked_on: int) -> bool:
    first = begins(filed.value.period)
    return filed.value.amount_fen > 0 and first is not None and first > revoked_on


RULE = Rule(
    "revoked-but-filing",
    title=Text("吊销后仍经营", "licence revoked, business goes on"),
    view="legal_person",
    version=1,
    severity="planned",
    domain="companies",
    respond_within=working_days(5),
    check=check,
    look_again=look_again,
    resolved=Text("吊销或申报已撤回，或已注销", "the revocation or the return was withdrawn, or it was deregistered"),
    checks=(
        Check("business_open", Text("仍在营业？", "Is the business open?")),
        Check("sign_of_company", Text("挂有该公司招牌？", "Is the company's sign up?")),
        Check("owner_met", Text("见到负责人？", "Was its owner met?")),
    ),
)
