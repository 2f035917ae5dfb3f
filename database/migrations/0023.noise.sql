-- depends: 0022.photos
-- What is one line of a list, and what need not be shown because something above it is: docs/decisions/0041-noise.md

-- -- one line

CREATE TABLE city.gathered (
    rule text COLLATE "C" PRIMARY KEY,
    department text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL
);
COMMENT ON TABLE city.gathered IS 'Findings of this rule that rest on the same statements of this kind are one line of a list, district by district.';
INSERT INTO city.gathered VALUES ('warned-door', 'weather', 'WarningIssued');
GRANT SELECT ON city.gathered TO citygrid_sinks;

CREATE FUNCTION city.cause_of(its_rule text, because jsonb) RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT left(encode(sha256(convert_to(string_agg(fact ->> 'record', ' ' ORDER BY fact ->> 'record'), 'UTF8')), 'hex'), 20)
    FROM city.gathered g, jsonb_array_elements(because) fact
    WHERE g.rule = its_rule AND fact ->> 'department' = g.department AND fact ->> 'kind' = g.kind;
END;
COMMENT ON FUNCTION city.cause_of IS 'What a finding has in common with others of its line; a hash, which names no record. NULL: it stands alone.';
GRANT EXECUTE ON FUNCTION city.cause_of TO citygrid_sinks;

ALTER TABLE city.alert
    ADD COLUMN gathered_by text COLLATE "C", -- city.cause_of, as it was while the finding held
    ADD COLUMN line text COLLATE "C" GENERATED ALWAYS AS (left(place, 6) || '.' || gathered_by) STORED,
    ADD COLUMN inhibited_by uuid REFERENCES city.alert,
    ADD COLUMN silenced_by uuid;
DO $$ BEGIN PERFORM city.keep_no_statistics('city.alert'); END $$;
UPDATE city.alert a SET gathered_by = city.cause_of(a.rule, a.because) FROM city.gathered g WHERE g.rule = a.rule AND a.state <> 'resolved';
-- Lists: what stands alone in the order of the list, and the lines, each in that order.
CREATE INDEX alert_alone ON city.alert ((domain <> 'sos'), (coalesce(due, 'infinity')), finding_id)
    WHERE state = 'opened' AND NOT deleted AND inhibited_by IS NULL AND silenced_by IS NULL AND line IS NULL;
CREATE INDEX alert_alone_in_district ON city.alert (district, (domain <> 'sos'), (coalesce(due, 'infinity')), finding_id)
    WHERE state = 'opened' AND NOT deleted AND inhibited_by IS NULL AND silenced_by IS NULL AND line IS NULL;
CREATE INDEX alert_in_line ON city.alert (line, (domain <> 'sos'), (coalesce(due, 'infinity')), finding_id)
    WHERE state = 'opened' AND NOT deleted AND inhibited_by IS NULL AND silenced_by IS NULL AND line IS NOT NULL;
CREATE INDEX alert_inhibited ON city.alert (inhibited_by) WHERE inhibited_by IS NOT NULL;

-- -- what a building's alert inhibits

CREATE TABLE city.inhibition (
    rule text COLLATE "C" NOT NULL, -- an open alert of this rule at a building …
    inhibits text COLLATE "C" NOT NULL, -- … inhibits those of this rule at its flats
    PRIMARY KEY (rule, inhibits)
);
INSERT INTO city.inhibition VALUES ('warned-door', 'warned-door');
GRANT SELECT ON city.inhibition TO citygrid_sinks;

CREATE FUNCTION city.buildings_of(dwelling text) RETURNS text[] LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN ARRAY(SELECT array_to_string(part[1:n], '-') FROM string_to_array(dwelling, '-') part, generate_series(1, cardinality(part) - 1) n
    WHERE dwelling !~ '^(grid|district)/');
COMMENT ON FUNCTION city.buildings_of IS 'In the address register the number of a flat is that of its building, - and its own.';
GRANT EXECUTE ON FUNCTION city.buildings_of TO citygrid_sinks;

CREATE FUNCTION city.hold_inhibition(rules text[]) RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT pg_advisory_xact_lock(hashtext('city.inhibition'))
    WHERE EXISTS (SELECT FROM city.inhibition p WHERE p.rule = ANY (rules) OR p.inhibits = ANY (rules));
END;
COMMENT ON FUNCTION city.hold_inhibition IS
    'Before alerts of these rules are written: a building''s and its flats'' alerts of two transactions take turns, and each sees the other.';

CREATE FUNCTION city.is_in_hand(finding uuid) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM city.task t WHERE t.finding_id = finding AND t.state IN ('dispatched', 'acknowledged', 'suspended')
        AND (t.state <> 'dispatched' OR t.claimed_by IS NOT NULL));
END;
COMMENT ON FUNCTION city.is_in_hand IS 'Whether somebody has claimed its task: what somebody is at stays in sight.';

