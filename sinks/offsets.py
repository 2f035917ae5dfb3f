"""How far a sink has come, in the rows' own transaction (law 4)."""

from __future__ import annotations

from collections.abc import Iterable

from sinks.sink import Connection, Offsets


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
    there = {}
    for topic, partition in sorted(target):
        row = connection.execute(
            "SELECT next_offset FROM city.sink_offset WHERE sink = %s AND topic = %s AND partition = %s FOR UPDATE",
            (sink, topic, partition),
        ).fetchone()
        there[topic, partition] = row[0] if row else None
    if there == dict(target):
        return False
    late = [(place, there[place], expected[place]) for place in sorted(target) if there[place] != expected[place]]
    if late:
        (topic, partition), there_now, wanted = late[0]
        raise Fenced(
            f"Sink {sink}: partition {partition} of {topic} stands at {there_now} in PostgreSQL, this process was at "
            f"{wanted}: another process has taken over. This one ends; nothing of its batch was written."
        )
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE city.sink_offset SET next_offset = %s WHERE sink = %s AND topic = %s AND partition = %s",
            [(offset, sink, topic, partition) for (topic, partition), offset in target.items()],
        )
    return True
