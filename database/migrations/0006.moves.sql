-- depends: 0005.tasks
-- How a task moves. Who may make which move is the table city.legal_move and nothing else: city.move_task reads it, the API's
-- answers and the buttons of the pages are made from it. A task changes by city.move_task only, which writes the history, the
-- feed and the outbox in the same transaction. Why so: docs/decisions/0025-database.md.

CREATE TABLE city.legal_move (
    move text NOT NULL,
    from_state text NOT NULL CHECK (from_state IN ('dispatched', 'acknowledged', 'suspended')),
    to_state text CHECK (to_state IN ('dispatched', 'acknowledged', 'suspended', 'completed', 'closed')), -- NULL: as before suspend
    by_whom text[] NOT NULL CHECK (by_whom <@ ARRAY['holder', 'taker', 'centre', 'system', 'router'] AND by_whom <> '{}'),
    needs_reason boolean NOT NULL,
    position integer NOT NULL, -- in a form, from 1
    PRIMARY KEY (move, from_state)
);
COMMENT ON COLUMN city.legal_move.by_whom IS
    'In which capacity, see city.capacities. holder: has claimed the task. taker: any account that sees it while nobody has claimed '
    'it, but for a command centre and a grid''s queue. centre: a command centre that sees it, whoever holds it. system: no person. router: no person, while nobody '
    'has claimed the task or chosen its queue.';
INSERT INTO city.legal_move (move, from_state, to_state, by_whom, needs_reason, position) VALUES
    ('claim', 'dispatched', 'dispatched', '{holder,taker}', false, 1),
    ('acknowledge', 'dispatched', 'acknowledged', '{holder,taker}', false, 2),
    ('complete', 'acknowledged', 'completed', '{holder}', false, 3), -- only who was there states what was seen
    ('hand_over', 'dispatched', 'dispatched', '{holder,taker,centre}', true, 4),
    ('hand_over', 'acknowledged', 'dispatched', '{holder,centre}', true, 4),
    ('suspend', 'dispatched', 'suspended', '{holder,taker,centre}', true, 5),
    ('suspend', 'acknowledged', 'suspended', '{holder,centre}', true, 5),
    ('resume', 'suspended', NULL, '{holder,centre}', true, 6),
    ('instruct', 'dispatched', 'dispatched', '{centre}', true, 7),
    ('instruct', 'acknowledged', 'acknowledged', '{centre}', true, 7),
    ('instruct', 'suspended', 'suspended', '{centre}', true, 7),
    ('reroute', 'dispatched', 'dispatched', '{router}', false, 8),
    ('reroute', 'suspended', 'suspended', '{router}', false, 8),
    ('close', 'dispatched', 'closed', '{system}', true, 9),
    ('close', 'acknowledged', 'closed', '{system}', true, 9),
    ('close', 'suspended', 'closed', '{system}', true, 9);
GRANT SELECT ON city.legal_move TO citygrid_reader, citygrid_sinks;

CREATE FUNCTION city.capacities(its city.task, who uuid, role text) RETURNS text[] LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT array_remove(CASE WHEN who IS NULL
        THEN ARRAY['system', CASE WHEN its.claimed_by IS NULL AND NOT its.handed_over THEN 'router' END]
        ELSE ARRAY[
            CASE WHEN its.claimed_by = who THEN 'holder' END,
            -- A grid's queue is its workers': who is at it says so. A district's and the city's are a centre's own.
            CASE WHEN its.claimed_by IS NULL AND (role IS DISTINCT FROM 'command_centre' OR length(its.queue) < 15) THEN 'taker' END,
            CASE WHEN role = 'command_centre' THEN 'centre' END]
        END, NULL);
END;
COMMENT ON FUNCTION city.capacities IS 'In which capacities of legal_move.by_whom an account that sees the task acts on it; who NULL: the system.';

CREATE FUNCTION city.legal_moves(its city.task, who uuid, role text) RETURNS SETOF city.legal_move LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT l.* FROM city.legal_move l
    WHERE l.from_state = its.state AND l.by_whom && city.capacities(its, who, role)
    ORDER BY l.position;
END;
COMMENT ON FUNCTION city.legal_moves IS 'What this account may do now with this task, which it sees, in the order of a form.';
GRANT EXECUTE ON FUNCTION city.capacities, city.legal_moves TO citygrid_reader, citygrid_sinks;

