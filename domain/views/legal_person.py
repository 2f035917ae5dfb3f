"""The legal person: what all departments say about one credit code (company, individual business, institution …)."""

from dataclasses import dataclass
from typing import NamedTuple

from domain.event import Event
from domain.facts import Fact, current, stated
from domain.rows import replace
from domain.view import NOTHING, Bookkeeping, View


class Company(NamedTuple):
    """The registration. `capital_fen` in hundredths of a yuan, `on` in days since 1970-01-01."""

    name: str
    company_kind: str
    capital_fen: int | None
    on: int


class Seat(NamedTuple):
    dwelling: str | None
    address: str


class Revocation(NamedTuple):
    on: int
    reason: str | None


class Inspection(NamedTuple):
    year: int
    outcome: str


class Amount(NamedTuple):
    """Tax or contributions of a period (YYYY, YYYY-MM, YYYY-Qn) in hundredths of a yuan: declared or owed."""

    period: str
    amount_fen: int


class Insured(NamedTuple):
    insured_persons: int
    effective_from: int


class Paid(NamedTuple):
    """Contributions paid for a period: for how many, in hundredths of a yuan."""

    period: str
    insured_persons: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class LegalPerson:
    id: str
    registration: Fact[Company] = ()
    representatives: Fact[str] = ()
    seats: Fact[Seat] = ()
    revocations: Fact[Revocation] = ()
    deregistration: Fact[int] = ()
    inspections: Fact[Inspection] = ()
    taxpayer: Fact[int] = ()
    filings: Fact[Amount] = ()
    tax_debts: Fact[Amount] = ()
    insured: Fact[Insured] = ()
    insurance_payments: Fact[Paid] = ()
    insurance_debts: Fact[Amount] = ()
    other: Fact[str] = ()
    bookkeeping: Bookkeeping = NOTHING

    @property
    def name(self) -> str | None:
        return held.value.name if (held := current(self.registration)) else None

    @property
    def company_kind(self) -> str | None:
        return held.value.company_kind if (held := current(self.registration)) else None

    @property
    def legal_representative(self) -> str | None:
        return held.value if (held := current(self.representatives)) else None

    @property
    def dwelling(self) -> str | None:
        """The dwelling of the newest seat."""
        return held.value.dwelling if (held := current(self.seats)) else None

    @property
    def address(self) -> str | None:
        return held.value.address if (held := current(self.seats)) else None

    @property
    def revoked_on(self) -> int | None:
        return held.value.on if (held := current(self.revocations)) else None

    @property
    def deregistered_on(self) -> int | None:
        return held.value if (held := current(self.deregistration)) else None


def merge(row: LegalPerson, event: Event) -> LegalPerson:
    """The legal person after `event`; order and repetition of events do not matter."""
    c = event.change
    match event.kind:
        case "CompanyRegistered":
            company = Company(c["name"], c["company_kind"], c["capital_fen"], c["on"])
            row = replace(
                row,
                registration=stated(row.registration, event, company),
                representatives=stated(row.representatives, event, c["legal_representative"]),
                seats=stated(row.seats, event, Seat(c["dwelling"], c["address"])),
            )
        case "RepresentativeChanged":
            row = replace(row, representatives=stated(row.representatives, event, c["legal_representative"]))
        case "AddressChanged":
            row = replace(row, seats=stated(row.seats, event, Seat(c["dwelling"], c["address"])))
        case "LicenceRevoked":
            row = replace(row, revocations=stated(row.revocations, event, Revocation(c["on"], c["reason"])))
        case "Deregistered":
            row = replace(row, deregistration=stated(row.deregistration, event, c["on"]))
        case "Inspected":
            row = replace(row, inspections=stated(row.inspections, event, Inspection(c["year"], c["outcome"])))
        case "CompanyTaxRegistered":
            row = replace(row, taxpayer=stated(row.taxpayer, event, c["on"]))
        case "CompanyTaxReturn":
            row = replace(row, filings=stated(row.filings, event, Amount(c["period"], c["amount_fen"])))
        case "CompanyArrears":
            row = replace(row, tax_debts=stated(row.tax_debts, event, Amount(c["period"], c["amount_fen"])))
        case "EmployerInsured":
            insured = Insured(c["insured_persons"], c["effective_from"])
            row = replace(row, insured=stated(row.insured, event, insured))
        case "ContributionPaid":
            paid = Paid(c["period"], c["insured_persons"], c["amount_fen"])
            row = replace(row, insurance_payments=stated(row.insurance_payments, event, paid))
        case "ContributionArrears":
            owed = Amount(c["period"], c["amount_fen"])
            row = replace(row, insurance_debts=stated(row.insurance_debts, event, owed))
        case _:  # of a department that no fact here is for yet: seen, kept, corrected like every other
            row = replace(row, other=stated(row.other, event, event.topic))
    return row


VIEW = View(
    "legal_person",
    subject="legal-person",
    row=LegalPerson,
    merge=merge,
    place=lambda row: row.dwelling,
)
