"""Law 4: once into PostgreSQL, whatever is killed, late or away."""

from __future__ import annotations

import threading
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from database.listing import NoSuchView
from runtime.settings import Settings
from sinks import generation, offsets
from sinks.generation import rebuild
from sinks.runner import Runner, TopicWentBack
from sinks.sink import Read
from sinks.worker import sinks
from tests.integration.sinks.wire import NOON, Wire, process, running, until

GRID = "440113001001001"


@pytest.fixture
def wire(settings: Settings) -> Wire:
    return Wire(settings)


def ask(settings: Settings, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(settings.dsn("admin"), autocommit=True) as admin:
        return admin.execute(statement).fetchall()


def test_rows_alerts_and_tasks_arrive(settings: Settings, wire: Wire) -> None:
    finding = uuid.uuid4()
    wire.row("dwelling", "d1", grid=GRID, district="440113", address="Right Street 12")
    unjudged = {"judged_by": "not judged"}
    wire.row("resident", "r1", dwelling="d1", name="Zhou", born=20_000, bookkeeping=unjudged)
    wire.row("resident", "r2", dwelling="d1", name="Wu")
    wire.deleted("rows.resident", "r2")
    wire.alert(finding, dwelling="d1")
    wire.send()
    with running(settings, "row-tables"), running(settings, "grid-tasks"):
        until(lambda: ask(settings, "SELECT 1 FROM city.task"))
        until(lambda: ask(settings, "SELECT 1 FROM city.resident_g1 WHERE id = 'r2' AND deleted AND row IS NULL"))
        until(lambda: ask(settings, f"SELECT 1 FROM city.task WHERE queue = '{GRID}'"))
    ((row,),) = ask(settings, "SELECT row FROM city.resident")
    assert (row["name"], row["born"]) == ("Zhou", "2024-10-04")
    assert ("bookkeeping" in row, row["not_judged"]) == (False, True)
    assert ask(settings, "SELECT grid, address FROM city.placement WHERE dwelling = 'd1'") == [
        (GRID, "Right Street 12")
    ]


def test_killed_again_and_again_everything_is_there_once(settings: Settings, wire: Wire, tmp_path: Path) -> None:
    findings = [uuid.uuid4() for _ in range(60)]
    for number, finding in enumerate(findings):
        wire.row("dwelling", f"d{number}", grid=GRID, district="440113")
        wire.alert(finding, dwelling=f"d{number}")
    for turn in range(6):
        for number in range(400):
            wire.row("resident", f"r{number}", dwelling=f"d{number % 60}", name=f"turn {turn}")
    for finding in findings[:20]:
        wire.alert(finding, "resolved", resolution_en="visited")
    for finding in findings[:10]:
        wire.alert(finding, "opened")
    wire.send()
    (records,) = ask(settings, "SELECT 6 * 400")[0]
    versions: dict[str, int] = {}
    for turn in range(4):
        both = [process(settings, tmp_path, "sinks.worker", name) for name in ("row-tables", "grid-tasks")]
        try:
            before = total(settings)
            until(partial(moved_on, settings, before, records), 60)
        finally:
            for shown in both:
                shown.kill()
                shown.wait(10)
        now = dict(ask(settings, "SELECT id, version FROM city.resident_g1"))
        assert all(now[key] >= version for key, version in versions.items()), f"a version went back in turn {turn}"
        versions = now
    with running(settings, "row-tables"), running(settings, "grid-tasks"):
        until(lambda: caught_up(settings, records), 120)
        until(lambda: ask(settings, "SELECT 1 FROM city.task WHERE previous IS NOT NULL HAVING count(*) = 10"))
    assert ask(settings, "SELECT count(*), count(DISTINCT row ->> 'name'), min(row ->> 'name') FROM city.resident") == [
        (400, 1, "turn 5")
    ]
    assert dict(ask(settings, "SELECT state, count(*) FROM city.task GROUP BY 1")) == {"dispatched": 50, "closed": 20}
    moves = ask(settings, "SELECT move, count(*) FROM city.task_event GROUP BY 1 ORDER BY 1")
    assert [move for move in moves if move[0] != "reroute"] == [("close", 20), ("dispatch", 70)]


def moved_on(settings: Settings, before: int, residents: int) -> bool:
    return total(settings) > before or caught_up(settings, residents)


def total(settings: Settings) -> int:
    return int(ask(settings, "SELECT coalesce(sum(next_offset), 0) FROM city.sink_offset")[0][0])


def caught_up(settings: Settings, residents: int) -> bool:
    there = ask(settings, "SELECT coalesce(sum(next_offset), 0) FROM city.sink_offset WHERE topic = 'rows.resident'")
    return there == [(residents,)]


def test_a_late_twin_is_refused_and_writes_nothing(settings: Settings, wire: Wire) -> None:
    sink = sinks()["row-tables"]
    late = Runner(sink, settings, threading.Event())
    with psycopg.connect(settings.dsn("sinks"), autocommit=True) as connection:
        where = (f"{settings.topic_prefix}rows.resident", 0)
        start = offsets.load(connection, sink.name, [("rows.resident", 0)])[("rows.resident", 0)]
        with connection.transaction():
            assert offsets.advance(connection, sink.name, {("rows.resident", 0): start}, {("rows.resident", 0): 5})
        read = Read("rows.resident", 2, "r1", None, at=1)
        with pytest.raises(offsets.Fenced):
            late._write(connection, [read], {where: start}, {where: start + 3})
        assert ask(settings, "SELECT count(*) FROM city.resident_g1") == [(0,)]
        # Its own batch, whose commit was not answered, is not a twin's.
        assert late._write(connection, [read], {where: start}, {where: 5}) == 0


def test_a_topic_made_anew_is_told_instead_of_left_out_in_silence(settings: Settings, wire: Wire) -> None:
    with psycopg.connect(settings.dsn("sinks")) as connection:
        connection.execute("INSERT INTO city.sink_offset VALUES ('row-tables', 'rows.resident', 0, 1000)")
    with pytest.raises(TopicWentBack, match="ends at 0"), running(settings, "row-tables"):
        until(lambda: not any(thread.name == "sink" for thread in threading.enumerate()), 30)


def test_poison_goes_to_the_dead_letters_and_the_rest_goes_on(settings: Settings, wire: Wire) -> None:
    from producers.mending.letters import DeadLetters

    wire.junk("alerts", b"x", b"garbage")
    wire.junk("alerts", b"x", b"\x00\x7f\xff\xff\xff...")
    wire.junk("rows.dwelling", b"\xff\xfe", b"\x00")
    finding = uuid.uuid4()
    wire.alert(finding, dwelling="d\x00")
    wire.alert(finding, dwelling="d1")
    wire.send()
    with running(settings, "grid-tasks"):
        until(lambda: ask(settings, "SELECT 1 FROM city.task WHERE dwelling = 'd1'"))
        until(lambda: len(DeadLetters(settings).letters(["dead-letters"])) == 4)
    reasons = [letter.reason for letter in DeadLetters(settings).letters(["dead-letters"]).values()]
    assert all(reason.startswith("grid-tasks: ") for reason in reasons)


def test_a_sink_older_than_the_stage_keeps_the_domain_that_the_alert_has(settings: Settings, wire: Wire) -> None:
    finding = uuid.uuid4()
    wire.alert(finding, dwelling="d1", rule="made-after-this-sink", domain="benefits")
    wire.send()
    with running(settings, "grid-tasks"):
        until(lambda: ask(settings, "SELECT 1 FROM city.task"))
        assert ask(settings, "SELECT domain FROM city.alert") == [("benefits",)]
        wire.alert(finding, "resolved", dwelling="d1", rule="made-after-this-sink", domain="benefits")
        wire.send()
        until(lambda: ask(settings, "SELECT 1 FROM city.alert WHERE state = 'resolved'"))
    assert ask(settings, "SELECT a.domain, t.domain FROM city.alert a JOIN city.task t USING (finding_id)") == [
        ("benefits", "benefits")
    ]


def test_postgresql_is_waited_for(settings: Settings, wire: Wire) -> None:
    """Every connection is ended in the middle; nothing is lost and the process stays."""
    with running(settings, "row-tables") as runner:
        for turn in range(5):
            wire.row("resident", "r1", name=f"turn {turn}")
            wire.send()
            ask(
                settings,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = 'citygrid_sinks' AND datname = current_database()",
            )
            named = f"SELECT 1 FROM city.resident WHERE row ->> 'name' = 'turn {turn}'"
            until(partial(ask, settings, named))
        assert runner.ready() is None
        assert runner.live() is None


def test_a_new_generation_is_built_beside_and_switched_at_once(
    settings: Settings, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_meanwhile: list[list[tuple[Any, ...]]] = []
    fill = generation._fill

    def filled(*arguments: Any) -> None:
        read_meanwhile.append(ask(settings, "SELECT row ->> 'name' FROM city.resident"))
        fill(*arguments)
        read_meanwhile.append(ask(settings, "SELECT row ->> 'name' FROM city.resident"))

    monkeypatch.setattr(generation, "_fill", filled)
    wire.row("resident", "r1", name="old")
    wire.send()
    with running(settings, "row-tables"):
        until(lambda: ask(settings, "SELECT 1 FROM city.resident"))
    wire.row("resident", "r1", name="new")
    wire.send()
    number = rebuild(settings, "resident", threading.Event())
    assert number == 2
    assert read_meanwhile == [[("old",)], [("old",)]], "until the new one is whole, the old one is what is read"
    assert ask(settings, "SELECT row ->> 'name' FROM city.resident") == [("new",)]
    assert ask(settings, "SELECT row ->> 'name' FROM city.resident_g1") == [("old",)]
    wire.row("resident", "r1", name="newer")
    wire.send()
    with running(settings, "row-tables"):
        until(lambda: ask(settings, "SELECT 1 FROM city.resident WHERE row ->> 'name' = 'newer'"))
    assert rebuild(settings, "resident", threading.Event()) == 3
    assert ask(settings, "SELECT to_regclass('city.resident_g1'), to_regclass('city.resident_g2') IS NULL") == [
        (None, False)
    ]
    with pytest.raises(NoSuchView, match="household"):
        rebuild(settings, "residents", threading.Event())


def test_what_a_department_stated_since_closes_a_task_and_is_named(settings: Settings, wire: Wire) -> None:
    """The task's reason and its history name the department, what it stated and the day; no record's number."""
    finding = uuid.uuid4()
    ended = {
        "department": "housing",
        "kind": "TenancyEnded",
        "record": "ZL-2026-1",
        "event_id": str(uuid.uuid4()),
        "occurred_at": NOON,
    }
    texts = {"resolution_zh": "已上门，或租约已结束", "resolution_en": "visited, or the tenancy ended"}
    wire.row("dwelling", "d1", grid=GRID, district="440113")
    wire.alert(finding, dwelling="d1")
    wire.alert(finding, "resolved", dwelling="d1", **texts, resolved_by=[ended])
    wire.send()
    with running(settings, "grid-tasks"):
        until(lambda: ask(settings, "SELECT 1 FROM city.task WHERE state = 'closed'"))
    ((zh, en, reason),) = ask(
        settings,
        "SELECT closed_zh, closed_en, reason FROM city.task JOIN city.task_event ON task = id AND move = 'close'",
    )
    assert zh == reason == "已上门，或租约已结束（依据：住房和城乡建设局「终止租赁」2026-03-02）"
    assert en.startswith("visited, or the tenancy ended (")
    assert en.endswith(", 2026-03-02)")
    assert "ZL-2026-1" not in zh + en
