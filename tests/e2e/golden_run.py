"""The golden city on its way through the real thing, and what must be equal at its end: topics and PostgreSQL both."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import psycopg

from domain.event import Event
from local.stack.children import Child
from local.stack.local import PartName
from producers.publish import Publisher
from runtime.settings import Settings
from sinks.decoding import JsonReader
from sinks.worker import sinks
from stream_apps.worker import topics_of
from tests.e2e.running import Late, Processes, Topics, committed, sink_lag, stage_lag, tick, until
from tests.golden.city import DAY, LIVE_SINCE, NOW, Said
from tests.golden.compare import BOOKKEEPING, as_numbers, differences, empty, standing
from tests.golden.recompute import RECOMPUTED, Answer, recompute
from tests.golden.stating import as_stated
from wire.codec import Decoder, RecordReader
from wire.contracts import RECORD_TOPICS, contracts, published
from wire.registry import Registry
from wire.topics import ALERTS, CLOCK, DEAD_LETTERS, PARKED, RECORD_CLAIMS, ensure_schemas, ensure_topics
from wire.views import views

SHARED = ("resident", "household", "dwelling")
"""Views whose stages have two workers each: what dies, freezes, joins and leaves is one of these."""
VIEWS = (*SHARED, "grid", "district", "legal_person")
CONTRACTS = contracts()
_VIEWS = views()
INPUTS = {view: topics_of(_VIEWS[view], "") for view in VIEWS} | {"records": [RECORD_CLAIMS]}
"""What each stage and the index of records read."""
CONTRIBUTED = [view for view in VIEWS if _VIEWS[view].contribution is not None]
ROWS = [f"rows.{view}" for view in VIEWS]
_BETWEEN = [*(f"contributions.{view}" for view in CONTRIBUTED), *ROWS, ALERTS, CLOCK, *RECORD_TOPICS]


def golden_settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"live_since": datetime.fromtimestamp(LIVE_SINCE / 1e6, UTC), "partitions": 4})


class Running:
    """The golden city on its way through a stack: every stage, the busy ones with two workers, and every sink."""

    def __init__(self, settings: Settings, ours: Processes) -> None:
        self.settings = settings
        self.ours = ours
        self.parts: dict[PartName, Child] = {}
        """Kafka, registry and PostgreSQL, where they are this test's own."""
        self.registry = Registry.of(settings)
        self.completed: set[str] = set()
        """Tasks that somebody completed meanwhile: each states one visit."""
        self.waiting: dict[str, int] = {}
        """What waited when everything was last held: records by who had not taken them."""

    def start(self) -> None:
        ensure_topics(self.settings)
        ensure_schemas(self.settings)
        for view in VIEWS:
            for instance in ("one", "two")[: 1 + (view in SHARED)]:
                self.ours.start("stage", view, instance)
        self.ours.start("records")
        for sink in sinks():
            self.ours.start("sink", sink)

    def publish(self, statements: list[Said]) -> set[str]:
        """Through the departments' own door; returns the event ids."""
        with Publisher(self.settings, registry=Registry.of(self.settings)) as publisher:
            return {
                publisher.publish(
                    stated.topic,
                    as_stated(stated),
                ).event_id
                for stated in statements
            }

    def hold(self) -> None:
        """Freeze every stage and sink where it is."""
        for name in self.workers():
            self.ours.freeze(name)

    def go_on(self, besides: Iterable[str] = ()) -> None:
        for name in self.workers():
            if name not in besides:
                self.ours.thaw(name)

    def workers(self, *kinds: str) -> list[str]:
        """The names of stages' and sinks' processes, or of those of one kind."""
        return [name for name in self.ours.running if name.partition("-")[0] in (kinds or ("stage", "sink"))]

    def caught(self, portion: list[Said], topics: Topics) -> tuple[set[str], bool]:
        """Publish `portion` and hold everybody in the middle of it. Returns the event ids, and whether records still
        wait, now that all are held, for the first stage and for a sink."""
        self.hold()
        sent = self.publish(portion)
        before = committed(self.settings, "resident")
        self.go_on()
        self.wait(lambda: self.has_committed(before + 1), 90, every=0.005)
        self.hold()
        self.waiting = self.backlog(topics)
        return sent, self.waiting["stage resident"] > 0 and any(self.waiting[f"sink {name}"] for name in sinks())

    def has_committed(self, records: int) -> str | None:
        """What is lacking until the first stage has committed so many records, if anything."""
        offsets = committed(self.settings, "resident")
        return None if offsets >= records else f"the first stage has committed {offsets} records of {records}"

    def backlog(self, topics: Topics) -> dict[str, int]:
        """Records that wait, by who has not taken them. Raises psycopg.OperationalError while PostgreSQL is away."""
        topics.catch_up()
        lags = {f"stage {view}": stage_lag(self.settings, view, INPUTS[view], topics.ends) for view in INPUTS}
        dsn, prefix = self.settings.dsn("sinks"), self.settings.topic_prefix
        return lags | {
            f"sink {name}": sink_lag(dsn, name, sink.topics(), topics.ends, prefix) for name, sink in sinks().items()
        }

    def wait(self, lacking: Callable[[], str | None], seconds: float, every: float = 0.2) -> None:
        def again() -> str | None:
            self.ours.keep_alive()
            return lacking()

        try:
            until(again, seconds, every)
        except Late as late:
            raise Late(f"{late}\n{self.ours.logs()}") from None

    def settle(self, topics: Topics, seconds: float = 240) -> None:
        """Return once everybody has read everything: the outbox, stages, each after the one that feeds it, sinks."""

        def lacking() -> str | None:
            try:
                statement = "SELECT count(*) FROM city.outbox WHERE published_at IS NULL"
                if unpublished := self.select(statement)[0][0]:
                    return f"outbox: {unpublished} statements wait"
                waiting = self.backlog(topics)
            except psycopg.OperationalError:
                return "PostgreSQL is away"
            behind = [f"{name} lags by {lag} records" for name, lag in waiting.items() if lag]
            before = dict(topics.ends)
            topics.catch_up()
            return "; ".join(behind) or (None if topics.ends == before else "something was still written")

        self.wait(lacking, seconds)

    def select(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.settings.dsn("sinks"), connect_timeout=5) as connection:
            return connection.execute(statement.encode()).fetchall()

    def events(self, topics: Topics) -> list[Event]:
        """Every event as it stands on the topics."""
        decoder = Decoder(self.registry, topic_prefix=self.settings.topic_prefix)
        read = []
        for topic in CONTRACTS:
            for key, record in topics.all[topic]:
                event = decoder.decode(self.settings.topic_prefix + topic, key, record.value)
                assert isinstance(event, Event), f"{topic}: {event}"
                read.append(event)
        return read

    def last_tick(self, topics: Topics) -> int:
        """Microseconds UTC; the clock's own, if it ran."""
        reader = RecordReader(self.registry, published()[CLOCK].schema)
        return max(int(reader.read(record.value)["now"]) for _, record in topics.all[CLOCK] if record.value)

    def close(self) -> None:
        """Nothing of this city is needed any more: nobody has to leave in order, which takes seconds each."""
        for name in list(self.ours.running):
            self.ours.kill(name)
        self.registry.close()


