-- depends: 0022.statements 0024.places 0030.quiet
-- Who went and met nobody has not done it: the work comes back (docs/decisions/0021-follow-up.md). And what a bracelet's
-- button asked for is answered, perhaps by telephone: it is no visit of a dwelling.

-- To be held while a move looks at it, never to be written: alerts change by the sinks only.
CREATE POLICY held ON city.alert FOR UPDATE TO citygrid_owner USING (true) WITH CHECK (false);

CREATE OR REPLACE FUNCTION city.act(its_id uuid, its_move text, because text DEFAULT NULL, detail jsonb DEFAULT '{}', request_id uuid DEFAULT NULL)
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
    -- The alert before the task, as the sinks lock them: no follow-up for a finding that is resolved meanwhile.
    IF its_move = 'complete' THEN
        PERFORM FROM city.alert a WHERE a.finding_id = (SELECT t.finding_id FROM city.task t WHERE t.id = its_id) FOR SHARE;
    END IF;
    RETURN city.move_task(its_id, its_move, me, because, detail, request_id);
END $$;

CREATE FUNCTION city.follow_up() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE its city.task; about city.alert; made city.task;
BEGIN
    SELECT * INTO its FROM city.task t WHERE t.id = NEW.task;
    SELECT * INTO about FROM city.alert a WHERE a.finding_id = its.finding_id;
    IF its.outcome <> 'done' AND about.state = 'opened' AND NOT about.deleted THEN
        -- Nobody met: the same queue once more, with as much time as the rule gave. Refused: its district decides.
        INSERT INTO city.task (finding_id, previous, rule, domain, severity, dwelling, queue, handed_over, respond_by, dispatched_at)
        VALUES (its.finding_id, its.id, its.rule, its.domain, its.severity, its.dwelling,
            CASE WHEN its.outcome = 'refused' THEN left(its.queue, 6) ELSE its.queue END,
            its.handed_over OR its.outcome = 'refused', NEW.at + (about.respond_by - about.opened_at), NEW.at)
        RETURNING * INTO made;
        INSERT INTO city.task_event (task, number, move, to_state, queue, at)
        VALUES (made.id, 1, 'dispatch', 'dispatched', made.queue, NEW.at);
        INSERT INTO city.feed (kind, key, place, domain) VALUES ('task', made.id::text, made.queue, made.domain);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION city.follow_up IS 'A task that was completed without having met anybody is followed by another while its finding is open.';
-- after `states`, by their names: what was done is stated before what follows
CREATE TRIGGER then_follows AFTER INSERT ON city.task_event FOR EACH ROW
    WHEN (NEW.move = 'complete') EXECUTE FUNCTION city.follow_up();

CREATE FUNCTION city.no_visit_by_button() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF pg_input_is_valid(NEW.statement ->> 'record', 'uuid') THEN
        IF EXISTS (SELECT FROM city.task t WHERE t.id = (NEW.statement ->> 'record')::uuid AND t.rule LIKE 'button-%') THEN
            RETURN NULL;
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER no_visit_by_button BEFORE INSERT ON city.outbox FOR EACH ROW
    WHEN (NEW.topic = 'grid.observation') EXECUTE FUNCTION city.no_visit_by_button();
