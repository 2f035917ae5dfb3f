"""What one subject's row says about another subject: the classes that travel on `contributions.<view>`."""

from bisect import bisect_left
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from domain.event import Source

E = TypeVar("E")


class VehicleHeld(NamedTuple):
    """A vehicle in somebody's name. Its plate is the source's record."""

    vehicle_kind: str
    source: Source


class ProgrammeDrawn(NamedTuple):
    """A benefit: drawn from the day `effective_from` until the day `until` (not included; None: no end stated)."""

    programme: str
    effective_from: int
    until: int | None
    household_differs: bool
    source: Source


class MarriageHeld(NamedTuple):
    """The newest marriage or divorce of a person."""

    spouse: str
    married: bool
    source: Source


class TaxEntry(NamedTuple):
    """A tax return or arrears: `amount_fen` in hundredths of a yuan."""

    period: str
    amount_fen: int
    source: Source


class ConditionHeld(NamedTuple):
    """A reported state of health: from the day `effective_from` until the day `until` (not included; None: not ended).

    `level` is the office's own grade (severe mental illness: 0 to 5), None where it gives none.
    """

    condition: str
    level: int | None
    effective_from: int
    until: int | None
    source: Source


class DisabilityHeld(NamedTuple):
    """A disabled person's card: `level` 1 (gravest) to 4; valid from the day `effective_from` until the day `until`
    (not included; None: no end known)."""

    disability: str
    level: int
    effective_from: int
    until: int | None
    source: Source


class Membership(NamedTuple):
    """What a resident's row says about the household that the police register names. `also`: other numbers of the same
    person."""

    name: str | None
    born: int | None
    relation: str | None
    died_on: int | None
    dwelling: str | None
    address: str | None
    contacts_disagree: bool
    source: Source
    vehicles: tuple[VehicleHeld, ...]
    programmes: tuple[ProgrammeDrawn, ...]
    marriage: MarriageHeld | None
    tax_returns: tuple[TaxEntry, ...]
    arrears: tuple[TaxEntry, ...]
    also: tuple[str, ...] = ()


class Occupancy(NamedTuple):
    """What a resident's row says about a dwelling at which the person is registered, by the police or for a stay.

    `household` is the police register's, "" where only the migrant-population office has the person here. `stay`: that
    office has. `source` is the police's registration, else the stay's. `also`: other numbers of the same person.
    """

    household: str
    born: int | None
    died_on: int | None
    source: Source
    conditions: tuple[ConditionHeld, ...] = ()
    programmes: tuple[ProgrammeDrawn, ...] = ()
    disabilities: tuple[DisabilityHeld, ...] = ()
    stay: bool = False
    also: tuple[str, ...] = ()


class Vulnerable(NamedTuple):
    """Somebody behind a door who needs looking after: `need` is elder_alone, severe_mental, serious_illness or
    disabled; from the day `effective_from` until the day `until` (not included; None: no end known). No name."""

    need: str
    effective_from: int
    until: int | None
    source: Source


class DoorAtRisk(NamedTuple):
    """Why a dwelling is to be visited when the weather turns: graded C or D, reinforced, or who lives there."""

    address: str | None
    grade: str | None
    graded: Source | None
    reinforced: Source | None
    vulnerable: tuple[Vulnerable, ...]


class WarningTold(NamedTuple):
    """A weather warning that nobody has lifted: in force from the instant `since` until `until` (not included)."""

    hazard: str
    level: str
    rainfall_mm: float | None
    since: int
    until: int | None
    source: Source


class AboutGrid(NamedTuple):
    """What others say about a grid: a dwelling that it is a door at risk, a district which warnings are out.

    `source` is the newest of what it rests on; a district whose warnings were all lifted still says by which statement.
    """

    door: DoorAtRisk | None
    warnings: tuple[WarningTold, ...]
    source: Source


class GridThere(NamedTuple):
    """A grid tells its district that it is there, so that the district knows whom to tell of its warnings."""

    there: bool


def replaced(entries: tuple[E, ...], source: str, entry: E | None, source_of: Callable[[E], str]) -> tuple[E, ...]:
    """`entries`, in the order of their sources and at most one of each, with `entry` as that of `source`; None: it has
    none any more. By bisection, since a dormitory has thousands (docs/decisions/0010-large-rows.md)."""
    place = bisect_left(entries, source, key=source_of)
    there = place < len(entries) and source_of(entries[place]) == source
    return (*entries[:place], *(() if entry is None else (entry,)), *entries[place + there :])
