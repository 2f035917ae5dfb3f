"""docs/retention.md: what is kept for how long, of contracts, views, topics and `database/retention.py`."""

from __future__ import annotations

from collections.abc import Iterator

from database.retention import HELD
from domain.retention import Kept
from domain.view import View
from runtime.discover import discover
from runtime.settings import CHECKOUT
from wire.contract_rules import PERMANENT
from wire.contracts import Contract, contracts
from wire.topics import DAY_MS, DEAD_LETTERS, topics

RETENTION_PAGE = CHECKOUT / "docs" / "retention.md"

PAGE = """\
# What is kept, and for how long
**摘要** 保存期限自所述事项结束之日起算;瞬时事实(门禁、呼叫、走访)到期由主题、行、数据库一并删除;
持续性事实到期后计数告警,待按主体压缩。

Written by `python -m processes.observe` from the contracts, views, topics and `database/retention.py`; a test
compares it. Why so: [0031](decisions/0031-retention.md). Age counts from the end of what was stated: a
passage or a visit is over at once, a lease when it has ended, whatever a person held at the latest with their
death.

## Statements of departments
*Moments* go by themselves: the row at a midnight of the city, by when the statement was recorded; the topic
by Kafka's `retention.ms`, which deletes whole segments, a week later at most. What *lasts* stays in topics
and rows; what has ended for longer than its contract allows is counted (`citygrid_overdue_records`,
[alert](runbooks/records-overdue.md)) and waits for a compaction of whole subjects.

"""
AFTER = """\

A row that says nothing any more keeps its key. Older versions of a row, with what it has forgotten since,
leave its topic within a week (`max.compaction.lag.ms`). Rules ask about what is kept only: a lease is *newly
let*, a tenant or an illness *new* for as long as visits are kept, an unanswered call stands for as long as
calls are; a low-income family's visit is due anew then.

"""
ELSEWHERE = """\

The process `retention` deletes it, a thousand a second at most of each, by the city's clock and never ahead
of PostgreSQL's own. An alert of a finding that stands, and its tasks, stay. Sessions end by themselves and
are deleted at the next sign-in; who looked at whom (`audit.look`) is kept without limit, and a statement of
the outbox that its contract forbids stays until a person has dealt with it.

## Elsewhere
| where | kept |
|---|---|
"""
LAST = """\
| `parked` | until it is replayed; unlimited |
| a backup | as it was made: delete backups that are older than what they may hold |
| Prometheus | 30 days; no series names a person |
| `FILE.rejected.csv`, a dead letter that was written into a file | until somebody deletes it |
"""


def retention_page() -> str:
    """The page's text."""
    return "".join(
        [
            PAGE,
            *_table(("topic", "kept", "what it states"), (_of_topic(contract) for contract in contracts().values())),
            "\n## Rows\n",
            *_table(("view", "what it forgets", "after"), _of_views()),
            AFTER,
            "## PostgreSQL\n",
            *_table(
                ("what", "kept", "from when"),
                ((f"`{held.what}`: {held.means}", held.after, held.since) for held in HELD),
            ),
            ELSEWHERE,
            *(f"| {where} | {kept} |\n" for where, kept in _elsewhere()),
            LAST,
        ]
    )


def _table(head: tuple[str, ...], lines: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |\n|{'---|' * len(head)}\n"
    for line in lines:
        yield f"| {' | '.join(line)} |\n"


def _of_topic(contract: Contract) -> tuple[str, ...]:
    kept = PERMANENT if contract.kept is None else _words(contract.kept)
    return f"`{contract.topic}`", kept, "moments" if contract.momentary else "what lasts"


def _of_views() -> Iterator[tuple[str, ...]]:
    for name, view in sorted(discover("domain.views", "VIEW", View).items()):
        for length in sorted(set(view.kept.values())):
            facts = ", ".join(f"`{fact}`" for fact, kept in view.kept.items() if kept == length)
            yield f"`{name}`", facts, _words(length)


def _elsewhere() -> Iterator[tuple[str, str]]:
    by_name = {topic.name: topic for topic in topics()}
    yield f"`{DEAD_LETTERS}`", f"{int(by_name[DEAD_LETTERS].config['retention.ms']) // DAY_MS} days"
    compacted = [topic for topic in topics() if "max.compaction.lag.ms" in topic.config]
    week = {int(topic.config["max.compaction.lag.ms"]) // DAY_MS for topic in compacted}
    yield (
        "compacted topics (rows, contributions, alerts, records, clock)",
        f"the newest of each key; older ones {max(week)} days",
    )


def _words(length: Kept) -> str:
    parts = ((length.years, "year"), (length.days, "day"))
    return " ".join(f"{count} {word}{'s' if count != 1 else ''}" for count, word in parts if count)
