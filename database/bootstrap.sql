-- What only a superuser can say of the city's database, run in it once, before the migrations (local/stack/postgres.py,
-- infra/postgres/roles.sh). Run again it changes nothing. The roles are there already: database/roles.py.

-- Who reads learns nothing from what the server counts: no statistics, sizes, locks or other sessions, for nobody but a superuser.
-- Nor may anybody keep large objects, or run code of his own.
DO $$
DECLARE one record;
BEGIN
    FOR one IN SELECT p.oid::regprocedure AS name FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND (
        p.proname ~ '^pg_stat_get_|^pg_relation_size$|^pg_(table|indexes|total_relation|database|tablespace)_size$'
        OR p.proname ~ '^(lo_|lowrite$|loread$)|^pg_lock_status$|^pg_(safe_snapshot_)?blocking_pids$|^pg_prepared_xact$'
        OR p.proname ~ '^(query|table|cursor|schema|database)_to_xml' OR p.proname ~ '^pg_(try_)?advisory_')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', one.name);
    END LOOP;
    FOR one IN SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'v'
        AND c.relname ~ '^pg_stat|^pg_locks$|^pg_prepared_xacts$'
    LOOP
        EXECUTE format('REVOKE SELECT ON pg_catalog.%I FROM PUBLIC', one.name);
    END LOOP;
    -- who takes turns by advisory locks may: whoever migrates, writes rows, or serves devices
    FOR one IN SELECT p.oid::regprocedure AS name FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace
        AND p.proname ~ '^pg_(try_)?advisory_'
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO citygrid_owner, citygrid_sinks, citygrid_doors, citygrid_audit', one.name);
    END LOOP;
END $$;
-- A table's size in rows and pages stands in pg_class; everything else in it is names.
DO $$ BEGIN
    REVOKE SELECT ON pg_catalog.pg_class FROM PUBLIC;
    EXECUTE (SELECT format('GRANT SELECT (%s) ON pg_catalog.pg_class TO PUBLIC', string_agg(quote_ident(attname), ', '))
             FROM pg_attribute WHERE attrelid = 'pg_catalog.pg_class'::regclass AND NOT attisdropped
                 AND attname NOT IN ('relpages', 'reltuples', 'relallvisible', 'relallfrozen'));
    GRANT SELECT ON pg_catalog.pg_class TO citygrid_owner, citygrid_sinks;
END $$;
REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC;
GRANT USAGE ON LANGUAGE plpgsql TO citygrid_owner, citygrid_audit;

-- Who looked at whom. It belongs to a role that nobody can be: no command and no process changes or deletes a line of it.
CREATE SCHEMA IF NOT EXISTS audit AUTHORIZATION citygrid_audit;
SET ROLE citygrid_audit;

CREATE TABLE IF NOT EXISTS audit.look (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    account uuid NOT NULL,
    name text NOT NULL,                -- the account's, its role and its scope, as they were then
    role text NOT NULL,
    scope text COLLATE "C" NOT NULL,
    view text COLLATE "C" NOT NULL,    -- what the keys are of: 'alert', 'task', 'account', 'look', 'dead-letter', or a view
    keys text[] COLLATE "C" NOT NULL,  -- one look is one page, one case, or one wake of a stream
    purpose text NOT NULL CHECK (purpose <> ''), -- 'list': masked, none was given
    case_id uuid,
    found boolean NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seal bigint                        -- the link of the chain that holds it; NULL: not yet
);
CREATE INDEX IF NOT EXISTS look_keys ON audit.look USING gin (keys);
CREATE INDEX IF NOT EXISTS look_unsealed ON audit.look (id) WHERE seal IS NULL;
CREATE INDEX IF NOT EXISTS look_sealed ON audit.look (seal);

-- A chain: each link's hash is of the link before and of all looks that it holds.
CREATE TABLE IF NOT EXISTS audit.seal (
    number bigint PRIMARY KEY CHECK (number > 0),
    looks integer NOT NULL CHECK (looks > 0),
    sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    hash bytea NOT NULL CHECK (length(hash) = 32)
);

