-- What a department sees of what it handed over: its last files, the lines that wait to be mended, what was put aside
-- (docs/decisions/0034-door-reports.md). No cell of a file is kept here.

CREATE TABLE city.door_publication (
    key text COLLATE "C" PRIMARY KEY,
    department text COLLATE "C" NOT NULL,
    door text NOT NULL, -- file, gateway or outbox
    source text NOT NULL, -- the file's name, the topic of the other doors
    at timestamptz NOT NULL,
    form text NOT NULL,
    lines bigint NOT NULL,
    events jsonb NOT NULL, -- number by kind
    rejected_lines bigint NOT NULL,
    rejected jsonb NOT NULL, -- [{field, reason, lines}]
    mended_lines bigint NOT NULL,
    not_records bigint NOT NULL,
    unused text[] NOT NULL,
    held_back bigint,
    refused text
);
CREATE INDEX ON city.door_publication (department, at DESC);

CREATE TABLE city.rejected_line (
    key text COLLATE "C" PRIMARY KEY,
    department text COLLATE "C" NOT NULL,
    door text NOT NULL,
    source text NOT NULL,
    at timestamptz NOT NULL,
    place text NOT NULL,
    field text NOT NULL,
    reason text NOT NULL,
    topic text,
    record text,
    kind text
);
CREATE INDEX ON city.rejected_line (department, at DESC);

CREATE TABLE city.put_aside (
    origin text COLLATE "C" PRIMARY KEY, -- topic:partition:offset
    department text COLLATE "C" NOT NULL,
    topic text NOT NULL,
    event_id text,
    reason text NOT NULL,
    kept_in text NOT NULL,
    put_aside_at timestamptz NOT NULL,
    replayed_at timestamptz
);
CREATE INDEX ON city.put_aside (department, put_aside_at DESC);
ALTER TABLE city.door_publication ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE city.rejected_line ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE city.put_aside ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY sinks ON city.door_publication TO citygrid_sinks USING (true);
CREATE POLICY sinks ON city.rejected_line TO citygrid_sinks USING (true);
CREATE POLICY sinks ON city.put_aside TO citygrid_sinks USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON city.door_publication, city.rejected_line, city.put_aside TO citygrid_sinks;
CREATE POLICY owner ON city.put_aside FOR SELECT TO citygrid_owner USING (true);

