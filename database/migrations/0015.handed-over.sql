-- depends: 0014.lists
-- What a department sees of what it handed over: its last files, the lines that wait to be mended, what was put aside
-- (docs/decisions/0034-door-reports.md). No cell of a file is kept here.

-- Whose office an account of role `department` belongs to; NULL: it sees the catalogue only.
ALTER TABLE city.account ADD COLUMN department text COLLATE "C" CHECK (department <> '');
GRANT SELECT (department) ON city.account TO citygrid_reader;

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

-- A department sees its own, operations and administrators any that they ask for.
CREATE FUNCTION city.sees_department(wanted text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(bool_or(CASE m.role WHEN 'department' THEN a.department = wanted ELSE m.role IN ('ops', 'admin') END), false)
    FROM city.me() m JOIN city.account a ON a.id = m.account;
END;
CREATE FUNCTION city.my_department() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC SELECT a.department FROM city.me() m JOIN city.account a ON a.id = m.account WHERE m.role = 'department'; END;

CREATE POLICY sees ON city.door_publication FOR SELECT TO citygrid_reader USING (city.sees_department(department));
CREATE POLICY sees ON city.rejected_line FOR SELECT TO citygrid_reader USING (city.sees_department(department));
CREATE POLICY sees ON city.put_aside FOR SELECT TO citygrid_reader USING (city.sees_department(department));
GRANT SELECT ON city.door_publication, city.rejected_line, city.put_aside TO citygrid_reader;

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
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT r.door, r.source, r.at, r.place, r.field, r.reason, r.topic, r.record, r.kind, count(*) OVER ()
        FROM city.rejected_line r WHERE r.department = its_department AND city.sees_department(its_department)
        ORDER BY r.at DESC, r.source, length(r.place), r.place LIMIT least(most, 500);
END $$;

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

GRANT CREATE ON SCHEMA city TO citygrid_reader;
DO $$
DECLARE one regprocedure;
BEGIN
    FOR one IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'city'::regnamespace
        AND p.proname IN ('publications_of', 'rejected_of', 'put_aside_of') LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO citygrid_api', one);
        EXECUTE format('ALTER FUNCTION %s OWNER TO citygrid_reader', one);
    END LOOP;
END $$;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
GRANT EXECUTE ON FUNCTION city.sees_department TO citygrid_reader;
GRANT EXECUTE ON FUNCTION city.my_department TO citygrid_api;