CREATE FUNCTION city.inhibitor_of(its_rule text, its_dwelling text) RETURNS uuid LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT i.finding_id FROM city.inhibition p JOIN city.alert i ON i.rule = p.rule
    WHERE p.inhibits = its_rule AND i.dwelling = ANY (city.buildings_of(its_dwelling)) AND i.state = 'opened' AND NOT i.deleted
    ORDER BY length(i.dwelling), i.opened_at, i.finding_id LIMIT 1;
END;

CREATE FUNCTION city.silence_of(its_rule text, its_place text) RETURNS uuid LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC SELECT NULL::uuid; END; -- 0024

-- A task that was done stays finished while its finding stays open (what follows one that met nobody is made by
-- city.follow_up); a finding that was resolved and opens again is new work, and so is one that is shown again.
CREATE FUNCTION city.dispatch(findings uuid[]) RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH made AS (
        INSERT INTO city.task (finding_id, previous, rule, domain, severity, dwelling, queue, respond_within, respond_unit, respond_by, dispatched_at)
        SELECT a.finding_id,
            (SELECT t.id FROM city.task t WHERE t.finding_id = a.finding_id ORDER BY t.dispatched_at DESC, t.id DESC LIMIT 1),
            a.rule, a.domain, a.severity, a.dwelling, p.place, a.respond_within, a.respond_unit,
            city.due(here.now, a.respond_within, a.respond_unit), here.now
        FROM (SELECT clock_timestamp() AS now) here, city.alert a JOIN city.placement p USING (dwelling)
        WHERE a.finding_id = ANY (findings) AND a.state = 'opened' AND NOT a.deleted AND a.inhibited_by IS NULL AND a.silenced_by IS NULL
            AND NOT EXISTS (SELECT FROM city.task t WHERE t.finding_id = a.finding_id AND t.state IN ('dispatched', 'acknowledged', 'suspended'))
        ORDER BY a.finding_id
        RETURNING id, queue, domain, dispatched_at
    ), history AS (
        INSERT INTO city.task_event (task, number, move, to_state, queue, at)
        SELECT id, 1, 'dispatch', 'dispatched', queue, dispatched_at FROM made
    )
    INSERT INTO city.feed (kind, key, place, domain) SELECT 'task', id::text, queue, domain FROM made;
END;
COMMENT ON FUNCTION city.dispatch IS 'A task for each of these findings that is open, shown, and has no open one.';

CREATE FUNCTION city.settle(findings uuid[]) RETURNS integer LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE changed uuid[]; shown uuid[]; its record;
BEGIN
    -- alerts, then tasks, in the order of the sinks; what is in hand is known for good once both are held
    PERFORM FROM city.alert a WHERE a.finding_id = ANY (findings) ORDER BY a.finding_id FOR NO KEY UPDATE;
    PERFORM FROM city.task t WHERE t.finding_id = ANY (findings) AND t.state IN ('dispatched', 'acknowledged', 'suspended') ORDER BY t.id FOR NO KEY UPDATE;
    WITH judged AS (
        UPDATE city.alert a SET inhibited_by = j.inhibitor, silenced_by = j.silence
        FROM (SELECT b.finding_id, CASE WHEN may.mute THEN city.inhibitor_of(b.rule, b.dwelling) END AS inhibitor,
                CASE WHEN may.mute THEN city.silence_of(b.rule, b.place) END AS silence
            FROM city.alert b, LATERAL (SELECT b.state = 'opened' AND NOT b.deleted AND b.domain <> 'sos' AND NOT city.is_in_hand(b.finding_id) AS mute) may
            WHERE b.finding_id = ANY (findings)) j
        WHERE a.finding_id = j.finding_id AND (a.inhibited_by, a.silenced_by) IS DISTINCT FROM (j.inhibitor, j.silence)
        RETURNING WITH (NEW AS after) after.finding_id, after.inhibited_by IS NULL AND after.silenced_by IS NULL AS is_shown)
    SELECT array_agg(finding_id), array_agg(finding_id) FILTER (WHERE is_shown) INTO changed, shown FROM judged;
    IF changed IS NULL THEN RETURN 0; END IF;
    FOR its IN SELECT t.id, CASE WHEN a.inhibited_by IS NOT NULL THEN '所在楼栋已有预警，随楼栋一并处理' ELSE '该规则在此区域已静默' END AS zh,
            CASE WHEN a.inhibited_by IS NOT NULL THEN 'its building has an alert: it is handled with that' ELSE 'the rule is silenced in this area' END AS en
        FROM city.task t JOIN city.alert a USING (finding_id)
        WHERE a.finding_id = ANY (changed) AND t.state = 'dispatched' AND t.claimed_by IS NULL
            AND (a.inhibited_by IS NOT NULL OR a.silenced_by IS NOT NULL) ORDER BY t.id
    LOOP
        PERFORM city.move_task(its.id, 'close', NULL, its.zh, jsonb_build_object('zh', its.zh, 'en', its.en));
    END LOOP;
    PERFORM city.dispatch(ARRAY(SELECT one FROM unnest(shown) one WHERE NOT EXISTS (SELECT FROM city.task t
        WHERE t.finding_id = one AND t.state IN ('completed', 'verified'))));
    INSERT INTO city.feed (kind, key, place, domain)
    SELECT 'alert', a.finding_id::text, a.place, a.domain FROM city.alert a WHERE a.finding_id = ANY (changed) ORDER BY a.finding_id;
    NOTIFY city_feed;
    RETURN cardinality(changed);
