"""The resident: what all departments say about one person."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, NamedTuple

from domain.contributions import (
    ConditionHeld,
    DisabilityHeld,
    MarriageHeld,
    Membership,
    Occupancy,
    ProgrammeDrawn,
    TaxEntry,
    VehicleHeld,
)
from domain.event import Event, Source
from domain.facts import Fact, Statement, by_record, current, disagree, ends, standing, stated, telephones, united
from domain.keys import itself
from domain.remembered import once
from domain.residents.facts import Facts
from domain.residents.states import STATES
from domain.residents.values import Residence, Stay
from domain.retention import PRESSES, VISITS
from domain.rows import replace
from domain.time import day_of
from domain.view import NOTHING, Bookkeeping, Contributions, View
from domain.views._links import Linkage, Linked, leads_away


class PermitHeld(NamedTuple):
    """A residence permit: valid from the day `effective_from` until the day `until` (not included), which is the day on
    which it was `cancelled`, if it was."""

    effective_from: int
    until: int
    cancelled: bool
    source: Source


class EnrolmentHeld(NamedTuple):
    """A place at a school from the day `effective_from` until the day `until` (not included; None: it goes on)."""

    stage: str
    effective_from: int
    until: int | None
    because: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Resident(Facts):
    """A number's row. `linked`: what came along links from the person's other numbers. Derived values are those of the
    whole person (docs/decisions/0011-linked-numbers.md): they ask `whole()` for facts, never the row itself."""

    linked: tuple[Linked, ...] = ()
    other: Fact[str] = ()
    bookkeeping: Bookkeeping = NOTHING

    def whole(self) -> "Resident":
        """The person: the row as if everything linked had been stated about this number."""
        return _whole(self) if self.linked else self

    @property
    def also(self) -> tuple[str, ...]:
        """The person's other numbers, as far as their links lead here."""
        return tuple(sorted({other.facts.id for other in self.linked}, key=itself)) if self.linked else ()

    @property
    def joined_to(self) -> str | None:
        """The number to which a link leads: the person is found there, not here."""
        return link.value if (link := leads_away(self)) else None

    @property
    def name(self) -> str | None:
        return person.value.name if (person := current(self.whole().person)) else None

    @property
    @once
    def born(self) -> int | None:
        """As police or migrant-population office register it; of a newborn without a number, as the hospital does."""
        if person := current(self.whole().person):
            return person.value.born
        return birth.value.born if (birth := current(self.whole().birth)) else None

    @property
    @once
    def registered(self) -> Statement[Residence] | None:
        """Where the police register has the person; None: nowhere (any more). A departure ends only the residence in
        the household that it names."""
        return standing(self.whole().residence, lambda statement: statement.value.household)

    @property
    def home(self) -> Residence | None:
        return held.value if (held := self.registered) else None

    @property
    def household(self) -> str | None:
        return home.household if (home := self.home) else None

    @property
    @once
    def stay(self) -> Statement[Stay] | None:
        """Where the migrant-population office has the person; None: nowhere (any more)."""
        return standing(self.whole().stays)

    @property
    def dwelling(self) -> str | None:
        """Where the person is found: at the police register's home, else at the stay. A collective household is where
        nobody need live, so a stay comes before it: docs/decisions/0020-stays-and-schools.md."""
        home, stay = self.home, self.stay
        if stay is not None and (home is None or home.dwelling is None or self.collective):
            return stay.value.dwelling
        return home.dwelling if home else None

    @property
    def collective(self) -> bool:
        """Whether the household is a collective one (集体户). An address change does not say: it is if any standing
        registration of the person says so of the same number."""
        number = self.household
        return any(
            s.value.collective and s.value.household == number and not s.withdrawn for s in self.whole().residence
        )

    @property
    def died_on(self) -> int | None:
        return held.value if (held := current(self.whole().death)) else None

    @property
    def disagreements(self) -> tuple[str, ...]:
        """The facts on which two departments differ."""
        names, person = [], self.whole()
        if disagree(telephones(person.contact)):
            names.append("contact")
        if any(drawn.household_differs for drawn in person.programmes()):
            names.append("household")
        return tuple(names)

    def programmes(self) -> Iterator[ProgrammeDrawn]:
        """Each benefit ever granted, with the day on which it ends if that is known."""
        person = self.whole()
        if not person.grants:
            return
        ended = ends(person.grant_ends)
        home = person.household
        for grant in by_record(person.grants):
            named = grant.value.household
            yield ProgrammeDrawn(
                grant.value.programme,
                grant.value.effective_from,
                _earlier(grant.value.until, ended.get((grant.department, grant.record))),
                named is not None and home is not None and named != home,
                grant.source,
            )

    def conditions_held(self) -> tuple[ConditionHeld, ...]:
        """Each state of health ever reported, with the day on which it ended if that is known."""
        person = self.whole()
        if not person.conditions:
            return ()
        ended = ends(person.condition_ends)
        return tuple(
            ConditionHeld(*reported.value, ended.get((reported.department, reported.record)), reported.source)
            for reported in by_record(person.conditions)
        )

    def disabilities_held(self) -> tuple[DisabilityHeld, ...]:
        """Each disabled person's card ever issued, with the day on which it ends if that is known."""
        person = self.whole()
        if not person.cards:
            return ()
        ended = ends(person.card_ends)
        return tuple(
            DisabilityHeld(
                card.value.disability,
                card.value.level,
                day_of(card.occurred_at),
                _earlier(card.value.until, ended.get((card.department, card.record))),
                card.source,
            )
            for card in by_record(person.cards)
        )

    def permits_held(self) -> list[PermitHeld]:
        """Each residence permit ever issued. One that was cancelled ends on that day."""
        person = self.whole()
        if not person.permits:
            return []
        cancelled = ends(person.permit_ends)
        permits = []
        for permit in by_record(person.permits):
            starts, until = permit.value
            end = cancelled.get((permit.department, permit.record))
            if end is not None and end < until:
                permits.append(PermitHeld(starts, end, True, permit.source))
            else:
                permits.append(PermitHeld(starts, until, False, permit.source))
        return permits

    def enrolments_held(self) -> list[EnrolmentHeld]:
        """Each place at a school that the person ever had."""
        person = self.whole()
        if not person.enrolments:
            return []
        ended = {(end.department, end.record): end for end in by_record(person.enrolment_ends)}
        places = []
        for place in by_record(person.enrolments):
            end = ended.get((place.department, place.record))
            because = (place.source,) if end is None else (place.source, end.source)
            until = None if end is None else end.value
            places.append(EnrolmentHeld(place.value.stage, place.value.effective_from, until, because))
        return places


