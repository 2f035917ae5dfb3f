-- Who is told of a call for help hears of it by Web Push too: docs/decisions/0046-punctual-and-push.md

CREATE TABLE city.push_setting ( -- one row, taught by the process that sends (database/pushes.py)
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    public_key text -- with which browsers subscribe; NULL: nobody is sent a push
);
INSERT INTO city.push_setting DEFAULT VALUES;

CREATE TABLE city.push_subscription (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    -- It lives as long as the session of the browser that made it: who signs out, or whose sessions an administrator ends, is told no more.
    session bytea NOT NULL UNIQUE REFERENCES city.session ON DELETE CASCADE,
    endpoint text NOT NULL UNIQUE CHECK (length(endpoint) <= 1024),
    p256dh text NOT NULL CHECK (length(p256dh) <= 100),
    auth text NOT NULL CHECK (length(auth) <= 32),
    made_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE city.push_subscription IS 'Browsers of grid workers who allowed notifications, and where and under which keys they take them.';
DO $$ BEGIN PERFORM city.keep_no_statistics('city.push_subscription'); END $$;
ALTER TABLE city.push_subscription ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.push_subscription TO citygrid_owner USING (true);

CREATE TABLE city.push (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    subscription uuid NOT NULL REFERENCES city.push_subscription ON DELETE CASCADE,
    task uuid NOT NULL REFERENCES city.task ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('call', 'over')),
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    taken_at timestamptz, -- somebody sends it since
    sent_at timestamptz   -- of a call, kept until it is over: what was shown is to be taken back
);
CREATE INDEX ON city.push (subscription, task);
CREATE INDEX ON city.push (task);
CREATE INDEX push_waits ON city.push (id) WHERE sent_at IS NULL;
COMMENT ON TABLE city.push IS 'What is to be shown by a browser: that an urgent task waits, or that somebody is at it.';
DO $$ BEGIN PERFORM city.keep_no_statistics('city.push'); END $$;
ALTER TABLE city.push ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.push TO citygrid_owner USING (true);

CREATE FUNCTION city.keep_pushes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF new.sent_at IS NOT NULL THEN
        INSERT INTO city.push (subscription, task, kind)
        SELECT p.id, new.task, 'call' FROM city.push_subscription p JOIN city.session s ON s.token_sha256 = p.session
        WHERE s.account = new.account AND s.expires_at > now() AND s.used_at + s.idle > now();
    ELSE
        DELETE FROM city.push m WHERE m.task = new.task AND m.kind = 'call' AND m.taken_at IS NULL;
        INSERT INTO city.push (subscription, task, kind)
        SELECT m.subscription, m.task, 'over' FROM city.push m WHERE m.task = new.task AND m.kind = 'call'
            AND NOT EXISTS (SELECT FROM city.push o WHERE (o.subscription, o.task, o.kind) = (m.subscription, m.task, 'over'))
        GROUP BY m.subscription, m.task;
    END IF;
    NOTIFY city_push;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION city.keep_pushes IS
    'Pushes follow a call''s turns: whoever is told hears of it; once somebody acknowledges, or it goes round anew, what was shown is taken back, and what was not sent is not.';
CREATE TRIGGER pushes AFTER UPDATE ON city.call_turn FOR EACH ROW
    WHEN (old.sent_at IS NULL AND new.sent_at IS NOT NULL AND new.account IS NOT NULL
        OR old.cancelled_at IS NULL AND new.cancelled_at IS NOT NULL)
    EXECUTE FUNCTION city.keep_pushes();

