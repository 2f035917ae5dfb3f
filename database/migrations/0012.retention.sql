-- depends: 0011.restored
-- What PostgreSQL forgets, and after how long; age counts from the end of what is kept (docs/decisions/0031-retention.md). The
-- process `retention` calls city.forget; nobody else deletes, and nothing that is not as old.

CREATE TABLE city.kept (
    what text PRIMARY KEY CHECK (what IN ('feed', 'outbox', 'case')),
    after interval NOT NULL CHECK (after >= interval '1 hour')
);
COMMENT ON TABLE city.kept IS
    'feed: lines of the live stream. outbox: statements, after Kafka has them. case: an alert with its tasks, their history and '
    'observations, after its finding was resolved and the last of them ended.';
INSERT INTO city.kept VALUES ('feed', '1 day'), ('outbox', '7 days'), ('case', '5 years'); -- as docs/retention.md says, by test
GRANT SELECT ON city.kept TO citygrid_sinks;

-- In the order in which they go. No list reads alerts that are deleted, so no list reads this index.
CREATE INDEX alert_gone ON city.alert (changed_at) WHERE deleted;
CREATE INDEX outbox_published ON city.outbox (published_at) WHERE published_at IS NOT NULL;
-- What a task's deletion asks: is it named by another?
CREATE INDEX task_previous ON city.task (previous) WHERE previous IS NOT NULL;

CREATE POLICY forgotten ON city.alert FOR DELETE TO citygrid_owner USING (deleted);
CREATE POLICY published ON city.outbox FOR SELECT TO citygrid_owner USING (published_at IS NOT NULL);
CREATE POLICY forgotten ON city.outbox FOR DELETE TO citygrid_owner USING (published_at IS NOT NULL);

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
    IF of_what = 'feed' THEN
        DELETE FROM city.feed WHERE id IN (SELECT f.id FROM city.feed f WHERE f.at < before ORDER BY f.at LIMIT most);
    ELSIF of_what = 'outbox' THEN
        DELETE FROM city.outbox WHERE id IN (
            SELECT o.id FROM city.outbox o WHERE o.published_at < before ORDER BY o.published_at LIMIT most);
    ELSE
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
    END IF;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
COMMENT ON FUNCTION city.forget IS
    'Deletes, oldest first, at most so many of what is kept no longer as of an instant that has passed; how many went.';
GRANT EXECUTE ON FUNCTION city.forget TO citygrid_sinks;
