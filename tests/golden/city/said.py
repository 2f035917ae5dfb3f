"""What the golden city says: its time, its statements, its people's numbers."""

from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5

SECOND = 1_000_000
DAY = 86_400 * SECOND
EAST_8 = 8 * 3600 * SECOND
"""Asia/Shanghai has been UTC+8 without summer time since 1991; all instants of this city are later."""

_EPOCH = date(1970, 1, 1)
FIRST = (date(2023, 1, 1) - _EPOCH).days
LIVE = (date(2024, 9, 1) - _EPOCH).days
LAST = (date(2025, 10, 31) - _EPOCH).days
LIVE_SINCE = LIVE * DAY - EAST_8
"""Going live: what rests on older facts only is held back."""
NOW = (LAST + 1) * DAY - EAST_8 + 12 * 3600 * SECOND
"""The final clock: noon of the day after the last event."""

_EVENT = UUID("0d9e2c4e-6f6d-5d0e-8f43-5a1b7c9d2e11")
Change = dict[str, Any]


class Said(NamedTuple):
    """One statement, with the fields of an event. Times in microseconds UTC, days since 1970-01-01."""

    event_id: str
    department: str
    topic: str
    subject: str
    record: str
    occurred_at: int
    recorded_at: int
    withdrawn: bool
    kind: str
    change: Change
    sequence: int | None = None

    def renewed(self, **differs: Any) -> "Said":
        """The same with other fields, under the event id that belongs to them."""
        other = self._replace(**differs)
        content = repr((*other[2:9], sorted(other.change.items())))
        return other._replace(event_id=str(uuid5(_EVENT, content)))


TERMS = (("effective_from", "until"), ("start", "until"), ("on", "lasts_until"))
"""Fields of which the second is after the first, where both are known."""
RECORDED_AFTERWARDS = {
    **dict.fromkeys(
        ("Death", "Married", "Divorced", "ServiceRegistered", "DegreeAwarded", "CompanyTaxRegistered"), "on"
    ),
    **dict.fromkeys(("CompanyRegistered", "RepresentativeChanged", "Deregistered"), "on"),
    **dict.fromkeys(("OwnershipRegistered", "OwnershipTransferred", "OwnershipEnded"), "on"),
    **dict.fromkeys(("Graded", "Reinforced", "HazardRepaired"), "on"),
    "Born": "born",
}
"""Kinds that are recorded on the day of this field or later."""


def is_taken(statement: Said) -> bool:
    """Whether a department's door takes the days that the statement holds, and its point as it is: half a point is
    left out there, and two statements become one."""
    change, kind = statement.change, statement.kind
    if (change.get("lon") is None) != (change.get("lat") is None):
        return False
    if kind == "WarningIssued":
        return change["until"] is None or change["until"] > statement.occurred_at
    if kind in RECORDED_AFTERWARDS and change[RECORDED_AFTERWARDS[kind]] > (statement.recorded_at + EAST_8) // DAY:
        return False
    terms = ((change.get(begin), change.get(end)) for begin, end in TERMS)
    return all(begin is None or end is None or begin < end for begin, end in terms)


def identity_number(district: str, born: int, sequence: int) -> str:
    """A citizen identity number by GB 11643: 17 digits and the check character. `born` in days since 1970-01-01."""
    digits = f"{district}{_EPOCH + timedelta(days=born):%Y%m%d}{sequence:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
    return digits + "10X98765432"[total % 11]