def _earlier(one: int | None, other: int | None) -> int | None:
    return min((day for day in (one, other) if day is not None), key=itself, default=None)


def merge(row: Resident, event: Event) -> Resident:
    """The resident after `event`; order and repetition of events do not matter."""
    states = STATES.get(event.kind)
    if states is None:  # of a department that no fact here is for yet: seen, kept, corrected like every other
        return replace(row, other=stated(row.other, event, event.topic))
    changed: dict[str, Any] = {}
    for fact, value_of in states:
        changed[fact] = stated(getattr(row, fact), event, value_of(event.change, event))
    return replace(row, **changed)


_FACTS = tuple(field.name for field in fields(Facts) if field.name != "id")


@once
def _whole(row: Resident) -> Resident:
    everything: tuple[Facts, ...] = (row, *(other.facts for other in row.linked))
    person: dict[str, Any] = {name: united([getattr(facts, name) for facts in everything]) for name in _FACTS}
    numbers = {facts.id for facts in everything}
    person["vehicles"] = tuple(
        held._replace(value=held.value._replace(owned=held.value.owned or held.value.owner in numbers))
        for held in person["vehicles"]
    )
    return replace(row, **person | {"links": row.links, "linked": ()})


def receive(row: Resident, source: str, linkage: Linkage | None) -> Resident:
    """The row once the number `source` has said what was stated about it and those behind it; None: its link is gone.

    What comes by the row itself is refused: until a ring is noticed it would say the same round and round.
    """
    linked = [other for other in row.linked if other.path[-1] != source]
    for path, facts in linkage.numbers if linkage is not None else ():
        if row.id not in (way := (*path, source)):
            linked.append(Linked(way, facts))
    return replace(row, linked=tuple(sorted(linked, key=lambda other: other.path)))


