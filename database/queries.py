"""The statements by which sinks write placement, alerts and tasks. Each function takes a connection of the sinks' role
with an open transaction. A task moves by `city.move_task` (migrations/0007.moves.sql) only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg.types.json import Jsonb

Connection = psycopg.Connection[Any]


# Locks in the order of the keys: two sinks cannot wait for each other over the same dwellings.
PLACES_NOW = "SELECT dwelling, place FROM city.placement WHERE dwelling = ANY(%s) ORDER BY dwelling FOR NO KEY UPDATE"
PLACE = """
INSERT INTO city.placement AS old (dwelling, grid, district, lon, lat, address, version)
SELECT * FROM jsonb_to_recordset(%(places)s) AS place (dwelling text, grid text, district text, lon float8, lat float8,
    address text, version bigint) ORDER BY dwelling
ON CONFLICT (dwelling) DO UPDATE SET (grid, district, lon, lat, address, version)
    = (excluded.grid, excluded.district, excluded.lon, excluded.lat, excluded.address, excluded.version)
WHERE old.version < excluded.version
"""
# A person who has claimed a task keeps it where it is; so does one who handed it to a queue.
REROUTE = """
SELECT city.move_task(t.id, 'reroute', NULL, detail => jsonb_build_object('queue', t.place))
FROM (SELECT t.id, p.place FROM city.task t JOIN city.placement p USING (dwelling)
      WHERE t.dwelling = ANY(%(dwellings)s) AND t.state IN ('dispatched', 'suspended')
        AND t.claimed_by IS NULL AND NOT t.handed_over AND t.queue <> p.place
      ORDER BY t.id FOR NO KEY UPDATE OF t) t
"""
# Before the tasks, as alerts are written: two sinks cannot wait for each other.
MOVE_PLACE = "SELECT city.move_place(%(dwellings)s)"
TELL_MOVED = """
INSERT INTO city.feed (kind, key, place, domain)
SELECT 'alert', a.finding_id::text, moved.place, a.domain
FROM unnest(%(dwellings)s::text[], %(places)s::text[]) AS moved(dwelling, place)
JOIN city.alert a ON a.dwelling = moved.dwelling AND a.state = 'opened' AND NOT a.deleted
"""

# A dwelling that nobody registered gets a row: locking it makes this transaction and the one that places it take turns.
NAME_PLACES = "SELECT city.name_places(%s)"
HOLD_PLACES = "SELECT dwelling FROM city.placement WHERE dwelling = ANY(%s) ORDER BY dwelling FOR SHARE"
# An open finding of which nobody knows whether it still holds stays open, and so does its task. One that was open is
# due when its task is.
ALERT = """
INSERT INTO city.alert AS old (finding_id, rule, rule_version, domain, state, view, subject, cause, severity,
    why_zh, why_en, because, dwelling, place, household, opened_at, changed_at, respond_within, respond_unit,
    respond_by, due, resolution_zh, resolution_en, version, unknown, gathered_by)
SELECT a.finding_id, a.rule, a.rule_version, a.domain, replace(a.state, 'changed', 'opened'), a.view, a.subject,
    a.cause, a.severity, a.why_zh, a.why_en, a.because, a.dwelling, p.place, a.household, a.opened_at, a.at,
    a.respond_within, a.respond_unit, until.deadline, until.deadline, a.resolution_zh, a.resolution_en, a.version,
    a.unknown, city.cause_of(a.rule, a.because)
FROM jsonb_to_recordset(%(alerts)s) AS a (finding_id uuid, rule text, rule_version integer, domain text, state text,
    view text, subject text, cause text, severity text, why_zh text, why_en text, because jsonb, dwelling text,
    household text, opened_at timestamptz, at timestamptz, respond_within integer, respond_unit text,
    resolution_zh text, resolution_en text, version bigint, unknown boolean)
