"""The order of statements that their times alone do not order: recorded at one instant, or happened at one instant.

Both rules are sensible to a clerk and rest on what the statements say, never on a hash (docs/decisions/0022-wire.md,
docs/decisions/0003-facts.md). They are total: whatever the order in which statements arrive, the same one holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from domain.keys import itself

if TYPE_CHECKING:
    from domain.facts import Statement

V = TypeVar("V")
_occurred = attrgetter("occurred_at")


class Life(NamedTuple):
    """The kinds by which what a record states begins, passes on to somebody else and ends, each in their order."""

    begins: tuple[str, ...]
    ends: tuple[str, ...] = ()
    passes: tuple[str, ...] = ()


LIVES = (
    Life(("Birth", "MovedIn", "Address"), ends=("MovedOut",)),
    Life(("Arrived", "Moved"), ends=("Left",)),
    Life(("PermitIssued",), ends=("PermitCancelled",)),
    Life(("Married",), ends=("Divorced",)),
    Life(("Registered",), passes=("Transferred",), ends=("Scrapped",)),
    Life(("Granted",), ends=("Ended",)),
    Life(("Let", "Renewed"), ends=("TenancyEnded",)),
    Life(("TenantAdded",), ends=("TenantLeft",)),
    Life(("Graded", "Reinforced")),
    Life(("OwnershipRegistered",), passes=("OwnershipTransferred",), ends=("OwnershipEnded",)),
    Life(("Reported",), ends=("ConditionEnded",)),
    Life(("ServiceRegistered",), ends=("ServiceEnded",)),
    Life(("Employed",), ends=("EmploymentEnded",)),
    Life(("Insured",), ends=("InsuranceEnded",)),
    Life(("AccountOpened",), ends=("AccountClosed",)),
    Life(("Enrolled",), ends=("EnrolmentEnded",)),
    Life(("CardIssued",), ends=("CardCancelled",)),
    Life(("Pressed",), ends=("Answered",)),
    Life(("Instructed",), ends=("FedBack",)),
    Life(("HazardReported",), ends=("HazardRepaired",)),
    Life(("WarningIssued",), ends=("WarningLifted",)),
    Life(("CompanyRegistered", "RepresentativeChanged", "AddressChanged"), ends=("LicenceRevoked", "Deregistered")),
    Life(("CompanyTaxRegistered",)),
    Life(("EmployerInsured",)),
    Life(("NumberGiven", "NumberChanged", "SamePerson")),
)
"""Every begin/end pair of kinds that a view reads. A test fails on a kind that a view reads and that stands neither
here nor in `MOMENTS` nor in `LAST`."""

MOMENTS = frozenset(
    {
        "Born", "Contact", "ContributionArrears", "ContributionPaid", "CompanyArrears", "CompanyTaxReturn", "Arrears",
        "DegreeAwarded", "Deposited", "DwellingRegistered", "FacilityInstalled", "Inspected", "Kinship",
        "ReportAccepted", "Responded", "SwipedIn", "SwipedOut", "TaxRegistered", "TaxReturn", "Visited",
    }
)  # fmt: skip
"""Kinds that begin and end nothing: at one instant they count as beginnings."""

LAST = frozenset({"Death"})
"""Kinds after which nothing begins: at one instant they come after all others."""

END, PASSED_ON, BEGINNING, OVER_ALL = range(4)


class _Place(NamedTuple):
    """`between`: where a kind stands among other records' at one instant; `within`: among its own record's."""

    between: int
    within: int


def _places() -> Mapping[str, _Place]:
    places: dict[str, _Place] = {}
    for life in LIVES:
        groups = ((life.begins, BEGINNING), (life.passes, PASSED_ON), (life.ends, END))
        kinds = [(kind, between) for group, between in groups for kind in group]
        places |= {kind: _Place(between, within) for within, (kind, between) in enumerate(kinds)}
    return places | dict.fromkeys(LAST, _Place(OVER_ALL, len(places)))


_PLACES = _places()
_MOMENT = _Place(BEGINNING, 0)


def ends(kind: str) -> bool:
    """Whether statements of the kind say that something ended."""
    return _PLACES.get(kind, _MOMENT).between == END


def supersedes(new: Statement[Any], old: Statement[Any]) -> bool:
    """Whether of two statements of one slot `new` holds: the one recorded last; recorded at one instant, the one with
    the greater sequence; then the withdrawal; then the one that says more or later by its own content."""
    if new.recorded_at != old.recorded_at:
        return new.recorded_at > old.recorded_at
    return new != old and _recorded(new) > _recorded(old)


def latest(statements: Iterable[Statement[V]]) -> Statement[V] | None:
    """The statement that happened last; None if there is none."""
    tied = _tied(list(statements), max)
    return tied[-1] if tied else None


def earliest(statements: Iterable[Statement[V]]) -> Statement[V] | None:
    """The statement that happened first; None if there is none."""
    tied = _tied(list(statements), min)
    return tied[0] if tied else None


def in_order(statements: Iterable[Statement[V]]) -> list[Statement[V]]:
    """The statements in the order in which they happened."""
    statements = list(statements)
    if len(statements) < 2:  # most facts
        return statements
    by_instant: dict[int, list[Statement[V]]] = {}
    for statement in statements:
        by_instant.setdefault(statement.occurred_at, []).append(statement)
    ordered_statements: list[Statement[V]] = []
    for instant in sorted(by_instant, key=itself):
        tied = by_instant[instant]
        ordered_statements += tied if len(tied) < 2 else _at_one_instant(tied)
    return ordered_statements


def _tied(statements: list[Statement[V]], outermost: Callable[..., int]) -> list[Statement[V]]:
    """Those of the first or the last instant, in their order."""
    if len(statements) < 2:
        return statements
    instant = outermost(map(_occurred, statements))
    tied = [statement for statement in statements if statement.occurred_at == instant]
    return tied if len(tied) < 2 else _at_one_instant(tied)


def _at_one_instant(tied: list[Statement[V]]) -> list[Statement[V]]:
    """Within a record the end comes last, between records the beginning: somebody who leaves one household and arrives
    in another on a day lives in the other."""
    records: dict[tuple[str, ...], list[Statement[V]]] = {}
    for statement in sorted(tied, key=_within):
        records.setdefault(statement[:2], []).append(statement)
    return [statement for record in sorted(records.values(), key=_between) for statement in record]


def _within(statement: Statement[Any]) -> tuple[Any, ...]:
    return (_PLACES.get(statement.kind, _MOMENT).within, *_recorded(statement), statement.kind)


def _between(record: list[Statement[Any]]) -> tuple[Any, ...]:
    """By the record's last statement at the instant: its place, when it was recorded, then what it says."""
    last = record[-1]
    place = _PLACES.get(last.kind, _MOMENT)
    return (place.between, last.recorded_at, _sequence(last), place.within, *_content(last), last.event_id)


def _recorded(statement: Statement[Any]) -> tuple[Any, ...]:
    # The id decides between statements that are equal in all that a row keeps: then either is as right as the other.
    return (
        statement.recorded_at,
        _sequence(statement),
        statement.withdrawn,
        statement.occurred_at,
        ordered(statement.value),
        statement.event_id,
    )


def _sequence(statement: Statement[Any]) -> int:
    return -1 if statement.sequence is None else statement.sequence


def _content(statement: Statement[Any]) -> tuple[Any, ...]:
    return (ordered(statement.value), statement.kind, statement.department, statement.record)


def ordered(value: Any) -> tuple[Any, ...]:
    """`value` in a form in which any two values compare: nothing before numbers, numbers before text, text before
    several values."""
    match value:
        case None:
            return (0,)
        case bool() | int() | float():
            return (1, value)
        case str():
            return (2, value)
    return (3, *map(ordered, value.values() if isinstance(value, dict) else value))
