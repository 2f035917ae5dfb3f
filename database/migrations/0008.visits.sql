-- What a worker saw is never refused and never moved in time (docs/decisions/0028-visits.md). A visit completes its task if the
-- task allows that, else it is an observation: kept beside the task, stated like every visit, and the worker is told.

CREATE TABLE city.observation (
    task uuid NOT NULL,
    number integer NOT NULL, -- its line in the task's history, which says who, and when
    because text NOT NULL CHECK (because IN ('completed', 'closed', 'suspended', 'taken_over', 'handed_over', 'not_acknowledged', 'sent_back')),
    note text,
    checks jsonb NOT NULL,
    PRIMARY KEY (task, number),
    FOREIGN KEY (task, number) REFERENCES city.task_event
);
COMMENT ON TABLE city.observation IS
    'Visits that did not complete their task: it had ended, stood still, or was no longer the visitor''s; or a centre sent it back.';
DO $$ BEGIN PERFORM city.keep_no_statistics('city.observation'); END $$;
ALTER TABLE city.observation ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.observation TO citygrid_owner USING (true);
CREATE POLICY sees ON city.observation FOR SELECT TO citygrid_reader USING (EXISTS (SELECT FROM city.task t WHERE t.id = observation.task));
GRANT SELECT ON city.observation TO citygrid_reader;

CREATE FUNCTION city.observe(its city.task, who uuid, its_because text, seen jsonb, stated timestamptz, request_id uuid) RETURNS city.task_event
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE event city.task_event;
BEGIN
    INSERT INTO city.task_event (task, number, move, from_state, to_state, queue, actor, actor_name, request, at, happened_at, stated_at, outcome)
    SELECT its.id, (SELECT coalesce(max(e.number), 0) + 1 FROM city.task_event e WHERE e.task = its.id),
        'observe', its.state, its.state, its.queue, who, (SELECT a.name FROM city.account a WHERE a.id = who), request_id, now(),
        (city.time_of_visit(stated, its.dispatched_at, now())).happened_at, stated, seen ->> 'outcome'
    RETURNING * INTO event;
    INSERT INTO city.observation (task, number, because, note, checks)
    VALUES (its.id, event.number, its_because, seen ->> 'note', coalesce(seen -> 'checks', '{}'));
    INSERT INTO city.feed (kind, key, place, domain) VALUES ('task', its.id::text, its.queue, its.domain);
    NOTIFY city_feed;
    PERFORM city.state_move(its, event, seen);
    RETURN event;
END $$;
COMMENT ON FUNCTION city.observe IS 'Keeps a visit beside its task, which stays as it is; the caller holds the task.';

CREATE FUNCTION city.visit(its_id uuid, seen jsonb, stated timestamptz DEFAULT NULL, request_id uuid DEFAULT NULL,
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
    PERFORM city.hold_finding(its_id);
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
COMMENT ON FUNCTION city.visit IS
    'What a worker saw at a task''s place: completes the task (kept_as completion) or is kept beside it (observation, because of …).';

-- -- photos: which lie in the store outside, of which case, by whom. docs/decisions/0040-photos.md

CREATE TABLE city.visit_photo (
    id uuid NOT NULL,      -- its name in the store
    task uuid NOT NULL,    -- no reference: a case goes (city.forget) before its photos do, which lie elsewhere
    account uuid NOT NULL REFERENCES city.account,
    account_name text NOT NULL, -- as it was then
    taken_at timestamptz NOT NULL, -- as the tablet states it, within the bounds of a visit
    sent_at timestamptz NOT NULL DEFAULT now(),
    request uuid, -- of the tablet: the same photo sent twice is one
    PRIMARY KEY (task, id),
    UNIQUE (task, account, request)
);
CREATE INDEX ON city.visit_photo (id);
DO $$ BEGIN PERFORM city.keep_no_statistics('city.visit_photo'); END $$;
ALTER TABLE city.visit_photo ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.visit_photo TO citygrid_owner USING (true);
CREATE POLICY sees ON city.visit_photo FOR SELECT TO citygrid_reader USING (EXISTS (SELECT FROM city.task t WHERE t.id = visit_photo.task));
GRANT SELECT ON city.visit_photo TO citygrid_reader;

-- As city.visit has it: what is in the worker's queue, was in one, or what they acted on. Everybody else has no such task.
CREATE FUNCTION city.may_visit(its_id uuid) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM city.me() m JOIN city.task t ON t.id = its_id AND t.domain = ANY (coalesce(m.domains, ARRAY[t.domain]))
        WHERE m.role = 'grid_worker' AND (t.queue >= m.scope AND t.queue < m.scope || 'z' OR EXISTS (
            SELECT FROM city.task_event e WHERE e.task = t.id AND (e.actor = m.account OR e.queue >= m.scope AND e.queue < m.scope || 'z'))));