JOIN city.placement p ON p.dwelling = a.dwelling
CROSS JOIN LATERAL (SELECT city.due(a.opened_at, a.respond_within, a.respond_unit) AS deadline) until
ORDER BY a.finding_id
ON CONFLICT (finding_id) DO UPDATE SET (rule, rule_version, domain, state, view, subject, cause, severity,
    why_zh, why_en, because, dwelling, place, household, opened_at, changed_at, respond_within, respond_unit,
    respond_by, due, resolution_zh, resolution_en, version, unknown, deleted, gathered_by)
    = (excluded.rule, excluded.rule_version, excluded.domain,
    CASE WHEN excluded.unknown AND old.state = 'opened' THEN 'opened' ELSE excluded.state END, excluded.view,
    excluded.subject, excluded.cause, excluded.severity, excluded.why_zh, excluded.why_en, excluded.because,
    excluded.dwelling, excluded.place, excluded.household, excluded.opened_at, excluded.changed_at,
    excluded.respond_within, excluded.respond_unit, excluded.respond_by,
    CASE WHEN old.state = 'opened' THEN old.due ELSE excluded.respond_by END,
    excluded.resolution_zh, excluded.resolution_en, excluded.version, excluded.unknown, false,
    CASE excluded.state WHEN 'resolved' THEN old.gathered_by ELSE excluded.gathered_by END)
WHERE old.version < excluded.version
RETURNING WITH (OLD AS before, NEW AS after) after.finding_id, before.state AS was, after.state AS is_now
"""
# Before a building's or a flat's alert is written, and after: docs/decisions/0041-noise.md
HOLD_INHIBITION = "SELECT city.hold_inhibition(%(rules)s)"
HOLD_INHIBITION_OF = "SELECT city.hold_inhibition(array_agg(rule)) FROM city.alert WHERE finding_id = ANY(%(findings)s)"
SETTLE = "SELECT city.settle_with(%(findings)s)"
DISPATCH = "SELECT city.dispatch(%(findings)s)"
CLOSE = """
SELECT city.move_task(t.id, 'close', NULL, t.why, jsonb_build_object('zh', t.zh, 'en', t.en))
FROM (SELECT t.id, reason.zh, reason.en, coalesce(a.resolution_zh, a.resolution_en, reason.en) AS why
      FROM city.task t JOIN city.alert a USING (finding_id), LATERAL (SELECT
          coalesce(a.resolution_zh, CASE a.state WHEN 'held' THEN '依据早于系统上线，不派单' ELSE '已消除' END) AS zh,
          coalesce(a.resolution_en,
              CASE a.state WHEN 'held' THEN 'it rests on facts older than going live' ELSE 'resolved' END) AS en) reason
      WHERE t.finding_id = ANY(%(findings)s) AND t.state IN ('dispatched', 'acknowledged', 'suspended')
      ORDER BY t.id FOR NO KEY UPDATE OF t) t
"""
# The household may have moved, or its dwelling become known: whoever goes there is told the place as it is now.
FOLLOW = """
UPDATE city.task t SET severity = a.severity, dwelling = a.dwelling FROM city.alert a
WHERE a.finding_id = t.finding_id AND t.finding_id = ANY(%(findings)s)
    AND (t.severity, t.dwelling) IS DISTINCT FROM (a.severity, a.dwelling)
    AND t.state IN ('dispatched', 'acknowledged', 'suspended')