CREATE FUNCTION city.learn_push(its_public_key text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE city.push_setting s SET public_key = its_public_key WHERE s.public_key IS DISTINCT FROM its_public_key;
    IF FOUND THEN DELETE FROM city.push_subscription; END IF;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION city.learn_push IS 'The key with which browsers subscribe, NULL: not at all; whether it changed. Subscriptions of another key end.';

CREATE FUNCTION city.take_pushes(most integer)
RETURNS TABLE (id uuid, task uuid, kind text, language text, endpoint text, p256dh text, auth text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- A call is told again in a minute to somebody else: what is five minutes old helps nobody. What was shown is known for a day.
    DELETE FROM city.push m WHERE m.sent_at IS NULL AND m.made_at < clock_timestamp() - interval '5 minutes'
        OR m.made_at < clock_timestamp() - interval '1 day';
    RETURN QUERY
    WITH taken AS (
        SELECT m.id FROM city.push m
        WHERE m.sent_at IS NULL AND (m.taken_at IS NULL OR m.taken_at < clock_timestamp() - interval '1 minute')
            -- one after the other to each browser of each task: an end never comes before its beginning
            AND NOT EXISTS (SELECT FROM city.push o WHERE (o.subscription, o.task) = (m.subscription, m.task) AND o.sent_at IS NULL AND o.id < m.id)
        ORDER BY m.id LIMIT most FOR UPDATE SKIP LOCKED),
    marked AS (UPDATE city.push m SET taken_at = clock_timestamp() FROM taken WHERE m.id = taken.id RETURNING m.id, m.subscription, m.task, m.kind)
    SELECT m.id, m.task, m.kind, a.language, p.endpoint, p.p256dh, p.auth
    FROM marked m JOIN city.push_subscription p ON p.id = m.subscription
    JOIN city.session s ON s.token_sha256 = p.session JOIN city.account a ON a.id = s.account ORDER BY m.id;
END $$;
COMMENT ON FUNCTION city.take_pushes IS 'What is to be sent now, oldest first; for its caller alone for a minute.';

CREATE FUNCTION city.settle_push(its_id uuid, outcome text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE its city.push;
BEGIN
    SELECT m.* INTO its FROM city.push m WHERE m.id = its_id FOR UPDATE;
    IF outcome = 'gone' THEN
        DELETE FROM city.push_subscription p WHERE p.id = its.subscription; -- and what waits for it
    ELSIF outcome = 'sent' AND its.kind = 'call' THEN
        UPDATE city.push m SET sent_at = clock_timestamp() WHERE m.id = its_id;
    ELSIF outcome = 'sent' THEN
        DELETE FROM city.push m WHERE (m.subscription, m.task) = (its.subscription, its.task) AND m.id <= its_id;
    ELSE
        DELETE FROM city.push m WHERE m.id = its_id;
        -- nothing was shown, so there is nothing to take back
        DELETE FROM city.push m WHERE (m.subscription, m.task, m.kind) = (its.subscription, its.task, 'over') AND m.taken_at IS NULL
            AND NOT EXISTS (SELECT FROM city.push c WHERE (c.subscription, c.task, c.kind) = (its.subscription, its.task, 'call'));
    END IF;
END $$;
COMMENT ON FUNCTION city.settle_push IS 'What became of a push: sent, gone (the browser has given its subscription up) or failed.';

-- -- what a page asks

CREATE FUNCTION city.my_push(OUT public_key text, OUT subscribed boolean) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me record;
BEGIN
    SELECT m.* INTO me FROM city.me() m;
    IF me.account IS NULL THEN RAISE EXCEPTION 'Log in first.' USING ERRCODE = 'CG401'; END IF;
    SELECT s.public_key INTO public_key FROM city.push_setting s WHERE me.role = 'grid_worker';
    subscribed := EXISTS (SELECT FROM city.push_subscription p WHERE p.session = sha256(convert_to(current_setting('citygrid.session', true), 'UTF8')));
END $$;
COMMENT ON FUNCTION city.my_push IS 'With which key the caller''s browser subscribes, NULL: nobody like them is sent a push; and whether it has.';

CREATE FUNCTION city.subscribe_push(its_endpoint text, its_p256dh text, its_auth text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE mine bytea := sha256(convert_to(current_setting('citygrid.session', true), 'UTF8')); its_key text;
BEGIN
    SELECT m.public_key INTO its_key FROM city.my_push() m;
    IF its_key IS NULL THEN
        RAISE EXCEPTION 'Only a grid worker''s tablet is told by Web Push, where the city does so.' USING ERRCODE = 'CG403';
    END IF;
    -- A tablet has one: whoever had it before is told there no more.
    DELETE FROM city.push_subscription p WHERE p.endpoint = its_endpoint AND p.session <> mine;
    INSERT INTO city.push_subscription (session, endpoint, p256dh, auth) VALUES (mine, its_endpoint, its_p256dh, its_auth)
    ON CONFLICT (session) DO UPDATE SET (endpoint, p256dh, auth) = (excluded.endpoint, excluded.p256dh, excluded.auth);
END $$;
COMMENT ON FUNCTION city.subscribe_push IS 'This browser is told by Web Push, as long as its session lasts. CG403: not a grid worker, or the city sends none.';

CREATE FUNCTION city.unsubscribe_push() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    DELETE FROM city.push_subscription p WHERE p.session = sha256(convert_to(current_setting('citygrid.session', true), 'UTF8'));
END;
COMMENT ON FUNCTION city.unsubscribe_push IS 'This browser is told no more.';

-- -- who may call them
GRANT EXECUTE ON FUNCTION city.my_push, city.subscribe_push, city.unsubscribe_push TO citygrid_api;
GRANT EXECUTE ON FUNCTION city.learn_push, city.take_pushes, city.settle_push TO citygrid_sinks;
