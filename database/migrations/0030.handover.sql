-- depends: 0029.offices
-- What a shift hands over to the next: docs/decisions/0044-offices.md

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

GRANT EXECUTE ON FUNCTION city.handover, city.handover_due TO citygrid_api;
GRANT CREATE ON SCHEMA city TO citygrid_reader;
ALTER FUNCTION city.handover OWNER TO citygrid_reader;
ALTER FUNCTION city.handover_due OWNER TO citygrid_reader;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
