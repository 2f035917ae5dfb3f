-- Accounts, their sessions, and the function that every policy asks who the reader is (city.me).
-- Why a session token and not an account id decides: docs/decisions/0008-row-level-security.md.

-- The newest of what database/bootstrap.sql makes: whoever lacks it lacks something.
DO $$ BEGIN
    IF to_regprocedure('audit.oldest_transactions()') IS NULL THEN
        RAISE EXCEPTION 'This database lacks what only a superuser can say of it: run database/bootstrap.sql in it, then migrate again.';
    END IF;
END $$;
CREATE SCHEMA city;
-- citygrid_reader owns the functions that read for the API, and no table: row-level security binds it like everybody.
GRANT USAGE ON SCHEMA city TO citygrid_sinks, citygrid_api, citygrid_doors, citygrid_reader;
-- A function is for those it is granted to, never for everybody by default.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

CREATE TABLE city.account (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text COLLATE "C" NOT NULL UNIQUE CHECK (name <> ''),
    password_kdf text NOT NULL,       -- '$argon2id$v=19$m=…,t=…,p=…$salt': what the API derives the proof with
    password_verifier bytea NOT NULL, -- sha256 of the proof: who reads this table still has to break argon2
    role text NOT NULL CHECK (role IN ('grid_worker', 'command_centre', 'department', 'ops', 'admin')),
    scope text COLLATE "C" NOT NULL CHECK (scope ~ '^[0-9]*$' AND length(scope) IN (0, 6, 9, 12, 15)),
    domains text[],                   -- of rules; NULL is all
    department text COLLATE "C" CHECK (department <> ''), -- whose office an account of that role belongs to; NULL: it sees the catalogue only
    language text NOT NULL DEFAULT 'zh' CHECK (language IN ('zh', 'en')),
    shown_as text CHECK (shown_as <> '' AND length(shown_as) <= 40),
    created_at timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz,
    demo boolean NOT NULL DEFAULT false -- made by the local stack for trying it out; production does not start with one
);
COMMENT ON COLUMN city.account.shown_as IS 'What the public is told of who serves a grid, by a door plate; NULL: nothing.';

CREATE TABLE city.session (
    token_sha256 bytea PRIMARY KEY CHECK (length(token_sha256) = 32),
    account uuid NOT NULL REFERENCES city.account,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz NOT NULL DEFAULT now(),
    idle interval NOT NULL DEFAULT '1 hour' -- a session that was not used for so long has ended, whatever expires_at says
);
CREATE INDEX ON city.session (account);
CREATE INDEX ON city.session (expires_at);

-- Makes an unknown name's salt: stable, and not to be told from a real one.
CREATE TABLE city.decoy (secret uuid NOT NULL);
INSERT INTO city.decoy VALUES (gen_random_uuid());

CREATE FUNCTION city.me(OUT account uuid, OUT name text, OUT role text, OUT scope text, OUT domains text[], OUT language text)
RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT a.id, a.name, a.role, a.scope, a.domains, a.language
    FROM city.session s JOIN city.account a ON a.id = s.account
    WHERE s.token_sha256 = sha256(convert_to(current_setting('citygrid.session', true), 'UTF8'))
      AND s.expires_at > now() AND s.used_at + s.idle > now() AND a.disabled_at IS NULL
      -- What a plan counts (buffers, rows) would tell of rows that are not shown: inside an EXPLAIN nobody is anybody.
      AND coalesce(current_query(), '') !~* 'explain';
END;
COMMENT ON FUNCTION city.me IS 'The account whose session token the setting citygrid.session holds; no row if none does.';

-- The places an account sees people of: from <= place < until. NULL, hence nothing, for roles that see no person.
CREATE FUNCTION city.sees_from() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC SELECT m.scope FROM city.me() m WHERE m.role IN ('grid_worker', 'command_centre'); END;

-- 'z' is after every digit and after 'city', so that the empty scope covers all.
CREATE FUNCTION city.sees_until() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC SELECT m.scope || 'z' FROM city.me() m WHERE m.role IN ('grid_worker', 'command_centre'); END;

CREATE FUNCTION city.sees_domains() RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC SELECT m.domains FROM city.me() m; END;

CREATE FUNCTION city.my_account() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC SELECT m.account FROM city.me() m; END;

CREATE FUNCTION city.my_role() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC SELECT m.role FROM city.me() m; END;

CREATE FUNCTION city.my_department() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC SELECT a.department FROM city.me() m JOIN city.account a ON a.id = m.account WHERE m.role = 'department'; END;

