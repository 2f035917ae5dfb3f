-- Questions to the department that stated a fact: corrections that the door proposes, and what a command centre asks.
-- docs/decisions/0043-two-ways.md, 0045-answers.md

CREATE TABLE city.question (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    department text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,   -- of the disputed statement
    record text COLLATE "C" NOT NULL, -- the department's own number for it
    event_id text COLLATE "C" NOT NULL,
    stated_at timestamptz NOT NULL,
    task uuid NOT NULL,
    number integer NOT NULL, -- the visit that proposed it
    correction text COLLATE "C", -- what the door says; NULL: a centre asks
    seen_at timestamptz,
    question text,   -- of a command centre, in its own words; NULL: a visit proposed a correction
    purpose text,    -- why it asks
    asked_by uuid REFERENCES city.account,
    asked_name text, -- as it was then
    asked_at timestamptz NOT NULL,
    answer_by timestamptz, -- NULL: it falls into a year whose working days are not known yet
    overdue_at timestamptz, -- when those who see the case were told that its time had passed
    answer text CHECK (answer IN ('right', 'wrong', 'corrected')), -- the statement is; NULL: nobody has answered
    note text,
    answered_by uuid REFERENCES city.account,
    answered_name text, -- as it was then
    answered_at timestamptz,
    FOREIGN KEY (task, number) REFERENCES city.task_event ON DELETE CASCADE,
    CHECK ((answer IS NULL) = (answered_at IS NULL) AND (answer IS NULL) = (answered_by IS NULL)),
    CHECK ((correction IS NULL) = (question IS NOT NULL) AND (correction IS NULL) = (seen_at IS NULL)),
    CHECK ((question IS NULL) = (asked_by IS NULL) AND (question IS NULL) = (purpose IS NULL))
);
COMMENT ON TABLE city.question IS
    'Questions to the department that stated a fact: a correction that the door proposes, or what a command centre asks.';
-- A second visit that says the same asks nothing new while the first waits.
CREATE UNIQUE INDEX question_open ON city.question (department, kind, record, correction) WHERE answer IS NULL;
-- Of one case a centre asks about a statement again once that was answered.
CREATE UNIQUE INDEX question_of_centre ON city.question (task, event_id) WHERE answer IS NULL AND correction IS NULL;
CREATE INDEX question_unsettled ON city.question (department, record, kind) WHERE answer IS NULL OR answer = 'wrong';
CREATE INDEX question_waiting ON city.question (department, asked_at, id) WHERE answer IS NULL;
CREATE INDEX question_answered ON city.question (department, answered_at DESC, id) WHERE answer IS NOT NULL;
CREATE INDEX question_of_task ON city.question (task, number);
CREATE INDEX question_to_tell ON city.question (answer_by, id) WHERE answer IS NULL AND overdue_at IS NULL;
CREATE INDEX question_overdue ON city.question (overdue_at, id) WHERE answer IS NULL AND overdue_at IS NOT NULL;
DO $$ BEGIN PERFORM city.keep_no_statistics('city.question'); END $$;
ALTER TABLE city.question ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.question TO citygrid_owner USING (true);
CREATE POLICY sinks ON city.question TO citygrid_sinks USING (true);
-- The department that is asked, and whoever sees the case.
CREATE POLICY sees ON city.question FOR SELECT TO citygrid_reader USING (
    city.sees_department(department) OR EXISTS (SELECT FROM city.task t WHERE t.id = question.task));
GRANT SELECT ON city.question TO citygrid_reader;
GRANT SELECT, INSERT ON city.question TO citygrid_sinks;

CREATE TABLE city.disputing_answer (
    check_id text NOT NULL,   -- of domain.rule.Check: it means the same in every rule
    answer text NOT NULL CHECK (answer IN ('yes', 'no')),
    correction text COLLATE "C" NOT NULL CHECK (correction ~ '^[a-z]+(_[a-z]+)*$'), -- what the door says instead
    kinds text[],             -- of statements that it disputes; NULL: whatever the finding rests on
    PRIMARY KEY (check_id, answer)
);
COMMENT ON TABLE city.disputing_answer IS 'Which answer at the door disputes statements of which kinds: that is a correction proposed to their department.';
INSERT INTO city.disputing_answer VALUES
    ('still_lives_here', 'no', 'lives_elsewhere', '{Birth,MovedIn,Address,Arrived,Moved,Let,Renewed,TenantAdded}'),
    ('tenants_live_here', 'no', 'tenants_elsewhere', '{Let,Renewed,TenantAdded}'),
    ('number_as_stated', 'no', 'number_differs', '{Let,Renewed,TenantAdded}'),
    ('death_confirmed', 'no', 'still_alive', '{Death}'),
    ('car_is_theirs', 'no', 'not_theirs', '{Registered,Transferred}'),
    ('hazard_there', 'no', 'not_there', '{HazardReported}'),
    ('at_another_school', 'yes', 'school_elsewhere', '{Enrolled,EnrolmentEnded}'),
    ('as_stated', 'no', 'not_as_stated', NULL);
