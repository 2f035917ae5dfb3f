"""Moving a task as the API does (`api/routes/tasks.py`), without HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

Connection = psycopg.Connection[Any]


class MoveRefused(Exception):
    """A task was not moved, and nothing changed; the message is a sentence for the person who tried."""


class NoSuchTask(MoveRefused):
    """There is no such task in this account's scope."""


class IllegalMove(MoveRefused):
    """The task's state, or its holder, does not allow this move now."""


class Incomplete(MoveRefused):
    """The move needs a reason, an outcome or a queue."""


_REFUSALS: dict[str, type[MoveRefused]] = {"CG404": NoSuchTask, "CG409": IllegalMove, "CG422": Incomplete}


class Kept(NamedTuple):
    """What `city.visit` answers."""

    kept_as: str
    because: str | None
    seen_at: datetime
    sent_at: datetime
    bound: str | None


class Visit(NamedTuple):
    """What somebody saw, as a tablet keeps it until it is sent. The note is the request: no two are alike."""

    task: UUID
    outcome: str
    stated: datetime | None
    request: UUID


class Said(NamedTuple):
    """What the API answered to a request that moves a task."""

    account: UUID
    task: UUID
    move: str
    request: UUID
    accepted: bool
    visit: Visit | None = None
    kept: Kept | None = None


def act(
    connection: Connection,
    task: UUID,
    move: str,
    reason: str | None = None,
    detail: Mapping[str, Any] | None = None,
    request: UUID | None = None,
) -> dict[str, Any]:
    """Move a task as the account of this transaction; the task as it is then.

    `detail`: for `complete` {outcome, note?, checks?}, for `hand_over` {queue}. The same `request` a second time
    changes nothing and gives the task as it is. Raises NoSuchTask, IllegalMove or Incomplete: roll back
    then, nothing changed.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        try:
            cursor.execute(
                "SELECT * FROM city.act(%s, %s, %s, %s, %s)", (task, move, reason, Jsonb(dict(detail or {})), request)
            )
        except psycopg.Error as refused:
            kind = _REFUSALS.get(refused.sqlstate or "")
            if kind is None:
                raise
            raise kind(refused.diag.message_primary or "") from None
        return cursor.fetchall()[0]
