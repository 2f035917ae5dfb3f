"""The grid: its facilities and their hazards, the doors in it that are at risk, and the warnings of its district.

Doors come from dwellings' rows, warnings from the district's row. Which district a grid belongs to stands in its code.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

from domain.contributions import AboutGrid, DoorAtRisk, GridThere, WarningTold, replaced
from domain.event import Event
from domain.facts import Fact, Statement, by_record, current, stated
from domain.rows import replace
from domain.view import NOTHING, Bookkeeping, Contributions, View

DISTRICT_DIGITS = 6


class Facility(NamedTuple):
    """A component of the city (GB/T 30428.2). lon, lat in degrees WGS 84."""

    facility: str
    facility_kind: str
    what: str
    address: str | None
    lon: float | None
    lat: float | None


class Hazard(NamedTuple):
    facility: str
    hazard: str
    urgent: bool


class Door(NamedTuple):
    """A dwelling of the grid that is at risk when the weather turns."""

    dwelling: str
    risk: DoorAtRisk


class Warned(NamedTuple):
    """The warnings that a district has told of."""

    district: str
    warnings: tuple[WarningTold, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    id: str
    facilities: Fact[Facility] = ()
    hazards: Fact[Hazard] = ()
    repairs: Fact[int] = ()
    doors: tuple[Door, ...] = ()
    warned: tuple[Warned, ...] = ()
    other: Fact[str] = ()
    bookkeeping: Bookkeeping = NOTHING

    @property
    def place(self) -> str:
        return f"grid/{self.id}"

    @property
    def district(self) -> str:
        return self.id[:DISTRICT_DIGITS]

    @property
    def open_hazards(self) -> int:
        return sum(1 for _ in self.not_repaired())

    def not_repaired(self) -> Iterator[Statement[Hazard]]:
        """Each hazard that was reported and not repaired since; a report after the repair is a hazard again."""
        repaired = {(held.department, held.record): held.occurred_at for held in by_record(self.repairs)}
        for held in by_record(self.hazards):
            repaired_at = repaired.get((held.department, held.record))
            if repaired_at is None or repaired_at < held.occurred_at:
                yield held

    def named(self, facility: str) -> Statement[Facility] | None:
        """What the register of facilities says of one, by its code."""
        return next((held for held in by_record(self.facilities) if held.value.facility == facility), None)

    def warnings(self) -> Iterator[WarningTold]:
        for district in self.warned:
            yield from district.warnings


def merge(row: Grid, event: Event) -> Grid:
    """The grid after `event`; order and repetition of events do not matter."""
    c = event.change
    match event.kind:
        case "FacilityInstalled":
            facility = Facility(c["facility"], c["facility_kind"], c["what"], c["address"], c["lon"], c["lat"])
            row = replace(row, facilities=stated(row.facilities, event, facility))
        case "HazardReported":
            row = replace(row, hazards=stated(row.hazards, event, Hazard(c["facility"], c["hazard"], c["urgent"])))
        case "HazardRepaired":
            row = replace(row, repairs=stated(row.repairs, event, c["on"]))
        case _:  # of a department that no fact here is for yet: seen, kept, corrected like every other
            row = replace(row, other=stated(row.other, event, event.topic))
    return row


def receive(row: Grid, source: str, about: AboutGrid | None) -> Grid:
    """The grid once a dwelling or its district, `source`, says `about` about it; None: nothing more."""
    door = None if about is None or about.door is None else Door(source, about.door)
    warned = None if about is None or not about.warnings else Warned(source, about.warnings)
    doors = replaced(row.doors, source, door, attrgetter("dwelling"))
    others = [other for other in row.warned if other.district != source]
    return replace(
        row, doors=doors, warned=tuple(sorted([*others, warned] if warned else others, key=attrgetter("district")))
    )


def contribute(row: Grid) -> Contributions:
    """The grid is there for its district as soon as something stands in it or a door of it is at risk."""
    facts: tuple[Fact[Any], ...] = (row.facilities, row.hazards, row.repairs)
    if row.doors or any(current(fact) for fact in facts):
        return {"district": {row.district: GridThere(True)}}
    return {}


VIEW = View(
    "grid",
    subject="grid",
    row=Grid,
    merge=merge,
    contribution=AboutGrid,
    receive=receive,
    contribute=contribute,
    contributes_to=frozenset({"district"}),
    place=lambda row: row.place,
)
