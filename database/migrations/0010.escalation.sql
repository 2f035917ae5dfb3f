-- Who is told when nobody acknowledges: docs/decisions/0038-roster-and-leases.md

CREATE TABLE city.escalation_step (
    rule text COLLATE "C" NOT NULL, -- '*': of every rule that has no steps of its own for this severity
    severity text NOT NULL CHECK (severity IN ('urgent', 'today', 'planned')),
    level text NOT NULL CHECK (level IN ('worker', 'deputy', 'community', 'street', 'district')),
    after integer NOT NULL CHECK (after >= 0), -- since the task came into its queue, unacknowledged
    unit text NOT NULL CHECK (unit IN ('minute', 'working_minute')),
    PRIMARY KEY (rule, severity, level)
);
INSERT INTO city.escalation_step VALUES -- ours, to be confirmed by each city
    ('*', 'urgent', 'worker', 0, 'minute'), ('*', 'urgent', 'deputy', 5, 'minute'), ('*', 'urgent', 'community', 10, 'minute'),
    ('*', 'urgent', 'street', 15, 'minute'), ('*', 'urgent', 'district', 30, 'minute'),
    ('*', 'today', 'worker', 0, 'minute'), ('*', 'today', 'deputy', 60, 'working_minute'), ('*', 'today', 'community', 120, 'working_minute'),
    ('*', 'today', 'street', 240, 'working_minute'), ('*', 'today', 'district', 420, 'working_minute'),
    ('*', 'planned', 'worker', 0, 'minute'), ('*', 'planned', 'community', 420, 'working_minute'),
    ('*', 'planned', 'street', 840, 'working_minute'),
    -- a call goes to the street and the district sooner than other urgent work
    ('button-sos', 'urgent', 'worker', 0, 'minute'), ('button-sos', 'urgent', 'community', 2, 'minute'),
    ('button-sos', 'urgent', 'street', 3, 'minute'), ('button-sos', 'urgent', 'district', 5, 'minute');
GRANT SELECT ON city.escalation_step TO citygrid_reader;

CREATE TABLE city.notification (
    task uuid NOT NULL REFERENCES city.task ON DELETE CASCADE,
    number integer NOT NULL, -- the line of its history by which it came into its queue
    level text NOT NULL CHECK (level IN ('worker', 'deputy', 'community', 'street', 'district')),
    due_at timestamptz,      -- NULL: in a year whose working days are not known
    sent_at timestamptz,
    cancelled_at timestamptz, -- somebody acknowledged, or it came into its queue again
    PRIMARY KEY (task, number, level),
    CHECK (sent_at IS NULL OR cancelled_at IS NULL)
);
CREATE INDEX notification_pending ON city.notification (due_at) WHERE sent_at IS NULL AND cancelled_at IS NULL;
DO $$ BEGIN PERFORM city.keep_no_statistics('city.notification'); END $$;
ALTER TABLE city.notification ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.notification TO citygrid_owner USING (true);

-- A batch of history at a time: what is dispatched together is due together, and working hours are reckoned once.
CREATE FUNCTION city.keep_notifications() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off AS $$
DECLARE left_its_queue record;
BEGIN
    -- a task that stays in its queue waits as before
    FOR left_its_queue IN SELECT c.task, c.at FROM came c
        WHERE c.move <> 'dispatch' AND (c.to_state <> 'dispatched' OR c.move IN ('hand_over', 'release', 'lapse', 'resume'))
    LOOP
        -- Said so that no index of all that is pending is read for it: tables without statistics make that look cheap.
        UPDATE city.notification n SET cancelled_at = left_its_queue.at
        WHERE n.task = left_its_queue.task AND coalesce(n.sent_at, n.cancelled_at) IS NULL;
        UPDATE city.task t SET escalated_to = NULL WHERE t.id = left_its_queue.task AND t.escalated_to IS NOT NULL;
    END LOOP;
    WITH planned AS MATERIALIZED (
        SELECT c.task, c.number, c.at, s.level, s.after, s.unit
        FROM came c, LATERAL (SELECT t.rule, t.severity FROM city.task t WHERE t.id = c.task OFFSET 0) its -- looked up one by one
        JOIN city.escalation_step s ON s.severity = its.severity AND s.rule = CASE
            WHEN EXISTS (SELECT FROM city.escalation_step own WHERE own.rule = its.rule AND own.severity = its.severity) THEN its.rule ELSE '*' END
        WHERE c.to_state = 'dispatched' AND c.move IN ('dispatch', 'hand_over', 'release', 'lapse', 'resume')
    ), times AS MATERIALIZED (
        SELECT one.at, one.after, one.unit, city.due(one.at, one.after, one.unit) AS due_at
        FROM (SELECT DISTINCT p.at, p.after, p.unit FROM planned p) one
    )
    INSERT INTO city.notification (task, number, level, due_at)
    SELECT p.task, p.number, p.level, t.due_at
    FROM planned p JOIN times t ON (t.at, t.after, t.unit) = (p.at, p.after, p.unit) ORDER BY p.task, p.level;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION city.keep_notifications IS
    'Notifications follow the history: planned when a task comes into a queue, cancelled by whatever takes it out of it.';
CREATE TRIGGER tells AFTER INSERT ON city.task_event REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION city.keep_notifications();

CREATE FUNCTION city.level_rank(level text) RETURNS integer LANGUAGE sql IMMUTABLE
BEGIN ATOMIC SELECT array_position(ARRAY['worker', 'deputy', 'community', 'street', 'district'], level); END;

CREATE FUNCTION city.tell_due(as_of timestamptz, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE one record; its city.task; told integer := 0;
BEGIN
    FOR one IN SELECT n.task, n.number, n.level FROM city.notification n
        WHERE n.due_at <= as_of AND n.sent_at IS NULL AND n.cancelled_at IS NULL ORDER BY n.due_at LIMIT most
    LOOP
        -- Whoever acknowledges holds the task: either this is first, or nothing of it is pending any more.
        SELECT t.* INTO its FROM city.task t WHERE t.id = one.task FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN its.id IS NULL;
        UPDATE city.notification n SET sent_at = as_of -- coalesce: as in keep_notifications
        WHERE (n.task, n.number, n.level) = (one.task, one.number, one.level) AND coalesce(n.sent_at, n.cancelled_at) IS NULL;
        CONTINUE WHEN NOT FOUND;
        told := told + 1;
        IF city.level_rank(one.level) > coalesce(city.level_rank(its.escalated_to), 0) THEN
            UPDATE city.task t SET escalated_to = one.level WHERE t.id = its.id;
            IF one.level <> 'worker' THEN -- who sees it was told by its dispatch
                INSERT INTO city.feed (kind, key, place, domain) VALUES ('task', its.id::text, its.queue, its.domain);
                NOTIFY city_feed;
            END IF;
        END IF;
    END LOOP;
    RETURN told;
END $$;
COMMENT ON FUNCTION city.tell_due IS 'Tells those whose turn has come that nobody has acknowledged a task yet; how many notifications.';

-- -- who may call them
GRANT EXECUTE ON FUNCTION city.tell_due TO citygrid_sinks;
