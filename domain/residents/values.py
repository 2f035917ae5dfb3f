"""What departments state about one person: the values of the resident's facts. Days since 1970-01-01."""

from typing import NamedTuple


class Person(NamedTuple):
    """`born` in days since 1970-01-01; `mother` and `father` as a birth record names them."""

    name: str
    sex: str
    born: int
    mother: str | None
    father: str | None


class Residence(NamedTuple):
    """Where the police register has a person; of a departure (`MovedOut`) the household that is left."""

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


class Stay(NamedTuple):
    """Where the migrant-population office has a person; dwelling None: left the city."""

    dwelling: str | None
    address: str | None
    origin: str | None
    purpose: str | None


class Permit(NamedTuple):
    """A residence permit, valid from the day `effective_from` until the day `until` (not included)."""

    effective_from: int
    until: int


class Condition(NamedTuple):
    """A state of health reported: `severe_mental`, `serious_illness` or `contagious`; `level` is the office's grade."""

    condition: str
    level: int | None
    effective_from: int


class Birth(NamedTuple):
    """What a hospital recorded of a birth."""

    sex: str
    born: int
    mother: str
    father: str | None
    hospital: str | None


class FamilyPlanning(NamedTuple):
    """A mother registered for services (`children`: the expected one included), or the end of them."""

    registered: bool
    children: int | None
    on: int


class Employment(NamedTuple):
    """Employed by the legal person of this credit code since the day `effective_from`."""

    employer: str
    occupation: str | None
    effective_from: int


class Insurance(NamedTuple):
    """Insured in a scheme of social insurance since the day `effective_from`."""

    scheme: str
    employer: str | None
    effective_from: int


class InsuranceEnd(NamedTuple):
    scheme: str
    effective_from: int


class FundAccount(NamedTuple):
    """A housing provident fund account."""

    employer: str | None
    effective_from: int


class Enrolment(NamedTuple):
    school: str
    stage: str
    effective_from: int


class Degree(NamedTuple):
    degree: str
    school: str
    on: int


class Card(NamedTuple):
    """A disabled person's card: `level` 1 (gravest) to 4; valid until the day `until` (not included; None: no end)."""

    disability: str
    level: int
    until: int | None
