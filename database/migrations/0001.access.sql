-- Accounts, their sessions, and the function that every policy asks who the reader is (city.me).
-- Why a session token and not an account id decides: docs/decisions/0008-row-level-security.md.

CREATE SCHEMA city;
GRANT USAGE ON SCHEMA city TO citygrid_sinks, citygrid_api;
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
    language text NOT NULL DEFAULT 'zh' CHECK (language IN ('zh', 'en')),
    created_at timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz,
    failures integer NOT NULL DEFAULT 0,
    failed_at timestamptz,
    demo boolean NOT NULL DEFAULT false -- made by the local stack for trying it out; production does not start with one
);

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
      AND s.expires_at > now() AND s.used_at + s.idle > now() AND a.disabled_at IS NULL;
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

CREATE FUNCTION city.enter(token text)
RETURNS TABLE (account uuid, name text, role text, scope text, domains text[], language text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM set_config('citygrid.session', token, true);
    RETURN QUERY SELECT m.account, m.name, m.role, m.scope, m.domains, m.language FROM city.me() m;
END $$;
COMMENT ON FUNCTION city.enter IS 'Makes this transaction the account''s whose token it is; no row: the token is worth nothing.';

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

CREATE FUNCTION city.login(login text, proof bytea, new_token_sha256 bytea, lifetime interval)
RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who city.account;
BEGIN
    SELECT * INTO who FROM city.account a WHERE a.name = login AND a.disabled_at IS NULL FOR NO KEY UPDATE;
    IF who.id IS NULL THEN RETURN NULL; END IF;
    -- Ten wrong passwords close the account for a quarter of an hour.
    IF who.failures >= 10 AND who.failed_at > now() - interval '15 minutes' THEN RETURN NULL; END IF;
    IF who.password_verifier <> sha256(proof) THEN
        UPDATE city.account SET failures = failures + 1, failed_at = now() WHERE id = who.id;
        RETURN NULL;
    END IF;
    UPDATE city.account SET failures = 0, failed_at = NULL WHERE id = who.id AND failures > 0;
    DELETE FROM city.session WHERE expires_at < now();
    INSERT INTO city.session (token_sha256, account, expires_at)
    VALUES (new_token_sha256, who.id, now() + least(lifetime, interval '24 hours'));
    RETURN who.id;
END $$;
COMMENT ON FUNCTION city.login IS 'Opens a session for who proves the password; NULL otherwise. Commit in both cases: failures are counted.';

CREATE FUNCTION city.logout() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    DELETE FROM city.session s WHERE s.token_sha256 = sha256(convert_to(current_setting('citygrid.session', true), 'UTF8'));
END;

CREATE FUNCTION city.create_account(new_name text, kdf text, verifier bytea, new_role text, new_scope text, new_domains text[], new_language text)
RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE made uuid;
BEGIN
    IF city.my_role() IS DISTINCT FROM 'admin' THEN
        RAISE EXCEPTION 'Only an administrator makes accounts.' USING ERRCODE = 'CG403';
    END IF;
    INSERT INTO city.account (name, password_kdf, password_verifier, role, scope, domains, language)
    VALUES (new_name, kdf, verifier, new_role, new_scope, new_domains, new_language) RETURNING id INTO made;
    RETURN made;
END $$;

CREATE FUNCTION city.disable_account(gone uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF city.my_role() IS DISTINCT FROM 'admin' THEN
        RAISE EXCEPTION 'Only an administrator disables accounts.' USING ERRCODE = 'CG403';
    END IF;
    UPDATE city.account SET disabled_at = now() WHERE id = gone AND disabled_at IS NULL;
    DELETE FROM city.session WHERE account = gone;
END $$;

CREATE FUNCTION city.change_password(old_proof bytea, kdf text, verifier bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE city.account SET password_kdf = kdf, password_verifier = verifier
    WHERE id = city.my_account() AND password_verifier = sha256(old_proof);
    IF NOT FOUND THEN RETURN false; END IF;
    DELETE FROM city.session WHERE account = city.my_account()
        AND token_sha256 <> sha256(convert_to(current_setting('citygrid.session', true), 'UTF8'));
    RETURN true;
END $$;

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

CREATE TABLE city.login_attempt (
    -- sha256 of 'name:…' or 'address:…': who reads it learns neither
    key bytea PRIMARY KEY CHECK (length(key) = 32),
    count integer NOT NULL,
    since timestamptz NOT NULL
);
CREATE INDEX ON city.login_attempt (since);

CREATE FUNCTION city.count_attempt(of_key text, per interval) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    INSERT INTO city.login_attempt AS old (key, count, since) VALUES (sha256(convert_to(of_key, 'UTF8')), 1, now())
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN old.since < now() - per THEN 1 ELSE old.count + 1 END,
        since = CASE WHEN old.since < now() - per THEN now() ELSE old.since END
    RETURNING count;
END;

CREATE FUNCTION city.may_try(login text, address text, most_for_name integer, most_for_address integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE per CONSTANT interval := '15 minutes'; by_address integer; by_name integer;
BEGIN
    DELETE FROM city.login_attempt WHERE key IN (
        SELECT key FROM city.login_attempt WHERE since < now() - per LIMIT 100 FOR UPDATE SKIP LOCKED);
    -- Always in this order, so that two logins cannot wait for each other.
    by_address := city.count_attempt('address:' || address, per);
    by_name := city.count_attempt('name:' || login, per);
    RETURN by_address <= most_for_address AND by_name <= most_for_name;
END $$;
COMMENT ON FUNCTION city.may_try IS 'Counts an attempt to log in, of a real name or not; false: too many within 15 minutes. Commit before the password is looked at.';

CREATE FUNCTION city.sign_in(login text, proof bytea, new_token_sha256 bytea, lifetime interval, idle_for interval) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who uuid := city.login(login, proof, new_token_sha256, lifetime);
BEGIN
    IF who IS NOT NULL THEN
        UPDATE city.session SET idle = idle_for WHERE token_sha256 = new_token_sha256;
        DELETE FROM city.login_attempt WHERE key = sha256(convert_to('name:' || login, 'UTF8'));
    END IF;
    RETURN who;
END $$;
COMMENT ON FUNCTION city.sign_in IS 'city.login with an idle limit; the name''s attempts are forgiven.';

CREATE FUNCTION city.set_language(new_language text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC UPDATE city.account SET language = new_language WHERE id = city.my_account(); END;

CREATE FUNCTION city.workers_on_duty() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT count(DISTINCT a.id) FROM city.account a JOIN city.session s ON s.account = a.id
    WHERE a.role = 'grid_worker' AND a.disabled_at IS NULL AND s.expires_at > now() AND s.used_at > now() - interval '1 hour'
      AND a.scope >= city.sees_from() AND a.scope < city.sees_until();
END;
COMMENT ON FUNCTION city.workers_on_duty IS 'Grid workers of the caller''s area whose session was used within the hour.';

CREATE FUNCTION city.demo_accounts() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC SELECT count(*) FROM city.account WHERE demo AND disabled_at IS NULL; END;

ALTER TABLE city.account ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE city.session ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE city.decoy ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE city.login_attempt ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- The functions above run as the owner, who under FORCE needs a policy like everybody.
CREATE POLICY owner ON city.account TO citygrid_owner USING (true);
CREATE POLICY owner ON city.session TO citygrid_owner USING (true);
CREATE POLICY owner ON city.decoy TO citygrid_owner USING (true);
CREATE POLICY owner ON city.login_attempt TO citygrid_owner USING (true);
-- A task's history keeps the name of whoever moved it.
CREATE POLICY sinks ON city.account FOR SELECT TO citygrid_sinks USING (true);
CREATE POLICY sees ON city.account FOR SELECT TO citygrid_api USING (
    id = (SELECT city.my_account())
    OR (SELECT city.my_role()) = 'admin'
    OR (scope >= (SELECT city.sees_from()) AND scope < (SELECT city.sees_until())));
GRANT SELECT (id, name, role, scope, domains, language, disabled_at) ON city.account TO citygrid_api;
GRANT SELECT (id, name, role) ON city.account TO citygrid_sinks;
GRANT EXECUTE ON FUNCTION city.me, city.sees_from, city.sees_until, city.sees_domains, city.my_account, city.my_role,
    city.enter, city.login_kdf, city.login, city.logout, city.create_account, city.disable_account, city.change_password,
    city.touch, city.may_try, city.sign_in, city.set_language, city.workers_on_duty, city.demo_accounts TO citygrid_api;
