"""A department's key: `cgk_<id>_<secret>`, shown once. Only the SHA-256 of the secret is kept.

The secret has 256 random bits, so a plain hash is enough: there is nothing to guess from a list of likely ones.
"""

from __future__ import annotations

import re
import secrets
import string
from collections import OrderedDict
from hashlib import sha256
from hmac import compare_digest
from typing import NamedTuple

from psycopg import AsyncConnection

KEY = re.compile(r"cgk_(?P<id>[a-z0-9]{10})_(?P<secret>[A-Za-z0-9_-]{43})", re.ASCII)
_ID_LETTERS = string.ascii_lowercase + string.digits
#: Compared with for an id that nobody has, so that its answer takes as long as any other.
_NOBODYS = sha256(b"nobody's").digest()


class NewKey(NamedTuple):
    """A key just made. `text` is what the department gets, once."""

    id: str
    text: str
    secret_sha256: bytes


def make() -> NewKey:
    """A new random key."""
    made_id = "".join(secrets.choice(_ID_LETTERS) for _ in range(10))
    secret = secrets.token_urlsafe(32)
    return NewKey(made_id, f"cgk_{made_id}_{secret}", sha256(secret.encode()).digest())


class RightKeys:
    """Which `Authorization` headers were right when last looked at, by their digest; at most `MOST_RIGHT`."""

    MOST_RIGHT = 10_000

    def __init__(self) -> None:
        self._digests: OrderedDict[bytes, None] = OrderedDict()

    def has(self, authorization: str) -> bool:
        return sha256(authorization.encode()).digest() in self._digests

    def note(self, authorization: str, *, right: bool) -> None:
        """Remember whether it was right just now."""
        digest = sha256(authorization.encode()).digest()
        self._digests.pop(digest, None)
        if right:
            self._digests[digest] = None
            if len(self._digests) > self.MOST_RIGHT:
                self._digests.popitem(last=False)


class Holder(NamedTuple):
    """Who came in with which key."""

    department: str
    key_id: str


async def holder_of(connection: AsyncConnection[tuple[object, ...]], authorization: str) -> Holder | None:
    """Whose key an `Authorization` header carries; None if it carries none that is in force."""
    scheme, _, text = authorization.partition(" ")
    match = KEY.fullmatch(text.strip()) if scheme.lower() == "bearer" else None
    if match is None:
        return None
    cursor = await connection.execute("SELECT department, secret_sha256 FROM city.key_in_force(%s)", (match["id"],))
    row = await cursor.fetchone()
    department, kept = (str(row[0]), row[1]) if row else ("", _NOBODYS)
    same = isinstance(kept, bytes) and compare_digest(sha256(match["secret"].encode()).digest(), kept)
    if not same or not department:
        return None
    await connection.execute("SELECT city.key_used(%s)", (match["id"],))
    return Holder(department, match["id"])
