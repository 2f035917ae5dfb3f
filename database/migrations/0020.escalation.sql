-- depends: 0019.roster
-- Who is told when nobody acknowledges: docs/decisions/0038-roster-and-leases.md

CREATE TABLE city.escalation_step (
    rule text COLLATE "C" NOT NULL, -- '*': of every rule that has no steps of its own for this severity
    severity text NOT NULL CHECK (severity IN ('urgent', 'today', 'planned')),
    level text NOT NULL CHECK (level IN ('worker', 'deputy', 'community', 'street', 'district')),
    after integer NOT NULL CHECK (after >= 0), -- since the task came into its queue, unacknowledged
    unit text NOT NULL CHECK (unit IN ('minute', 'working_minute')),
    PRIMARY KEY (rule, severity, level)
);
INSERT INTO city.escalation_step VALUES -- ours, to be confirmed by each city
    ('*', 'urgent', 'worker', 0, 'minute'), ('*', 'urgent', 'deputy', 5, 'minute'), ('*', 'urgent', 'community', 10, 'minute'),
    ('*', 'urgent', 'street', 15, 'minute'), ('*', 'urgent', 'district', 30, 'minute'),
    ('*', 'today', 'worker', 0, 'minute'), ('*', 'today', 'deputy', 60, 'working_minute'), ('*', 'today', 'community', 120, 'working_minute'),
    ('*', 'today', 'street', 240, 'working_minute'), ('*', 'today', 'district', 420, 'working_minute'),
    ('*', 'planned', 'worker', 0, 'minute'), ('*', 'planned', 'community', 420, 'working_minute'),
    ('*', 'planned', 'street', 840, 'working_minute');
GRANT SELECT ON city.escalation_step TO citygrid_reader;

CREATE TABLE city.notification (
    task uuid NOT NULL REFERENCES city.task ON DELETE CASCADE,
    number integer NOT NULL, -- the line of its history by which it came into its queue
    level text NOT NULL CHECK (level IN ('worker', 'deputy', 'community', 'street', 'district')),
    due_at timestamptz,      -- NULL: in a year whose working days are not known
    sent_at timestamptz,
    cancelled_at timestamptz, -- somebody acknowledged, or it came into its queue again
    PRIMARY KEY (task, number, level),
    CHECK (sent_at IS NULL OR cancelled_at IS NULL)
);
CREATE INDEX notification_pending ON city.notification (due_at) WHERE sent_at IS NULL AND cancelled_at IS NULL;
DO $$ BEGIN PERFORM city.keep_no_statistics('city.notification'); END $$;
ALTER TABLE city.notification ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.notification TO citygrid_owner USING (true);

ALTER TABLE city.task ADD COLUMN escalated_to text CHECK (escalated_to IN ('worker', 'deputy', 'community', 'street', 'district'));
COMMENT ON COLUMN city.task.escalated_to IS 'The highest level that was told since it came into its queue; NULL: none, or it is acknowledged.';
CREATE INDEX task_escalated ON city.task (queue) WHERE state = 'dispatched' AND escalated_to IS NOT NULL;
DO $$ BEGIN PERFORM city.keep_no_statistics('city.task'); END $$;

CREATE FUNCTION city.keep_notifications() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF new.to_state = 'dispatched' AND new.move NOT IN ('dispatch', 'hand_over', 'release', 'lapse', 'resume') THEN
        RETURN NULL; -- it waits as before
    END IF;
    IF new.move <> 'dispatch' THEN
        UPDATE city.notification n SET cancelled_at = new.at WHERE n.task = new.task AND n.sent_at IS NULL AND n.cancelled_at IS NULL;
        UPDATE city.task t SET escalated_to = NULL WHERE t.id = new.task AND t.escalated_to IS NOT NULL;
    END IF;
    IF new.to_state = 'dispatched' THEN
        INSERT INTO city.notification (task, number, level, due_at)
        SELECT new.task, new.number, s.level, city.due(new.at, s.after, s.unit)
        FROM city.task t JOIN city.escalation_step s ON s.severity = t.severity AND s.rule = CASE
            WHEN EXISTS (SELECT FROM city.escalation_step own WHERE own.rule = t.rule AND own.severity = t.severity) THEN t.rule ELSE '*' END
        WHERE t.id = new.task;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION city.keep_notifications IS
    'Notifications follow the history: planned when a task comes into a queue, cancelled by whatever takes it out of it.';
CREATE TRIGGER tells AFTER INSERT ON city.task_event FOR EACH ROW EXECUTE FUNCTION city.keep_notifications();

CREATE FUNCTION city.level_rank(level text) RETURNS integer LANGUAGE sql IMMUTABLE
BEGIN ATOMIC SELECT array_position(ARRAY['worker', 'deputy', 'community', 'street', 'district'], level); END;