RETURNING t.dwelling
"""
TELL_ALERTS = """
INSERT INTO city.feed (kind, key, place, domain)
SELECT 'alert', a.finding_id::text, p.place, a.domain
FROM city.alert a JOIN city.placement p USING (dwelling) WHERE a.finding_id = ANY(%(findings)s) ORDER BY a.finding_id
"""
# A task's answer says its finding's reason, and whether that is unknown now: who has it must hear of a change.
TELL_TASKS = """
INSERT INTO city.feed (kind, key, place, domain)
SELECT 'task', t.id::text, t.queue, t.domain FROM city.task t
WHERE t.finding_id = ANY(%(findings)s) AND t.state IN ('dispatched', 'acknowledged', 'suspended') ORDER BY t.id
"""
FORGET = """
UPDATE city.alert SET deleted = true, version = %s WHERE finding_id = %s AND version < %s RETURNING finding_id
"""


def place(connection: Connection, dwellings: Sequence[Mapping[str, Any]]) -> int:
    """Write where dwellings lie, none of them twice, and move the unclaimed tasks of those that moved; the number of
    places that changed.

    Each has dwelling, grid, district, lon, lat (degrees, WGS 84), address and version.
    """
    keys = sorted(dwelling["dwelling"] for dwelling in dwellings)
    before = _places(connection, keys)
    connection.execute(PLACE, {"places": Jsonb(list(dwellings), orjson.dumps)})
    after = _places(connection, keys)
    moved = sorted(key for key, where in after.items() if before.get(key) != where)
    if moved:
        connection.execute(MOVE_PLACE, {"dwellings": moved})
        connection.execute(REROUTE, {"dwellings": moved})
        concerned = [(key, where) for key in moved for where in {before.get(key), after[key]} if where is not None]
        connection.execute(
            TELL_MOVED, {"dwellings": [key for key, _ in concerned], "places": [where for _, where in concerned]}
        )
    return len(moved)


def hold_places(connection: Connection, keys: Sequence[str]) -> None:
    """Keep these places where they are until the transaction ends: what is written there lies there."""
    connection.execute(HOLD_PLACES, (list(keys),))


def name_places(connection: Connection, keys: Sequence[str]) -> None:
    """Give each key of a place that has none a placement: dwellings' numbers, `grid/<code>`, `district/<code>`."""
    connection.execute(NAME_PLACES, (list(keys),))


def _places(connection: Connection, dwellings: list[str]) -> dict[str, str]:
    return {row[0]: row[1] for row in connection.execute(PLACES_NOW, (dwellings,)).fetchall()}


def record_alerts(connection: Connection, alerts: Sequence[Mapping[str, Any]]) -> int:
    """Write alerts, no finding twice, and make, close or leave their tasks; the number of alerts that were news."""
    connection.execute(HOLD_INHIBITION, {"rules": sorted({alert["rule"] for alert in alerts})})
    dwellings = sorted({alert["dwelling"] for alert in alerts})
    name_places(connection, dwellings)
    hold_places(connection, dwellings)
    rows = [{**alert, "because": orjson.Fragment(alert["because"])} for alert in alerts]
    news: list[tuple[UUID, str | None, str]] = connection.execute(
        ALERT, {"alerts": Jsonb(rows, orjson.dumps)}
    ).fetchall()
    opened = [finding for finding, was, is_now in news if is_now == "opened" and was != "opened"]
    still = [finding for finding, was, is_now in news if is_now == was == "opened"]
    # a correction may show that all of it is older than going live: that is no work either
    ended = [finding for finding, _, is_now in news if is_now in ("resolved", "held")]
    connection.execute(SETTLE, {"findings": [finding for finding, _, _ in news]})
    connection.execute(DISPATCH, {"findings": opened})
    moved = [row[0] for row in connection.execute(FOLLOW, {"findings": still}).fetchall()]
    connection.execute(REROUTE, {"dwellings": moved})
    connection.execute(CLOSE, {"findings": ended})
    connection.execute(TELL_TASKS, {"findings": still})
    connection.execute(TELL_ALERTS, {"findings": [finding for finding, _, _ in news]})
    return len(news)


def forget_alerts(connection: Connection, gone: Sequence[tuple[UUID, int]]) -> int:
    """Mark alerts as deleted, given (finding, version), and close what was still open; the number marked."""
    connection.execute(HOLD_INHIBITION_OF, {"findings": [finding for finding, _ in gone]})
    marked = [
        row[0]
        for finding, version in sorted(gone)
        if (row := connection.execute(FORGET, (version, finding, version)).fetchone())
    ]
    connection.execute(SETTLE, {"findings": marked})
    connection.execute(CLOSE, {"findings": marked})
    connection.execute(TELL_ALERTS, {"findings": marked})
    return len(marked)
