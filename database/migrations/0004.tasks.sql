-- depends: 0003.alerts
-- Somebody's work. A task changes by city.move_task only, which keeps the history, the feed and the outbox in the same
-- transaction; what may follow what is the table legal_move (database/transitions.py says the same and is compared by test).

CREATE TABLE city.task (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    finding_id uuid NOT NULL REFERENCES city.alert,
    previous uuid REFERENCES city.task, -- the finished task of the same finding before it re-opened
    rule text COLLATE "C" NOT NULL,
    domain text COLLATE "C" NOT NULL,
    severity text NOT NULL CHECK (severity IN ('urgent', 'today', 'planned')),
    dwelling text COLLATE "C" NOT NULL DEFAULT '' REFERENCES city.placement,
    queue text COLLATE "C" NOT NULL CHECK (queue ~ '^([0-9]{15}|[0-9]{6}|city)$'),
    handed_over boolean NOT NULL DEFAULT false, -- a person chose the queue: a redrawn grid does not move it
    state text NOT NULL DEFAULT 'dispatched'
        CHECK (state IN ('dispatched', 'acknowledged', 'suspended', 'completed', 'closed')),
    claimed_by uuid REFERENCES city.account,
    respond_by timestamptz,
    suspended_from text,
    suspended_at timestamptz,
    dispatched_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    finished_at timestamptz,
    outcome text,
    note text,
    checks jsonb,
    closed_zh text,
    closed_en text,
    revision integer NOT NULL DEFAULT 0,
    CHECK ((state = 'suspended') = (suspended_from IS NOT NULL))
);
CREATE UNIQUE INDEX one_open_task ON city.task (finding_id) WHERE state IN ('dispatched', 'acknowledged', 'suspended');
CREATE INDEX ON city.task (finding_id, dispatched_at);
CREATE INDEX ON city.task (queue, state);
CREATE INDEX ON city.task (claimed_by) WHERE state IN ('dispatched', 'acknowledged', 'suspended');
CREATE INDEX ON city.task (dwelling) WHERE state IN ('dispatched', 'acknowledged', 'suspended');

CREATE TABLE city.task_event (
    task uuid NOT NULL REFERENCES city.task,
    number integer NOT NULL,
    move text NOT NULL,
    from_state text,
    to_state text NOT NULL,
    queue text COLLATE "C" NOT NULL,
    actor uuid REFERENCES city.account, -- NULL: the system
    actor_name text,                    -- as it was then, also for readers who may not see the account
    reason text,
    request uuid, -- of the tablet: the same move sent twice is one move
    at timestamptz NOT NULL,
    PRIMARY KEY (task, number)
);
CREATE UNIQUE INDEX ON city.task_event (task, request);

CREATE TABLE city.legal_move (
    move text NOT NULL,
    from_state text NOT NULL,
    to_state text, -- NULL: back to what it was before it was suspended
    by_whom text NOT NULL CHECK (by_whom IN ('holder', 'anybody', 'system')),
    needs_reason boolean NOT NULL,
    PRIMARY KEY (move, from_state)
);
INSERT INTO city.legal_move VALUES
    ('claim', 'dispatched', 'dispatched', 'anybody', false),
    ('acknowledge', 'dispatched', 'acknowledged', 'anybody', false),
    ('complete', 'acknowledged', 'completed', 'holder', false),
    ('hand_over', 'dispatched', 'dispatched', 'anybody', true),
    ('hand_over', 'acknowledged', 'dispatched', 'holder', true),
    ('suspend', 'dispatched', 'suspended', 'anybody', true),
    ('suspend', 'acknowledged', 'suspended', 'holder', true),
    ('resume', 'suspended', NULL, 'holder', true),
    ('reroute', 'dispatched', 'dispatched', 'system', false),
    ('reroute', 'suspended', 'suspended', 'system', false),
    ('close', 'dispatched', 'closed', 'system', true),
    ('close', 'acknowledged', 'closed', 'system', true),
    ('close', 'suspended', 'closed', 'system', true);

