"""What the columns of an export are for, by the fields of its contract that they fill."""

from __future__ import annotations

from collections.abc import Iterator

from domain.codes import NAMING_FIELDS
from producers.publish.columns import Column, Export
from wire.contracts import contracts
from wire.schema import Array, Primitive, without_null

#: A tax period is a text that a spreadsheet may hold as a day.
PERIOD = "period"


def identity_columns(export: Export) -> frozenset[str]:
    """Names of the columns that hold identity numbers."""
    return _named(export, "identity")


def day_columns(export: Export) -> frozenset[str]:
    """Names of the columns that hold days, times or periods."""
    return _named(export, "day")


def naming_columns(export: Export) -> list[Column]:
    """The columns that say who or which record is meant."""
    return [column for role, column in _roles(export) if role in ("identity", "name")]


def _named(export: Export, role: str) -> frozenset[str]:
    return frozenset(name for its_role, column in _roles(export) if its_role == role for name in column.names)


def _roles(export: Export) -> Iterator[tuple[str, Column]]:
    contract = contracts()[export.topic]
    for kind in export.says():
        for field, column in {**export.head, **kind.columns}.items():
            if field in ("occurred_at", "recorded_at"):
                yield "day", column
            elif field == "subject":
                yield "identity" if contract.subject_is_identity else "name", column
            elif field == "record":
                yield "name", column
            elif field in contract.kinds[kind.kind].by_name:
                described = contract.kinds[kind.kind].by_name[field]
                inner = without_null(described.type)
                inner = inner.items if isinstance(inner, Array) else inner
                dated = isinstance(inner, Primitive) and (inner.is_date or inner.is_time)
                if field in NAMING_FIELDS:
                    yield "name", column
                else:
                    yield "identity" if described.identity else "day" if dated or field == PERIOD else "other", column
