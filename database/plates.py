"""Door plates: codes that are random, kept as a hash only, and revoked at any time (migrations/0023.plates.sql)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

CODE_BYTES = 16

DOORS = """
SELECT p.dwelling, p.address, p.grid, plate.made_at AS plate_made_at,
    ARRAY[street.name_zh, community.name_zh] AS names_zh, ARRAY[street.name_en, community.name_en] AS names_en
FROM city.placement p
LEFT JOIN city.plate plate ON plate.dwelling = p.dwelling AND plate.revoked_at IS NULL
LEFT JOIN city.grid_area street ON street.grid = left(p.grid, 9)
LEFT JOIN city.grid_area community ON community.grid = left(p.grid, 12)
WHERE city.is_door(p.dwelling) AND p.grid IS NOT NULL
    AND (p.dwelling = ANY (%(doors)s) OR (cardinality(%(doors)s::text[]) = 0 AND starts_with(p.grid, %(area)s)))
ORDER BY p.grid, p.address, p.dwelling
"""


class PlateRefused(Exception):
    """No plate can be made or revoked; the message says why and what to do."""


@dataclass(frozen=True)
class Plate:
    """A plate as it is printed. The code is nowhere else."""

    dwelling: str
    address: str
    names_zh: tuple[str, ...]
    names_en: tuple[str, ...]
    code: str


def new_code() -> str:
    """128 random bits in Base32: 26 capital letters and digits, which a person can type and a QR code holds densely."""
    return base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode("ascii").rstrip("=")


def hashed(code: str) -> bytes:
    """What is kept of a code."""
    return hashlib.sha256(code.encode()).digest()


def doors(dsn: str, named: Sequence[str] = (), area: str = "") -> list[dict[str, Any]]:
    """The doors of these numbers, or of an area (a prefix of the grid code), and since when each has a plate."""
    with psycopg.connect(dsn, row_factory=dict_row) as owner:
        return owner.execute(DOORS, {"doors": list(named), "area": area}).fetchall()


@contextmanager
def issued(dsn: str, named: Sequence[str], area: str, *, again: bool) -> Iterator[list[Plate]]:
    """New plates of these doors, or of those of an area that have none. They count once the block ends.

    `again`: also where a plate hangs, whose code is then worth nothing. Raises PlateRefused.
    """
    with psycopg.connect(dsn, row_factory=dict_row) as owner:
        found = owner.execute(DOORS, {"doors": list(named), "area": area}).fetchall()
        if missing := sorted(set(named) - {row["dwelling"] for row in found}):
            raise PlateRefused(f"No door with a grid has the number {missing[0]}: register it first.")
        wanted = [row for row in found if again or row["plate_made_at"] is None]
        plates = [
            Plate(
                row["dwelling"],
                row["address"] or row["dwelling"],
                tuple(name for name in row["names_zh"] if name),
                tuple(name for name in row["names_en"] if name),
                new_code(),
            )
            for row in wanted
        ]
        for plate in plates:
            owner.execute("SELECT city.issue_plate(%s, %s)", (plate.dwelling, hashed(plate.code)))
        yield plates


def revoke(dsn: str, dwelling: str) -> None:
    """The door's plate is worth nothing any more. Raises PlateRefused if it has none."""
    with psycopg.connect(dsn) as owner:
        row = owner.execute("SELECT city.revoke_plate(%s)", (dwelling,)).fetchone()
        if not row or not row[0]:
            raise PlateRefused(f"The door {dwelling} has no plate in force.")
