-- Lists as the pages ask for them: docs/decisions/0033-lists.md. A list is sorted by the deadline that it shows, which is that of the
-- finding's task where it has one; whatever counts, counts what a list of the same filters lists.

-- -- alerts

CREATE TYPE city.shown_alert AS (
    finding_id uuid, rule text, rule_version integer, state text, unknown boolean, view text, subject text, severity text, why_zh text, why_en text,
    dwelling text, household text, opened_at timestamptz, changed_at timestamptz, respond_by timestamptz, cause text, because jsonb,
    resolution_zh text, resolution_en text,
    placed text, grid text, district text, address text, lon float8, lat float8, names_zh text[], names_en text[],
    task_id uuid, task_state text, task_queue text, task_outcome text, task_respond_by timestamptz, task_dispatched_at timestamptz, rank integer,
    due timestamptz, task_claimed_by text, task_asked text, task_escalated_to text,
    line text, inhibited_by uuid, inhibited_by_rule text, inhibits bigint,
    silenced_by uuid, silenced_because text, silenced_name text, silenced_until timestamptz);

CREATE FUNCTION city.show_alerts(ids uuid[]) RETURNS SETOF city.shown_alert LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
BEGIN ATOMIC
    SELECT a.finding_id, a.rule, a.rule_version, a.state, a.unknown, a.view, a.subject, a.severity, a.why_zh, a.why_en,
        -- what concerns a whole grid or district has a place and no door that one could look up or scan
        nullif(regexp_replace(a.dwelling, '^(grid|district)/[0-9]+$', ''), ''), a.household, a.opened_at, a.changed_at, a.respond_by,
        a.cause, a.because, a.resolution_zh, a.resolution_en, p.*,
        t.id, t.state, t.queue, t.outcome, t.respond_by, t.dispatched_at, (a.domain <> 'sos')::integer, a.due, c.name, t.asked, t.escalated_to,
        a.line, a.inhibited_by, i.rule,
            -- only what is open is inhibited (city.settle), and by this column alone the right index is found
            (SELECT count(*) FROM city.alert f WHERE f.inhibited_by = a.finding_id),
        a.silenced_by, s.reason, s.made_by_name, s.ends_at
    FROM city.alert a
    LEFT JOIN LATERAL city.show_place(a.dwelling) p ON true
    LEFT JOIN LATERAL (SELECT * FROM city.task WHERE finding_id = a.finding_id ORDER BY dispatched_at DESC, id DESC LIMIT 1) t ON true
    LEFT JOIN city.account c ON c.id = t.claimed_by
    LEFT JOIN city.silence s ON s.id = a.silenced_by
    LEFT JOIN city.alert i ON i.finding_id = a.inhibited_by
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

CREATE FUNCTION city.levels_from(scope text) RETURNS text[] LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT CASE WHEN length(scope) <= 6 THEN ARRAY['district'] WHEN length(scope) <= 9 THEN ARRAY['street', 'district']
        ELSE ARRAY['community', 'street', 'district'] END;
END;
COMMENT ON FUNCTION city.levels_from IS 'The level of a command centre of this scope, and those above it.';

CREATE FUNCTION city.shown_where() RETURNS text LANGUAGE sql IMMUTABLE
BEGIN ATOMIC SELECT 'state = ''opened'' AND inhibited_by IS NULL AND silenced_by IS NULL'; END;

