"""The dwelling: a flat or house, where it lies, who owns and who rents it, how safe it is, who is registered in it, who
comes and goes, when it was visited.

Only this row says in which grid a dwelling lies (a grid can be redrawn); all other rows carry the dwelling's number.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from domain.contributions import Occupancy, replaced
from domain.event import Event, Source
from domain.facts import Fact, Statement, by_record, current, in_time, stated
from domain.keys import itself
from domain.order import earliest, latest
from domain.remembered import once
from domain.retention import SWIPES, VISITS
from domain.rows import replace
from domain.slot import slot_record
from domain.time import midnight
from domain.view import NOTHING, Bookkeeping, Contributions, View
from domain.views._risk import at_risk


class Register(NamedTuple):
    """The dwelling register's entry. `floor_area_m2` in square metres; lon, lat in degrees WGS 84."""

    grid: str
    address: str
    floor_area_m2: float | None
    use: str
    district: str
    lon: float | None
    lat: float | None


class Lease(NamedTuple):
    """A tenancy as let: from the day `start` until the day `until` (not included; None: open-ended)."""

    landlord: str
    tenants: tuple[str, ...]
    start: int
    until: int | None
    rooms: int | None


class Tenant(NamedTuple):
    """Somebody who joined or left a lease after it was let."""

    lease: str
    tenant: str
    present: bool


class Visit(NamedTuple):
    task: str
    outcome: str


class Grade(NamedTuple):
    """An appraisal's grade of the building by JGJ 125: A, B safe; C parts are dangerous; D the whole is."""

    grade: str
    on: int


class Reinforcement(NamedTuple):
    """Reinforced since the day `on`; `lasts_until` is the first day on which that no longer counts."""

    on: int
    lasts_until: int | None


class Ownership(NamedTuple):
    """Who holds a certificate since the day `on`, and from whom it came; nobody: it ended."""

    owners: tuple[str, ...]
    former: tuple[str, ...]
    on: int


class Swipe(NamedTuple):
    """Somebody at the door; the kind says which way. `resident`: to whom, as the device has it, the card belongs."""

    resident: str | None
    card: str | None
    device: str


class Instruction(NamedTuple):
    task: str
    instruction: str


class Feedback(NamedTuple):
    task: str
    outcome: str


class Occupant(NamedTuple):
    resident: str
    occupancy: Occupancy


class Passages(NamedTuple):
    """The first and the last time that somebody passed the door, of those that are kept."""

    first: Statement[Swipe]
    last: Statement[Swipe]


class Tenancy(NamedTuple):
    """A lease with all that was said about it since: what a rule asks about. Days; `until` is not included. `joined`:
    which of the tenants came later, and the statement that says so."""

    record: str
    start: int
    until: int | None
    landlord: str
    tenants: tuple[str, ...]
    let_at: int
    because: tuple[Source, ...]
    joined: tuple[tuple[str, Source], ...]

    def in_force(self, now: int) -> bool:
        return midnight(self.start) <= now and (self.until is None or now < midnight(self.until))