END $$;
COMMENT ON FUNCTION city.settle IS
    'Says anew of each of these alerts whether another or a silence stands for it. What is muted has no open task unless somebody has claimed it; '
    'what is shown again is dispatched anew, with its whole time. How many changed.';

CREATE FUNCTION city.settle_with(written uuid[]) RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT city.settle(array_agg(concerned.finding_id)) FROM (
        SELECT a.finding_id FROM city.alert a WHERE a.finding_id = ANY (written) AND (a.inhibited_by IS NOT NULL OR a.silenced_by IS NOT NULL
            OR a.state = 'opened' AND (a.rule IN (SELECT p.inhibits FROM city.inhibition p) OR city.silence_of(a.rule, a.place) IS NOT NULL))
        UNION SELECT f.finding_id FROM city.alert f WHERE f.inhibited_by = ANY (written)
        UNION SELECT f.finding_id FROM city.alert i JOIN city.inhibition p ON p.rule = i.rule
            JOIN city.alert f ON f.dwelling > i.dwelling || '-' AND f.dwelling < i.dwelling || '.' AND f.rule = p.inhibits
        WHERE i.finding_id = ANY (written) AND i.state = 'opened' AND i.dwelling <> '' AND f.state = 'opened' AND NOT f.deleted
            AND f.inhibited_by IS DISTINCT FROM i.finding_id) concerned
    HAVING count(*) > 0;
END;
COMMENT ON FUNCTION city.settle_with IS 'After these alerts were written: settles them, what they inhibited, and what they inhibit now.';

DO $$
DECLARE one regprocedure;
BEGIN
    FOR one IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'city'::regnamespace
        AND p.proname IN ('hold_inhibition', 'is_in_hand', 'inhibitor_of', 'silence_of', 'dispatch', 'settle', 'settle_with')
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO citygrid_sinks', one);
    END LOOP;
END $$;

-- -- what is read of it

DROP FUNCTION city.show_tasks, city.show_alerts, city.alerts_where;
ALTER TYPE city.shown_task ADD ATTRIBUTE line text;
ALTER TYPE city.shown_alert ADD ATTRIBUTE line text, ADD ATTRIBUTE inhibited_by uuid, ADD ATTRIBUTE inhibited_by_rule text, ADD ATTRIBUTE inhibits bigint;

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
            (SELECT count(*) FROM city.alert f WHERE f.inhibited_by = a.finding_id)
    FROM city.alert a
    LEFT JOIN LATERAL city.show_place(a.dwelling) p ON true
    LEFT JOIN LATERAL (SELECT * FROM city.task WHERE finding_id = a.finding_id ORDER BY dispatched_at DESC, id DESC LIMIT 1) t ON true
    LEFT JOIN city.account c ON c.id = t.claimed_by
    LEFT JOIN city.alert i ON i.finding_id = a.inhibited_by
    WHERE a.finding_id = ANY (ids) ORDER BY array_position(ids, a.finding_id);
END;
COMMENT ON FUNCTION city.show_alerts IS 'These alerts, in this order, each with its place and its newest task, as far as the caller sees them.';

CREATE FUNCTION city.shown_where() RETURNS text LANGUAGE sql IMMUTABLE
BEGIN ATOMIC SELECT 'state = ''opened'' AND inhibited_by IS NULL AND silenced_by IS NULL'; END;

-- As in 0020, and line; states inhibited, silenced.
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
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who record := city.caller();
BEGIN
    RETURN QUERY EXECUTE format('SELECT line, count(*), count(*) FILTER (WHERE EXISTS (SELECT FROM city.task t WHERE t.finding_id = a.finding_id
            AND t.state IN (''completed'', ''verified'') AND t.outcome = ''done'')), count(*) FILTER (WHERE severity = ''urgent'')
        FROM city.alert a WHERE %s AND line = ANY ($2) GROUP BY 1', city.alerts_where(wanted, who.scope)) USING wanted, keys;
END $$;
COMMENT ON FUNCTION city.lines_of IS 'How many alerts of these filters each of these lines has, and at how many of its doors the work is done.';

-- -- whose they are, and who may call them

GRANT CREATE ON SCHEMA city TO citygrid_reader;
DO $$
DECLARE one regprocedure; of_api CONSTANT name[] := ARRAY['list_lines', 'count_lines', 'lines_of'];
BEGIN
    FOR one IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'city'::regnamespace AND p.proname = ANY (of_api) LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO citygrid_api', one);
    END LOOP;
    FOR one IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'city'::regnamespace AND (p.proname = ANY (of_api)
        OR p.proname IN ('show_tasks', 'show_alerts', 'alerts_where', 'shown_where', 'is_gathered', 'open_lines'))
    LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO citygrid_reader', one);
    END LOOP;
END $$;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
