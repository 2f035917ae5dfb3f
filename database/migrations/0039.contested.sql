-- depends: 0038.turns
-- What another attacker with fresh eyes found: docs/decisions/0050-second-attack.md

-- -- whether a fact is contested is told with a row or a case that the caller reads, not of a fact that they name

-- The case that asked may lie in any area, so this runs as the owner; the facts are those of a row that the caller has read.
REVOKE EXECUTE ON FUNCTION city.contested FROM citygrid_api;
GRANT EXECUTE ON FUNCTION city.contested TO citygrid_reader;

CREATE FUNCTION city.facts_in("row" jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(jsonb_agg(few.fact), '[]') FROM (
        SELECT f.fact FROM jsonb_path_query("row", 'strict $.** ? (@.event_id.type() == "string" && @.department.type() == "string"
            && @.kind.type() == "string" && @.record.type() == "string")') f(fact)
        WHERE f.fact -> 'withdrawn' IS DISTINCT FROM 'true' LIMIT 5000) few;
END;
COMMENT ON FUNCTION city.facts_in IS 'The statements that stand in a row, its own and those that others contribute: a grid''s row has those of all its doors.';

CREATE FUNCTION city.read_row(its_view text, its_key text, its_purpose text DEFAULT NULL, its_case uuid DEFAULT NULL)
RETURNS TABLE (id text, version bigint, updated_at timestamptz, "row" jsonb, contested jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    FOR id, version, updated_at, "row" IN SELECT r.* FROM city.read_rows(its_view, ARRAY[its_key], its_purpose, its_case) r LOOP
        contested := (SELECT coalesce(jsonb_agg(c), '[]') FROM city.contested(city.facts_in("row")) c);
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION city.read_row IS 'As city.read_rows, one row, with those of its statements that are contested: [{event_id, correction, state, asked_at}].';

CREATE FUNCTION city.contested_of_case(finding uuid) RETURNS TABLE (event_id text, correction text, state text, asked_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT c.* FROM city.alert a, city.contested(a.because) c WHERE a.finding_id = finding;
END $$;
COMMENT ON FUNCTION city.contested_of_case IS 'Which statements behind a case that the caller sees are contested; part of the case''s look.';

-- -- what tells of a department's records leaves a look: a register's number is a person's

DROP FUNCTION city.results_of; -- nothing calls it: departments read their topic, their page reads city.records_of

DROP FUNCTION city.rejected_of, city.questions_of, city.records_of;

CREATE FUNCTION city.looked_at_records(its_department text, kinds text[], records text[]) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT city.looked('record', ARRAY(SELECT DISTINCT concat_ws('/', its_department, r.kind, r.record)
        FROM unnest(kinds, records) r(kind, record) WHERE r.record IS NOT NULL ORDER BY 1));
END;
COMMENT ON FUNCTION city.looked_at_records IS 'Records one look at records of a department, each as department/kind/record.';

-- As in 0015.
CREATE FUNCTION city.rejected_of(its_department text, most integer) RETURNS TABLE (door text, source text, at timestamptz, place text,
    field text, reason text, topic text, record text, kind text, counted bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE kinds text[]; records text[];
BEGIN
    PERFORM city.caller();
    FOR door, source, at, place, field, reason, topic, record, kind, counted IN
        SELECT r.door, r.source, r.at, r.place, r.field, r.reason, r.topic, r.record, r.kind, count(*) OVER ()
        FROM city.rejected_line r WHERE r.department = its_department AND city.sees_department(its_department)
        ORDER BY r.at DESC, r.source, length(r.place), r.place LIMIT least(most, 500)
    LOOP
        kinds := kinds || kind;
        records := records || record;
        RETURN NEXT;
    END LOOP;
    PERFORM city.looked_at_records(its_department, kinds, records);
END $$;
COMMENT ON FUNCTION city.rejected_of IS 'Lines of a department that wait to be mended; recorded where they show a record''s number.';

-- As in 0031.
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

-- As in 0031.
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

-- -- whose they are, and who may call them: as in 0009

GRANT CREATE ON SCHEMA city TO citygrid_reader;
DO $$
DECLARE one regprocedure; of_api CONSTANT name[] := ARRAY['read_row', 'contested_of_case', 'rejected_of', 'records_of', 'questions_of'];
BEGIN
    FOR one IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'city'::regnamespace AND p.proname = ANY (of_api) LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO citygrid_api', one);
        EXECUTE format('ALTER FUNCTION %s OWNER TO citygrid_reader', one);
    END LOOP;
END $$;
ALTER FUNCTION city.facts_in OWNER TO citygrid_reader;
ALTER FUNCTION city.looked_at_records OWNER TO citygrid_reader;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
