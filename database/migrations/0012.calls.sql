-- Whom a call for help is told, one after the other: docs/decisions/0042-calls-for-help.md

CREATE TABLE city.call_setting ( -- one row, taught by the process that tells (database/calls.py)
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    next_after interval NOT NULL DEFAULT '60 seconds' CHECK (next_after >= '1 second'),    -- unacknowledged: the next is told
    within_metres integer NOT NULL DEFAULT 5000 CHECK (within_metres > 0),                 -- who is farther away is not told
    position_age interval NOT NULL DEFAULT '10 minutes' CHECK (position_age > '0 seconds') -- an older position is worth nothing
);
INSERT INTO city.call_setting DEFAULT VALUES;

-- -- whose turn it is

CREATE TABLE city.call_turn (
    task uuid NOT NULL REFERENCES city.task ON DELETE CASCADE,
    number integer NOT NULL, -- the line of its history by which it came into its queue: a round
    turn integer NOT NULL CHECK (turn >= 1),
    due_at timestamptz NOT NULL,
    sent_at timestamptz,
    cancelled_at timestamptz, -- somebody acknowledged, or it came into its queue again
    account uuid REFERENCES city.account, -- the worker who was told; NULL: nobody was left
    metres integer,                       -- from the call's door; NULL: no position was known
    desk boolean NOT NULL DEFAULT false,  -- the desk was told with this turn
    PRIMARY KEY (task, number, turn),
    CHECK (sent_at IS NULL OR cancelled_at IS NULL),
    CHECK (sent_at IS NOT NULL OR account IS NULL AND NOT desk)
);
CREATE INDEX call_turn_pending ON city.call_turn (due_at) WHERE sent_at IS NULL AND cancelled_at IS NULL;
CREATE UNIQUE INDEX call_turn_one_pending ON city.call_turn (task) WHERE sent_at IS NULL AND cancelled_at IS NULL;
CREATE INDEX call_turn_sent ON city.call_turn (sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX ON city.call_turn (account);
COMMENT ON TABLE city.call_turn IS 'Who was told of a call for help, nearest first, one at a time; of a call that nobody has acknowledged, when the next is told.';
DO $$ BEGIN PERFORM city.keep_no_statistics('city.call_turn'); END $$;
ALTER TABLE city.call_turn ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.call_turn TO citygrid_owner USING (true);

CREATE FUNCTION city.metres_between(lon_a float8, lat_a float8, lon_b float8, lat_b float8) RETURNS float8 LANGUAGE sql IMMUTABLE STRICT
BEGIN ATOMIC
    -- Haversine on a sphere of the Earth's mean radius (IUGG): within 0.5 %
    SELECT 2 * 6371008.8 * asin(sqrt(least(1.0, sin(radians(lat_b - lat_a) / 2) ^ 2
        + cos(radians(lat_a)) * cos(radians(lat_b)) * sin(radians(lon_b - lon_a) / 2) ^ 2)));
END;

CREATE FUNCTION city.is_desk(role text, domains text[]) RETURNS boolean LANGUAGE sql IMMUTABLE
BEGIN ATOMIC SELECT coalesce(domains = ARRAY['sos'] OR role = 'command_centre' AND (domains IS NULL OR 'sos' = ANY (domains)), false); END;
COMMENT ON FUNCTION city.is_desk IS 'Whether such an account sits at a desk for calls: one that sees nothing but calls, or a command centre that sees them.';

CREATE FUNCTION city.nearest_on_duty(its city.task, round integer, as_of timestamptz) RETURNS TABLE (account uuid, metres integer)
LANGUAGE sql STABLE SET enable_seqscan = off
BEGIN ATOMIC
    SELECT a.id, near.metres
    FROM city.call_setting setting
    JOIN city.account a ON a.role = 'grid_worker' AND a.disabled_at IS NULL AND NOT city.is_desk(a.role, a.domains)
        AND (a.domains IS NULL OR its.domain = ANY (a.domains))
    LEFT JOIN city.placement p ON p.dwelling = its.dwelling AND p.dwelling <> ''
    LEFT JOIN city.heartbeat b ON b.account = a.id AND b.position_at > as_of - setting.position_age
    CROSS JOIN LATERAL (SELECT city.metres_between(b.lon, b.lat, p.lon, p.lat)::integer AS metres,
        starts_with(its.queue, a.scope) AS serves) near
    WHERE left(a.scope, 6) = left(its.queue, 6) -- a district's workers
        AND CASE WHEN near.metres IS NULL THEN near.serves ELSE near.metres <= setting.within_metres END
        AND NOT EXISTS (SELECT FROM city.call_turn s WHERE s.task = its.id AND s.number = round AND s.account = a.id)
        -- who gave it up just now is not asked again
        AND NOT EXISTS (SELECT FROM city.task_event e WHERE e.task = its.id AND e.number = round AND e.actor = a.id)
        AND city.on_duty(a.id, a.scope, as_of)
    -- Where nobody knows a position, whoever serves the smallest area around the door is the nearest.
    ORDER BY near.metres NULLS LAST, length(a.scope) DESC, a.name LIMIT 1;
END;
COMMENT ON FUNCTION city.nearest_on_duty IS
    'The worker on duty who is nearest to a call''s door and was not told in this round: by the last position of their tablet, then who serves the place without one. None: nobody is left.';

CREATE FUNCTION city.wake_for_call(its city.task, also uuid DEFAULT NULL) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Whoever was told may serve another grid: their page has no other line of it.
    INSERT INTO city.feed (kind, key, place, domain)
    SELECT 'call', its.id::text, concerned.place, its.domain FROM (
        SELECT its.queue AS place
        UNION SELECT a.scope FROM city.account a
            WHERE a.id = also OR a.id IN (SELECT s.account FROM city.call_turn s WHERE s.task = its.id)) concerned;
    NOTIFY city_feed;
END $$;
COMMENT ON FUNCTION city.wake_for_call IS 'Pages of the call''s place, and of all who were told of it, read their calls again.';

CREATE FUNCTION city.keep_calls() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE its city.task;
BEGIN
    SELECT t.* INTO its FROM city.task t WHERE t.id = new.task AND t.domain = 'sos';
    IF its.id IS NULL OR new.to_state = 'dispatched' AND new.move NOT IN ('dispatch', 'hand_over', 'release', 'lapse', 'resume') THEN
        RETURN NULL; -- no call, or it waits as before
    END IF;
    UPDATE city.call_turn s SET cancelled_at = new.at WHERE s.task = new.task AND s.sent_at IS NULL AND s.cancelled_at IS NULL;
    IF new.to_state = 'dispatched' THEN
        INSERT INTO city.call_turn (task, number, turn, due_at) VALUES (new.task, new.number, 1, new.at);
    END IF;
    PERFORM city.wake_for_call(its);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION city.keep_calls IS 'As keep_notifications: a call''s turns begin when it comes into a queue, and whatever takes it out of it cancels what is pending.';
CREATE TRIGGER tells_calls AFTER INSERT ON city.task_event FOR EACH ROW EXECUTE FUNCTION city.keep_calls();

CREATE FUNCTION city.tell_calls(as_of timestamptz, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    one record; its city.task; nearest record; to_desk boolean; told integer := 0;
    next_at timestamptz := as_of + (SELECT s.next_after FROM city.call_setting s);
BEGIN
    FOR one IN SELECT s.task FROM city.call_turn s
        WHERE s.due_at <= as_of AND s.sent_at IS NULL AND s.cancelled_at IS NULL ORDER BY s.due_at LIMIT most
    LOOP
        -- Whoever acknowledges holds the task: either this is first, or nothing of it is pending any more.
        SELECT t.* INTO its FROM city.task t WHERE t.id = one.task FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN its.id IS NULL;
        SELECT s.number, s.turn INTO one FROM city.call_turn s
        WHERE s.task = its.id AND s.due_at <= as_of AND s.sent_at IS NULL AND s.cancelled_at IS NULL;
        CONTINUE WHEN one.number IS NULL;
        SELECT n.account, n.metres INTO nearest FROM city.nearest_on_duty(its, one.number, as_of) n;
        to_desk := (one.turn > 1 OR nearest.account IS NULL)
            AND NOT EXISTS (SELECT FROM city.call_turn s WHERE s.task = its.id AND s.number = one.number AND s.desk);
        IF nearest.account IS NULL AND NOT to_desk THEN -- all know it; somebody may come on duty
            UPDATE city.call_turn s SET due_at = next_at WHERE (s.task, s.number, s.turn) = (its.id, one.number, one.turn);
            CONTINUE;
        END IF;
        UPDATE city.call_turn s SET (sent_at, account, metres, desk) = (as_of, nearest.account, nearest.metres, to_desk)
        WHERE (s.task, s.number, s.turn) = (its.id, one.number, one.turn);
        INSERT INTO city.call_turn (task, number, turn, due_at) VALUES (its.id, one.number, one.turn + 1, next_at);
        PERFORM city.wake_for_call(its, nearest.account);
        told := told + 1;
    END LOOP;
    RETURN told;
END $$;
COMMENT ON FUNCTION city.tell_calls IS
    'Tells whose turn has come of calls that nobody has acknowledged: the nearest, then the next and the desk; how many turns. One at a time, however the clock jumps.';

CREATE FUNCTION city.learn_calls(its_next_after interval, its_within_metres integer, its_position_age interval) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE city.call_setting s SET (next_after, within_metres, position_age) = (its_next_after, its_within_metres, its_position_age)
    WHERE (s.next_after, s.within_metres, s.position_age) IS DISTINCT FROM (its_next_after, its_within_metres, its_position_age);
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION city.learn_calls IS 'The installation''s settings for calls, from now on; whether they changed.';

-- -- who sees a call, and answers it

CREATE TYPE city.shown_call AS (
    task uuid, finding_id uuid, rule text, state text, queue text, dispatched_at timestamptz, why_zh text, why_en text,
    acknowledged_at timestamptz, by_name text, mine boolean, may_answer boolean, sees_case boolean,
    placed text, grid text, district text, address text, lon float8, lat float8, names_zh text[], names_en text[],
    next_at timestamptz, desk_at timestamptz, told_at timestamptz, told jsonb
);

-- For its caller city.my_calls, which records the look: whoever was told sees the call wherever it lies, as long as it is theirs to answer.
CREATE FUNCTION city.calls_of_caller() RETURNS SETOF city.shown_call LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
BEGIN ATOMIC
    SELECT t.id, t.finding_id, t.rule, t.state, t.queue, t.dispatched_at, a.why_zh, a.why_en,
        t.acknowledged_at, c.name, coalesce(t.claimed_by = m.account, false),
        t.state = 'dispatched' AND (t.claimed_by IS NULL OR t.claimed_by = m.account), sees.it,
        nullif(p.dwelling, ''), p.grid, p.district, p.address, p.lon, p.lat,
        ARRAY[street.name_zh, community.name_zh, area.name_zh], ARRAY[street.name_en, community.name_en, area.name_en],
        pending.due_at, round.desk_at, mine.told_at, CASE WHEN desk.it THEN round.told ELSE '[]' END
    FROM city.me() m
    CROSS JOIN LATERAL (SELECT city.is_desk(m.role, m.domains) AS it) desk
    JOIN city.task t ON t.domain = 'sos' AND t.state IN ('dispatched', 'acknowledged')
        AND m.role IN ('grid_worker', 'command_centre')
        AND (desk.it AND t.queue >= m.scope AND t.queue < m.scope || 'z'
            OR NOT desk.it AND m.role = 'grid_worker' AND t.id IN (SELECT s.task FROM city.call_turn s WHERE s.account = m.account))
    CROSS JOIN LATERAL (SELECT t.queue >= m.scope AND t.queue < m.scope || 'z' AND (m.domains IS NULL OR 'sos' = ANY (m.domains)) AS it) sees
    CROSS JOIN LATERAL (SELECT max(s.number) AS number FROM city.call_turn s WHERE s.task = t.id) last
    LEFT JOIN LATERAL (SELECT s.due_at FROM city.call_turn s WHERE s.task = t.id AND s.sent_at IS NULL AND s.cancelled_at IS NULL) pending ON true
    CROSS JOIN LATERAL (
        SELECT min(s.sent_at) FILTER (WHERE s.desk) AS desk_at,
            coalesce(jsonb_agg(jsonb_build_object('name', w.name, 'at', s.sent_at, 'metres', s.metres) ORDER BY s.turn)
                FILTER (WHERE s.account IS NOT NULL), '[]') AS told
        FROM city.call_turn s LEFT JOIN city.account w ON w.id = s.account
        WHERE s.task = t.id AND s.number = last.number AND s.sent_at IS NOT NULL) round
    LEFT JOIN LATERAL (SELECT s.sent_at AS told_at FROM city.call_turn s
        WHERE s.task = t.id AND s.number = last.number AND s.account = m.account AND s.sent_at IS NOT NULL) mine ON true
    LEFT JOIN city.alert a ON a.finding_id = t.finding_id
    LEFT JOIN city.account c ON c.id = t.claimed_by
    LEFT JOIN city.placement p ON p.dwelling = t.dwelling
    LEFT JOIN city.grid_area street ON street.grid = left(p.grid, 9)
    LEFT JOIN city.grid_area community ON community.grid = left(p.grid, 12)
    LEFT JOIN city.grid_area area ON area.grid = p.grid
    WHERE desk.it OR t.claimed_by = m.account OR t.state = 'dispatched' AND mine.told_at IS NOT NULL
    ORDER BY t.state DESC, t.dispatched_at, t.id LIMIT 50;
END;

CREATE FUNCTION city.my_calls() RETURNS SETOF city.shown_call LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE shown city.shown_call[];
BEGIN
    PERFORM city.caller();
    SELECT array_agg(s) INTO shown FROM city.calls_of_caller() s;
    PERFORM city.looked('task', ARRAY(SELECT (s).task::text FROM unnest(shown) s));
    RETURN QUERY SELECT (s).* FROM unnest(shown) s;
END $$;
COMMENT ON FUNCTION city.my_calls IS
    'Calls for help that concern the caller, those that wait first; recorded. A desk: all of its area. A worker: which they were told of and nobody has acknowledged, and their own.';

CREATE FUNCTION city.answer_call(its_id uuid, request_id uuid DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me record; since text := city.sees_from(); until text := city.sees_until();
BEGIN
    SELECT m.* INTO me FROM city.me() m;
    -- Before the lock: nobody waits for what they may not see. A colleague's claim is refused by name, as ever.
    IF me.account IS NULL OR NOT EXISTS (
        SELECT FROM city.task t WHERE t.id = its_id AND t.domain = 'sos' AND (
            EXISTS (SELECT FROM city.call_turn s WHERE s.task = t.id AND s.account = me.account)
            OR t.queue >= since AND t.queue < until AND 'sos' = ANY (coalesce(me.domains, ARRAY['sos']))))
    THEN
        RAISE EXCEPTION 'There is no such task.' USING ERRCODE = 'CG404';
    END IF;
    PERFORM city.move_task(its_id, 'acknowledge', me.account, NULL, '{}', request_id);
END $$;
COMMENT ON FUNCTION city.answer_call IS 'The caller is at this call: acknowledged, and all that is pending of it is cancelled. CG404: never told of it; CG409: somebody else is.';

-- -- who is to be told is told at its time: docs/decisions/0046-punctual-and-push.md

CREATE FUNCTION city.next_due() RETURNS timestamptz LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
BEGIN ATOMIC
    -- Two indexes of what is pending, and of each its first line.
    SELECT least(
        (SELECT s.due_at FROM city.call_turn s WHERE s.sent_at IS NULL AND s.cancelled_at IS NULL ORDER BY s.due_at LIMIT 1),
        (SELECT n.due_at FROM city.notification n WHERE n.sent_at IS NULL AND n.cancelled_at IS NULL ORDER BY n.due_at LIMIT 1));
END;
COMMENT ON FUNCTION city.next_due IS 'When somebody is to be told next that nobody has acknowledged a call or a task; NULL: nobody is.';

CREATE FUNCTION city.wake_punctual() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NOTIFY city_due;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION city.wake_punctual IS 'Whoever tells sets the clock anew: a call has a turn that may be sooner than what is waited for.';

-- Other tasks need none: their first step tells nobody by itself, and the next is minutes away.
CREATE TRIGGER wakes AFTER INSERT ON city.call_turn FOR EACH STATEMENT EXECUTE FUNCTION city.wake_punctual();

-- -- how calls are answered, for the operators' gauges

CREATE FUNCTION city.calls_waiting() RETURNS TABLE (told text, calls bigint) LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
BEGIN ATOMIC
    SELECT CASE WHEN s.desk THEN 'desk' WHEN s.worker THEN 'worker' ELSE 'nobody' END, count(*)
    FROM city.task t CROSS JOIN LATERAL (
        SELECT bool_or(c.desk) AS desk, bool_or(c.account IS NOT NULL) AS worker FROM city.call_turn c
        WHERE c.task = t.id AND c.sent_at IS NOT NULL AND c.number = (SELECT max(l.number) FROM city.call_turn l WHERE l.task = t.id)) s
    WHERE t.domain = 'sos' AND t.state IN ('dispatched', 'acknowledged') AND t.state = 'dispatched' GROUP BY 1;
END;
COMMENT ON FUNCTION city.calls_waiting IS 'Calls for help that nobody has acknowledged, by who was told: nobody, worker, desk.';

CREATE FUNCTION city.call_times(since timestamptz, until timestamptz) RETURNS TABLE (what text, seconds float8) LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
BEGIN ATOMIC
    SELECT 'late', extract(epoch FROM s.sent_at - s.due_at)::float8 FROM city.call_turn s WHERE s.sent_at > since AND s.sent_at <= until
    UNION ALL
    SELECT 'acknowledged', extract(epoch FROM t.acknowledged_at - t.dispatched_at)::float8 FROM city.task t
    WHERE t.domain = 'sos' AND t.state IN ('dispatched', 'acknowledged') AND t.acknowledged_at > since AND t.acknowledged_at <= until;
END;
COMMENT ON FUNCTION city.call_times IS 'Of a span of time: how late each turn was told, and after how long each call was acknowledged.';

-- -- who may call them, and whose they are
GRANT EXECUTE ON FUNCTION city.my_calls, city.answer_call TO citygrid_api;
GRANT EXECUTE ON FUNCTION city.calls_of_caller TO citygrid_reader;
GRANT EXECUTE ON FUNCTION city.tell_calls, city.learn_calls, city.next_due, city.calls_waiting, city.call_times TO citygrid_sinks;
GRANT CREATE ON SCHEMA city TO citygrid_reader;
ALTER FUNCTION city.my_calls OWNER TO citygrid_reader;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
