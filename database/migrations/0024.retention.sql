-- What PostgreSQL forgets, and after how long; age counts from the end of what is kept (docs/decisions/0031-retention.md). The
-- process `retention` calls these functions; nobody else deletes, and nothing that is not as old.

CREATE TABLE city.kept (
    what text PRIMARY KEY CHECK (what ~ '^[a-z]+(_[a-z]+)*$'),
    after interval NOT NULL CHECK (after >= interval '1 hour')
);
COMMENT ON TABLE city.kept IS
    'feed: lines of the live stream. outbox: statements, after Kafka has them. case: an alert with its tasks, their history and '
    'observations, after its finding was resolved and the last of them ended. report: of a door plate, declined. silence: after it ended, '
    'and no case says any more that it was silenced by it. shift: a line of the roster, after its end. heartbeat: of a tablet.';
INSERT INTO city.kept VALUES -- as docs/retention.md says, by test
    ('feed', '1 day'), ('outbox', '7 days'), ('case', '5 years'), ('report', '90 days'), ('silence', '5 years'), ('shift', '1 year'),
    ('heartbeat', '30 days');
GRANT SELECT ON city.kept TO citygrid_sinks;

CREATE FUNCTION city.over_before(its_finding uuid, instant timestamptz) RETURNS boolean LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT NOT EXISTS (SELECT FROM city.task t WHERE t.finding_id = its_finding
        AND (coalesce(t.finished_at, 'infinity') >= instant
            OR EXISTS (SELECT FROM city.task_event e WHERE e.task = t.id AND e.at >= instant)));
END;
COMMENT ON FUNCTION city.over_before IS 'Whether nothing happened in the tasks of this finding at or after the instant, and none is open.';

CREATE FUNCTION city.forget(of_what text, as_of timestamptz, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE before timestamptz; cases uuid[]; gone integer;
BEGIN
    -- The city's clock says the time, and PostgreSQL's own must have got there: one that jumps ahead deletes nothing.
    SELECT least(as_of, now()) - k.after INTO STRICT before FROM city.kept k WHERE k.what = of_what;
    CASE of_what
        WHEN 'feed' THEN
            DELETE FROM city.feed WHERE id IN (SELECT f.id FROM city.feed f WHERE f.at < before ORDER BY f.at LIMIT most);
        WHEN 'outbox' THEN
            DELETE FROM city.outbox WHERE id IN (
                SELECT o.id FROM city.outbox o WHERE o.published_at < before ORDER BY o.published_at LIMIT most);
        WHEN 'silence' THEN
            DELETE FROM city.silence WHERE id IN (
                SELECT s.id FROM city.silence s WHERE s.ended_at < before
                    AND NOT EXISTS (SELECT FROM city.alert a WHERE a.silenced_by = s.id) ORDER BY s.ended_at LIMIT most);
        WHEN 'shift' THEN
            DELETE FROM city.shift WHERE id IN (SELECT s.id FROM city.shift s WHERE s.ends < before ORDER BY s.ends LIMIT most);
        WHEN 'heartbeat' THEN
            DELETE FROM city.heartbeat WHERE account IN (SELECT b.account FROM city.heartbeat b WHERE b.at < before ORDER BY b.at LIMIT most);
        WHEN 'case' THEN
            -- Alerts before tasks, as the sinks lock them; somebody may state a visit of an old task until it is held, so it is asked again.
            SELECT array_agg(over.finding_id) INTO cases FROM (
                SELECT a.finding_id FROM city.alert a
                WHERE a.deleted AND a.changed_at < before AND city.over_before(a.finding_id, before)
                ORDER BY a.changed_at LIMIT most FOR UPDATE SKIP LOCKED) over;
            PERFORM FROM city.task t WHERE t.finding_id = ANY (cases) ORDER BY t.id FOR UPDATE;
            SELECT array_agg(c) INTO cases FROM unnest(cases) c WHERE city.over_before(c, before);
            DELETE FROM city.observation o USING city.task t WHERE t.id = o.task AND t.finding_id = ANY (cases);
            DELETE FROM city.task_event e USING city.task t WHERE t.id = e.task AND t.finding_id = ANY (cases);
            DELETE FROM city.task t WHERE t.finding_id = ANY (cases);
            DELETE FROM city.alert a WHERE a.finding_id = ANY (cases);
    END CASE;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
COMMENT ON FUNCTION city.forget IS
    'Deletes, oldest first, at most so many of what is kept no longer as of an instant that has passed; how many went.';

-- The photos lie elsewhere and go first, so that none is left that no row names.
CREATE FUNCTION city.old_reports(as_of timestamptz, most integer) RETURNS TABLE (id uuid, photo uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT r.id, r.photo FROM city.plate_report r
    WHERE r.state = 'declined' AND r.decided_at < least(as_of, now()) - (SELECT k.after FROM city.kept k WHERE k.what = 'report')
        OR r.state = 'accepted' AND r.decided_at < least(as_of, now()) - (SELECT k.after FROM city.kept k WHERE k.what = 'case')
            AND NOT EXISTS (SELECT FROM city.alert a WHERE a.dwelling = r.dwelling AND a.rule = 'public-report' AND a.cause = r.id::text)
    ORDER BY r.decided_at LIMIT most;
END;
COMMENT ON FUNCTION city.old_reports IS
    'Reports that are kept no longer: declined ones after their time, accepted ones with their case. What waits for a person is kept.';

CREATE FUNCTION city.forget_reports(ids uuid[], as_of timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE gone integer;
BEGIN
    DELETE FROM city.plate_report WHERE id IN (SELECT o.id FROM city.old_reports(as_of, 10000) o) AND id = ANY (ids);
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;

-- -- who may call them
GRANT EXECUTE ON FUNCTION city.forget, city.old_reports, city.forget_reports TO citygrid_sinks;
