"""argon2id as the database wants it: it keeps how to derive a proof and the proof's sha256, never what could log in.

See docs/decisions/0008-row-level-security.md and `city.login_attempt` in migrations/0001.sessions.sql.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from dataclasses import dataclass

from argon2.low_level import Type, hash_secret_raw

from runtime.production import SHORTEST_PASSWORD, guessable

# OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, 2 iterations, 1 lane. The decoy in the
# migrations says the same.
MEMORY_KIB = 19456
ITERATIONS = 2
LANES = 1
PROOF_BYTES = 32
KDF = re.compile(r"\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d)\$([A-Za-z0-9+/]{22})")


class PoorPassword(ValueError):
    """The password is too short or somebody's default; the message says so."""


@dataclass(frozen=True)
class Kept:
    """What the database keeps of a password."""

    kdf: str
    verifier: bytes


def proof(kdf: str, password: str) -> bytes:
    """The proof of `password` under a stored `kdf`; about 30 ms of CPU. Raises ValueError if `kdf` is none of ours."""
    parts = KDF.fullmatch(kdf)
    if parts is None:
        raise ValueError("city.account.password_kdf is not argon2id as this version writes it: set the password anew.")
    memory, iterations, lanes, salt = parts.groups()
    return hash_secret_raw(
        password.encode(),
        base64.b64decode(salt + "=="),
        time_cost=int(iterations),
        memory_cost=int(memory),
        parallelism=int(lanes),
        hash_len=PROOF_BYTES,
        type=Type.ID,
    )


def keep(password: str) -> Kept:
    """What to store for a new `password`, with a fresh salt."""
    salt = base64.b64encode(os.urandom(16)).decode().rstrip("=")
    kdf = f"$argon2id$v=19$m={MEMORY_KIB},t={ITERATIONS},p={LANES}${salt}"
    return Kept(kdf, hashlib.sha256(proof(kdf, password)).digest())


def new_password(password: str) -> Kept:
    """What to store for a password that somebody chose. Raises PoorPassword."""
    if guessable(password):
        raise PoorPassword(f"A password has at least {SHORTEST_PASSWORD} characters and is nobody's default.")
    return keep(password)
