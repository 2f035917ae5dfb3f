"""The chain of looks, as whoever runs the installation checks it, under the database's owner, who cannot change it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True)
class Chain:
    """What `audit.verify` counted. `number` and `hash` are of the last link that holds, None while there is none."""

    number: int | None
    hash: bytes | None
    sealed: int
    unsealed: int
    oldest_unsealed: datetime | None
    broken: int | None
    """The first link that does not hold: a look in it was changed or is missing, or a link itself is."""

    @property
    def head(self) -> str:
        """The last link as it is written down, `12:<64 hexadecimal digits>`; "0:" of an empty chain."""
        return f"{self.number or 0}:{self.hash.hex() if self.hash else ''}"


class HeadRefused(Exception):
    """What was written down is no head of a chain; the message says how one looks."""


def verify(dsn: str) -> Chain:
    """Counts the chain anew from its beginning. `dsn` is the owner's."""
    with psycopg.connect(dsn, row_factory=class_row(Chain)) as connection:
        return connection.execute("SELECT * FROM audit.verify()").fetchall()[0]


def holds(dsn: str, head: str) -> bool:
    """Whether an earlier head still is a link of the chain: its end cannot be cut off. Raises HeadRefused."""
    number, _, digest = head.partition(":")
    try:
        wanted, link = bytes.fromhex(digest), int(number)
    except ValueError:
        raise HeadRefused(
            "A head is written as `citygrid looks verify` prints it: 12:<64 hexadecimal digits>."
        ) from None
    if link == 0 and not wanted:
        return True
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT audit.seal_hash(%s)", (link,)).fetchone()
    return bool(row and row[0] == wanted)
