"""A warning over an area is one line; a building's alert stands for its flats' (docs/decisions/0041-noise.md)."""

from __future__ import annotations

import json
import random
import threading
import uuid
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.integration.database.world import GRID_A, GRID_B, NOON, OTHER_DISTRICT, World

BUILDING, FLAT, OTHER_FLAT, NEXT_BUILDING = "B-1", "B-1-101", "B-1-102", "B-10-101"


def warned(*records: str, department: str = "weather") -> str:
    facts = [
        {
            "department": department,
            "kind": "WarningIssued",
            "record": record,
            "event_id": record,
            "occurred_at": "2026-11-01T08:00:00Z",
        }
        for record in records
    ]
    return json.dumps([*facts, {"department": "housing", "kind": "Graded", "record": "G-1", "event_id": "g"}])


def warning(world: World, dwelling: str, *records: str, **other: Any) -> uuid.UUID:
    """The finding about one door of a warning."""
    because = warned(*(records or ("W-1",)))
    return world.alert(dwelling, because=because, rule="warned-door", domain="weather", severity="urgent", **other)


def listed(world: World, token: str, most: int = 51, **wanted: str) -> list[dict[str, Any]]:
    """All rows of a list with lines, page by page."""
    rows: list[dict[str, Any]] = []
    after: tuple[Any, ...] = (None, None, None)
    while True:
        with world.as_account(token) as caller:
            cursor = caller.cursor(row_factory=psycopg.rows.dict_row)
            page = cursor.execute(
                "SELECT * FROM city.list_lines(%s, %s, %s, %s, %s)", (Jsonb(wanted), most, *after)
            ).fetchall()
        rows += page
        if len(page) < most:
            return rows
        last = page[-1]
        after = (last["rank"], last["due"] or "infinity", last["finding_id"])


def answer(world: World, token: str, statement: str, *values: Any) -> Any:
    with world.as_account(token) as caller:
        return caller.execute(statement.encode(), values).fetchall()


def standing(world: World, finding: uuid.UUID) -> tuple[uuid.UUID | None, list[str]]:
    """By what an alert is inhibited, and the states of its tasks."""
    with world.looking() as admin:
        row = admin.execute("SELECT inhibited_by FROM city.alert WHERE finding_id = %s", (finding,)).fetchone()
    assert row is not None
    return row["inhibited_by"], [task["state"] for task in world.tasks(finding)]


@pytest.fixture
def street(world: World) -> World:
    for dwelling in (BUILDING, FLAT, OTHER_FLAT, "B-1-103", NEXT_BUILDING):
        world.place(dwelling, GRID_A)
    return world


def test_a_warning_is_one_line_with_its_doors(world: World) -> None:
    doors = []
    for number in range(29):
        world.place(f"D{number}", GRID_A if number % 2 else GRID_B)
        doors.append(warning(world, f"D{number}"))
    alone = world.alert("D3")
    token = world.account("command_centre", "440113")
    rows = listed(world, token)
    assert len(rows) == 2
    assert {row["finding_id"] for row in rows} <= {alone, *doors}
    (line,) = {row["line"] for row in rows} - {None}
    assert line.startswith("440113.")
    assert "W-1" not in line
    assert answer(world, token, "SELECT city.count_lines('{}'), city.count_alerts('{}')") == [(2, 30)]
    assert answer(world, token, "SELECT * FROM city.lines_of('{}', %s)", [line]) == [(line, 29, 0, 29)]
    assert len(listed(world, token, line=line)) == 29
    # a grid's list has its own doors only; the head's number is that of its list
    assert answer(world, token, "SELECT open FROM city.summary('', 'Asia/Shanghai')") == [(30,)]
    assert answer(world, token, "SELECT alerts FROM city.lines_of(%s, %s)", Jsonb({"area": GRID_A}), [line]) == [(14,)]


def test_another_warning_and_another_district_are_other_lines(world: World) -> None:
    for dwelling, grid, *records in (("A", GRID_A, "W-1"), ("B", GRID_A, "W-2"), ("C", OTHER_DISTRICT, "W-1")):
        world.place(dwelling, grid)
        warning(world, dwelling, *records)
    assert len(listed(world, world.account("command_centre", ""))) == 3
    assert len(listed(world, world.account("command_centre", "440113"))) == 2


def test_a_line_ends_with_its_doors(street: World) -> None:
    token = street.account("command_centre", "440113")
    finding = warning(street, NEXT_BUILDING)
    street.alert(NEXT_BUILDING, finding=finding, state="resolved", rule="warned-door", because="[]")
    assert listed(street, token) == []
    with street.looking() as admin:
        kept = admin.execute("SELECT line FROM city.alert WHERE finding_id = %s", (finding,)).fetchone()
    assert kept is not None
    assert kept["line"], "what it was part of stays known"


