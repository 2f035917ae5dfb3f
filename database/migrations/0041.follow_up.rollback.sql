DROP TRIGGER no_visit_by_button ON city.outbox;
DROP FUNCTION city.no_visit_by_button;
DROP TRIGGER then_follows ON city.task_event;
DROP FUNCTION city.follow_up;
CREATE OR REPLACE FUNCTION city.act(its_id uuid, its_move text, because text DEFAULT NULL, detail jsonb DEFAULT '{}', request_id uuid DEFAULT NULL)
RETURNS city.task LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me uuid := city.my_account();
BEGIN
    IF me IS NULL OR NOT EXISTS (
        SELECT FROM city.task t WHERE t.id = its_id
            AND t.queue >= city.sees_from() AND t.queue < city.sees_until()
            AND t.domain = ANY (coalesce(city.sees_domains(), ARRAY[t.domain])))
        AND NOT EXISTS (SELECT FROM city.task_event e WHERE e.task = its_id AND e.request = request_id AND e.actor = me AND e.move = its_move)
    THEN
        RAISE EXCEPTION 'There is no such task.' USING ERRCODE = 'CG404';
    END IF;
    RETURN city.move_task(its_id, its_move, me, because, detail, request_id);
END $$;
DROP POLICY held ON city.alert;
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
                'outcome', its.outcome, 'note', its.note)));
    END IF;
    -- A grid's or a district's task (its place has a slash) has no dwelling that could be told of.
    IF its.dwelling <> '' AND its.dwelling !~ '^(grid|district)/' THEN
        IF NEW.move = 'instruct' THEN
            INSERT INTO city.outbox (topic, statement) VALUES ('grid.instruction', head || jsonb_build_object(
                'record', its.id::text || '/' || NEW.number, 'subject', its.dwelling, 'kind', 'Instructed',
                'change', jsonb_build_object('task', its.id::text, 'instruction', NEW.reason)));
        ELSIF EXISTS (SELECT FROM city.task_event e WHERE e.task = its.id AND e.move = 'instruct') THEN
            INSERT INTO city.outbox (topic, statement) VALUES ('grid.instruction', head || jsonb_build_object(
                'record', its.id::text, 'subject', its.dwelling, 'kind', 'FedBack',
                'change', jsonb_build_object('task', its.id::text, 'outcome', its.outcome, 'note', its.note)));
        END IF;
    END IF;
    NOTIFY city_outbox;
    RETURN NULL;
END $$;
ALTER TABLE city.task DROP COLUMN outcome_before;
