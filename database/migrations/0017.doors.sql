-- The doors of departments and devices: who may state what. Only hashes are kept here (docs/decisions/0015-doors.md).

CREATE TABLE city.department_key (
    id text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[a-z0-9]{10}$'),
    department text COLLATE "C" NOT NULL CHECK (department <> ''),
    secret_sha256 bytea NOT NULL CHECK (length(secret_sha256) = 32),
    note text NOT NULL DEFAULT '', -- who has it
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz, -- to the minute
    revoked_at timestamptz,
    -- A restore closes every key of departments and devices (local/backup/databases.py): one that was revoked after the backup must
    -- not come back. Whoever runs the installation opens those again that are still good.
    closed_by_restore boolean NOT NULL DEFAULT false,
    numbers_per_day bigint CHECK (numbers_per_day > 0) -- NULL: as many as the installation's setting says
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

-- How many identity numbers each department's key has stated today, over all gateways: who holds a key and reads Kafka as well
-- could learn whose pseudonym is whose, so a day's numbers are bounded (docs/decisions/0032-logins.md). One row a key.
CREATE TABLE city.key_day (
    key_id text COLLATE "C" PRIMARY KEY REFERENCES city.department_key,
    day date NOT NULL, -- the city's
    numbers bigint NOT NULL CHECK (numbers >= 0)
);

CREATE FUNCTION city.key_states(its_id text, its_numbers bigint, usual bigint,
    OUT taken boolean, OUT today bigint, OUT at_most bigint, OUT seconds_left integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    here timestamp := clock_timestamp() AT TIME ZONE 'Asia/Shanghai';
BEGIN
    SELECT coalesce(k.numbers_per_day, usual) INTO STRICT at_most FROM city.department_key k WHERE k.id = its_id;
    INSERT INTO city.key_day VALUES (its_id, here::date, 0) ON CONFLICT (key_id) DO NOTHING;
    SELECT CASE d.day WHEN here::date THEN d.numbers ELSE 0 END INTO today FROM city.key_day d WHERE d.key_id = its_id FOR NO KEY UPDATE;
    taken := its_numbers <= 0 OR today + its_numbers <= at_most;
    IF taken THEN
        today := greatest(0, today + its_numbers);
        UPDATE city.key_day d SET day = here::date, numbers = today WHERE d.key_id = its_id;
    END IF;
    seconds_left := ceil(extract(epoch FROM date_trunc('day', here) + interval '1 day' - here));
END $$;
COMMENT ON FUNCTION city.key_states IS
    'The key is about to state so many identity numbers (fewer than 0: they were not delivered): whether it still may today. usual: the limit of a key that has none of its own.';

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
    revoked_at timestamptz,
    closed_by_restore boolean NOT NULL DEFAULT false
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
ALTER TABLE city.key_day ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.department_key TO citygrid_owner USING (true);
CREATE POLICY owner ON city.device TO citygrid_owner USING (true);
CREATE POLICY owner ON city.key_day TO citygrid_owner USING (true);

-- -- who may call them
GRANT EXECUTE ON FUNCTION city.key_in_force, city.key_used, city.key_states, city.devices_held, city.device_took, city.freshness_of
    TO citygrid_doors;
