-- depends: 0025.calls
-- What comes back to a department of what it stated: results of the work, and questions when the door says otherwise.
-- docs/decisions/0043-two-ways.md

-- -- what is kept

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

CREATE TABLE city.feedback (
    department text COLLATE "C" NOT NULL,
    task uuid NOT NULL,
    number integer NOT NULL, -- the line of its history that says who, and when
    what text NOT NULL CHECK (what IN ('completed', 'observed', 'verified', 'sent_back')),
    statements jsonb NOT NULL, -- {kind, record, event_id, occurred_at}: the department's own, on which the case rested then
    rule text,                 -- NULL: other departments' statements stand behind it too, which it would give away
    outcome text,
    checks jsonb NOT NULL,     -- answers: all of them, or those about the department's own statements
    seen_at timestamptz,
    at timestamptz NOT NULL,
    PRIMARY KEY (department, task, number),
    FOREIGN KEY (task, number) REFERENCES city.task_event ON DELETE CASCADE
);
COMMENT ON TABLE city.feedback IS 'Results of work, each for a department on whose statements it rested; the same is on its topic feedback.<department>.';
CREATE INDEX feedback_newest ON city.feedback (department, at DESC, task, number);
CREATE INDEX feedback_of_task ON city.feedback (task, number);

CREATE TABLE city.question (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    department text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,   -- of the disputed statement
    record text COLLATE "C" NOT NULL, -- the department's own number for it
    event_id text COLLATE "C" NOT NULL,
    stated_at timestamptz NOT NULL,
    correction text COLLATE "C" NOT NULL,
    task uuid NOT NULL,
    number integer NOT NULL, -- the visit that proposed it
    seen_at timestamptz NOT NULL,
    asked_at timestamptz NOT NULL,
    answer text CHECK (answer IN ('right', 'wrong', 'corrected')), -- the statement is; NULL: nobody has answered
    note text,
    answered_by uuid REFERENCES city.account,
    answered_name text, -- as it was then
    answered_at timestamptz,
    FOREIGN KEY (task, number) REFERENCES city.task_event ON DELETE CASCADE,
    CHECK ((answer IS NULL) = (answered_at IS NULL) AND (answer IS NULL) = (answered_by IS NULL))
);
COMMENT ON TABLE city.question IS 'Corrections proposed at the door: a question to the department that stated the fact.';
-- A second visit that says the same asks nothing new while the first waits.
CREATE UNIQUE INDEX question_open ON city.question (department, kind, record, correction) WHERE answer IS NULL;
CREATE INDEX question_unsettled ON city.question (department, record, kind) WHERE answer IS NULL OR answer = 'wrong';
CREATE INDEX question_asked ON city.question (department, asked_at, id);
CREATE INDEX question_of_task ON city.question (task, number);

DO $$ BEGIN
    PERFORM city.keep_no_statistics(about) FROM unnest(ARRAY['city.feedback', 'city.question']::regclass[]) AS about;
END $$;
ALTER TABLE city.feedback ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE city.question ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.feedback TO citygrid_owner USING (true);
CREATE POLICY owner ON city.question TO citygrid_owner USING (true);
-- A completed visit of the sinks' own (city.move_task) writes as they do.
CREATE POLICY sinks ON city.feedback TO citygrid_sinks USING (true);
CREATE POLICY sinks ON city.question TO citygrid_sinks USING (true);
CREATE POLICY sees ON city.feedback FOR SELECT TO citygrid_reader USING (city.sees_department(department));
-- The department that is asked, and whoever sees the case.
CREATE POLICY sees ON city.question FOR SELECT TO citygrid_reader USING (
    city.sees_department(department) OR EXISTS (SELECT FROM city.task t WHERE t.id = question.task));
GRANT SELECT ON city.feedback, city.question TO citygrid_reader;
GRANT SELECT ON city.disputing_answer TO citygrid_reader, citygrid_sinks;
GRANT SELECT, INSERT ON city.feedback, city.question TO citygrid_sinks;

-- -- a result goes back, a correction becomes a question

CREATE FUNCTION city.questions_asked(its_task uuid, its_number integer, its_department text) RETURNS jsonb LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', q.id, 'correction', q.correction, 'kind', q.kind, 'record', q.record,
        'event_id', q.event_id, 'answer', q.answer) ORDER BY q.id), '[]')
    FROM city.question q WHERE q.task = its_task AND q.number = its_number AND q.department = its_department;
