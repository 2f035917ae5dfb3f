"""The golden city through the real thing: door, Kafka, stages, sinks, PostgreSQL; rows and alerts equal the plain
recomputation, also when things die in the middle."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import psycopg
import pytest

from citygrid.stack import children, downloads
from citygrid.stack.children import Child
from citygrid.stack.local import LocalStack, PartName, Ports, stop
from domain.event import Event
from runtime.codec import Decoder, RecordReader
from runtime.contracts import contracts, published
from runtime.publish import Publisher, Statement
from runtime.registry import Registry
from runtime.settings import Settings, load
from runtime.topics import ALERTS, CLOCK, ensure_schemas, ensure_topics
from sinks.migrate import migrate
from sinks.reading import JsonReader
from sinks.worker import sinks
from tests.e2e.running import Processes, Topics, members, processes, sink_lag, stage_lag, tick, until
from tests.golden.city import DAY, LIVE_SINCE, NOW, Said, golden_city
from tests.golden.compare import BOOKKEEPING, differences, empty, standing
from tests.golden.recompute import Answer, recompute

VIEWS = ("resident", "household", "dwelling")
"""In the order in which one feeds the next."""
CONTRIBUTED = ("household", "dwelling")
WHOLE = (5_000, 50_000)
SMALLER = (1_000, 8_000)
"""For the variants in which something dies: two cores are to see many of them."""

CONTRACTS = contracts()
INPUTS = {
    view: [topic for topic, contract in CONTRACTS.items() if contract.subject == view]
    + ([f"contributions.{view}"] if view in CONTRIBUTED else [])
    + [CLOCK]
    for view in VIEWS
}
ROWS = [f"rows.{view}" for view in VIEWS]

Fault = Callable[["Running"], None]


@cache
def golden(residents: int, events: int) -> list[Said]:
    return golden_city(3, residents, events)


class Running:
    """The golden city on its way through a stack: two workers a stage, every sink."""

    def __init__(self, settings: Settings, ours: Processes) -> None:
        self.settings = settings
        self.ours = ours
        self.parts: dict[PartName, Child] = {}
        """Kafka, registry and PostgreSQL, where they are this test's own."""
        self.registry = Registry.of(settings)

    def start(self) -> None:
        ensure_topics(self.settings)
        ensure_schemas(self.settings)
        for view in VIEWS:
            for instance in ("one", "two"):
                self.ours.start("stage", view, instance)
        for sink in sinks():
            self.ours.start("sink", sink)

    def publish(self, said: list[Said]) -> set[str]:
        """Through the departments' own door; returns the event ids."""
        with Publisher(self.settings, registry=Registry.of(self.settings)) as publisher:
            return {
                publisher.publish(
                    each.topic,
                    Statement(
                        kind=each.kind,
                        record=each.record,
                        subject=each.subject,
                        occurred_at=each.occurred_at,
                        recorded_at=each.recorded_at,
                        change=each.change,
                        withdrawn=each.withdrawn,
                    ),
                ).event_id
                for each in said
            }

    def processed(self, count: int) -> None:
        """Return once the stages have published `count` rows: they are in the middle of it."""
        topics = Topics(self.settings, ROWS)
        try:

            def lacking() -> str | None:
                topics.catch_up()
                rows = sum(len(each) for each in topics.newest.values())
                return None if rows >= count else f"{rows} rows of {count}"

            self.wait(lacking, 90)
        finally:
            topics.close()

    def wait(self, lacking: Callable[[], str | None], seconds: float) -> None:
        def again() -> str | None:
            self.ours.keep_alive()
            return lacking()

        until(again, seconds, every=0.2)

    def settle(self, topics: Topics, seconds: float = 150) -> None:
        """Return once everybody has read everything: stages, each after the one that feeds it, then the sinks."""

        def lacking() -> str | None:
            topics.catch_up()
            for view in VIEWS:
                lag = stage_lag(self.settings, view, INPUTS[view], topics.ends)
                if lag:
                    return f"stage {view} lags by {lag} records"
            before = dict(topics.ends)
            topics.catch_up()
            if topics.ends != before:
                return "something was still written"
            for name, sink in sinks().items():
                dsn, prefix = self.settings.dsn("sinks"), self.settings.topic_prefix
                try:
                    lag = sink_lag(dsn, name, sink.topics(), topics.ends, prefix)
                except psycopg.OperationalError:
                    return "PostgreSQL is away"
                if lag:
                    return f"sink {name} lags by {lag} records"
            return None

        self.wait(lacking, seconds)

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

    def close(self) -> None:
        self.registry.close()


