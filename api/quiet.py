"""Which of the topics behind a row or a case are quiet, by what was last written down of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from api.database import Caller
from api.models import QuietTopic
from wire.catalogue import rules, topic_of, topics_behind
from wire.contracts import contracts

QUIET = """
SELECT topic, department, last_event_at, limit_seconds FROM city.freshness_now(%(topics)s) WHERE stale
"""


async def behind_row(caller: Caller, view: str) -> list[QuietTopic]:
    """The quiet ones among the topics whose statements can come to stand in a row of `view`."""
    return await _quiet(caller, topics_behind(view))


async def behind_case(caller: Caller, rule: str, because: Iterable[Mapping[str, Any]]) -> list[QuietTopic]:
    """The quiet ones among the topics that stated what the case rests on, and those on whose silence it rests."""
    stated = {topic_of(fact["department"], fact["kind"]) for fact in because}
    needed = rules()[rule].needs if rule in rules() else frozenset[str]()
    return await _quiet(caller, sorted({topic for topic in stated if topic} | needed))


def kinds_of(topic: str) -> list[str]:
    """What the topic states; nothing if there is no contract for it (any more)."""
    contract = contracts().get(topic)
    return list(contract.kinds) if contract else []


async def _quiet(caller: Caller, topics: Sequence[str]) -> list[QuietTopic]:
    if not topics:
        return []
    missing = await caller.rows(QUIET, {"topics": list(topics)})
    return [QuietTopic(**row, kinds=kinds_of(row["topic"])) for row in missing]
