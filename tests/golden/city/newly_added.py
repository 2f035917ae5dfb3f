"""Departments and contracts of which no other part here tells: what stands in their examples is said in this city too,
so that whoever adds one has it merged, corrected and withdrawn beside all others without writing a line here."""

import json

from producers.publish.json_form import statement_of
from tests.golden.city.town import Town
from wire.contracts import SCHEMAS, Contract, contracts

TOLD_BY_THE_OTHERS = {
    "bracelet.button", "civil-affairs.marriage", "civil-affairs.social-assistance", "disabled-federation.card",
    "door-access.swipe", "education.enrolment", "grid.instruction", "grid.observation", "grid.response",
    "health.birth-record", "health.condition", "health.family-planning", "housing.dwelling-register",
    "housing.dwelling-safety", "housing.tenancy", "market-regulation.annual-inspection",
    "market-regulation.registration", "migration.residence", "police.household-registration",
    "police.identity-linked", "provident-fund.account", "real-estate.ownership",
    "social-security.employer-insurance", "social-security.employment", "social-security.insurance",
    "tax.company-tax", "tax.tax-record", "transport.vehicle-registration", "urban-management.facility",
    "weather.warning",
}  # fmt: skip


def tell(town: Town) -> None:
    for topic, contract in contracts().items():
        if topic not in TOLD_BY_THE_OTHERS:
            for turn in range(1 + len(town.numbers) // 100):
                examples(town, contract, turn)


def examples(town: Town, contract: Contract, turn: int) -> None:
    """Each example as said of somebody or something of this town, on a day of its time."""
    ours = {"resident": town.numbers, "dwelling": town.dwellings}.get(contract.subject)
    for line in (SCHEMAS / "examples" / f"{contract.topic}.jsonl").read_text("utf-8").splitlines():
        said = statement_of(contract, json.loads(line))
        subject = town.random.choice(ours) if ours else said.subject
        unsaid = {
            field.name: field.default if field.has_default else None for field in contract.kinds[said.kind].fields
        }
        town.say(contract.topic, said.kind, subject, f"{said.record}-{turn}", town.day(), unsaid | dict(said.change))
