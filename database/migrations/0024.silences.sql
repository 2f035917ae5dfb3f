-- depends: 0023.noise
-- Silences: for a while nobody is sent for a rule in an area; with owner, reason and end. docs/decisions/0041-noise.md

CREATE TABLE city.silence (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    rule text COLLATE "C" NOT NULL,
    area text COLLATE "C" NOT NULL CHECK (area ~ '^([0-9]{6}|[0-9]{9}|[0-9]{12}|[0-9]{15})?$'), -- '': the city
    reason text NOT NULL CHECK (trim(reason) <> ''),
    made_by uuid NOT NULL REFERENCES city.account,
    made_by_name text NOT NULL, -- as they were called then
    made_at timestamptz NOT NULL DEFAULT now(),
    ends_at timestamptz NOT NULL,
    ended_at timestamptz, -- NULL: it holds; else when it ended, by itself or by a person
    ended_by uuid REFERENCES city.account,
    ended_by_name text, -- NULL: by itself
    CHECK (ends_at > made_at)
);
CREATE INDEX silence_holds ON city.silence (rule) WHERE ended_at IS NULL;
DO $$ BEGIN PERFORM city.keep_no_statistics('city.silence'); END $$;
ALTER TABLE city.silence ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.silence TO citygrid_owner USING (true);
CREATE POLICY sinks ON city.silence FOR SELECT TO citygrid_sinks USING (true);
-- Those of one's area, and those from above that hold in it.
CREATE POLICY sees ON city.silence FOR SELECT TO citygrid_reader USING (
    (SELECT city.my_account()) IS NOT NULL
    AND (area >= (SELECT city.sees_from()) AND area < (SELECT city.sees_until()) OR starts_with((SELECT city.sees_from()), area)));
GRANT SELECT ON city.silence TO citygrid_reader, citygrid_sinks;
ALTER TABLE city.alert ADD FOREIGN KEY (silenced_by) REFERENCES city.silence;
CREATE INDEX alert_silenced ON city.alert (silenced_by) WHERE silenced_by IS NOT NULL;

CREATE OR REPLACE FUNCTION city.silence_of(its_rule text, its_place text) RETURNS uuid LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT s.id FROM city.silence s
    WHERE s.rule = its_rule AND s.ended_at IS NULL AND s.ends_at > now() AND starts_with(its_place, s.area) ORDER BY s.ends_at DESC, s.id LIMIT 1;
END;

CREATE FUNCTION city.silenced(its_rule text, its_area text) RETURNS uuid[] LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN ARRAY(SELECT a.finding_id FROM city.alert a WHERE a.rule = its_rule AND a.state = 'opened' AND NOT a.deleted AND starts_with(a.place, its_area));
COMMENT ON FUNCTION city.silenced IS 'The open alerts about which a silence of this rule and area speaks.';

CREATE FUNCTION city.make_silence(its_rule text, its_area text, because text, until timestamptz) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me record; made uuid;
BEGIN
    SELECT m.* INTO me FROM city.me() m;
    IF me.account IS NULL THEN RAISE EXCEPTION 'Log in first.' USING ERRCODE = 'CG401'; END IF;
    IF me.role <> 'command_centre' OR length(me.scope) > 9 OR NOT starts_with(its_area, me.scope) THEN
        RAISE EXCEPTION 'A street''s, a district''s or the city''s command centre silences a rule in its own area.' USING ERRCODE = 'CG403';
    END IF;
    IF coalesce(trim(because), '') = '' OR until <= now() OR until > now() + interval '90 days' THEN
        RAISE EXCEPTION 'Say why, and until when: within 90 days.' USING ERRCODE = 'CG422';
    END IF;
    IF EXISTS (SELECT FROM city.alert a WHERE a.rule = its_rule AND a.domain = 'sos') THEN
        RAISE EXCEPTION 'A call for help cannot be silenced.' USING ERRCODE = 'CG422';
    END IF;
    PERFORM city.hold_inhibition(ARRAY[its_rule]);
    INSERT INTO city.silence (rule, area, reason, made_by, made_by_name, ends_at)
    VALUES (its_rule, its_area, trim(because), me.account, me.name, until) RETURNING id INTO made;
    PERFORM city.settle(city.silenced(its_rule, its_area));
    RETURN made;
END $$;
COMMENT ON FUNCTION city.make_silence IS
    'What nobody has claimed has no task until it ends; CG403: not their area; CG422: no reason, no end within 90 days, or a call for help.';

