"""What one subject's row says about another subject: the classes that travel on `contributions.<view>`."""

from typing import NamedTuple

from domain.event import Source


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


class Membership(NamedTuple):
    """What a resident's row says about the household that the police register names."""

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


class Occupancy(NamedTuple):
    """What a resident's row says about the dwelling at which the police register has the person."""

    household: str
    born: int | None
    died_on: int | None
    source: Source