CREATE FUNCTION city.enter(token text)
RETURNS TABLE (account uuid, name text, role text, scope text, domains text[], language text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM set_config('citygrid.session', token, true);
    RETURN QUERY SELECT m.account, m.name, m.role, m.scope, m.domains, m.language FROM city.me() m;
END $$;
COMMENT ON FUNCTION city.enter IS 'Makes this transaction the account''s whose token it is; no row: the token is worth nothing.';

-- A wrong password makes the next one from the same address for the same name wait, twice as long each time, up to a minute: whoever
-- guesses waits, and nobody else does. Nothing closes an account.
CREATE TABLE city.login_failure (
    -- sha256 of 'address:…' or 'pair:address:name': who reads it learns neither
    key bytea PRIMARY KEY CHECK (length(key) = 32),
    count integer NOT NULL,
    last_at timestamptz NOT NULL
);
CREATE INDEX ON city.login_failure (last_at);

-- One guess, counted and committed before it is looked at: rolled back, it would have cost nothing.
CREATE TABLE city.login_ticket (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    login text COLLATE "C" NOT NULL,
    address text NOT NULL,
    guess bytea NOT NULL, -- sha256 of id and proof: the ticket is good for this guess and no other
    made_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON city.login_ticket (made_at);

CREATE FUNCTION city.failure_keys(login text, address text, OUT of_address bytea, OUT of_pair bytea) LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT sha256(convert_to('address:' || address, 'UTF8')), sha256(convert_to('pair:' || address || ':' || login, 'UTF8'));
END;

CREATE FUNCTION city.login_wait(login text, address text, free_for_pair integer, free_for_address integer) RETURNS interval
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT greatest(interval '0', max(f.last_at + make_interval(secs => CASE
        WHEN f.key = k.of_pair AND f.count >= free_for_pair THEN least(60, power(2, least(f.count - free_for_pair, 10)))
        WHEN f.key = k.of_address AND f.count >= free_for_address THEN least(30, power(2, least((f.count - free_for_address) / 10, 10)))
        ELSE 0 END) - now()))
    FROM city.failure_keys(login, address) k LEFT JOIN city.login_failure f ON f.key IN (k.of_pair, k.of_address)
        AND f.last_at > now() - interval '1 hour';
END;
COMMENT ON FUNCTION city.login_wait IS
    'How long this address must wait before it tries this name, real or not, again; zero: not at all. Nobody waits for longer than a minute.';

CREATE FUNCTION city.login_kdf(login text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(
        (SELECT a.password_kdf FROM city.account a WHERE a.name = login AND a.disabled_at IS NULL),
        (SELECT '$argon2id$v=19$m=19456,t=2,p=1$'
             || rtrim(encode(substr(sha256(convert_to(d.secret::text || login, 'UTF8')), 1, 16), 'base64'), '=')
         FROM city.decoy d));
END;
COMMENT ON FUNCTION city.login_kdf IS 'How to derive the proof from a password for this name; unknown names get an answer of the same look.';

CREATE FUNCTION city.login_attempt(login text, address text, proof bytea, free_for_pair integer, free_for_address integer) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE one bytea; ticket uuid := gen_random_uuid();
BEGIN
    DELETE FROM city.login_failure WHERE key IN (
        SELECT f.key FROM city.login_failure f WHERE f.last_at < now() - interval '1 hour' LIMIT 100 FOR UPDATE SKIP LOCKED);
    DELETE FROM city.login_ticket WHERE id IN (
        SELECT t.id FROM city.login_ticket t WHERE t.made_at < now() - interval '1 minute' LIMIT 100 FOR UPDATE SKIP LOCKED);
    -- Always in this order, so that two logins cannot wait for each other; what is held is counted by one at a time.
    FOREACH one IN ARRAY (SELECT ARRAY[k.of_address, k.of_pair] FROM city.failure_keys(login, address) k) LOOP
        INSERT INTO city.login_failure VALUES (one, 0, now()) ON CONFLICT DO NOTHING;
        PERFORM FROM city.login_failure f WHERE f.key = one FOR UPDATE;
    END LOOP;
    IF city.login_wait(login, address, free_for_pair, free_for_address) > interval '0' THEN RETURN NULL; END IF;
    UPDATE city.login_failure f SET count = f.count + 1, last_at = clock_timestamp()
    FROM city.failure_keys(login, address) k WHERE f.key IN (k.of_address, k.of_pair);
    INSERT INTO city.login_ticket (id, login, address, guess) VALUES (ticket, login, address, sha256(convert_to(ticket::text, 'UTF8') || proof));
    RETURN ticket;
END $$;
COMMENT ON FUNCTION city.login_attempt IS
    'Counts one guess as wrong until it proves right; its ticket, to be used after the commit. NULL: this address must wait (city.login_wait).';

CREATE FUNCTION city.proves(ticket uuid, proof bytea) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE guess city.login_ticket; who uuid;
BEGIN
    DELETE FROM city.login_ticket t WHERE t.id = ticket AND t.xid <> pg_current_xact_id() AND t.made_at > now() - interval '1 minute'
        AND t.guess = sha256(convert_to(t.id::text, 'UTF8') || proof) RETURNING * INTO guess;
    SELECT a.id INTO who FROM city.account a
    WHERE a.name = guess.login AND a.disabled_at IS NULL AND a.password_verifier = sha256(proof);
    IF who IS NOT NULL THEN
        DELETE FROM city.login_failure f USING city.failure_keys(guess.login, guess.address) k WHERE f.key = k.of_pair;
        UPDATE city.login_failure f SET count = f.count - 1 FROM city.failure_keys(guess.login, guess.address) k WHERE f.key = k.of_address;
    END IF;
    RETURN who;
END $$;
COMMENT ON FUNCTION city.proves IS 'Whose password the guess of this ticket proves, NULL for nobody''s. A ticket is used once.';

CREATE FUNCTION city.sign_in(ticket uuid, proof bytea, new_token_sha256 bytea, lifetime interval, idle_for interval) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who uuid := city.proves(ticket, proof);
BEGIN
    IF who IS NOT NULL THEN
        DELETE FROM city.session WHERE expires_at < now();
        INSERT INTO city.session (token_sha256, account, expires_at, idle)
        VALUES (new_token_sha256, who, now() + least(lifetime, interval '24 hours'), idle_for);
    END IF;
    RETURN who;
END $$;
COMMENT ON FUNCTION city.sign_in IS 'Opens a session for who proves the password; NULL otherwise.';

CREATE FUNCTION city.logout() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    DELETE FROM city.session s WHERE s.token_sha256 = sha256(convert_to(current_setting('citygrid.session', true), 'UTF8'));
END;

CREATE FUNCTION city.change_password(ticket uuid, old_proof bytea, kdf text, verifier bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF city.proves(ticket, old_proof) IS DISTINCT FROM city.my_account() OR city.my_account() IS NULL THEN RETURN false; END IF;
    UPDATE city.account SET password_kdf = kdf, password_verifier = verifier WHERE id = city.my_account();
    DELETE FROM city.session WHERE account = city.my_account()
        AND token_sha256 <> sha256(convert_to(current_setting('citygrid.session', true), 'UTF8'));
    RETURN true;
END $$;
COMMENT ON FUNCTION city.change_password IS
    'A new password for the account of this transaction, which proves its old one (city.login_attempt); its other sessions end.';

CREATE FUNCTION city.touch() RETURNS timestamptz LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE mine bytea := sha256(convert_to(current_setting('citygrid.session', true), 'UTF8')); ends timestamptz;
BEGIN
    -- At most one write a minute and session: requests of one page do not wait for each other.
    UPDATE city.session SET used_at = now()
    WHERE token_sha256 = (SELECT token_sha256 FROM city.session
                          WHERE token_sha256 = mine AND used_at < now() - least(interval '1 minute', idle / 4)
                          FOR NO KEY UPDATE SKIP LOCKED);
    SELECT expires_at INTO ends FROM city.session WHERE token_sha256 = mine;
    RETURN ends;
END $$;
COMMENT ON FUNCTION city.touch IS 'The session was used by a person just now; returns when it ends at the latest. A stream does not call it.';

CREATE FUNCTION city.set_language(new_language text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC UPDATE city.account SET language = new_language WHERE id = city.my_account(); END;

CREATE FUNCTION city.demo_accounts() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC SELECT count(*) FROM city.account WHERE demo AND disabled_at IS NULL; END;

ALTER TABLE city.account ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE city.session ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE city.decoy ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE city.login_failure ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE city.login_ticket ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- The functions above run as the owner, who under FORCE needs a policy like everybody.
CREATE POLICY owner ON city.account TO citygrid_owner USING (true);
CREATE POLICY owner ON city.session TO citygrid_owner USING (true);
CREATE POLICY owner ON city.decoy TO citygrid_owner USING (true);
CREATE POLICY owner ON city.login_failure TO citygrid_owner USING (true);
CREATE POLICY owner ON city.login_ticket TO citygrid_owner USING (true);
-- A task's history keeps the name of whoever moved it.
CREATE POLICY sinks ON city.account FOR SELECT TO citygrid_sinks USING (true);
CREATE POLICY sees ON city.account FOR SELECT TO citygrid_reader USING (
    id = (SELECT city.my_account())
    OR (SELECT city.my_role()) = 'admin'
    OR (scope >= (SELECT city.sees_from()) AND scope < (SELECT city.sees_until())));
GRANT SELECT (id, name, role, scope, domains, department, language, disabled_at) ON city.account TO citygrid_reader;
GRANT SELECT (id, name, role, scope) ON city.account TO citygrid_sinks;

-- -- who may call them
GRANT EXECUTE ON FUNCTION city.my_department, city.enter, city.login_wait, city.login_kdf, city.login_attempt, city.sign_in, city.logout, city.change_password,
    city.touch, city.set_language, city.demo_accounts
    TO citygrid_api;
GRANT EXECUTE ON FUNCTION city.me, city.sees_from, city.sees_until, city.sees_domains, city.my_account, city.my_role TO citygrid_reader;
