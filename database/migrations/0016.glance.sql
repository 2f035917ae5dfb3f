-- One glance: the head of a page, the map, the charts, and what a shift hands over to the next.

CREATE FUNCTION city.summary(area text, zone text)
RETURNS TABLE (open bigint, urgent bigint, unknown bigint, opened_last_hour bigint, due_today bigint, overdue bigint, waiting_for_assignment bigint,
    escalated bigint, silenced bigint, asking bigint, unanswered bigint, fed_back bigint, mean_acknowledge_seconds float8, workers_on_duty bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE within jsonb := CASE WHEN area = '' THEN '{}' ELSE jsonb_build_object('area', area) END;
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT city.count_alerts(within || '{"state": "open"}'), city.count_alerts(within || '{"state": "open", "severity": "urgent"}'),
        city.count_alerts(within || '{"state": "unknown"}'),
        city.count_alerts(within || jsonb_build_object('state', 'any', 'opened_from', now() - interval '1 hour')),
        city.count_alerts(within || jsonb_build_object('task', 'running', 'due', 'today', 'zone', zone)),
        city.count_alerts(within || jsonb_build_object('task', 'running', 'due', 'overdue', 'zone', zone)),
        city.count_alerts(within || '{"task": "waiting"}'),
        city.count_alerts(within || '{"task": "escalated"}'),
        city.count_alerts(within || '{"state": "silenced"}'),
        city.count_alerts(within || '{"task": "asking"}'),
        city.count_alerts(within || '{"state": "any", "task": "unanswered"}'),
        city.count_alerts(within || '{"state": "any", "task": "fed_back"}'),
        (SELECT extract(epoch FROM avg(t.acknowledged_at - t.dispatched_at))::float8 FROM city.task t
         WHERE t.acknowledged_at > now() - interval '24 hours' AND starts_with(t.queue, area)),
        CASE WHEN area = '' THEN city.workers_on_duty() ELSE city.workers_on_duty_in(area) END;
END $$;
COMMENT ON FUNCTION city.summary IS
    'The head line of an area of the caller''s (empty: all of it); each number is the count of the list that it opens there.';

CREATE FUNCTION city.map_areas(parent text, wanted jsonb DEFAULT '{}')
RETURNS TABLE (grid text, name_zh text, name_en text, geometry jsonb, open bigint, urgent bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who record := city.caller(); depth integer := CASE parent WHEN '' THEN 6 ELSE length(parent) + 3 END;
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT g.grid, g.name_zh, g.name_en, g.geometry, coalesce(c.open, 0), coalesce(c.urgent, 0) FROM city.grid_area g LEFT JOIN (
            SELECT left(place, $2) AS area, count(*) AS open, count(*) FILTER (WHERE severity = ''urgent'') AS urgent FROM city.alert a
            WHERE %s GROUP BY 1) c ON c.area = g.grid
        WHERE g.parent = $3 ORDER BY g.grid LIMIT 1000', city.alerts_where(wanted || jsonb_build_object('area', parent), who.scope))
    USING wanted, depth, parent;
END $$;
COMMENT ON FUNCTION city.map_areas IS 'Every area of the next level, whether anything of these filters lies there or not.';

CREATE FUNCTION city.map_alerts(wanted jsonb, cell float8, within float8[] DEFAULT NULL)
RETURNS TABLE (finding_id uuid, rule text, severity text, lon float8, lat float8, alerts bigint, west float8, south float8, east float8, north float8)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who record := city.caller(); shown uuid[] := '{}';
BEGIN
    FOR finding_id, rule, severity, lon, lat, alerts, west, south, east, north IN EXECUTE format(
        'WITH pin AS MATERIALIZED (
            SELECT a.finding_id, a.rule, a.severity, (domain <> ''sos'') AS calm, coalesce(due, ''infinity'') AS first_due,
                CASE WHEN area.grid IS NULL THEN p.lon ELSE area.lon END AS lon, CASE WHEN area.grid IS NULL THEN p.lat ELSE area.lat END AS lat
            FROM (SELECT * FROM city.alert a WHERE %s AND dwelling <> '''') a JOIN city.placement p USING (dwelling)
            -- the middle of the grid is where a whole grid''s matter stands
            LEFT JOIN city.grid_area area ON area.grid = p.grid AND starts_with(a.dwelling, ''grid/''))
        SELECT (array_agg(finding_id ORDER BY calm, first_due, finding_id))[1], (array_agg(rule ORDER BY calm, first_due, finding_id))[1],
            CASE WHEN bool_or(severity = ''urgent'') THEN ''urgent'' WHEN bool_or(severity = ''today'') THEN ''today'' ELSE ''planned'' END,
            avg(lon), avg(lat), count(*), min(lon), min(lat), max(lon), max(lat)
        FROM pin WHERE lon IS NOT NULL AND lat IS NOT NULL
            AND ($3 IS NULL OR lon BETWEEN ($3)[1] AND ($3)[3] AND lat BETWEEN ($3)[2] AND ($3)[4])
        GROUP BY floor(lon / $2), floor(lat / $2) ORDER BY count(*) DESC LIMIT 1000', city.alerts_where(wanted, who.scope))
        USING wanted, cell, within
    LOOP
        shown := shown || finding_id;
        RETURN NEXT;
    END LOOP;
    PERFORM city.looked('alert', shown::text[]);
END $$;
COMMENT ON FUNCTION city.map_alerts IS
    'The alerts of the list of the same filters that lie somewhere (within: west, south, east, north), those of one cell of the map (degrees) as one, '
    'with their number and the first of them.';

CREATE FUNCTION city.alerts_by_rule() RETURNS TABLE (hour timestamptz, rule text, severity text, count bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT date_trunc('hour', a.opened_at), a.rule, a.severity, count(*) FROM city.alert a
        WHERE a.opened_at > date_trunc('hour', now()) - interval '23 hours' AND a.state <> 'held' AND NOT a.deleted
        GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT 5000;
END $$;

CREATE FUNCTION city.acknowledging() RETURNS TABLE (hour timestamptz, count bigint, p50_seconds float8, p90_seconds float8)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT date_trunc('hour', t.acknowledged_at), count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY took)::float8,
            percentile_cont(0.9) WITHIN GROUP (ORDER BY took)::float8
        FROM city.task t, extract(epoch FROM t.acknowledged_at - t.dispatched_at) AS took
        WHERE t.acknowledged_at > date_trunc('hour', now()) - interval '23 hours'
        GROUP BY GROUPING SETS ((), (date_trunc('hour', t.acknowledged_at))) ORDER BY 1 NULLS FIRST LIMIT 25;
END $$;
COMMENT ON FUNCTION city.acknowledging IS 'Dispatch to acknowledgement in the last 24 hours: as a whole (hour NULL) and by the hour.';

CREATE FUNCTION city.freshness_now(of_topics text[] DEFAULT NULL)
RETURNS TABLE (department text, topic text, last_event_at timestamptz, limit_seconds integer, records bigint, delay_seconds float8, stale boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT f.department, f.topic, f.last_event_at, f.limit_seconds, f.records, extract(epoch FROM now() - f.last_event_at)::float8,
            coalesce(now() - f.last_event_at > make_interval(secs => f.limit_seconds), true)
        FROM city.freshness f WHERE of_topics IS NULL OR f.topic = ANY (of_topics) ORDER BY 1, 2 LIMIT 500;
END $$;

-- -- docs/decisions/0044-offices.md

CREATE FUNCTION city.handover(begins timestamptz, until timestamptz, next_until timestamptz, most integer)
RETURNS TABLE (part text, task uuid, finding uuid, rule text, severity text, queue text, address text, respond_by timestamptz, holder text,
    reason text, outcome text, by_name text, at timestamptz, late boolean, due_next boolean, counted bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who record := city.caller(); shown text[] := '{}';
BEGIN
    IF who.role NOT IN ('command_centre', 'grid_worker') THEN RAISE EXCEPTION 'This account serves no grid.' USING ERRCODE = 'CG403'; END IF;
    FOR part, task, finding, rule, severity, queue, address, respond_by, holder, reason, outcome, by_name, at, late, due_next, counted IN
        WITH told AS (
            SELECT CASE WHEN t.state = 'suspended' THEN 'suspended' WHEN t.state IN ('dispatched', 'acknowledged') THEN 'open' ELSE 'done' END AS part, t.*
            FROM city.task t
            WHERE t.state IN ('dispatched', 'acknowledged', 'suspended')
                OR t.state IN ('completed', 'verified', 'closed') AND t.finished_at >= begins AND t.finished_at < handover.until),
        ranked AS (
            SELECT o.*, count(*) OVER (PARTITION BY o.part) AS counted, row_number() OVER (PARTITION BY o.part
                ORDER BY CASE o.severity WHEN 'urgent' THEN 0 WHEN 'today' THEN 1 ELSE 2 END, o.respond_by NULLS LAST, o.id) AS number
            FROM told o)
        SELECT r.part, r.id, r.finding_id, r.rule, r.severity, r.queue, p.address, r.respond_by, a.name,
            coalesce(CASE WHEN r.part <> 'done' THEN r.asked_because END, CASE r.part WHEN 'suspended' THEN
                (SELECT e.reason FROM city.task_event e WHERE e.task = r.id AND e.move = 'suspend' ORDER BY e.number DESC LIMIT 1) END),
            r.outcome,
            CASE r.part WHEN 'done' THEN (SELECT e.actor_name FROM city.task_event e
                WHERE e.task = r.id AND e.move IN ('complete', 'close') ORDER BY e.number DESC LIMIT 1) END,
            r.finished_at,
            r.part = 'open' AND r.respond_by < handover.until,
            r.part = 'open' AND r.respond_by >= handover.until AND r.respond_by < next_until,
            r.counted
        FROM ranked r
        LEFT JOIN city.placement p ON p.dwelling = r.dwelling AND p.dwelling <> ''
        LEFT JOIN city.account a ON a.id = r.claimed_by
        WHERE r.number <= least(most, 200) ORDER BY r.part, r.number
    LOOP
        shown := shown || task::text;
        RETURN NEXT;
    END LOOP;
    PERFORM city.looked('task', shown);
END $$;
COMMENT ON FUNCTION city.handover IS
    'Tasks of the caller''s area that a shift hands over: open, suspended and why, and done since `begins`; by urgency and deadline, at most 200 of each.';

CREATE FUNCTION city.handover_due(until timestamptz, next_until timestamptz) RETURNS TABLE (severity text, open bigint, late bigint, due_next bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT t.severity, count(*), count(*) FILTER (WHERE t.respond_by < handover_due.until),
            count(*) FILTER (WHERE t.respond_by >= handover_due.until AND t.respond_by < next_until)
        FROM city.task t WHERE t.state IN ('dispatched', 'acknowledged') GROUP BY 1 ORDER BY 1;
END $$;
COMMENT ON FUNCTION city.handover_due IS 'How many open tasks of the caller''s area there are, are late, and are due within the next shift.';

-- -- who may call them, and whose they are
GRANT EXECUTE ON FUNCTION city.summary, city.map_areas, city.map_alerts, city.alerts_by_rule, city.acknowledging, city.freshness_now,
    city.handover, city.handover_due
    TO citygrid_api;
GRANT CREATE ON SCHEMA city TO citygrid_reader;
DO $$
DECLARE one name;
BEGIN
    FOREACH one IN ARRAY ARRAY[
        'summary', 'map_areas', 'map_alerts', 'alerts_by_rule', 'acknowledging', 'freshness_now', 'handover',
        'handover_due']
    LOOP
        EXECUTE format('ALTER FUNCTION city.%I OWNER TO citygrid_reader', one);
    END LOOP;
END $$;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
