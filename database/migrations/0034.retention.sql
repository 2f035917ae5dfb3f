-- depends: 0034.push
-- Silences, shifts and heartbeats are forgotten too: docs/decisions/0031-retention.md, 0046-punctual-and-push.md

COMMENT ON TABLE city.kept IS
    'feed: lines of the live stream. outbox: statements, after Kafka has them. case: an alert with its tasks, their history and '
    'observations, after its finding was resolved and the last of them ended. report: of a door plate, declined. silence: after it ended, '
    'and no case says any more that it was silenced by it. shift: a line of the roster, after its end. heartbeat: of a tablet.';
INSERT INTO city.kept VALUES ('silence', '5 years'), ('shift', '1 year'), ('heartbeat', '30 days'); -- as docs/retention.md says, by test
CREATE INDEX silence_ended ON city.silence (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX shift_ends ON city.shift (ends);

CREATE OR REPLACE FUNCTION city.forget(of_what text, as_of timestamptz, most integer) RETURNS integer
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