# --- what must be equal -----------------------------------------------------------------------------------------------


def assert_as_recomputed(run: Running, topics: Topics, wanted: Answer) -> None:
    for view in VIEWS:
        reader = RecordReader(run.registry, published()[f"rows.{view}"].schema)
        rows = {
            key.decode(): {name: each for name, each in reader.read(record.value).items() if name != BOOKKEEPING}
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
    """PostgreSQL holds the topics' newest rows and alerts, and one open task for each open alert."""
    with psycopg.connect(run.settings.dsn("sinks")) as connection:
        for view in VIEWS:
            reader = JsonReader(run.registry, published()[f"rows.{view}"].schema)
            newest = {key.decode(): record for key, record in topics.newest[f"rows.{view}"].items() if record.value}
            found = connection.execute(f"SELECT id, version, row FROM city.{view}").fetchall()
            assert {key: version for key, version, _ in found} == {key: record.offset for key, record in newest.items()}
            for key, _, row in found:
                said = reader.read(newest[key].value or b"")
                assert row == {name: value for name, value in said.items() if name != BOOKKEEPING}
        alerts = connection.execute(
            "SELECT rule, subject, cause, state, severity, dwelling, household, because FROM city.alert "
            "WHERE state IN ('opened', 'held') AND NOT deleted"
        ).fetchall()
        names = ("rule", "subject", "cause", "state", "severity", "dwelling", "household", "because")
        got = standing(dict(zip(names, alert, strict=True)) for alert in alerts)
        different = differences(got, wanted.alerts)
        assert not different, f"city.alert: {different}"
        tasks = connection.execute(
            "SELECT a.rule, a.subject, a.cause, t.queue, p.grid, p.district FROM city.task t "
            "JOIN city.alert a USING (finding_id) JOIN city.placement p ON p.dwelling = a.dwelling "
            "WHERE t.state = 'dispatched'"
        ).fetchall()
    opened = {key for key, alert in wanted.alerts.items() if alert["state"] == "open"}
    tasked = sorted((rule, subject, cause) for rule, subject, cause, *_ in tasks)
    assert sorted(opened - {*tasked}) == [], "open alerts without a task"
    assert sorted({*tasked} - opened) == [], "tasks without an open alert"
    assert len(tasked) == len(opened), "alerts with two open tasks"
    grids = {key: row["grid"] for key, row in wanted.rows["dwelling"].items()}
    for rule, subject, cause, queue, grid, district in tasks:
        dwelling = wanted.alerts[rule, subject, cause]["dwelling"]
        assert grid == grids.get(dwelling)
        assert queue == (grid or district or "city")


def play(run: Running, said: list[Said], fault: Fault | None = None) -> None:
    """All of `said`, clock ticks in between, `fault` in the middle; then the final tick and the comparison."""
    run.start()
    third = len(said) // 3
    sent = run.publish(said[:third])
    tick(run.settings, LIVE_SINCE + 200 * DAY)
    sent |= run.publish(said[third : 2 * third])
    if fault:
        run.processed(third // 20)
        fault(run)
    tick(run.settings, LIVE_SINCE + 400 * DAY)
    sent |= run.publish(said[2 * third :])
    contributed = [f"contributions.{view}" for view in CONTRIBUTED]
    topics = Topics(run.settings, [*CONTRACTS, *contributed, *ROWS, ALERTS, CLOCK], keep_all=True)
    try:
        run.settle(topics)
        tick(run.settings, NOW)
        run.settle(topics)
        events = run.events(topics)
        assert {event.event_id for event in events} == sent, "what is on the topics is what was published"
        assert len(sent) == len({each.event_id for each in said})
        wanted = recompute(events, NOW, LIVE_SINCE)
        assert wanted.alerts
        assert_as_recomputed(run, topics, wanted)
        assert_tables_follow(run, topics, wanted)
    finally:
        topics.close()


# --- what goes wrong meanwhile ----------------------------------------------------------------------------------------


def every_kind_of_process_is_killed(run: Running) -> None:
    """kill -9, and started again as the supervisor does."""
    for name in ("stage-resident-one", "stage-household-two", "stage-dwelling-one", *sinks_running(run)):
        run.ours.running[name].kill()
        run.ours.restart(name)


def sinks_running(run: Running) -> list[str]:
    return [name for name in run.ours.running if name.startswith("sink-")]


def a_worker_is_frozen_past_its_session_and_thawed(run: Running) -> None:
    run.ours.freeze("stage-resident-one")
    run.wait(lambda: share("resident", run, 1), 60)
    run.ours.thaw("stage-resident-one")
    # fenced, it ends and is started again, or it joins anew: either way it may not write what it held
    run.wait(lambda: share("resident", run, 2), 60)


def a_worker_joins_and_another_leaves(run: Running) -> None:
    for view in VIEWS:
        run.ours.start("stage", view, "three")
    for view in VIEWS:
        run.wait(lambda view=view: share(view, run, 3), 60)  # type: ignore[misc]
        run.ours.stop(f"stage-{view}-one")


def share(view: str, run: Running, count: int) -> str | None:
    found = members(run.settings, view)
    return None if found == count else f"{found} workers share stage {view}, not {count}"


def kafka_is_killed(run: Running) -> None:
    kill_part(run, "kafka")


def postgres_is_killed(run: Running) -> None:
    kill_part(run, "postgres")


def kill_part(run: Running, name: PartName) -> None:
    run.parts[name].kill()
    run.parts[name] = children.start(run.parts[name].program)


# --- the tests --------------------------------------------------------------------------------------------------------


def golden_settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"live_since": datetime.fromtimestamp(LIVE_SINCE / 1e6, UTC)})


