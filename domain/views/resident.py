"""The resident: what all departments say about one person."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from domain.contributions import MarriageHeld, Membership, Occupancy, ProgrammeDrawn, TaxEntry, VehicleHeld
from domain.event import Event
from domain.facts import Fact, Statement, by_record, current, disagree, stated, united
from domain.rows import replace
from domain.view import NOTHING, Bookkeeping, Contributions, View
from domain.views._links import Linkage, Linked, leads_away
from domain.views._person import (
    Facts,
    Grant,
    Kin,
    Marriage,
    Person,
    Press,
    Residence,
    Response,
    Tax,
    Vehicle,
)


@dataclass(frozen=True, slots=True)
class Resident(Facts):
    """A number's row. `linked`: what came along links from the person's other numbers. Derived values are those of the
    whole person (docs/decisions/0011-linked-numbers.md): they ask `whole()` for facts, never the row itself."""

    linked: tuple[Linked, ...] = ()
    bookkeeping: Bookkeeping = NOTHING

    def whole(self) -> "Resident":
        """The person: the row as if everything linked had been stated about this number."""
        return _whole(self) if self.linked else self

    @property
    def also(self) -> tuple[str, ...]:
        """The person's other numbers, as far as their links lead here."""
        return tuple(sorted({other.facts.id for other in self.linked})) if self.linked else ()

    @property
    def joined_to(self) -> str | None:
        """The number to which a link leads: the person is found there, not here."""
        return link.value if (link := leads_away(self)) else None

    @property
    def name(self) -> str | None:
        return person.value.name if (person := current(self.whole().person)) else None

    @property
    def born(self) -> int | None:
        return person.value.born if (person := current(self.whole().person)) else None

    @property
    def home(self) -> Residence | None:
        return held.value if (held := current(self.whole().residence)) else None

    @property
    def household(self) -> str | None:
        return home.household if (home := self.home) else None

    @property
    def dwelling(self) -> str | None:
        return home.dwelling if (home := self.home) else None

    @property
    def died_on(self) -> int | None:
        return held.value if (held := current(self.whole().death)) else None

    @property
    def disagreements(self) -> tuple[str, ...]:
        """The facts on which two departments differ."""
        found, person = [], self.whole()
        if disagree(person.contact):
            found.append("contact")
        if any(drawn.household_differs for drawn in person.programmes()):
            found.append("household")
        return tuple(found)

    def programmes(self) -> Iterator[ProgrammeDrawn]:
        """Each benefit ever granted, with the day on which it ends if that is known."""
        person = self.whole()
        if not person.grants:
            return
        ended = {(end.department, end.record): end.value for end in by_record(person.grant_ends)}
        home = person.household
        for grant in by_record(person.grants):
            ends = [day for day in (grant.value.until, ended.get((grant.department, grant.record))) if day is not None]
            named = grant.value.household
            yield ProgrammeDrawn(
                grant.value.programme,
                grant.value.effective_from,
                min(ends, default=None),
                named is not None and home is not None and named != home,
                grant.source,
            )


def merge(row: Resident, said: Event) -> Resident:
    """The resident after `said`; order and repetition of events do not matter."""
    c = said.change
    match said.kind:
        case "Birth":
            row = replace(
                row,
                person=stated(row.person, said, Person(c["name"], c["sex"], c["born"], c["mother"], c["father"])),
                residence=stated(
                    row.residence, said, Residence(c["household"], c["dwelling"], None, "child", c["collective"])
                ),
            )
        case "MovedIn":
            home = Residence(c["household"], c["dwelling"], c["address"], c["relation"], c["collective"])
            row = replace(
                row,
                person=stated(row.person, said, Person(c["name"], c["sex"], c["born"], None, None)),
                residence=stated(row.residence, said, home),
            )
        case "Address":
            row = replace(
                row,
                residence=stated(
                    row.residence, said, Residence(c["household"], c["dwelling"], c["address"], None, False)
                ),
            )
        case "MovedOut":
            row = replace(row, residence=stated(row.residence, said, Residence(None, None, None, None, False)))
        case "Death":
            row = replace(row, death=stated(row.death, said, c["on"]))
        case "Contact":
            row = replace(row, contact=stated(row.contact, said, c["phone"]))
        case "Kinship":
            row = replace(row, kinship=stated(row.kinship, said, Kin(c["relative"], c["relation"])))
        case "Married" | "Divorced":
            row = replace(
                row, marriage=stated(row.marriage, said, Marriage(c["spouse"], said.kind == "Married", c["on"]))
            )
        case "Registered":
            row = replace(row, vehicles=stated(row.vehicles, said, _vehicle(row, c["vehicle_kind"], c["owner"])))
        case "Transferred":
            row = replace(row, vehicles=stated(row.vehicles, said, _vehicle(row, c["vehicle_kind"], c["to_owner"])))
        case "Scrapped":
            row = replace(row, vehicles=stated(row.vehicles, said, _vehicle(row, c["vehicle_kind"], None)))
        case "Granted":
            grant = Grant(
                c["programme"], c["household"], c["effective_from"], c["until"], c["monthly_fen"], c["dwelling"]
            )
            row = replace(row, grants=stated(row.grants, said, grant), contact=_phone(row, said))
        case "Ended":
            row = replace(row, grant_ends=stated(row.grant_ends, said, c["effective_from"]))
        case "TaxRegistered":
            row = replace(
                row,
                tax_registration=stated(row.tax_registration, said, c["taxpayer_type"]),
                contact=_phone(row, said),
            )
        case "TaxReturn":
            row = replace(row, tax_returns=stated(row.tax_returns, said, Tax(c["period"], c["amount_fen"])))
        case "Arrears":
            row = replace(row, arrears=stated(row.arrears, said, Tax(c["period"], c["amount_fen"])))
        case "Pressed":
            row = replace(row, presses=stated(row.presses, said, Press(c["button"], c["device"], c["lon"], c["lat"])))
        case "Answered":
            row = replace(row, answers=stated(row.answers, said, c["outcome"]))
        case "Responded":
            response = Response(c["task"], c["rule"], c["cause"], c["outcome"])
            row = replace(row, responses=stated(row.responses, said, response))
        case "NumberChanged" | "SamePerson" | "NumberGiven":
            row = replace(row, links=stated(row.links, said, c["to"]))
    return row


