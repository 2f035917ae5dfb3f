-- depends: 0004.tasks
-- What the API needs beside the rows: idle sessions end, login attempts are limited, the map has names and shapes,
-- departments have a freshness.

-- A session ends when it was not used for `idle`, whatever expires_at says.
ALTER TABLE city.session
    ADD COLUMN used_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN idle interval NOT NULL DEFAULT '1 hour';

CREATE OR REPLACE FUNCTION city.me(OUT account uuid, OUT name text, OUT role text, OUT scope text, OUT domains text[], OUT language text)
RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT a.id, a.name, a.role, a.scope, a.domains, a.language
    FROM city.session s JOIN city.account a ON a.id = s.account
    WHERE s.token_sha256 = sha256(convert_to(current_setting('citygrid.session', true), 'UTF8'))
      AND s.expires_at > now() AND s.used_at + s.idle > now() AND a.disabled_at IS NULL;
END;

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
DECLARE found uuid := city.login(login, proof, new_token_sha256, lifetime);
BEGIN
    IF found IS NOT NULL THEN
        UPDATE city.session SET idle = idle_for WHERE token_sha256 = new_token_sha256;
        DELETE FROM city.login_attempt WHERE key = sha256(convert_to('name:' || login, 'UTF8'));
    END IF;
    RETURN found;
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

ALTER TABLE city.login_attempt ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.login_attempt TO citygrid_owner USING (true);

-- Districts, streets, communities and grids by the prefix of their code. What a map of the city shows is no secret.
CREATE TABLE city.grid_area (
    grid text COLLATE "C" PRIMARY KEY CHECK (grid ~ '^[0-9]+$' AND length(grid) IN (6, 9, 12, 15)),
    geometry jsonb, -- GeoJSON Polygon or MultiPolygon, WGS 84
    name_zh text NOT NULL,
    name_en text NOT NULL,
    parent text COLLATE "C" NOT NULL GENERATED ALWAYS AS (
        CASE length(grid) WHEN 6 THEN '' ELSE substr(grid, 1, length(grid) - 3) END) STORED
);
CREATE INDEX ON city.grid_area (parent, grid);
GRANT SELECT ON city.grid_area TO citygrid_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON city.grid_area TO citygrid_sinks;

-- How late each department is: the newest event of each of its topics, and how old it may be.
CREATE TABLE city.freshness (
    topic text COLLATE "C" PRIMARY KEY,
    department text COLLATE "C" NOT NULL,
    last_event_at timestamptz, -- NULL: nothing yet
    limit_seconds integer NOT NULL CHECK (limit_seconds > 0)
);
GRANT SELECT ON city.freshness TO citygrid_api;
GRANT SELECT, INSERT, UPDATE, DELETE ON city.freshness TO citygrid_sinks;

-- Made by the local stack for trying it out; production does not start with one.
ALTER TABLE city.account ADD COLUMN demo boolean NOT NULL DEFAULT false;
CREATE FUNCTION city.demo_accounts() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC SELECT count(*) FROM city.account WHERE demo AND disabled_at IS NULL; END;

CREATE FUNCTION city.instruct(its_id uuid, note text, request_id uuid DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me uuid := city.my_account(); its city.task;
BEGIN
    SELECT * INTO its FROM city.task t WHERE t.id = its_id
        AND t.queue >= city.sees_from() AND t.queue < city.sees_until()
        AND t.domain = ANY (coalesce(city.sees_domains(), ARRAY[t.domain])) FOR UPDATE;
    IF me IS NULL OR its.id IS NULL THEN RAISE EXCEPTION 'There is no such task.' USING ERRCODE = 'CG404'; END IF;
    IF city.my_role() <> 'command_centre' THEN
        RAISE EXCEPTION 'A command centre gives instructions.' USING ERRCODE = 'CG403';
    END IF;
    IF coalesce(trim(note), '') = '' THEN RAISE EXCEPTION 'An instruction says something.' USING ERRCODE = 'CG422'; END IF;
    IF its.state NOT IN ('dispatched', 'acknowledged', 'suspended') THEN
        RAISE EXCEPTION 'A finished task takes no instruction.' USING ERRCODE = 'CG409';
    END IF;
    INSERT INTO city.task_event (task, number, move, from_state, to_state, queue, actor, reason, request, at)
    SELECT its_id, coalesce(max(e.number), 0) + 1, 'instruct', its.state, its.state, its.queue, me, note, request_id, now()
    FROM city.task_event e WHERE e.task = its_id
    ON CONFLICT (task, request) DO NOTHING;
    IF NOT FOUND THEN RETURN; END IF; -- sent again because the answer was lost
    INSERT INTO city.feed (kind, key, place, domain) VALUES ('task', its_id::text, its.queue, its.domain);
    NOTIFY city_feed;
END $$;
COMMENT ON FUNCTION city.instruct IS 'A command centre''s note to whoever has the task. CG404, CG403, CG409 and CG422 as city.act.';

-- So that a stream can tell a reader who comes back late that lines were swept meanwhile.
CREATE POLICY owner_reads ON city.feed FOR SELECT TO citygrid_owner USING (true);
CREATE FUNCTION city.feed_oldest() RETURNS xid8 LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC SELECT xid FROM city.feed ORDER BY xid, id LIMIT 1; END;

GRANT EXECUTE ON FUNCTION city.feed_oldest, city.instruct, city.demo_accounts TO citygrid_api;
GRANT EXECUTE ON FUNCTION city.touch, city.may_try, city.sign_in, city.set_language, city.workers_on_duty TO citygrid_api;
