-- depends: 0006.moves 0008.views
-- How the API reads: functions of citygrid_reader, which owns no table and sees what the policies show to the session of the
-- transaction. Each looks who asks, reads, and records the look. The API's role may call them and read nothing else.

CREATE FUNCTION city.caller(OUT account uuid, OUT role text, OUT scope text, OUT domains text[]) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT m.account, m.role, m.scope, m.domains INTO account, role, scope, domains FROM city.me() m;
    IF account IS NULL THEN RAISE EXCEPTION 'Log in first.' USING ERRCODE = 'CG401'; END IF;
END $$;
COMMENT ON FUNCTION city.caller IS 'Who asks. CG401: nobody.';

CREATE FUNCTION city.looked(its_view text, its_keys text[], its_purpose text DEFAULT 'list', its_case uuid DEFAULT NULL, was_found boolean DEFAULT true)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF cardinality(its_keys) > 0 THEN
        PERFORM audit.record(m.account, m.name, m.role, m.scope, its_view, its_keys, its_purpose, its_case, was_found) FROM city.me() m;
    END IF;
END $$;
COMMENT ON FUNCTION city.looked IS 'Records one look at these keys; none: nothing was shown.';

CREATE FUNCTION city.read_in_order(wanted jsonb, scope text) RETURNS void LANGUAGE sql
BEGIN ATOMIC
    SELECT set_config('enable_sort', CASE WHEN greatest(length(coalesce(wanted ->> 'area', '')), length(scope)) > 6
        OR wanted ?| ARRAY['mine', 'assignee'] THEN 'on' ELSE 'off' END, true);
END;
COMMENT ON FUNCTION city.read_in_order IS
    'For the city and a district there is an index in the order of the list: a page costs its page. Below, and of one person, all is read and sorted.';

-- Whoever asks by an area below his own reads that index; whoever asks by one above it reads his own.
CREATE FUNCTION city.in_area(column_name text, area text, scope text) RETURNS text LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE within text := CASE WHEN starts_with(scope, coalesce(area, '')) THEN scope ELSE area END;
BEGIN
    RETURN CASE length(within) WHEN 0 THEN 'true' WHEN 6 THEN format('district = %L', within)
        ELSE format('%1$I >= %2$L AND %1$I < %3$L', column_name, within, within || 'z') END;
END $$;

-- -- places and rows

CREATE TYPE city.shown_place AS (placed text, grid text, district text, address text, lon float8, lat float8, names_zh text[], names_en text[]);

-- Without SET, so that PostgreSQL puts it into the query that calls it; its names are bound when it is made.
CREATE FUNCTION city.show_place(its_dwelling text) RETURNS SETOF city.shown_place LANGUAGE sql STABLE
BEGIN ATOMIC
    -- The middle of the grid is where a whole grid's matter stands; a door without coordinates stands nowhere.
    SELECT p.dwelling, p.grid, p.district, p.address,
        CASE WHEN starts_with(p.dwelling, 'grid/') THEN area.lon ELSE p.lon END,
        CASE WHEN starts_with(p.dwelling, 'grid/') THEN area.lat ELSE p.lat END,
        ARRAY[street.name_zh, community.name_zh, area.name_zh], ARRAY[street.name_en, community.name_en, area.name_en]
    FROM city.placement p
    LEFT JOIN city.grid_area street ON street.grid = left(p.grid, 9)
    LEFT JOIN city.grid_area community ON community.grid = left(p.grid, 12)
    LEFT JOIN city.grid_area area ON area.grid = p.grid
    WHERE p.dwelling = its_dwelling AND p.dwelling <> '';
END;

