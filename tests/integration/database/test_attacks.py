"""Law 9: somebody who has nothing but SQL under the API's role, and a grid worker's session, learns nothing of another
grid: not from tables, plans, counters, locks, errors or the time that an answer takes. Each was an attack that worked
or one that might."""

from __future__ import annotations

import uuid
from typing import Any

import psycopg
import pytest

from tests.integration.database import moves
from tests.integration.database.world import GRID_A, GRID_B, World

DENIED = psycopg.errors.InsufficientPrivilege
READS = {
    "resident_g1": "SELECT count(*) FROM city.read_rows('resident', ARRAY[%s])",
    "alert": "SELECT count(*) FROM city.read_alerts(ARRAY[%s]::uuid[])",
    "task": "SELECT count(*) FROM city.read_tasks(ARRAY[%s]::uuid[])",
}
"""Table → how one row of it is asked for."""


@pytest.fixture
def city(world: World) -> World:
    """A home in each of two grids, with its people, an alert and a task; many more in the other one."""
    for dwelling, grid in (("mine", GRID_A), ("theirs", GRID_B)):
        world.place(dwelling, grid)
        world.row("resident", f"resident-{dwelling}", dwelling)
        world.row("dwelling", dwelling, dwelling)
        world.alert(dwelling)
    return world


def refused(connection: psycopg.Connection[Any], statement: str, *values: Any) -> str:
    """The SQL state with which PostgreSQL refuses a statement."""
    with pytest.raises(psycopg.Error) as error, connection.transaction():
        connection.execute(statement, values)
    return str(error.value.sqlstate)


def of_other_grid(world: World) -> dict[str, str]:
    """Ids of the other grid's alert and task."""
    with psycopg.connect(world.database.admin) as admin:
        ((finding, task),) = admin.execute("SELECT finding_id, id FROM city.task WHERE dwelling = 'theirs'").fetchall()
    return {"resident_g1": "resident-theirs", "alert": str(finding), "task": str(task)}


def test_no_table_view_or_sequence_can_be_read_written_or_explained(city: World) -> None:
    with psycopg.connect(city.database.admin) as admin:
        relations = admin.execute(
            "SELECT oid::regclass::text, relkind FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'S')"
            " AND relnamespace IN ('city'::regnamespace, 'audit'::regnamespace, 'public'::regnamespace)"
        ).fetchall()
    assert len(relations) > 25
    with city.as_account(city.account("grid_worker", GRID_A)) as connection:
        for relation, kind in relations:
            for statement in (
                f"SELECT * FROM {relation}",
                f"SELECT count(*) FROM {relation}",
                f"EXPLAIN (ANALYZE, BUFFERS) SELECT 1 FROM {relation} LIMIT 1",
                f"EXPLAIN SELECT 1 FROM {relation}",
                f"DELETE FROM {relation}",
                f"LOCK TABLE {relation}" if kind != "S" else f"SELECT nextval('{relation}')",
            ):
                state = refused(connection, statement)
                assert state in (DENIED.sqlstate, "42809"), (statement, state)  # 42809: a sequence is no table


def test_a_plan_of_a_function_says_nothing(city: World) -> None:
    """The first attack: what a plan counts told whether a policy was reached, hence whether a row is there."""
    theirs = of_other_grid(city)
    with city.as_account(city.account("grid_worker", GRID_A)) as connection:
        for table, ask in READS.items():
            for key in (theirs[table], theirs[table].replace("theirs", "nobody")):
                for explain in (
                    "EXPLAIN (ANALYZE, BUFFERS, VERBOSE)",
                    "explain analyze",
                    "/* x */ Explain (Analyze, WAL)",
                ):
                    assert refused(connection, f"{explain} {ask}", key) == "CG401", explain
        connection.execute("PREPARE question (text) AS SELECT * FROM city.read_rows('resident', ARRAY[$1])")
        assert refused(connection, "EXPLAIN ANALYZE EXECUTE question('resident-theirs')") == "CG401"


def test_a_row_of_another_grid_is_never_reached(city: World) -> None:
    """Nor does the time tell: a hidden row's page is not read, for its place is in the index. What PostgreSQL counts
    shows it exactly where a clock would show it by luck."""
    theirs = of_other_grid(city)
    token = city.account("grid_worker", GRID_A)
    with psycopg.connect(city.database.admin) as admin:
        for table, ask in READS.items():
            counted = []
            for key in (theirs[table], str(uuid.uuid4())):
                before = fetched(admin, table)
                admin.execute("SET LOCAL ROLE citygrid_api")
                admin.execute("SELECT city.enter(%s)", (token,))
                assert admin.execute(ask, (key,)).fetchone() == (0,)
                admin.execute("RESET ROLE")
                counted.append(fetched(admin, table) - before)
            assert counted[0] == counted[1], table


