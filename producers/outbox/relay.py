"""Relays what stands in an outbox table to Kafka, in the order of the commits.

A row is marked as published after the broker has its event. Killed in between, the same event goes out again with the
same id (it derives from the content, which the row keeps), and every reader takes it once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import Any, LiteralString

import psycopg
import structlog
from psycopg import sql
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_when_event_set, wait_exponential_jitter

from producers.publish import InvalidStatement, NotDelivered, Publisher, PublishRefused, Statement
from producers.publish.first_seen import sequence_of
from producers.publish.json_form import OWN, JsonForm, statement_of
from producers.publish.live_reporting import LiveReporting, RefusedStatement
from producers.publish.statement import Ready, record_on_the_wire
from runtime import cloud_events, daemon
from runtime.log import configure
from runtime.metrics import OUTBOX_PUBLISHED, OUTBOX_REFUSED, OUTBOX_WAITING
from runtime.settings import Settings, load
from wire import feedback
from wire.access import Access, on
from wire.avro_writer import InvalidValue
from wire.contracts import OUR_DEPARTMENT, contracts, feedback_topics, stated_by

log = structlog.get_logger()

BATCH = 500
#: Looked at again at least this often, should a notification be lost with its connection.
POLL_S = 2.0
WAIT_AT_MOST_S = 5.0
TIDY_EVERY_S = 3_600.0


@dataclass(frozen=True)
class Table:
    """An outbox: the table, whom `NOTIFY` wakes, and what may be said in it.

    `department`: only its contracts, dates as text and numbers in the open (None: the city's own database, which knows
    pseudonyms only). `kept` is how long published rows stay, as an interval; None: they are not ours to delete.
    """

    name: tuple[str, str]
    channel: str
    department: str | None = None
    kept: str | None = None

    @property
    def lock(self) -> str:
        return f"citygrid.{self.channel}"

    @cached_property
    def take(self) -> sql.Composed:
        # What is committed is taken and marked, so nothing waits for a transaction that still runs, here or in another
        # database of the server, and no transaction number is asked for that another server would count otherwise.
        return self._on(
            "SELECT id, topic, statement, floor(extract(epoch FROM made_at))::bigint FROM {} "
            "WHERE published_at IS NULL AND refused IS NULL ORDER BY id LIMIT %s"
        )

    @cached_property
    def published(self) -> sql.Composed:
        return self._on("UPDATE {} SET published_at = now() WHERE id = ANY(%s)")

    @cached_property
    def refused(self) -> sql.Composed:
        return self._on("UPDATE {} SET refused = %s WHERE id = %s")

    @cached_property
    def tidy(self) -> sql.Composed:
        return self._on("DELETE FROM {} WHERE published_at < now() - %s::interval")

    def _on(self, statement: LiteralString) -> sql.Composed:
        return sql.SQL(statement).format(sql.Identifier(*self.name))


OURS = Table(("city", "outbox"), "city_outbox")


def of_department(name: str) -> Table:
    """The outbox that `department.sql` puts into a department's own database."""
    return Table(("citygrid", "outbox"), "citygrid_outbox", name, kept="7 days")


Connection = psycopg.Connection[tuple[Any, ...]]