GRANT SELECT ON city.disputing_answer TO citygrid_reader, citygrid_sinks;

CREATE TABLE city.question_term (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    within integer NOT NULL CHECK (within BETWEEN 1 AND 60),
    unit text NOT NULL CHECK (unit IN ('working_hour', 'working_day'))
);
COMMENT ON TABLE city.question_term IS 'Within which time a department answers a question.';
ALTER TABLE city.question_term ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.question_term TO citygrid_owner USING (true);
INSERT INTO city.question_term VALUES (true, 3, 'working_day'); -- ours, to be confirmed by each city

CREATE FUNCTION city.set_answer_by() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT city.due(new.asked_at, term.within, term.unit) INTO new.answer_by FROM city.question_term term;
    RETURN new;
END $$;
COMMENT ON FUNCTION city.set_answer_by IS 'A department answers within the term of city.question_term.';
CREATE TRIGGER falls_due BEFORE INSERT ON city.question FOR EACH ROW EXECUTE FUNCTION city.set_answer_by();

-- -- who asks, and who answers

CREATE FUNCTION city.questions_asked(its_task uuid, its_number integer, its_department text) RETURNS jsonb LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', q.id, 'correction', q.correction, 'kind', q.kind, 'record', q.record,
        'event_id', q.event_id, 'answer', q.answer) ORDER BY q.id), '[]')
    FROM city.question q WHERE q.task = its_task AND q.number = its_number AND q.department = its_department;
END;

CREATE FUNCTION city.ask_department(finding uuid, its_event text, its_purpose text, its_question text, request_id uuid DEFAULT NULL) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me record; its city.task; event city.task_event; fact jsonb; made city.question;
    since text := city.sees_from(); until text := city.sees_until(); domains text[] := city.sees_domains();
BEGIN
    SELECT m.* INTO me FROM city.me() m;
    -- As city.act: not there and not yours to see are one answer.
    SELECT t.* INTO its FROM city.task t
    WHERE t.finding_id = finding AND t.queue >= since AND t.queue < until AND t.domain = ANY (coalesce(domains, ARRAY[t.domain]))
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

CREATE FUNCTION city.answer_question(its_id uuid, its_answer text, its_note text DEFAULT NULL) RETURNS void
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
COMMENT ON FUNCTION city.answer_question IS
    'An account of the department that is asked says whether its statement is right, wrong, or corrected since. CG404, CG409, CG422.';

CREATE FUNCTION city.keep_answered_results() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO city.record_result (department, kind, record, event_id, stated_at, standing, task, at)
    VALUES (new.department, new.kind, new.record, new.event_id, new.stated_at, CASE
        WHEN city.is_disputed(new.department, new.kind, new.record) THEN 'contradicted' -- another question about it waits
        WHEN new.answer = 'corrected' THEN 'corrected' ELSE 'upheld' END, new.task, new.answered_at)
    ON CONFLICT (department, kind, record) DO UPDATE SET standing = excluded.standing, at = excluded.at;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION city.keep_answered_results IS 'Where a record stands follows from what its department answers, too.';
CREATE TRIGGER stands AFTER UPDATE OF answer ON city.question FOR EACH ROW EXECUTE FUNCTION city.keep_answered_results();

-- -- a question that nobody has answered in time

