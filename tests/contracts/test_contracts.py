"""The contracts themselves: complete, alike in their attributes, and a slip in one is named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from wire.contract_rules import CATEGORIES, ContractRefused
from wire.contracts import SCHEMAS, contracts, every_schema, feedback_topics, published, report_topics
from wire.schema import Field, Record, subtypes
from wire.schema_parser import parse_record

RECORDS = {topic: contract.record for topic, contract in contracts().items()}
RECORDS |= {topic: output.record for topic, output in published().items()}
RECORDS |= {
    topic: parse_record(every_schema()[topic]) for topic in ("door-reports", *report_topics(), *feedback_topics())
}

WANTED = {
    "police.identity-linked": "NumberChanged SamePerson NumberGiven",
    "police.household-registration": "Birth Death MovedIn MovedOut Address Contact Kinship",
    "civil-affairs.marriage": "Married Divorced",
    "transport.vehicle-registration": "Registered Transferred Scrapped",
    "civil-affairs.social-assistance": "Granted Ended",
    "housing.dwelling-register": "DwellingRegistered",
    "housing.tenancy": "Let Renewed TenancyEnded TenantAdded TenantLeft",
    "tax.tax-record": "TaxRegistered TaxReturn Arrears",
    "grid.observation": "Visited",
    "bracelet.button": "Pressed Answered",
    "grid.response": "Responded",
    "housing.dwelling-safety": "Graded Reinforced",
    "real-estate.ownership": "OwnershipRegistered OwnershipTransferred OwnershipEnded",
    "door-access.swipe": "SwipedIn SwipedOut",
    "grid.instruction": "Instructed FedBack",
    "urban-management.facility": "FacilityInstalled HazardReported HazardRepaired",
    "weather.warning": "WarningIssued WarningLifted",
    "market-regulation.registration": (
        "CompanyRegistered RepresentativeChanged AddressChanged LicenceRevoked Deregistered"
    ),
    "market-regulation.annual-inspection": "Inspected",
    "tax.company-tax": "CompanyTaxRegistered CompanyTaxReturn CompanyArrears",
    "migration.residence": "Arrived PermitIssued PermitCancelled Moved Left",
    "health.condition": "Reported ConditionEnded",
    "health.birth-record": "Born",
    "health.family-planning": "ServiceRegistered ServiceEnded",
    "social-security.employment": "Employed EmploymentEnded",
    "social-security.insurance": "Insured InsuranceEnded",
    "provident-fund.account": "AccountOpened Deposited AccountClosed",
    "education.enrolment": "Enrolled EnrolmentEnded DegreeAwarded",
    "disabled-federation.card": "CardIssued CardCancelled",
    "social-security.employer-insurance": "EmployerInsured ContributionPaid ContributionArrears",
}


def test_every_contract_and_kind_is_there() -> None:
    there = {topic: " ".join(contract.kinds) for topic, contract in contracts().items()}
    assert WANTED.items() <= there.items()  # a new department needs no line here


def test_there_are_sixteen_categories() -> None:
    assert len(set(CATEGORIES)) == 16
    glossary = (SCHEMAS.parent / "docs" / "glossary.md").read_text(encoding="utf-8")
    assert [category for category in CATEGORIES if f"`{category}`" not in glossary] == []


@pytest.mark.parametrize("topic", every_schema())
def test_every_field_says_what_it_is_and_how_confidential(topic: str) -> None:
    for path, field in leaves(RECORDS[topic]):
        assert field.doc, path
        assert field.classification in {"public", "internal", "personal", "sensitive"}, path
        if topic in contracts():
            assert field.doc_zh, path


def leaves(record: Record) -> list[tuple[str, Field]]:
    """(record.field, field) of every record within."""
    records = [part for part in subtypes(record) if isinstance(part, Record)]
    return [(f"{part.name}.{field.name}", field) for part in records for field in part.fields]


def test_the_fields_with_identity_numbers_are_all_marked() -> None:
    """By the names that they have in the contracts so far; another department's fields may have other names."""
    people = {"subject", "mother", "father", "relative", "spouse", "owner", "from_owner", "to_owner"}
    people |= {"owners", "from_owners", "resident"}
    people |= {"to", "landlord", "tenants", "tenant", "legal_representative"}
    for topic, contract in contracts().items():
        for path, field in leaves(contract.record):
            person = field.name in people and (field.name != "subject" or contract.subject == "resident")
            assert field.identity or not person, f"{topic}: {path}"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SCHEMAS, tmp_path / "schemas"))


