"""The golden city through the real thing: door, Kafka, stages, sinks, PostgreSQL; rows, alerts and tasks equal the
plain recomputation, also when things die in the middle."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from functools import cache
from pathlib import Path

import pytest

from database.migrate import migrate
from local.stack import children, downloads, postgres
from local.stack.children import Child
from local.stack.local import LocalStack, PartName, Ports, stop
from local.stack.ports import free_ports, is_taken
from runtime.settings import Settings, load
from tests.e2e.completing import CommandCentre, command_centre
from tests.e2e.golden_run import SHARED, VIEWS, Fault, Running, golden_settings, play
from tests.e2e.running import Topics, members, processes
from tests.golden.city import SMALLER, WHOLE, Said, golden_city
from wire.topics import CLOCK

pytestmark = pytest.mark.timeout(900)
"""The whole city takes 260 s on two idle cores."""

Parts = dict[PartName, Child]
TASKS = 12
"""To be completed while what carries them dies."""


@cache
def golden(residents: int, events: int) -> list[Said]:
    return golden_city(3, residents, events)


def shuffled(statements: list[Said]) -> list[Said]:
    """In another order: then any part of it makes tasks, not only its end."""
    return random.Random(1).sample(statements, len(statements))


# --- what goes wrong --------------------------------------------------------------------------------------------------


def every_kind_of_process_is_killed(run: Running, topics: Topics) -> None:
    """kill -9, and started again as the supervisor does: stages and sinks, then outbox, clock and API."""
    api, metrics = free_ports(2)
    run.settings = run.settings.model_copy(update={"api_port": api, "api_metrics_port": metrics})
    run.ours.settings = run.settings
    for kind in ("outbox", "clock", "api"):
        run.ours.start(kind)
    for name in (*(f"stage-{view}-one" for view in VIEWS), *run.workers("sink")):
        kill(run, name)
    run.go_on()
    with command_centre(run.settings) as centre:
        outbox_and_api_are_killed_while_tasks_are_completed(run, centre)
    the_clock_is_killed_and_ticks_again(run, topics)


def outbox_and_api_are_killed_while_tasks_are_completed(run: Running, centre: CommandCentre) -> None:
    # about a dwelling: completed, each states one visit
    dispatched = (
        "SELECT t.id::text FROM city.task t JOIN city.alert a USING (finding_id)"
        " WHERE t.state = 'dispatched' AND a.view = 'dwelling' ORDER BY t.id"
    )
    unpublished = "SELECT id FROM city.outbox WHERE published_at IS NULL"
    run.wait(lambda: None if len(run.select(dispatched)) >= TASKS else "too few tasks to complete", 120)
    tasks = [task for (task,) in run.select(dispatched)[:TASKS]]
    first, rest = tasks[: TASKS // 4], tasks[TASKS // 4 :]
    for task in first:
        run.ours.freeze("outbox")  # wherever it is; so that it dies with something to relay, however quick it is
        if centre.complete(task):
            run.completed.add(task)
            assert run.select(unpublished), "a completed task left nothing to relay"
        run.ours.running["outbox"].kill()
        run.ours.restart("outbox")
        run.wait(lambda: "the relay has not gone on" if run.select(unpublished) else None, 60)
    with ThreadPoolExecutor(2) as pool:
        moving = {task: pool.submit(centre.complete, task) for task in rest}
        wait(moving.values(), 60, FIRST_COMPLETED)
        for name in ("api", "outbox"):
            run.ours.running[name].kill()
        assert not all(future.done() for future in moving.values()), "the API was killed after its last answer"
        for name in ("outbox", "api"):
            run.ours.restart(name)
        run.completed |= {task for task, moved in moving.items() if moved.result()}
    centre.wait_until_served()
    while len(run.completed) < TASKS // 2:  # on a slow machine the city's own course closed most of them first
        run.wait(lambda: None if run.select(dispatched) else "no task is left to complete", 60)
        task = run.select(dispatched)[0][0]
        if centre.complete(task):
            run.completed.add(task)
    assert set(centre.states(run.completed).values()) == {"completed"}


def the_clock_is_killed_and_ticks_again(run: Running, topics: Topics) -> None:
    def ticks() -> dict[int, int]:
        topics.catch_up()
        return {
            partition: end
            for (topic, partition), end in topics.ends.items()
            if topic == run.settings.topic_prefix + CLOCK
        }

    began = ticks()
    run.wait(
        lambda: (
            None if all(ticks()[partition] > began[partition] for partition in began) else "the clock does not tick"
        ),
        60,
    )
    run.ours.running["clock"].kill()
    stood = ticks()
    run.ours.restart("clock")
    run.wait(
        lambda: None if all(ticks()[partition] > stood[partition] for partition in stood) else "the clock stands still",
        60,
    )


def a_worker_of_each_stage_is_frozen_past_its_session_and_thawed(run: Running, topics: Topics) -> None:
    frozen = [f"stage-{view}-one" for view in SHARED]
    run.go_on(besides=frozen)
    for view in SHARED:
        run.wait(lambda view=view: share(view, run, 1), 60)  # type: ignore[misc]
    # the other worker takes over all that it held, so that what the frozen one knows is old
    run.wait(lambda: waits_for(run, topics, "stage resident"), 90)
    for name in frozen:
        run.ours.thaw(name)
    # fenced, it ends and is started again, or it joins anew: either way it may not write what it held
    for view in SHARED:
        run.wait(lambda view=view: share(view, run, 2), 60)  # type: ignore[misc]


def a_worker_joins_and_another_leaves(run: Running, _: Topics) -> None:
    run.go_on()
    for view in SHARED:
        run.ours.start("stage", view, "three")
    for view in SHARED:
        run.wait(lambda view=view: share(view, run, 3), 60)  # type: ignore[misc]
        run.ours.stop(f"stage-{view}-one")


def kafka_is_killed(run: Running, _: Topics) -> None:
    kill_part(run, "kafka")


def postgres_is_killed(run: Running, _: Topics) -> None:
    kill_part(run, "postgres")


def kill(run: Running, name: str) -> None:
    run.ours.running[name].kill()
    run.ours.restart(name)


def kill_part(run: Running, name: PartName) -> None:
    run.parts[name].kill()
    run.go_on()
    port = getattr(run.settings, f"local_{name}_port")

    def started() -> str | None:
        """As a supervisor does, again until it stays: PostgreSQL refuses while a child of the killed one still ends."""
        if is_taken(port):
            return None
        if not run.parts[name].alive:
            run.parts[name] = children.start(run.parts[name].program)
        return f"{name} does not listen again"

    run.parts[name] = children.start(run.parts[name].program)
    run.wait(started, 60)


def share(view: str, run: Running, count: int) -> str | None:
    share_now = members(run.settings, view)
    return None if share_now == count else f"{share_now} workers share stage {view}, not {count}"


def waits_for(run: Running, topics: Topics, name: str) -> str | None:
    lag = run.backlog(topics)[name]
    return f"{lag} records wait for {name}" if lag else None


# --- the tests --------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(settings: Settings, tmp_path: Path) -> Iterator[Running]:
    """On the session's stack, apart from every other test."""
    yield from running(settings, tmp_path)


