"""A city after a year of work: 10,000 open alerts and a million tasks of history, put straight into PostgreSQL.

Rows are made by PostgreSQL itself, beside indexes that are built once they are there, so that it takes a minute.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

TABLES = ("city.alert", "city.task")
DISTRICTS = (
    "440103",
    "440104",
    "440105",
    "440106",
    "440111",
    "440112",
    "440113",
    "440114",
    "440115",
    "440117",
    "440118",
)
GRIDS_OF_DISTRICT = 180
"""10 streets of 3 communities of 6 grids each: 1,980 in the city."""
DWELLINGS_OF_GRID = 10
DAYS = 365
DISTRICT, STREET, GRID = "440113", "440113001", "440113001001001"

AREAS = """
INSERT INTO city.grid_area (grid, name_zh, name_en, geometry)
SELECT DISTINCT left(code, digits), left(code, digits), left(code, digits), jsonb_build_object('type', 'Polygon',
    'coordinates', jsonb_build_array((SELECT jsonb_agg(jsonb_build_array(lon + dx, lat + dy))
        FROM (VALUES (0, 0), (0.01, 0), (0.01, 0.01), (0, 0.01), (0, 0)) corner(dx, dy))))
FROM crowded_grid, unnest(ARRAY[6, 9, 12, 15]) digits
ON CONFLICT DO NOTHING
"""
GRIDS = """
CREATE TEMP TABLE crowded_grid AS
SELECT concat(district, to_char(1 + n %% 10, 'FM000'), to_char(1 + n / 10 %% 3, 'FM000'), to_char(1 + n / 30, 'FM000'))
        AS code,
    113.0 + position * 0.1 + (n %% 15) * 0.005 AS lon, 22.7 + (n / 15) * 0.005 + position %% 3 * 0.1 AS lat,
    row_number() OVER () - 1 AS number
FROM unnest(%(districts)s::text[]) WITH ORDINALITY AS districts(district, position), generate_series(0, %(grids)s - 1) n
"""
DWELLINGS = """
INSERT INTO city.placement (dwelling, grid, district, lon, lat, address)
SELECT 'D' || g.number || '-' || n, g.code, left(g.code, 6), g.lon + random() * 0.005, g.lat + random() * 0.005,
    '示例街 ' || n || ' 号'
FROM crowded_grid g, generate_series(1, %(dwellings)s) n
"""
# A third of the open ones are under one of five warnings.
# What opened within the year; of the open ones most are due within a few days, some are late, one in fifty is a call.
FINDINGS = """
CREATE TEMP TABLE crowded AS
SELECT gen_random_uuid() AS finding, n, n <= %(open)s AS is_open,
    'D' || n * 7 %% %(grids)s || '-' || 1 + n %% %(dwellings)s AS dwelling, 'rule-' || n %% 24 AS rule,
    CASE WHEN n %% 50 = 0 THEN 'sos' ELSE (ARRAY['housing', 'benefits', 'health'])[1 + n %% 3] END AS domain,
    (ARRAY['urgent', 'today', 'today', 'planned', 'planned'])[1 + n %% 5] AS severity,
    (ARRAY['police', 'housing', 'transport', 'civil-affairs', 'tax', 'health'])[1 + n %% 6] AS department,
    now() - random() * CASE WHEN n <= %(open)s THEN 3 ELSE %(days)s END * interval '1 day' AS opened
FROM generate_series(1, %(open)s + %(history)s) n
"""
ALERTS = """
INSERT INTO city.alert (finding_id, rule, rule_version, domain, state, view, subject, cause, severity, why_zh, why_en,
    because, dwelling, place, opened_at, changed_at, respond_by, due, version, unknown, gathered_by)
SELECT finding, rule, 1, domain, CASE WHEN is_open THEN 'opened' ELSE 'resolved' END, 'dwelling', dwelling, 'C' || n,
    severity, '事由 ' || n, 'reason ' || n,
    jsonb_build_array(jsonb_build_object('department', department, 'kind', 'Let', 'record', 'R' || n)),
    dwelling, place, opened, opened + interval '5 hours', opened + interval '2 days', opened + interval '2 days', 1,
    is_open AND n %% 100 = 0, CASE WHEN is_open AND n %% 3 = 0 THEN 'warning-' || n %% 5 END
FROM crowded JOIN city.placement USING (dwelling)
"""
# Two of history for each finding that is over, nearly all verified: the first met nobody. Of the open ones nine in ten
# have a task in hand.
TASKS = """
INSERT INTO city.task (id, finding_id, previous, rule, domain, severity, dwelling, queue, state, claimed_by, respond_by,
    suspended_from, suspended_at, dispatched_at, acknowledged_at, finished_at, outcome, outcome_before, verified_at)
