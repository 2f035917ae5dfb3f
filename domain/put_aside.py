"""The records of a subject that are put aside since merging one of them failed, in the order in which they came.

The row bears the list, so a restart and another worker know it too. Records leave it as they are sent back, of each key
in their order: an older contribution must not stand over a newer one (docs/decisions/0023-judging.md).
"""

from typing import Any

from domain.rows import replace
from domain.view import PutAside


def with_aside(row: Any, record: PutAside, replaces: PutAside | None = None) -> Any:
    """The row with `record` put aside: in the place of the one that it was sent back for, else behind all others."""
    waiting = row.bookkeeping.put_aside
    if replaces in waiting:
        waiting = tuple(record if other == replaces else other for other in waiting)
    elif record not in waiting:
        waiting = (*waiting, record)
    return replace(row, bookkeeping=row.bookkeeping._replace(put_aside=waiting))


def resumed(row: Any, sent_back: PutAside | None) -> Any | None:
    """The row without the record that was sent back, which is merged now. None: the record is none of those, or an
    older one of its topic and key waits still."""
    waiting = row.bookkeeping.put_aside
    if sent_back is None or sent_back not in waiting:
        return None
    of_its_key = [other for other in waiting if (other.topic, other.key) == (sent_back.topic, sent_back.key)]
    if of_its_key[0] != sent_back:
        return None
    left = tuple(other for other in waiting if other != sent_back)
    return replace(row, bookkeeping=row.bookkeeping._replace(put_aside=left))
