-- Somebody's work, its history, and what is told of it: to streams (feed) and to Kafka (outbox). Who moves a task, and how: 0007.moves.

CREATE TABLE city.task (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    finding_id uuid NOT NULL REFERENCES city.alert,
    previous uuid REFERENCES city.task, -- of the same finding: it met nobody, or the finding was resolved and re-opened
    rule text COLLATE "C" NOT NULL,
    domain text COLLATE "C" NOT NULL,
    severity text NOT NULL CHECK (severity IN ('urgent', 'today', 'planned')),
    dwelling text COLLATE "C" NOT NULL DEFAULT '' REFERENCES city.placement,
    queue text COLLATE "C" NOT NULL CHECK (queue ~ '^([0-9]{15}|[0-9]{6}|city)$'),
    district text COLLATE "C" NOT NULL GENERATED ALWAYS AS (left(queue, 6)) STORED,
    handed_over boolean NOT NULL DEFAULT false, -- a person chose the queue: a redrawn grid does not move it
    state text NOT NULL DEFAULT 'dispatched'
        CHECK (state IN ('dispatched', 'acknowledged', 'suspended', 'completed', 'verified', 'closed')),
    claimed_by uuid REFERENCES city.account,
    lease_until timestamptz, -- of whoever has claimed it; NULL: it does not run out
    lapsed_from uuid REFERENCES city.account, -- who lost it so, until somebody takes it
    respond_within integer CHECK (respond_within >= 0), -- from dispatch on, but for the time of its suspensions
    respond_unit text NOT NULL DEFAULT 'minute' CHECK (respond_unit IN ('minute', 'working_minute', 'working_day')),
    extended integer NOT NULL DEFAULT 0 CHECK (extended >= 0), -- in its respond_unit, beside respond_within
    respond_by timestamptz,
    asked text CHECK (asked IN ('suspension', 'extension')), -- of its approvers; NULL: nothing, or it is answered
    asked_because text,
    asked_amount integer,
    suspended_from text,
    suspended_at timestamptz,
    dispatched_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    finished_at timestamptz,
    seen_at timestamptz, -- when the worker was there; `finished_at` is when that was sent
    outcome text,
    note text,
    checks jsonb,
    missing text, -- why a centre sent it back last
    verified_at timestamptz,
    rating text CHECK (rating IN ('good', 'fair', 'poor')),
    closed_zh text,
    closed_en text,
    revision integer NOT NULL DEFAULT 0,
    outcome_before text, -- of the task that this one follows; a re-opened finding's has none
    escalated_to text CHECK (escalated_to IN ('worker', 'deputy', 'community', 'street', 'district')),
    CHECK ((state = 'suspended') = (suspended_from IS NOT NULL)),
    CHECK ((state = 'verified') = (verified_at IS NOT NULL)),
    CHECK ((state IN ('dispatched', 'acknowledged', 'suspended')) = (finished_at IS NULL)),
    CHECK (rating IS NULL OR state = 'verified')
);
COMMENT ON COLUMN city.task.escalated_to IS 'The highest level that was told since it came into its queue; NULL: none, or it is acknowledged.';
-- Said otherwise than by the indexes of what is open in a queue: a look for the open task of one finding has this index only to choose.
-- While the history is short, one of a queue's looks as cheap to a planner without statistics, and all that is open is read for each finding.
CREATE UNIQUE INDEX one_open_task ON city.task (finding_id) WHERE finished_at IS NULL;
CREATE INDEX ON city.task (finding_id, dispatched_at);
CREATE INDEX ON city.task (id, queue);
CREATE INDEX ON city.task (queue, state);
-- Lists: calls for help first, then what is due first.
CREATE INDEX task_due ON city.task ((domain <> 'sos'), (coalesce(respond_by, 'infinity')), id)
    WHERE state IN ('dispatched', 'acknowledged', 'suspended');
CREATE INDEX task_due_in_district ON city.task (district, (domain <> 'sos'), (coalesce(respond_by, 'infinity')), id)
    WHERE state IN ('dispatched', 'acknowledged', 'suspended');
