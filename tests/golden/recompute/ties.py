"""Which of two statements counts as the later one where their times are equal: docs/decisions/0003-facts.md.

The table of kinds is repeated here as data, in the words of the decision.
"""

from collections.abc import Iterable
from typing import Any

Plain = dict[str, Any]

FOLLOW = (
    "Birth MovedIn Address MovedOut",
    "Arrived Moved Left",
    "PermitIssued PermitCancelled",
    "Married Divorced",
    "Registered Transferred Scrapped",
    "Granted Ended",
    "Let Renewed TenancyEnded",
    "TenantAdded TenantLeft",
    "Graded Reinforced",
    "OwnershipRegistered OwnershipTransferred OwnershipEnded",
    "Reported ConditionEnded",
    "ServiceRegistered ServiceEnded",
    "Employed EmploymentEnded",
    "Insured InsuranceEnded",
    "AccountOpened AccountClosed",
    "Enrolled EnrolmentEnded",
    "CardIssued CardCancelled",
    "Pressed Answered",
    "Instructed FedBack",
    "HazardReported HazardRepaired",
    "WarningIssued WarningLifted",
    "CompanyRegistered RepresentativeChanged AddressChanged LicenceRevoked Deregistered",
    "NumberGiven NumberChanged SamePerson",
)
"""Within a record, at one instant, each kind of a line comes after those before it."""
ENDS = {
    "MovedOut", "Left", "PermitCancelled", "Divorced", "Scrapped", "Ended", "TenancyEnded", "TenantLeft",
    "OwnershipEnded", "ConditionEnded", "ServiceEnded", "EmploymentEnded", "InsuranceEnded", "AccountClosed",
    "EnrolmentEnded", "CardCancelled", "Answered", "FedBack", "HazardRepaired", "WarningLifted", "LicenceRevoked",
    "Deregistered",
}  # fmt: skip
"""Between records, at one instant, these come first …"""
HANDED_ON = ("Transferred", "OwnershipTransferred")
"""… then these, then all others …"""
OVER_ALL = ("Death",)
"""… and these last."""
_STEP = {kind: step for line in FOLLOW for step, kind in enumerate(line.split())} | dict.fromkeys(OVER_ALL, 99)


def recorded(s: Plain) -> tuple[Any, ...]:
    """The order among statements of one department, record and kind: the last one stands."""
    number = -1 if s["sequence"] is None else s["sequence"]
    return (s["recorded_at"], number, s["withdrawn"], s["occurred_at"], content(s["value"]), s["event_id"])


def happened(s: Plain, among: Iterable[Plain]) -> tuple[Any, ...]:
    """The order in which statements happened; `among`: all that are compared."""
    beside = [
        other for other in among if all(other[name] == s[name] for name in ("occurred_at", "department", "record"))
    ]
    final = max(beside, key=_within)
    return (s["occurred_at"], *_between(final), *_within(s))


def _within(s: Plain) -> tuple[Any, ...]:
    return (_STEP.get(s["kind"], 0), *recorded(s), s["kind"])


def _between(s: Plain) -> tuple[Any, ...]:
    rank = 0 if s["kind"] in ENDS else 1 if s["kind"] in HANDED_ON else 3 if s["kind"] in OVER_ALL else 2
    number = -1 if s["sequence"] is None else s["sequence"]
    step, says = _STEP.get(s["kind"], 0), content(s["value"])
    return (rank, s["recorded_at"], number, step, says, s["kind"], s["department"], s["record"], s["event_id"])


def content(value: Any) -> tuple[Any, ...]:
    """Values in one order: nothing, numbers, text, several values."""
    if value is None:
        return (0,)
    if isinstance(value, bool | int | float):
        return (1, value)
    if isinstance(value, str):
        return (2, value)
    return (3, *(content(part) for part in (value.values() if isinstance(value, dict) else value)))
