-- depends: 0004.alerts
-- The doors of departments and devices: who may state what. Only hashes are kept here (docs/decisions/0015-doors.md).

CREATE TABLE city.department_key (
    id text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[a-z0-9]{10}$'),
    department text COLLATE "C" NOT NULL CHECK (department <> ''),
    secret_sha256 bytea NOT NULL CHECK (length(secret_sha256) = 32),
    note text NOT NULL DEFAULT '', -- who has it
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz, -- to the minute
    revoked_at timestamptz
);

CREATE FUNCTION city.key_in_force(its_id text, OUT department text, OUT secret_sha256 bytea) RETURNS SETOF record
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT k.department, k.secret_sha256 FROM city.department_key k WHERE k.id = its_id AND k.revoked_at IS NULL;
END;
COMMENT ON FUNCTION city.key_in_force IS 'Whose key it is and what its secret hashes to; no row: unknown or revoked. The door compares, in constant time.';

CREATE FUNCTION city.key_used(its_id text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE city.department_key SET used_at = now()
    WHERE id = (SELECT k.id FROM city.department_key k
                WHERE k.id = its_id AND coalesce(k.used_at < now() - interval '1 minute', true) FOR NO KEY UPDATE SKIP LOCKED);
END;
COMMENT ON FUNCTION city.key_used IS 'The key opened the door just now; at most one write a minute and key.';

CREATE TABLE city.device (
    id text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
    department text COLLATE "C" NOT NULL CHECK (department <> ''),
    subject text COLLATE "C" NOT NULL CHECK (subject <> ''), -- the door's dwelling, or the pseudonym of who wears it
    salt bytea NOT NULL CHECK (length(salt) = 16),
    key_id text NOT NULL, -- of the city's key that made the secret
    secret_sha256 bytea NOT NULL CHECK (length(secret_sha256) = 32),
    registration integer NOT NULL DEFAULT 1, -- each counts its messages from 1
    last_sequence bigint NOT NULL DEFAULT 0 CHECK (last_sequence >= 0),
    last_message_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);

CREATE FUNCTION city.devices_held(ids text[]) RETURNS SETOF city.device
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- in one order everywhere, so that two doors cannot wait for each other
    RETURN QUERY SELECT * FROM city.device d WHERE d.id = ANY (ids) ORDER BY d.id FOR NO KEY UPDATE;
END $$;
COMMENT ON FUNCTION city.devices_held IS 'The devices, held until this transaction ends: nobody else takes a message of theirs meanwhile.';

CREATE FUNCTION city.device_took(its_id text, its_sequence bigint, sent_at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    UPDATE city.device SET last_sequence = its_sequence, last_message_at = sent_at
    -- as Messages.accept (producers/doors/device_messages.py) has it: no number silences a device for ever
    WHERE id = its_id AND last_sequence < its_sequence AND CASE WHEN its_sequence < 100000000000
        THEN its_sequence <= last_sequence + 100000 -- it counts
        ELSE (last_sequence = 0 OR last_sequence >= 100000000000) -- it takes the milliseconds since 1970
            AND its_sequence <= extract(epoch FROM clock_timestamp()) * 1000 + 300000 END;
END;
COMMENT ON FUNCTION city.device_took IS
    'The message of this number is in Kafka: neither it nor an older one is taken again. A number too far ahead changes nothing.';

CREATE FUNCTION city.freshness_of(its_department text) RETURNS TABLE (topic text, last_event_at timestamptz, limit_seconds integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT f.topic, f.last_event_at, f.limit_seconds FROM city.freshness f WHERE f.department = its_department ORDER BY f.topic;
END;
COMMENT ON FUNCTION city.freshness_of IS 'How late each topic of a department is; the door has looked at its key.';

ALTER TABLE city.department_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE city.device ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.department_key TO citygrid_owner USING (true);
CREATE POLICY owner ON city.device TO citygrid_owner USING (true);
GRANT EXECUTE ON FUNCTION city.key_in_force, city.key_used, city.devices_held, city.device_took, city.freshness_of
    TO citygrid_doors;
