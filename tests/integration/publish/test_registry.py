"""The registry refuses what `citygrid schemas check` refuses; topics are made once and looked at again."""

from __future__ import annotations

import copy

import pytest

from runtime.settings import Settings
from wire import topics
from wire.compatibility import Incompatible, unreadable
from wire.contracts import contracts, every_schema
from wire.registry import Registry, RegistryRefused
from wire.topics import TopicsDiffer, ensure_schemas, ensure_topics, subject_of

TOPIC = "civil-affairs.marriage"


def test_the_registry_refuses_and_we_name_the_field(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_schemas(settings)
    registry = Registry.of(settings)
    assert registry.compatibility(subject_of(settings, TOPIC)) == "BACKWARD_TRANSITIVE"
    assert registry.compatibility(subject_of(settings, "rows.resident")) == "FULL_TRANSITIVE"
    broken = copy.deepcopy(dict(contracts()[TOPIC].schema))
    field = {"name": "place", "type": "string", "doc": "x", "doc_zh": "x", "classification": "internal"}
    broken["fields"][-1]["type"][0]["fields"].append(field)
    with pytest.raises(RegistryRefused) as refused:
        registry.register(subject_of(settings, TOPIC), broken)
    assert refused.value.status == 409
    assert "Married.place" in " ".join(unreadable(broken, contracts()[TOPIC].schema))
    monkeypatch.setattr(topics, "every_schema", lambda: {**every_schema(), TOPIC: broken})
    with pytest.raises(Incompatible, match=r"Married\.place"):
        ensure_schemas(settings)


def test_schemas_are_registered_once(settings: Settings) -> None:
    assert ensure_schemas(settings) == ensure_schemas(settings)
    assert Registry.of(settings).schema(2_000_000_000) is None


def test_topics_are_made_once_and_another_partition_count_is_said(settings: Settings) -> None:
    assert len(ensure_topics(settings)) == len(topics.topics())
    assert ensure_topics(settings) == []
    with pytest.raises(TopicsDiffer, match="has 2 partitions"):
        ensure_topics(settings.model_copy(update={"partitions": 8}))
