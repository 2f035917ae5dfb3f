-- depends: 0030.handover
-- Two ways between people: a centre asks a department, the department sees what became of its records, a worker answers an instruction.
-- docs/decisions/0045-answers.md

-- -- a question of a centre's, beside those that the door asks

ALTER TABLE city.question
    ALTER correction DROP NOT NULL, ALTER seen_at DROP NOT NULL,
    ADD question text,   -- of a command centre, in its own words; NULL: a visit proposed a correction
    ADD purpose text,    -- why it asks
    ADD asked_by uuid REFERENCES city.account,
    ADD asked_name text, -- as it was then
    ADD answer_by timestamptz, -- NULL: it falls into a year whose working days are not known yet
    ADD CHECK ((correction IS NULL) = (question IS NOT NULL) AND (correction IS NULL) = (seen_at IS NULL)),
    ADD CHECK ((question IS NULL) = (asked_by IS NULL) AND (question IS NULL) = (purpose IS NULL));
COMMENT ON TABLE city.question IS
    'Questions to the department that stated a fact: a correction that the door proposes, or what a command centre asks.';
-- Of one case a centre asks about a statement again once that was answered.
CREATE UNIQUE INDEX question_of_centre ON city.question (task, event_id) WHERE answer IS NULL AND correction IS NULL;
CREATE INDEX question_waiting ON city.question (department, asked_at, id) WHERE answer IS NULL;
CREATE INDEX question_answered ON city.question (department, answered_at DESC, id) WHERE answer IS NOT NULL;
DROP INDEX city.question_asked;

CREATE FUNCTION city.set_answer_by() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    new.answer_by := city.due(new.asked_at, 3, 'working_day');
    RETURN new;
END $$;
COMMENT ON FUNCTION city.set_answer_by IS 'A department answers within three working days.';
CREATE TRIGGER falls_due BEFORE INSERT ON city.question FOR EACH ROW EXECUTE FUNCTION city.set_answer_by();
UPDATE city.question SET answer_by = city.due(asked_at, 3, 'working_day');

CREATE FUNCTION city.ask_department(finding uuid, its_event text, its_purpose text, its_question text, request_id uuid DEFAULT NULL) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me record; its city.task; event city.task_event; fact jsonb; made city.question;
BEGIN
    SELECT m.* INTO me FROM city.me() m;
    -- As city.act: not there and not yours to see are one answer.
    SELECT t.* INTO its FROM city.task t
    WHERE t.finding_id = finding AND t.queue >= city.sees_from() AND t.queue < city.sees_until()
        AND t.domain = ANY (coalesce(city.sees_domains(), ARRAY[t.domain]))
    ORDER BY t.dispatched_at DESC, t.id DESC LIMIT 1 FOR UPDATE;
    IF me.account IS NULL OR its.id IS NULL THEN
        RAISE EXCEPTION 'There is no such case.' USING ERRCODE = 'CG404';
    END IF;
    IF me.role <> 'command_centre' OR NOT EXISTS (
        SELECT FROM city.purpose p WHERE p.role = me.role AND p.name = its_purpose AND (me.domains IS NULL OR p.of_limited))
    THEN
        RAISE EXCEPTION 'This account does not ask departments for this purpose.' USING ERRCODE = 'CG403';
    END IF;
    IF coalesce(trim(its_question), '') = '' THEN
        RAISE EXCEPTION 'To ask a department, say what.' USING ERRCODE = 'CG422';
    END IF;
    SELECT q.* INTO made FROM city.task_event e JOIN city.question q ON (q.task, q.number) = (e.task, e.number)
    WHERE e.task = its.id AND e.request = request_id AND e.actor = me.account AND e.move = 'ask_department';
    IF made.id IS NOT NULL THEN RETURN made.id; END IF; -- sent again because the answer was lost
    SELECT s INTO fact FROM city.alert a, jsonb_array_elements(a.because) s
    WHERE a.finding_id = finding AND s ->> 'event_id' = its_event AND s ->> 'department' <> 'grid' LIMIT 1;
    IF fact IS NULL THEN
        RAISE EXCEPTION 'The case does not rest on this statement of a department.' USING ERRCODE = 'CG422', DETAIL = 'statement';
    END IF;
    IF EXISTS (SELECT FROM city.question q WHERE q.task = its.id AND q.event_id = its_event AND q.answer IS NULL AND q.correction IS NULL) THEN
        RAISE EXCEPTION 'This was asked already, and waits for its answer.' USING ERRCODE = 'CG422', DETAIL = 'asked-already';
    END IF;
    PERFORM city.record_act('alert', ARRAY[finding::text], its_purpose);
    INSERT INTO city.task_event (task, number, move, from_state, to_state, queue, actor, actor_name, reason, request, at)
    SELECT its.id, (SELECT coalesce(max(e.number), 0) + 1 FROM city.task_event e WHERE e.task = its.id), 'ask_department', its.state, its.state,
        its.queue, me.account, me.name, trim(its_question), request_id, now()
    RETURNING * INTO event;
    INSERT INTO city.question (department, kind, record, event_id, stated_at, question, purpose, asked_by, asked_name, task, number, asked_at)
    VALUES (fact ->> 'department', fact ->> 'kind', fact ->> 'record', its_event, (fact ->> 'occurred_at')::timestamptz, trim(its_question),
        its_purpose, me.account, me.name, its.id, event.number, event.at)
    RETURNING * INTO made;
    PERFORM city.publish_question(made, 'asked', event.at);
    INSERT INTO city.feed (kind, key, place, domain) VALUES ('task', its.id::text, its.queue, its.domain);
    NOTIFY city_feed;
    RETURN made.id;