CREATE FUNCTION city.end_silence(its_id uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me record; its city.silence;
BEGIN
    SELECT m.* INTO me FROM city.me() m;
    SELECT * INTO its FROM city.silence s WHERE s.id = its_id FOR UPDATE;
    IF its.id IS NULL OR me.role IS DISTINCT FROM 'command_centre' OR length(me.scope) > 9 OR NOT starts_with(its.area, me.scope) THEN
        RAISE EXCEPTION 'There is no such silence.' USING ERRCODE = 'CG404';
    END IF;
    IF its.ended_at IS NOT NULL THEN RETURN; END IF; -- sent again, or it has just ended
    PERFORM city.hold_inhibition(ARRAY[its.rule]);
    UPDATE city.silence s SET (ended_at, ended_by, ended_by_name) = (now(), me.account, me.name) WHERE s.id = its_id;
    PERFORM city.settle(ARRAY(SELECT a.finding_id FROM city.alert a WHERE a.silenced_by = its_id));
END $$;
COMMENT ON FUNCTION city.end_silence IS 'Before its time; what is still open is dispatched. CG404: it is not of their area.';

CREATE FUNCTION city.keep_silences(as_of timestamptz, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM city.silence s WHERE s.ended_at IS NULL LIMIT 1;
    IF NOT FOUND AND NOT EXISTS (SELECT FROM city.alert a WHERE a.silenced_by IS NOT NULL) THEN RETURN 0; END IF;
    PERFORM city.hold_inhibition(ARRAY(SELECT p.inhibits FROM city.inhibition p));
    UPDATE city.silence s SET ended_at = s.ends_at WHERE s.ended_at IS NULL AND s.ends_at <= as_of;
    RETURN city.settle(ARRAY(SELECT finding_id FROM (
        SELECT a.finding_id FROM city.silence s JOIN city.alert a ON a.silenced_by = s.id WHERE s.ended_at IS NOT NULL
        UNION SELECT a.finding_id FROM city.silence s, LATERAL unnest(city.silenced(s.rule, s.area)) one JOIN city.alert a ON a.finding_id = one
        -- an alert that was written while the silence was, and what is in nobody's hand any more
        WHERE s.ended_at IS NULL AND a.silenced_by IS NULL AND a.domain <> 'sos' AND NOT city.is_in_hand(a.finding_id)) concerned LIMIT most));
END $$;
COMMENT ON FUNCTION city.keep_silences IS 'Ends those whose time is over, and settles what each of the others speaks of; how many alerts changed.';
GRANT EXECUTE ON FUNCTION city.keep_silences TO citygrid_sinks;

-- -- what is read of it

DROP FUNCTION city.show_alerts, city.summary;
ALTER TYPE city.shown_alert ADD ATTRIBUTE silenced_by uuid, ADD ATTRIBUTE silenced_because text, ADD ATTRIBUTE silenced_name text,
    ADD ATTRIBUTE silenced_until timestamptz;

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

CREATE FUNCTION city.summary(zone text)
RETURNS TABLE (open bigint, urgent bigint, unknown bigint, opened_last_hour bigint, due_today bigint, overdue bigint, waiting_for_assignment bigint,
    escalated bigint, silenced bigint, asking bigint, fed_back bigint, mean_acknowledge_seconds float8, workers_on_duty bigint)
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
        city.count_alerts('{"state": "silenced"}'),
        city.count_alerts('{"task": "asking"}'),
        city.count_alerts('{"state": "any", "task": "fed_back"}'),
        (SELECT extract(epoch FROM avg(t.acknowledged_at - t.dispatched_at))::float8 FROM city.task t
         WHERE t.acknowledged_at > now() - interval '24 hours'),
        city.workers_on_duty();
END $$;
COMMENT ON FUNCTION city.summary IS 'The head line; each number is the count of the list that it opens.';


CREATE FUNCTION city.list_silences(ended boolean) RETURNS TABLE (id uuid, rule text, area text, reason text, made_by_name text, made_at timestamptz,
    ends_at timestamptz, ended_at timestamptz, ended_by_name text, alerts bigint, may_end boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who record := city.caller();
BEGIN
    IF who.role <> 'command_centre' THEN
        RAISE EXCEPTION 'Silences are of command centres.' USING ERRCODE = 'CG403';
    END IF;
    RETURN QUERY SELECT s.id, s.rule, s.area, s.reason, s.made_by_name, s.made_at, s.ends_at, s.ended_at, s.ended_by_name,
        (SELECT count(*) FROM city.alert a WHERE a.silenced_by = s.id),
        s.ended_at IS NULL AND length(who.scope) <= 9 AND starts_with(s.area, who.scope)
        FROM city.silence s WHERE (s.ended_at IS NOT NULL) = ended ORDER BY s.id DESC LIMIT 200;
END $$;
COMMENT ON FUNCTION city.list_silences IS 'Silences that hold in the caller''s area, or that have ended; the newest first, each with how many open alerts it silences there.';

-- -- whose they are, and who may call them

GRANT CREATE ON SCHEMA city TO citygrid_reader;
DO $$
DECLARE one regprocedure;
BEGIN
    FOR one IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'city'::regnamespace
        AND p.proname IN ('make_silence', 'end_silence', 'list_silences', 'summary')
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO citygrid_api', one);
    END LOOP;
    FOR one IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'city'::regnamespace AND p.proname IN ('show_alerts', 'summary', 'list_silences')
    LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO citygrid_reader', one);
    END LOOP;
END $$;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
