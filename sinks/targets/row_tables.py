"""The published rows of every view → `city.<view>_g<n>` of the generation in force.

A row's columns: its key, the dwelling (or grid, district) that says who may see it, the offset of its record
(`version`), and the row as JSON. What a row remembers for its own stage (`bookkeeping`) stays on the topic, except that
it was not judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import sql

from database import queries
from database.binary_arrays import bigints, jsonbs, texts
from domain.step import NOT_JUDGED
from sinks.decoding import JsonReader, as_jsonb
from sinks.freshness import observe
from sinks.sink import Connection, Read, Sink, Unreadable, newest
from wire.contracts import contracts, published
from wire.registry import Registry

PREFIX = "rows."

IN_FORCE = """
SELECT number FROM city.generation WHERE view = %(view)s AND state = 'in_force'
"""
# A generation is switched under the same lock, exclusively: no batch falls between two tables.
HOLD = "SELECT pg_advisory_xact_lock_shared(hashtext('city.generation'), hashtext(%(view)s))"
# An upsert cannot go back in time.
UPSERT = """
WITH said AS (
    SELECT * FROM unnest(%(ids)b::text[], %(dwellings)b::text[], %(versions)b::bigint[], %(rows)b::jsonb[])
        AS said(id, dwelling, version, row)
), changed AS (
    INSERT INTO city.{table} AS old (id, dwelling, place, version, deleted, row)
    SELECT id, dwelling, p.place, said.version, row IS NULL, row
    FROM said JOIN city.placement p USING (dwelling) ORDER BY id
    ON CONFLICT (id) DO UPDATE SET
        dwelling = excluded.dwelling, place = excluded.place, version = excluded.version,
        deleted = excluded.deleted, row = excluded.row,
        updated_at = now()
    WHERE old.version < excluded.version
    RETURNING id
)
SELECT count(*) FROM changed
"""


class RowTables:
    """Writes rows of all views; `generations` pins a view to a generation that is being built."""

    def __init__(self, registry: Registry, generations: Mapping[str, int] | None = None) -> None:
        self._readers = {
            output.topic: JsonReader(registry, output.schema) for output in published().values() if output.what == "row"
        }
        self._generations = generations or {}

    def read(self, topic: str, key: str, value: bytes) -> tuple[str, bytes]:
        """(a dwelling, `grid/<code>`, `district/<code>` or '', the row as JSON). Raises Unreadable."""
        row = self._readers[topic].read(value)
        if (row.pop("bookkeeping", None) or {}).get("judged_by") == NOT_JUDGED:
            row["not_judged"] = True
        dwelling = key if topic == "rows.dwelling" else row.get("place") or row.get("dwelling") or ""
        if not isinstance(dwelling, str) or "\0" in dwelling + key:
            raise Unreadable("the key or the dwelling is no text that PostgreSQL keeps")
        return dwelling, as_jsonb(row)

    def write(self, connection: Connection, records: Sequence[Read]) -> int:
        """The newest record of each key; a deletion stays as a mark without a row."""
        by_view: dict[str, list[Read]] = {}
        for record in newest(records):
            by_view.setdefault(record.topic.removeprefix(PREFIX), []).append(record)
        dwellings = sorted({_dwelling(record) for record in records})
        queries.name_places(connection, dwellings)
        queries.hold_places(connection, dwellings)
        return sum(self._write_view(connection, view, some) for view, some in sorted(by_view.items()))

    def _write_view(self, connection: Connection, view: str, records: list[Read]) -> int:
        connection.execute(HOLD, {"view": view})
        number = self._generations.get(view) or _in_force(connection, view)
        values: dict[str, Any] = {
            "view": view,
            "ids": texts([record.key for record in records]),
            "dwellings": texts([_dwelling(record) for record in records]),
            "versions": bigints([record.offset for record in records]),
            "rows": jsonbs([record.value[1] if record.value else None for record in records]),
        }
        statement = sql.SQL(UPSERT).format(table=sql.Identifier(f"{view}_g{number}"))
        counted = connection.execute(statement, values).fetchone()
        return int(counted[0]) if counted else 0


def _dwelling(record: Read) -> str:
    """A deleted dwelling still is its own place; whoever else is deleted has none."""
    if record.value:
        return str(record.value[0])
    return record.key if record.topic == "rows.dwelling" else ""


def _in_force(connection: Connection, view: str) -> int:
    """The number of the view's generation in force; a view's first one is made on the way."""
    row = connection.execute(IN_FORCE, {"view": view}).fetchone()
    row = row or connection.execute("SELECT city.begin_generation(%s)", (view,)).fetchone()
    return int(row[0]) if row else 1


def topics() -> list[str]:
    """The row topic of every view."""
    return [output.topic for output in published().values() if output.what == "row"]


SINK = Sink("row-tables", topics, RowTables, tick=observe, asks=contracts)
