-- What comes back to a department of what it stated: results of the work, and where each of its records stands after them.
-- docs/decisions/0043-two-ways.md, 0045-answers.md

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
DO $$ BEGIN
    PERFORM city.keep_no_statistics(about) FROM unnest(ARRAY['city.feedback', 'city.record_result']::regclass[]) AS about;
END $$;
ALTER TABLE city.feedback ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE city.record_result ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.feedback TO citygrid_owner USING (true);
CREATE POLICY owner ON city.record_result TO citygrid_owner USING (true);
-- A completed visit of the sinks' own (city.move_task) writes as they do.
CREATE POLICY sinks ON city.feedback TO citygrid_sinks USING (true);
CREATE POLICY sees ON city.feedback FOR SELECT TO citygrid_reader USING (city.sees_department(department));
CREATE POLICY sees ON city.record_result FOR SELECT TO citygrid_reader USING (city.sees_department(department));
GRANT SELECT ON city.feedback, city.record_result TO citygrid_reader;
GRANT SELECT, INSERT ON city.feedback TO citygrid_sinks;

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
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE kinds text[]; records text[];
BEGIN
    PERFORM city.caller();
    FOR kind, record, stated_at, standing, centre_verified, at IN EXECUTE
        'SELECT r.kind, r.record, r.stated_at, r.standing, r.centre_verified, r.at FROM city.record_result r WHERE r.department = $1'
            || CASE WHEN its_standing IS NULL THEN '' ELSE ' AND r.standing = $2' END || ' ORDER BY r.at DESC, r.kind, r.record LIMIT $3'
        USING its_department, its_standing, least(most, 200)
    LOOP
        kinds := kinds || kind;
        records := records || record;
        RETURN NEXT;
    END LOOP;
    PERFORM city.looked_at_records(its_department, kinds, records);
END $$;
COMMENT ON FUNCTION city.records_of IS 'Records of a department by what became of them, newest first; NULL: of whatever standing. Recorded.';

-- -- who may call them, and whose they are
GRANT EXECUTE ON FUNCTION city.record_counts, city.records_of TO citygrid_api;
GRANT EXECUTE ON FUNCTION city.feed_back TO citygrid_sinks;
GRANT CREATE ON SCHEMA city TO citygrid_reader;
ALTER FUNCTION city.record_counts OWNER TO citygrid_reader;
ALTER FUNCTION city.records_of OWNER TO citygrid_reader;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