@pytest.fixture
def run(settings: Settings, tmp_path: Path) -> Iterator[Running]:
    """On the session's stack, apart from every other test."""
    with processes(golden_settings(settings), tmp_path) as ours:
        running = Running(ours.settings, ours)
        yield running
        running.close()


@pytest.fixture
def run_alone(tmp_path: Path) -> Iterator[Running]:
    """On a stack of its own, which may be killed."""
    stack = LocalStack(tmp_path / "stack", Ports.free(), downloads.folder(Settings().downloads_dir))
    parts = stack.start()
    try:
        settings = load(stack.write_environment())
        migrate(settings.dsn("owner"))
        with processes(golden_settings(settings), tmp_path) as ours:
            running = Running(ours.settings, ours)
            running.parts = parts
            yield running
            running.close()
    finally:
        stop(parts)


def test_the_whole_golden_city(run: Running) -> None:
    play(run, golden(*WHOLE))


def test_shuffled_and_every_tenth_said_twice(run: Running) -> None:
    said = golden(*SMALLER)
    said = said + said[::10]
    random.Random(1).shuffle(said)
    play(run, said)


@pytest.mark.parametrize(
    "fault",
    [
        every_kind_of_process_is_killed,
        a_worker_is_frozen_past_its_session_and_thawed,
        a_worker_joins_and_another_leaves,
    ],
)
def test_whatever_happens_to_our_processes(run: Running, fault: Fault) -> None:
    play(run, golden(*SMALLER), fault)


@pytest.mark.parametrize("fault", [kafka_is_killed, postgres_is_killed])
def test_whatever_happens_to_what_we_stand_on(run_alone: Running, fault: Fault) -> None:
    play(run_alone, golden(*SMALLER), fault)