CREATE FUNCTION city.tell_overdue_questions(as_of timestamptz, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE one record; its city.task; told integer := 0;
BEGIN
    FOR one IN SELECT q.id, q.task FROM city.question q
        WHERE q.answer_by <= as_of AND q.answer IS NULL AND q.overdue_at IS NULL ORDER BY q.answer_by, q.id LIMIT most
    LOOP
        -- Task before question, as whoever asks; what somebody holds is told in the next turn.
        SELECT t.* INTO its FROM city.task t WHERE t.id = one.task FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN its.id IS NULL;
        PERFORM FROM city.question q WHERE q.id = one.id AND q.answer IS NULL AND q.overdue_at IS NULL FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND; -- it is being answered
        UPDATE city.question q SET overdue_at = as_of WHERE q.id = one.id;
        INSERT INTO city.task_event (task, number, move, from_state, to_state, queue, at)
        SELECT its.id, coalesce(max(e.number), 0) + 1, 'question_overdue', its.state, its.state, its.queue, as_of
        FROM city.task_event e WHERE e.task = its.id;
        INSERT INTO city.feed (kind, key, place, domain) VALUES ('task', its.id::text, its.queue, its.domain);
        told := told + 1;
    END LOOP;
    IF told > 0 THEN NOTIFY city_feed; END IF;
    RETURN told;
END $$;
COMMENT ON FUNCTION city.tell_overdue_questions IS
    'Tells whoever sees the case that a department has let the time of its answer pass, once a question: a line of the history and of the feed. How many.';

CREATE FUNCTION city.overdue_questions() RETURNS TABLE (department text, waiting bigint, overdue bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT q.department, count(*), count(*) FILTER (WHERE q.overdue_at IS NOT NULL) FROM city.question q WHERE q.answer IS NULL GROUP BY 1;
END;
COMMENT ON FUNCTION city.overdue_questions IS 'Of each department how many questions wait, and of them those whose time has passed.';

-- -- what is read of them

-- Whoever sees a fact is told that it is contested, whichever case asked, of whosever area and domain (law: unknown is not clear). It
-- says no more of that case, and answers only for facts that the caller names by department, record and kind. A question of a centre
-- disputes nothing, the answer to it may. The case that asked may lie in any area, so this runs as the owner; the reader calls it for
-- facts of a row that it has read.
CREATE FUNCTION city.contested(facts jsonb) RETURNS TABLE (event_id text, correction text, state text, asked_at timestamptz)
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
COMMENT ON FUNCTION city.contested IS
    'Which of these facts ({department, kind, record, event_id}) are contested: open: asked at the door and not yet answered; wrong: so its '
    'department says, and has not restated it yet.';

CREATE FUNCTION city.contested_of_case(finding uuid) RETURNS TABLE (event_id text, correction text, state text, asked_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT c.* FROM city.alert a, city.contested(a.because) c WHERE a.finding_id = finding;
END $$;
COMMENT ON FUNCTION city.contested_of_case IS 'Which statements behind a case that the caller sees are contested; part of the case''s look.';

CREATE FUNCTION city.questions_of(its_department text, most integer) RETURNS TABLE (id uuid, kind text, record text, event_id text,
    stated_at timestamptz, correction text, question text, purpose text, asked_name text, seen_at timestamptz, asked_at timestamptz,
    answer_by timestamptz, answer text, note text, answered_name text, answered_at timestamptz, open bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE waiting bigint; shown text[] := '{}';
BEGIN
    PERFORM city.caller();
    IF NOT city.sees_department(its_department) THEN RETURN; END IF; -- whoever sees the case sees its questions there
    SELECT count(*) INTO waiting FROM (SELECT FROM city.question q WHERE q.department = its_department AND q.answer IS NULL LIMIT 1001) few;
    FOR id, kind, record, event_id, stated_at, correction, question, purpose, asked_name, seen_at, asked_at, answer_by, answer, note,
        answered_name, answered_at, open IN
        SELECT q.id, q.kind, q.record, q.event_id, q.stated_at, q.correction, q.question, q.purpose, q.asked_name, q.seen_at, q.asked_at,
            q.answer_by, q.answer, q.note, q.answered_name, q.answered_at, waiting
        -- what waits longest first, then what is known to be wrong and not yet corrected, then the newest answers
        FROM ((SELECT 0 AS part, o.* FROM city.question o WHERE o.department = its_department AND o.answer IS NULL
                ORDER BY o.asked_at, o.id LIMIT least(most, 200))
            UNION ALL (SELECT 1, w.* FROM city.question w WHERE w.department = its_department AND w.answer = 'wrong'
                ORDER BY w.answered_at DESC, w.id LIMIT least(most, 200))
            UNION ALL (SELECT 2, a.* FROM city.question a WHERE a.department = its_department AND a.answer IS NOT NULL AND a.answer <> 'wrong'
                ORDER BY a.answered_at DESC, a.id LIMIT least(most, 200))) q
        ORDER BY q.part, CASE WHEN q.answer IS NULL THEN q.asked_at END, q.answered_at DESC, q.id LIMIT least(most, 200)
    LOOP
        shown := shown || id::text;
        RETURN NEXT;
    END LOOP;
    PERFORM city.looked('question', shown);
END $$;
COMMENT ON FUNCTION city.questions_of IS
    'Questions to a department that the caller may see, recorded; open: how many wait, those that are not listed included, 1,001 at most.';

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

CREATE FUNCTION city.questions_overdue(its_department text) RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    IF NOT city.sees_department(its_department) THEN RETURN 0; END IF;
    RETURN (SELECT count(*) FROM (SELECT FROM city.question q WHERE q.department = its_department AND q.answer IS NULL AND q.answer_by <= now()
        LIMIT 1001) few);
END $$;
COMMENT ON FUNCTION city.questions_overdue IS 'How many questions to a department wait past their time, 1,001 at most; 0 where the caller sees none of it.';

-- -- who may call them, and whose they are
GRANT EXECUTE ON FUNCTION city.ask_department, city.answer_question, city.contested_of_case, city.questions_of, city.questions_of_case, city.questions_overdue
    TO citygrid_api;
GRANT EXECUTE ON FUNCTION city.contested TO citygrid_reader;
GRANT EXECUTE ON FUNCTION city.questions_asked, city.tell_overdue_questions, city.overdue_questions TO citygrid_sinks;
GRANT CREATE ON SCHEMA city TO citygrid_reader;
DO $$
DECLARE one name;
BEGIN
    FOREACH one IN ARRAY ARRAY['contested_of_case', 'questions_of', 'questions_of_case', 'questions_overdue'] LOOP
        EXECUTE format('ALTER FUNCTION city.%I OWNER TO citygrid_reader', one);
    END LOOP;
END $$;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
