"""A rebuild of a view's table: generation n + 1 is filled from the whole row topic beside the one in force, and takes
its place in one transaction."""

from __future__ import annotations

import threading
from dataclasses import replace

import psycopg

from database.listing import NoSuchView
from runtime.settings import Settings
from sinks.runner import Runner
from sinks.sink import Connection
from sinks.targets.row_tables import SINK, RowTables


class NotSwitched(Exception):
    """The new generation did not come into force; the old one still is."""


def rebuild(settings: Settings, view: str, stopping: threading.Event) -> int:
    """Fill a new generation of `view` from its topic's beginning, put it in force, return its number.

    The sink may go on writing meanwhile: readers see the old table until the switch. Raises NotSwitched if `stopping`
    is set before the new table has caught up, NoSuchView, and what `Runner.run` raises. The table that was in force
    stays, so that it can be compared; those before it are dropped.
    """
    with psycopg.connect(settings.dsn("sinks"), autocommit=True) as connection:
        known = connection.execute("SELECT view, number, state FROM city.generation ORDER BY view, number").fetchall()
        if view not in {name for name, _, _ in known}:
            raise NoSuchView(
                f"There is no view of this name; there are: {', '.join(sorted({row[0] for row in known}))}."
            )
        for name, old, state in known:
            if name == view and state == "retired":
                connection.execute("SELECT city.drop_generation(%s, %s)", (view, old))
        row = connection.execute("SELECT city.begin_generation(%s)", (view,)).fetchone()
        number = int(row[0]) if row else 0
        name = f"{SINK.name}-{view}-g{number}"
        sink = replace(SINK, topics=lambda: [f"rows.{view}"], writer=lambda r: RowTables(r, {view: number}), tick=None)
        _fill(Runner(sink, settings, halt := threading.Event(), name), halt, stopping)
        if stopping.is_set():
            connection.execute("SELECT city.drop_generation(%s, %s)", (view, number))
            raise NotSwitched(f"Generation {number} of {view} was not finished: told to stop. Begin again when ready.")
        switch(connection, view, number, name)
    return number


def switch(connection: Connection, view: str, number: int, built_by: str) -> None:
    """Put generation `number` in force, with the offsets up to which `built_by` filled it: the sink reads on from
    there, and one that still runs from another place is fenced."""
    with connection.transaction():
        connection.execute(
            """
            INSERT INTO city.sink_offset AS old
            SELECT %s, topic, partition, next_offset FROM city.sink_offset WHERE sink = %s
            ON CONFLICT (sink, topic, partition) DO UPDATE SET next_offset = excluded.next_offset
            """,
            (SINK.name, built_by),
        )
        connection.execute("SELECT city.switch_generation(%s, %s)", (view, number))


def _fill(runner: Runner, halt: threading.Event, stopping: threading.Event) -> None:
    """Run until the topic's end was seen. Raises what the runner raised."""
    errors: list[BaseException] = []

    def turn() -> None:
        try:
            runner.run()
        except BaseException as error:  # noqa: BLE001 - raised below, in the caller's thread
            errors.append(error)

    thread = threading.Thread(target=turn, name="rebuild")
    thread.start()
    while thread.is_alive() and not stopping.is_set() and not runner.caught_up():
        stopping.wait(0.1)
    halt.set()
    thread.join()
    if errors:
        raise errors[0]