# --- what must be equal -----------------------------------------------------------------------------------------------


def assert_as_recomputed(run: Running, topics: Topics, wanted: Answer) -> None:
    for view in VIEWS:
        reader = RecordReader(run.registry, published()[f"rows.{view}"].schema)
        rows = {
            key.decode(): {name: value for name, value in reader.read(record.value).items() if name != BOOKKEEPING}
            for key, record in topics.newest[f"rows.{view}"].items()
            if record.value is not None
        }
        different = differences({key: row for key, row in rows.items() if not empty(row)}, wanted.rows[view])
        assert not different, f"{view}: {different}"
    reader = RecordReader(run.registry, published()[ALERTS].schema)
    alerts = [reader.read(record.value) for record in topics.newest[ALERTS].values() if record.value is not None]
    different = differences(standing(alerts), wanted.alerts)
    assert not different


def assert_tables_follow(run: Running, topics: Topics, wanted: Answer) -> None:
    """PostgreSQL holds the topics' newest rows, and rows and alerts as recomputed; each open alert has one task."""
    with psycopg.connect(run.settings.dsn("sinks")) as connection:
        for view in VIEWS:
            reader = JsonReader(run.registry, published()[f"rows.{view}"].schema)
            newest = {key.decode(): record for key, record in topics.newest[f"rows.{view}"].items() if record.value}
            table = connection.execute(f"SELECT id, version, row FROM city.{view}").fetchall()
            assert {key: version for key, version, _ in table} == {key: record.offset for key, record in newest.items()}
            for key, _, row in table:
                row_stated = reader.read(newest[key].value or b"")
                assert row == {name: value for name, value in row_stated.items() if name != BOOKKEEPING}
            rows = {key: as_numbers(row, wanted.rows[view].get(key)) for key, _, row in table if not empty(row)}
            different = differences(rows, wanted.rows[view])
            assert not different, f"city.{view}: {different}"
        alerts = connection.execute(
            "SELECT rule, subject, cause, state, severity, dwelling, household, because FROM city.alert "
            "WHERE state IN ('opened', 'held') AND NOT deleted"
        ).fetchall()
        names = ("rule", "subject", "cause", "state", "severity", "dwelling", "household", "because")
        got = standing(dict(zip(names, alert, strict=True)) for alert in alerts)
        different = differences(got, wanted.alerts)
        assert not different, f"city.alert: {different}"
        tasks = connection.execute(
            "SELECT DISTINCT ON (t.finding_id) a.rule, a.subject, a.cause, t.id::text, t.state, t.queue, p.grid,"
            " p.district FROM city.task t JOIN city.alert a USING (finding_id)"
            " JOIN city.placement p ON p.dwelling = a.dwelling ORDER BY t.finding_id, t.dispatched_at DESC, t.id DESC"
        ).fetchall()
        states = connection.execute("SELECT id::text, state, closed_zh, closed_en FROM city.task").fetchall()
    assert_tasks(wanted, tasks, run.completed)
    assert {task for task, state, *_ in states if state == "completed"} == run.completed, "what was done stays done"
    open_tasks = sum(state == "dispatched" for _, state, *_ in states)
    assert open_tasks == sum(state == "dispatched" for _, _, _, _, state, *_ in tasks), "alerts with two open tasks"
    assert all(zh and en for _, state, zh, en in states if state == "closed"), "closed without a reason"
    assert {state for _, state, *_ in states} <= {"dispatched", "completed", "closed"}


