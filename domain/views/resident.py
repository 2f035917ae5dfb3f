"""The resident: what all departments say about one person."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from domain.contributions import MarriageHeld, Membership, Occupancy, ProgrammeDrawn, TaxEntry, VehicleHeld
from domain.event import Event
from domain.facts import Fact, Statement, by_record, current, disagree, stated
from domain.view import NOTHING, Bookkeeping, Contributions, View


class Person(NamedTuple):
    """`born` in days since 1970-01-01; `mother` and `father` as a birth record names them."""

    name: str
    sex: str
    born: int
    mother: str | None
    father: str | None


class Residence(NamedTuple):
    """Where the police register has a person; household None: moved out of the city."""

    household: str | None
    dwelling: str | None
    address: str | None
    relation: str | None
    collective: bool


class Kin(NamedTuple):
    relative: str
    relation: str


class Marriage(NamedTuple):
    spouse: str
    married: bool
    on: int


class Vehicle(NamedTuple):
    vehicle_kind: str
    owned: bool


class Grant(NamedTuple):
    """A benefit granted, from the day `effective_from` until the day `until` (not included)."""

    programme: str
    household: str | None
    effective_from: int
    until: int | None
    monthly_fen: int | None
    dwelling: str | None


class Tax(NamedTuple):
    period: str
    amount_fen: int


class Press(NamedTuple):
    """A button of a bracelet (`sos`, `doctor`, `housekeeper`) and where it was: lon, lat in degrees WGS 84."""

    button: str
    device: str
    lon: float | None
    lat: float | None


class Response(NamedTuple):
    """What came of a task about this person; `rule` and `cause` name the finding that it was for."""

    task: str
    rule: str
    cause: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Resident:
    id: str
    person: Fact[Person] = ()
    residence: Fact[Residence] = ()
    death: Fact[int] = ()
    contact: Fact[str] = ()
    kinship: Fact[Kin] = ()
    marriage: Fact[Marriage] = ()
    vehicles: Fact[Vehicle] = ()
    grants: Fact[Grant] = ()
    grant_ends: Fact[int] = ()
    tax_registration: Fact[str] = ()
    tax_returns: Fact[Tax] = ()
    arrears: Fact[Tax] = ()
    presses: Fact[Press] = ()
    answers: Fact[str | None] = ()
    responses: Fact[Response] = ()
    bookkeeping: Bookkeeping = NOTHING

    @property
    def name(self) -> str | None:
        return person.value.name if (person := current(self.person)) else None

    @property
    def born(self) -> int | None:
        return person.value.born if (person := current(self.person)) else None

    @property
    def home(self) -> Residence | None:
        return held.value if (held := current(self.residence)) else None

    @property
    def household(self) -> str | None:
        return home.household if (home := self.home) else None

    @property
    def dwelling(self) -> str | None:
        return home.dwelling if (home := self.home) else None

    @property
    def died_on(self) -> int | None:
        return held.value if (held := current(self.death)) else None

    @property
    def disagreements(self) -> tuple[str, ...]:
        """The facts on which two departments differ."""
        found = []
        if disagree(self.contact):
            found.append("contact")
        if any(drawn.household_differs for drawn in self.programmes()):
            found.append("household")
        return tuple(found)

    def programmes(self) -> Iterator[ProgrammeDrawn]:
        """Each benefit ever granted, with the day on which it ends if that is known."""
        if not self.grants:
            return
        ended = {(end.department, end.record): end.value for end in by_record(self.grant_ends)}
        home = self.household
        for grant in by_record(self.grants):
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
            row = replace(row, vehicles=stated(row.vehicles, said, Vehicle(c["vehicle_kind"], c["owner"] == row.id)))
        case "Transferred":
            row = replace(row, vehicles=stated(row.vehicles, said, Vehicle(c["vehicle_kind"], c["to_owner"] == row.id)))
        case "Scrapped":
            row = replace(row, vehicles=stated(row.vehicles, said, Vehicle(c["vehicle_kind"], False)))
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
    return row


def _phone(row: Resident, said: Event) -> Fact[str]:
    """A grant or a registration may name a telephone. One that names none is kept too, marked withdrawn: whether the
    number of an older version of the record still holds must not depend on which of the two came first."""
    phone = said.change["phone"]
    return stated(row.contact, said if phone else said._replace(withdrawn=True), phone or "")


def contribute(row: Resident) -> Contributions:
    """What the resident's row says about the household and the dwelling of the police register.

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
    said: dict[str, dict[str, object]] = {"household": {household: _membership(row, held, drawn)}}
    if home.dwelling is not None:
        occupancy = Occupancy(household, row.born, row.died_on, held.source, programmes=drawn)
        said["dwelling"] = {home.dwelling: occupancy}
    return said


def _membership(row: Resident, held: Statement[Residence], drawn: tuple[ProgrammeDrawn, ...]) -> Membership:
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
    )


VIEW = View(
    "resident",
    subject="resident",
    row=Resident,
    merge=merge,
    contribute=contribute,
    contributes_to=frozenset({"household", "dwelling"}),
    place=lambda row: row.dwelling,
    household=lambda row: row.household,
)