def running(settings: Settings, folder: Path) -> Iterator[Running]:
    with processes(golden_settings(settings), folder) as ours:
        run = Running(ours.settings, ours)
        yield run
        run.close()


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalStack, Parts]]:
    """A stack of this file's own, whose parts may be killed."""
    folder = tmp_path_factory.mktemp("mortal")
    local = LocalStack(folder, Ports.free(), downloads.folder(Settings().downloads_dir))
    parts = local.start()
    yield local, parts
    stop(parts)


@pytest.fixture
def run_mortal(mortal: tuple[LocalStack, Parts], tmp_path: Path, prefix: str) -> Iterator[Running]:
    """On the stack that may be killed, with topics and a database of its own."""
    (local, parts), name = mortal, f"test_{uuid.uuid4().hex[:10]}"
    port, passwords = local.ports.postgres, local.passwords
    postgres.make_database(port, passwords, name, "citygrid_owner", postgres.USERS)
    migrate(local.dsn("citygrid_owner", name))
    dsns = {f"database_{role}_dsn": local.dsn(f"citygrid_{role}", name) for role in ("owner", "sinks", "api", "doors")}
    known = load(local.write_environment())
    settings = Settings.model_validate(known.model_dump() | dsns | {"topic_prefix": prefix})
    for run in running(settings, tmp_path):
        run.parts = parts
        yield run


def test_the_whole_golden_city(run: Running) -> None:
    play(run, golden(*WHOLE))


def test_shuffled_and_every_tenth_said_twice(run: Running) -> None:
    statements = golden(*SMALLER)
    play(run, shuffled(statements + statements[::10]))


@pytest.mark.parametrize(
    "fault",
    [
        every_kind_of_process_is_killed,
        a_worker_of_each_stage_is_frozen_past_its_session_and_thawed,
        a_worker_joins_and_another_leaves,
    ],
)
def test_whatever_happens_to_our_processes(run: Running, fault: Fault) -> None:
    play(run, shuffled(golden(*SMALLER)), fault)


@pytest.mark.parametrize("fault", [kafka_is_killed, postgres_is_killed])
def test_whatever_happens_to_what_we_stand_on(run_mortal: Running, fault: Fault) -> None:
    play(run_mortal, shuffled(golden(*SMALLER)), fault)
