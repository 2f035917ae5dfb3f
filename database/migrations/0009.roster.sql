-- Who serves which grid when, whose tablet is alive, and for how long a claim holds: docs/decisions/0038-roster-and-leases.md

CREATE TABLE city.shift (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    grid text COLLATE "C" NOT NULL CHECK (grid ~ '^[0-9]{15}$'),
    begins timestamptz NOT NULL,
    ends timestamptz NOT NULL,
    worker uuid NOT NULL REFERENCES city.account,
    deputy uuid REFERENCES city.account, -- serves it where the worker does not
    ended_at timestamptz,                -- the worker handed over before its end
    note text,                           -- to who comes next
    planned_by uuid REFERENCES city.account, -- NULL: a command
    planned_by_name text,                -- as they were called then
    planned_at timestamptz,
    UNIQUE (grid, worker, begins),
    CHECK (begins < ends AND ends <= begins + interval '24 hours'),
    CHECK (deputy <> worker)
);
CREATE INDEX ON city.shift (worker, begins);
CREATE INDEX ON city.shift (deputy, begins) WHERE deputy IS NOT NULL;
CREATE INDEX shift_ends ON city.shift (ends);

CREATE TABLE city.heartbeat (
    account uuid PRIMARY KEY REFERENCES city.account,
    at timestamptz NOT NULL,
    lon float8 CHECK (lon BETWEEN -180 AND 180), -- degrees, WGS 84
    lat float8 CHECK (lat BETWEEN -90 AND 90),
    position_at timestamptz,
    CHECK (num_nulls(lon, lat, position_at) IN (0, 3))
);
COMMENT ON TABLE city.heartbeat IS 'When a grid worker''s tablet was heard of last.';
COMMENT ON COLUMN city.heartbeat.position_at IS
    'Its last position only, if the worker allows it; forgotten with the shift''s end, and once it is older than call_setting.position_age.';
DO $$ BEGIN PERFORM city.keep_no_statistics('city.heartbeat'); END $$;
ALTER TABLE city.shift ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE city.heartbeat ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.shift TO citygrid_owner USING (true);
CREATE POLICY owner ON city.heartbeat TO citygrid_owner USING (true);

-- Its columns are those of the table when it is made.
CREATE FUNCTION city.shift_of(who uuid, at timestamptz) RETURNS SETOF city.shift LANGUAGE sql STABLE
BEGIN ATOMIC
    -- the own ones before those of a colleague
    SELECT s.* FROM city.shift s
    WHERE (s.worker = who OR s.deputy = who) AND s.begins <= at AND s.ends > at AND s.begins > at - interval '24 hours' AND s.ended_at IS NULL
    ORDER BY s.worker <> who, s.ends DESC, s.grid;
END;
COMMENT ON FUNCTION city.shift_of IS 'The shifts that an account serves at this instant, as their worker or deputy.';

CREATE FUNCTION city.on_duty(who uuid, its_scope text, at timestamptz DEFAULT now()) RETURNS boolean LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT CASE WHEN EXISTS (SELECT FROM city.shift s WHERE s.grid >= its_scope AND s.grid < its_scope || 'z'
            AND s.begins BETWEEN at - interval '24 hours' AND at + interval '24 hours')
        THEN EXISTS (SELECT FROM city.shift_of(who, at))
            AND EXISTS (SELECT FROM city.heartbeat b WHERE b.account = who AND b.at > on_duty.at - interval '10 minutes')
        -- nobody keeps a roster there
        ELSE EXISTS (SELECT FROM city.session s WHERE s.account = who AND s.expires_at > at AND s.used_at > at - interval '1 hour') END;
END;
COMMENT ON FUNCTION city.on_duty IS
    'Whether the roster has this account now and its tablet is alive; where no shift of a day around is in the roster, whether its session is in use.';

CREATE FUNCTION city.workers_on_duty() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT count(*) FROM city.account a
    WHERE a.role = 'grid_worker' AND a.disabled_at IS NULL AND a.scope >= city.sees_from() AND a.scope < city.sees_until()
        AND city.on_duty(a.id, a.scope);
END;
COMMENT ON FUNCTION city.workers_on_duty IS 'Grid workers of the caller''s area who are on duty (city.on_duty).';