def _vehicle(row: Resident, vehicle_kind: str, owner: str | None) -> Vehicle:
    return Vehicle(vehicle_kind, owner == row.id, owner)


def _phone(row: Resident, said: Event) -> Fact[str]:
    """A grant or a registration may name a telephone. One that names none is kept too, marked withdrawn: whether the
    number of an older version of the record still holds must not depend on which of the two came first."""
    phone = said.change["phone"]
    return stated(row.contact, said if phone else said._replace(withdrawn=True), phone or "")


_FACTS = tuple(field.name for field in fields(Facts) if field.name != "id")


def _whole(row: Resident) -> Resident:
    everything: tuple[Facts, ...] = (row, *(other.facts for other in row.linked))
    person: dict[str, Any] = {name: united([getattr(facts, name) for facts in everything]) for name in _FACTS}
    numbers = {facts.id for facts in everything}
    person["vehicles"] = tuple(
        held._replace(value=held.value._replace(owned=held.value.owned or held.value.owner in numbers))
        for held in person["vehicles"]
    )
    return replace(row, **person | {"links": row.links, "linked": ()})


def receive(row: Resident, source: str, said: Linkage | None) -> Resident:
    """The row once the number `source` has said what was stated about it and those behind it; None: its link is gone.

    What comes by the row itself is refused: otherwise a ring would say the same round and round, and what was taken
    back would live on in it.
    """
    linked = [other for other in row.linked if other.path[-1] != source]
    for path, facts in said.numbers if said is not None else ():
        if row.id not in (way := (*path, source)):
            linked.append(Linked(way, facts))
    return replace(row, linked=tuple(sorted(linked, key=lambda other: other.path)))


def contribute(row: Resident) -> Contributions:
    """To the number that a link leads to, all facts; else what the person says about household and dwelling."""
    link = leads_away(row)
    if link is None:
        return _at_home(row.whole(), row.also)
    own = Facts(row.id, *(getattr(row, name) for name in _FACTS))
    return {"resident": {link.value: Linkage(link.source, (Linked((), own), *row.linked))}}


def _at_home(row: Resident, also: tuple[str, ...]) -> Contributions:
    """What the person says about the household and the dwelling of the police register.

    A collective household (集体户) is a reference, not people who live together: it may name tens of thousands, so it
    gets no members and the household rules leave it alone. An address change does not say whether its household is
    one: it is if any standing registration of the person says so of the same number.
    """
    held = current(row.residence)
    if held is None or held.value.household is None:
        return {}
    named = (s.value for s in row.residence if not s.withdrawn and s.value.household == held.value.household)
    if any(home.collective for home in named):
        return {}
    home, household, drawn = held.value, held.value.household, tuple(row.programmes())
    said: dict[str, dict[str, object]] = {"household": {household: _membership(row, held, drawn, also)}}
    if home.dwelling is not None:
        occupancy = Occupancy(household, row.born, row.died_on, held.source, programmes=drawn, also=also)
        said["dwelling"] = {home.dwelling: occupancy}
    return said


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
        contacts_disagree=disagree(row.contact),
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
    contribution=Linkage,
    receive=receive,
    judged=lambda row: None if leads_away(row) else row.whole(),
    place=lambda row: row.dwelling,
    household=lambda row: row.household,
)