@dataclass(frozen=True, slots=True)
class Dwelling:
    id: str
    register: Fact[Register] = ()
    leases: Fact[Lease] = ()
    renewals: Fact[int] = ()
    lease_ends: Fact[int] = ()
    tenants: Fact[Tenant] = ()
    visits: Fact[Visit] = ()
    grades: Fact[Grade] = ()
    reinforcements: Fact[Reinforcement] = ()
    ownership: Fact[Ownership] = ()
    swipes: Fact[Swipe] = ()
    instructions: Fact[Instruction] = ()
    feedback: Fact[Feedback] = ()
    reports: Fact[str] = ()
    occupants: tuple[Occupant, ...] = ()
    other: Fact[str] = ()
    bookkeeping: Bookkeeping = NOTHING

    @property
    def entry(self) -> Statement[Register] | None:
        return current(self.register)

    @property
    def grid(self) -> str | None:
        return entry.value.grid if (entry := self.entry) else None

    @property
    def district(self) -> str | None:
        return entry.value.district if (entry := self.entry) else None

    @property
    def address(self) -> str | None:
        return entry.value.address if (entry := self.entry) else None

    @property
    def use(self) -> str | None:
        return entry.value.use if (entry := self.entry) else None

    @property
    def lon(self) -> float | None:
        return entry.value.lon if (entry := self.entry) else None

    @property
    def lat(self) -> float | None:
        return entry.value.lat if (entry := self.entry) else None

    @property
    def floor_area_m2(self) -> float | None:
        return entry.value.floor_area_m2 if (entry := self.entry) else None

    @property
    def grade(self) -> str | None:
        return held.value.grade if (held := current(self.grades)) else None

    @property
    def reinforced(self) -> bool:
        return current(self.reinforcements) is not None

    @property
    def owners(self) -> tuple[str, ...]:
        """Those who hold a certificate now. A transfer takes the former owners out of every certificate."""
        held: dict[tuple[str, str], set[str]] = {}
        for statement in in_time(self.ownership):
            for certificate in held.values():
                certificate.difference_update(statement.value.former)
            held[statement.department, statement.record] = set(statement.value.owners)
        return tuple(sorted(set().union(*held.values()), key=itself))

    @once
    def tenancies(self) -> list[Tenancy]:
        """Every lease of this dwelling, with its renewals, ends and tenants."""
        return [self._tenancy(*terms) for terms in self._terms()]

    def lease_turns(self) -> Iterator[int]:
        """The instants at which a lease begins or ends."""
        for let, _, _, until in self._terms():
            yield midnight(let.value.start)
            if until is not None:
                yield midnight(until)

    def _terms(self) -> Iterator[tuple[Statement[Lease], Statement[int] | None, Statement[int] | None, int | None]]:
        """Each lease, its renewal, its end, and the day until which it runs."""
        renewals = {held.record: held for held in by_record(self.renewals)}
        ends = {held.record: held for held in by_record(self.lease_ends)}
        for let in by_record(self.leases):
            renewed, ended = renewals.get(let.record), ends.get(let.record)
            until = renewed.value if renewed is not None else let.value.until
            if ended is not None:
                until = ended.value if until is None else min(until, ended.value, key=itself)
            yield let, renewed, ended, until

    def _tenancy(
        self, let: Statement[Lease], renewed: Statement[int] | None, ended: Statement[int] | None, until: int | None
    ) -> Tenancy:
        moves = [held for held in by_record(self.tenants) if held.value.lease == let.record]
        present = dict.fromkeys(let.value.tenants, True)
        later = [held for held in moves if held.occurred_at >= let.occurred_at]
        present |= {held.value.tenant: held.value.present for held in later}
        because = [
            let.source,
            *(held.source for held in (renewed, ended) if held is not None),
            *(m.source for m in moves),
        ]
        return Tenancy(
            let.record,
            let.value.start,
            until,
            let.value.landlord,
            tuple(sorted((tenant for tenant, here in present.items() if here), key=itself)),
            let.occurred_at,
            tuple(because),
            tuple(
                (m.value.tenant, m.source) for m in later if m.value.present and m.value.tenant not in let.value.tenants
            ),
        )

    @once
    def passages(self) -> dict[str, Passages]:
        """Who passed the door: a resident, or the number of a card that nobody is known by. A card is taken for the
        resident whom it was last seen with; a passage of neither resident nor card (a button within) is nobody's."""
        residents: dict[str, list[Statement[Swipe]]] = {}
        cards: dict[str, list[Statement[Swipe]]] = {}
        for swipe in self.swipes:  # hundreds, for each event of the door: no more than is needed for each
            resident, card, _ = swipe.value
            if swipe.withdrawn:
                continue
            if card:
                cards.setdefault(card, []).append(swipe)
            if resident:
                residents.setdefault(resident, []).append(swipe)
        for card, swipes in cards.items():
            unnamed = [swipe for swipe in swipes if not swipe.value.resident]
            if unnamed:
                named = [swipe for swipe in swipes if swipe.value.resident]
                known = latest(named)
                residents.setdefault((known and known.value.resident) or card, []).extend(unnamed)
        return {
            who: Passages(first, last)
            for who, swipes in residents.items()
            if (first := earliest(swipes)) is not None and (last := latest(swipes)) is not None
        }

    def visited_since(self, instant: int) -> bool:
        """Whether a visit that met someone happened at or after `instant` (microseconds UTC)."""
        return any(
            held.occurred_at >= instant and held.value.outcome == "done" for held in self.visits if not held.withdrawn
        )