_AT_HOME = attrgetter(
    "person", "birth", "death", "contact", "residence", "stays", "marriage", "vehicles", "tax_returns", "arrears",
    "grants", "grant_ends", "conditions", "condition_ends", "cards", "card_ends", "links", "linked",
)  # fmt: skip


def contributes_from(row: Resident) -> tuple[Any, ...]:
    """What `_at_home` reads of a number without links; along a link goes everything."""
    return (row,) if row.links or row.linked else _AT_HOME(row)


def contribute(row: Resident) -> Contributions:
    """To the number that a link leads to, all facts; else what the person says about household and dwelling."""
    link = leads_away(row)
    if link is None:
        return _at_home(row.whole(), row.also)
    own = Facts(row.id, *(getattr(row, name) for name in _FACTS))
    return {"resident": {link.value: Linkage(link.source, (Linked((), own), *row.linked))}}


def _at_home(row: Resident, also: tuple[str, ...]) -> Contributions:
    """What the person says about the police register's household and about the dwellings of home and stay.

    A collective household (集体户) is a reference, not people who live together: it may name tens of thousands, so it
    gets no members and the household rules leave it alone. Home and stay in one dwelling are one occupancy.
    """
    registered, stay = row.registered, row.stay
    if registered is not None and row.collective:
        registered = None
    if registered is None and stay is None:
        return {}
    drawn = tuple(row.programmes())
    contributions: dict[str, dict[str, object]] = {}
    here: dict[str, tuple[str, Source]] = {}
    if stay is not None and stay.value.dwelling is not None:
        here[stay.value.dwelling] = ("", stay.source)
    if registered is not None and registered.value.household is not None:
        household, home = registered.value.household, registered.value.dwelling
        contributions["household"] = {household: _membership(row, registered, drawn, also)}
        if home is not None:
            here[home] = (household, registered.source)
    if here:
        born, died_on = row.born, row.died_on
        health, cards = row.conditions_held(), row.disabilities_held()
        contributions["dwelling"] = {
            dwelling: Occupancy(
                household,
                born,
                died_on,
                source,
                conditions=health,
                programmes=drawn,
                disabilities=cards,
                stay=stay is not None and stay.value.dwelling == dwelling,
                also=also,
            )
            for dwelling, (household, source) in here.items()
        }
    return contributions


def _membership(
    row: Resident, held: Statement[Residence], drawn: tuple[ProgrammeDrawn, ...], also: tuple[str, ...]
) -> Membership:
    home, married = held.value, current(row.marriage)
    return Membership(
        name=row.name,
        born=row.born,
        relation=home.relation,
        died_on=row.died_on,
        dwelling=home.dwelling,
        address=home.address,
        contacts_disagree=disagree(telephones(row.contact)),
        source=held.source,
        vehicles=tuple(VehicleHeld(v.value.vehicle_kind, v.source) for v in by_record(row.vehicles) if v.value.owned),
        programmes=drawn,
        marriage=MarriageHeld(married.value.spouse, married.value.married, married.source) if married else None,
        tax_returns=tuple(TaxEntry(t.value.period, t.value.amount_fen, t.source) for t in by_record(row.tax_returns)),
        arrears=tuple(TaxEntry(t.value.period, t.value.amount_fen, t.source) for t in by_record(row.arrears)),
        also=also,
    )


VIEW = View(
    "resident",
    subject="resident",
    row=Resident,
    merge=merge,
    contribute=contribute,
    contributes_to=frozenset({"household", "dwelling", "resident"}),
    contributes_from=contributes_from,
    contribution=Linkage,
    receive=receive,
    kept={"presses": PRESSES, "answers": PRESSES, "responses": VISITS},
    judged=lambda row: None if leads_away(row) else row.whole(),
    place=lambda row: row.dwelling,
    household=lambda row: row.household,
)