def fetched(admin: psycopg.Connection[Any], table: str) -> int:
    """Rows of a table that this transaction has reached, by index or by reading it whole."""
    statement = (
        "SELECT coalesce(sum(seq_tup_read), 0) + coalesce(sum(idx_tup_fetch), 0) FROM pg_stat_xact_all_tables"
        " WHERE relid = %s::regclass"
    )
    row = admin.execute(statement, (f"city.{table}",)).fetchone()
    return int(row[0]) if row else 0


FORBIDDEN = (
    # counters and sizes
    "SELECT * FROM pg_stat_user_tables", "SELECT * FROM pg_stat_xact_user_tables", "SELECT * FROM pg_stat_database",
    "SELECT * FROM pg_stat_io", "SELECT * FROM pg_statio_user_indexes", "SELECT * FROM pg_stats",
    "SELECT pg_stat_get_tuples_fetched('city.resident_g1'::regclass)",
    "SELECT pg_stat_get_xact_tuples_fetched('city.resident_g1'::regclass)", "SELECT pg_stat_get_db_blocks_hit(5)",
    "SELECT reltuples FROM pg_class", "SELECT relpages FROM pg_class", "SELECT * FROM pg_class",
    "SELECT pg_relation_size('city.resident_g1'::regclass)", "SELECT pg_total_relation_size('city.alert')",
    "SELECT pg_database_size(current_database())",
    # other sessions, their statements and locks
    "SELECT * FROM pg_stat_activity", "SELECT * FROM pg_locks", "SELECT pg_blocking_pids(1)",
    "SELECT pg_advisory_lock(1)", "SELECT pg_try_advisory_lock(hashtext('citygrid.devices'))",
    "SELECT pg_advisory_xact_lock(hashtext('city.generation'), 1)", "SELECT pg_try_advisory_xact_lock_shared(1)",
    # code and storage of one's own
    "CREATE FUNCTION pg_temp.leak(text) RETURNS boolean LANGUAGE sql COST 0.0001 AS 'SELECT true'",
    "DO $$ BEGIN PERFORM 1; END $$", "CREATE TABLE city.mine (x int)", "CREATE TABLE public.mine (x int)",
    "CREATE TEMP TABLE mine (x int)", "SELECT lo_create(0)", "SELECT lo_from_bytea(0, 'x')", "SELECT lo_get(1)",
    "SELECT query_to_xml('SELECT 1', true, true, '')",
    # to be somebody else
    "SET ROLE citygrid_owner", "SET ROLE citygrid_reader", "SET ROLE citygrid_audit",
    "SET SESSION AUTHORIZATION citygrid_sinks", "ALTER TABLE city.resident_g1 DISABLE ROW LEVEL SECURITY",
    # functions of others
    "SELECT city.begin_generation('resident')", "SELECT city.move_task(gen_random_uuid(), 'close', NULL)",
    "SELECT city.move_place(ARRAY['mine'])", "SELECT * FROM city.show_alerts(ARRAY[gen_random_uuid()])",
    "SELECT * FROM city.my_open_tasks()", "SELECT * FROM city.me()", "SELECT city.proves(gen_random_uuid(), 'x')",
    "SELECT audit.seal_looks()", "SELECT * FROM audit.looks_at('resident', 'x', NULL, '', 'z', true, 9)",
    "SELECT city.devices_held(ARRAY['DOOR-1'])", "SELECT city.device_took('DOOR-1', 999999999, now())",
    "SELECT city.key_in_force('abcdefghij')", "SELECT * FROM city.observation", "SELECT city.feed_oldest()",
    "SELECT city.observe(t, NULL, 'closed', '{}', NULL, NULL) FROM (SELECT NULL::city.task AS t)",
)  # fmt: skip


def test_what_is_left_to_compare_is_refused(city: World) -> None:
    with city.as_account(city.account("grid_worker", GRID_A)) as connection:
        for statement in FORBIDDEN:
            assert refused(connection, statement) == DENIED.sqlstate, statement


