-- depends: 0022.statements 0024.places 0030.quiet
-- Who went and met nobody has not done it: the work comes back (docs/decisions/0021-follow-up.md). And what a bracelet's
-- button asked for is answered, perhaps by telephone: it is no visit of a dwelling.

ALTER TABLE city.task ADD COLUMN outcome_before text; -- of the task that this one follows; a re-opened finding's has none
COMMENT ON COLUMN city.task.previous IS 'The task of the same finding before this one: it met nobody, or the finding was resolved and re-opened.';
DO $$ BEGIN PERFORM city.keep_no_statistics('city.task'); END $$;

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
    -- Place and alert before the task, as the sinks lock them: no follow-up for a finding that is resolved meanwhile, and
    -- none into the queue of a place that is left meanwhile.
    IF its_move = 'complete' AND detail ->> 'outcome' IN ('nobody_home', 'refused') THEN
        PERFORM FROM city.placement p WHERE p.dwelling = (SELECT t.dwelling FROM city.task t WHERE t.id = its_id) FOR SHARE;
        PERFORM FROM city.alert a WHERE a.finding_id = (SELECT t.finding_id FROM city.task t WHERE t.id = its_id) FOR SHARE;
    END IF;
    RETURN city.move_task(its_id, its_move, me, because, detail, request_id);
END $$;

CREATE FUNCTION city.follow_up() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE its city.task; about city.alert; made city.task; here text;
BEGIN
    SELECT * INTO its FROM city.task t WHERE t.id = NEW.task;
    SELECT * INTO about FROM city.alert a WHERE a.finding_id = its.finding_id;
    IF about.state <> 'opened' OR about.deleted OR its.outcome NOT IN ('nobody_home', 'refused')
        OR (its.outcome = 'refused' AND length(its.queue) < 15) -- the district has decided
    THEN
        RETURN NULL;
    END IF;
    -- Nobody met: once more, where the door lies now, with as much time as the rule gave. Refused: its district decides.
    SELECT CASE WHEN its.handed_over THEN its.queue ELSE p.place END INTO here
        FROM city.placement p WHERE p.dwelling = its.dwelling;
    INSERT INTO city.task (finding_id, previous, outcome_before, rule, domain, severity, dwelling, queue, handed_over, respond_by, dispatched_at)
    VALUES (its.finding_id, its.id, its.outcome, its.rule, its.domain, about.severity, its.dwelling,
        CASE WHEN its.outcome = 'refused' THEN left(here, 6) ELSE here END,
        its.handed_over OR its.outcome = 'refused', NEW.at + (about.respond_by - about.opened_at), NEW.at)
    RETURNING * INTO made;
    INSERT INTO city.task_event (task, number, move, to_state, queue, at)
    VALUES (made.id, 1, 'dispatch', 'dispatched', made.queue, NEW.at);
    INSERT INTO city.feed (kind, key, place, domain) VALUES ('task', made.id::text, made.queue, made.domain);
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

-- What was answered at a call goes with the response; feedback to an instruction comes from whichever task of its finding.
CREATE OR REPLACE FUNCTION city.state_move() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    its city.task; about city.alert;
    head jsonb := jsonb_build_object('withdrawn', false, 'occurred_at', NEW.at, 'recorded_at', NEW.at);
BEGIN
    SELECT * INTO its FROM city.task t WHERE t.id = NEW.task;
    SELECT * INTO about FROM city.alert a WHERE a.finding_id = its.finding_id;
    IF NEW.move = 'complete' AND about.view = 'resident' THEN
        INSERT INTO city.outbox (topic, statement) VALUES ('grid.response', head || jsonb_build_object(
            'record', its.id::text, 'subject', about.subject, 'kind', 'Responded',
            'change', jsonb_build_object('task', its.id::text, 'rule', about.rule, 'cause', about.cause,
                'outcome', its.outcome, 'note', its.note, 'checks', its.checks)));
    END IF;
    -- A grid's or a district's task (its place has a slash) has no dwelling that could be told of.
    IF its.dwelling <> '' AND its.dwelling !~ '^(grid|district)/' THEN
        IF NEW.move = 'instruct' THEN
            INSERT INTO city.outbox (topic, statement) VALUES ('grid.instruction', head || jsonb_build_object(
                'record', its.id::text || '/' || NEW.number, 'subject', its.dwelling, 'kind', 'Instructed',
                'change', jsonb_build_object('task', its.id::text, 'instruction', NEW.reason)));
        ELSIF EXISTS (SELECT FROM city.task_event e JOIN city.task t ON t.id = e.task
            WHERE t.finding_id = its.finding_id AND e.move = 'instruct') THEN
            INSERT INTO city.outbox (topic, statement) VALUES ('grid.instruction', head || jsonb_build_object(
                'record', its.id::text, 'subject', its.dwelling, 'kind', 'FedBack',
                'change', jsonb_build_object('task', its.id::text, 'outcome', its.outcome, 'note', its.note)));
        END IF;
    END IF;
    NOTIFY city_outbox;
    RETURN NULL;
END $$;