CREATE FUNCTION city.is_door(place text) RETURNS boolean LANGUAGE sql IMMUTABLE
BEGIN ATOMIC SELECT place <> '' AND place !~ '^(grid|district)/'; END;
COMMENT ON FUNCTION city.is_door IS 'Whether the key of a placement is a dwelling: not none, and not a whole grid or district.';

CREATE FUNCTION city.is_queue(named text) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT named = 'city' OR named ~ '^([0-9]{15}|[0-9]{6})$' AND (
        EXISTS (SELECT FROM city.grid_area g WHERE g.grid = named)
        OR EXISTS (SELECT FROM city.placement p WHERE p.place >= named AND p.place < named || 'z')
        OR EXISTS (SELECT FROM city.account a WHERE a.scope = named AND a.disabled_at IS NULL));
END;
COMMENT ON FUNCTION city.is_queue IS 'Whether it is the city, or a grid or district that the map, a dwelling or an account names.';

CREATE FUNCTION city.time_of_visit(stated_at timestamptz, task_from timestamptz, sent_at timestamptz, OUT happened_at timestamptz, OUT bound text)
LANGUAGE sql STABLE
BEGIN ATOMIC
    -- Clocks of tablets differ by minutes: what is a little outside is moved to the bound without a word.
    SELECT greatest(task_from, least(sent_at, coalesce(stated_at, sent_at))),
        CASE WHEN stated_at < task_from - interval '5 minutes' THEN 'task' WHEN stated_at > sent_at + interval '5 minutes' THEN 'now' END;
END;
COMMENT ON FUNCTION city.time_of_visit IS
    'When a visit happened that a tablet states: not before its task, not after it was sent. bound: `task` or `now` if that moved it.';

