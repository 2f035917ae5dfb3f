-- depends: 0018.case_life
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
    UNIQUE (grid, worker, begins),
    CHECK (begins < ends AND ends <= begins + interval '24 hours'),
    CHECK (deputy <> worker)
);
CREATE INDEX ON city.shift (worker, begins);
CREATE INDEX ON city.shift (deputy, begins) WHERE deputy IS NOT NULL;
CREATE TABLE city.heartbeat (
    account uuid PRIMARY KEY REFERENCES city.account,
    at timestamptz NOT NULL
);
COMMENT ON TABLE city.heartbeat IS 'When a grid worker''s tablet was heard of last.';
ALTER TABLE city.shift ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE city.heartbeat ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.shift TO citygrid_owner USING (true);
CREATE POLICY owner ON city.heartbeat TO citygrid_owner USING (true);

-- -- the roster

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

CREATE OR REPLACE FUNCTION city.workers_on_duty() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT count(*) FROM city.account a
    WHERE a.role = 'grid_worker' AND a.disabled_at IS NULL AND a.scope >= city.sees_from() AND a.scope < city.sees_until()
        AND city.on_duty(a.id, a.scope);
END;
COMMENT ON FUNCTION city.workers_on_duty IS 'Grid workers of the caller''s area who are on duty (city.on_duty).';