SELECT uuidv7(), finding, NULL, rule, domain, severity, dwelling, CASE WHEN n %% 200 = 1 THEN district ELSE place END,
    CASE WHEN NOT is_open AND n %% 500 > 0 THEN 'verified' WHEN NOT is_open OR n %% 10 = 0 THEN 'completed'
        WHEN n %% 200 = 1 THEN 'dispatched'
        ELSE (ARRAY['dispatched', 'dispatched', 'acknowledged', 'suspended'])[1 + n %% 4] END,
    CASE WHEN NOT is_open OR (n %% 200 <> 1 AND n %% 4 > 1) THEN %(worker)s::uuid END, opened + interval '2 days',
    CASE WHEN is_open AND n %% 10 > 0 AND n %% 200 <> 1 AND n %% 4 = 3 THEN 'dispatched' END, NULL, opened,
    CASE WHEN NOT is_open OR (n %% 200 <> 1 AND n %% 4 > 1) THEN opened + random() * interval '1 hour' END,
    CASE WHEN NOT is_open OR n %% 10 = 0 THEN opened + interval '4 hours' END,
    CASE WHEN NOT is_open OR n %% 10 = 0 THEN 'done' END, CASE WHEN turn = 2 THEN 'nobody_home' END,
    CASE WHEN NOT is_open AND n %% 500 > 0 THEN opened + interval '5 hours' END
FROM crowded JOIN city.placement USING (dwelling), generate_series(1, CASE WHEN is_open THEN 1 ELSE 2 END) turn
"""


def fill(admin_dsn: str, open_alerts: int = 10_000, tasks: int = 1_000_000) -> None:
    """Fill an empty, migrated database; `admin_dsn` logs in as a superuser."""
    values = {"districts": list(DISTRICTS), "grids": GRIDS_OF_DISTRICT, "dwellings": DWELLINGS_OF_GRID, "days": DAYS}
    with psycopg.connect(admin_dsn) as admin:
        # the keys of what is made here are right, and each would be looked up
        admin.execute(
            "SET session_replication_role = replica; SET maintenance_work_mem = '256MB'; SET work_mem = '128MB'"
        )
        admin.execute("CREATE TEMP TABLE made (worker uuid)")
        worker = account(admin, "worker", "grid_worker", GRID)[0]
        admin.execute(GRIDS, values)
        admin.execute(AREAS)
        admin.execute(DWELLINGS, values)
        with without_indexes(admin):
            numbers = {"open": open_alerts, "history": tasks // 2, "grids": GRIDS_OF_DISTRICT * len(DISTRICTS)}
            admin.execute(FINDINGS, values | numbers)
            admin.execute(ALERTS, {})
            admin.execute(TASKS, {"worker": worker})
        admin.execute("DROP TABLE crowded, crowded_grid")
    with psycopg.connect(admin_dsn, autocommit=True) as admin:
        admin.execute("VACUUM city.alert, city.task, city.placement")  # as autovacuum does meanwhile
        admin.execute("CHECKPOINT")


@contextmanager
def without_indexes(admin: psycopg.Connection) -> Iterator[None]:
    """Indexes of no constraint are dropped for the block and built anew after it."""
    dropped = admin.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
        "WHERE indrelid = ANY (%s::regclass[]) AND NOT indisprimary",
        (list(TABLES),),
    ).fetchall()
    for name, _ in dropped:
        admin.execute(f"DROP INDEX {name}".encode())
    yield
    for _, made in dropped:
        admin.execute(made.encode())


def account(admin: psycopg.Connection, name: str, role: str, scope: str) -> tuple[str, str]:
    """A new account with a session: its id and the session's token. Nobody can log in to it."""
    token = secrets.token_urlsafe(32)
    row = admin.execute(
        "INSERT INTO city.account (name, password_kdf, password_verifier, role, scope) "
        "VALUES (%s, '$argon2id$', sha256('x'), %s, %s) RETURNING id",
        (name, role, scope),
    ).fetchone()
    assert row is not None
    hashed = hashlib.sha256(token.encode()).digest()
    admin.execute(
        "INSERT INTO city.session (token_sha256, account, expires_at, idle) "
        "VALUES (%s, %s, now() + interval '1 day', '1 day')",
        (hashed, row[0]),
    )
    return str(row[0]), token