-- What changed, for the live stream. A reader takes rows whose xid < pg_snapshot_xmin(pg_current_snapshot()), in the
-- order (xid, id), from its cursor on: nothing that commits late is missed.
CREATE TABLE city.feed (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    kind text NOT NULL, -- 'alert', 'task', or a view's name
    key text COLLATE "C" NOT NULL,
    place text COLLATE "C" NOT NULL,
    domain text COLLATE "C", -- NULL: a row of a view
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON city.feed (xid, id);
CREATE INDEX ON city.feed (at);

-- What the database's own people state, on its way to Kafka (producers/outbox.py).
CREATE TABLE city.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    topic text NOT NULL,
    statement jsonb NOT NULL, -- {record, subject, occurred_at, recorded_at, kind, change}: the event id derives from it
    made_at timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz,
    refused text -- why the contract forbids it, without its content: it stays here for a person
);
CREATE INDEX ON city.outbox (xid, id) WHERE published_at IS NULL AND refused IS NULL;

-- Who looked at whom, and why.
CREATE TABLE city.look (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    account uuid NOT NULL REFERENCES city.account,
    view text NOT NULL,
    key text COLLATE "C" NOT NULL,
    purpose text NOT NULL CHECK (purpose <> ''),
    found boolean NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON city.look (account, at);
CREATE INDEX ON city.look (view, key, at);

CREATE TABLE city.sink_offset (
    sink text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (sink, topic, partition)
);

CREATE FUNCTION city.move_task(its_id uuid, its_move text, actor uuid, because text DEFAULT NULL, detail jsonb DEFAULT '{}',
    request_id uuid DEFAULT NULL, moved_at timestamptz DEFAULT now())
RETURNS city.task LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old city.task; new city.task; legal city.legal_move; by_name text; by_role text; last_number integer;
BEGIN
    SELECT * INTO old FROM city.task t WHERE t.id = its_id FOR UPDATE;
    IF old.id IS NULL THEN
        RAISE EXCEPTION 'There is no such task.' USING ERRCODE = 'CG404';
    END IF;
    IF request_id IS NOT NULL AND EXISTS (
        SELECT FROM city.task_event e WHERE e.task = its_id AND e.request = request_id AND e.actor IS NOT DISTINCT FROM move_task.actor
            AND e.move = its_move)
    THEN
        RETURN old; -- sent again because the answer was lost
    END IF;
    SELECT * INTO legal FROM city.legal_move l WHERE l.move = its_move AND l.from_state = old.state;
    IF legal.move IS NULL OR (legal.by_whom = 'system') <> (actor IS NULL) THEN
        RAISE EXCEPTION 'A task that is % cannot be moved by %: read it again and choose a move that its state allows.', old.state, its_move
            USING ERRCODE = 'CG409';
    END IF;
    IF actor IS NOT NULL THEN
        SELECT a.name, a.role INTO by_name, by_role FROM city.account a WHERE a.id = actor;
        IF by_role = 'command_centre' THEN
            -- It directs any task of its area; only who was there states what was seen.
            IF its_move = 'complete' AND old.claimed_by IS DISTINCT FROM actor THEN
                RAISE EXCEPTION 'Only who holds this task completes it.' USING ERRCODE = 'CG409';
            END IF;
        ELSIF old.claimed_by IS DISTINCT FROM actor AND (old.claimed_by IS NOT NULL OR legal.by_whom = 'holder') THEN
            RAISE EXCEPTION 'Another account holds this task: ask its command centre to hand it over.' USING ERRCODE = 'CG409';
        END IF;
        IF its_move IN ('claim', 'acknowledge') AND old.claimed_by <> actor THEN
            RAISE EXCEPTION 'Another account holds this task: hand it over first.' USING ERRCODE = 'CG409';
        END IF;
    END IF;
    IF legal.needs_reason AND coalesce(trim(because), '') = '' THEN
        RAISE EXCEPTION 'To % a task, say why.', replace(its_move, '_', ' ') USING ERRCODE = 'CG422';
    END IF;
    new := old;
    new.state := coalesce(legal.to_state, old.suspended_from);
    new.revision := old.revision + 1;
    CASE its_move
        WHEN 'claim' THEN new.claimed_by := actor;
        WHEN 'acknowledge' THEN
            new.claimed_by := actor;
            new.acknowledged_at := moved_at;
        WHEN 'complete' THEN
            IF coalesce(detail ->> 'outcome', '') = '' THEN
                RAISE EXCEPTION 'To complete a task, say its outcome.' USING ERRCODE = 'CG422';
            END IF;
            new.finished_at := moved_at;
            new.outcome := detail ->> 'outcome';
            new.note := detail ->> 'note';
            new.checks := coalesce(detail -> 'checks', '{}');
        WHEN 'hand_over' THEN
            IF coalesce(detail ->> 'queue', '') !~ '^([0-9]{15}|[0-9]{6}|city)$' THEN
                RAISE EXCEPTION 'To hand over a task, name the queue: a grid (15 digits), a district (6 digits) or city.'
                    USING ERRCODE = 'CG422';
            END IF;
            new.queue := detail ->> 'queue';
            new.handed_over := true;
            new.claimed_by := NULL;
            new.acknowledged_at := NULL;
        WHEN 'suspend' THEN
            new.suspended_from := old.state;
            new.suspended_at := moved_at;
        WHEN 'resume' THEN -- the service clock stood still meanwhile
            new.respond_by := old.respond_by + (moved_at - old.suspended_at);
            new.suspended_from := NULL;
            new.suspended_at := NULL;
        WHEN 'reroute' THEN
            IF old.claimed_by IS NOT NULL OR old.handed_over THEN
                RAISE EXCEPTION 'A task that somebody holds stays in its queue.' USING ERRCODE = 'CG409';
            END IF;
            new.queue := detail ->> 'queue';
        WHEN 'close' THEN
            new.finished_at := moved_at;
            new.suspended_from := NULL;
            new.closed_zh := detail ->> 'zh';
            new.closed_en := detail ->> 'en';
    END CASE;
    UPDATE city.task t SET (queue, handed_over, state, claimed_by, respond_by, suspended_from, suspended_at, acknowledged_at, finished_at,
            outcome, note, checks, closed_zh, closed_en, revision)
        = (new.queue, new.handed_over, new.state, new.claimed_by, new.respond_by, new.suspended_from, new.suspended_at, new.acknowledged_at,
            new.finished_at, new.outcome, new.note, new.checks, new.closed_zh, new.closed_en, new.revision)
    WHERE t.id = its_id;
    SELECT coalesce(max(e.number), 0) INTO last_number FROM city.task_event e WHERE e.task = its_id;
    INSERT INTO city.task_event (task, number, move, from_state, to_state, queue, actor, actor_name, reason, request, at)
    VALUES (its_id, last_number + 1, its_move, old.state, new.state, new.queue, actor, by_name, because, request_id, moved_at);
    INSERT INTO city.feed (kind, key, place, domain)
    SELECT 'task', its_id::text, p, old.domain FROM (SELECT old.queue UNION SELECT new.queue) AS both_places(p);
    NOTIFY city_feed;
    IF its_move = 'complete' AND old.dwelling <> '' THEN
        INSERT INTO city.outbox (topic, statement) VALUES ('grid.observation', jsonb_build_object(
            'record', its_id::text, 'subject', old.dwelling, 'kind', 'Visited', 'withdrawn', false,
            'occurred_at', moved_at, 'recorded_at', moved_at,
            'change', jsonb_build_object('task', its_id::text, 'outcome', new.outcome, 'note', new.note, 'checks', new.checks)));
        NOTIFY city_outbox;
    END IF;
    RETURN new;
END $$;
COMMENT ON FUNCTION city.move_task IS
    'Moves a task, with history, feed and outbox. CG404: no such task; CG409: illegal now; CG422: a reason or detail is missing.';

CREATE FUNCTION city.act(its_id uuid, its_move text, because text DEFAULT NULL, detail jsonb DEFAULT '{}', request_id uuid DEFAULT NULL)
RETURNS city.task LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me uuid := city.my_account();
BEGIN
    -- Not there and not yours to see are one answer. A tablet that sends a hand-over again no longer sees the task.
    IF me IS NULL OR NOT EXISTS (
        SELECT FROM city.task t WHERE t.id = its_id
            AND t.queue >= city.sees_from() AND t.queue < city.sees_until()
            AND t.domain = ANY (coalesce(city.sees_domains(), ARRAY[t.domain])))
        AND NOT EXISTS (SELECT FROM city.task_event e WHERE e.task = its_id AND e.request = request_id AND e.actor = me AND e.move = its_move)
    THEN
        RAISE EXCEPTION 'There is no such task.' USING ERRCODE = 'CG404';
    END IF;
    RETURN city.move_task(its_id, its_move, me, because, detail, request_id);
END $$;
COMMENT ON FUNCTION city.act IS 'move_task for the account of this transaction, on a task in its scope.';

CREATE FUNCTION city.claim_next() RETURNS SETOF city.task
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me uuid := city.my_account(); next_id uuid;
BEGIN
    SELECT t.id INTO next_id FROM city.task t
    WHERE t.state = 'dispatched' AND t.claimed_by IS NULL
        AND t.queue >= city.sees_from() AND t.queue < city.sees_until()
        AND t.domain = ANY (coalesce(city.sees_domains(), ARRAY[t.domain]))
    ORDER BY array_position(ARRAY['urgent', 'today', 'planned'], t.severity), t.respond_by NULLS LAST, t.id
    LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF next_id IS NOT NULL THEN RETURN NEXT city.move_task(next_id, 'claim', me); END IF;
END $$;
COMMENT ON FUNCTION city.claim_next IS 'Claims the most pressing unclaimed task in scope; two callers never get the same one.';

CREATE FUNCTION city.look_at(its_view text, its_key text, its_purpose text, was_found boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF city.my_account() IS NULL THEN RAISE EXCEPTION 'Log in first.' USING ERRCODE = 'CG401'; END IF;
    INSERT INTO city.look (account, view, key, purpose, found) VALUES (city.my_account(), its_view, its_key, its_purpose, was_found);
END $$;

DO $$ BEGIN
    PERFORM city.keep_no_statistics(about) FROM unnest(ARRAY['city.task', 'city.task_event', 'city.feed', 'city.look']::regclass[]) AS about;
END $$;
ALTER TABLE city.task ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE city.task_event ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE city.feed ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE city.outbox ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE city.look ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.task TO citygrid_owner USING (true);
CREATE POLICY owner ON city.task_event TO citygrid_owner USING (true);
CREATE POLICY owner ON city.feed FOR INSERT TO citygrid_owner WITH CHECK (true);
CREATE POLICY owner ON city.outbox FOR INSERT TO citygrid_owner WITH CHECK (true);
CREATE POLICY owner ON city.look FOR INSERT TO citygrid_owner WITH CHECK (true);
CREATE POLICY sinks ON city.task TO citygrid_sinks USING (true);
CREATE POLICY sinks ON city.task_event TO citygrid_sinks USING (true);
CREATE POLICY sinks ON city.feed TO citygrid_sinks USING (true);
CREATE POLICY sinks ON city.outbox TO citygrid_sinks USING (true);
CREATE POLICY sees ON city.task FOR SELECT TO citygrid_api USING (
    queue >= (SELECT city.sees_from()) AND queue < (SELECT city.sees_until())
    AND domain = ANY (coalesce((SELECT city.sees_domains()), ARRAY[domain])));
CREATE POLICY sees ON city.task_event FOR SELECT TO citygrid_api USING (EXISTS (SELECT FROM city.task t WHERE t.id = task_event.task));
CREATE POLICY sees ON city.feed FOR SELECT TO citygrid_api USING (
    place >= (SELECT city.sees_from()) AND place < (SELECT city.sees_until())
    AND (domain IS NULL OR domain = ANY (coalesce((SELECT city.sees_domains()), ARRAY[domain]))));
CREATE POLICY sees ON city.look FOR SELECT TO citygrid_api USING (
    account = (SELECT city.my_account()) OR (SELECT city.my_role()) = 'admin'
    -- A command centre answers for the looks of the accounts of its area.
    OR ((SELECT city.my_role()) = 'command_centre' AND EXISTS (SELECT FROM city.account a WHERE a.id = look.account)));
GRANT SELECT ON city.task, city.task_event, city.legal_move, city.feed, city.look TO citygrid_api;
GRANT SELECT ON city.legal_move TO citygrid_sinks;
GRANT SELECT (id, name, role) ON city.account TO citygrid_sinks;
CREATE POLICY sinks ON city.account FOR SELECT TO citygrid_sinks USING (true);
GRANT SELECT, INSERT, UPDATE ON city.task, city.sink_offset, city.outbox TO citygrid_sinks;
GRANT SELECT, INSERT ON city.task_event TO citygrid_sinks;
GRANT SELECT, INSERT, DELETE ON city.feed TO citygrid_sinks;
GRANT EXECUTE ON FUNCTION city.move_task TO citygrid_sinks;
GRANT EXECUTE ON FUNCTION city.act, city.claim_next, city.look_at TO citygrid_api;