CREATE OR REPLACE FUNCTION city.workers() RETURNS TABLE (account uuid, name text, scope text, on_duty boolean, open bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT a.id, a.name, a.scope, duty.now,
        (SELECT count(*) FROM city.task t WHERE t.claimed_by = a.id AND t.state IN ('dispatched', 'acknowledged', 'suspended'))
    FROM city.account a, LATERAL (SELECT city.on_duty(a.id, a.scope) AS now) duty
    WHERE a.role = 'grid_worker' AND a.disabled_at IS NULL AND a.scope >= city.sees_from() AND a.scope < city.sees_until()
        AND city.my_role() = 'command_centre'
    ORDER BY NOT duty.now, a.scope, a.name LIMIT 1000;
END;

CREATE FUNCTION city.roster(from_at timestamptz, until_at timestamptz) RETURNS TABLE (grid text, begins timestamptz, ends timestamptz, worker text,
    deputy text, on_duty text, ended_at timestamptz, note text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF city.my_role() IS NULL THEN RAISE EXCEPTION 'Log in first.' USING ERRCODE = 'CG401'; END IF;
    RETURN QUERY SELECT s.grid, s.begins, s.ends, w.name, d.name,
            CASE WHEN s.begins <= now() AND s.ends > now() AND s.ended_at IS NULL THEN
                CASE WHEN city.on_duty(w.id, w.scope) THEN w.name WHEN city.on_duty(d.id, d.scope) THEN d.name END END,
            s.ended_at, s.note
        FROM city.shift s JOIN city.account w ON w.id = s.worker LEFT JOIN city.account d ON d.id = s.deputy
        WHERE s.begins < until_at AND s.ends > from_at AND s.begins > from_at - interval '24 hours'
            AND s.grid >= city.sees_from() AND s.grid < city.sees_until()
        ORDER BY s.begins, s.grid, w.name LIMIT 1000;
END $$;
COMMENT ON FUNCTION city.roster IS 'Shifts of the caller''s area that lie between two instants; on_duty: who serves one that runs now. At most 1,000.';
GRANT EXECUTE ON FUNCTION city.roster TO citygrid_api;

-- -- a claim is a lease

ALTER TABLE city.task
    ADD COLUMN lease_until timestamptz, -- of whoever has claimed it; NULL: it does not run out
    ADD COLUMN lapsed_from uuid REFERENCES city.account; -- who lost it so, until somebody takes it
CREATE INDEX task_lease ON city.task (lease_until) WHERE lease_until IS NOT NULL;
DO $$ BEGIN PERFORM city.keep_no_statistics('city.task'); END $$;
INSERT INTO city.legal_move (move, from_state, to_state, by_whom, needs_reason, position) VALUES
    ('release', 'dispatched', 'dispatched', '{holder}', false, 7),
    ('release', 'acknowledged', 'dispatched', '{holder}', false, 7),
    ('lapse', 'dispatched', 'dispatched', '{system}', false, 17),
    ('lapse', 'acknowledged', 'dispatched', '{system}', false, 17);

CREATE FUNCTION city.lease(its city.task, begins timestamptz) RETURNS timestamptz LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT CASE WHEN a.role <> 'grid_worker' THEN NULL
        WHEN its.severity = 'urgent' THEN begins + interval '10 minutes'
        ELSE (SELECT max(s.ends) FROM city.shift_of(its.claimed_by, begins) s) END
    FROM city.account a WHERE a.id = its.claimed_by;
END;
COMMENT ON FUNCTION city.lease IS
    'Until when a claim holds that begins then. Urgent: 10 minutes, renewed by the tablet''s heartbeat; else until the shift ends. NULL: without an end.';
GRANT EXECUTE ON FUNCTION city.lease, city.shift_of TO citygrid_sinks;

CREATE OR REPLACE FUNCTION city.move_task(its_id uuid, its_move text, actor uuid, because text DEFAULT NULL, detail jsonb DEFAULT '{}',
    request_id uuid DEFAULT NULL, moved_at timestamptz DEFAULT now())
RETURNS city.task LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old city.task; new city.task; legal city.legal_move; event city.task_event; by_name text; by_role text; by_scope text; others text; holder text;
    stated timestamptz; more record;
BEGIN
    SELECT * INTO old FROM city.task t WHERE t.id = its_id FOR UPDATE;
    IF old.id IS NULL THEN
        RAISE EXCEPTION 'There is no such task.' USING ERRCODE = 'CG404';
    END IF;
    IF request_id IS NOT NULL AND EXISTS (
        SELECT FROM city.task_event e WHERE e.task = its_id AND e.request = request_id AND e.actor IS NOT DISTINCT FROM move_task.actor
            AND e.move = its_move)
    THEN
        RETURN old; -- sent again because the answer was lost
    END IF;
    SELECT a.name, a.role, a.scope INTO by_name, by_role, by_scope FROM city.account a WHERE a.id = actor;
    SELECT * INTO legal FROM city.legal_moves(old, actor, by_role, by_scope) l WHERE l.move = its_move;
    IF legal.move IS NULL THEN
        SELECT coalesce(string_agg(l.move, ', ' ORDER BY l.position), 'none') INTO others FROM city.legal_moves(old, actor, by_role, by_scope) l;
        SELECT a.name INTO holder FROM city.account a WHERE a.id = old.claimed_by AND a.id IS DISTINCT FROM actor;
        IF holder IS NOT NULL AND its_move IN ('claim', 'acknowledge') AND old.state IN ('dispatched', 'acknowledged') THEN
            RAISE EXCEPTION 'This task was claimed by %. Legal moves: %.', holder, others
                USING ERRCODE = 'CG409', DETAIL = others, HINT = holder;
        END IF;
        RAISE EXCEPTION 'This account cannot move this task by % while it is %. Legal moves: %.', its_move, old.state, others
            USING ERRCODE = 'CG409', DETAIL = others; -- the API says them in the reader's language
    END IF;
    IF legal.needs_reason AND coalesce(trim(because), '') = '' THEN
        RAISE EXCEPTION 'To % a task, say why.', replace(its_move, '_', ' ') USING ERRCODE = 'CG422';
    END IF;
    new := old;
    new.state := coalesce(legal.to_state, old.suspended_from);
    new.revision := old.revision + 1;
    IF its_move NOT IN ('claim', 'acknowledge', 'instruct', 'reroute') THEN -- the others answer what was asked for, or leave no room for it
        new.asked := NULL;
        new.asked_because := NULL;
        new.asked_amount := NULL;
    END IF;
    CASE its_move
        WHEN 'claim' THEN
            new.claimed_by := actor;
            new.lapsed_from := NULL;
        WHEN 'acknowledge' THEN
            new.claimed_by := actor;
            new.acknowledged_at := moved_at;
            new.lapsed_from := NULL;
        WHEN 'release', 'lapse' THEN -- back to its queue, which is that of its place now unless a person chose it
            new.claimed_by := NULL;
            new.acknowledged_at := NULL;
            new.lapsed_from := CASE its_move WHEN 'lapse' THEN old.claimed_by END;
            new.queue := coalesce(detail ->> 'queue', old.queue);
        WHEN 'complete' THEN
            IF coalesce(detail ->> 'outcome', '') = '' THEN
                RAISE EXCEPTION 'To complete a task, say its outcome.' USING ERRCODE = 'CG422';
            END IF;
            stated := (detail ->> 'seen_at')::timestamptz;
            new.finished_at := moved_at;
            new.seen_at := (city.time_of_visit(stated, old.dispatched_at, moved_at)).happened_at;
            new.outcome := detail ->> 'outcome';
            new.note := detail ->> 'note';
            new.checks := coalesce(detail -> 'checks', '{}');
        WHEN 'verify' THEN new.verified_at := moved_at;
        WHEN 'send_back' THEN -- with as much time as the rule gave; what was seen stays with the case
            INSERT INTO city.observation (task, number, because, note, checks)
            SELECT its_id, max(e.number), 'sent_back', old.note, coalesce(old.checks, '{}')
            FROM city.task_event e WHERE e.task = its_id AND e.move = 'complete';
            new.missing := because;
            new.extended := 0;
            new.respond_by := city.due(moved_at, old.respond_within, old.respond_unit);
            new.finished_at := NULL;
            new.seen_at := NULL;
            new.outcome := NULL;
            new.note := NULL;
            new.checks := NULL;
        WHEN 'rate' THEN
            IF coalesce(detail ->> 'rating', '') NOT IN ('good', 'fair', 'poor') THEN
                RAISE EXCEPTION 'To rate a case, say good, fair or poor.' USING ERRCODE = 'CG422';
            END IF;
            new.rating := detail ->> 'rating';
        WHEN 'ask_suspension' THEN
            new.asked := 'suspension';
            new.asked_because := because;
        WHEN 'ask_extension' THEN
            more := city.extension_of(old, detail);
            new.asked := 'extension';
            new.asked_because := because;
            new.asked_amount := more.amount;
        WHEN 'extend' THEN
            more := city.extension_of(old, detail);
            new.extended := old.extended + more.units;
            new.respond_by := city.due_of(new);
        WHEN 'decline' THEN NULL;
        WHEN 'hand_over' THEN
            IF coalesce(detail ->> 'queue', '') !~ '^([0-9]{15}|[0-9]{6}|city)$' THEN
                RAISE EXCEPTION 'To hand over a task, name the queue: a grid (15 digits), a district (6 digits) or city.'
                    USING ERRCODE = 'CG422';
            END IF;
            IF NOT city.is_queue(detail ->> 'queue') THEN
                RAISE EXCEPTION 'There is no such queue: nobody would look into it.' USING ERRCODE = 'CG422', DETAIL = 'queue';
            END IF;
            new.queue := detail ->> 'queue';
            new.handed_over := true;
            new.claimed_by := NULL;
            new.acknowledged_at := NULL;
            new.lapsed_from := NULL;
        WHEN 'suspend' THEN
            new.suspended_from := old.state;
            new.suspended_at := moved_at;
        WHEN 'resume' THEN -- the service clock stood still meanwhile
            new.respond_by := city.due_of(old, moved_at);
            new.suspended_from := NULL;
            new.suspended_at := NULL;
        WHEN 'instruct' THEN NULL; -- the reason is the instruction
        WHEN 'reroute' THEN new.queue := detail ->> 'queue';
        WHEN 'close' THEN
            new.finished_at := moved_at;
            new.suspended_from := NULL;
            new.closed_zh := detail ->> 'zh';
            new.closed_en := detail ->> 'en';
    END CASE;
    new.lease_until := CASE
        WHEN new.claimed_by IS NULL OR new.state NOT IN ('dispatched', 'acknowledged') THEN NULL
        WHEN its_move IN ('claim', 'acknowledge', 'send_back', 'resume') THEN city.lease(new, moved_at)
        ELSE old.lease_until END;
    UPDATE city.task t SET (queue, handed_over, state, claimed_by, respond_by, suspended_from, suspended_at, acknowledged_at, finished_at,
            seen_at, outcome, note, checks, closed_zh, closed_en, revision, extended, asked, asked_because, asked_amount, missing,
            verified_at, rating, lease_until, lapsed_from)
        = (new.queue, new.handed_over, new.state, new.claimed_by, new.respond_by, new.suspended_from, new.suspended_at, new.acknowledged_at,
            new.finished_at, new.seen_at, new.outcome, new.note, new.checks, new.closed_zh, new.closed_en, new.revision, new.extended,
            new.asked, new.asked_because, new.asked_amount, new.missing, new.verified_at, new.rating, new.lease_until, new.lapsed_from)
    WHERE t.id = its_id;
    INSERT INTO city.task_event (task, number, move, from_state, to_state, queue, actor, actor_name, reason, request, at, happened_at, stated_at,
        outcome, amount)
    VALUES (its_id, (SELECT coalesce(max(e.number), 0) + 1 FROM city.task_event e WHERE e.task = its_id),
        its_move, old.state, new.state, new.queue, actor, by_name, because, request_id, moved_at,
        CASE its_move WHEN 'complete' THEN new.seen_at END, stated,
        CASE its_move WHEN 'complete' THEN new.outcome WHEN 'rate' THEN new.rating END,
        CASE WHEN its_move IN ('extend', 'ask_extension') THEN (detail ->> 'amount')::integer END)
    RETURNING * INTO event;
    INSERT INTO city.feed (kind, key, place, domain)
    SELECT 'task', its_id::text, p, old.domain FROM (SELECT old.queue UNION SELECT new.queue) AS both_places(p);
    NOTIFY city_feed;
    IF its_move IN ('complete', 'instruct') THEN
        PERFORM city.state_move(new, event, detail);
    END IF;
    IF its_move = 'complete' THEN
        PERFORM city.follow_up(new);
    END IF;
    RETURN new;
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
    -- A tablet that was silent lost its claim, and nobody has taken the task since: what it saw completes it.
    IF event.task IS NULL AND its.lapsed_from = me.account
        AND EXISTS (SELECT FROM city.legal_moves(its, me.account, me.role, me.scope) l WHERE l.move = 'acknowledge')
        AND its.queue >= me.scope AND its.queue < me.scope || 'z'
    THEN
        its := city.move_task(its_id, 'acknowledge', me.account);
    END IF;
    IF event.task IS NULL AND EXISTS (SELECT FROM city.legal_moves(its, me.account, me.role, me.scope) l WHERE l.move = 'complete') THEN
        PERFORM city.move_task(its_id, 'complete', me.account, NULL, seen || jsonb_build_object('seen_at', stated), request_id);
        SELECT * INTO event FROM city.task_event e WHERE e.task = its_id ORDER BY e.number DESC LIMIT 1;
    ELSIF event.task IS NULL THEN
        event := city.observe(its, me.account, CASE
            WHEN its.state IN ('completed', 'closed') THEN its.state
            WHEN its.state = 'verified' THEN 'completed'
            WHEN its.claimed_by <> me.account THEN 'taken_over'
            WHEN NOT (its.queue >= me.scope AND its.queue < me.scope || 'z') THEN 'handed_over'
            WHEN its.state = 'suspended' THEN 'suspended'
            ELSE 'not_acknowledged' END, seen, stated, request_id);
    END IF;
    kept_as := CASE event.move WHEN 'complete' THEN 'completion' ELSE 'observation' END;
    because := CASE event.move WHEN 'observe' THEN
        (SELECT o.because FROM city.observation o WHERE (o.task, o.number) = (event.task, event.number)) END;
    seen_at := event.happened_at;
    sent_at := event.at;
    bound := (city.time_of_visit(event.stated_at, its.dispatched_at, event.at)).bound;
END $$;

-- Its columns are those of the table when it is made.
CREATE OR REPLACE FUNCTION city.my_open_tasks() RETURNS SETOF city.task LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT t.* FROM city.me() m JOIN city.task t ON t.queue >= city.sees_from() AND t.queue < city.sees_until()
    WHERE t.state IN ('dispatched', 'acknowledged', 'suspended') AND (m.domains IS NULL OR t.domain = ANY (m.domains))
        AND (t.claimed_by IS NULL OR t.claimed_by = m.account OR m.role = 'command_centre');
END;

CREATE FUNCTION city.lapse_leases(as_of timestamptz, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE one record; here text; lapsed integer := 0;
BEGIN
    FOR one IN SELECT t.id, t.dwelling FROM city.task t WHERE t.lease_until <= as_of ORDER BY t.id LIMIT most LOOP
        -- Place before task, as the sinks lock them; the tablet may have been heard of meanwhile.
        SELECT p.place INTO here FROM city.placement p WHERE p.dwelling = one.dwelling FOR SHARE;
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
GRANT EXECUTE ON FUNCTION city.lapse_leases TO citygrid_sinks;

CREATE FUNCTION city.renew_leases(who uuid, at timestamptz) RETURNS void LANGUAGE sql
BEGIN ATOMIC
    UPDATE city.task t SET lease_until = city.lease(t, at)
    FROM (SELECT u.id FROM city.task u WHERE u.claimed_by = who AND u.state IN ('dispatched', 'acknowledged')
            AND u.severity = 'urgent' AND u.lease_until IS NOT NULL ORDER BY u.id FOR UPDATE) held
    WHERE held.id = t.id;
END;
COMMENT ON FUNCTION city.renew_leases IS 'The tablet of this account was heard of at this instant: its urgent claims hold on.';

CREATE FUNCTION city.beat(OUT shift_grid text, OUT shift_ends_at timestamptz, OUT is_deputy boolean, OUT note_of text, OUT note text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me record; mine city.shift;
BEGIN
    SELECT m.* INTO me FROM city.me() m;
    IF me.role IS DISTINCT FROM 'grid_worker' THEN RAISE EXCEPTION 'Only a grid worker''s tablet is waited for.' USING ERRCODE = 'CG403'; END IF;
    INSERT INTO city.heartbeat VALUES (me.account, now()) ON CONFLICT (account) DO UPDATE SET at = now();
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
    'The caller''s tablet is alive: urgent claims hold for 10 minutes more. Its shift now, and what the shift before left as a note. CG403: not a grid worker.';

CREATE FUNCTION city.end_shift(its_note text DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me record; one record; here text; released integer := 0;
BEGIN
    SELECT m.* INTO me FROM city.me() m;
    IF me.role IS DISTINCT FROM 'grid_worker' THEN RAISE EXCEPTION 'Only a grid worker ends a shift.' USING ERRCODE = 'CG403'; END IF;
    UPDATE city.shift s SET ended_at = now(), note = nullif(trim(its_note), '')
    WHERE s.worker = me.account AND s.begins <= now() AND s.ends > now() AND s.ended_at IS NULL;
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
GRANT EXECUTE ON FUNCTION city.beat, city.end_shift TO citygrid_api;

CREATE FUNCTION city.my_shift_ends_at() RETURNS timestamptz LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC SELECT max(s.ends) FROM city.me() m, city.shift_of(m.account, now()) s; END;
COMMENT ON FUNCTION city.my_shift_ends_at IS 'Until when the roster has the caller now; NULL: not now.';
GRANT EXECUTE ON FUNCTION city.my_shift_ends_at TO citygrid_api;