CREATE INDEX task_open_in_queue ON city.task (queue) WHERE state IN ('dispatched', 'acknowledged', 'suspended');
-- What a centre asks for: what nobody has, what was escalated, what is to be allowed, what is to be checked.
CREATE INDEX task_waiting ON city.task (queue) WHERE state = 'dispatched' AND claimed_by IS NULL AND length(queue) < 15;
CREATE INDEX task_escalated ON city.task (queue) WHERE state = 'dispatched' AND escalated_to IS NOT NULL;
CREATE INDEX task_asking ON city.task (queue) WHERE asked IS NOT NULL;
CREATE INDEX task_fed_back ON city.task (finished_at, id) WHERE state = 'completed' AND outcome = 'done';
CREATE INDEX task_fed_back_in_district ON city.task (district, finished_at, id) WHERE state = 'completed' AND outcome = 'done';
CREATE INDEX task_calls ON city.task (queue) WHERE domain = 'sos' AND state IN ('dispatched', 'acknowledged');
-- What is finished, newest first.
CREATE INDEX task_finished ON city.task (finished_at, id) WHERE state IN ('completed', 'verified', 'closed');
CREATE INDEX task_finished_in_district ON city.task (district, finished_at, id) WHERE state IN ('completed', 'verified', 'closed');
CREATE INDEX task_finished_in_queue ON city.task (queue, finished_at) WHERE state IN ('completed', 'verified', 'closed');
CREATE INDEX task_finished_by ON city.task (claimed_by, finished_at, id) WHERE state IN ('completed', 'verified', 'closed');
CREATE INDEX task_acknowledged ON city.task (acknowledged_at) WHERE acknowledged_at IS NOT NULL;
CREATE INDEX ON city.task (claimed_by) WHERE state IN ('dispatched', 'acknowledged', 'suspended');
CREATE INDEX ON city.task (dwelling) WHERE state IN ('dispatched', 'acknowledged', 'suspended');
CREATE INDEX task_at_door ON city.task (dwelling);
CREATE INDEX task_lease ON city.task (lease_until) WHERE lease_until IS NOT NULL;
-- What a task's deletion asks: is it named by another?
CREATE INDEX task_previous ON city.task (previous) WHERE previous IS NOT NULL;

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
    happened_at timestamptz, -- of a visit, which may be sent later than it was made; never before the task, never after `at`
    stated_at timestamptz,   -- the same as the tablet stated it
    outcome text,
    amount integer, -- of an extension: hours, or days of what counts working days
    PRIMARY KEY (task, number)
);
COMMENT ON COLUMN city.task_event.outcome IS 'Of a visit; of `rate` the rating.';
CREATE UNIQUE INDEX ON city.task_event (task, request);

-- What changed, for the live stream: alerts and tasks, which pages show live. Whoever reads it first numbers the lines
-- that are committed by then (city.read_feed), one reader at a time: what commits later has a later number, so a cursor
-- misses nothing and waits for no transaction, whatever database of the server it is open in.
CREATE TABLE city.feed (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    position bigint UNIQUE, -- NULL: nobody has read it yet
    kind text NOT NULL CHECK (kind IN ('alert', 'task', 'call')),
    key text COLLATE "C" NOT NULL,
    place text COLLATE "C" NOT NULL,
    domain text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX feed_new ON city.feed (id) WHERE position IS NULL;
CREATE INDEX ON city.feed (at);
CREATE SEQUENCE city.feed_position;

-- What the database's own people state, on its way to Kafka (producers/outbox/relay.py).
CREATE TABLE city.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    statement jsonb NOT NULL, -- {record, subject, occurred_at, recorded_at, kind, change}: the event id derives from it
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(), -- with the id the order among statements recorded at one instant
    published_at timestamptz,
    refused text -- why the contract forbids it, without its content: it stays here for a person
);
CREATE INDEX ON city.outbox (id) WHERE published_at IS NULL AND refused IS NULL;
CREATE INDEX outbox_published ON city.outbox (published_at) WHERE published_at IS NOT NULL;

CREATE TABLE city.sink_offset (
    sink text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (sink, topic, partition)
);

CREATE FUNCTION city.feed_now() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC SELECT CASE WHEN s.is_called THEN s.last_value ELSE 0 END FROM city.feed_position s; END;
COMMENT ON FUNCTION city.feed_now IS 'The number of the newest line that was ever read; 0: none was.';

-- So that a stream can tell a reader who comes back late that lines were swept meanwhile.
CREATE FUNCTION city.feed_oldest() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC SELECT min(f.position) FROM city.feed f; END;

CREATE FUNCTION city.read_feed(after bigint, most integer) RETURNS TABLE ("position" bigint, place text, domain text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM city.feed f WHERE f.position IS NULL) THEN
        -- Until this transaction ends: numbers are seen in their order.
        PERFORM pg_advisory_xact_lock(hashtext('city.feed'));
        UPDATE city.feed f SET position = numbered.position
        FROM (SELECT unread.id, nextval('city.feed_position') AS position
              FROM (SELECT g.id FROM city.feed g WHERE g.position IS NULL ORDER BY g.id LIMIT 10000) unread) numbered
        WHERE f.id = numbered.id;
    END IF;
    RETURN QUERY SELECT f.position, f.place, f.domain FROM city.feed f WHERE f.position > after ORDER BY f.position LIMIT least(most, 10000);