-- A department sees its own, operations and administrators any that they ask for.
CREATE FUNCTION city.sees_department(wanted text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(bool_or(CASE m.role WHEN 'department' THEN a.department = wanted ELSE m.role IN ('ops', 'admin') END), false)
    FROM city.me() m JOIN city.account a ON a.id = m.account;
END;

CREATE POLICY sees ON city.door_publication FOR SELECT TO citygrid_reader USING (city.sees_department(department));
CREATE POLICY sees ON city.rejected_line FOR SELECT TO citygrid_reader USING (city.sees_department(department));
CREATE POLICY sees ON city.put_aside FOR SELECT TO citygrid_reader USING (city.sees_department(department));
GRANT SELECT ON city.door_publication, city.rejected_line, city.put_aside TO citygrid_reader;

-- What tells of a department's records leaves a look: a register's number is a person's.
CREATE FUNCTION city.looked_at_records(its_department text, kinds text[], records text[]) RETURNS void LANGUAGE sql
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT city.looked('record', ARRAY(SELECT DISTINCT concat_ws('/', its_department, r.kind, r.record)
        FROM unnest(kinds, records) r(kind, record) WHERE r.record IS NOT NULL ORDER BY 1));
END;
COMMENT ON FUNCTION city.looked_at_records IS 'Records one look at records of a department, each as department/kind/record.';

CREATE FUNCTION city.publications_of(its_department text, most integer) RETURNS TABLE (door text, source text, at timestamptz, form text,
    lines bigint, events jsonb, rejected_lines bigint, rejected jsonb, mended_lines bigint, not_records bigint, unused text[], held_back bigint, refused text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT p.door, p.source, p.at, p.form, p.lines, p.events, p.rejected_lines, p.rejected, p.mended_lines, p.not_records,
            p.unused, p.held_back, p.refused
        FROM city.door_publication p WHERE p.department = its_department AND city.sees_department(its_department)
        ORDER BY p.at DESC, p.key LIMIT least(most, 200);
END $$;

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

CREATE FUNCTION city.put_aside_of(its_department text, most integer) RETURNS TABLE (origin text, topic text, event_id text, reason text,
    kept_in text, put_aside_at timestamptz, replayed_at timestamptz, waiting bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT a.origin, a.topic, a.event_id, a.reason, a.kept_in, a.put_aside_at, a.replayed_at,
            count(*) FILTER (WHERE a.replayed_at IS NULL) OVER ()
        FROM city.put_aside a WHERE a.department = its_department AND city.sees_department(its_department)
        ORDER BY a.replayed_at IS NOT NULL, a.put_aside_at DESC, a.origin LIMIT least(most, 200);
END $$;

-- -- dead letters: who wants which to be sent back. The process `mending` does it (producers/mending/asked.py).

CREATE TABLE city.replay (
    origin text COLLATE "C" PRIMARY KEY REFERENCES city.put_aside ON DELETE CASCADE,
    asked_by uuid NOT NULL REFERENCES city.account,
    asked_name text NOT NULL, -- as it was then
    asked_at timestamptz NOT NULL DEFAULT now(),
    answered_at timestamptz,
    answer text CHECK (answer IN ('sent', 'gone', 'unreadable', 'not_ours')),
    CHECK ((answered_at IS NULL) = (answer IS NULL))
);
CREATE INDEX ON city.replay (asked_at) WHERE answered_at IS NULL;
ALTER TABLE city.replay ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.replay TO citygrid_owner USING (true);
CREATE POLICY sinks ON city.replay TO citygrid_sinks USING (true);
CREATE POLICY sees ON city.replay FOR SELECT TO citygrid_reader USING ((SELECT city.my_role()) IN ('ops', 'admin'));
GRANT SELECT, UPDATE ON city.replay TO citygrid_sinks;
GRANT SELECT ON city.replay TO citygrid_reader;

CREATE FUNCTION city.letters(most integer) RETURNS TABLE (origin text, department text, topic text, event_id text, reason text, kept_in text,
    put_aside_at timestamptz, replayed_at timestamptz, asked_name text, asked_at timestamptz, answer text, waiting bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.office('ops', 'admin');
    RETURN QUERY SELECT a.origin, a.department, a.topic, a.event_id, a.reason, a.kept_in, a.put_aside_at, a.replayed_at,
            r.asked_name, r.asked_at, r.answer, count(*) FILTER (WHERE a.replayed_at IS NULL) OVER ()
        FROM city.put_aside a LEFT JOIN city.replay r ON r.origin = a.origin
        ORDER BY a.replayed_at IS NOT NULL, a.put_aside_at DESC, a.origin LIMIT least(most, 500);
END $$;
COMMENT ON FUNCTION city.letters IS
    'Dead letters and parked records of departments'' topics, those that wait first: where each stood and why, nothing that it says. CG403.';

CREATE FUNCTION city.ask_replay(origins text[]) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me uuid := city.office('ops', 'admin'); asked text[];
BEGIN
    IF cardinality(origins) > 500 THEN RAISE EXCEPTION 'At most 500 records at once.' USING ERRCODE = 'CG422'; END IF;
    WITH wanted AS (
        INSERT INTO city.replay AS old (origin, asked_by, asked_name)
        SELECT a.origin, me, (SELECT m.name FROM city.me() m) FROM city.put_aside a
        WHERE a.origin = ANY (origins) AND a.replayed_at IS NULL ORDER BY a.origin
        ON CONFLICT (origin) DO UPDATE SET (asked_by, asked_name, asked_at, answered_at, answer)
            = (excluded.asked_by, excluded.asked_name, now(), NULL, NULL) WHERE old.answered_at IS NOT NULL
        RETURNING old.origin)
    SELECT array_agg(w.origin) INTO asked FROM wanted w;
    PERFORM city.record_act('dead-letter', asked, 'replay');
    RETURN coalesce(cardinality(asked), 0);
END $$;
COMMENT ON FUNCTION city.ask_replay IS
    'The caller wants these records sent back; how many were not asked for or sent already. Recorded with who asked. CG403: neither operations nor administrator.';

-- -- who may call them, and whose they are
GRANT EXECUTE ON FUNCTION city.publications_of, city.rejected_of, city.put_aside_of, city.letters, city.ask_replay TO citygrid_api;
GRANT EXECUTE ON FUNCTION city.sees_department TO citygrid_reader;
GRANT CREATE ON SCHEMA city TO citygrid_reader;
DO $$
DECLARE one name;
BEGIN
    FOREACH one IN ARRAY ARRAY['looked_at_records', 'publications_of', 'rejected_of', 'put_aside_of', 'letters'] LOOP
        EXECUTE format('ALTER FUNCTION city.%I OWNER TO citygrid_reader', one);
    END LOOP;
END $$;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