def merge(row: Dwelling, event: Event) -> Dwelling:
    """The dwelling after `event`; order and repetition of events do not matter."""
    c = event.change
    match event.kind:
        case "DwellingRegistered":
            entry = Register(c["grid"], c["address"], c["floor_area_m2"], c["use"], c["district"], c["lon"], c["lat"])
            row = replace(row, register=stated(row.register, event, entry))
        case "Let":
            lease = Lease(c["landlord"], tuple(c["tenants"]), c["start"], c["until"], c["rooms"])
            row = replace(row, leases=stated(row.leases, event, lease))
        case "Renewed":
            row = replace(row, renewals=stated(row.renewals, event, c["until"]))
        case "TenancyEnded":
            row = replace(row, lease_ends=stated(row.lease_ends, event, c["on"]))
        case "TenantAdded" | "TenantLeft":
            tenant = Tenant(event.record, c["tenant"], event.kind == "TenantAdded")
            row = replace(
                row, tenants=stated(row.tenants, event, tenant, record=slot_record(event.kind, event.record, c))
            )
        case "Visited":
            row = replace(row, visits=stated(row.visits, event, Visit(c["task"], c["outcome"])))
        case "Graded":
            row = replace(row, grades=stated(row.grades, event, Grade(c["grade"], c["on"])))
        case "Reinforced":
            reinforced = Reinforcement(c["on"], c["lasts_until"])
            row = replace(row, reinforcements=stated(row.reinforcements, event, reinforced))
        case "OwnershipRegistered" | "OwnershipTransferred" | "OwnershipEnded":
            owned = Ownership(tuple(c.get("owners", ())), tuple(c.get("from_owners", ())), c["on"])
            row = replace(row, ownership=stated(row.ownership, event, owned))
        case "SwipedIn" | "SwipedOut":
            row = replace(row, swipes=stated(row.swipes, event, Swipe(c["resident"], c["card"], c["device"])))
        case "Instructed":
            row = replace(row, instructions=stated(row.instructions, event, Instruction(c["task"], c["instruction"])))
        case "FedBack":
            row = replace(row, feedback=stated(row.feedback, event, Feedback(c["task"], c["outcome"])))
        case "ReportAccepted":
            row = replace(row, reports=stated(row.reports, event, c["category"]))
        case _:  # of a department that no fact here is for yet: seen, kept, corrected like every other
            row = replace(row, other=stated(row.other, event, event.topic))
    return row


def receive(row: Dwelling, source: str, occupancy: Occupancy | None) -> Dwelling:
    """The dwelling once the resident `source` says `occupancy` about it; None: not registered here (any more)."""
    occupant = None if occupancy is None else Occupant(source, occupancy)
    return replace(row, occupants=replaced(row.occupants, source, occupant, attrgetter("resident")))


def contribute(row: Dwelling) -> Contributions:
    """What is at risk here when the weather turns is for the grid in which the dwelling lies."""
    grid = row.grid
    risk = at_risk(row) if grid is not None else None
    return {} if grid is None or risk is None else {"grid": {grid: risk}}


VIEW = View(
    "dwelling",
    subject="dwelling",
    row=Dwelling,
    merge=merge,
    contribution=Occupancy,
    receive=receive,
    contribute=contribute,
    contributes_from=attrgetter(
        "register", "grades", "reinforcements", "occupants", "leases", "renewals", "lease_ends", "tenants"
    ),
    place=lambda row: row.id,
    kept={"swipes": SWIPES, "visits": VISITS, "instructions": VISITS, "feedback": VISITS, "reports": VISITS},
    contributes_to=frozenset({"grid"}),
)
