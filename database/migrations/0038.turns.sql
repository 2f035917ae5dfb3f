-- depends: 0036.attacks
-- Two that wait for each other, as random walks found them (tests/integration/database/walks.py): PostgreSQL ends one of them after a
-- second, and a person is told that the database is away.

-- As in 0024, but whoever writes an alert of this silence (its foreign key) does not wait for the silence's row: it holds the alert for
-- which this waits.
CREATE OR REPLACE FUNCTION city.end_silence(its_id uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me record; its city.silence;
BEGIN
    SELECT m.* INTO me FROM city.me() m;
    SELECT * INTO its FROM city.silence s WHERE s.id = its_id FOR NO KEY UPDATE;
    IF its.id IS NULL OR me.role IS DISTINCT FROM 'command_centre' OR length(me.scope) > 9 OR NOT starts_with(its.area, me.scope) THEN
        RAISE EXCEPTION 'There is no such silence.' USING ERRCODE = 'CG404';
    END IF;
    IF its.ended_at IS NOT NULL THEN RETURN; END IF; -- sent again, or it has just ended
    PERFORM city.hold_inhibition(ARRAY[its.rule]);
    UPDATE city.silence s SET (ended_at, ended_by, ended_by_name) = (now(), me.account, me.name) WHERE s.id = its_id;
    PERFORM city.settle(ARRAY(SELECT a.finding_id FROM city.alert a WHERE a.silenced_by = its_id));
END $$;

-- As in 0019, but it waits for nobody: it holds the tasks of this turn already, and whoever holds a place waits for them. A place that is
-- held is looked at in the next turn.
CREATE OR REPLACE FUNCTION city.lapse_leases(as_of timestamptz, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE one record; here text; lapsed integer := 0;
BEGIN
    FOR one IN SELECT t.id, t.dwelling FROM city.task t WHERE t.lease_until <= as_of ORDER BY t.id LIMIT most LOOP
        -- Place before task, as the sinks lock them; the tablet may have been heard of meanwhile.
        SELECT p.place INTO here FROM city.placement p WHERE p.dwelling = one.dwelling FOR SHARE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
        PERFORM FROM city.task t WHERE t.id = one.id AND t.lease_until <= as_of FOR UPDATE SKIP LOCKED;
        IF FOUND THEN
            PERFORM city.move_task(one.id, 'lapse', NULL, NULL, CASE WHEN (SELECT t.handed_over FROM city.task t WHERE t.id = one.id)
                THEN '{}' ELSE jsonb_build_object('queue', here) END, NULL, as_of);
            lapsed := lapsed + 1;
        END IF;
    END LOOP;
    RETURN lapsed;
END $$;