END $$;
COMMENT ON FUNCTION city.read_feed IS
    'Where something happened after this line, and of which domain, in the order of the lines; what it was, each stream reads under its own account.';

DO $$ BEGIN
    PERFORM city.keep_no_statistics(about) FROM unnest(ARRAY['city.task', 'city.task_event', 'city.feed']::regclass[]) AS about;
END $$;
ALTER TABLE city.task ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE city.task_event ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE city.feed ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE city.outbox ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.task TO citygrid_owner USING (true);
CREATE POLICY owner ON city.task_event TO citygrid_owner USING (true);
CREATE POLICY owner ON city.feed TO citygrid_owner USING (true);
CREATE POLICY owner ON city.outbox FOR INSERT TO citygrid_owner WITH CHECK (true);
CREATE POLICY published ON city.outbox FOR SELECT TO citygrid_owner USING (published_at IS NOT NULL);
CREATE POLICY forgotten ON city.outbox FOR DELETE TO citygrid_owner USING (published_at IS NOT NULL);
CREATE POLICY sinks ON city.task TO citygrid_sinks USING (true);
CREATE POLICY sinks ON city.task_event TO citygrid_sinks USING (true);
CREATE POLICY sinks ON city.feed TO citygrid_sinks USING (true);
CREATE POLICY sinks ON city.outbox TO citygrid_sinks USING (true);
CREATE POLICY sees ON city.task FOR SELECT TO citygrid_reader USING (
    queue >= (SELECT city.sees_from()) AND queue < (SELECT city.sees_until())
    AND ((SELECT city.sees_domains()) IS NULL OR domain = ANY ((SELECT city.sees_domains())::text[])));
-- A task's history is read by the task's id only, which whoever asks has seen (city.timeline_of).
CREATE POLICY sees ON city.task_event FOR SELECT TO citygrid_reader USING (EXISTS (SELECT FROM city.task t WHERE t.id = task_event.task));
CREATE POLICY sees ON city.feed FOR SELECT TO citygrid_reader USING (
    place >= (SELECT city.sees_from()) AND place < (SELECT city.sees_until())
    AND ((SELECT city.sees_domains()) IS NULL OR domain = ANY ((SELECT city.sees_domains())::text[])));
GRANT SELECT ON city.task, city.task_event, city.feed TO citygrid_reader;
GRANT SELECT, INSERT, UPDATE ON city.task, city.sink_offset, city.outbox TO citygrid_sinks;
GRANT SELECT, INSERT ON city.task_event TO citygrid_sinks;
GRANT SELECT, INSERT, DELETE ON city.feed TO citygrid_sinks;

-- Its columns are those of the table when it is made: a migration that adds one makes it anew.
CREATE FUNCTION city.my_open_tasks() RETURNS SETOF city.task LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT t.* FROM city.me() m JOIN city.task t ON t.queue >= city.sees_from() AND t.queue < city.sees_until()
    WHERE t.state IN ('dispatched', 'acknowledged', 'suspended') AND (m.domains IS NULL OR t.domain = ANY (m.domains))
        AND (t.claimed_by IS NULL OR t.claimed_by = m.account OR m.role = 'command_centre');
END;
COMMENT ON FUNCTION city.my_open_tasks IS
    'The open tasks that are this account''s own: of its area and domains, and not claimed by a colleague; a centre''s are all that it sees.';

CREATE FUNCTION city.keep_due() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE city.alert a SET due = CASE WHEN new.outcome = 'done' THEN NULL ELSE new.respond_by END WHERE a.finding_id = new.finding_id;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION city.keep_due IS 'The alert of a task is due when the task is, and no more once it was done: it waits for whoever verifies it, behind what '
    'somebody must still go to. Whoever moves the deadline or completes holds the alert (city.hold_finding).';
CREATE TRIGGER follows AFTER INSERT ON city.task FOR EACH ROW EXECUTE FUNCTION city.keep_due();
CREATE TRIGGER moves AFTER UPDATE OF respond_by, outcome ON city.task FOR EACH ROW
    WHEN ((new.respond_by, new.outcome IS NOT DISTINCT FROM 'done') IS DISTINCT FROM (old.respond_by, old.outcome IS NOT DISTINCT FROM 'done'))
    EXECUTE FUNCTION city.keep_due();

-- -- who may call them
GRANT EXECUTE ON FUNCTION city.read_feed TO citygrid_api;
GRANT EXECUTE ON FUNCTION city.feed_now TO citygrid_api, citygrid_reader;
GRANT EXECUTE ON FUNCTION city.feed_oldest TO citygrid_reader;