END;

CREATE FUNCTION city.photo_sent(its_task uuid, its_request uuid) RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT city.may_visit(its_task) THEN RAISE EXCEPTION 'There is no such task.' USING ERRCODE = 'CG404'; END IF;
    IF (SELECT count(*) FROM city.visit_photo v WHERE v.task = its_task) >= 40 THEN
        RAISE EXCEPTION 'A task has at most 40 photos.' USING ERRCODE = 'CG422';
    END IF;
    RETURN (SELECT v.id FROM city.visit_photo v WHERE v.task = its_task AND v.account = city.my_account() AND v.request = its_request);
END $$;
COMMENT ON FUNCTION city.photo_sent IS
    'Whether the caller may add a photo to the task, before it is stored: NULL, or the photo that this request added already. CG404, CG422.';

CREATE FUNCTION city.keep_photo(its_task uuid, its_id uuid, also uuid[], stated timestamptz, its_request uuid) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE kept uuid := city.photo_sent(its_task, its_request);
BEGIN
    IF kept IS NOT NULL THEN RETURN kept; END IF;
    -- One visit answers all findings of a door, and its photo belongs to each of its cases.
    INSERT INTO city.visit_photo (id, task, account, account_name, taken_at, request)
    SELECT its_id, t.id, m.account, m.name, (city.time_of_visit(stated, t.dispatched_at, now())).happened_at, its_request
    FROM city.task t, city.me() m
    WHERE t.id = its_task OR t.id = ANY (also) AND city.may_visit(t.id)
        AND t.dwelling = (SELECT d.dwelling FROM city.task d WHERE d.id = its_task)
    ON CONFLICT (task, account, request) DO NOTHING;
    SELECT v.id INTO kept FROM city.visit_photo v WHERE v.task = its_task AND v.account = city.my_account() AND v.request = its_request;
    RETURN coalesce(kept, its_id); -- another sending of it came first: that one is kept
END $$;
COMMENT ON FUNCTION city.keep_photo IS
    'A photo is of this visit: of the task and of others at the same door. Whatever state they are in; its name in the store, that of the first sending.';

