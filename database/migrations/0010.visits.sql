-- depends: 0009.reading
-- What a worker saw is never refused and never moved in time (docs/decisions/0028-visits.md). A visit completes its task if the
-- task allows that, else it is an observation: kept beside the task, stated like every visit, and the worker is told.

CREATE TABLE city.observation (
    task uuid NOT NULL,
    number integer NOT NULL, -- its line in the task's history, which says who, and when
    because text NOT NULL CHECK (because IN ('completed', 'closed', 'suspended', 'taken_over', 'handed_over', 'not_acknowledged')),
    note text,
    checks jsonb NOT NULL,
    PRIMARY KEY (task, number),
    FOREIGN KEY (task, number) REFERENCES city.task_event
);
COMMENT ON TABLE city.observation IS 'Visits that did not complete their task: it had ended, stood still, or was no longer the visitor''s.';
DO $$ BEGIN PERFORM city.keep_no_statistics('city.observation'); END $$;
ALTER TABLE city.observation ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.observation TO citygrid_owner USING (true);
CREATE POLICY sees ON city.observation FOR SELECT TO citygrid_reader USING (EXISTS (SELECT FROM city.task t WHERE t.id = observation.task));
GRANT SELECT ON city.observation TO citygrid_reader;

CREATE FUNCTION city.observe(its city.task, who uuid, its_because text, seen jsonb, stated timestamptz, request_id uuid) RETURNS city.task_event
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE event city.task_event;
BEGIN
    INSERT INTO city.task_event (task, number, move, from_state, to_state, queue, actor, actor_name, request, at, happened_at, stated_at, outcome)
    SELECT its.id, (SELECT coalesce(max(e.number), 0) + 1 FROM city.task_event e WHERE e.task = its.id),
        'observe', its.state, its.state, its.queue, who, (SELECT a.name FROM city.account a WHERE a.id = who), request_id, now(),
        (city.time_of_visit(stated, its.dispatched_at, now())).happened_at, stated, seen ->> 'outcome'
    RETURNING * INTO event;
    INSERT INTO city.observation (task, number, because, note, checks)
    VALUES (its.id, event.number, its_because, seen ->> 'note', coalesce(seen -> 'checks', '{}'));
    INSERT INTO city.feed (kind, key, place, domain) VALUES ('task', its.id::text, its.queue, its.domain);
    NOTIFY city_feed;
    PERFORM city.state_move(its, event, seen);
    RETURN event;
END $$;
COMMENT ON FUNCTION city.observe IS 'Keeps a visit beside its task, which stays as it is; the caller holds the task.';

