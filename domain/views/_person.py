"""What departments state about one person's number: the values of the resident's facts, and the facts together."""

from dataclasses import dataclass
from typing import NamedTuple

from domain.facts import Fact


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
    """`owned`: in this number's name; `owner`: in whose, None: scrapped."""

    vehicle_kind: str
    owned: bool
    owner: str | None


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
class Facts:
    """What was stated about one number. `links`: the other number of the same person that it leads to."""

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
    links: Fact[str] = ()