def test_an_error_says_the_same_of_what_is_there_and_what_is_not(city: World) -> None:
    theirs = of_other_grid(city)
    with city.as_account(city.account("grid_worker", GRID_A)) as connection:
        for key in (theirs["task"], str(uuid.uuid4())):
            with pytest.raises(moves.NoSuchTask, match=r"^There is no such task\.$"), connection.transaction():
                moves.act(connection, uuid.UUID(key), "claim")
        for text in ("theirs", "nobody"):
            # a condition that fails on a row that is shown to nobody would tell of it; so would a cast
            for condition in (
                f"1 / (CASE id WHEN 'resident-{text}' THEN 0 ELSE 1 END) = 1",
                f"(CASE id WHEN 'resident-{text}' THEN 'x' ELSE '1' END)::integer = 1",
            ):
                ask = (
                    f"SELECT count(*) FROM city.read_rows('resident', ARRAY['resident-{text}', 'resident-mine']) WHERE"
                )
                assert connection.execute(f"{ask} {condition}").fetchone() == (1,)
        for view in ("resident_g1", "account", "no_such_view", "resident; DROP", "pg_class"):
            ask = "SELECT count(*) FROM city.read_rows(%s, ARRAY['resident-mine'])"
            assert connection.execute(ask, (view,)).fetchone() == (0,)
        for wanted in ('{"area": "440113\' OR true --"}', '{"state": "x\' OR true --"}', '{"rule": "x\' OR true --"}'):
            assert connection.execute("SELECT count(*) FROM city.list_alerts(%s, 50)", (wanted,)).fetchone() == (0,)
            assert connection.execute("SELECT count(*) FROM city.list_tasks(%s, 50)", (wanted,)).fetchone() == (0,)


def test_nobody_waits_for_what_he_may_not_see(city: World) -> None:
    """A lock on another grid's task tells nobody that it is there: an answer comes at once."""
    theirs = of_other_grid(city)
    with psycopg.connect(city.database.admin) as holder, city.as_account(city.account("grid_worker", GRID_A)) as asking:
        holder.execute("SELECT FROM city.task WHERE id = %s FOR UPDATE", (theirs["task"],))
        asking.execute("SET LOCAL lock_timeout = '200ms'")
        with pytest.raises(moves.NoSuchTask), asking.transaction():
            moves.act(asking, uuid.UUID(theirs["task"]), "complete", detail={"outcome": "refused"})


def test_lists_and_counts_are_of_ones_own_area_whatever_is_asked(city: World) -> None:
    with city.as_account(city.account("grid_worker", GRID_A)) as connection:
        for area in ("", GRID_B, "440113001", "440113", GRID_A):
            wanted = f'{{"area": "{area}"}}'
            listed = connection.execute("SELECT dwelling FROM city.list_alerts(%s, 50)", (wanted,)).fetchall()
            assert listed == ([] if area == GRID_B else [("mine",)]), area
            for count in ("city.count_alerts(%s)", "(SELECT count(*) FROM city.list_tasks(%s, 50))"):
                assert connection.execute(f"SELECT {count}", (wanted,)).fetchone() == (len(listed),)


def test_nobody_but_the_audit_touches_a_look(city: World) -> None:
    """Neither who owns the tables nor who writes rows; and no command is the audit."""
    with city.as_account(city.account("grid_worker", GRID_A)) as connection:
        connection.execute("SELECT * FROM city.read_rows('resident', ARRAY['resident-mine'])")
    for dsn in (city.database.owner, city.database.sinks, city.database.api, city.database.doors):
        with psycopg.connect(dsn) as connection:
            for statement in (
                "DELETE FROM audit.look", "UPDATE audit.look SET purpose = 'x'", "TRUNCATE audit.look",
                "DROP TABLE audit.look", "DROP SCHEMA audit CASCADE",
                "ALTER TABLE audit.look DISABLE ROW LEVEL SECURITY",
                "SELECT audit.record(gen_random_uuid(), 'x', 'x', '', 'x', ARRAY['x'], 'x', NULL, true)",
                "SET ROLE citygrid_audit", "GRANT citygrid_audit TO citygrid_owner",
                "CREATE OR REPLACE FUNCTION audit.seal_looks(most integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
            ):  # fmt: skip
                assert refused(connection, statement) in ("42501", "42809"), (dsn, statement)


def test_a_session_cannot_be_made_without_the_password(city: World) -> None:
    with psycopg.connect(city.database.owner) as owner:
        owner.execute(
            "INSERT INTO city.account (name, password_kdf, password_verifier, role, scope)"
            " VALUES ('chief', '$argon2id$', sha256('right'), 'command_centre', '')"
        )
    attempt = "SELECT city.login_attempt('chief', '10.0.0.1', %s, 10, 100)"
    enter = "SELECT city.sign_in(%s, %s, sha256('token'), '1 hour', '1 hour')"
    with psycopg.connect(city.database.api) as connection:
        (ticket,) = connection.execute(attempt, (b"right",)).fetchone() or (None,)
        assert connection.execute(enter, (ticket, b"right")).fetchone() == (None,), "a guess that can be rolled back"
        connection.commit()
        for guess in (b"wrong", b"left"):
            assert connection.execute(enter, (ticket, guess)).fetchone() == (None,), "another guess than was counted"
            connection.rollback()
        (ticket,) = connection.execute(attempt, (b"right",)).fetchone() or (None,)
        connection.commit()
        assert connection.execute(enter, (ticket, b"right")).fetchone() != (None,)
        connection.commit()
        assert connection.execute(enter, (ticket, b"right")).fetchone() == (None,), "a ticket is used once"
