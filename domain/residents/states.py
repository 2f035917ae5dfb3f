"""Which facts of a resident's row each kind of statement makes, and their values.

A table and not a chain of cases: a row is merged for every event of the city, and three dozen kinds are looked up as
fast as three.
"""

from collections.abc import Callable, Mapping
from typing import Any

from domain.event import Event
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

Value = Callable[[Mapping[str, Any], Event], Any]
"""The value of a fact, from the change's fields and the statement."""


def _one(name: str) -> Value:
    return lambda c, event: c[name]


def _married(c: Mapping[str, Any], event: Event) -> Marriage:
    return Marriage(c["spouse"], event.kind == "Married", c["on"])


def _tax(c: Mapping[str, Any], event: Event) -> Tax:
    return Tax(c["period"], c["amount_fen"])


def _person(c: Mapping[str, Any], event: Event) -> Person:
    return Person(c["name"], c["sex"], c["born"], None, None)


def _vehicle(c: Mapping[str, Any], event: Event, owner: str | None) -> Vehicle:
    return Vehicle(c["vehicle_kind"], owner == event.subject, owner)


def _phone(c: Mapping[str, Any], event: Event) -> str:
    return c["phone"] or ""


STATES: dict[str, tuple[tuple[str, Value], ...]] = {
    # police
    "Birth": (
        ("person", lambda c, event: Person(c["name"], c["sex"], c["born"], c["mother"], c["father"])),
        ("residence", lambda c, event: Residence(c["household"], c["dwelling"], None, "child", c["collective"])),
    ),
    "MovedIn": (
        ("person", _person),
        (
            "residence",
            lambda c, event: Residence(c["household"], c["dwelling"], c["address"], c["relation"], c["collective"]),
        ),
    ),
    "Address": (("residence", lambda c, event: Residence(c["household"], c["dwelling"], c["address"], None, False)),),
    "MovedOut": (("residence", lambda c, event: Residence(c["household"], None, None, None, False)),),
    "Death": (("death", _one("on")),),
    "Contact": (("contact", _phone),),
    "Kinship": (("kinship", lambda c, event: Kin(c["relative"], c["relation"])),),
    "NumberChanged": (("links", _one("to")),),
    "SamePerson": (("links", _one("to")),),
    "NumberGiven": (("links", _one("to")),),
    # civil affairs
    "Married": (("marriage", _married),),
    "Divorced": (("marriage", _married),),
    "Granted": (
        (
            "grants",
            lambda c, event: Grant(
                c["programme"], c["household"], c["effective_from"], c["until"], c["monthly_fen"], c["dwelling"]
            ),
        ),
        ("contact", _phone),
    ),
    "Ended": (("grant_ends", _one("effective_from")),),
    # vehicles
    "Registered": (("vehicles", lambda c, event: _vehicle(c, event, c["owner"])),),
    "Transferred": (("vehicles", lambda c, event: _vehicle(c, event, c["to_owner"])),),
    "Scrapped": (("vehicles", lambda c, event: _vehicle(c, event, None)),),
    # tax
    "TaxRegistered": (("tax_registration", _one("taxpayer_type")), ("contact", _phone)),
    "TaxReturn": (("tax_returns", _tax),),
    "Arrears": (("arrears", _tax),),
    # bracelets, and the tasks about a person
    "Pressed": (("presses", lambda c, event: Press(c["button"], c["device"], c["lon"], c["lat"])),),
    "Answered": (("answers", _one("outcome")),),
    "Responded": (("responses", lambda c, event: Response(c["task"], c["rule"], c["cause"], c["outcome"])),),
    # migrants
    "Arrived": (
        ("person", _person),
        ("stays", lambda c, event: Stay(c["dwelling"], None, c["origin"], c["purpose"])),
        ("contact", _phone),
    ),
    "Moved": (("stays", lambda c, event: Stay(c["dwelling"], c["address"], None, None)),),
    "Left": (("stays", lambda c, event: Stay(None, None, None, None)),),
    "PermitIssued": (("permits", lambda c, event: Permit(c["effective_from"], c["until"])),),
    "PermitCancelled": (("permit_ends", _one("on")),),
    # health
    "Reported": (("conditions", lambda c, event: Condition(c["condition"], c["level"], c["effective_from"])),),
    "ConditionEnded": (("condition_ends", _one("effective_from")),),
    "Born": (("birth", lambda c, event: Birth(c["sex"], c["born"], c["mother"], c["father"], c["hospital"])),),
    "ServiceRegistered": (("family_planning", lambda c, event: FamilyPlanning(True, c["children"], c["on"])),),
    "ServiceEnded": (("family_planning", lambda c, event: FamilyPlanning(False, None, c["on"])),),
    # work
    "Employed": (("employment", lambda c, event: Employment(c["employer"], c["occupation"], c["effective_from"])),),
    "EmploymentEnded": (("employment_ends", _one("effective_from")),),
    "Insured": (("insurance", lambda c, event: Insurance(c["scheme"], c["employer"], c["effective_from"])),),
    "InsuranceEnded": (("insurance_ends", lambda c, event: InsuranceEnd(c["scheme"], c["effective_from"])),),
    "AccountOpened": (("fund_accounts", lambda c, event: FundAccount(c["employer"], c["effective_from"])),),
    "Deposited": (("fund_deposits", _tax),),
    "AccountClosed": (("fund_closures", _one("on")),),
    # school
    "Enrolled": (("enrolments", lambda c, event: Enrolment(c["school"], c["stage"], c["effective_from"])),),
    "EnrolmentEnded": (("enrolment_ends", _one("effective_from")),),
    "DegreeAwarded": (("degrees", lambda c, event: Degree(c["degree"], c["school"], c["on"])),),
    # disability
    "CardIssued": (("cards", lambda c, event: Card(c["disability"], c["level"], c["until"])),),
    "CardCancelled": (("card_ends", _one("on")),),
}
