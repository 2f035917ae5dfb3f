"""What a process does with Kafka, said beside its code; rights are granted from it (processes/rights.py)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from runtime.settings import Settings
from wire.topics import DEAD_LETTERS, PARKED

PUT_ASIDE = frozenset({DEAD_LETTERS, PARKED})


@dataclass(frozen=True)
class Access:
    """Names as they are on the cluster. What is read or written is also described.

    `asks`: topics of which it asks where they end and when the last record came, without reading any.
    `groups`: those as which it reads. `every_group`: how far all of ours are is asked, and nothing of them changed.
    `transactions`: what its transactional ids begin with; None: it makes none.
    """

    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    asks: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    every_group: bool = False
    transactions: str | None = None


def on(settings: Settings, topics: Iterable[str]) -> frozenset[str]:
    """The names of `topics` on the cluster of `settings`."""
    return frozenset(settings.topic_prefix + topic for topic in topics)
