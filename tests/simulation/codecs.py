"""The real codecs over the registry in memory, made once a process: generating a writer takes longer than a history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from domain.rule import Rule
from runtime.discover import discover
from stream_apps.record_codec import RecordCodec
from stream_apps.stage_codec import Wire
from tests.simulation.broker import MemoryRegistry
from wire.codec import Decoder, RecordReader, encoder
from wire.contracts import contracts, published
from wire.views import views

REGISTRY = MemoryRegistry()
CONTRACTS = contracts()
VIEWS = views()
RULES = discover("domain.rules", "RULE", Rule)


@cache
def wire_of(view: str) -> Wire:
    """What the stage of `view` reads and writes besides events."""
    return Wire(VIEWS[view], REGISTRY, "")


@cache
def record_codec() -> RecordCodec:
    """What stages and the index of records say to each other."""
    return RecordCodec(REGISTRY, "")


@cache
def decoder() -> Decoder:
    return Decoder(REGISTRY)


@cache
def event_encoder(topic: str) -> Callable[[Mapping[str, Any]], bytes]:
    """The writer of the contract's events; the change is given as (full name, record)."""
    schema = CONTRACTS[topic].schema
    return encoder(REGISTRY.id_of(f"{topic}-value", schema), schema)


@cache
def published_reader(topic: str) -> RecordReader:
    """The reader of a topic that stages publish."""
    return RecordReader(REGISTRY, published()[topic].schema)


@cache
def clock_encoder() -> Callable[[Mapping[str, Any]], bytes]:
    schema = published()["clock"].schema
    return encoder(REGISTRY.id_of("clock-value", schema), schema)


QUIETABLE = tuple(sorted({topic for rule in RULES.values() for topic in rule.needs} | {min(CONTRACTS)}))
"""Topics whose silence matters to some rule, and one whose does not."""
