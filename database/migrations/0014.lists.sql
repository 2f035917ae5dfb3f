-- depends: 0013.key_day
-- Lists, head, map and charts as the pages ask for them: docs/decisions/0033-lists.md. A list is sorted by the deadline that it
-- shows, which is that of the finding's task where it has one; whatever counts, counts what a list of the same filters lists.

-- -- an alert knows its deadline

ALTER TABLE city.alert ADD COLUMN due timestamptz;
COMMENT ON COLUMN city.alert.due IS 'When somebody must have answered: the deadline of its newest task, else respond_by. NULL: never.';
DO $$ BEGIN PERFORM city.keep_no_statistics('city.alert'); END $$;

-- A move may write the deadline of an alert and nothing else of it (city.keep_due): alerts change by the sinks.
DROP POLICY held ON city.alert;
CREATE POLICY held ON city.alert FOR UPDATE TO citygrid_owner USING (true);
UPDATE city.alert a SET due = coalesce((SELECT t.respond_by FROM city.task t WHERE t.finding_id = a.finding_id
    AND t.state IN ('dispatched', 'acknowledged', 'suspended')), a.respond_by);

CREATE FUNCTION city.keep_due() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE city.alert a SET due = new.respond_by WHERE a.finding_id = new.finding_id;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION city.keep_due IS 'The alert of a task is due when the task is; whoever moves the deadline holds the alert (city.hold_finding).';
CREATE TRIGGER follows AFTER INSERT ON city.task FOR EACH ROW EXECUTE FUNCTION city.keep_due();
CREATE TRIGGER moves AFTER UPDATE OF respond_by ON city.task FOR EACH ROW WHEN (new.respond_by IS DISTINCT FROM old.respond_by)
    EXECUTE FUNCTION city.keep_due();

CREATE FUNCTION city.hold_finding(its_task uuid) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM city.placement p WHERE p.dwelling = (SELECT t.dwelling FROM city.task t WHERE t.id = its_task) FOR SHARE;
    PERFORM FROM city.alert a WHERE a.finding_id = (SELECT t.finding_id FROM city.task t WHERE t.id = its_task) FOR NO KEY UPDATE;
END $$;
COMMENT ON FUNCTION city.hold_finding IS
    'Place and alert before the task, as the sinks lock them: no follow-up for a finding that is resolved meanwhile, none into the queue of a '
    'place that is left meanwhile, and no two that move a deadline wait for each other.';

CREATE OR REPLACE FUNCTION city.act(its_id uuid, its_move text, because text DEFAULT NULL, detail jsonb DEFAULT '{}', request_id uuid DEFAULT NULL)
RETURNS city.task LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me uuid := city.my_account();
BEGIN
    -- Not there and not yours to see are one answer. A tablet that sends a hand-over again no longer sees the task.
    IF me IS NULL OR NOT EXISTS (
        SELECT FROM city.task t WHERE t.id = its_id
            AND t.queue >= city.sees_from() AND t.queue < city.sees_until()
            AND t.domain = ANY (coalesce(city.sees_domains(), ARRAY[t.domain])))
        AND NOT EXISTS (SELECT FROM city.task_event e WHERE e.task = its_id AND e.request = request_id AND e.actor = me AND e.move = its_move)
    THEN
        RAISE EXCEPTION 'There is no such task.' USING ERRCODE = 'CG404';
    END IF;
    IF its_move = 'resume' OR (its_move = 'complete' AND detail ->> 'outcome' IN ('nobody_home', 'refused')) THEN
        PERFORM city.hold_finding(its_id);
    END IF;
    RETURN city.move_task(its_id, its_move, me, because, detail, request_id);
END $$;