-- `wanted`: state (open, unknown, inhibited, silenced, held, resolved, any), line, rule, severity, area, department, due (overdue, today, later;
-- zone), due_from, due_until, opened_from; and of its task: task (open, running, waiting, escalated, asking, unanswered, fed_back, dispatched,
-- acknowledged, suspended), assignee.
CREATE FUNCTION city.alerts_where(wanted jsonb, scope text) RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN concat_ws(' AND ', 'NOT deleted', city.in_area('place', wanted ->> 'area', scope),
        CASE coalesce(wanted ->> 'state', 'open') 
            WHEN 'open' THEN city.shown_where() WHEN 'opened' THEN city.shown_where()
            WHEN 'inhibited' THEN 'state = ''opened'' AND inhibited_by IS NOT NULL' WHEN 'silenced' THEN 'state = ''opened'' AND silenced_by IS NOT NULL'
            WHEN 'resolved' THEN 'state = ''resolved''' WHEN 'held' THEN 'state = ''held'' AND NOT unknown'
            WHEN 'unknown' THEN 'unknown AND state <> ''resolved'' AND inhibited_by IS NULL AND silenced_by IS NULL' WHEN 'any' THEN 'state <> ''held''' ELSE 'false' END,
        -- below a district by the place alone: without statistics the rule looks as good
        CASE WHEN wanted ? 'rule' THEN CASE WHEN greatest(length(wanted ->> 'area'), length(scope)) > 6 THEN '(rule || '''')' ELSE 'rule' END
            || ' = $1 ->> ''rule''' END,
        CASE WHEN wanted ? 'line' THEN 'line = $1 ->> ''line''' END,
        CASE WHEN wanted ? 'severity' THEN 'severity = $1 ->> ''severity''' END,
        CASE WHEN wanted ? 'department' THEN 'because @> jsonb_build_array(jsonb_build_object(''department'', $1 ->> ''department''))' END,
        nullif(city.due_where('due', wanted), ''),
        CASE WHEN wanted ? 'opened_from' THEN 'opened_at > ($1 ->> ''opened_from'')::timestamptz' END,
        CASE
            -- a department lets the time of its answer pass: those that wait longest, as many as are counted
            WHEN wanted ->> 'task' = 'unanswered' THEN format('finding_id = ANY (ARRAY(SELECT t.finding_id FROM city.question q
                JOIN city.task t ON t.id = q.task WHERE q.answer IS NULL AND q.overdue_at IS NOT NULL %s ORDER BY q.overdue_at, q.id LIMIT 1001))',
                CASE WHEN wanted ? 'assignee' THEN 'AND t.claimed_by = ($1 ->> ''assignee'')::uuid' END)
            -- few tasks: they are looked up first, and not one for each alert; what waits for a centre, oldest first, as many as are counted
            WHEN wanted ? 'assignee' OR wanted ->> 'task' IN ('waiting', 'escalated', 'asking', 'fed_back') THEN
                format('finding_id = ANY (ARRAY(SELECT t.finding_id FROM city.task t WHERE %s %s))',
                    concat_ws(' AND ', city.task_state_where(coalesce(wanted ->> 'task', 'open')),
                        CASE WHEN wanted ? 'assignee' THEN 't.claimed_by = ($1 ->> ''assignee'')::uuid' END,
                        -- of whose level the reader is, or that went on to one above
                        CASE wanted ->> 'task' WHEN 'escalated' THEN format('t.escalated_to = ANY (%L::text[])', city.levels_from(scope)) END,
                        CASE wanted ->> 'task' WHEN 'fed_back' THEN city.in_area('queue', wanted ->> 'area', scope) END),
                    CASE wanted ->> 'task' WHEN 'fed_back' THEN 'ORDER BY t.finished_at, t.id LIMIT 1001' END)
            -- OFFSET 0: looked up by its finding (city.one_open_task), not joined: no table about people has statistics, and to a planner
            -- that knows none the open tasks of the whole city look as few as that one
            WHEN wanted ? 'task' THEN format('EXISTS (SELECT FROM city.task t WHERE t.finding_id = a.finding_id AND t.finished_at IS NULL%s OFFSET 0)',
                CASE wanted ->> 'task' WHEN 'open' THEN '' WHEN 'running' THEN ' AND t.state <> ''suspended'''
                    ELSE format(' AND t.state || '''' = %L', wanted ->> 'task') END) END);
END $$;

CREATE FUNCTION city.task_state_where(wanted text) RETURNS text LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT CASE wanted WHEN 'open' THEN 't.state IN (''dispatched'', ''acknowledged'', ''suspended'')'
        -- the clock of a suspended one stands still; the first condition is the index's
        WHEN 'running' THEN 't.state IN (''dispatched'', ''acknowledged'', ''suspended'') AND t.state <> ''suspended'''
        WHEN 'waiting' THEN 't.state = ''dispatched'' AND t.claimed_by IS NULL AND length(t.queue) < 15'
        WHEN 'escalated' THEN 't.state = ''dispatched'' AND t.escalated_to IS NOT NULL'
        WHEN 'asking' THEN 't.asked IS NOT NULL'
        WHEN 'fed_back' THEN 't.state = ''completed'' AND t.outcome = ''done'''
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

-- -- one line for findings that rest on the same statements: docs/decisions/0041-noise.md

CREATE FUNCTION city.is_gathered(wanted jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN coalesce(wanted ->> 'state', 'open') IN ('open', 'opened') AND NOT wanted ? 'line';
COMMENT ON FUNCTION city.is_gathered IS 'Whether a list of these filters has lines: it is of what is open, and not of one line.';

CREATE FUNCTION city.open_lines(area text, scope text) RETURNS SETOF text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE within text := left(CASE WHEN starts_with(scope, coalesce(area, '')) THEN scope ELSE area END, 6); last text := within;
BEGIN
    LOOP
        SELECT a.line INTO last FROM city.alert a
        WHERE a.line > last AND a.line < within || 'z' AND a.state = 'opened' AND NOT a.deleted AND a.inhibited_by IS NULL AND a.silenced_by IS NULL
        ORDER BY a.line LIMIT 1;
        EXIT WHEN last IS NULL;
        RETURN NEXT last;
    END LOOP;
END $$;
COMMENT ON FUNCTION city.open_lines IS 'The lines of the districts of an area, one look into the index for each.';

CREATE FUNCTION city.list_lines(wanted jsonb, most integer, after_rank integer DEFAULT NULL, after_time timestamptz DEFAULT NULL, after_id uuid DEFAULT NULL)
RETURNS SETOF city.shown_alert LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_sort = on AS $$
DECLARE who record := city.caller(); page uuid[];
BEGIN
    IF NOT city.is_gathered(wanted) THEN
        RETURN QUERY SELECT * FROM city.list_alerts(wanted, most, after_rank, after_time, after_id);
        RETURN;
    END IF;
    PERFORM city.read_in_order(wanted, who.scope);
    EXECUTE format('SELECT ARRAY(SELECT finding_id FROM (
            (SELECT (domain <> ''sos'') AS calm, coalesce(due, ''infinity'') AS first_due, finding_id FROM city.alert a WHERE %1$s AND line IS NULL %2$s
                ORDER BY (domain <> ''sos''), coalesce(due, ''infinity''), finding_id LIMIT $2)
            UNION ALL
            SELECT first.* FROM city.open_lines($1 ->> ''area'', $6) gathered(its_line), LATERAL (
                SELECT (domain <> ''sos''), coalesce(due, ''infinity''), finding_id FROM city.alert a WHERE %1$s AND line = its_line
                ORDER BY (domain <> ''sos''), coalesce(due, ''infinity''), finding_id LIMIT 1) first(calm, first_due, finding_id)
        ) listed WHERE %3$s ORDER BY calm, first_due, finding_id LIMIT $2)',
        city.alerts_where(wanted, who.scope),
        CASE WHEN after_id IS NULL THEN '' ELSE 'AND ((domain <> ''sos''), coalesce(due, ''infinity''), finding_id) > ($3 = 1, $4, $5)' END,
        CASE WHEN after_id IS NULL THEN 'true' ELSE '(calm, first_due, finding_id) > ($3 = 1, $4, $5)' END)
    INTO page USING wanted, least(most, 201), after_rank, after_time, after_id, who.scope;
    PERFORM city.looked('alert', page::text[]);
    RETURN QUERY SELECT * FROM city.show_alerts(page);
END $$;
COMMENT ON FUNCTION city.list_lines IS
    'As city.list_alerts; of the alerts of one line only the first, which stands for it. A list of what is over has no lines.';

CREATE FUNCTION city.count_lines(wanted jsonb) RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who record := city.caller(); counted bigint;
BEGIN
    IF NOT city.is_gathered(wanted) THEN RETURN city.count_alerts(wanted); END IF;
    EXECUTE format('SELECT count(*) FILTER (WHERE line IS NULL) + count(DISTINCT line) FROM (
        SELECT line FROM city.alert a WHERE %s LIMIT 100000) counted', city.alerts_where(wanted, who.scope)) INTO counted USING wanted;
    RETURN counted;
END $$;
COMMENT ON FUNCTION city.count_lines IS 'How many rows city.list_lines would list.';

CREATE FUNCTION city.lines_of(wanted jsonb, keys text[]) RETURNS TABLE (line text, alerts bigint, visited bigint, urgent bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE who record := city.caller();
BEGIN
    RETURN QUERY EXECUTE format('SELECT line, count(*), count(*) FILTER (WHERE EXISTS (SELECT FROM city.task t WHERE t.finding_id = a.finding_id
            AND t.state || '''' IN (''completed'', ''verified'') AND t.outcome = ''done'' ORDER BY t.finding_id, t.dispatched_at OFFSET 0)), count(*) FILTER (WHERE severity = ''urgent'')
        FROM city.alert a WHERE %s AND line = ANY ($2) GROUP BY 1', city.alerts_where(wanted, who.scope)) USING wanted, keys;
END $$;
COMMENT ON FUNCTION city.lines_of IS 'How many alerts of these filters each of these lines has, and at how many of its doors the work is done.';

-- -- tasks

CREATE TYPE city.shown_task AS (
    id uuid, finding_id uuid, rule text, queue text, state text, suspended_from text, claimed_by uuid, severity text, respond_by timestamptz,
    dispatched_at timestamptz, acknowledged_at timestamptz, finished_at timestamptz, seen_at timestamptz, outcome text, note text, checks jsonb, closed_zh text,
    closed_en text, dwelling text, why_zh text, why_en text, unknown boolean, claimed_name text, outcome_before text, moves text[],
    placed text, grid text, district text, address text, lon float8, lat float8, names_zh text[], names_en text[], rank integer,
    respond_unit text, asked text, asked_because text, asked_amount integer, missing text, verified_at timestamptz, rating text,
    escalated_to text, line text);

CREATE FUNCTION city.show_tasks(ids uuid[]) RETURNS SETOF city.shown_task LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
BEGIN ATOMIC
    SELECT t.id, t.finding_id, t.rule, t.queue, t.state, t.suspended_from, t.claimed_by, t.severity, t.respond_by, t.dispatched_at,
        t.acknowledged_at, t.finished_at, t.seen_at, t.outcome, t.note, t.checks, t.closed_zh, t.closed_en,
        nullif(regexp_replace(t.dwelling, '^(grid|district)/[0-9]+$', ''), ''), a.why_zh, a.why_en, a.unknown, c.name, t.outcome_before,
        ARRAY(SELECT l.move FROM city.legal_moves(t, (SELECT city.my_account()), (SELECT city.my_role()), (SELECT city.sees_from())) l),
        p.*, (t.domain <> 'sos')::integer,
        t.respond_unit, t.asked, t.asked_because, t.asked_amount, t.missing, t.verified_at, t.rating, t.escalated_to, a.line
    FROM city.task t
    LEFT JOIN city.alert a ON a.finding_id = t.finding_id
    LEFT JOIN city.account c ON c.id = t.claimed_by
    LEFT JOIN LATERAL city.show_place(t.dwelling) p ON true
    WHERE t.id = ANY (ids) ORDER BY array_position(ids, t.id);
END;
COMMENT ON FUNCTION city.show_tasks IS 'These tasks, in this order, each with its place and the caller''s legal moves, as far as the caller sees them.';

-- `wanted`: state, rule, severity, area, due (overdue, today, later; zone), due_from, due_until, mine, assignee, unassigned, fed_back, finished,
-- finished_today (zone).
CREATE FUNCTION city.tasks_where(wanted jsonb, scope text) RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN concat_ws(' AND ', city.in_area('queue', wanted ->> 'area', scope),
        CASE coalesce(wanted ->> 'state', 'open') WHEN 'open' THEN 'state IN (''dispatched'', ''acknowledged'', ''suspended'')'
            WHEN 'running' THEN 'state IN (''dispatched'', ''acknowledged'')' -- the clock of a suspended one stands still
            WHEN 'fed_back' THEN 'state = ''completed'' AND outcome = ''done'''
            WHEN 'finished' THEN 'state IN (''completed'', ''verified'', ''closed'') AND state <> ''closed'''
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

CREATE FUNCTION city.list_tasks(wanted jsonb, most integer, after_rank integer DEFAULT NULL, after_time timestamptz DEFAULT NULL, after_id uuid DEFAULT NULL)
RETURNS SETOF city.shown_task LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_sort = on AS $$
DECLARE
    who record := city.caller(); page uuid[];
    over boolean := coalesce(wanted ->> 'state', '') IN ('fed_back', 'finished', 'completed', 'verified', 'closed');
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
    outcome text, amount integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT e.at, e.move, e.actor_name, e.reason, e.happened_at, e.outcome, e.amount
        FROM city.task t JOIN city.task_event e ON e.task = t.id
        WHERE t.finding_id = finding ORDER BY e.at, e.task, e.number LIMIT 500;
END $$;
COMMENT ON FUNCTION city.timeline_of IS 'What was done about a finding, as far as the caller sees its tasks; part of the case''s look.';

-- -- the stream

CREATE FUNCTION city.feed_lines(after bigint, until bigint, most integer) RETURNS TABLE ("position" bigint, kind text, key text, seconds float8)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT f.position, f.kind, f.key, extract(epoch FROM clock_timestamp() - f.at)::float8 FROM city.feed f
        WHERE f.position > after AND f.position <= until ORDER BY f.position LIMIT least(most, 1000);
END $$;
COMMENT ON FUNCTION city.feed_lines IS 'Lines of the caller''s area between two that were read, in their order, and how long ago each was written.';

CREATE FUNCTION city.feed_start(OUT now_at bigint, OUT oldest bigint) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    now_at := city.feed_now();
    oldest := city.feed_oldest();
END $$;
COMMENT ON FUNCTION city.feed_start IS 'Where a stream that begins now begins, and the oldest line that is kept.';

-- A wake of a stream is one statement: of seven, each with its way there and back, most of a city's processor time went.
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

-- -- who may call them, and whose they are
GRANT EXECUTE ON FUNCTION city.list_alerts, city.count_alerts, city.read_alerts, city.list_lines, city.count_lines, city.lines_of, city.list_tasks,
    city.read_tasks, city.tasks_of, city.timeline_of, city.feed_lines, city.feed_start, city.news
    TO citygrid_api;
GRANT CREATE ON SCHEMA city TO citygrid_reader;
DO $$
DECLARE one name;
BEGIN
    FOREACH one IN ARRAY ARRAY[
        'show_alerts', 'due_where', 'levels_from', 'shown_where', 'alerts_where', 'task_state_where', 'alerts_by', 'list_alerts',
        'count_alerts', 'read_alerts', 'is_gathered', 'open_lines', 'list_lines', 'count_lines', 'lines_of', 'show_tasks',
        'tasks_where', 'list_tasks', 'read_tasks', 'tasks_of', 'timeline_of', 'feed_lines', 'feed_start', 'news']
    LOOP
        EXECUTE format('ALTER FUNCTION city.%I OWNER TO citygrid_reader', one);
    END LOOP;
END $$;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