END $$;
COMMENT ON FUNCTION city.ask_department IS
    'A command centre asks the department that stated a fact of a case, in its own words and for a purpose. It disputes nothing: the fact is '
    'contested only once the department says that it is wrong. CG403, CG404, CG422 (statement, asked-already).';

CREATE FUNCTION city.publish_question(its city.question, what text, at timestamptz) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO city.outbox (topic, statement)
    SELECT 'feedback.' || its.department, jsonb_build_object('id', its.id::text || '/' || coalesce(its.answer, what), 'task', its.task, 'what', what,
        'rule', NULL, 'outcome', NULL, 'checks', '{}'::jsonb, 'seen_at', its.seen_at, 'at', at, 'statements', jsonb_build_array(
            jsonb_build_object('kind', its.kind, 'record', its.record, 'event_id', its.event_id, 'occurred_at', its.stated_at)),
        'questions', jsonb_build_array(jsonb_build_object('id', its.id, 'correction', coalesce(its.correction, 'asked'), 'kind', its.kind,
            'record', its.record, 'event_id', its.event_id, 'answer', its.answer, 'text', its.question)));
    NOTIFY city_outbox;
END $$;
COMMENT ON FUNCTION city.publish_question IS 'Puts a question, or the answer to one, on its department''s topic.';