-- Why who may look at a person. An account that is limited to domains handles its cases, and nothing else.
CREATE TABLE city.purpose (
    role text NOT NULL,
    name text NOT NULL,
    of_limited boolean NOT NULL,  -- also of accounts that are limited to domains
    names_case boolean NOT NULL,  -- it must say which case, and the row must be concerned by it
    position integer NOT NULL,
    PRIMARY KEY (role, name)
);
INSERT INTO city.purpose VALUES
    ('grid_worker', 'handle_case', true, true, 1), ('grid_worker', 'verify_fact', false, false, 2),
    ('grid_worker', 'answer_citizen', false, false, 3),
    ('command_centre', 'handle_case', true, true, 1), ('command_centre', 'verify_fact', false, false, 2),
    ('command_centre', 'answer_citizen', false, false, 3), ('command_centre', 'supervise', false, false, 4);
GRANT SELECT ON city.purpose TO citygrid_reader;

CREATE FUNCTION city.my_purposes() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT p.name FROM city.purpose p JOIN city.me() m ON p.role = m.role WHERE m.domains IS NULL OR p.of_limited ORDER BY p.position;
END;

CREATE FUNCTION city.concerned(its_case uuid, its_view text, its_key text, its_dwelling text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE about city.alert; named boolean;
BEGIN
    SELECT * INTO about FROM city.alert a WHERE a.finding_id = its_case;
    IF about.finding_id IS NULL THEN RETURN false; END IF;
    IF (about.view, about.subject) = (its_view, its_key) OR (its_view = 'household' AND about.household = its_key)
        OR (about.dwelling <> '' AND about.dwelling = its_dwelling)
    THEN
        RETURN true;
    END IF;
    -- or the row that the case is about, or that of its door, names it: a tenant, a legal representative
    EXECUTE format('SELECT EXISTS (SELECT FROM city.%I WHERE id = $1 AND strpos(row::text, $2) > 0)
        OR EXISTS (SELECT FROM city.dwelling WHERE id = $3 AND strpos(row::text, $2) > 0)', about.view)
    INTO named USING about.subject, to_jsonb(its_key)::text, about.dwelling;
    RETURN named;
END $$;
COMMENT ON FUNCTION city.concerned IS 'Whether this case, which the caller must see, is about this row or about who or what the row is of.';

CREATE FUNCTION city.read_rows(its_view text, its_keys text[], its_purpose text DEFAULT NULL, its_case uuid DEFAULT NULL)
RETURNS TABLE (id text, version bigint, updated_at timestamptz, "row" jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE rule city.purpose; who record := city.caller(); shown text[] := '{}'; dwelling text;
BEGIN
    IF cardinality(its_keys) > 200 THEN RAISE EXCEPTION 'At most 200 rows at once.' USING ERRCODE = 'CG422'; END IF;
    IF its_purpose IS NOT NULL THEN
        SELECT p.* INTO rule FROM city.purpose p
        WHERE p.role = who.role AND p.name = its_purpose AND (who.domains IS NULL OR p.of_limited);
        IF rule.name IS NULL AND EXISTS (SELECT FROM city.purpose p WHERE p.role = who.role) THEN
            RAISE EXCEPTION 'This account may not look for the purpose %.', its_purpose USING ERRCODE = 'CG403';
        END IF;
        IF rule.names_case AND its_case IS NULL THEN
            RAISE EXCEPTION 'The purpose % names a case.', its_purpose USING ERRCODE = 'CG422';
        END IF;
    END IF;
    IF EXISTS (SELECT FROM city.generation g WHERE g.view = its_view) THEN
        FOR id, dwelling, version, updated_at, "row" IN EXECUTE format(
            'SELECT id, dwelling, version, updated_at, row FROM city.%I WHERE id = ANY ($1)', its_view) USING its_keys
        LOOP
            IF NOT rule.names_case OR rule.names_case IS NULL OR city.concerned(its_case, its_view, id, dwelling) THEN
                shown := shown || id;
                RETURN NEXT;
            END IF;
        END LOOP;
    END IF;
    PERFORM city.looked(its_view, shown, coalesce(its_purpose, 'list'), its_case);
    PERFORM city.looked(its_view, ARRAY(SELECT k FROM unnest(its_keys) k WHERE k <> ALL (shown)), coalesce(its_purpose, 'list'), its_case, false);
END $$;
COMMENT ON FUNCTION city.read_rows IS
    'Rows of a view by their keys; recorded, found or not. CG403: not a purpose of this account; CG422: the purpose names a case.';

CREATE FUNCTION city.looks(its_view text, its_key text, most integer) RETURNS TABLE (at timestamptz, account text, role text, purpose text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who record := city.caller(); centre boolean := who.role = 'command_centre';
BEGIN
    RETURN QUERY SELECT * FROM audit.looks_at(its_view, its_key, who.account, CASE WHEN centre THEN city.sees_from() END,
        CASE WHEN centre THEN city.sees_until() END, who.role = 'admin', least(most, 200));
END $$;
COMMENT ON FUNCTION city.looks IS 'The newest looks at a row: one''s own; for a command centre those of its area''s accounts, for an administrator all.';

-- -- alerts

CREATE TYPE city.shown_alert AS (
    finding_id uuid, rule text, rule_version integer, state text, unknown boolean, view text, subject text, severity text, why_zh text, why_en text,
    dwelling text, household text, opened_at timestamptz, changed_at timestamptz, respond_by timestamptz, cause text, because jsonb,
    resolution_zh text, resolution_en text,
    placed text, grid text, district text, address text, lon float8, lat float8, names_zh text[], names_en text[],
    task_id uuid, task_state text, task_queue text, task_outcome text, task_respond_by timestamptz, task_dispatched_at timestamptz, rank integer);

CREATE FUNCTION city.show_alerts(ids uuid[]) RETURNS SETOF city.shown_alert LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
BEGIN ATOMIC
    SELECT a.finding_id, a.rule, a.rule_version, a.state, a.unknown, a.view, a.subject, a.severity, a.why_zh, a.why_en,
        -- what concerns a whole grid or district has a place and no door that one could look up or scan
        nullif(regexp_replace(a.dwelling, '^(grid|district)/[0-9]+$', ''), ''), a.household, a.opened_at, a.changed_at, a.respond_by,
        a.cause, a.because, a.resolution_zh, a.resolution_en, p.*,
        t.id, t.state, t.queue, t.outcome, t.respond_by, t.dispatched_at, (a.domain <> 'sos')::integer
    FROM city.alert a
    LEFT JOIN LATERAL city.show_place(a.dwelling) p ON true
    LEFT JOIN LATERAL (SELECT * FROM city.task WHERE finding_id = a.finding_id ORDER BY dispatched_at DESC, id DESC LIMIT 1) t ON true
    WHERE a.finding_id = ANY (ids) ORDER BY array_position(ids, a.finding_id);
END;
COMMENT ON FUNCTION city.show_alerts IS 'These alerts, in this order, each with its place and its newest task, as far as the caller sees them.';

-- `wanted`: state, rule, severity, area, department, due_from, due_until, opened_from, assignee.
CREATE FUNCTION city.alerts_where(wanted jsonb, scope text) RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN concat_ws(' AND ', 'NOT deleted', city.in_area('place', wanted ->> 'area', scope),
        CASE coalesce(wanted ->> 'state', 'open') WHEN 'open' THEN 'state = ''opened''' WHEN 'opened' THEN 'state = ''opened'''
            WHEN 'resolved' THEN 'state = ''resolved''' WHEN 'held' THEN 'state = ''held'' AND NOT unknown'
            WHEN 'unknown' THEN 'unknown AND state <> ''resolved''' WHEN 'any' THEN 'state <> ''held''' ELSE 'false' END,
        CASE WHEN wanted ? 'rule' THEN 'rule = $1 ->> ''rule''' END,
        CASE WHEN wanted ? 'severity' THEN 'severity = $1 ->> ''severity''' END,
        CASE WHEN wanted ? 'department' THEN 'because @> jsonb_build_array(jsonb_build_object(''department'', $1 ->> ''department''))' END,
        CASE WHEN wanted ? 'due_from' THEN 'respond_by >= ($1 ->> ''due_from'')::timestamptz' END,
        CASE WHEN wanted ? 'due_until' THEN 'respond_by < ($1 ->> ''due_until'')::timestamptz' END,
        CASE WHEN wanted ? 'opened_from' THEN 'opened_at > ($1 ->> ''opened_from'')::timestamptz' END,
        CASE WHEN wanted ? 'assignee' THEN 'EXISTS (SELECT FROM city.task t WHERE t.finding_id = a.finding_id
            AND t.state IN (''dispatched'', ''acknowledged'', ''suspended'') AND t.claimed_by = ($1 ->> ''assignee'')::uuid)' END);
END $$;

CREATE FUNCTION city.list_alerts(wanted jsonb, most integer, after_rank integer DEFAULT NULL, after_time timestamptz DEFAULT NULL, after_id uuid DEFAULT NULL)
RETURNS SETOF city.shown_alert LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_sort = on AS $$
DECLARE who record := city.caller(); page uuid[]; over boolean := coalesce(wanted ->> 'state', '') IN ('resolved', 'held');
BEGIN
    PERFORM city.read_in_order(wanted, who.scope);
    EXECUTE format('SELECT ARRAY(SELECT finding_id FROM city.alert a WHERE %s %s ORDER BY %s LIMIT $2)', city.alerts_where(wanted, who.scope),
        CASE WHEN after_id IS NULL THEN '' WHEN over THEN 'AND (changed_at, finding_id) < ($4, $5)'
            ELSE 'AND ((domain <> ''sos''), coalesce(respond_by, ''infinity''), finding_id) > ($3 = 1, $4, $5)' END,
        CASE WHEN over THEN 'changed_at DESC, finding_id DESC' ELSE '(domain <> ''sos''), coalesce(respond_by, ''infinity''), finding_id' END)
    INTO page USING wanted, least(most, 201), after_rank, after_time, after_id;
    PERFORM city.looked('alert', page::text[]);
    RETURN QUERY SELECT * FROM city.show_alerts(page);
END $$;
COMMENT ON FUNCTION city.list_alerts IS
    'A page of alerts: calls for help first, then what is due first; those that are over, newest first. After: rank, time and id of the last.';

CREATE FUNCTION city.count_alerts(wanted jsonb) RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who record := city.caller(); counted bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM city.alert a WHERE %s', city.alerts_where(wanted, who.scope)) INTO counted USING wanted;
    RETURN counted;
END $$;
COMMENT ON FUNCTION city.count_alerts IS 'How many alerts city.list_alerts would list.';

CREATE FUNCTION city.read_alerts(ids uuid[]) RETURNS SETOF city.shown_alert LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE shown uuid[] := '{}'; one city.shown_alert;
BEGIN
    PERFORM city.caller();
    FOR one IN SELECT * FROM city.show_alerts(ids[1:200]) LOOP
        shown := shown || one.finding_id;
        RETURN NEXT one;
    END LOOP;
    PERFORM city.looked('alert', shown::text[]);
    PERFORM city.looked('alert', ARRAY(SELECT i::text FROM unnest(ids[1:200]) i WHERE i <> ALL (shown)), was_found => false);
END $$;
COMMENT ON FUNCTION city.read_alerts IS 'Alerts by their ids: a case, or what a stream tells of. Recorded, found or not.';

-- -- tasks

CREATE TYPE city.shown_task AS (
    id uuid, finding_id uuid, rule text, queue text, state text, suspended_from text, claimed_by uuid, severity text, respond_by timestamptz,
    dispatched_at timestamptz, acknowledged_at timestamptz, finished_at timestamptz, seen_at timestamptz, outcome text, note text, checks jsonb, closed_zh text,
    closed_en text, dwelling text, why_zh text, why_en text, unknown boolean, claimed_name text, outcome_before text, moves text[],
    placed text, grid text, district text, address text, lon float8, lat float8, names_zh text[], names_en text[], rank integer);

CREATE FUNCTION city.show_tasks(ids uuid[]) RETURNS SETOF city.shown_task LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
BEGIN ATOMIC
    SELECT t.id, t.finding_id, t.rule, t.queue, t.state, t.suspended_from, t.claimed_by, t.severity, t.respond_by, t.dispatched_at,
        t.acknowledged_at, t.finished_at, t.seen_at, t.outcome, t.note, t.checks, t.closed_zh, t.closed_en,
        nullif(regexp_replace(t.dwelling, '^(grid|district)/[0-9]+$', ''), ''), a.why_zh, a.why_en, a.unknown, c.name, t.outcome_before,
        ARRAY(SELECT l.move FROM city.legal_moves(t, (SELECT city.my_account()), (SELECT city.my_role())) l), p.*, (t.domain <> 'sos')::integer
    FROM city.task t
    LEFT JOIN city.alert a ON a.finding_id = t.finding_id
    LEFT JOIN city.account c ON c.id = t.claimed_by
    LEFT JOIN LATERAL city.show_place(t.dwelling) p ON true
    WHERE t.id = ANY (ids) ORDER BY array_position(ids, t.id);
END;
COMMENT ON FUNCTION city.show_tasks IS 'These tasks, in this order, each with its place and the caller''s legal moves, as far as the caller sees them.';

-- `wanted`: state, rule, severity, area, due_from, due_until, mine, assignee, unassigned.
CREATE FUNCTION city.tasks_where(wanted jsonb, scope text) RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN concat_ws(' AND ', city.in_area('queue', wanted ->> 'area', scope),
        CASE coalesce(wanted ->> 'state', 'open') WHEN 'open' THEN 'state IN (''dispatched'', ''acknowledged'', ''suspended'')'
            WHEN 'running' THEN 'state IN (''dispatched'', ''acknowledged'')' -- the clock of a suspended one stands still
            ELSE format('state = %L', wanted ->> 'state') END,
        CASE WHEN wanted ? 'rule' THEN 'rule = $1 ->> ''rule''' END,
        CASE WHEN wanted ? 'severity' THEN 'severity = $1 ->> ''severity''' END,
        CASE WHEN wanted ? 'due_from' THEN 'respond_by >= ($1 ->> ''due_from'')::timestamptz' END,
        CASE WHEN wanted ? 'due_until' THEN 'respond_by < ($1 ->> ''due_until'')::timestamptz' END,
        CASE WHEN wanted ? 'mine' THEN 'claimed_by = city.my_account()' END,
        CASE WHEN wanted ? 'assignee' THEN 'claimed_by = ($1 ->> ''assignee'')::uuid' END,
        CASE WHEN wanted ? 'unassigned' THEN 'claimed_by IS NULL AND state = ''dispatched'' AND length(queue) < 15' END);
END $$;

CREATE FUNCTION city.list_tasks(wanted jsonb, most integer, after_rank integer DEFAULT NULL, after_time timestamptz DEFAULT NULL, after_id uuid DEFAULT NULL)
RETURNS SETOF city.shown_task LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_sort = on AS $$
DECLARE who record := city.caller(); page uuid[]; over boolean := coalesce(wanted ->> 'state', '') IN ('completed', 'closed');
BEGIN
    PERFORM city.read_in_order(wanted, who.scope);
    EXECUTE format('SELECT ARRAY(SELECT id FROM city.task t WHERE %s %s ORDER BY %s LIMIT $2)', city.tasks_where(wanted, who.scope),
        CASE WHEN after_id IS NULL THEN '' WHEN over THEN 'AND (finished_at, id) < ($4, $5)'
            ELSE 'AND ((domain <> ''sos''), coalesce(respond_by, ''infinity''), id) > ($3 = 1, $4, $5)' END,
        CASE WHEN over THEN 'finished_at DESC, id DESC' ELSE '(domain <> ''sos''), coalesce(respond_by, ''infinity''), id' END)
    INTO page USING wanted, least(most, 201), after_rank, after_time, after_id;
    PERFORM city.looked('task', page::text[]);
    RETURN QUERY SELECT * FROM city.show_tasks(page);
END $$;
COMMENT ON FUNCTION city.list_tasks IS
    'A page of tasks: calls for help first, then what is due first; finished ones, newest first. After: rank, time and id of the last.';

CREATE FUNCTION city.count_tasks(wanted jsonb) RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who record := city.caller(); counted bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM city.task t WHERE %s', city.tasks_where(wanted, who.scope)) INTO counted USING wanted;
    RETURN counted;
END $$;
COMMENT ON FUNCTION city.count_tasks IS 'How many tasks city.list_tasks would list.';

CREATE FUNCTION city.read_tasks(ids uuid[]) RETURNS SETOF city.shown_task LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE shown uuid[] := '{}'; one city.shown_task;
BEGIN
    PERFORM city.caller();
    FOR one IN SELECT * FROM city.show_tasks(ids[1:200]) LOOP
        shown := shown || one.id;
        RETURN NEXT one;
    END LOOP;
    PERFORM city.looked('task', shown::text[]);
    PERFORM city.looked('task', ARRAY(SELECT i::text FROM unnest(ids[1:200]) i WHERE i <> ALL (shown)), was_found => false);
END $$;
COMMENT ON FUNCTION city.read_tasks IS 'Tasks by their ids. Recorded, found or not.';

CREATE FUNCTION city.tasks_of(finding uuid) RETURNS SETOF city.shown_task LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT r.* FROM city.read_tasks(ARRAY(
        SELECT t.id FROM city.task t WHERE t.finding_id = finding ORDER BY t.dispatched_at DESC, t.id LIMIT 50)) r;
END $$;
COMMENT ON FUNCTION city.tasks_of IS 'The tasks of a finding, newest first.';

CREATE FUNCTION city.timeline_of(finding uuid) RETURNS TABLE (at timestamptz, kind text, by text, note text, happened_at timestamptz,
    outcome text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT e.at, e.move, e.actor_name, e.reason, e.happened_at, e.outcome
        FROM city.task t JOIN city.task_event e ON e.task = t.id
        WHERE t.finding_id = finding ORDER BY e.at, e.task, e.number LIMIT 500;
END $$;
COMMENT ON FUNCTION city.timeline_of IS 'What was done about a finding, as far as the caller sees its tasks; part of the case''s look.';

-- -- one glance

CREATE FUNCTION city.summary(zone text)
RETURNS TABLE (open bigint, urgent bigint, unknown bigint, opened_last_hour bigint, due_today bigint, overdue bigint, waiting_for_assignment bigint,
    mean_acknowledge_seconds float8, workers_on_duty bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE tomorrow timestamptz := (date_trunc('day', now() AT TIME ZONE zone) + interval '1 day') AT TIME ZONE zone;
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT city.count_alerts('{"state": "open"}'), city.count_alerts('{"state": "open", "severity": "urgent"}'),
        city.count_alerts('{"state": "unknown"}'),
        city.count_alerts(jsonb_build_object('state', 'any', 'opened_from', now() - interval '1 hour')),
        city.count_tasks(jsonb_build_object('state', 'running', 'due_from', now(), 'due_until', tomorrow)),
        city.count_tasks(jsonb_build_object('state', 'running', 'due_until', now())),
        city.count_tasks('{"unassigned": true}'),
        (SELECT extract(epoch FROM avg(t.acknowledged_at - t.dispatched_at))::float8 FROM city.task t
         WHERE t.acknowledged_at > now() - interval '24 hours'),
        city.workers_on_duty();
END $$;
COMMENT ON FUNCTION city.summary IS 'The head line; each number is the count of the list that it opens.';

CREATE FUNCTION city.map_areas(parent text) RETURNS TABLE (grid text, name_zh text, name_en text, geometry jsonb, open bigint, urgent bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE depth integer := CASE parent WHEN '' THEN 6 ELSE length(parent) + 3 END;
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT g.grid, g.name_zh, g.name_en, g.geometry, coalesce(c.open, 0), coalesce(c.urgent, 0)
        FROM city.grid_area g LEFT JOIN (
            SELECT left(a.place, depth) AS area, count(*) AS open, count(*) FILTER (WHERE a.severity = 'urgent') AS urgent FROM city.alert a
            WHERE a.state = 'opened' AND NOT a.deleted AND a.place >= map_areas.parent AND a.place < map_areas.parent || 'z' GROUP BY 1
        ) c ON c.area = g.grid
        WHERE g.parent = map_areas.parent ORDER BY g.grid LIMIT 1000;
END $$;
COMMENT ON FUNCTION city.map_areas IS 'Every area of the next level, whether anything is open there or not.';

CREATE FUNCTION city.map_alerts(wanted jsonb) RETURNS TABLE (finding_id uuid, rule text, severity text, lon float8, lat float8)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_sort = on AS $$
DECLARE who record := city.caller(); page uuid[];
BEGIN
    PERFORM city.read_in_order(wanted, who.scope);
    EXECUTE format('SELECT ARRAY(SELECT finding_id FROM city.alert a WHERE %s
        ORDER BY (domain <> ''sos''), coalesce(respond_by, ''infinity''), finding_id LIMIT 1000)', city.alerts_where(wanted, who.scope))
    INTO page USING wanted;
    PERFORM city.looked('alert', page::text[]);
    RETURN QUERY SELECT a.finding_id, a.rule, a.severity, p.lon, p.lat
        FROM city.alert a, LATERAL city.show_place(a.dwelling) p
        WHERE a.finding_id = ANY (page) AND p.lon IS NOT NULL AND p.lat IS NOT NULL ORDER BY array_position(page, a.finding_id);
END $$;
COMMENT ON FUNCTION city.map_alerts IS 'At most 1,000 alerts of the list of the same filters that lie somewhere.';

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

CREATE FUNCTION city.my_area() RETURNS TABLE (grid text, name_zh text, name_en text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC SELECT g.grid, g.name_zh, g.name_en FROM city.me() m JOIN city.grid_area g ON g.grid = m.scope; END;

-- -- the stream

CREATE FUNCTION city.feed_lines(after bigint, until bigint, most integer) RETURNS TABLE ("position" bigint, kind text, key text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT f.position, f.kind, f.key FROM city.feed f
        WHERE f.position > after AND f.position <= until ORDER BY f.position LIMIT least(most, 1000);
END $$;
COMMENT ON FUNCTION city.feed_lines IS 'Lines of the caller''s area between two that were read, in their order.';

CREATE FUNCTION city.feed_start(OUT now_at bigint, OUT oldest bigint) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    now_at := city.feed_now();
    oldest := city.feed_oldest();
END $$;
COMMENT ON FUNCTION city.feed_start IS 'Where a stream that begins now begins, and the oldest line that is kept.';

-- -- whose they are, and who may call them

GRANT CREATE ON SCHEMA city TO citygrid_reader;
DO $$
DECLARE one regprocedure; of_api CONSTANT name[] := ARRAY['my_purposes', 'read_rows', 'looks', 'list_alerts', 'count_alerts', 'read_alerts',
    'list_tasks', 'count_tasks', 'read_tasks', 'tasks_of', 'timeline_of', 'summary', 'map_areas', 'map_alerts', 'alerts_by_rule', 'acknowledging',
    'freshness_now', 'my_area', 'feed_lines', 'feed_start'];
BEGIN
    FOR one IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'city'::regnamespace AND p.proname = ANY (of_api) LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO citygrid_api', one);
    END LOOP;
    FOR one IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'city'::regnamespace AND (p.proname = ANY (of_api)
        OR p.proname IN ('caller', 'looked', 'read_in_order', 'in_area', 'show_place', 'concerned', 'show_alerts', 'alerts_where', 'show_tasks', 'tasks_where'))
    LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO citygrid_reader', one);
    END LOOP;
END $$;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