CREATE FUNCTION city.tell_due(as_of timestamptz, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE one record; its city.task; told integer := 0;
BEGIN
    FOR one IN SELECT n.task, n.number, n.level FROM city.notification n
        WHERE n.due_at <= as_of AND n.sent_at IS NULL AND n.cancelled_at IS NULL ORDER BY n.due_at LIMIT most
    LOOP
        -- Whoever acknowledges holds the task: either this is first, or nothing of it is pending any more.
        SELECT t.* INTO its FROM city.task t WHERE t.id = one.task FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN its.id IS NULL;
        UPDATE city.notification n SET sent_at = as_of
        WHERE (n.task, n.number, n.level) = (one.task, one.number, one.level) AND n.sent_at IS NULL AND n.cancelled_at IS NULL;
        CONTINUE WHEN NOT FOUND;
        told := told + 1;
        IF city.level_rank(one.level) > coalesce(city.level_rank(its.escalated_to), 0) THEN
            UPDATE city.task t SET escalated_to = one.level WHERE t.id = its.id;
            IF one.level <> 'worker' THEN -- who sees it was told by its dispatch
                INSERT INTO city.feed (kind, key, place, domain) VALUES ('task', its.id::text, its.queue, its.domain);
                NOTIFY city_feed;
            END IF;
        END IF;
    END LOOP;
    RETURN told;
END $$;
COMMENT ON FUNCTION city.tell_due IS 'Tells those whose turn has come that nobody has acknowledged a task yet; how many notifications.';
GRANT EXECUTE ON FUNCTION city.tell_due TO citygrid_sinks;

-- Its columns are those of the table when it is made.
CREATE OR REPLACE FUNCTION city.my_open_tasks() RETURNS SETOF city.task LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT t.* FROM city.me() m JOIN city.task t ON t.queue >= city.sees_from() AND t.queue < city.sees_until()
    WHERE t.state IN ('dispatched', 'acknowledged', 'suspended') AND (m.domains IS NULL OR t.domain = ANY (m.domains))
        AND (t.claimed_by IS NULL OR t.claimed_by = m.account OR m.role = 'command_centre');
END;

-- -- what is read of it

DROP FUNCTION city.show_tasks, city.show_alerts, city.alerts_where, city.task_state_where, city.summary;
ALTER TYPE city.shown_task ADD ATTRIBUTE escalated_to text;
ALTER TYPE city.shown_alert ADD ATTRIBUTE task_escalated_to text;

CREATE FUNCTION city.levels_from(scope text) RETURNS text[] LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT CASE WHEN length(scope) <= 6 THEN ARRAY['district'] WHEN length(scope) <= 9 THEN ARRAY['street', 'district']
        ELSE ARRAY['community', 'street', 'district'] END;
END;
COMMENT ON FUNCTION city.levels_from IS 'The level of a command centre of this scope, and those above it.';

CREATE FUNCTION city.show_tasks(ids uuid[]) RETURNS SETOF city.shown_task LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
BEGIN ATOMIC
    SELECT t.id, t.finding_id, t.rule, t.queue, t.state, t.suspended_from, t.claimed_by, t.severity, t.respond_by, t.dispatched_at,
        t.acknowledged_at, t.finished_at, t.seen_at, t.outcome, t.note, t.checks, t.closed_zh, t.closed_en,
        nullif(regexp_replace(t.dwelling, '^(grid|district)/[0-9]+$', ''), ''), a.why_zh, a.why_en, a.unknown, c.name, t.outcome_before,
        ARRAY(SELECT l.move FROM city.legal_moves(t, (SELECT city.my_account()), (SELECT city.my_role()), (SELECT city.sees_from())) l),
        p.*, (t.domain <> 'sos')::integer,
        t.respond_unit, t.asked, t.asked_because, t.asked_amount, t.missing, t.verified_at, t.rating, t.escalated_to
    FROM city.task t
    LEFT JOIN city.alert a ON a.finding_id = t.finding_id
    LEFT JOIN city.account c ON c.id = t.claimed_by
    LEFT JOIN LATERAL city.show_place(t.dwelling) p ON true
    WHERE t.id = ANY (ids) ORDER BY array_position(ids, t.id);
END;
COMMENT ON FUNCTION city.show_tasks IS 'These tasks, in this order, each with its place and the caller''s legal moves, as far as the caller sees them.';

CREATE FUNCTION city.show_alerts(ids uuid[]) RETURNS SETOF city.shown_alert LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
BEGIN ATOMIC
    SELECT a.finding_id, a.rule, a.rule_version, a.state, a.unknown, a.view, a.subject, a.severity, a.why_zh, a.why_en,
        -- what concerns a whole grid or district has a place and no door that one could look up or scan
        nullif(regexp_replace(a.dwelling, '^(grid|district)/[0-9]+$', ''), ''), a.household, a.opened_at, a.changed_at, a.respond_by,
        a.cause, a.because, a.resolution_zh, a.resolution_en, p.*,
        t.id, t.state, t.queue, t.outcome, t.respond_by, t.dispatched_at, (a.domain <> 'sos')::integer, a.due, c.name, t.asked, t.escalated_to
    FROM city.alert a
    LEFT JOIN LATERAL city.show_place(a.dwelling) p ON true
    LEFT JOIN LATERAL (SELECT * FROM city.task WHERE finding_id = a.finding_id ORDER BY dispatched_at DESC, id DESC LIMIT 1) t ON true
    LEFT JOIN city.account c ON c.id = t.claimed_by
    WHERE a.finding_id = ANY (ids) ORDER BY array_position(ids, a.finding_id);
END;
COMMENT ON FUNCTION city.show_alerts IS 'These alerts, in this order, each with its place and its newest task, as far as the caller sees them.';

-- As in 0018, and escalated. `wanted`: state, rule, severity, area, department, due (overdue, today, later; zone), due_from, due_until,
-- opened_from; and of its task: task (open, running, waiting, escalated, asking, fed_back, dispatched, acknowledged, suspended), assignee.
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
            -- few tasks: they are looked up first, and not one for each alert; what waits for a centre, oldest first, as many as are counted
            WHEN wanted ? 'assignee' OR wanted ->> 'task' IN ('waiting', 'escalated', 'asking', 'fed_back') THEN
                format('finding_id = ANY (ARRAY(SELECT t.finding_id FROM city.task t WHERE %s %s))',
                    concat_ws(' AND ', city.task_state_where(coalesce(wanted ->> 'task', 'open')),
                        CASE WHEN wanted ? 'assignee' THEN 't.claimed_by = ($1 ->> ''assignee'')::uuid' END,
                        -- of whose level the reader is, or that went on to one above
                        CASE wanted ->> 'task' WHEN 'escalated' THEN format('t.escalated_to = ANY (%L::text[])', city.levels_from(scope)) END,
                        CASE wanted ->> 'task' WHEN 'fed_back' THEN city.in_area('queue', wanted ->> 'area', scope) END),
                    CASE wanted ->> 'task' WHEN 'fed_back' THEN 'ORDER BY t.finished_at, t.id LIMIT 1001' END)
            WHEN wanted ? 'task' THEN format('EXISTS (SELECT FROM city.task t WHERE t.finding_id = a.finding_id AND %s)',
                city.task_state_where(wanted ->> 'task')) END);
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