CREATE FUNCTION city.visit(its_id uuid, seen jsonb, stated timestamptz DEFAULT NULL, request_id uuid DEFAULT NULL,
    OUT kept_as text, OUT because text, OUT seen_at timestamptz, OUT sent_at timestamptz, OUT bound text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me record; its city.task; event city.task_event; met_nobody boolean := seen ->> 'outcome' IN ('nobody_home', 'refused');
BEGIN
    SELECT m.* INTO me FROM city.me() m;
    IF me.role IS DISTINCT FROM 'grid_worker' THEN -- was not there, and may only do what is legal
        PERFORM city.act(its_id, 'complete', NULL, seen || jsonb_build_object('seen_at', stated), request_id);
    END IF;
    -- It need not be in his queue any more: it was, or he acted on it. Before the lock: nobody waits for what he may not see.
    IF NOT EXISTS (
        SELECT FROM city.task t WHERE t.id = its_id AND t.domain = ANY (coalesce(me.domains, ARRAY[t.domain]))
            AND (t.queue >= me.scope AND t.queue < me.scope || 'z' OR EXISTS (
                SELECT FROM city.task_event e WHERE e.task = t.id
                    AND (e.actor = me.account OR e.queue >= me.scope AND e.queue < me.scope || 'z'))))
    THEN
        RAISE EXCEPTION 'There is no such task.' USING ERRCODE = 'CG404';
    END IF;
    IF coalesce(seen ->> 'outcome', '') = '' THEN
        RAISE EXCEPTION 'To complete a task, say its outcome.' USING ERRCODE = 'CG422';
    END IF;
    -- Place and alert before the task, as in city.act.
    IF met_nobody THEN
        PERFORM FROM city.placement p WHERE p.dwelling = (SELECT t.dwelling FROM city.task t WHERE t.id = its_id) FOR SHARE;
        PERFORM FROM city.alert a WHERE a.finding_id = (SELECT t.finding_id FROM city.task t WHERE t.id = its_id) FOR SHARE;
    END IF;
    SELECT * INTO its FROM city.task t WHERE t.id = its_id FOR UPDATE;
    SELECT * INTO event FROM city.task_event e
    WHERE e.task = its_id AND e.actor = me.account AND e.move IN ('complete', 'observe')
        AND (e.request = request_id OR me.role <> 'grid_worker') -- sent again, or done above
    ORDER BY e.number DESC LIMIT 1;
    IF event.task IS NULL AND EXISTS (SELECT FROM city.legal_moves(its, me.account, me.role) l WHERE l.move = 'complete') THEN
        PERFORM city.move_task(its_id, 'complete', me.account, NULL, seen || jsonb_build_object('seen_at', stated), request_id);
        SELECT * INTO event FROM city.task_event e WHERE e.task = its_id ORDER BY e.number DESC LIMIT 1;
    ELSIF event.task IS NULL THEN
        event := city.observe(its, me.account, CASE
            WHEN its.state IN ('completed', 'closed') THEN its.state
            WHEN its.claimed_by <> me.account THEN 'taken_over'
            WHEN NOT (its.queue >= me.scope AND its.queue < me.scope || 'z') THEN 'handed_over'
            WHEN its.state = 'suspended' THEN 'suspended'
            ELSE 'not_acknowledged' END, seen, stated, request_id);
    END IF;
    kept_as := CASE event.move WHEN 'complete' THEN 'completion' ELSE 'observation' END;
    because := (SELECT o.because FROM city.observation o WHERE (o.task, o.number) = (event.task, event.number));
    seen_at := event.happened_at;
    sent_at := event.at;
    bound := (city.time_of_visit(event.stated_at, its.dispatched_at, event.at)).bound;
END $$;
COMMENT ON FUNCTION city.visit IS
    'What a worker saw at a task''s place: completes the task (kept_as completion) or is kept beside it (observation, because of …).';
GRANT EXECUTE ON FUNCTION city.visit TO citygrid_api;

-- Names of areas are no secret. At most 50: whoever looks for one types more of its name.
CREATE FUNCTION city.queues(search text, most integer) RETURNS TABLE (queue text, names_zh text[], names_en text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who record := city.caller(); area text := CASE WHEN length(who.scope) > 6 THEN left(who.scope, 6) ELSE who.scope END;
BEGIN
    IF who.role NOT IN ('grid_worker', 'command_centre') THEN RETURN; END IF;
    RETURN QUERY SELECT g.grid, ARRAY[street.name_zh, community.name_zh, g.name_zh], ARRAY[street.name_en, community.name_en, g.name_en]
        FROM city.grid_area g
        LEFT JOIN city.grid_area street ON street.grid = left(g.grid, 9)
        LEFT JOIN city.grid_area community ON community.grid = left(g.grid, 12)
        WHERE length(g.grid) = 15 AND g.grid >= area AND g.grid < area || 'z' AND (starts_with(g.grid, search)
            OR strpos(lower(concat_ws(' ', street.name_zh, community.name_zh, g.name_zh, g.name_en, community.name_en, street.name_en)), lower(search)) > 0)
        ORDER BY g.grid LIMIT least(most, 50);
END $$;
COMMENT ON FUNCTION city.queues IS
    'Grids of the caller''s area, or of the district in which it lies, whose code begins with `search` or in whose name it stands.';
GRANT CREATE ON SCHEMA city TO citygrid_reader;
GRANT EXECUTE ON FUNCTION city.queues TO citygrid_api;
ALTER FUNCTION city.queues OWNER TO citygrid_reader;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
