"""The schemas that a test's processes write with, in the test's own subjects."""

from __future__ import annotations

from collections.abc import Iterable

from runtime.settings import Settings
from wire.contracts import every_schema, feedback_topics
from wire.registry import Registry
from wire.topics import subject_of


def register_schemas(settings: Settings, also: Iterable[str] = ()) -> None:
    """Register every schema but those of what departments are told back; `also`: topics of those.

    Without the levels to which `wire.topics.ensure_schemas` holds each subject: they judge a schema's next version, and
    took half of the registry's time, which was 0.7 s of CPU a test.
    """
    topics = every_schema().keys() - set(feedback_topics()) | set(also)
    registry = Registry.of(settings)
    try:
        for topic in topics:
            registry.register(subject_of(settings, topic), every_schema()[topic])
    finally:
        registry.close()