CREATE OR REPLACE FUNCTION audit.record(account uuid, name text, role text, scope text, its_view text, its_keys text[], its_purpose text,
    its_case uuid, was_found boolean) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    INSERT INTO audit.look (account, name, role, scope, view, keys, purpose, case_id, found)
    VALUES (account, name, role, scope, its_view, its_keys, its_purpose, its_case, was_found);
END;

CREATE OR REPLACE FUNCTION audit.hash_of(number bigint, before bytea) RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
BEGIN ATOMIC
    SELECT sha256(coalesce(before, '') || convert_to(hash_of.number || E'\n' || coalesce(string_agg(jsonb_build_array(
        l.id, l.account, l.name, l.role, l.scope, l.view, l.keys, l.purpose, l.case_id, l.found, l.at)::text, E'\n' ORDER BY l.id), ''), 'UTF8'))
    FROM audit.look l WHERE l.seal = hash_of.number;
END;

CREATE OR REPLACE FUNCTION audit.seal_looks(most integer DEFAULT 10000) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE before bytea; its_number bigint; sealed integer;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('audit.seal'));
    SELECT s.number, s.hash INTO its_number, before FROM audit.seal s ORDER BY s.number DESC LIMIT 1;
    its_number := coalesce(its_number, 0) + 1;
    UPDATE audit.look SET seal = its_number
    WHERE id IN (SELECT l.id FROM audit.look l WHERE l.seal IS NULL ORDER BY l.id LIMIT most);
    GET DIAGNOSTICS sealed = ROW_COUNT;
    IF sealed > 0 THEN
        INSERT INTO audit.seal (number, looks, hash) VALUES (its_number, sealed, audit.hash_of(its_number, before));
    END IF;
    RETURN sealed;
END $$;
COMMENT ON FUNCTION audit.seal_looks IS 'Adds a link of all committed looks that are in none; the number of looks. Readers never wait for it.';

CREATE OR REPLACE FUNCTION audit.verify(OUT number bigint, OUT hash bytea, OUT sealed bigint, OUT unsealed bigint, OUT oldest_unsealed timestamptz,
    OUT broken bigint) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE link audit.seal; before bytea; wanted bigint := 0;
BEGIN
    sealed := 0;
    FOR link IN SELECT * FROM audit.seal s ORDER BY s.number LOOP
        wanted := wanted + 1;
        IF link.number <> wanted OR link.hash <> audit.hash_of(link.number, before)
            OR link.looks <> (SELECT count(*) FROM audit.look l WHERE l.seal = link.number)
        THEN
            broken := wanted;
            EXIT;
        END IF;
        number := link.number;
        hash := link.hash;
        before := link.hash;
        sealed := sealed + link.looks;
    END LOOP;
    IF broken IS NULL AND EXISTS (SELECT FROM audit.look l WHERE l.seal > wanted) THEN
        broken := wanted + 1;
    END IF;
    SELECT count(*), min(l.at) INTO unsealed, oldest_unsealed FROM audit.look l WHERE l.seal IS NULL;
END $$;
COMMENT ON FUNCTION audit.verify IS 'Counts the chain anew: its last link, and the first that does not hold, if any.';

CREATE OR REPLACE FUNCTION audit.seal_hash(its_number bigint) RETURNS bytea LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC SELECT s.hash FROM audit.seal s WHERE s.number = its_number; END;