END;

-- `seen`: outcome, checks.
CREATE FUNCTION city.feed_back(its city.task, event city.task_event, seen jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    about city.alert; one record; own_checks jsonb; visited boolean := event.move IN ('complete', 'observe');
    outcome text := seen ->> 'outcome'; checks jsonb := coalesce(seen -> 'checks', '{}');
BEGIN
    SELECT * INTO about FROM city.alert a WHERE a.finding_id = its.finding_id;
    FOR one IN -- always in this order, so that two visits that dispute the same cannot wait for each other
        SELECT s ->> 'department' AS department, count(*) OVER () = 1 AS alone, array_agg(s ->> 'kind') AS kinds,
            jsonb_agg(s - 'department' ORDER BY s ->> 'kind', s ->> 'record', s ->> 'event_id') AS statements
        FROM jsonb_array_elements(about.because) s
        WHERE s ->> 'department' <> 'grid' GROUP BY s ->> 'department' ORDER BY s ->> 'department'
    LOOP
        IF visited AND outcome = 'done' THEN
            INSERT INTO city.question (department, kind, record, event_id, stated_at, correction, task, number, seen_at, asked_at)
            SELECT DISTINCT ON (s ->> 'kind', s ->> 'record', d.correction) one.department, s ->> 'kind', s ->> 'record', s ->> 'event_id',
                (s ->> 'occurred_at')::timestamptz, d.correction, its.id, event.number, coalesce(event.happened_at, event.at), event.at
            FROM jsonb_array_elements(one.statements) s, jsonb_each_text(checks) c
            JOIN city.disputing_answer d ON d.check_id = c.key AND d.answer = c.value
            WHERE d.kinds IS NULL OR s ->> 'kind' = ANY (d.kinds)
            ORDER BY s ->> 'kind', s ->> 'record', d.correction, s ->> 'event_id'
            ON CONFLICT (department, kind, record, correction) WHERE answer IS NULL DO NOTHING;
        END IF;
        SELECT coalesce(jsonb_object_agg(c.key, c.value), '{}') INTO own_checks FROM jsonb_each_text(checks) c
        WHERE one.alone OR EXISTS (SELECT FROM city.disputing_answer d
            WHERE d.check_id = c.key AND (d.kinds IS NULL OR d.kinds && one.kinds));
        INSERT INTO city.feedback (department, task, number, what, statements, rule, outcome, checks, seen_at, at)
        VALUES (one.department, its.id, event.number,
            CASE event.move WHEN 'complete' THEN 'completed' WHEN 'observe' THEN 'observed' WHEN 'verify' THEN 'verified' ELSE 'sent_back' END,
            one.statements, CASE WHEN one.alone THEN its.rule END, outcome, own_checks,
            CASE WHEN visited THEN event.happened_at ELSE its.seen_at END, event.at);
        INSERT INTO city.outbox (topic, statement)
        SELECT 'feedback.' || f.department, to_jsonb(f) - 'department' - 'number' || jsonb_build_object(
            'id', its.id::text || '/' || event.number, 'questions', city.questions_asked(its.id, event.number, f.department))
        FROM city.feedback f WHERE (f.department, f.task, f.number) = (one.department, its.id, event.number);
    END LOOP;
    NOTIFY city_outbox;
END $$;
COMMENT ON FUNCTION city.feed_back IS
    'Tells each department on whose statements a case rests what came of it, and asks where the door says otherwise; in the move''s own transaction.';

-- As in 0006, and the result goes back to whoever stated what the case rests on.
CREATE OR REPLACE FUNCTION city.state_move(its city.task, event city.task_event, seen jsonb DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    about city.alert;
    head jsonb := jsonb_build_object('withdrawn', false, 'occurred_at', coalesce(event.happened_at, event.at), 'recorded_at', event.at);
    -- An observation is a record of its own beside the task's: neither corrects the other.
    its_record text := its.id::text || CASE event.move WHEN 'observe' THEN '/' || event.number ELSE '' END;
    was_there boolean := event.move IN ('complete', 'observe');
    result jsonb := jsonb_build_object('task', its.id::text, 'outcome', seen ->> 'outcome', 'note', seen ->> 'note');
    checks jsonb := jsonb_build_object('checks', coalesce(seen -> 'checks', '{}'));
BEGIN
    SELECT * INTO about FROM city.alert a WHERE a.finding_id = its.finding_id;
    -- What a bracelet's button asked for is answered, perhaps by telephone: it is no visit.
    IF was_there AND city.is_door(its.dwelling) AND its.rule NOT LIKE 'button-%' THEN
        INSERT INTO city.outbox (topic, statement) VALUES ('grid.observation', head || jsonb_build_object(
            'record', its_record, 'subject', its.dwelling, 'kind', 'Visited', 'change', result || checks));
    END IF;
    IF was_there AND about.view = 'resident' THEN
        INSERT INTO city.outbox (topic, statement) VALUES ('grid.response', head || jsonb_build_object(
            'record', its_record, 'subject', about.subject, 'kind', 'Responded',
            'change', result || checks || jsonb_build_object('rule', about.rule, 'cause', about.cause)));
    END IF;
    IF event.move = 'instruct' AND city.is_door(its.dwelling) THEN
        INSERT INTO city.outbox (topic, statement) VALUES ('grid.instruction', head || jsonb_build_object(
            'record', its.id::text || '/' || event.number, 'subject', its.dwelling, 'kind', 'Instructed',
            'change', jsonb_build_object('task', its.id::text, 'instruction', event.reason)));
    END IF;
    -- The feedback to an instruction comes from whichever task of its finding.
    IF was_there AND city.is_door(its.dwelling) AND EXISTS (
        SELECT FROM city.task_event e JOIN city.task t ON t.id = e.task WHERE t.finding_id = its.finding_id AND e.move = 'instruct')
    THEN
        INSERT INTO city.outbox (topic, statement) VALUES ('grid.instruction', head || jsonb_build_object(
            'record', its_record, 'subject', its.dwelling, 'kind', 'FedBack', 'change', result));
    END IF;
    IF was_there THEN
        PERFORM city.feed_back(its, event, seen);
    END IF;
    NOTIFY city_outbox;
END $$;

CREATE FUNCTION city.feed_back_review() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE its city.task;
BEGIN
    SELECT * INTO its FROM city.task t WHERE t.id = new.task;
    PERFORM city.feed_back(its, new, jsonb_build_object('outcome', its.outcome, 'checks', coalesce(its.checks, '{}')));
    RETURN NULL;
END $$;
COMMENT ON FUNCTION city.feed_back_review IS 'A department is told that a centre has verified a result, or sent the work back.';
CREATE TRIGGER reviewed AFTER INSERT ON city.task_event FOR EACH ROW WHEN (new.move IN ('verify', 'send_back'))
    EXECUTE FUNCTION city.feed_back_review();

-- -- what is read of it

CREATE FUNCTION city.results_of(its_department text, most integer) RETURNS TABLE (id text, what text, statements jsonb, rule text, outcome text,
    checks jsonb, seen_at timestamptz, at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT f.task::text || '/' || f.number, f.what, f.statements, f.rule, f.outcome, f.checks, f.seen_at, f.at
        FROM city.feedback f WHERE f.department = its_department AND city.sees_department(its_department)
        ORDER BY f.at DESC, f.task, f.number LIMIT least(most, 200);
END $$;
COMMENT ON FUNCTION city.results_of IS 'The newest results for a department that the caller may see.';

CREATE FUNCTION city.questions_of(its_department text, most integer) RETURNS TABLE (id uuid, kind text, record text, event_id text,
    stated_at timestamptz, correction text, seen_at timestamptz, asked_at timestamptz, answer text, note text, answered_name text,
    answered_at timestamptz, open bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT q.id, q.kind, q.record, q.event_id, q.stated_at, q.correction, q.seen_at, q.asked_at, q.answer, q.note, q.answered_name,
            q.answered_at, count(*) FILTER (WHERE q.answer IS NULL) OVER ()
        FROM city.question q WHERE q.department = its_department AND city.sees_department(its_department)
        -- what waits longest first, then what is known to be wrong and not yet corrected, then the newest answers
        ORDER BY CASE WHEN q.answer IS NULL THEN 0 WHEN q.answer = 'wrong' THEN 1 ELSE 2 END,
            CASE WHEN q.answer IS NULL THEN q.asked_at END, q.answered_at DESC, q.id LIMIT least(most, 200);
END $$;
COMMENT ON FUNCTION city.questions_of IS 'Questions to a department that the caller may see; open: how many wait, those that are not listed included.';

CREATE FUNCTION city.questions_of_case(finding uuid) RETURNS TABLE (id uuid, department text, kind text, correction text, seen_at timestamptz,
    asked_at timestamptz, answer text, note text, answered_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT q.id, q.department, q.kind, q.correction, q.seen_at, q.asked_at, q.answer, q.note, q.answered_at
        FROM city.task t JOIN city.question q ON q.task = t.id WHERE t.finding_id = finding ORDER BY q.asked_at, q.id LIMIT 100;
END $$;
COMMENT ON FUNCTION city.questions_of_case IS 'What visits of a case asked departments, and their answers; part of the case''s look.';

-- Whoever sees a fact is told that it is contested, whichever case asked, of whosever area and domain (law: unknown is not clear). It
-- says no more of that case, and answers only for facts that the caller names by department, record and kind.
CREATE FUNCTION city.contested(facts jsonb) RETURNS TABLE (event_id text, correction text, state text, asked_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT DISTINCT ON (s ->> 'event_id') s ->> 'event_id', q.correction, CASE WHEN q.answer IS NULL THEN 'open' ELSE 'wrong' END, q.asked_at
    FROM jsonb_array_elements(facts) s
    JOIN city.question q ON (q.department, q.record, q.kind) = (s ->> 'department', s ->> 'record', s ->> 'kind')
        AND (q.answer IS NULL OR q.answer = 'wrong' AND q.event_id = s ->> 'event_id') -- restated since: what was wrong is gone
    WHERE city.my_role() IN ('grid_worker', 'command_centre')
    ORDER BY s ->> 'event_id', q.answer NULLS FIRST, q.asked_at, q.id;
END;
COMMENT ON FUNCTION city.contested IS
    'Which of these facts ({department, kind, record, event_id}) are contested: open: asked at the door and not yet answered; wrong: so its '
    'department says, and has not restated it yet.';

-- -- the department answers

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
        RAISE EXCEPTION 'This question was answered already.' USING ERRCODE = 'CG409';
    END IF;
    UPDATE city.question q SET answer = its_answer, note = nullif(trim(its_note), ''), answered_by = me.account, answered_name = me.name,
        answered_at = now() WHERE q.id = its_id;
    INSERT INTO city.outbox (topic, statement)
    SELECT 'feedback.' || its.department, jsonb_build_object('id', its.id::text || '/' || its_answer, 'task', its.task, 'what', 'answered',
        'rule', NULL, 'outcome', NULL, 'checks', '{}'::jsonb, 'seen_at', its.seen_at, 'at', now(), 'statements', jsonb_build_array(
            jsonb_build_object('kind', its.kind, 'record', its.record, 'event_id', its.event_id, 'occurred_at', its.stated_at)),
        'questions', jsonb_build_array(jsonb_build_object('id', its.id, 'correction', its.correction, 'kind', its.kind, 'record', its.record,
            'event_id', its.event_id, 'answer', its_answer)));
    NOTIFY city_outbox;
    -- Whoever has the case open sees the answer.
    INSERT INTO city.feed (kind, key, place, domain) SELECT 'task', t.id::text, t.queue, t.domain FROM city.task t WHERE t.id = its.task;
    NOTIFY city_feed;
END $$;
COMMENT ON FUNCTION city.answer_question IS
    'An account of the department that is asked says whether its statement is right, wrong, or corrected since. CG404, CG409, CG422.';

-- -- whose they are, and who may call them: as in 0009

GRANT EXECUTE ON FUNCTION city.feed_back, city.questions_asked TO citygrid_sinks;
GRANT EXECUTE ON FUNCTION city.answer_question, city.contested TO citygrid_api;
GRANT CREATE ON SCHEMA city TO citygrid_reader;
DO $$
DECLARE one regprocedure;
BEGIN
    FOR one IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'city'::regnamespace
        AND p.proname IN ('results_of', 'questions_of', 'questions_of_case') LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO citygrid_api', one);
        EXECUTE format('ALTER FUNCTION %s OWNER TO citygrid_reader', one);
    END LOOP;
END $$;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
