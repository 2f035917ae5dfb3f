"""Law 9: somebody who has nothing but SQL under the API's role learns nothing about people out of scope."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.integration.database import moves
from tests.integration.database.world import GRID_A, GRID_B, OTHER_DISTRICT, OTHER_STREET, World

PEOPLE = ("resident", "household", "dwelling", "placement", "alert", "task", "task_event", "feed")


@pytest.fixture
def street(world: World) -> World:
    """Two grids of one street, another street, another district; in each a dwelling, its people, an alert, a task."""
    for dwelling, grid in (("a", GRID_A), ("b", GRID_B), ("s", OTHER_STREET), ("d", OTHER_DISTRICT)):
        world.place(dwelling, grid)
        world.row("dwelling", dwelling, dwelling)
        world.row("resident", f"resident-{dwelling}", dwelling)
        world.row("household", f"household-{dwelling}", dwelling)
        world.alert(dwelling)
    world.row("resident", "resident-nowhere", "")
    world.alert("")
    return world


def seen(world: World, token: str, table: str = "resident", column: str = "id") -> list[str]:
    with world.as_account(token) as connection:
        return [row[0] for row in connection.execute(f"SELECT {column} FROM city.{table} ORDER BY 1").fetchall()]


def refused(connection: psycopg.Connection[Any], statement: str, *values: Any) -> type[psycopg.Error]:
    """The kind of error with which PostgreSQL refuses a statement."""
    with pytest.raises(psycopg.Error) as error, connection.transaction():
        connection.execute(statement, values)
    return type(error.value)


@pytest.mark.parametrize(
    ("scope", "wanted"),
    [
        (GRID_A, "a"),
        ("440113001", "ab"),
        ("440113", "abs"),
        ("440106", "d"),
        ("", "absd"),
    ],
)
def test_an_account_sees_its_scope_in_every_table(street: World, scope: str, wanted: str) -> None:
    token = street.account("command_centre", scope)
    nowhere = [""] if scope == "" else []
    assert seen(street, token, "placement", "dwelling") == sorted([*wanted, *nowhere])
    assert seen(street, token) == sorted(
        [f"resident-{place}" for place in wanted] + ["resident-nowhere"] * len(nowhere)
    )
    assert seen(street, token, "household") == [f"household-{place}" for place in sorted(wanted)]
    for table in ("alert", "task"):
        assert seen(street, token, table, "dwelling") == sorted([*wanted, *nowhere])
    assert len(seen(street, token, "task_event", "task")) == len(wanted) + len(nowhere)


@pytest.mark.parametrize("role", ["department", "ops", "admin"])
@pytest.mark.parametrize("table", PEOPLE)
def test_other_roles_see_no_person(street: World, role: str, table: str) -> None:
    with street.as_account(street.account(role, "")) as connection:
        assert connection.execute(f"SELECT count(*) FROM city.{table}").fetchone() == (0,)


def test_domains_limit_alerts_and_tasks(street: World) -> None:
    street.alert("a", rule="car-and-benefit", domain="benefits")
    with street.as_account(street.account("command_centre", "", ["benefits"])) as connection:
        assert connection.execute("SELECT rule FROM city.alert").fetchall() == [("car-and-benefit",)]
        assert connection.execute("SELECT rule FROM city.task").fetchall() == [("car-and-benefit",)]
        assert connection.execute("SELECT DISTINCT domain FROM city.feed WHERE domain IS NOT NULL").fetchall() == [
            ("benefits",)
        ]


def test_without_a_session_there_is_nothing(street: World) -> None:
    with psycopg.connect(street.database.api) as connection:
        for table in PEOPLE:
            assert connection.execute(f"SELECT count(*) FROM city.{table}").fetchone() == (0,)


def test_a_guessed_account_is_worth_nothing(street: World) -> None:
    token = street.account("command_centre", "", name="chief")
    with psycopg.connect(street.database.admin) as admin:
        account, digest = admin.execute(
            "SELECT a.id, encode(s.token_sha256, 'hex') FROM city.account a JOIN city.session s ON s.account = a.id"
        ).fetchall()[0]
    for guess in (str(account), "chief", digest, "\\x" + digest, "", " "):
        with psycopg.connect(street.database.api) as connection:
            connection.execute("SELECT set_config('citygrid.session', %s, true)", (guess,))
            connection.execute("SELECT set_config('citygrid.account', %s, true)", (str(account),))
            assert connection.execute("SELECT count(*) FROM city.resident").fetchone() == (0,)
    assert seen(street, token)


def test_the_session_ends_with_its_transaction_its_time_and_its_account(street: World) -> None:
    token = street.account("command_centre", "")
    with psycopg.connect(street.database.api) as connection:
        with connection.transaction():
            connection.execute("SELECT city.enter(%s)", (token,))
            assert connection.execute("SELECT count(*) > 0 FROM city.resident").fetchone() == (True,)
        assert connection.execute("SELECT count(*) FROM city.resident").fetchone() == (0,)
    with psycopg.connect(street.database.owner) as owner:
        owner.execute("UPDATE city.session SET expires_at = now()")
    assert seen(street, token) == []
    with psycopg.connect(street.database.owner) as owner:
        owner.execute("UPDATE city.session SET expires_at = now() + interval '1 hour'")
        owner.execute("UPDATE city.account SET disabled_at = now()")
    assert seen(street, token) == []


def test_a_session_cannot_be_made_or_read_without_the_password(street: World) -> None:
    street.account("command_centre", "", name="chief")
    with psycopg.connect(street.database.api) as connection:
        denied = psycopg.errors.InsufficientPrivilege
        for statement in (
            "SELECT * FROM city.session",
            "INSERT INTO city.session VALUES (sha256('x'), gen_random_uuid(), now(), now() + interval '1 day')",
            "SELECT password_verifier FROM city.account",
            "SELECT * FROM city.account",
            "UPDATE city.account SET scope = ''",
            "SELECT * FROM city.decoy",
            "SET ROLE citygrid_owner",
            "SET SESSION AUTHORIZATION citygrid_sinks",
            "ALTER TABLE city.resident_g1 DISABLE ROW LEVEL SECURITY",
            "SELECT city.begin_generation('resident')",
            "SELECT city.move_task(gen_random_uuid(), 'close', NULL)",
            "CREATE FUNCTION pg_temp.leak(text) RETURNS boolean LANGUAGE sql COST 0.0001 AS 'SELECT true'",
            "CREATE TABLE city.mine (x int)",
            "CREATE TABLE public.mine (x int)",
        ):
            assert refused(connection, statement) is denied, statement
        assert connection.execute(
            "SELECT city.login('chief', sha256('guess'), sha256('token'), '1 day')"
        ).fetchone() == (None,)
        # row_security = off asks for an error instead of a silently shorter answer; it never asks for more.
        connection.execute("SET LOCAL row_security = off")
        assert refused(connection, "SELECT * FROM city.resident_g1") is denied


def test_an_unknown_name_looks_like_a_known_one(street: World) -> None:
    street.account("command_centre", "", name="chief")
    with psycopg.connect(street.database.api) as connection:
        ask = "SELECT city.login_kdf(%s)"
        unknown = connection.execute(ask, ("nobody",)).fetchone()
        assert unknown == connection.execute(ask, ("nobody",)).fetchone()
        assert unknown
        assert unknown != connection.execute(ask, ("somebody",)).fetchone()
        assert unknown[0].startswith("$argon2id$")


def test_ten_wrong_passwords_close_the_account_for_a_while(street: World) -> None:
    street.account("command_centre", "", name="chief")
    with psycopg.connect(street.database.owner) as owner:
        owner.execute("UPDATE city.account SET password_verifier = sha256('right')")
    with psycopg.connect(street.database.api, autocommit=True) as connection:
        for _ in range(10):
            connection.execute("SELECT city.login('chief', 'wrong', sha256('t'), '1 day')")
        ask = "SELECT city.login('chief', 'right', sha256('t'), '1 day')"
        assert connection.execute(ask).fetchone() == (None,)
        with psycopg.connect(street.database.owner) as owner:
            owner.execute("UPDATE city.account SET failed_at = now() - interval '16 minutes'")
        assert connection.execute(ask).fetchone() != (None,)


def test_guessed_ids_counts_and_sorting_learn_nothing(street: World) -> None:
    with street.as_account(street.account("grid_worker", GRID_A)) as connection:
        ask: Callable[[str], Any] = lambda statement: connection.execute(statement).fetchone()  # noqa: E731
        assert ask("SELECT count(*), max(id), min(id) FROM city.resident") == (1, "resident-a", "resident-a")
        assert ask("SELECT row FROM city.resident WHERE id = 'resident-b'") is None
        assert ask("SELECT row FROM city.resident_g1 WHERE id = 'resident-b'") is None
        assert ask("SELECT count(*) FROM city.alert WHERE dwelling = 'b'") == (0,)
        assert ask("SELECT id FROM city.resident ORDER BY id DESC OFFSET 1") is None
        assert ask("SELECT count(*) FROM city.resident_g1 TABLESAMPLE system (100)") == (1,)
        # A condition that fails on somebody else's row would tell that it is there.
        assert ask(
            "SELECT count(*) FROM city.resident WHERE 1 / (CASE id WHEN 'resident-b' THEN 0 ELSE 1 END) = 1"
        ) == (1,)
        assert ask("SELECT count(*) FROM city.resident WHERE (row ->> 'id') = 'x' AND id ~ 'resident-(a|b)'") == (1,)


def test_errors_of_constraints_and_moves_do_not_tell_what_exists(street: World) -> None:
    with psycopg.connect(street.database.admin) as admin:
        (theirs,) = admin.execute("SELECT id FROM city.task WHERE dwelling = 'b'").fetchall()[0]
    with street.as_account(street.account("grid_worker", GRID_A)) as connection:
        for table in (
            "resident_g1",
            "placement",
            "alert",
            "task",
            "task_event",
            "feed",
            "outbox",
            "look",
            "sink_offset",
        ):
            for statement in ("INSERT INTO city.{} DEFAULT VALUES", "DELETE FROM city.{}", "TRUNCATE city.{}"):
                denied = refused(connection, statement.format(table))
                assert denied is psycopg.errors.InsufficientPrivilege, (statement, table)
        for _ in range(2):
            sentences = []
            for guess in (theirs, uuid.uuid4()):
                with pytest.raises(moves.NoSuchTask) as error, connection.transaction():
                    moves.act(connection, guess, "claim")
                sentences.append(str(error.value))
            assert len(set(sentences)) == 1


def test_sequences_statistics_and_explain_tell_nothing(street: World) -> None:
    for number in range(40):
        street.alert("b", cause=f"lease-{number}")
    with psycopg.connect(street.database.admin, autocommit=True) as admin:
        admin.execute("ANALYZE")
    with street.as_account(street.account("grid_worker", GRID_A)) as connection:
        for sequence in ("feed_id_seq", "outbox_id_seq"):
            for ask in (f"SELECT last_value FROM city.{sequence}", f"SELECT currval('city.{sequence}')"):
                assert refused(connection, ask) is psycopg.errors.InsufficientPrivilege
        assert connection.execute(
            "SELECT count(*) FROM pg_stats WHERE schemaname = 'city' AND tablename = ANY(%s)",
            (["resident_g1", "placement", "alert", "task", "task_event", "feed", "look"],),
        ).fetchone() == (0,)

        def plan(condition: str) -> list[Any]:
            return connection.execute(f"EXPLAIN {condition}").fetchall()

        for table, column in (("alert", "dwelling"), ("alert", "cause"), ("task", "queue"), ("placement", "place")):
            busy, empty = (GRID_B, "440199999999999") if column in ("queue", "place") else ("b", "nowhere-at-all")
            asked = f"SELECT * FROM city.{table} WHERE {column} = '{{}}'"
            plans = [
                str(plan(asked.format(value))).replace(f"'{value}'", "?").replace(f"''{value}''", "?")
                for value in (busy, empty)
            ]
            assert plans[0] == plans[1], (table, column)


def test_every_table_of_the_schema_is_guarded_or_has_no_person(street: World) -> None:
    """A table added later without row-level security fails here, and so does one that the API's role owns."""
    harmless = {"generation", "legal_move", "sink_offset", "grid_area", "freshness"}
    with psycopg.connect(street.database.admin) as admin:
        open_tables = admin.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'city'::regnamespace AND relkind IN ('r', 'p')"
            " AND NOT (relrowsecurity AND relforcerowsecurity)"
        ).fetchall()
        assert {name for (name,) in open_tables} <= harmless
        loose_views = admin.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'city'::regnamespace AND relkind = 'v'"
            " AND NOT coalesce(reloptions, '{}') @> ARRAY['security_invoker=true', 'security_barrier=true']"
        ).fetchall()
        assert loose_views == []
        owned = admin.execute("SELECT count(*) FROM pg_class WHERE relowner = 'citygrid_api'::regrole").fetchone()
        assert owned == (0,)
        everybodys = admin.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'city'::regnamespace"
            " AND (proacl IS NULL OR EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0))"
        ).fetchall()
        assert everybodys == []
        leakproof = admin.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'city'::regnamespace AND proleakproof"
        ).fetchall()
        assert leakproof == []
        can = admin.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = 'citygrid_api'").fetchone()
        assert can == (False, False)


def test_the_policies_find_their_rows_by_index(world: World) -> None:
    """The scope is asked once a statement, and a lookup by key touches one row."""
    with world.sinks() as connection:
        connection.execute(
            "INSERT INTO city.placement (dwelling, grid) SELECT 'd' || n, '440113001' || lpad((n / 50)::text, 6, '0')"
            " FROM generate_series(1, 20000) n"
        )
        connection.execute(
            "INSERT INTO city.resident_g1 (id, dwelling, version, row) SELECT 'r' || n, 'd' || n, n, '{}'"
            " FROM generate_series(1, 20000) n"
        )
    with psycopg.connect(world.database.admin, autocommit=True) as admin:
        admin.execute("ANALYZE")
    with world.as_account(world.account("grid_worker", "440113001000007")) as connection:
        one = str(connection.execute("EXPLAIN SELECT * FROM city.resident WHERE id = 'r400'").fetchall())
        area = str(connection.execute("EXPLAIN SELECT * FROM city.placement").fetchall())
    assert "Seq Scan" not in one + area
    assert "InitPlan" in one + area
