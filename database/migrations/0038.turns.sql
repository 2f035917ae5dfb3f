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

-- Whoever gives back all that an account has claimed holds its places and alerts before the first task: it waits for none of them while it
-- holds a task.
CREATE FUNCTION city.hold_findings_of(who uuid) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE dwellings text[]; findings uuid[];
BEGIN
    SELECT array_agg(t.dwelling), array_agg(t.finding_id) INTO dwellings, findings
    FROM city.task t WHERE t.claimed_by = who AND t.state IN ('dispatched', 'acknowledged');
    PERFORM FROM city.placement p WHERE p.dwelling = ANY (dwellings) ORDER BY p.dwelling FOR SHARE;
    PERFORM FROM city.alert a WHERE a.finding_id = ANY (findings) ORDER BY a.finding_id FOR NO KEY UPDATE;
END $$;
COMMENT ON FUNCTION city.hold_findings_of IS 'Places and alerts of all that this account has claimed, before the tasks, as the sinks lock them.';

-- As in 0019, places and alerts first.
CREATE OR REPLACE FUNCTION city.end_shift(its_note text DEFAULT NULL) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me record; one record; here text; released integer := 0;
BEGIN
    SELECT m.* INTO me FROM city.me() m;
    IF me.role IS DISTINCT FROM 'grid_worker' THEN RAISE EXCEPTION 'Only a grid worker ends a shift.' USING ERRCODE = 'CG403'; END IF;
    UPDATE city.shift s SET ended_at = now(), note = nullif(trim(its_note), '')
    WHERE s.worker = me.account AND s.begins <= now() AND s.ends > now() AND s.ended_at IS NULL;
    PERFORM city.hold_findings_of(me.account);
    FOR one IN SELECT t.id, t.dwelling, t.handed_over FROM city.task t WHERE t.claimed_by = me.account AND t.state IN ('dispatched', 'acknowledged')
        ORDER BY t.id
    LOOP
        SELECT p.place INTO here FROM city.placement p WHERE p.dwelling = one.dwelling FOR SHARE;
        PERFORM FROM city.task t WHERE t.id = one.id AND t.claimed_by = me.account AND t.state IN ('dispatched', 'acknowledged') FOR UPDATE;
        IF FOUND THEN
            PERFORM city.move_task(one.id, 'release', me.account, its_note,
                CASE WHEN one.handed_over THEN '{}' ELSE jsonb_build_object('queue', here) END);
            released := released + 1;
        END IF;
    END LOOP;
    DELETE FROM city.heartbeat b WHERE b.account = me.account; -- off duty
    RETURN released;
END $$;

-- As in 0029, places and alerts first.
CREATE OR REPLACE FUNCTION city.let_go(who uuid) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE one record; here text;
BEGIN
    DELETE FROM city.session s WHERE s.account = who;
    PERFORM city.hold_findings_of(who);
    FOR one IN SELECT t.id, t.dwelling FROM city.task t WHERE t.claimed_by = who AND t.state IN ('dispatched', 'acknowledged') ORDER BY t.id LOOP
        -- place before task, as the sinks lock them
        SELECT p.place INTO here FROM city.placement p WHERE p.dwelling = one.dwelling FOR SHARE;
        PERFORM FROM city.task t WHERE t.id = one.id AND t.claimed_by = who AND t.state IN ('dispatched', 'acknowledged') FOR UPDATE;
        IF FOUND THEN
            PERFORM city.move_task(one.id, 'lapse', NULL, NULL, CASE WHEN (SELECT t.handed_over FROM city.task t WHERE t.id = one.id)
                THEN '{}' ELSE jsonb_build_object('queue', here) END);
        END IF;
    END LOOP;
    DELETE FROM city.heartbeat b WHERE b.account = who;
END $$;

-- As in 0029, but a move of this account (its foreign keys) does not wait for its row: it holds the task for which city.let_go waits.
CREATE OR REPLACE FUNCTION city.own_account(its_id uuid) RETURNS city.account LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE me uuid := city.office('admin'); its city.account;
BEGIN
    SELECT a.* INTO its FROM city.account a WHERE a.id = its_id FOR NO KEY UPDATE;
    IF its.id IS NULL THEN RAISE EXCEPTION 'There is no such account.' USING ERRCODE = 'CG404'; END IF;
    IF its.id = me THEN
        RAISE EXCEPTION 'Another administrator does this to this account.' USING ERRCODE = 'CG422', DETAIL = 'own-account';
    END IF;
    RETURN its;
END $$;