CREATE FUNCTION city.summary(zone text)
RETURNS TABLE (open bigint, urgent bigint, unknown bigint, opened_last_hour bigint, due_today bigint, overdue bigint, waiting_for_assignment bigint,
    escalated bigint, asking bigint, fed_back bigint, mean_acknowledge_seconds float8, workers_on_duty bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT city.count_alerts('{"state": "open"}'), city.count_alerts('{"state": "open", "severity": "urgent"}'),
        city.count_alerts('{"state": "unknown"}'),
        city.count_alerts(jsonb_build_object('state', 'any', 'opened_from', now() - interval '1 hour')),
        city.count_alerts(jsonb_build_object('task', 'running', 'due', 'today', 'zone', zone)),
        city.count_alerts(jsonb_build_object('task', 'running', 'due', 'overdue', 'zone', zone)),
        city.count_alerts('{"task": "waiting"}'),
        city.count_alerts('{"task": "escalated"}'),
        city.count_alerts('{"task": "asking"}'),
        city.count_alerts('{"state": "any", "task": "fed_back"}'),
        (SELECT extract(epoch FROM avg(t.acknowledged_at - t.dispatched_at))::float8 FROM city.task t
         WHERE t.acknowledged_at > now() - interval '24 hours'),
        city.workers_on_duty();
END $$;
COMMENT ON FUNCTION city.summary IS 'The head line; each number is the count of the list that it opens.';

-- -- whose they are, and who may call them

GRANT CREATE ON SCHEMA city TO citygrid_reader;
DO $$
DECLARE one regprocedure;
BEGIN
    FOR one IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'city'::regnamespace AND p.proname = 'summary' LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO citygrid_api', one);
    END LOOP;
    FOR one IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'city'::regnamespace
        AND p.proname IN ('show_tasks', 'show_alerts', 'alerts_where', 'task_state_where', 'levels_from', 'summary')
    LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO citygrid_reader', one);
    END LOOP;
END $$;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
