-- What is one line of a list, and what need not be shown because something above it is, or because a person said so for a while:
-- docs/decisions/0041-noise.md

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

CREATE FUNCTION city.keep_inhibitions(pairs jsonb) RETURNS integer LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE concerned text[]; changed integer;
BEGIN
    -- Whoever writes alerts has read the pairs first (city.hold_inhibition): each is before this, or knows them as they are now.
    LOCK TABLE city.inhibition IN ACCESS EXCLUSIVE MODE;
    WITH wanted AS (SELECT p.rule, p.inhibits FROM jsonb_to_recordset(pairs) AS p(rule text, inhibits text)),
        ended AS (DELETE FROM city.inhibition i WHERE NOT EXISTS (SELECT FROM wanted w WHERE (w.rule, w.inhibits) = (i.rule, i.inhibits)) RETURNING i.inhibits),
        added AS (INSERT INTO city.inhibition SELECT w.rule, w.inhibits FROM wanted w ON CONFLICT DO NOTHING RETURNING inhibits)
    SELECT array_agg(inhibits), count(*) INTO concerned, changed FROM (SELECT inhibits FROM ended UNION ALL SELECT inhibits FROM added) both_ways;
    PERFORM city.settle(ARRAY(SELECT a.finding_id FROM city.alert a WHERE a.rule = ANY (concerned) AND a.state = 'opened' AND NOT a.deleted));
    RETURN changed;
END $$;
COMMENT ON FUNCTION city.keep_inhibitions IS
    'These pairs {rule, inhibits} are all that there are; what that shows or hides is settled in the same transaction. How many pairs came or went.';

-- -- silences: for a while nobody is sent for a rule in an area; with owner, reason and end

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
CREATE INDEX silence_ended ON city.silence (ended_at) WHERE ended_at IS NOT NULL;
DO $$ BEGIN PERFORM city.keep_no_statistics('city.silence'); END $$;
ALTER TABLE city.silence ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.silence TO citygrid_owner USING (true);
CREATE POLICY sinks ON city.silence FOR SELECT TO citygrid_sinks USING (true);
-- Those of one's area, and those from above that hold in it; of one's own rules for whoever is limited to domains.
CREATE POLICY sees ON city.silence FOR SELECT TO citygrid_reader USING (
    (SELECT city.my_account()) IS NOT NULL
    AND (area >= (SELECT city.sees_from()) AND area < (SELECT city.sees_until()) OR starts_with((SELECT city.sees_from()), area))
    AND ((SELECT city.sees_domains()) IS NULL OR EXISTS (SELECT FROM city.alert a WHERE a.rule = silence.rule)));
GRANT SELECT ON city.silence TO citygrid_reader, citygrid_sinks;
ALTER TABLE city.alert ADD FOREIGN KEY (silenced_by) REFERENCES city.silence;

CREATE FUNCTION city.silence_of(its_rule text, its_place text) RETURNS uuid LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT s.id FROM city.silence s
    WHERE s.rule = its_rule AND s.ended_at IS NULL AND s.ends_at > now() AND starts_with(its_place, s.area) ORDER BY s.ends_at DESC, s.id LIMIT 1;
END;

CREATE FUNCTION city.silenced(its_rule text, its_area text) RETURNS uuid[] LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN ARRAY(SELECT a.finding_id FROM city.alert a WHERE a.rule = its_rule AND a.state = 'opened' AND NOT a.deleted AND starts_with(a.place, its_area));
COMMENT ON FUNCTION city.silenced IS 'The open alerts about which a silence of this rule and area speaks.';

-- An account that is limited to domains silences, ends and reads silences of its own rules only. Which domain a rule is of, its alerts say:
-- of a rule that has found nothing yet, such an account cannot say that it is its own. docs/decisions/0047-whose-report.md
CREATE FUNCTION city.keep_silences_in_domains() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF city.sees_domains() IS NOT NULL
        AND NOT EXISTS (SELECT FROM city.alert a WHERE a.rule = new.rule AND a.domain = ANY (city.sees_domains()))
    THEN
        RAISE EXCEPTION 'There is no such silence, or the rule is of another domain.' USING ERRCODE = CASE TG_OP WHEN 'INSERT' THEN 'CG403' ELSE 'CG404' END;
    END IF;
    RETURN new;
