"""All that may be stated about one number, together."""

from dataclasses import dataclass

from domain.facts import Fact
from domain.residents.values import (
    Birth,
    Card,
    Condition,
    Degree,
    Employment,
    Enrolment,
    FamilyPlanning,
    FundAccount,
    Grant,
    Insurance,
    InsuranceEnd,
    Kin,
    Marriage,
    Permit,
    Person,
    Press,
    Residence,
    Response,
    Stay,
    Tax,
    Vehicle,
)


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
    stays: Fact[Stay] = ()
    permits: Fact[Permit] = ()
    permit_ends: Fact[int] = ()
    conditions: Fact[Condition] = ()
    condition_ends: Fact[int] = ()
    birth: Fact[Birth] = ()
    family_planning: Fact[FamilyPlanning] = ()
    employment: Fact[Employment] = ()
    employment_ends: Fact[int] = ()
    insurance: Fact[Insurance] = ()
    insurance_ends: Fact[InsuranceEnd] = ()
    fund_accounts: Fact[FundAccount] = ()
    fund_closures: Fact[int] = ()
    fund_deposits: Fact[Tax] = ()
    enrolments: Fact[Enrolment] = ()
    enrolment_ends: Fact[int] = ()
    degrees: Fact[Degree] = ()
    cards: Fact[Card] = ()
    card_ends: Fact[int] = ()
    links: Fact[str] = ()
