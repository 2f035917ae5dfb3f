"""The catalogue says of every topic what its contract says, and who reads it."""

from __future__ import annotations

import pytest

from domain.view import View
from runtime.discover import discover
from sinks.worker import sinks
from wire.asyncapi import document
from wire.catalogue import entries, rules, topic_of, topics_behind
from wire.contracts import contracts, feedback_topics
from wire.reach import reach
from wire.schema_parser import CLASSIFICATIONS

VIEWS = discover("domain.views", "VIEW", View)
SINKS = {name: sink.topics() for name, sink in sinks().items()}


def test_every_contract_is_in_it_with_all_its_fields_and_somebody_who_reads_it() -> None:
    listed = {entry.topic: entry for entry in entries(SINKS)}
    assert listed.keys() == contracts().keys()
    for topic, contract in contracts().items():
        entry = listed[topic]
        assert {kind.name for kind in entry.kinds} == contract.kinds.keys()
        classes = {f"{kind.name}.{field.name}": field.classification for kind in entry.kinds for field in kind.fields}
        kinds = contract.kinds.items()
        assert classes == {f"{kind}.{field.name}": field.classification for kind, of in kinds for field in of.fields}
        classes |= {field.name: field.classification for field in entry.head}
        assert entry.classification == max(classes.values(), key=CLASSIFICATIONS.index)
        assert entry.owner
        assert entry.legal_basis
        assert entry.legal_basis_zh
        assert entry.readers.views, f"no view has {contract.subject} for its subject: who reads {topic}?"
        assert "row-tables" in entry.readers.sinks


def test_a_statement_is_followed_through_the_rows_that_speak_of_others() -> None:
    tenancy = next(entry for entry in entries() if entry.topic == "housing.tenancy")
    police = next(entry for entry in entries() if entry.topic == "police.household-registration")
    assert "dwelling" in tenancy.readers.views
    assert {"household", "dwelling"} <= set(police.readers.reached)
    assert "newly-let" in tenancy.readers.rules
    assert "police.household-registration" in topics_behind("household")
    for view in VIEWS:
        assert topics_behind(view), f"a row of {view} comes from somewhere"


def test_each_topic_that_a_rule_needs_is_behind_its_view() -> None:
    for name, rule in rules().items():
        assert rule.needs <= set(topics_behind(rule.view)), name


def test_a_kind_belongs_to_one_topic_of_its_department() -> None:
    """Pages mark a fact by its department and kind; two topics of one department must not both state it."""
    kinds = [(contract.department, kind) for contract in contracts().values() for kind in contract.kinds]
    assert sorted(kinds) == sorted(set(kinds))
    assert topic_of("housing", "Let") == "housing.tenancy"
    assert topic_of("housing", "Vanished") is None


@pytest.mark.parametrize(
    ("wanted", "topic"),
    [
        ("租赁", "housing.tenancy"), ("TENANCY", "housing.tenancy"), ("承租人 sensitive", "housing.tenancy"),
        ("dibao", "civil-affairs.social-assistance"), ("newly-let", "housing.tenancy"), ("", "tax.tax-record"),
    ],
)  # fmt: skip
def test_it_is_searched_by_words_in_either_language(wanted: str, topic: str) -> None:
    assert topic in [entry.topic for entry in entries() if entry.matches(wanted)]
    assert [entry for entry in entries() if entry.matches(f"{wanted} no-such-word")] == []


def test_as_asyncapi_each_reference_leads_somewhere() -> None:
    description = document()
    assert description["asyncapi"] == "3.0.0"
    assert description["channels"].keys() == contracts().keys() | set(feedback_topics())
    actions = {name.split("-")[0] for name in description["operations"]}
    assert actions == {"receive", "send"}, "what departments state, and what comes back to them"
    sent = description["operations"]["send-feedback.housing"]
    assert (sent["action"], sent["channel"]) == ("send", {"$ref": "#/channels/feedback.housing"})
    schema = description["components"]["messages"]["feedback.housing"]["payload"]["schema"]
    assert {field["name"] for field in schema["fields"]} >= {"statements", "outcome", "questions"}

    def references(value: object) -> list[str]:
        if isinstance(value, dict):
            here = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return here + [reference for inner in value.values() for reference in references(inner)]
        return [reference for inner in value for reference in references(inner)] if isinstance(value, list) else []

    for reference in references(description):
        here = description
        for part in reference.removeprefix("#/").split("/"):
            here = here[part]
        assert here


def test_what_a_row_tells_others_is_found_by_asking_it() -> None:
    """Each view tells all those that it names; one that speaks only of what it was told cannot be asked so."""
    for name, view in VIEWS.items():
        reached = reach(view)
        assert reached.keys() <= view.contributes_to, name
        assert reached.keys() == view.contributes_to or view.contribution is not None, name
    resident = reach(VIEWS["resident"])
    assert "transport.vehicle-registration" in resident["household"]
    assert "transport.vehicle-registration" not in resident["dwelling"], "whose car it is does not matter to a flat"
    assert "weather.warning" in topics_behind("grid")
    assert "police.household-registration" in topics_behind("grid"), "a dwelling tells further who lives in it"
    assert "grid.observation" not in topics_behind("grid")
