-- depends: 0041.oldest_transactions
-- What hundreds of streams ask all day costs less: the same answers.

-- As in 0018, but in which capacities somebody stands to a task is worked out once, not once a line of the table of moves.
CREATE OR REPLACE FUNCTION city.legal_moves(its city.task, who uuid, role text, scope text) RETURNS SETOF city.legal_move LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT l.* FROM city.legal_move l
    WHERE l.from_state = its.state AND l.by_whom && (SELECT city.capacities(its, who, role, scope))
        -- what another task followed goes on there
        AND (l.move <> 'send_back' OR NOT EXISTS (SELECT FROM city.task later WHERE later.previous = its.id))
    ORDER BY l.position;
END;

-- As in 0014, but the lines are gone through once, not as JSON three times.
DROP FUNCTION city.news;
CREATE FUNCTION city.news(token text, after bigint, until bigint, most integer,
    OUT account uuid, OUT role text, OUT scope text, OUT domains text[], OUT lines jsonb, OUT alerts jsonb, OUT tasks jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE changed_alerts uuid[]; changed_tasks uuid[];
BEGIN
    PERFORM set_config('citygrid.session', token, true);
    SELECT m.account, m.role, m.scope, m.domains INTO account, role, scope, domains FROM city.me() m;
    IF account IS NULL THEN RETURN; END IF;
    SELECT jsonb_agg(f ORDER BY f.position), array_agg(DISTINCT f.key) FILTER (WHERE f.kind = 'alert'),
        array_agg(DISTINCT f.key) FILTER (WHERE f.kind = 'task')
    INTO lines, changed_alerts, changed_tasks FROM city.feed_lines(after, until, most) f;
    IF changed_alerts IS NOT NULL THEN
        SELECT jsonb_agg(to_jsonb(a) - 'because') INTO alerts FROM city.read_alerts(changed_alerts) a;
    END IF;
    IF changed_tasks IS NOT NULL THEN
        SELECT jsonb_agg(to_jsonb(t) - 'checks') INTO tasks FROM city.read_tasks(changed_tasks) t;
    END IF;
END $$;
COMMENT ON FUNCTION city.news IS
    'What changed for a session between two lines: the lines, and their alerts and tasks as they are now, read and recorded as always. No account: the token is worth nothing.';
GRANT CREATE ON SCHEMA city TO citygrid_reader;
GRANT EXECUTE ON FUNCTION city.news TO citygrid_api;
ALTER FUNCTION city.news OWNER TO citygrid_reader;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