class Outbox:
    """Relays `table` of the database at `dsn` (none: the city's own). `stopping` ends `run` after the batch in hand."""

    def __init__(
        self, settings: Settings, stopping: threading.Event, table: Table = OURS, dsn: str | None = None
    ) -> None:
        self._settings = settings
        self._stopping = stopping
        self._table = table
        self._dsn = dsn or settings.dsn("sinks")
        self._tidied = -TIDY_EVERY_S
        self._trouble: str | None = "starting"
        self._beat = time.monotonic()

    def live(self) -> str | None:
        """None while the loop turns."""
        stuck = time.monotonic() - self._beat
        return None if stuck < 150 else f"no progress for {stuck:.0f} s"

    def ready(self) -> str | None:
        """None when PostgreSQL and Kafka took what they were last given."""
        return self._trouble

    def run(self) -> None:
        """Until `stopping` is set; PostgreSQL, registry and Kafka are waited for."""
        for attempt in Retrying(
            retry=retry_if_exception_type(
                (psycopg.OperationalError, psycopg.InterfaceError, NotDelivered, PublishRefused)
            ),
            wait=wait_exponential_jitter(multiplier=0.2, max=WAIT_AT_MOST_S),
            stop=stop_when_event_set(self._stopping),
            sleep=self._sleep,
            before_sleep=self._tell,
            reraise=True,
        ):
            with attempt:
                self._relay()

    def _relay(self) -> None:
        with ExitStack() as stack:
            connection: Connection = stack.enter_context(psycopg.connect(self._dsn, autocommit=True, connect_timeout=5))
            publisher = stack.enter_context(Publisher(self._settings, process="outbox"))
            if not self._alone(connection):
                return
            reporting = None  # what the city states itself is shown where its people work
            if self._table.department is not None:
                reporting = LiveReporting(self._settings, "outbox", {self._table.department})
                reporting.start()
                stack.callback(reporting.stop)
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._table.channel)))
            while not self._stopping.is_set():
                self._beat = time.monotonic()
                if relay_once(connection, publisher, self._table, reporting) < BATCH:
                    self._trouble = None
                    self._tidy(connection)
                    for _ in connection.notifies(timeout=POLL_S, stop_after=1):
                        pass

    def _alone(self, connection: Connection) -> bool:
        """Wait until no other relay runs: two would publish everything twice. False if told to stop meanwhile."""
        while not self._stopping.is_set():
            self._beat = time.monotonic()
            row = connection.execute("SELECT pg_try_advisory_lock(hashtext(%s))", (self._table.lock,)).fetchone()
            if row and row[0]:
                return True
            self._trouble = "another relay runs"
            self._stopping.wait(POLL_S)
        return False

    def _tidy(self, connection: Connection) -> None:
        """Delete what was published long ago: it holds people's numbers."""
        if self._table.kept is not None and time.monotonic() - self._tidied > TIDY_EVERY_S:
            connection.execute(self._table.tidy, (self._table.kept,))
            self._tidied = time.monotonic()

    def _sleep(self, seconds: float) -> None:
        self._beat = time.monotonic()
        self._stopping.wait(seconds)

    def _tell(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self._trouble = "PostgreSQL or Kafka is away"
        log.warning("outbox_waits", reason=type(error).__name__, attempt=state.attempt_number)


def relay_once(
    connection: Connection, publisher: Publisher, table: Table = OURS, reporting: LiveReporting | None = None
) -> int:
    """Publish what is there, at most `BATCH`; the number of rows taken. Raises NotDelivered with nothing marked."""
    rows = connection.execute(table.take, (BATCH,)).fetchall()
    OUTBOX_WAITING.set(len(rows))
    sent: list[int] = []
    stated: dict[str, list[Ready]] = {}
    for number, topic, item, made_at in rows:
        try:
            if table.department is None and (department := feedback.department_of(topic)):
                _send_back(publisher, topic, department, item)
                sent.append(number)
                continue
            # Our own database knows a person by the alert's pseudonym; it never had a number.
            statement = _statement(topic, item, table)
            if statement.sequence is None:
                statement = statement._replace(sequence=sequence_of(made_at, number))
            ready = publisher.ready(topic, statement, pseudonymised=table.department is None)
            publisher.send(topic, ready)
        except InvalidStatement as invalid:
            connection.execute(table.refused, (str(invalid), number))
            OUTBOX_REFUSED.inc()
            if reporting and isinstance(item, dict) and _is_of(topic, table):
                refused = RefusedStatement(str(number), invalid.field, invalid.reason, *_about(topic, item))
                reporting.refused(topic, [refused])
            log.error("outbox_refused", outbox=number, topic=topic, reason=str(invalid))  # noqa: TRY400
        else:
            sent.append(number)
            stated.setdefault(topic, []).append(ready)
    if sent:
        publisher.flush()
        connection.execute(table.published, (sent,))
        OUTBOX_PUBLISHED.inc(len(sent))
        if reporting:
            for topic, events in stated.items():
                reporting.taken(topic, events)
    return len(rows)


def _send_back(publisher: Publisher, topic: str, department: str, item: Mapping[str, Any]) -> None:
    """Send a department what came of its statements. Raises InvalidStatement, NotDelivered, PublishRefused."""
    try:
        event_id, record = feedback.event_id(item, department), feedback.fields(department, item)
        headers = cloud_events.headers(
            event_id, feedback.SOURCE.encode(), feedback.EVENT_TYPE.encode(), record["seen_at"] or record["at"]
        )
        publisher.send_record(topic, feedback.schema(), record["task"].encode(), record, headers)
    except (InvalidValue, KeyError, TypeError, ValueError) as wrong:
        raise InvalidStatement("feedback", f"does not fit its schema: {type(wrong).__name__}") from None


def _is_of(topic: str, table: Table) -> bool:
    contract = contracts().get(topic)
    return contract is not None and contract.department == table.department


def _about(topic: str, item: Mapping[str, Any]) -> tuple[Any, Any]:
    return record_on_the_wire(contracts()[topic], item.get("record")), item.get("kind")


def _statement(topic: str, item: Any, table: Table) -> Statement:
    """Raises InvalidStatement if a department's row is no statement of one of its contracts."""
    contract = contracts().get(topic)
    if contract is None or table.department not in (None, contract.department):
        raise InvalidStatement("topic", f"is no contract of {table.department or 'the city'}")
    return statement_of(contract, item) if table.department else JsonForm(contract, OWN).statement(item)


def access(settings: Settings) -> Access:
    """What the city's own outbox does with Kafka."""
    return Access(writes=on(settings, [*stated_by(OUR_DEPARTMENT), *feedback_topics()]))


def main() -> int:
    """Relay the city's own outbox until asked to end; the exit code. Raises SettingsRefused."""
    settings = load()
    return serve(settings, OURS, settings.dsn("sinks"), settings.port_of("outbox"))


def serve(settings: Settings, table: Table, dsn: str, port: int) -> int:
    """Relay until SIGTERM or SIGINT, with `/live`, `/ready` and `/metrics` on `port`; the exit code."""
    stopping = daemon.stopping_when_asked()
    configure(settings, "outbox" if table.department is None else f"outbox-{table.department}")
    outbox = Outbox(settings, stopping, table, dsn)
    daemon.serve(outbox, settings.host, port)
    return 0