@pytest.mark.parametrize("seed", range(4))
def test_lines_are_what_the_flat_list_says_whatever_is_asked(world: World, seed: int) -> None:
    """Each alert of the flat list is in exactly one row; a line stands where its first alert stands; pages of any size
    are one list."""
    draw = random.Random(seed)
    grids = (GRID_A, GRID_B, OTHER_DISTRICT)
    for number in range(40):
        world.place(f"D{number}", draw.choice(grids))
        options: dict[str, Any] = {
            "severity": draw.choice(("urgent", "today")),
            "opened_at": NOON + timedelta(minutes=draw.randrange(5)),
            "respond_within": draw.choice((60, None)),
            "domain": draw.choice(("sos", "weather", "weather")),
        }
        if draw.random() < 0.6:
            rule, because = "warned-door", warned(draw.choice(("W-1", "W-2")))
        else:
            rule, because = "newly-let", "[]"
        world.alert(f"D{number}", rule=rule, because=because, **options)
    for scope in ("", "440113", GRID_A):
        token = world.account("command_centre", scope)
        for wanted in ({}, {"severity": "urgent"}, {"rule": "warned-door"}, {"area": GRID_B}, {"task": "open"}):
            flat = answer(
                world, token, "SELECT finding_id, line FROM city.list_alerts(%s, 201)", Jsonb(wanted)
            )  # in order
            first: dict[str, uuid.UUID] = {}
            for finding, line in flat:
                first.setdefault(line or str(finding), finding)
            rows = [row["finding_id"] for row in listed(world, token, draw.randrange(2, 9), **wanted)]
            assert rows == list(first.values()), (scope, wanted)
            assert answer(world, token, "SELECT city.count_lines(%s)", Jsonb(wanted)) == [(len(rows),)]
            lines = [line for _, line in flat if line]
            counted = answer(
                world, token, "SELECT line, alerts FROM city.lines_of(%s, %s)", Jsonb(wanted), sorted(set(lines))
            )
            assert dict(counted) == {line: lines.count(line) for line in lines}


def test_a_buildings_alert_inhibits_its_flats_until_it_closes(street: World) -> None:
    token = street.account("command_centre", "440113")
    flats = [warning(street, FLAT), warning(street, OTHER_FLAT)]
    elsewhere, other_rule = warning(street, NEXT_BUILDING), street.alert(FLAT)
    building = warning(street, BUILDING)
    late = warning(street, "B-1-103")
    assert [standing(street, flat) for flat in flats] == [(building, ["closed"])] * 2
    assert standing(street, late) == (building, []), "nobody was sent"
    assert standing(street, elsewhere) == (None, ["dispatched"]), "B-10 is no flat of B-1"
    assert standing(street, other_rule) == (None, ["dispatched"]), "another rule's pair is not in the table"
    (first, *_) = answer(street, token, "SELECT inhibits, inhibited_by FROM city.read_alerts(%s)", [building])
    assert first == (3, None)
    (inhibited,) = answer(street, token, "SELECT inhibited_by, inhibited_by_rule FROM city.read_alerts(%s)", [late])
    assert inhibited == (building, "warned-door")
    counts = "SELECT city.count_alerts('{}'), city.count_alerts(%s)"
    assert answer(street, token, counts, Jsonb({"state": "inhibited"})) == [(3, 3)]
    # what closes it shows what is still open, with its whole time; what was resolved meanwhile stays so
    street.alert(FLAT, finding=flats[0], state="resolved", rule="warned-door")
    street.alert(BUILDING, finding=building, state="resolved", rule="warned-door")
    assert standing(street, flats[0]) == (None, ["closed"])
    assert standing(street, flats[1]) == (None, ["closed", "dispatched"])
    assert standing(street, late) == (None, ["dispatched"])
    before, again = street.tasks(flats[1])
    assert again["previous"] == before["id"]
    assert "楼栋" in before["closed_zh"]
    assert again["respond_by"] > before["respond_by"]


def test_what_somebody_is_at_stays_in_sight(street: World) -> None:
    worker = street.account("grid_worker", GRID_A)
    flat = warning(street, FLAT)
    task = street.tasks(flat)[0]["id"]
    answer(street, worker, "SELECT city.act(%s, 'acknowledge')", task)
    warning(street, BUILDING)
    assert standing(street, flat) == (None, ["acknowledged"])


def test_what_was_done_is_not_asked_again(street: World) -> None:
    worker = street.account("grid_worker", GRID_A)
    flat = warning(street, FLAT)
    task = street.tasks(flat)[0]["id"]
    answer(street, worker, "SELECT city.act(%s, 'acknowledge')", task)
    answer(street, worker, "SELECT city.visit(%s, %s)", task, Jsonb({"outcome": "done"}))
    building = warning(street, BUILDING)
    assert standing(street, flat) == (building, ["completed"])
    street.alert(BUILDING, finding=building, state="resolved", rule="warned-door")
    assert standing(street, flat) == (None, ["completed"])


def test_a_call_for_help_is_never_inhibited(street: World) -> None:
    warning(street, BUILDING)
    call = street.alert(FLAT, rule="warned-door", domain="sos", because="[]")
    assert standing(street, call) == (None, ["dispatched"])


def test_two_sinks_at_once_see_each_other(street: World) -> None:
    """Building and flat in two transactions: the second waits for the first, in either order."""
    for first, second in ((BUILDING, FLAT), ("B-2", "B-2-101"), ("B-3-101", "B-3")):
        made: dict[str, uuid.UUID] = {}
        begun = threading.Thread(target=lambda at=second, into=made: into.update({at: warning(street, at)}))

        def other(thread: threading.Thread = begun) -> None:
            thread.start()
            thread.join(0.3)
            assert thread.is_alive(), "it waits"

        made[first] = warning(street, first, meanwhile=other)
        begun.join()
        building, flat = sorted(made, key=len)
        assert standing(street, made[flat])[0] == made[building]


def test_an_alert_that_is_forgotten_inhibits_nothing(street: World) -> None:
    from database import queries

    building = warning(street, BUILDING)
    flat = warning(street, FLAT)
    with street.sinks() as connection:
        queries.forget_alerts(connection, [(building, 1_000)])
    assert standing(street, flat) == (None, ["dispatched"])