def assert_tasks(wanted: Answer, tasks: list[tuple[Any, ...]], completed: set[str]) -> None:
    """`tasks`: the newest of each finding. Open for an open alert, unless it was completed; closed for any other."""
    tasks = [task for task in tasks if task[0] in RECOMPUTED]
    opened = {key for key, alert in wanted.alerts.items() if alert["state"] == "open"}
    tasked = {(rule, subject, cause) for rule, subject, cause, _, state, *_ in tasks if state == "dispatched"}
    done = {(rule, subject, cause) for rule, subject, cause, task, *_ in tasks if task in completed}
    assert sorted(opened - tasked - done) == [], "open alerts without a task"
    assert sorted(tasked - opened) == [], "tasks without an open alert"
    grids = {key: row["grid"] for key, row in wanted.rows["dwelling"].items()}
    for rule, subject, cause, _, state, queue, grid, district in tasks:
        if state == "dispatched":
            place = wanted.alerts[rule, subject, cause]["dwelling"] or ""
            assert grid == (place.removeprefix("grid/") if place.startswith("grid/") else grids.get(place))
            assert queue == (grid or district or "city")


# --- a play -----------------------------------------------------------------------------------------------------------

Fault = Callable[[Running, Topics], None]
"""Called with every stage and sink held while records wait for them; lets them go on."""


def play(run: Running, statements: list[Said], fault: Fault | None = None) -> None:
    """All of `said`, clock ticks in between, `fault` in the middle; then the final tick and the comparison."""
    if fault:
        # a stage that commits often is held in the middle of its backlog more easily
        run.ours.settings = run.ours.settings.model_copy(update={"commit_every_records": 100})
    run.start()
    watched = Topics(run.settings, [*CONTRACTS, *_BETWEEN])
    try:
        sent = publish_with(run, statements, watched, fault)
    finally:
        watched.close()
    tick(run.settings, LIVE_SINCE + 400 * DAY)
    if "clock" in run.ours.running:
        run.ours.stop("clock")
    # read from the beginning by a reader that saw nothing of the fault
    topics = Topics(run.settings, [*CONTRACTS, *_BETWEEN, DEAD_LETTERS, PARKED], keep_all=True)
    try:
        run.settle(topics)
        now = max(NOW, run.last_tick(topics) + 1)
        tick(run.settings, now)
        run.settle(topics)
        events = run.events(topics)
        assert_nothing_lost_or_doubled(run, events, sent, topics)
        assert len(sent) == len({stated.event_id for stated in statements})
        assert topics.all[DEAD_LETTERS] == []
        assert topics.all[PARKED] == []
        wanted = recompute(events, now, LIVE_SINCE)
        assert wanted.alerts
        assert_as_recomputed(run, topics, wanted)
        assert_tables_follow(run, topics, wanted)
    finally:
        topics.close()


def publish_with(run: Running, statements: list[Said], watched: Topics, fault: Fault | None) -> set[str]:
    """All of `said` in five portions, `fault` in the middle of the first one that can be held; the event ids."""
    size = len(statements) // 5 + 1
    first, *portions = [statements[start : start + size] for start in range(0, len(statements), size)]
    sent = run.publish(first)
    tick(run.settings, LIVE_SINCE + 200 * DAY)
    run.wait(lambda: run.has_committed(1), 90)
    for portion in portions:
        if fault is None:
            sent |= run.publish(portion)
            continue
        ids, caught = run.caught(portion, watched)
        sent |= ids
        if caught:
            fault(run, watched)
            fault = None
        run.go_on()
    assert fault is None, f"never held while something waited: {run.waiting}"
    return sent


def assert_nothing_lost_or_doubled(run: Running, events: list[Event], sent: set[str], topics: Topics) -> None:
    """On the topics is what was published, and one visit for each completed task. An event may be there twice: its id
    tells."""
    stated = {event.event_id: event for event in events}
    lost = sent - stated.keys()
    assert not lost, (
        f"{len(lost)} events of {len(sent)} were published and are not on the topics ({sorted(lost)[:3]}), where "
        f"{len(events)} records with {len(stated)} ids are; "
        f"this reader missed {topics.holes(CONTRACTS)} and was told {dict(topics.errors)}"
    )
    visits = [event for event_id, event in stated.items() if event_id not in sent]
    assert {event.kind for event in visits} <= {"Visited"}
    # one whose task was closed just before is kept beside it, under a record of its own: `<task>/<number>`
    assert sorted(event.record for event in visits if "/" not in event.record) == sorted(run.completed)
