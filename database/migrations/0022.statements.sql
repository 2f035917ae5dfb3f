-- depends: 0020.api
-- What a task's history says to the streams, beside the visit that city.move_task states: an instruction, the feedback to
-- it, and what came of a task about a person (docs/decisions/0019-buttons.md). Written in the move's own transaction.

CREATE POLICY owner ON city.alert FOR SELECT TO citygrid_owner USING (true);

CREATE FUNCTION city.state_move() RETURNS trigger
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
COMMENT ON FUNCTION city.state_move IS 'Puts into the outbox what a completed or instructed task says about a person or a dwelling.';
CREATE TRIGGER states AFTER INSERT ON city.task_event FOR EACH ROW
    WHEN (NEW.move IN ('complete', 'instruct')) EXECUTE FUNCTION city.state_move();