CREATE OR REPLACE FUNCTION city.visit(its_id uuid, seen jsonb, stated timestamptz DEFAULT NULL, request_id uuid DEFAULT NULL,
    OUT kept_as text, OUT because text, OUT seen_at timestamptz, OUT sent_at timestamptz, OUT bound text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me record; its city.task; event city.task_event;
BEGIN
    SELECT m.* INTO me FROM city.me() m;
    IF me.role IS DISTINCT FROM 'grid_worker' THEN -- was not there, and may only do what is legal
        PERFORM city.act(its_id, 'complete', NULL, seen || jsonb_build_object('seen_at', stated), request_id);
    END IF;
    -- It need not be in his queue any more: it was, or he acted on it. Before the lock: nobody waits for what he may not see.
    IF NOT EXISTS (
        SELECT FROM city.task t WHERE t.id = its_id AND t.domain = ANY (coalesce(me.domains, ARRAY[t.domain]))
            AND (t.queue >= me.scope AND t.queue < me.scope || 'z' OR EXISTS (
                SELECT FROM city.task_event e WHERE e.task = t.id
                    AND (e.actor = me.account OR e.queue >= me.scope AND e.queue < me.scope || 'z'))))
    THEN
        RAISE EXCEPTION 'There is no such task.' USING ERRCODE = 'CG404';
    END IF;
    IF coalesce(seen ->> 'outcome', '') = '' THEN
        RAISE EXCEPTION 'To complete a task, say its outcome.' USING ERRCODE = 'CG422';
    END IF;
    IF seen ->> 'outcome' IN ('nobody_home', 'refused') THEN
        PERFORM city.hold_finding(its_id);
    END IF;
    SELECT * INTO its FROM city.task t WHERE t.id = its_id FOR UPDATE;
    SELECT * INTO event FROM city.task_event e
    WHERE e.task = its_id AND e.actor = me.account AND e.move IN ('complete', 'observe')
        AND (e.request = request_id OR me.role <> 'grid_worker') -- sent again, or done above
    ORDER BY e.number DESC LIMIT 1;
    IF event.task IS NULL AND EXISTS (SELECT FROM city.legal_moves(its, me.account, me.role) l WHERE l.move = 'complete') THEN
        PERFORM city.move_task(its_id, 'complete', me.account, NULL, seen || jsonb_build_object('seen_at', stated), request_id);
        SELECT * INTO event FROM city.task_event e WHERE e.task = its_id ORDER BY e.number DESC LIMIT 1;
    ELSIF event.task IS NULL THEN
        event := city.observe(its, me.account, CASE
            WHEN its.state IN ('completed', 'closed') THEN its.state
            WHEN its.claimed_by <> me.account THEN 'taken_over'
            WHEN NOT (its.queue >= me.scope AND its.queue < me.scope || 'z') THEN 'handed_over'
            WHEN its.state = 'suspended' THEN 'suspended'
            ELSE 'not_acknowledged' END, seen, stated, request_id);
    END IF;
    kept_as := CASE event.move WHEN 'complete' THEN 'completion' ELSE 'observation' END;
    because := (SELECT o.because FROM city.observation o WHERE (o.task, o.number) = (event.task, event.number));
    seen_at := event.happened_at;
    sent_at := event.at;
    bound := (city.time_of_visit(event.stated_at, its.dispatched_at, event.at)).bound;
END $$;

-- -- indexes in the orders of the lists

DROP INDEX city.alert_due, city.alert_due_in_district, city.alert_opened;
CREATE INDEX alert_due ON city.alert ((domain <> 'sos'), (coalesce(due, 'infinity')), finding_id) WHERE state = 'opened' AND NOT deleted;
CREATE INDEX alert_due_in_district ON city.alert (district, (domain <> 'sos'), (coalesce(due, 'infinity')), finding_id)
    WHERE state = 'opened' AND NOT deleted;
CREATE INDEX alert_opened ON city.alert (opened_at, finding_id) WHERE state <> 'held' AND NOT deleted;
CREATE INDEX alert_opened_in_district ON city.alert (district, opened_at, finding_id) WHERE state <> 'held' AND NOT deleted;
-- What a rule has found, of those that are over: the one filter of history that may leave almost nothing.
CREATE INDEX alert_changed_of_rule ON city.alert (rule, changed_at, finding_id) WHERE state <> 'opened' AND NOT deleted;
CREATE INDEX alert_changed_of_rule_in_district ON city.alert (district, rule, changed_at, finding_id) WHERE state <> 'opened' AND NOT deleted;
-- Few or all of history, as the city went live late or early.
CREATE INDEX alert_held ON city.alert (changed_at, finding_id) WHERE state = 'held' AND NOT deleted;
CREATE INDEX alert_held_in_district ON city.alert (district, changed_at, finding_id) WHERE state = 'held' AND NOT deleted;
CREATE INDEX task_waiting ON city.task (queue) WHERE state = 'dispatched' AND claimed_by IS NULL AND length(queue) < 15;
CREATE INDEX task_finished_by ON city.task (claimed_by, finished_at, id) WHERE state IN ('completed', 'closed');

-- -- alerts

DROP FUNCTION city.show_alerts, city.alerts_where, city.list_alerts, city.count_alerts, city.map_areas, city.map_alerts, city.summary,
    city.tasks_where;
ALTER TYPE city.shown_alert ADD ATTRIBUTE due timestamptz, ADD ATTRIBUTE task_claimed_by text;

CREATE FUNCTION city.show_alerts(ids uuid[]) RETURNS SETOF city.shown_alert LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
BEGIN ATOMIC
    SELECT a.finding_id, a.rule, a.rule_version, a.state, a.unknown, a.view, a.subject, a.severity, a.why_zh, a.why_en,
        -- what concerns a whole grid or district has a place and no door that one could look up or scan
        nullif(regexp_replace(a.dwelling, '^(grid|district)/[0-9]+$', ''), ''), a.household, a.opened_at, a.changed_at, a.respond_by,
        a.cause, a.because, a.resolution_zh, a.resolution_en, p.*,
        t.id, t.state, t.queue, t.outcome, t.respond_by, t.dispatched_at, (a.domain <> 'sos')::integer, a.due, c.name
    FROM city.alert a
    LEFT JOIN LATERAL city.show_place(a.dwelling) p ON true
    LEFT JOIN LATERAL (SELECT * FROM city.task WHERE finding_id = a.finding_id ORDER BY dispatched_at DESC, id DESC LIMIT 1) t ON true
    LEFT JOIN city.account c ON c.id = t.claimed_by
    WHERE a.finding_id = ANY (ids) ORDER BY array_position(ids, a.finding_id);
END;
COMMENT ON FUNCTION city.show_alerts IS 'These alerts, in this order, each with its place and its newest task, as far as the caller sees them.';

CREATE FUNCTION city.due_where(column_name text, wanted jsonb) RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE tomorrow timestamptz := (date_trunc('day', now() AT TIME ZONE (wanted ->> 'zone')) + interval '1 day') AT TIME ZONE (wanted ->> 'zone');
BEGIN
    RETURN concat_ws(' AND ',
        CASE wanted ->> 'due' WHEN 'overdue' THEN format('coalesce(%I, ''infinity'') < %L::timestamptz', column_name, now())
            WHEN 'today' THEN format('coalesce(%1$I, ''infinity'') >= %2$L::timestamptz AND coalesce(%1$I, ''infinity'') < %3$L::timestamptz',
                column_name, now(), tomorrow)
            WHEN 'later' THEN format('coalesce(%I, ''infinity'') >= %L::timestamptz', column_name, tomorrow) END,
        CASE WHEN wanted ? 'due_from' THEN format('%I >= ($1 ->> ''due_from'')::timestamptz', column_name) END,
        CASE WHEN wanted ? 'due_until' THEN format('%I < ($1 ->> ''due_until'')::timestamptz', column_name) END);
END $$;
COMMENT ON FUNCTION city.due_where IS 'What is overdue, due for the rest of the day of `zone`, or later, by the clock of the database.';

-- `wanted`: state, rule, severity, area, department, due (overdue, today, later; zone), due_from, due_until, opened_from; and of its open task:
-- task (open, running, waiting, dispatched, acknowledged, suspended), assignee.
CREATE FUNCTION city.alerts_where(wanted jsonb, scope text) RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN concat_ws(' AND ', 'NOT deleted', city.in_area('place', wanted ->> 'area', scope),
        CASE coalesce(wanted ->> 'state', 'open') WHEN 'open' THEN 'state = ''opened''' WHEN 'opened' THEN 'state = ''opened'''
            WHEN 'resolved' THEN 'state = ''resolved''' WHEN 'held' THEN 'state = ''held'' AND NOT unknown'
            WHEN 'unknown' THEN 'unknown AND state <> ''resolved''' WHEN 'any' THEN 'state <> ''held''' ELSE 'false' END,
        -- below a district by the place alone: without statistics the rule looks as good
        CASE WHEN wanted ? 'rule' THEN CASE WHEN greatest(length(wanted ->> 'area'), length(scope)) > 6 THEN '(rule || '''')' ELSE 'rule' END
            || ' = $1 ->> ''rule''' END,
        CASE WHEN wanted ? 'severity' THEN 'severity = $1 ->> ''severity''' END,
        CASE WHEN wanted ? 'department' THEN 'because @> jsonb_build_array(jsonb_build_object(''department'', $1 ->> ''department''))' END,
        nullif(city.due_where('due', wanted), ''),
        CASE WHEN wanted ? 'opened_from' THEN 'opened_at > ($1 ->> ''opened_from'')::timestamptz' END,
        CASE
            -- few tasks: they are looked up first, and not one for each alert
            WHEN wanted ? 'assignee' OR wanted ->> 'task' = 'waiting' THEN format('finding_id = ANY (ARRAY(SELECT t.finding_id FROM city.task t WHERE %s))',
                concat_ws(' AND ', city.task_state_where(coalesce(wanted ->> 'task', 'open')),
                    CASE WHEN wanted ? 'assignee' THEN 't.claimed_by = ($1 ->> ''assignee'')::uuid' END))
            WHEN wanted ? 'task' THEN format('EXISTS (SELECT FROM city.task t WHERE t.finding_id = a.finding_id AND %s)',
                city.task_state_where(wanted ->> 'task')) END);
END $$;

CREATE FUNCTION city.task_state_where(wanted text) RETURNS text LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT CASE wanted WHEN 'open' THEN 't.state IN (''dispatched'', ''acknowledged'', ''suspended'')'
        -- the clock of a suspended one stands still; the first condition is the index's
        WHEN 'running' THEN 't.state IN (''dispatched'', ''acknowledged'', ''suspended'') AND t.state <> ''suspended'''
        WHEN 'waiting' THEN 't.state = ''dispatched'' AND t.claimed_by IS NULL AND length(t.queue) < 15'
        ELSE format('t.state IN (''dispatched'', ''acknowledged'', ''suspended'', ''completed'', ''closed'') AND t.state = %L', wanted) END;
END;

CREATE FUNCTION city.alerts_by(wanted jsonb) RETURNS text LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT CASE WHEN wanted ->> 'state' IN ('resolved', 'held') THEN 'changed_at' WHEN wanted ->> 'state' = 'any' THEN 'opened_at' ELSE 'due' END;
END;
COMMENT ON FUNCTION city.alerts_by IS 'By what a list is sorted: what is over, by when it changed; whatever ever opened, by when; else by what is due first.';

CREATE FUNCTION city.list_alerts(wanted jsonb, most integer, after_rank integer DEFAULT NULL, after_time timestamptz DEFAULT NULL, after_id uuid DEFAULT NULL)
RETURNS SETOF city.shown_alert LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_sort = on AS $$
DECLARE who record := city.caller(); page uuid[]; sorted_by text := city.alerts_by(wanted);
BEGIN
    PERFORM city.read_in_order(wanted, who.scope);
    EXECUTE format('SELECT ARRAY(SELECT finding_id FROM city.alert a WHERE %s %s ORDER BY %s LIMIT $2)', city.alerts_where(wanted, who.scope),
        CASE WHEN after_id IS NULL THEN '' WHEN sorted_by <> 'due' THEN format('AND (%I, finding_id) < ($4, $5)', sorted_by)
            ELSE 'AND ((domain <> ''sos''), coalesce(due, ''infinity''), finding_id) > ($3 = 1, $4, $5)' END,
        CASE sorted_by WHEN 'due' THEN '(domain <> ''sos''), coalesce(due, ''infinity''), finding_id'
            ELSE format('%I DESC, finding_id DESC', sorted_by) END)
    INTO page USING wanted, least(most, 201), after_rank, after_time, after_id;
    PERFORM city.looked('alert', page::text[]);
    RETURN QUERY SELECT * FROM city.show_alerts(page);
END $$;
COMMENT ON FUNCTION city.list_alerts IS
    'A page of alerts: calls for help first, then what is due first; those that are over, newest first. After: rank, time and id of the last.';

CREATE FUNCTION city.count_alerts(wanted jsonb) RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who record := city.caller(); counted bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM (SELECT FROM city.alert a WHERE %s LIMIT $2) counted', city.alerts_where(wanted, who.scope)) INTO counted
    USING wanted, CASE WHEN city.alerts_by(wanted) = 'due' THEN 100000 ELSE 1001 END;
    RETURN counted;
END $$;
COMMENT ON FUNCTION city.count_alerts IS 'How many alerts city.list_alerts would list; of history nobody counts more than 1,000.';

-- -- tasks

-- `wanted`: state, rule, severity, area, due (overdue, today, later; zone), due_from, due_until, mine, assignee, unassigned, finished_today (zone).
CREATE FUNCTION city.tasks_where(wanted jsonb, scope text) RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN concat_ws(' AND ', city.in_area('queue', wanted ->> 'area', scope),
        CASE coalesce(wanted ->> 'state', 'open') WHEN 'open' THEN 'state IN (''dispatched'', ''acknowledged'', ''suspended'')'
            WHEN 'running' THEN 'state IN (''dispatched'', ''acknowledged'')' -- the clock of a suspended one stands still
            ELSE format('state = %L', wanted ->> 'state') END,
        CASE WHEN wanted ? 'rule' THEN 'rule = $1 ->> ''rule''' END,
        CASE WHEN wanted ? 'severity' THEN 'severity = $1 ->> ''severity''' END,
        nullif(city.due_where('respond_by', wanted), ''),
        CASE WHEN wanted ? 'finished_today' THEN format('finished_at >= %L::timestamptz',
            date_trunc('day', now() AT TIME ZONE (wanted ->> 'zone')) AT TIME ZONE (wanted ->> 'zone')) END,
        CASE WHEN wanted ? 'mine' THEN 'claimed_by = (SELECT city.my_account())' END,
        CASE WHEN wanted ? 'assignee' THEN 'claimed_by = ($1 ->> ''assignee'')::uuid' END,
        CASE WHEN wanted ? 'unassigned' THEN 'claimed_by IS NULL AND state = ''dispatched'' AND length(queue) < 15' END);
END $$;

-- -- one glance

CREATE FUNCTION city.summary(zone text)
RETURNS TABLE (open bigint, urgent bigint, unknown bigint, opened_last_hour bigint, due_today bigint, overdue bigint, waiting_for_assignment bigint,
    mean_acknowledge_seconds float8, workers_on_duty bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT city.count_alerts('{"state": "open"}'), city.count_alerts('{"state": "open", "severity": "urgent"}'),
        city.count_alerts('{"state": "unknown"}'),
        city.count_alerts(jsonb_build_object('state', 'any', 'opened_from', now() - interval '1 hour')),
        city.count_alerts(jsonb_build_object('task', 'running', 'due', 'today', 'zone', zone)),
        city.count_alerts(jsonb_build_object('task', 'running', 'due', 'overdue', 'zone', zone)),
        city.count_alerts('{"task": "waiting"}'),
        (SELECT extract(epoch FROM avg(t.acknowledged_at - t.dispatched_at))::float8 FROM city.task t
         WHERE t.acknowledged_at > now() - interval '24 hours'),
        city.workers_on_duty();
END $$;
COMMENT ON FUNCTION city.summary IS 'The head line; each number is the count of the list that it opens.';

CREATE FUNCTION city.workers() RETURNS TABLE (account uuid, name text, scope text, on_duty boolean, open bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT a.id, a.name, a.scope, duty.now,
        (SELECT count(*) FROM city.task t WHERE t.claimed_by = a.id AND t.state IN ('dispatched', 'acknowledged', 'suspended'))
    FROM city.account a, LATERAL (SELECT EXISTS (SELECT FROM city.session s
        WHERE s.account = a.id AND s.expires_at > now() AND s.used_at > now() - interval '1 hour') AS now) duty
    WHERE a.role = 'grid_worker' AND a.disabled_at IS NULL AND a.scope >= city.sees_from() AND a.scope < city.sees_until()
        AND city.my_role() = 'command_centre'
    ORDER BY NOT duty.now, a.scope, a.name LIMIT 1000;
END;
COMMENT ON FUNCTION city.workers IS
    'Grid workers of a command centre''s area and how many tasks each has in hand; those on duty first, as city.workers_on_duty counts them.';
GRANT EXECUTE ON FUNCTION city.workers TO citygrid_api;

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

-- -- the stream

DROP FUNCTION city.feed_lines;
CREATE FUNCTION city.feed_lines(after bigint, until bigint, most integer) RETURNS TABLE ("position" bigint, kind text, key text, seconds float8)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT f.position, f.kind, f.key, extract(epoch FROM clock_timestamp() - f.at)::float8 FROM city.feed f
        WHERE f.position > after AND f.position <= until ORDER BY f.position LIMIT least(most, 1000);
END $$;
COMMENT ON FUNCTION city.feed_lines IS 'Lines of the caller''s area between two that were read, in their order, and how long ago each was written.';

-- A wake of a stream is one statement: of seven, each with its way there and back, most of a city's processor time went.
CREATE FUNCTION city.news(token text, after bigint, until bigint, most integer,
    OUT account uuid, OUT role text, OUT scope text, OUT domains text[], OUT lines jsonb, OUT alerts jsonb, OUT tasks jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE changed jsonb;
BEGIN
    PERFORM set_config('citygrid.session', token, true);
    SELECT m.account, m.role, m.scope, m.domains INTO account, role, scope, domains FROM city.me() m;
    IF account IS NULL THEN RETURN; END IF;
    SELECT jsonb_agg(to_jsonb(f) ORDER BY f.position) INTO lines FROM city.feed_lines(after, until, most) f;
    SELECT jsonb_agg(DISTINCT f.line -> 'key') INTO changed FROM jsonb_array_elements(lines) f(line) WHERE f.line ->> 'kind' = 'alert';
    IF changed IS NOT NULL THEN
        SELECT jsonb_agg(to_jsonb(a) - 'because') INTO alerts
        FROM city.read_alerts(ARRAY(SELECT jsonb_array_elements_text(changed)::uuid)) a;
    END IF;
    SELECT jsonb_agg(DISTINCT f.line -> 'key') INTO changed FROM jsonb_array_elements(lines) f(line) WHERE f.line ->> 'kind' = 'task';
    IF changed IS NOT NULL THEN
        SELECT jsonb_agg(to_jsonb(t) - 'checks') INTO tasks
        FROM city.read_tasks(ARRAY(SELECT jsonb_array_elements_text(changed)::uuid)) t;
    END IF;
END $$;
COMMENT ON FUNCTION city.news IS
    'What changed for a session between two lines: the lines, and their alerts and tasks as they are now, read and recorded as always. No account: the token is worth nothing.';

-- -- whose they are, and who may call them

GRANT CREATE ON SCHEMA city TO citygrid_reader;
DO $$
DECLARE one regprocedure; of_api CONSTANT name[] := ARRAY['list_alerts', 'count_alerts', 'summary', 'map_areas', 'map_alerts', 'feed_lines', 'news'];
BEGIN
    FOR one IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'city'::regnamespace AND p.proname = ANY (of_api) LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO citygrid_api', one);
    END LOOP;
    FOR one IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'city'::regnamespace AND (p.proname = ANY (of_api)
        OR p.proname IN ('show_alerts', 'alerts_where', 'alerts_by', 'due_where', 'task_state_where', 'tasks_where'))
    LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO citygrid_reader', one);
    END LOOP;
END $$;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
