"""No identity number on the wire: what stands in its place, and the key that makes it.

A pseudonym is `<key id>.<43 characters>`: HMAC-SHA-256 of the normalised number under the city's key, base64url without
padding; of another document than a citizen's the kind and the number, `passport:E12345678`
(docs/decisions/0022-wire.md). The same document has the same pseudonym in every topic; nobody without the key can
compute or undo one.
"""

from __future__ import annotations

import os
import re
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from domain.codes import normalised_identity_number
from runtime.settings import Settings
from wire.values.documents import day_of_birth, document, is_citizens_form

PSEUDONYM = re.compile(r"[a-z][a-z0-9]{0,7}\.[A-Za-z0-9_-]{43}")
_KEY = re.compile(r"(?:([a-z][a-z0-9]{0,7})\s+)?([0-9a-f]{64})")
FIRST_KEY_ID = "k1"
REMEMBERED = 50_000


class KeyRefused(Exception):
    """The key for identity numbers is missing, unreadable or open to others; the message says what to do."""


class Person(NamedTuple):
    """A person as known on the wire. `born`: the day that a citizen's number states, in days since 1970-01-01."""

    pseudonym: str
    born: int | None


class Pseudonyms:
    """Makes pseudonyms under one key. Remembers the last `REMEMBERED` numbers, since families come in rows."""

    def __init__(self, key: bytes, key_id: str = FIRST_KEY_ID) -> None:
        # HMAC (RFC 2104) as two hashes that have seen the key: `hmac.new(…).copy()` takes twice the time
        padded = key.ljust(64, b"\0") if len(key) <= 64 else sha256(key).digest().ljust(64, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in padded))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in padded))
        self.key_id = key_id
        self._known: dict[tuple[str, str | None, bool], Person] = {}

    @classmethod
    def of(cls, settings: Settings) -> Pseudonyms:
        """Under the key in force of the settings' key file. Raises KeyRefused."""
        if settings.pseudonym_key_file is None:
            raise KeyRefused(
                "CITYGRID_PSEUDONYM_KEY_FILE is not set: identity numbers are published as pseudonyms only. Set it to "
                "the city's key file, or start the local stack with `make up`, which makes one."
            )
        key_id, key = read_keys(settings.pseudonym_key_file)[-1]
        return cls(key, key_id)

    def of_number(self, number: str, eight_digits: str | None = None, *, newborns: bool = True) -> str:
        """The pseudonym of the document that `number` names, however it is written. Raises InvalidCode."""
        return self.person(number, eight_digits, newborns=newborns).pseudonym

    def person(self, number: str, eight_digits: str | None = None, *, newborns: bool = True) -> Person:
        """Whom `number` names: an identity number, or another document's with or without its kind
        (`wire.values.documents`). `eight_digits`: the kind of a document of 8 digits; `newborns`: whether birth
        certificates are meant without their kind. Raises InvalidCode."""
        known = self._known.get((number, eight_digits, newborns))
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[number, eight_digits, newborns] = self._person(number, eight_digits, newborns)
        return known

    def _person(self, number: str, eight_digits: str | None, newborns: bool) -> Person:
        if is_citizens_form(number):  # as nearly all are; the rest of `document` would find the same
            citizen = normalised_identity_number(number)
            return Person(self._made(citizen), day_of_birth(citizen))
        named = document(number, eight_digits, newborns=newborns)
        return Person(self._made(named.hashed), named.born)

    def _made(self, hashed: str) -> str:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(hashed.encode())
        outer.update(inner.digest())
        return f"{self.key_id}.{urlsafe_b64encode(outer.digest())[:43].decode('ascii')}"


def read_keys(file: Path) -> list[tuple[str, bytes]]:
    """The keys of the file as (id, 32 bytes), oldest first; the last one is in force.

    One key a line: `<id> <64 hexadecimal digits>`; a line without an id is `k1`. Raises KeyRefused.
    """
    try:
        with file.open(encoding="ascii") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            lines = opened.read().split("\n")
    except (OSError, UnicodeDecodeError) as unreadable:
        raise KeyRefused(
            f"The key file {file} cannot be read ({type(unreadable).__name__}): restore it from the backup. Without "
            "the old key the same people get other pseudonyms, so never make a new one beside existing data."
        ) from None
    if mode & 0o077:
        raise KeyRefused(f"The key file {file} can be read by others: chmod 600 {file}")
    keys = [_key(file, number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
    if not keys:
        raise KeyRefused(f"The key file {file} is empty: restore it from the backup.")
    if len({key_id for key_id, _ in keys}) < len(keys):
        raise KeyRefused(f"The key file {file} names a key id twice: give the newer key an id of its own, e.g. k2.")
    return keys


def new_key() -> str:
    """The text of a key file with one random key. Never write it over a file that is there (see `read_keys` on why)."""
    return f"{FIRST_KEY_ID} {secrets.token_hex(32)}\n"


def _key(file: Path, number: int, line: str) -> tuple[str, bytes]:
    match = _KEY.fullmatch(line)
    if match is None:
        raise KeyRefused(f"The key file {file}, line {number}, is not `<id> <64 hexadecimal digits>`: restore it.")
    return match[1] or FIRST_KEY_ID, bytes.fromhex(match[2])