END $$;
COMMENT ON FUNCTION city.keep_silences_in_domains IS 'Whoever is limited to domains touches no silence of another. CG403, CG404.';
CREATE TRIGGER in_domains BEFORE INSERT OR UPDATE OF ended_by ON city.silence FOR EACH ROW EXECUTE FUNCTION city.keep_silences_in_domains();

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

-- Whoever writes an alert of this silence (its foreign key) does not wait for the silence's row: it holds the alert for which this waits.
-- Random walks found two that waited for each other so (tests/integration/database/walks.py).
CREATE FUNCTION city.end_silence(its_id uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me record; its city.silence;
BEGIN
    SELECT m.* INTO me FROM city.me() m;
    SELECT * INTO its FROM city.silence s WHERE s.id = its_id FOR NO KEY UPDATE;
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

-- -- what follows for tasks

-- A task that was done stays finished while its finding stays open (what follows one that met nobody is made by
-- city.follow_up); a finding that was resolved and opens again is new work, and so is one that is shown again.
CREATE FUNCTION city.dispatch(findings uuid[]) RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH here AS MATERIALIZED (SELECT clock_timestamp() AS now), made AS (
        INSERT INTO city.task (finding_id, previous, rule, domain, severity, dwelling, queue, respond_within, respond_unit, respond_by, dispatched_at)
        SELECT a.finding_id,
            (SELECT t.id FROM city.task t WHERE t.finding_id = a.finding_id ORDER BY t.dispatched_at DESC, t.id DESC LIMIT 1),
            a.rule, a.domain, a.severity, a.dwelling, p.place, a.respond_within, a.respond_unit,
            city.due(here.now, a.respond_within, a.respond_unit), here.now
        FROM here, city.alert a JOIN city.placement p USING (dwelling)
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

CREATE FUNCTION city.settle_with(written uuid[]) RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
BEGIN ATOMIC
    -- First what was written, then what each of the few that inhibit does: taken together, every open alert is held against every written one.
    WITH said AS MATERIALIZED (SELECT a.* FROM city.alert a WHERE a.finding_id = ANY (written)),
    inhibits AS MATERIALIZED (SELECT a.finding_id, a.dwelling, p.inhibits FROM said a JOIN city.inhibition p ON p.rule = a.rule
        WHERE a.state = 'opened' AND a.dwelling <> '')
    SELECT city.settle(array_agg(concerned.finding_id)) FROM (
        SELECT a.finding_id FROM said a WHERE a.inhibited_by IS NOT NULL OR a.silenced_by IS NOT NULL
            OR a.state = 'opened' AND (a.rule IN (SELECT p.inhibits FROM city.inhibition p) OR city.silence_of(a.rule, a.place) IS NOT NULL)
        UNION SELECT f.finding_id FROM city.alert f WHERE f.inhibited_by = ANY (written)
        UNION SELECT one.finding_id FROM inhibits i, LATERAL (
            SELECT f.finding_id, f.rule, f.inhibited_by FROM city.alert f
            WHERE f.dwelling > i.dwelling || '-' AND f.dwelling < i.dwelling || '.' AND f.state = 'opened' AND NOT f.deleted OFFSET 0) one
        WHERE one.rule = i.inhibits AND one.inhibited_by IS DISTINCT FROM i.finding_id) concerned
    HAVING count(*) > 0;
END;
COMMENT ON FUNCTION city.settle_with IS 'After these alerts were written: settles them, what they inhibited, and what they inhibit now.';

-- -- who may call them, and whose they are
GRANT EXECUTE ON FUNCTION city.make_silence, city.end_silence, city.list_silences TO citygrid_api;
GRANT EXECUTE ON FUNCTION city.cause_of, city.buildings_of, city.hold_inhibition, city.is_in_hand, city.inhibitor_of, city.silence_of, city.keep_silences,
    city.dispatch, city.settle, city.settle_with
    TO citygrid_sinks;
GRANT CREATE ON SCHEMA city TO citygrid_reader;
ALTER FUNCTION city.list_silences OWNER TO citygrid_reader;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
