-- depends: 0031.two_ways
-- Who is to be told is told at its time: docs/decisions/0046-punctual-and-push.md

CREATE FUNCTION city.next_due() RETURNS timestamptz LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
BEGIN ATOMIC
    -- Two indexes of what is pending, and of each its first line.
    SELECT least(
        (SELECT s.due_at FROM city.call_turn s WHERE s.sent_at IS NULL AND s.cancelled_at IS NULL ORDER BY s.due_at LIMIT 1),
        (SELECT n.due_at FROM city.notification n WHERE n.sent_at IS NULL AND n.cancelled_at IS NULL ORDER BY n.due_at LIMIT 1));
END;
COMMENT ON FUNCTION city.next_due IS 'When somebody is to be told next that nobody has acknowledged a call or a task; NULL: nobody is.';
GRANT EXECUTE ON FUNCTION city.next_due TO citygrid_sinks;

CREATE FUNCTION city.wake_punctual() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NOTIFY city_due;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION city.wake_punctual IS 'Whoever tells sets the clock anew: a call has a turn that may be sooner than what is waited for.';
-- Other tasks need none: their first step tells nobody by itself, and the next is minutes away.
CREATE TRIGGER wakes AFTER INSERT ON city.call_turn FOR EACH STATEMENT EXECUTE FUNCTION city.wake_punctual();