CREATE FUNCTION city.workers_on_duty_in(area text) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT count(*) FROM city.account a
    WHERE a.role = 'grid_worker' AND a.disabled_at IS NULL AND a.scope >= city.sees_from() AND a.scope < city.sees_until()
        AND starts_with(a.scope, area) AND city.on_duty(a.id, a.scope);
END;
COMMENT ON FUNCTION city.workers_on_duty_in IS 'As city.workers_on_duty, of those whose scope lies in an area.';

CREATE FUNCTION city.workers() RETURNS TABLE (account uuid, name text, scope text, on_duty boolean, open bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT a.id, a.name, a.scope, duty.now,
        (SELECT count(*) FROM city.task t WHERE t.claimed_by = a.id AND t.state IN ('dispatched', 'acknowledged', 'suspended'))
    FROM city.account a, LATERAL (SELECT city.on_duty(a.id, a.scope) AS now) duty
    WHERE a.role = 'grid_worker' AND a.disabled_at IS NULL AND a.scope >= city.sees_from() AND a.scope < city.sees_until()
        AND city.my_role() = 'command_centre'
    ORDER BY NOT duty.now, a.scope, a.name LIMIT 1000;
END;
COMMENT ON FUNCTION city.workers IS
    'Grid workers of a command centre''s area and how many tasks each has in hand; those on duty first, as city.workers_on_duty counts them.';

CREATE FUNCTION city.roster(from_at timestamptz, until_at timestamptz) RETURNS TABLE (grid text, begins timestamptz, ends timestamptz, worker text,
    deputy text, on_duty text, ended_at timestamptz, note text, planned_by text, planned_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF city.my_role() IS NULL THEN RAISE EXCEPTION 'Log in first.' USING ERRCODE = 'CG401'; END IF;
    RETURN QUERY SELECT s.grid, s.begins, s.ends, w.name, d.name,
            CASE WHEN s.begins <= now() AND s.ends > now() AND s.ended_at IS NULL THEN
                CASE WHEN city.on_duty(w.id, w.scope) THEN w.name WHEN city.on_duty(d.id, d.scope) THEN d.name END END,
            s.ended_at, s.note, s.planned_by_name, s.planned_at
        FROM city.shift s JOIN city.account w ON w.id = s.worker LEFT JOIN city.account d ON d.id = s.deputy
        WHERE s.begins < until_at AND s.ends > from_at AND s.begins > from_at - interval '24 hours'
            AND s.grid >= city.sees_from() AND s.grid < city.sees_until()
        ORDER BY s.begins, s.grid, w.name LIMIT 1000;
END $$;
COMMENT ON FUNCTION city.roster IS 'Shifts of the caller''s area that lie between two instants; on_duty: who serves one that runs now. At most 1,000.';

CREATE FUNCTION city.my_shift_ends_at() RETURNS timestamptz LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC SELECT max(s.ends) FROM city.me() m, city.shift_of(m.account, now()) s; END;
COMMENT ON FUNCTION city.my_shift_ends_at IS 'Until when the roster has the caller now; NULL: not now.';

-- -- who plans it

CREATE FUNCTION city.plan_shifts(lines jsonb) RETURNS integer LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE changed integer;
BEGIN
    -- What has begun stays; of a day to come the lines are the whole of each grid that they name.
    DELETE FROM city.shift s USING (
        SELECT DISTINCT l.grid, (l.begins AT TIME ZONE 'Asia/Shanghai')::date AS day
        FROM jsonb_to_recordset(lines) AS l(grid text, begins timestamptz)) named
    WHERE s.grid = named.grid AND (s.begins AT TIME ZONE 'Asia/Shanghai')::date = named.day AND s.begins > now();
    INSERT INTO city.shift AS old (grid, begins, ends, worker, deputy)
    SELECT l.grid, l.begins, l.ends, l.worker, l.deputy
    FROM jsonb_to_recordset(lines) AS l(grid text, begins timestamptz, ends timestamptz, worker uuid, deputy uuid)
    ON CONFLICT (grid, worker, begins) DO UPDATE SET (ends, deputy) = (excluded.ends, excluded.deputy);
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN changed;
END $$;
COMMENT ON FUNCTION city.plan_shifts IS 'Lines of the roster: of a day and grid that they name they are the whole, but for what has begun.';

CREATE FUNCTION city.keep_planner() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT m.account, m.name, now() INTO new.planned_by, new.planned_by_name, new.planned_at FROM (SELECT) nobody LEFT JOIN city.me() m ON true;
    RETURN new;
END $$;
COMMENT ON FUNCTION city.keep_planner IS 'Who planned a shift, and when, stands with it.';
CREATE TRIGGER planner BEFORE INSERT OR UPDATE OF ends, deputy ON city.shift FOR EACH ROW EXECUTE FUNCTION city.keep_planner();

CREATE FUNCTION city.shifts_in_words(its_grid text, day date) RETURNS text[] LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT ARRAY(SELECT to_char(s.begins AT TIME ZONE 'Asia/Shanghai', 'HH24:MI') || '-' || to_char(s.ends AT TIME ZONE 'Asia/Shanghai', 'HH24:MI')
            || ' ' || w.name || coalesce(' / ' || d.name, '')
        FROM city.shift s JOIN city.account w ON w.id = s.worker LEFT JOIN city.account d ON d.id = s.deputy
        WHERE s.grid = its_grid AND (s.begins AT TIME ZONE 'Asia/Shanghai')::date = day ORDER BY s.begins, w.name);
END;
COMMENT ON FUNCTION city.shifts_in_words IS 'A grid''s day of the roster, a line a shift, as the audit has it.';

-- What the day was and what it is now stand in the audit.
CREATE FUNCTION city.plan_day(its_grid text, day date, lines jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me record; one record; planned jsonb := '[]'; before text[];
BEGIN
    SELECT m.* INTO me FROM city.me() m;
    IF me.account IS NULL THEN RAISE EXCEPTION 'Log in first.' USING ERRCODE = 'CG401'; END IF;
    IF me.role <> 'command_centre' OR length(me.scope) > 9 OR me.domains IS NOT NULL OR NOT starts_with(its_grid, me.scope) THEN
        RAISE EXCEPTION 'A street''s, a district''s or the city''s command centre plans the shifts of its own grids.' USING ERRCODE = 'CG403';
    END IF;
    FOR one IN
        SELECT l.*, w.id AS worker_id, d.id AS deputy_id
        FROM jsonb_to_recordset(lines) AS l(begins timestamptz, ends timestamptz, worker text, deputy text)
        LEFT JOIN city.account w ON w.name = l.worker AND w.role = 'grid_worker' AND w.disabled_at IS NULL AND starts_with(its_grid, w.scope)
        LEFT JOIN city.account d ON d.name = l.deputy AND d.role = 'grid_worker' AND d.disabled_at IS NULL AND starts_with(its_grid, d.scope)
    LOOP
        IF one.worker_id IS NULL OR one.deputy IS NOT NULL AND one.deputy_id IS NULL OR one.worker_id = one.deputy_id THEN
            RAISE EXCEPTION 'Worker and deputy are two grid workers who see grid %.', its_grid USING ERRCODE = 'CG422', DETAIL = 'shift-worker';
        END IF;
        IF one.begins <= now() OR (one.begins AT TIME ZONE 'Asia/Shanghai')::date <> day THEN
            RAISE EXCEPTION 'A shift that is planned lies ahead.' USING ERRCODE = 'CG422', DETAIL = 'shift-begun';
        END IF;
        planned := planned || jsonb_build_object('grid', its_grid, 'begins', one.begins, 'ends', one.ends, 'worker', one.worker_id, 'deputy', one.deputy_id);
    END LOOP;
    -- Two centres may plan a day at once: the later is the whole of it.
    PERFORM pg_advisory_xact_lock(hashtext('city.plan_day'), hashtext(its_grid));
    before := city.shifts_in_words(its_grid, day);
    DELETE FROM city.shift s WHERE s.grid = its_grid AND (s.begins AT TIME ZONE 'Asia/Shanghai')::date = day AND s.begins > now();
    PERFORM city.plan_shifts(planned);
    PERFORM city.record_act('shift', ARRAY[its_grid || ' ' || day] || ARRAY(SELECT '- ' || was FROM unnest(before) was)
        || ARRAY(SELECT '+ ' || is_now FROM unnest(city.shifts_in_words(its_grid, day)) is_now), 'plan');
EXCEPTION WHEN unique_violation OR cardinality_violation THEN
    RAISE EXCEPTION 'Two lines are the same shift.' USING ERRCODE = 'CG422', DETAIL = 'shift-twice';
END $$;
COMMENT ON FUNCTION city.plan_day IS
    'Of this grid''s day the lines are the whole, but for shifts that have begun. CG403: not their grid; CG422: no worker of it, or not ahead.';

-- -- a claim is a lease

CREATE FUNCTION city.lease(its city.task, begins timestamptz) RETURNS timestamptz LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT CASE WHEN a.role <> 'grid_worker' THEN NULL
        WHEN its.severity = 'urgent' THEN begins + interval '10 minutes'
        ELSE (SELECT max(s.ends) FROM city.shift_of(its.claimed_by, begins) s) END
    FROM city.account a WHERE a.id = its.claimed_by;
END;
COMMENT ON FUNCTION city.lease IS
    'Until when a claim holds that begins then. Urgent: 10 minutes, renewed by the tablet''s heartbeat; else until the shift ends. NULL: without an end.';

CREATE FUNCTION city.renew_leases(who uuid, at timestamptz) RETURNS void LANGUAGE sql
BEGIN ATOMIC
    UPDATE city.task t SET lease_until = city.lease(t, at)
    FROM (SELECT u.id FROM city.task u WHERE u.claimed_by = who AND u.state IN ('dispatched', 'acknowledged')
            AND u.severity = 'urgent' AND u.lease_until IS NOT NULL ORDER BY u.id FOR UPDATE) held
    WHERE held.id = t.id;
END;
COMMENT ON FUNCTION city.renew_leases IS 'The tablet of this account was heard of at this instant: its urgent claims hold on.';

-- It waits for nobody: it holds the tasks of this turn already, and whoever holds a place waits for them. A place that is held is looked
-- at in the next turn.
CREATE FUNCTION city.lapse_leases(as_of timestamptz, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE one record; here text; lapsed integer := 0;
BEGIN
    FOR one IN SELECT t.id, t.dwelling FROM city.task t WHERE t.lease_until <= as_of ORDER BY t.id LIMIT most LOOP
        -- Place before task, as the sinks lock them; the tablet may have been heard of meanwhile.
        SELECT p.place INTO here FROM city.placement p WHERE p.dwelling = one.dwelling FOR SHARE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        PERFORM FROM city.task t WHERE t.id = one.id AND t.lease_until <= as_of FOR UPDATE SKIP LOCKED;
        IF FOUND THEN
            PERFORM city.move_task(one.id, 'lapse', NULL, NULL, CASE WHEN (SELECT t.handed_over FROM city.task t WHERE t.id = one.id)
                THEN '{}' ELSE jsonb_build_object('queue', here) END, NULL, as_of);
            lapsed := lapsed + 1;
        END IF;
    END LOOP;
    RETURN lapsed;
END $$;
COMMENT ON FUNCTION city.lapse_leases IS 'Puts tasks whose claim has run out back into their queues; how many.';

-- Whoever gives back all that an account has claimed holds its places and alerts before the first task: it waits for none of them while it
-- holds a task.
CREATE FUNCTION city.hold_findings_of(who uuid) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE dwellings text[]; findings uuid[];
BEGIN
    SELECT array_agg(t.dwelling), array_agg(t.finding_id) INTO dwellings, findings
    FROM city.task t WHERE t.claimed_by = who AND t.state IN ('dispatched', 'acknowledged');
    PERFORM FROM city.placement p WHERE p.dwelling = ANY (dwellings) ORDER BY p.dwelling FOR SHARE;
    PERFORM FROM city.alert a WHERE a.finding_id = ANY (findings) ORDER BY a.finding_id FOR NO KEY UPDATE;
END $$;
COMMENT ON FUNCTION city.hold_findings_of IS 'Places and alerts of all that this account has claimed, before the tasks, as the sinks lock them.';

CREATE FUNCTION city.beat(its_lon float8 DEFAULT NULL, its_lat float8 DEFAULT NULL, position_age interval DEFAULT '0 seconds',
    OUT shift_grid text, OUT shift_ends_at timestamptz, OUT is_deputy boolean, OUT note_of text, OUT note text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me record; mine city.shift;
BEGIN
    SELECT m.* INTO me FROM city.me() m;
    IF me.role IS DISTINCT FROM 'grid_worker' THEN RAISE EXCEPTION 'Only a grid worker''s tablet is waited for.' USING ERRCODE = 'CG403'; END IF;
    INSERT INTO city.heartbeat AS old (account, at, lon, lat, position_at)
    VALUES (me.account, now(), its_lon, its_lat, CASE WHEN its_lon IS NOT NULL THEN now() - greatest(position_age, '0 seconds') END)
    ON CONFLICT (account) DO UPDATE SET (at, lon, lat, position_at) = (now(), excluded.lon, excluded.lat, excluded.position_at);
    PERFORM city.renew_leases(me.account, now());
    SELECT s.* INTO mine FROM city.shift_of(me.account, now()) s LIMIT 1;
    shift_grid := mine.grid;
    shift_ends_at := mine.ends;
    is_deputy := mine.worker <> me.account;
    SELECT a.name, s.note INTO note_of, note FROM city.shift s JOIN city.account a ON a.id = s.worker
    WHERE s.grid = mine.grid AND s.id <> mine.id AND s.ended_at > mine.begins - interval '24 hours'
    ORDER BY s.ended_at DESC LIMIT 1;
END $$;
COMMENT ON FUNCTION city.beat IS
    'The caller''s tablet is alive, and where, if it says so: urgent claims hold for 10 minutes more. Its shift now, and what the shift before left as a note. CG403: not a grid worker.';

-- Places and alerts first, as the sinks lock them.
CREATE FUNCTION city.end_shift(its_note text DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me record; one record; here text; released integer := 0;
BEGIN
    SELECT m.* INTO me FROM city.me() m;
    IF me.role IS DISTINCT FROM 'grid_worker' THEN RAISE EXCEPTION 'Only a grid worker ends a shift.' USING ERRCODE = 'CG403'; END IF;
    UPDATE city.shift s SET ended_at = now(), note = nullif(trim(its_note), '')
    WHERE s.worker = me.account AND s.begins <= now() AND s.ends > now() AND s.ended_at IS NULL;
    PERFORM city.hold_findings_of(me.account);
    FOR one IN SELECT t.id, t.dwelling, t.handed_over FROM city.task t WHERE t.claimed_by = me.account AND t.state IN ('dispatched', 'acknowledged')
        ORDER BY t.id
    LOOP
        SELECT p.place INTO here FROM city.placement p WHERE p.dwelling = one.dwelling FOR SHARE;
        PERFORM FROM city.task t WHERE t.id = one.id AND t.claimed_by = me.account AND t.state IN ('dispatched', 'acknowledged') FOR UPDATE;
        IF FOUND THEN
            PERFORM city.move_task(one.id, 'release', me.account, its_note,
                CASE WHEN one.handed_over THEN '{}' ELSE jsonb_build_object('queue', here) END);
            released := released + 1;
        END IF;
    END LOOP;
    DELETE FROM city.heartbeat b WHERE b.account = me.account; -- off duty
    RETURN released;
END $$;
COMMENT ON FUNCTION city.end_shift IS
    'Ends the caller''s shift with a note to who comes next; what was claimed goes back to its queues: how many. CG403: not a grid worker.';

CREATE FUNCTION city.forget_positions(as_of timestamptz) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE gone integer;
BEGIN
    UPDATE city.heartbeat b SET (lon, lat, position_at) = (NULL, NULL, NULL)
    WHERE b.position_at <= as_of - (SELECT s.position_age FROM city.call_setting s);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
COMMENT ON FUNCTION city.forget_positions IS 'Forgets positions that are worth nothing any more; how many.';

-- -- who may call them
GRANT EXECUTE ON FUNCTION city.workers, city.roster, city.my_shift_ends_at, city.plan_day, city.beat, city.end_shift TO citygrid_api;
GRANT EXECUTE ON FUNCTION city.workers_on_duty TO citygrid_api, citygrid_reader;
GRANT EXECUTE ON FUNCTION city.workers_on_duty_in TO citygrid_reader;
GRANT EXECUTE ON FUNCTION city.shift_of, city.lease, city.lapse_leases, city.forget_positions TO citygrid_sinks;
