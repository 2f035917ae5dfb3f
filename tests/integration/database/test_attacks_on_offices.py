"""Law 9 against what lists silence, calls, questions and offices added: whatever function the API's role may call, with
whatever it is given, names nothing of another grid; and an account that is limited to domains touches no other."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, product
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.integration.database import moves
from tests.integration.database.world import GRID_A, GRID_B, World

STREET = GRID_A[:9]
SECRET = "theirs"
MOST_CALLS = 120
"""Of one function: its arguments' values are combined."""
CALLABLE = """
SELECT p.proname,
    ARRAY(SELECT format_type(one, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY AS a(one, n) ORDER BY n)
FROM pg_proc p WHERE p.pronamespace = 'city'::regnamespace AND has_function_privilege('citygrid_api', p.oid, 'EXECUTE')
    AND p.prorettype <> 'trigger'::regtype
"""
CHANGES_THE_SESSION = {"enter", "logout"}
OF_ALL_DEPARTMENTS = {"questions_of", "records_of"}
"""Which operations read of any department (docs/decisions/0034-door-reports.md): register numbers, no person."""


class OtherGrid:
    """One grid with all that a migration ever gave the API something to read of, each marked by `SECRET`."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.place("mine", GRID_A)
        world.place(f"door-{SECRET}", GRID_B)
        world.row("resident", f"resident-{SECRET}", f"door-{SECRET}")
        world.row("dwelling", f"door-{SECRET}", f"door-{SECRET}")
        because = [
            {"department": "housing", "kind": "Let", "record": f"ZL-{SECRET}", "event_id": f"e-{SECRET}",
             "occurred_at": "2026-03-01T00:00:00+00:00"}
        ]  # fmt: skip
        self.finding = world.alert(
            f"door-{SECRET}", because=json.dumps(because), why_zh=SECRET, why_en=SECRET, cause=SECRET
        )
        self.call = world.alert(f"door-{SECRET}", rule="button-sos", domain="sos", severity="urgent", why_zh=SECRET)
        worker = world.account("grid_worker", GRID_B, name=f"worker-{SECRET}")
        centre = world.account("command_centre", GRID_B[:9], name="centre-of-street")
        self.task = uuid.UUID(str(world.tasks(self.finding)[0]["id"]))
        with world.as_account(worker) as connection:
            moves.act(connection, self.task, "acknowledge")
            seen = {"outcome": "done", "note": SECRET, "checks": {"tenants_live_here": "no"}}
            connection.execute("SELECT * FROM city.visit(%s, %s)", (self.task, Jsonb(seen)))
        with world.as_account(centre) as connection:
            connection.execute(
                "SELECT city.make_silence('newly-let', %s, %s, now() + interval '1 day')", (GRID_B, SECRET)
            )
        with psycopg.connect(world.database.admin) as admin:
            admin.execute("INSERT INTO city.grid_area (grid, name_zh, name_en) VALUES (%s, 'x', 'x')", (GRID_B,))
            ((self.question,),) = admin.execute("SELECT id FROM city.question").fetchall()
            ((self.silence,),) = admin.execute("SELECT id FROM city.silence").fetchall()
            ((self.account,),) = admin.execute(
                "SELECT id FROM city.account WHERE name = %s", (f"worker-{SECRET}",)
            ).fetchall()

    def values(self) -> dict[str, list[Any]]:
        """By type, what an attacker would try; none of the texts holds the secret."""
        now = datetime.now(UTC)
        ids = [self.finding, self.task, self.call, self.question, self.silence, self.account]
        wanted = [{}, {"area": GRID_B}, {"area": "", "state": "any"}, {"state": "silenced"}, {"state": "resolved"}]
        return {
            "uuid": [*ids, None],
            "uuid[]": [ids],
            "text": ["", "housing", "resident", "any", GRID_B, None, "%", "Asia/Shanghai"],
            "text[]": [[str(one) for one in ids], [GRID_B, ""], None],
            "jsonb": [Jsonb(one) for one in wanted],
            "integer": [10_000, -1, None],
            "bigint": [10_000, 0],
            "boolean": [True, False],
            "double precision": [113.0, None],
            "double precision[]": [[100.0, 20.0, 120.0, 40.0], None],
            "timestamp with time zone": [now - timedelta(days=1000), now + timedelta(days=1000), None],
            "date": [now.date(), None],
            "date[]": [[now.date()]],
            "boolean[]": [[True]],
            "time without time zone[]": [None],
            "integer[]": [[1, 2], None],
            "bigint[]": [[1, 2], None],
            "interval": [timedelta(hours=1)],
            "bytea": [b"x"],
        }


@pytest.fixture
def other(world: World) -> OtherGrid:
    return OtherGrid(world)


def callable_by_api(world: World) -> dict[str, list[str]]:
    """Each function that the API's role may call, with the types of what it takes."""
    with psycopg.connect(world.database.admin) as admin:
        found = admin.execute(CALLABLE).fetchall()
    return dict(found)


