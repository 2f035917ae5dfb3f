"""How far a sink has come, in the rows' own transaction (law 4)."""

from __future__ import annotations

from collections.abc import Iterable

from sinks.sink import Connection, Offsets

# In the order of the places: two that hold several cannot wait for each other.
HOLD = """
SELECT o.topic, o.partition, o.next_offset FROM city.sink_offset o
JOIN unnest(%(topics)s::text[], %(partitions)s::integer[]) AS place(topic, partition) USING (topic, partition)
WHERE o.sink = %(sink)s ORDER BY o.topic, o.partition FOR UPDATE OF o
"""
MOVE = """
UPDATE city.sink_offset o SET next_offset = p.next_offset
FROM unnest(%(topics)s::text[], %(partitions)s::integer[], %(offsets)s::bigint[]) AS p(topic, partition, next_offset)
WHERE o.sink = %(sink)s AND o.topic = p.topic AND o.partition = p.partition
"""


class Fenced(Exception):
    """Another process of the same sink has moved the offsets: this one is late and must end without writing."""


def load(connection: Connection, sink: str, partitions: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """Where to read on, by topic and partition; 0 for what was never read."""
    wanted = sorted(partitions)
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO city.sink_offset VALUES (%s, %s, %s, 0) ON CONFLICT DO NOTHING",
            [(sink, topic, partition) for topic, partition in wanted],
        )
        rows = cursor.execute(
            "SELECT topic, partition, next_offset FROM city.sink_offset WHERE sink = %s", (sink,)
        ).fetchall()
    known = {(topic, partition): offset for topic, partition, offset in rows}
    return {place: known[place] for place in wanted}


def advance(connection: Connection, sink: str, expected: Offsets, target: Offsets) -> bool:
    """Move the offsets from `expected` to `target` in the open transaction; locks them until it ends.

    False if they are at `target` already: this very batch was committed and only the answer was lost.
    Raises Fenced if they are anywhere else.
    """
    places = sorted(target)
    where = {"sink": sink, "topics": [topic for topic, _ in places], "partitions": [number for _, number in places]}
    rows = connection.execute(HOLD, where).fetchall()
    there: dict[tuple[str, int], int | None] = dict.fromkeys(places)
    there |= {(topic, partition): offset for topic, partition, offset in rows}
    if there == dict(target):
        return False
    late = [(place, there[place], expected[place]) for place in sorted(target) if there[place] != expected[place]]
    if late:
        (topic, partition), there_now, wanted = late[0]
        raise Fenced(
            f"Sink {sink}: partition {partition} of {topic} stands at {there_now} in PostgreSQL, this process was at "
            f"{wanted}: another process has taken over. This one ends; nothing of its batch was written."
        )
    connection.execute(MOVE, where | {"offsets": [target[place] for place in places]})
    return True