-- As in 0027; what is published comes from one place.
CREATE OR REPLACE FUNCTION city.answer_question(its_id uuid, its_answer text, its_note text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE its city.question; me record;
BEGIN
    SELECT m.account, m.name, a.department INTO me FROM city.me() m JOIN city.account a ON a.id = m.account WHERE m.role = 'department';
    SELECT * INTO its FROM city.question q WHERE q.id = its_id AND q.department = me.department FOR UPDATE;
    IF its.id IS NULL THEN -- not there and not yours are one answer
        RAISE EXCEPTION 'There is no such question.' USING ERRCODE = 'CG404';
    END IF;
    IF coalesce(its_answer, '') NOT IN ('right', 'wrong', 'corrected') THEN
        RAISE EXCEPTION 'To answer a question, say right, wrong or corrected.' USING ERRCODE = 'CG422';
    END IF;
    IF its.answer = its_answer THEN RETURN; END IF; -- sent again, or a colleague was quicker
    -- What was wrong is corrected one day; any other answer stands.
    IF its.answer IS NOT NULL AND NOT (its.answer = 'wrong' AND its_answer = 'corrected') THEN
        RAISE EXCEPTION 'This question was answered already.' USING ERRCODE = 'CG409', DETAIL = 'answered';
    END IF;
    UPDATE city.question q SET answer = its_answer, note = coalesce(nullif(trim(its_note), ''), q.note), answered_by = me.account, answered_name = me.name,
        answered_at = now() WHERE q.id = its_id RETURNING q.* INTO its;
    PERFORM city.publish_question(its, 'answered', its.answered_at);
    -- Whoever has the case open sees the answer.
    INSERT INTO city.feed (kind, key, place, domain) SELECT 'task', t.id::text, t.queue, t.domain FROM city.task t WHERE t.id = its.task;
    NOTIFY city_feed;
END $$;

-- As in 0027; a question of a centre disputes nothing, the answer to it may.
CREATE OR REPLACE FUNCTION city.contested(facts jsonb) RETURNS TABLE (event_id text, correction text, state text, asked_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT DISTINCT ON (s ->> 'event_id') s ->> 'event_id', q.correction, CASE WHEN q.answer IS NULL THEN 'open' ELSE 'wrong' END, q.asked_at
    FROM jsonb_array_elements(facts) s
    JOIN city.question q ON (q.department, q.record, q.kind) = (s ->> 'department', s ->> 'record', s ->> 'kind')
        AND (q.answer IS NULL AND q.correction IS NOT NULL
            OR q.answer = 'wrong' AND q.event_id = s ->> 'event_id') -- restated since: what was wrong is gone
    WHERE city.my_role() IN ('grid_worker', 'command_centre')
    ORDER BY s ->> 'event_id', q.answer NULLS FIRST, q.asked_at, q.id;
END;

-- -- what became of each record of a department's

CREATE TABLE city.record_result (
    department text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    record text COLLATE "C" NOT NULL, -- the department's own number
    event_id text COLLATE "C" NOT NULL,
    stated_at timestamptz NOT NULL,
    standing text NOT NULL CHECK (standing IN ('verified', 'contradicted', 'corrected', 'upheld', 'not_met')),
    centre_verified boolean NOT NULL DEFAULT false, -- a command centre has checked the newest visit
    task uuid NOT NULL REFERENCES city.task ON DELETE CASCADE, -- the newest case that says so
    at timestamptz NOT NULL,
    PRIMARY KEY (department, kind, record)
);
COMMENT ON TABLE city.record_result IS
    'Where each record of a department stands after the newest visit or answer. verified: somebody was there and nothing says otherwise. '
    'contradicted: the door, or the department itself, says that it is wrong. corrected, upheld: so the department answered. not_met: nobody '
    'was met there yet.';
CREATE INDEX record_result_newest ON city.record_result (department, at DESC, kind, record);
CREATE INDEX record_result_standing ON city.record_result (department, standing, at DESC, kind, record);
CREATE INDEX record_result_task ON city.record_result (task);
DO $$ BEGIN PERFORM city.keep_no_statistics('city.record_result'); END $$;
ALTER TABLE city.record_result ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.record_result TO citygrid_owner USING (true);
CREATE POLICY sees ON city.record_result FOR SELECT TO citygrid_reader USING (city.sees_department(department));
GRANT SELECT ON city.record_result TO citygrid_reader;

CREATE FUNCTION city.is_disputed(its_department text, its_kind text, its_record text) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM city.question q WHERE (q.department, q.record, q.kind) = (its_department, its_record, its_kind)
        AND (q.answer IS NULL AND q.correction IS NOT NULL OR q.answer = 'wrong'));
END;
COMMENT ON FUNCTION city.is_disputed IS 'Whether the door says otherwise and nobody has answered, or the department says itself that it is wrong.';

CREATE FUNCTION city.keep_record_results() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO city.record_result AS known (department, kind, record, event_id, stated_at, standing, centre_verified, task, at)
    SELECT DISTINCT ON (s ->> 'kind', s ->> 'record') new.department, s ->> 'kind', s ->> 'record', s ->> 'event_id',
        coalesce((s ->> 'occurred_at')::timestamptz, new.at), CASE -- a visit is kept whatever its facts lack
            WHEN city.is_disputed(new.department, s ->> 'kind', s ->> 'record') THEN 'contradicted'
            WHEN new.outcome = 'done' THEN 'verified' ELSE 'not_met' END,
        new.what = 'verified', new.task, new.at
    FROM jsonb_array_elements(new.statements) s
    WHERE new.what <> 'sent_back'
    ORDER BY s ->> 'kind', s ->> 'record', s ->> 'occurred_at' DESC, s ->> 'event_id' DESC -- always in this order: nobody waits for each other
    ON CONFLICT (department, kind, record) DO UPDATE SET event_id = excluded.event_id, stated_at = excluded.stated_at, task = excluded.task,
        at = excluded.at, centre_verified = excluded.centre_verified,
        -- That a centre has checked the visit takes nothing back of what the department has answered to it.
        standing = CASE WHEN excluded.centre_verified AND known.task = excluded.task AND known.standing IN ('corrected', 'upheld')
            THEN known.standing ELSE excluded.standing END;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION city.keep_record_results IS 'Where a record stands follows from the results that its department gets.';
CREATE TRIGGER stands AFTER INSERT ON city.feedback FOR EACH ROW EXECUTE FUNCTION city.keep_record_results();

CREATE FUNCTION city.keep_answered_results() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO city.record_result (department, kind, record, event_id, stated_at, standing, task, at)
    VALUES (new.department, new.kind, new.record, new.event_id, new.stated_at, CASE
        WHEN city.is_disputed(new.department, new.kind, new.record) THEN 'contradicted' -- another question about it waits
        WHEN new.answer = 'corrected' THEN 'corrected' ELSE 'upheld' END, new.task, new.answered_at)
    ON CONFLICT (department, kind, record) DO UPDATE SET standing = excluded.standing, at = excluded.at;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION city.keep_answered_results IS 'And from what the department answers.';
CREATE TRIGGER stands AFTER UPDATE OF answer ON city.question FOR EACH ROW EXECUTE FUNCTION city.keep_answered_results();

-- What came back before this was written.
INSERT INTO city.record_result (department, kind, record, event_id, stated_at, standing, centre_verified, task, at)
SELECT DISTINCT ON (f.department, s ->> 'kind', s ->> 'record') f.department, s ->> 'kind', s ->> 'record', s ->> 'event_id',
    coalesce((s ->> 'occurred_at')::timestamptz, f.at), CASE
        WHEN city.is_disputed(f.department, s ->> 'kind', s ->> 'record') THEN 'contradicted'
        WHEN q.answer = 'corrected' THEN 'corrected' WHEN q.answer = 'right' THEN 'upheld'
        WHEN f.outcome = 'done' THEN 'verified' ELSE 'not_met' END, f.what = 'verified', f.task, greatest(f.at, q.answered_at)
FROM city.feedback f CROSS JOIN jsonb_array_elements(f.statements) s
LEFT JOIN LATERAL (SELECT o.answer, o.answered_at FROM city.question o
    WHERE (o.department, o.record, o.kind) = (f.department, s ->> 'record', s ->> 'kind') AND o.answered_at > f.at
    ORDER BY o.answered_at DESC LIMIT 1) q ON true
WHERE f.what <> 'sent_back' ORDER BY f.department, s ->> 'kind', s ->> 'record', f.at DESC;

-- -- what is read of it

CREATE FUNCTION city.record_counts(its_department text) RETURNS TABLE (standing text, counted bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT s.standing, (SELECT count(*) FROM (
            SELECT FROM city.record_result r WHERE r.department = its_department AND r.standing = s.standing LIMIT 1001) few)
        FROM unnest(ARRAY['verified', 'contradicted', 'corrected', 'upheld', 'not_met']) s(standing);
END $$;
COMMENT ON FUNCTION city.record_counts IS 'How many records of a department stand how, as far as the caller may see them; nobody counts more than 1,001.';

CREATE FUNCTION city.records_of(its_department text, its_standing text, most integer) RETURNS TABLE (kind text, record text, stated_at timestamptz,
    standing text, centre_verified boolean, at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    IF its_standing IS NULL THEN
        RETURN QUERY SELECT r.kind, r.record, r.stated_at, r.standing, r.centre_verified, r.at FROM city.record_result r
            WHERE r.department = its_department ORDER BY r.at DESC, r.kind, r.record LIMIT least(most, 200);
    ELSE
        RETURN QUERY SELECT r.kind, r.record, r.stated_at, r.standing, r.centre_verified, r.at FROM city.record_result r
            WHERE r.department = its_department AND r.standing = its_standing ORDER BY r.at DESC, r.kind, r.record LIMIT least(most, 200);
    END IF;
END $$;
COMMENT ON FUNCTION city.records_of IS 'Records of a department by what became of them, newest first; NULL: of whatever standing.';

DROP FUNCTION city.questions_of, city.questions_of_case;
CREATE FUNCTION city.questions_of(its_department text, most integer) RETURNS TABLE (id uuid, kind text, record text, event_id text,
    stated_at timestamptz, correction text, question text, purpose text, asked_name text, seen_at timestamptz, asked_at timestamptz,
    answer_by timestamptz, answer text, note text, answered_name text, answered_at timestamptz, open bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE waiting bigint;
BEGIN
    PERFORM city.caller();
    IF NOT city.sees_department(its_department) THEN RETURN; END IF; -- whoever sees the case sees its questions there
    SELECT count(*) INTO waiting FROM (SELECT FROM city.question q WHERE q.department = its_department AND q.answer IS NULL LIMIT 1001) few;
    RETURN QUERY SELECT q.id, q.kind, q.record, q.event_id, q.stated_at, q.correction, q.question, q.purpose, q.asked_name, q.seen_at, q.asked_at,
            q.answer_by, q.answer, q.note, q.answered_name, q.answered_at, waiting
        -- what waits longest first, then what is known to be wrong and not yet corrected, then the newest answers
        FROM ((SELECT 0 AS part, o.* FROM city.question o WHERE o.department = its_department AND o.answer IS NULL
                ORDER BY o.asked_at, o.id LIMIT least(most, 200))
            UNION ALL (SELECT 1, w.* FROM city.question w WHERE w.department = its_department AND w.answer = 'wrong'
                ORDER BY w.answered_at DESC, w.id LIMIT least(most, 200))
            UNION ALL (SELECT 2, a.* FROM city.question a WHERE a.department = its_department AND a.answer IS NOT NULL AND a.answer <> 'wrong'
                ORDER BY a.answered_at DESC, a.id LIMIT least(most, 200))) q
        ORDER BY q.part, CASE WHEN q.answer IS NULL THEN q.asked_at END, q.answered_at DESC, q.id LIMIT least(most, 200);
END $$;
COMMENT ON FUNCTION city.questions_of IS
    'Questions to a department that the caller may see; open: how many wait, those that are not listed included, 1,001 at most.';

CREATE FUNCTION city.questions_of_case(finding uuid) RETURNS TABLE (id uuid, department text, kind text, event_id text, correction text,
    question text, purpose text, asked_name text, seen_at timestamptz, asked_at timestamptz, answer_by timestamptz, answer text, note text,
    answered_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT q.id, q.department, q.kind, q.event_id, q.correction, q.question, q.purpose, q.asked_name, q.seen_at, q.asked_at,
            q.answer_by, q.answer, q.note, q.answered_at
        FROM city.task t JOIN city.question q ON q.task = t.id WHERE t.finding_id = finding ORDER BY q.asked_at, q.id LIMIT 100;
END $$;
COMMENT ON FUNCTION city.questions_of_case IS 'What was asked of departments about a case, and their answers; part of the case''s look.';

-- -- an instruction is read and answered

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

-- -- whose they are, and who may call them: as in 0009

GRANT EXECUTE ON FUNCTION city.ask_department, city.mark_read, city.answer_instruction TO citygrid_api;
GRANT CREATE ON SCHEMA city TO citygrid_reader;
DO $$
DECLARE one regprocedure;
BEGIN
    FOR one IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'city'::regnamespace
        AND p.proname IN ('questions_of', 'questions_of_case', 'record_counts', 'records_of', 'instructions_of') LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO citygrid_api', one);
        EXECUTE format('ALTER FUNCTION %s OWNER TO citygrid_reader', one);
    END LOOP;
END $$;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