def calls(types: list[str], values: dict[str, list[Any]]) -> Iterator[tuple[Any, ...]]:
    """Combinations of what is tried, spread over all of them where there are too many."""
    every = list(islice(product(*(values[one] for one in types)), 100_000))
    return islice(iter(every[:: max(1, len(every) // MOST_CALLS)]), MOST_CALLS)


@pytest.mark.parametrize(
    ("role", "scope", "domains"),
    [("grid_worker", GRID_A, None), ("command_centre", GRID_A, None), ("grid_worker", GRID_A, ["sos"]),
     ("department", "", None), ("ops", "", None)],
)  # fmt: skip
def test_no_function_names_another_grid_whatever_it_is_given(
    other: OtherGrid, role: str, scope: str, domains: list[str] | None
) -> None:
    functions = callable_by_api(other.world)
    assert len(functions) > 60, "or nothing was attacked"
    values, told, answered = other.values(), set(), set()
    department = "police" if role == "department" else None
    token = other.world.account(role, scope, domains, department=department)
    with other.world.as_account(token) as connection:
        for name, types in sorted(functions.items()):
            if name in CHANGES_THE_SESSION or (role == "ops" and name in OF_ALL_DEPARTMENTS):
                continue
            statement = f"SELECT * FROM city.{name}({', '.join(f'%s::{one}' for one in types)})"
            for given in calls(types, values):
                try:
                    with connection.transaction(force_rollback=True):
                        answer = str(connection.execute(statement, given).fetchall())
                        answered.add(name)
                except psycopg.Error as error:
                    if isinstance(error, psycopg.errors.UndefinedFunction):
                        raise  # it was not called at all
                    answer = f"{error} {error.diag.message_detail} {error.diag.context}"
                if SECRET in answer:
                    told.add((name, answer[:200]))
    assert not told
    assert len(answered) > 20, "or everything was refused for another reason"


def test_the_secrets_are_there_for_whoever_may_see_them(other: OtherGrid) -> None:
    """Or the test above would pass in an empty city."""
    with other.world.as_account(other.world.account("command_centre", "440113")) as connection:
        for statement in (
            'SELECT * FROM city.list_alerts(\'{"state": "any"}\', 50)',
            "SELECT * FROM city.list_silences(false)",
            "SELECT * FROM city.my_calls()",
            "SELECT * FROM city.handover(now() - interval '1 day', now() + interval '1 day', 'infinity', 200)",
        ):
            assert SECRET in str(connection.execute(statement.encode()).fetchall()), statement


def test_who_is_limited_to_domains_silences_and_ends_no_other(world: World) -> None:
    """A doctor who sees health alone cannot keep anybody from a newly let flat, nor read why somebody did."""
    world.place("mine", GRID_A)
    world.alert("mine")
    world.alert("mine", rule="severe-mental-alone", domain="health")
    doctor, centre = world.account("command_centre", STREET, ["health"]), world.account("command_centre", STREET)
    make = "SELECT city.make_silence(%s, %s, 'because', now() + interval '1 day')"
    with world.as_account(doctor) as connection, pytest.raises(psycopg.Error) as refused:
        connection.execute(make, ("newly-let", STREET))
    assert refused.value.sqlstate == "CG403"
    with world.as_account(centre) as connection:
        ((theirs,),) = connection.execute(make, ("newly-let", STREET)).fetchall()
    with world.as_account(doctor) as connection:
        assert connection.execute("SELECT * FROM city.list_silences(false)").fetchall() == []
        with pytest.raises(psycopg.Error) as refused, connection.transaction():
            connection.execute("SELECT city.end_silence(%s)", (theirs,))
        assert refused.value.sqlstate == "CG404"
        ((own,),) = connection.execute(make, ("severe-mental-alone", STREET)).fetchall()
        connection.execute("SELECT city.end_silence(%s)", (own,))


def test_nobody_makes_or_ends_an_account_without_a_record(world: World) -> None:
    """Whatever an administrator's session may call says in the audit what it did."""
    with world.as_account(world.account("admin", "")) as connection:
        for statement in (
            "SELECT city.create_account('mole', 'kdf', 'x', 'command_centre', '', NULL, 'zh')",
            "SELECT city.disable_account(gen_random_uuid())",
        ):
            with pytest.raises(psycopg.errors.UndefinedFunction), connection.transaction():
                connection.execute(statement.encode())
