"""Arrays in PostgreSQL's binary form, made at once: psycopg asks a dumper for each element of a list, which takes
longer than PostgreSQL needs for the row.

Use them as binary parameters: `unnest(%(ids)b::text[])`.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from psycopg import adapters
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format

_HEAD = struct.Struct("!iiIii")  # dimensions, whether there is a null, the elements' type, how many, the first index
_LENGTH = struct.Struct("!i")
_BIGINT = struct.Struct("!iq")
_NULL = _LENGTH.pack(-1)
_TEXT, _BIGINTS, _JSONB = 25, 20, 3802


class Packed:
    """An array of PostgreSQL, ready to be sent."""

    def __init__(self, content: bytes) -> None:
        self.content = content


class Texts(Packed):
    """`text[]`"""


class Bigints(Packed):
    """`bigint[]`"""


class Jsonbs(Packed):
    """`jsonb[]`"""


def texts(values: Sequence[str]) -> Texts:
    """`text[]` of these; no text may hold a NUL character."""
    return Texts(_packed(_TEXT, [_sized(value.encode()) for value in values]))


def bigints(values: Sequence[int]) -> Bigints:
    """`bigint[]` of these. Raises struct.error for what has more than 64 bits."""
    return Bigints(_packed(_BIGINTS, [_BIGINT.pack(8, value) for value in values]))


def jsonbs(values: Sequence[bytes | None]) -> Jsonbs:
    """`jsonb[]` of these JSON texts, None a null."""
    return Jsonbs(_packed(_JSONB, [_NULL if value is None else _sized(b"\x01" + value) for value in values]))


def _sized(value: bytes) -> bytes:
    return _LENGTH.pack(len(value)) + value


def _packed(oid: int, elements: Sequence[bytes]) -> bytes:
    nulls = int(_NULL in elements) if oid == _JSONB else 0
    return b"".join((_HEAD.pack(1, nulls, oid, len(elements), 1), *elements))


class _PackedDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Packed) -> Buffer:
        return obj.content


class _TextsDumper(_PackedDumper):
    oid = 1009


class _BigintsDumper(_PackedDumper):
    oid = 1016


class _JsonbsDumper(_PackedDumper):
    oid = 3807


for _kind, _dumper in ((Texts, _TextsDumper), (Bigints, _BigintsDumper), (Jsonbs, _JsonbsDumper)):
    adapters.register_dumper(_kind, _dumper)