-- `seen`: outcome, note, checks.
CREATE FUNCTION city.state_move(its city.task, event city.task_event, seen jsonb DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    about city.alert;
    head jsonb := jsonb_build_object('withdrawn', false, 'occurred_at', coalesce(event.happened_at, event.at), 'recorded_at', event.at);
    -- An observation is a record of its own beside the task's: neither corrects the other.
    its_record text := its.id::text || CASE event.move WHEN 'observe' THEN '/' || event.number ELSE '' END;
    was_there boolean := event.move IN ('complete', 'observe');
    result jsonb := jsonb_build_object('task', its.id::text, 'outcome', seen ->> 'outcome', 'note', seen ->> 'note');
    checks jsonb := jsonb_build_object('checks', coalesce(seen -> 'checks', '{}'));
BEGIN
    SELECT * INTO about FROM city.alert a WHERE a.finding_id = its.finding_id;
    -- What a bracelet's button asked for is answered, perhaps by telephone: it is no visit.
    IF was_there AND city.is_door(its.dwelling) AND its.rule NOT LIKE 'button-%' THEN
        INSERT INTO city.outbox (topic, statement) VALUES ('grid.observation', head || jsonb_build_object(
            'record', its_record, 'subject', its.dwelling, 'kind', 'Visited', 'change', result || checks));
    END IF;
    IF was_there AND about.view = 'resident' THEN
        INSERT INTO city.outbox (topic, statement) VALUES ('grid.response', head || jsonb_build_object(
            'record', its_record, 'subject', about.subject, 'kind', 'Responded',
            'change', result || checks || jsonb_build_object('rule', about.rule, 'cause', about.cause)));
    END IF;
    IF event.move = 'instruct' AND city.is_door(its.dwelling) THEN
        INSERT INTO city.outbox (topic, statement) VALUES ('grid.instruction', head || jsonb_build_object(
            'record', its.id::text || '/' || event.number, 'subject', its.dwelling, 'kind', 'Instructed',
            'change', jsonb_build_object('task', its.id::text, 'instruction', event.reason)));
    END IF;
    -- The feedback to an instruction comes from whichever task of its finding.
    IF was_there AND city.is_door(its.dwelling) AND EXISTS (
        SELECT FROM city.task_event e JOIN city.task t ON t.id = e.task WHERE t.finding_id = its.finding_id AND e.move = 'instruct')
    THEN
        INSERT INTO city.outbox (topic, statement) VALUES ('grid.instruction', head || jsonb_build_object(
            'record', its_record, 'subject', its.dwelling, 'kind', 'FedBack', 'change', result));
    END IF;
    NOTIFY city_outbox;
END $$;
COMMENT ON FUNCTION city.state_move IS
    'Puts into the outbox what a move states: a visit, an answer to a call, an instruction, the feedback to one.';

CREATE FUNCTION city.follow_up(its city.task) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE about city.alert; made city.task; here text;
BEGIN
    SELECT * INTO about FROM city.alert a WHERE a.finding_id = its.finding_id;
    IF about.state <> 'opened' OR about.deleted OR its.outcome NOT IN ('nobody_home', 'refused')
        OR (its.outcome = 'refused' AND length(its.queue) < 15) -- the district has decided
    THEN
        RETURN;
    END IF;
    -- Nobody met: once more, where the door lies now, with as much time as the rule gave. Refused: its district decides.
    SELECT CASE WHEN its.handed_over THEN its.queue ELSE p.place END INTO here
        FROM city.placement p WHERE p.dwelling = its.dwelling;
    INSERT INTO city.task (finding_id, previous, outcome_before, rule, domain, severity, dwelling, queue, handed_over, respond_by, dispatched_at)
    VALUES (its.finding_id, its.id, its.outcome, its.rule, its.domain, about.severity, its.dwelling,
        CASE WHEN its.outcome = 'refused' THEN left(here, 6) ELSE here END,
        its.handed_over OR its.outcome = 'refused', its.finished_at + (about.respond_by - about.opened_at), its.finished_at)
    RETURNING * INTO made;
    INSERT INTO city.task_event (task, number, move, to_state, queue, at)
    VALUES (made.id, 1, 'dispatch', 'dispatched', made.queue, its.finished_at);
    INSERT INTO city.feed (kind, key, place, domain) VALUES ('task', made.id::text, made.queue, made.domain);
END $$;
COMMENT ON FUNCTION city.follow_up IS 'A task that was completed without having met anybody is followed by another while its finding is open.';

CREATE FUNCTION city.move_task(its_id uuid, its_move text, actor uuid, because text DEFAULT NULL, detail jsonb DEFAULT '{}',
    request_id uuid DEFAULT NULL, moved_at timestamptz DEFAULT now())
RETURNS city.task LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old city.task; new city.task; legal city.legal_move; event city.task_event; by_name text; by_role text; others text; stated timestamptz;
BEGIN
    SELECT * INTO old FROM city.task t WHERE t.id = its_id FOR UPDATE;
    IF old.id IS NULL THEN
        RAISE EXCEPTION 'There is no such task.' USING ERRCODE = 'CG404';
    END IF;
    IF request_id IS NOT NULL AND EXISTS (
        SELECT FROM city.task_event e WHERE e.task = its_id AND e.request = request_id AND e.actor IS NOT DISTINCT FROM move_task.actor
            AND e.move = its_move)
    THEN
        RETURN old; -- sent again because the answer was lost
    END IF;
    SELECT a.name, a.role INTO by_name, by_role FROM city.account a WHERE a.id = actor;
    SELECT * INTO legal FROM city.legal_moves(old, actor, by_role) l WHERE l.move = its_move;
    IF legal.move IS NULL THEN
        SELECT coalesce(string_agg(l.move, ', ' ORDER BY l.position), 'none') INTO others FROM city.legal_moves(old, actor, by_role) l;
        RAISE EXCEPTION 'This account cannot move this task by % while it is %. Legal moves: %.', its_move, old.state, others
            USING ERRCODE = 'CG409', DETAIL = others; -- the API says them in the reader's language
    END IF;
    IF legal.needs_reason AND coalesce(trim(because), '') = '' THEN
        RAISE EXCEPTION 'To % a task, say why.', replace(its_move, '_', ' ') USING ERRCODE = 'CG422';
    END IF;
    new := old;
    new.state := coalesce(legal.to_state, old.suspended_from);
    new.revision := old.revision + 1;
    CASE its_move
        WHEN 'claim' THEN new.claimed_by := actor;
        WHEN 'acknowledge' THEN
            new.claimed_by := actor;
            new.acknowledged_at := moved_at;
        WHEN 'complete' THEN
            IF coalesce(detail ->> 'outcome', '') = '' THEN
                RAISE EXCEPTION 'To complete a task, say its outcome.' USING ERRCODE = 'CG422';
            END IF;
            stated := (detail ->> 'seen_at')::timestamptz;
            new.finished_at := moved_at;
            new.seen_at := (city.time_of_visit(stated, old.dispatched_at, moved_at)).happened_at;
            new.outcome := detail ->> 'outcome';
            new.note := detail ->> 'note';
            new.checks := coalesce(detail -> 'checks', '{}');
        WHEN 'hand_over' THEN
            IF coalesce(detail ->> 'queue', '') !~ '^([0-9]{15}|[0-9]{6}|city)$' THEN
                RAISE EXCEPTION 'To hand over a task, name the queue: a grid (15 digits), a district (6 digits) or city.'
                    USING ERRCODE = 'CG422';
            END IF;
            IF NOT city.is_queue(detail ->> 'queue') THEN
                RAISE EXCEPTION 'There is no such queue: nobody would look into it.' USING ERRCODE = 'CG422', DETAIL = 'queue';
            END IF;
            new.queue := detail ->> 'queue';
            new.handed_over := true;
            new.claimed_by := NULL;
            new.acknowledged_at := NULL;
        WHEN 'suspend' THEN
            new.suspended_from := old.state;
            new.suspended_at := moved_at;
        WHEN 'resume' THEN -- the service clock stood still meanwhile
            new.respond_by := old.respond_by + (moved_at - old.suspended_at);
            new.suspended_from := NULL;
            new.suspended_at := NULL;
        WHEN 'instruct' THEN NULL; -- the reason is the instruction
        WHEN 'reroute' THEN new.queue := detail ->> 'queue';
        WHEN 'close' THEN
            new.finished_at := moved_at;
            new.suspended_from := NULL;
            new.closed_zh := detail ->> 'zh';
            new.closed_en := detail ->> 'en';
    END CASE;
    UPDATE city.task t SET (queue, handed_over, state, claimed_by, respond_by, suspended_from, suspended_at, acknowledged_at, finished_at,
            seen_at, outcome, note, checks, closed_zh, closed_en, revision)
        = (new.queue, new.handed_over, new.state, new.claimed_by, new.respond_by, new.suspended_from, new.suspended_at, new.acknowledged_at,
            new.finished_at, new.seen_at, new.outcome, new.note, new.checks, new.closed_zh, new.closed_en, new.revision)
    WHERE t.id = its_id;
    INSERT INTO city.task_event (task, number, move, from_state, to_state, queue, actor, actor_name, reason, request, at, happened_at, stated_at,
        outcome)
    VALUES (its_id, (SELECT coalesce(max(e.number), 0) + 1 FROM city.task_event e WHERE e.task = its_id),
        its_move, old.state, new.state, new.queue, actor, by_name, because, request_id, moved_at,
        CASE its_move WHEN 'complete' THEN new.seen_at END, stated, CASE its_move WHEN 'complete' THEN new.outcome END)
    RETURNING * INTO event;
    INSERT INTO city.feed (kind, key, place, domain)
    SELECT 'task', its_id::text, p, old.domain FROM (SELECT old.queue UNION SELECT new.queue) AS both_places(p);
    NOTIFY city_feed;
    IF its_move IN ('complete', 'instruct') THEN
        PERFORM city.state_move(new, event, detail);
    END IF;
    IF its_move = 'complete' THEN
        PERFORM city.follow_up(new);
    END IF;
    RETURN new;
END $$;
COMMENT ON FUNCTION city.move_task IS
    'Moves a task, with history, feed and outbox. CG404: no such task; CG409: not legal now; CG422: a reason or detail is missing.';

CREATE FUNCTION city.act(its_id uuid, its_move text, because text DEFAULT NULL, detail jsonb DEFAULT '{}', request_id uuid DEFAULT NULL)
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
COMMENT ON FUNCTION city.act IS 'move_task for the account of this transaction, on a task in its scope.';

GRANT EXECUTE ON FUNCTION city.move_task TO citygrid_sinks;
GRANT EXECUTE ON FUNCTION city.act TO citygrid_api;

CREATE FUNCTION city.my_open_tasks() RETURNS SETOF city.task LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT t.* FROM city.me() m JOIN city.task t ON t.queue >= city.sees_from() AND t.queue < city.sees_until()
    WHERE t.state IN ('dispatched', 'acknowledged', 'suspended') AND (m.domains IS NULL OR t.domain = ANY (m.domains))
        AND (t.claimed_by IS NULL OR t.claimed_by = m.account OR m.role = 'command_centre');
END;
COMMENT ON FUNCTION city.my_open_tasks IS
    'The open tasks that are this account''s own: of its area and domains, and not claimed by a colleague; a centre''s are all that it sees.';