def test_only_the_dwellings_own_topics_say_in_which_grid_it_lies() -> None:
    """Law 8. What else speaks of a dwelling names it, and lies wherever its row says, also after a grid is redrawn."""
    say_so = {
        topic
        for topic, schema in every_schema().items()
        for part in subtypes(parse_record(dict(schema)))
        if isinstance(part, Record) and "grid" in part.by_name
    }
    assert say_so == {"housing.dwelling-register", "rows.dwelling"}


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('"owner":', '"ownr":', "owner"),
        ('"category": "marriage"', '"category": "marriages"', "category"),
        ('"classification": "sensitive"', '"clasification": "sensitive"', "clasification"),
        ('"classification": "internal"', '"classification": "secret"', "secret"),
        ('"logicalType": "date"', '"logicalType": "dates"', "dates"),
        ('"name": "record", "type": "string"', '"name": "record", "type": "strng"', "strng"),
        ('"subject": "resident"', '"subject": "dwelling"', "subject"),
        ('"doc": "the other\'s pseudonym"', '"doc": ""', "doc"),
        ('"name": "recorded_at"', '"name": "written_at"', "recorded_at"),
        ('"department": "civil-affairs"', '"department": "police"', "department"),
        ('"retention": "P100Y",', '"retention": "P100Y", "retention": "P1Y",', "retention"),
        ('"freshness": "P1D"', '"fresh": "P1D"', "freshness"),
        ('"freshness": "P1D"', '"freshness": "one day"', "one day"),
        ('"freshness": "P1D"', '"freshness": "P"', "freshness"),
        ('"freshness": "P1D"', '"freshness": "P1DT"', "P1DT"),
        ('"freshness": "P1D"', '"freshness": "P1M"', "P1M"),
        ('"freshness": "P1D"', '"freshness": "PT0S"', "PT0S"),
    ],
)
def test_a_slip_is_named_with_its_file(copied: Path, old: str, new: str, named: str) -> None:
    file = copied / "events" / "civil-affairs" / "marriage.avsc"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ContractRefused) as refused:
        contracts(copied)
    assert str(file) in str(refused.value)
    assert named in str(refused.value)


def test_a_kind_that_another_contract_has_is_refused_with_both(copied: Path) -> None:
    file = copied / "events" / "civil-affairs" / "marriage.avsc"
    file.write_text(
        file.read_text(encoding="utf-8").replace('"name": "Divorced"', '"name": "Graded"'), encoding="utf-8"
    )
    with pytest.raises(ContractRefused, match=r"the kind 'Graded' is one of (housing|civil-affairs)\."):
        contracts(copied)


def test_a_subject_that_no_view_is_of_is_refused_with_the_way_out(copied: Path) -> None:
    file = copied / "events" / "housing" / "dwelling-safety.avsc"
    text = file.read_text(encoding="utf-8").replace('"subject": "dwelling"', '"subject": "lift"')
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ContractRefused, match=r"one of district, dwelling, .* there is a view first, in domain/views/"):
        contracts(copied)


@pytest.mark.parametrize(
    ("duration", "seconds"), [("P1D", 86_400), ("PT1H", 3_600), ("P1W", 604_800), ("P2DT3H4M5S", 183_845)]
)
def test_freshness_is_a_duration(copied: Path, duration: str, seconds: int) -> None:
    file = copied / "events" / "civil-affairs" / "marriage.avsc"
    text = file.read_text(encoding="utf-8").replace('"freshness": "P1D"', f'"freshness": "{duration}"')
    file.write_text(text, encoding="utf-8")
    assert contracts(copied)["civil-affairs.marriage"].freshness_seconds == seconds


def test_what_stages_publish_is_checked_too(copied: Path) -> None:
    file = copied / "alert.avsc"
    schema = json.loads(file.read_text(encoding="utf-8"))
    schema["fields"][0]["dok"] = "?"
    file.write_text(json.dumps(schema), encoding="utf-8")
    with pytest.raises(ContractRefused, match="dok"):
        published(copied)