-- citygrid_reader says who asks: an account knows of its own looks, an administrator of all, a centre of those of its area.
CREATE OR REPLACE FUNCTION audit.looks_at(its_view text, its_key text, asker uuid, its_from text, its_until text, all_of_them boolean, most integer)
RETURNS TABLE (at timestamptz, account text, role text, purpose text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT l.at, l.name, l.role, l.purpose FROM audit.look l
    WHERE l.keys @> ARRAY[its_key] AND l.view = its_view
        AND (all_of_them OR l.account = asker OR (l.scope >= its_from AND l.scope < its_until))
    ORDER BY l.at DESC, l.id LIMIT most;
END;

-- Ids are of version 7, in the order of time: a span of time is a span of the key. citygrid_reader says who may ask.
CREATE INDEX IF NOT EXISTS look_of_account ON audit.look (name, id);
CREATE OR REPLACE FUNCTION audit.looks_between(who text, its_view text, its_from timestamptz, its_until timestamptz, before uuid, most integer)
RETURNS TABLE (id uuid, at timestamptz, account text, role text, scope text, view text, keys text[], purpose text, case_id uuid, found boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE first uuid := uuidv7(its_from - clock_timestamp() - interval '1 minute'); last uuid := uuidv7(its_until - clock_timestamp() + interval '1 minute');
BEGIN
    RETURN QUERY SELECT l.id, l.at, l.name, l.role, l.scope, l.view, l.keys, l.purpose, l.case_id, l.found FROM audit.look l
    WHERE l.id >= first AND l.id < least(last, before) AND l.at >= its_from AND l.at < its_until
        AND (who IS NULL OR l.name = who) AND (its_view IS NULL OR l.view = its_view)
    ORDER BY l.id DESC LIMIT most;
END $$;

ALTER TABLE audit.look ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE audit.seal ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS adds ON audit.look;
DROP POLICY IF EXISTS reads ON audit.look;
DROP POLICY IF EXISTS seals ON audit.look;
DROP POLICY IF EXISTS adds ON audit.seal;
DROP POLICY IF EXISTS reads ON audit.seal;
CREATE POLICY adds ON audit.look FOR INSERT TO citygrid_audit WITH CHECK (seal IS NULL);
CREATE POLICY reads ON audit.look FOR SELECT TO citygrid_audit USING (true);
CREATE POLICY seals ON audit.look FOR UPDATE TO citygrid_audit USING (seal IS NULL) WITH CHECK (seal IS NOT NULL);
CREATE POLICY adds ON audit.seal FOR INSERT TO citygrid_audit WITH CHECK (true);
CREATE POLICY reads ON audit.seal FOR SELECT TO citygrid_audit USING (true);

RESET ROLE;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA audit FROM PUBLIC;
GRANT USAGE ON SCHEMA audit TO citygrid_reader, citygrid_sinks, citygrid_owner;
GRANT EXECUTE ON FUNCTION audit.record, audit.looks_at, audit.looks_between TO citygrid_reader;
GRANT EXECUTE ON FUNCTION audit.seal_looks TO citygrid_sinks;
GRANT EXECUTE ON FUNCTION audit.verify, audit.seal_hash TO citygrid_owner, citygrid_sinks;

-- What operations must know of the server, and nobody else may: for how long the oldest transaction has been open, here and in its other
-- databases. Two numbers: nothing of whose it is, or what it does. docs/decisions/0030-live-stream.md
CREATE OR REPLACE FUNCTION audit.oldest_transactions(OUT city double precision, OUT other double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(max(open.seconds) FILTER (WHERE open.here), 0), coalesce(max(open.seconds) FILTER (WHERE NOT open.here), 0)
    FROM (
        SELECT a.datname = current_database() AS here, extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS seconds
        FROM pg_stat_activity a WHERE a.backend_type = 'client backend' AND a.xact_start IS NOT NULL AND a.pid <> pg_backend_pid()
        UNION ALL
        SELECT p.database = current_database(), extract(epoch FROM clock_timestamp() - p.prepared)::float8 FROM pg_prepared_xacts p
    ) AS open;
END;
COMMENT ON FUNCTION audit.oldest_transactions IS 'Seconds for which the oldest transaction of a client has been open; 0: there is none.';
REVOKE EXECUTE ON FUNCTION audit.oldest_transactions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.oldest_transactions TO citygrid_sinks;