CREATE FUNCTION city.photos_of(finding uuid) RETURNS TABLE (id uuid, at timestamptz, by text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT v.id, min(v.taken_at), min(v.account_name) FROM city.task t JOIN city.visit_photo v ON v.task = t.id
        WHERE t.finding_id = finding GROUP BY v.id ORDER BY 2, 1 LIMIT 200;
END $$;
COMMENT ON FUNCTION city.photos_of IS 'The photos of a case, as far as the caller sees its tasks; part of the case''s look.';

CREATE FUNCTION city.sees_photo(finding uuid, its_id uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE seen boolean := false;
BEGIN
    PERFORM city.caller();
    -- The case first: of one that is not the caller's, no photo is looked for, so no time tells whether there is one.
    IF EXISTS (SELECT FROM city.alert a WHERE a.finding_id = finding) THEN
        seen := EXISTS (SELECT FROM city.task t JOIN city.visit_photo v ON v.task = t.id WHERE t.finding_id = finding AND v.id = its_id);
    END IF;
    PERFORM city.looked('photo', ARRAY[its_id::text], was_found => seen);
    RETURN seen;
END $$;
COMMENT ON FUNCTION city.sees_photo IS 'Whether the caller sees this case and the photo is of it. Recorded, seen or not.';

CREATE FUNCTION city.old_photos(most integer) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT DISTINCT v.id FROM city.visit_photo v
    WHERE NOT EXISTS (SELECT FROM city.visit_photo o JOIN city.task t ON t.id = o.task WHERE o.id = v.id) LIMIT most;
END;
COMMENT ON FUNCTION city.old_photos IS 'Photos whose cases were all forgotten.';

CREATE FUNCTION city.forget_photos(ids uuid[]) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE gone integer;
BEGIN
    DELETE FROM city.visit_photo v WHERE v.id = ANY (ids) AND v.id IN (SELECT city.old_photos(10000));
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;

-- -- an instruction is read and answered: docs/decisions/0045-answers.md

CREATE TABLE city.instruction_mark (
    task uuid NOT NULL,
    number integer NOT NULL, -- the line of its history that is the instruction
    account uuid NOT NULL REFERENCES city.account,
    account_name text NOT NULL, -- as it was then
    read_at timestamptz NOT NULL, -- as the tablet states it: not before the instruction, not after it was sent
    answer text,
    answered_at timestamptz,
    PRIMARY KEY (task, number, account),
    FOREIGN KEY (task, number) REFERENCES city.task_event ON DELETE CASCADE,
    CHECK ((answer IS NULL) = (answered_at IS NULL))
);
COMMENT ON TABLE city.instruction_mark IS
    'Who was shown an instruction, and what they last answered; every answer stands in the history of its task (answer_instruction).';
DO $$ BEGIN PERFORM city.keep_no_statistics('city.instruction_mark'); END $$;
ALTER TABLE city.instruction_mark ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.instruction_mark TO citygrid_owner USING (true);
CREATE POLICY sees ON city.instruction_mark FOR SELECT TO citygrid_reader USING (
    EXISTS (SELECT FROM city.task t WHERE t.id = instruction_mark.task));
GRANT SELECT ON city.instruction_mark TO citygrid_reader;

-- The instruction, held against two tablets at once. Whoever may not visit the task is told of none.
CREATE FUNCTION city.instruction_for_me(its_task uuid, its_number integer) RETURNS city.task_event
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE event city.task_event;
BEGIN
    IF city.may_visit(its_task) THEN
        PERFORM FROM city.task t WHERE t.id = its_task FOR UPDATE;
        SELECT e.* INTO event FROM city.task_event e WHERE (e.task, e.number, e.move) = (its_task, its_number, 'instruct');
    END IF;
    IF event.task IS NULL THEN
        RAISE EXCEPTION 'There is no such instruction.' USING ERRCODE = 'CG404';
    END IF;
    RETURN event;
END $$;

CREATE FUNCTION city.mark_read(its_task uuid, its_number integer, stated timestamptz DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE event city.task_event := city.instruction_for_me(its_task, its_number);
BEGIN
    INSERT INTO city.instruction_mark (task, number, account, account_name, read_at)
    SELECT its_task, its_number, m.account, m.name, (city.time_of_visit(stated, event.at, now())).happened_at FROM city.me() m
    ON CONFLICT (task, number, account) DO NOTHING;
    IF FOUND THEN
        INSERT INTO city.feed (kind, key, place, domain) SELECT 'task', t.id::text, t.queue, t.domain FROM city.task t WHERE t.id = its_task;
        NOTIFY city_feed;
    END IF;
END $$;
COMMENT ON FUNCTION city.mark_read IS
    'The caller''s tablet has shown an instruction; the first time counts. Whatever state its task is in. CG404: none that they may visit.';

CREATE FUNCTION city.answer_instruction(its_task uuid, its_number integer, its_answer text, stated timestamptz DEFAULT NULL,
    request_id uuid DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE event city.task_event := city.instruction_for_me(its_task, its_number); me record; happened timestamptz;
BEGIN
    SELECT m.* INTO me FROM city.me() m;
    IF coalesce(trim(its_answer), '') = '' THEN
        RAISE EXCEPTION 'To answer an instruction, say what.' USING ERRCODE = 'CG422';
    END IF;
    IF request_id IS NOT NULL AND EXISTS (SELECT FROM city.task_event e WHERE e.task = its_task AND e.request = request_id AND e.actor = me.account) THEN
        RETURN; -- sent again because the answer was lost
    END IF;
    happened := (city.time_of_visit(stated, event.at, now())).happened_at;
    INSERT INTO city.task_event (task, number, move, from_state, to_state, queue, actor, actor_name, reason, request, at, happened_at, stated_at)
    SELECT t.id, (SELECT max(e.number) + 1 FROM city.task_event e WHERE e.task = t.id), 'answer_instruction', t.state, t.state, t.queue,
        me.account, me.name, trim(its_answer), request_id, now(), happened, stated
    FROM city.task t WHERE t.id = its_task;
    INSERT INTO city.instruction_mark AS known (task, number, account, account_name, read_at, answer, answered_at)
    VALUES (its_task, its_number, me.account, me.name, happened, trim(its_answer), happened)
    ON CONFLICT (task, number, account) DO UPDATE SET answer = excluded.answer, answered_at = excluded.answered_at
        WHERE known.answered_at IS NULL OR known.answered_at <= excluded.answered_at; -- an older one may be sent later
    INSERT INTO city.feed (kind, key, place, domain) SELECT 'task', t.id::text, t.queue, t.domain FROM city.task t WHERE t.id = its_task;
    NOTIFY city_feed;
END $$;
COMMENT ON FUNCTION city.answer_instruction IS
    'The caller answers an instruction: a line of the task''s history, whatever state it is in. Who answers has read it. CG404, CG422.';

CREATE FUNCTION city.instructions_of(finding uuid) RETURNS TABLE (task uuid, number integer, at timestamptz, by text, note text, marks jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me uuid := (city.caller()).account;
BEGIN
    RETURN QUERY SELECT e.task, e.number, e.at, e.actor_name, e.reason, coalesce((
            SELECT jsonb_agg(jsonb_build_object('by', m.account_name, 'mine', m.account = me, 'read_at', m.read_at, 'answer', m.answer,
                'answered_at', m.answered_at) ORDER BY m.read_at, m.account)
            FROM city.instruction_mark m WHERE (m.task, m.number) = (e.task, e.number)), '[]')
        FROM city.task t JOIN city.task_event e ON e.task = t.id AND e.move = 'instruct'
        WHERE t.finding_id = finding ORDER BY e.at DESC, e.task, e.number DESC LIMIT 50;
END $$;
COMMENT ON FUNCTION city.instructions_of IS 'A case''s instructions, newest first, who has read them and what they answered; part of the case''s look.';

-- -- who may call them, and whose they are
GRANT EXECUTE ON FUNCTION city.visit, city.photo_sent, city.keep_photo, city.photos_of, city.sees_photo, city.mark_read, city.answer_instruction,
    city.instructions_of
    TO citygrid_api;
GRANT EXECUTE ON FUNCTION city.old_photos, city.forget_photos TO citygrid_sinks;
GRANT CREATE ON SCHEMA city TO citygrid_reader;
ALTER FUNCTION city.photos_of OWNER TO citygrid_reader;
ALTER FUNCTION city.sees_photo OWNER TO citygrid_reader;
ALTER FUNCTION city.instructions_of OWNER TO citygrid_reader;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
