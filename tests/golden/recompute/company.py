"""The legal person's row."""

from tests.golden.recompute.standing import Facts, Plain, States, fields, one, unread, value

_AMOUNT = fields("period", "amount_fen")
_SEAT = fields("dwelling", "address")
STATES: States = {
    "CompanyRegistered": {
        "registration": fields("name", "company_kind", "capital_fen", "on"),
        "representatives": one("legal_representative"),
        "seats": _SEAT,
    },
    "RepresentativeChanged": {"representatives": one("legal_representative")},
    "AddressChanged": {"seats": _SEAT},
    "LicenceRevoked": {"revocations": fields("on", "reason")},
    "Deregistered": {"deregistration": one("on")},
    "Inspected": {"inspections": fields("year", "outcome")},
    "CompanyTaxRegistered": {"taxpayer": one("on")},
    "CompanyTaxReturn": {"filings": _AMOUNT},
    "CompanyArrears": {"tax_debts": _AMOUNT},
    "EmployerInsured": {"insured": fields("insured_persons", "effective_from")},
    "ContributionPaid": {"insurance_payments": fields("period", "insured_persons", "amount_fen")},
    "ContributionArrears": {"insurance_debts": _AMOUNT},
}
OF_COMPANY = {fact for facts in STATES.values() for fact in facts}


def company(code: str, facts: Facts) -> Plain:
    entry, seat = value(facts, "registration") or {}, value(facts, "seats") or {}
    return {
        "id": code,
        "other": facts.get(unread("legal-person"), []),
        **{fact: facts.get(fact, []) for fact in OF_COMPANY},
        "name": entry.get("name"),
        "company_kind": entry.get("company_kind"),
        "legal_representative": value(facts, "representatives"),
        "dwelling": seat.get("dwelling"),
        "address": seat.get("address"),
        "revoked_on": (value(facts, "revocations") or {}).get("on"),
        "deregistered_on": value(facts, "deregistration"),
    }
