"""What is to be sent to browsers by Web Push, by the sinks' role: docs/decisions/0046-punctual-and-push.md"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple
from uuid import UUID

import psycopg

Connection = psycopg.Connection[Any]
Outcome = Literal["sent", "gone", "failed"]
"""gone: the browser has given its subscription up."""

CHANNEL = "city_push"


class Push(NamedTuple):
    """A message to one browser. `call`: an urgent task waits; `over`: somebody is at it."""

    id: UUID
    task: UUID
    kind: Literal["call", "over"]
    language: Literal["zh", "en"]
    endpoint: str
    p256dh: str
    auth: str


def learn(connection: Connection, public_key: str | None) -> bool:
    """Teach the database by which key browsers subscribe, None: not at all; whether it changed. Subscriptions that were
    made with another key end: no service takes a message for them any more."""
    row = connection.execute("SELECT city.learn_push(%s)", (public_key,)).fetchone()
    return bool(row and row[0])


def take(connection: Connection, most: int) -> list[Push]:
    """At most `most` of what is to be sent now, for the caller alone; who does not say within a minute what became of
    one loses it to the next caller."""
    return [Push(*row) for row in connection.execute("SELECT * FROM city.take_pushes(%s)", (most,))]


def settle(connection: Connection, push: Push, outcome: Outcome) -> None:
    """What became of it."""
    connection.execute("SELECT city.settle_push(%s, %s)", (push.id, outcome))
