"""Law 9, the floor: what row-level security shows to the role as which the API's reading functions run, so that a
mistake in one of them shows nothing of another area. What the API's own role can try: test_attacks.py."""

from __future__ import annotations

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
    with world.as_reader(token) as connection:
        return [row[0] for row in connection.execute(f"SELECT {column} FROM city.{table} ORDER BY 1").fetchall()]


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


def test_other_roles_see_no_person(street: World) -> None:
    for role in ("department", "ops", "admin"):
        with street.as_reader(street.account(role, "")) as connection:
            for table in PEOPLE:
                assert connection.execute(f"SELECT count(*) FROM city.{table}").fetchone() == (0,), (role, table)


def test_domains_limit_alerts_and_tasks(street: World) -> None:
    street.alert("a", rule="car-and-benefit", domain="benefits")
    with street.as_reader(street.account("command_centre", "", ["benefits"])) as connection:
        assert connection.execute("SELECT rule FROM city.alert").fetchall() == [("car-and-benefit",)]
        assert connection.execute("SELECT rule FROM city.task").fetchall() == [("car-and-benefit",)]
        assert connection.execute("SELECT DISTINCT domain FROM city.feed").fetchall() == [("benefits",)]


def test_without_a_session_there_is_nothing(street: World) -> None:
    with street.as_reader(None) as connection:
        for table in PEOPLE:
            assert connection.execute(f"SELECT count(*) FROM city.{table}").fetchone() == (0,)


def test_a_guessed_account_is_worth_nothing(street: World) -> None:
    token = street.account("command_centre", "", name="chief")
    with psycopg.connect(street.database.admin) as admin:
        account, digest = admin.execute(
            "SELECT a.id, encode(s.token_sha256, 'hex') FROM city.account a JOIN city.session s ON s.account = a.id"
        ).fetchall()[0]
    for guess in (str(account), "chief", digest, "\\x" + digest, "", " "):
        with street.as_reader(guess) as connection:
            connection.execute("SELECT set_config('citygrid.account', %s, true)", (str(account),))
            assert connection.execute("SELECT count(*) FROM city.resident").fetchone() == (0,)
    assert seen(street, token)


def test_the_session_ends_with_its_transaction_its_time_and_its_account(street: World) -> None:
    token = street.account("command_centre", "")
    ask = "SELECT count(*) FROM city.list_tasks('{}', 1)"
    with psycopg.connect(street.database.api) as connection:
        with connection.transaction():
            connection.execute("SELECT city.enter(%s)", (token,))
            assert connection.execute(ask).fetchone() == (1,)
        with pytest.raises(psycopg.Error) as nobody:
            connection.execute(ask)
        assert nobody.value.sqlstate == "CG401"
    with psycopg.connect(street.database.owner) as owner:
        owner.execute("UPDATE city.session SET expires_at = now()")
    assert seen(street, token) == []
    with psycopg.connect(street.database.owner) as owner:
        owner.execute("UPDATE city.session SET expires_at = now() + interval '1 hour'")
        owner.execute("UPDATE city.account SET disabled_at = now()")
    assert seen(street, token) == []


def test_every_table_of_the_schema_is_guarded_or_has_no_person(street: World) -> None:
    """A table added later without row-level security fails here, and so does one that the API's role owns."""
    harmless = {
        *("generation", "legal_move", "purpose", "sink_offset", "grid_area", "freshness"),
        *("office_day", "office_hours", "patrol_kind", "kept", "escalation_step", "community_line", "call_setting"),
        "push_setting",
        *("gathered", "inhibition", "disputing_answer"),
    }
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


def test_a_notification_carries_nothing(world: World) -> None:
    """Whoever may connect may listen, and no policy covers what a notification carries."""
    functions = "FROM pg_proc WHERE pronamespace IN ('city'::regnamespace, 'audit'::regnamespace)"
    with psycopg.connect(world.database.admin, autocommit=True) as admin:
        carrying = admin.execute(
            f"SELECT proname {functions} AND prosrc ~* %s", (r"pg_notify\s*\(|\mnotify\s+[a-z_]+\s*,",)
        ).fetchall()
        assert carrying == []
        named = admin.execute(f"SELECT DISTINCT (regexp_matches(prosrc, %s, 'g'))[1] {functions}", (r"NOTIFY (\w+)",))
        channels = {name for (name,) in named.fetchall()}
        assert channels >= {"city_feed", "city_outbox"}
        for channel in channels:
            admin.execute(f"LISTEN {channel}")
        world.place("a", GRID_A)
        finding = world.alert("a")
        with world.as_account(world.account("grid_worker", GRID_A)) as connection:
            moves.act(connection, world.tasks(finding)[0]["id"], "claim")
        heard = [(notice.channel, notice.payload) for notice in admin.notifies(timeout=5, stop_after=1)]
        assert heard == [("city_feed", "")]


def test_a_mistake_in_a_function_of_the_owner_puts_no_alert_elsewhere(street: World) -> None:
    """Moves lock alerts and write their deadlines and what mutes them. Where an alert lies, whether it is open and what
    it says is for the sinks alone: one that is put into another place is seen there."""
    for written in (
        "place = '440106001001001'",
        "dwelling = 'd'",
        "state = 'resolved'",
        "why_zh = ''",
        "deleted = true",
    ):
        with psycopg.connect(street.database.owner) as owner, pytest.raises(psycopg.errors.InsufficientPrivilege):
            owner.execute(f"UPDATE city.alert SET {written} WHERE dwelling = 'a'")
    with psycopg.connect(street.database.owner) as owner:
        for statement in (
            "INSERT INTO city.alert (finding_id) VALUES (gen_random_uuid())",
            "TRUNCATE city.alert CASCADE",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), owner.transaction():
                owner.execute(statement)
        assert owner.execute("UPDATE city.alert SET due = now() WHERE dwelling = 'a'").rowcount == 1
