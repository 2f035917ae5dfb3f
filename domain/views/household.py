"""The household of the police register: its members, and what their rows say about them.

No department speaks of a household directly: its row is what residents' rows contribute.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from domain.contributions import Membership, ProgrammeDrawn, VehicleHeld, replaced
from domain.event import Event
from domain.keys import itself
from domain.rows import replace
from domain.time import midnight
from domain.view import NOTHING, Bookkeeping, View


class Member(NamedTuple):
    resident: str
    membership: Membership


@dataclass(frozen=True, slots=True)
class Household:
    id: str
    members: tuple[Member, ...] = ()
    bookkeeping: Bookkeeping = NOTHING

    @property
    def living(self) -> int:
        """Members of whom no death is recorded."""
        return sum(member.membership.died_on is None for member in self.members)

    @property
    def dwelling(self) -> str | None:
        """The dwelling that the newest registration among the members names."""
        return self._newest.dwelling if self._newest else None

    @property
    def address(self) -> str | None:
        return self._newest.address if self._newest else None

    @property
    def disagreements(self) -> tuple[str, ...]:
        """Where departments, or the register's own entries for the members, differ."""
        memberships = [member.membership for member in self.members]
        names = []
        if any(m.contacts_disagree for m in memberships):
            names.append("contact")
        if any(drawn.household_differs for m in memberships for drawn in m.programmes):
            names.append("household")
        if len({m.dwelling for m in memberships if m.dwelling and m.died_on is None}) > 1:
            names.append("dwelling")
        return tuple(names)

    @property
    def _newest(self) -> Membership | None:
        placed = (member.membership for member in self.members if member.membership.dwelling is not None)
        return max(placed, key=lambda m: m.source.happened, default=None)

    def vehicles(self) -> Iterator[VehicleHeld]:
        for member in self.members:
            yield from member.membership.vehicles

    def programmes(self) -> Iterator[ProgrammeDrawn]:
        for member in self.members:
            yield from member.membership.programmes

    def programmes_in_force(self, now: int) -> list[ProgrammeDrawn]:
        return [drawn for drawn in self.programmes() if in_force(drawn, now)]


def in_force(drawn: ProgrammeDrawn, now: int) -> bool:
    """Whether the benefit is drawn at `now` (microseconds UTC)."""
    return midnight(drawn.effective_from) <= now and (drawn.until is None or now < midnight(drawn.until))


def next_turn(programmes: Iterator[ProgrammeDrawn], now: int) -> int | None:
    """The next instant after `now` at which one of the benefits begins or ends."""
    days = (day for drawn in programmes for day in (drawn.effective_from, drawn.until) if day is not None)
    return min((instant for day in days if (instant := midnight(day)) > now), key=itself, default=None)


def merge(row: Household, event: Event) -> Household:
    """No contract has a household for its subject."""
    return row


def receive(row: Household, source: str, membership: Membership | None) -> Household:
    """The household once the resident `source` says `membership` about it; None: not a member (any more)."""
    member = None if membership is None else Member(source, membership)
    return replace(row, members=replaced(row.members, source, member, attrgetter("resident")))


VIEW = View(
    "household",
    subject="household",
    row=Household,
    merge=merge,
    contribution=Membership,
    receive=receive,
    place=lambda row: row.dwelling,
    household=lambda row: row.id,
)
