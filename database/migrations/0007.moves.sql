-- How a task moves. Who may make which move is the table city.legal_move and nothing else: city.move_task reads it, the API's
-- answers and the buttons of the pages are made from it. A task changes by city.move_task only, which writes the history, the
-- feed and the outbox in the same transaction. Why so: docs/decisions/0025-database.md; the life of a case:
-- docs/decisions/0037-case-life.md

CREATE TABLE city.legal_move (
    move text NOT NULL,
    from_state text NOT NULL CHECK (from_state IN ('dispatched', 'acknowledged', 'suspended', 'completed', 'verified')),
    to_state text CHECK (to_state IN ('dispatched', 'acknowledged', 'suspended', 'completed', 'verified', 'closed')), -- NULL: as before suspend
    by_whom text[] NOT NULL CHECK (by_whom <@ ARRAY['holder', 'taker', 'centre', 'asker', 'approver', 'answerer', 'reviewer', 'system', 'router'] AND by_whom <> '{}'),
    needs_reason boolean NOT NULL,
    position integer NOT NULL, -- in a form, from 1
    PRIMARY KEY (move, from_state)
);
COMMENT ON COLUMN city.legal_move.by_whom IS
    'In which capacity, see city.capacities. holder: has claimed the task. taker: any account that sees it while nobody has claimed '
    'it, but for a command centre and a grid''s queue. centre: a command centre that sees it, whoever holds it. approver: such a centre of a '
    'street, a district or the city. asker: holder, taker or centre who is no approver. answerer: an approver while something is asked for. '
    'reviewer: a centre, of work that is done and is not its own. system: no person. router: no person, while nobody '
    'has claimed the task or chosen its queue.';
INSERT INTO city.legal_move (move, from_state, to_state, by_whom, needs_reason, position) VALUES
    ('claim', 'dispatched', 'dispatched', '{holder,taker}', false, 1),
    ('acknowledge', 'dispatched', 'acknowledged', '{holder,taker}', false, 2),
    ('complete', 'acknowledged', 'completed', '{holder}', false, 3), -- only who was there states what was seen
    ('verify', 'completed', 'verified', '{reviewer}', false, 4),
    ('send_back', 'completed', 'acknowledged', '{reviewer}', true, 5), -- the reason is what is missing
    ('rate', 'verified', 'verified', '{reviewer}', false, 6),
    ('hand_over', 'dispatched', 'dispatched', '{holder,taker,centre}', true, 7),
    ('hand_over', 'acknowledged', 'dispatched', '{holder,centre}', true, 7),
    ('release', 'dispatched', 'dispatched', '{holder}', false, 7),
    ('release', 'acknowledged', 'dispatched', '{holder}', false, 7),
    ('ask_suspension', 'dispatched', 'dispatched', '{asker}', true, 8),
    ('ask_suspension', 'acknowledged', 'acknowledged', '{asker}', true, 8),
    ('ask_extension', 'dispatched', 'dispatched', '{asker}', true, 9),
    ('ask_extension', 'acknowledged', 'acknowledged', '{asker}', true, 9),
    ('suspend', 'dispatched', 'suspended', '{approver}', true, 10),
    ('suspend', 'acknowledged', 'suspended', '{approver}', true, 10),
    ('extend', 'dispatched', 'dispatched', '{approver}', true, 11),
    ('extend', 'acknowledged', 'acknowledged', '{approver}', true, 11),
    ('decline', 'dispatched', 'dispatched', '{answerer}', true, 12),
    ('decline', 'acknowledged', 'acknowledged', '{answerer}', true, 12),
    ('resume', 'suspended', NULL, '{holder,centre}', true, 13),
    ('instruct', 'dispatched', 'dispatched', '{centre}', true, 14),
    ('instruct', 'acknowledged', 'acknowledged', '{centre}', true, 14),
    ('instruct', 'suspended', 'suspended', '{centre}', true, 14),
    ('reroute', 'dispatched', 'dispatched', '{router}', false, 15),
    ('reroute', 'suspended', 'suspended', '{router}', false, 15),
    ('close', 'dispatched', 'closed', '{system}', true, 16),
    ('close', 'acknowledged', 'closed', '{system}', true, 16),
    ('close', 'suspended', 'closed', '{system}', true, 16),
    ('lapse', 'dispatched', 'dispatched', '{system}', false, 17),
    ('lapse', 'acknowledged', 'dispatched', '{system}', false, 17);
GRANT SELECT ON city.legal_move TO citygrid_reader, citygrid_sinks;

-- A desk acknowledges a call in a grid's queue, as it does what waits in its own: it has the person on the telephone.
CREATE FUNCTION city.capacities(its city.task, who uuid, role text, scope text) RETURNS text[] LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT array_remove(CASE WHEN who IS NULL
        THEN ARRAY['system', CASE WHEN its.claimed_by IS NULL AND NOT its.handed_over THEN 'router' END]
        ELSE ARRAY[
            CASE WHEN holds THEN 'holder' END,
            CASE WHEN takes THEN 'taker' END,
            CASE WHEN is_centre THEN 'centre' END,
            CASE WHEN (holds OR takes OR is_centre) AND NOT approves THEN 'asker' END,
            CASE WHEN approves THEN 'approver' END,
            CASE WHEN approves AND its.asked IS NOT NULL THEN 'answerer' END,
            CASE WHEN is_centre AND NOT holds AND its.outcome = 'done' THEN 'reviewer' END]
        END, NULL)
    FROM (SELECT coalesce(its.claimed_by = who, false) AS holds,
        coalesce(role = 'command_centre', false) AS is_centre,
        -- A grid's queue is its workers': who is at it says so. A district's and the city's are a centre's own.
        its.claimed_by IS NULL AND (role IS DISTINCT FROM 'command_centre' OR length(its.queue) < 15 OR its.domain = 'sos') AS takes,
        coalesce(role = 'command_centre' AND length(scope) <= 9, false) AS approves) one;
END;
COMMENT ON FUNCTION city.capacities IS
    'In which capacities of legal_move.by_whom an account of this scope that sees the task acts on it; who NULL: the system.';

-- In which capacities somebody stands to a task is worked out once, not once a line of the table: hundreds of streams ask all day.
CREATE FUNCTION city.legal_moves(its city.task, who uuid, role text, scope text) RETURNS SETOF city.legal_move LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT l.* FROM city.legal_move l
    WHERE l.from_state = its.state AND l.by_whom && (SELECT city.capacities(its, who, role, scope))
        -- what another task followed goes on there
        AND (l.move <> 'send_back' OR NOT EXISTS (SELECT FROM city.task later WHERE later.previous = its.id))
    ORDER BY l.position;
END;
COMMENT ON FUNCTION city.legal_moves IS 'What this account may do now with this task, which it sees, in the order of a form.';

CREATE FUNCTION city.due_of(its city.task, again_at timestamptz DEFAULT NULL) RETURNS timestamptz LANGUAGE sql STABLE
BEGIN ATOMIC
    -- It runs from its dispatch, or from when it was sent back last, and from each resumption until it is suspended; the last run
    -- has no end yet.
    SELECT CASE WHEN count(*) FILTER (WHERE run.ends IS NOT NULL) = count(run.took) THEN
        city.due(max(run.begins) FILTER (WHERE run.ends IS NULL), its.respond_within + its.extended, its.respond_unit,
            coalesce(sum(run.took) FILTER (WHERE run.ends IS NOT NULL), '0')) END
    FROM (
        SELECT turn.begins, turn.ends, CASE WHEN turn.ends IS NOT NULL THEN city.elapsed(turn.begins, turn.ends, its.respond_unit) END AS took
        FROM (
            SELECT e.move, e.at AS begins, lead(e.at) OVER (ORDER BY e.number) AS ends
            FROM (SELECT h.move, h.at, h.number FROM city.task_event h
                  WHERE h.task = its.id AND h.move IN ('dispatch', 'suspend', 'resume', 'send_back')
                      AND h.number >= coalesce((SELECT max(s.number) FROM city.task_event s WHERE s.task = its.id AND s.move = 'send_back'), 0)
                  UNION ALL SELECT 'resume', again_at, 2147483647 WHERE again_at IS NOT NULL) e
        ) turn
        WHERE turn.move <> 'suspend'
    ) run;
END;
COMMENT ON FUNCTION city.due_of IS
    'Until when a task that runs is to be responded to, by its history; again_at: as if it were resumed then. NULL: as in city.due.';

CREATE FUNCTION city.extension_of(its city.task, detail jsonb, OUT amount integer, OUT units integer) LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    amount := (detail ->> 'amount')::integer;
    IF amount IS NULL OR amount NOT BETWEEN 1 AND 100 THEN
        RAISE EXCEPTION 'To extend a task, say by how much: 1 to 100 hours, or days of what counts working days.' USING ERRCODE = 'CG422';
    END IF;
    units := amount * CASE its.respond_unit WHEN 'working_day' THEN 1 ELSE 60 END;
END $$;
COMMENT ON FUNCTION city.extension_of IS 'By how much detail.amount extends a task: as it was said, and in the unit of its service time.';

CREATE FUNCTION city.time_of_visit(stated_at timestamptz, task_from timestamptz, sent_at timestamptz, OUT happened_at timestamptz, OUT bound text)
LANGUAGE sql STABLE
BEGIN ATOMIC
    -- Clocks of tablets differ by minutes: what is a little outside is moved to the bound without a word.
    SELECT greatest(task_from, least(sent_at, coalesce(stated_at, sent_at))),
        CASE WHEN stated_at < task_from - interval '5 minutes' THEN 'task' WHEN stated_at > sent_at + interval '5 minutes' THEN 'now' END;
END;
COMMENT ON FUNCTION city.time_of_visit IS
    'When a visit happened that a tablet states: not before its task, not after it was sent. bound: `task` or `now` if that moved it.';

CREATE FUNCTION city.hold_finding(its_task uuid) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM city.placement p WHERE p.dwelling = (SELECT t.dwelling FROM city.task t WHERE t.id = its_task) FOR SHARE;
    PERFORM FROM city.alert a WHERE a.finding_id = (SELECT t.finding_id FROM city.task t WHERE t.id = its_task) FOR NO KEY UPDATE;
END $$;
COMMENT ON FUNCTION city.hold_finding IS
    'Place and alert before the task, as the sinks lock them: no follow-up for a finding that is resolved meanwhile, none into the queue of a '
    'place that is left meanwhile, and no two that move a deadline wait for each other.';

-- `seen`: outcome, note, checks. The result goes back to whoever stated what the case rests on (city.feed_back).
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
    IF was_there THEN
        PERFORM city.feed_back(its, event, seen);
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
    INSERT INTO city.task (finding_id, previous, outcome_before, rule, domain, severity, dwelling, queue, handed_over,
        respond_within, respond_unit, respond_by, dispatched_at)
    VALUES (its.finding_id, its.id, its.outcome, its.rule, its.domain, about.severity, its.dwelling,
        CASE WHEN its.outcome = 'refused' THEN left(here, 6) ELSE here END,
        its.handed_over OR its.outcome = 'refused', its.respond_within, its.respond_unit,
        city.due(its.finished_at, its.respond_within, its.respond_unit), its.finished_at)
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
    old city.task; new city.task; legal city.legal_move; event city.task_event; by_name text; by_role text; by_scope text; others text; holder text;
    stated timestamptz; more record;
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
    SELECT a.name, a.role, a.scope INTO by_name, by_role, by_scope FROM city.account a WHERE a.id = actor;
    SELECT * INTO legal FROM city.legal_moves(old, actor, by_role, by_scope) l WHERE l.move = its_move;
    IF legal.move IS NULL THEN
        SELECT coalesce(string_agg(l.move, ', ' ORDER BY l.position), 'none') INTO others FROM city.legal_moves(old, actor, by_role, by_scope) l;
        SELECT a.name INTO holder FROM city.account a WHERE a.id = old.claimed_by AND a.id IS DISTINCT FROM actor;
        IF holder IS NOT NULL AND its_move IN ('claim', 'acknowledge') AND old.state IN ('dispatched', 'acknowledged') THEN
            RAISE EXCEPTION 'This task was claimed by %. Legal moves: %.', holder, others
                USING ERRCODE = 'CG409', DETAIL = others, HINT = holder;
        END IF;
        RAISE EXCEPTION 'This account cannot move this task by % while it is %. Legal moves: %.', its_move, old.state, others
            USING ERRCODE = 'CG409', DETAIL = others; -- the API says them in the reader's language
    END IF;
    IF legal.needs_reason AND coalesce(trim(because), '') = '' THEN
        RAISE EXCEPTION 'To % a task, say why.', replace(its_move, '_', ' ') USING ERRCODE = 'CG422';
    END IF;
    new := old;
    new.state := coalesce(legal.to_state, old.suspended_from);
    new.revision := old.revision + 1;
    IF its_move NOT IN ('claim', 'acknowledge', 'instruct', 'reroute') THEN -- the others answer what was asked for, or leave no room for it
        new.asked := NULL;
        new.asked_because := NULL;
        new.asked_amount := NULL;
    END IF;
    CASE its_move
        WHEN 'claim' THEN
            new.claimed_by := actor;
            new.lapsed_from := NULL;
        WHEN 'acknowledge' THEN
            new.claimed_by := actor;
            new.acknowledged_at := moved_at;
            new.lapsed_from := NULL;
        WHEN 'release', 'lapse' THEN -- back to its queue, which is that of its place now unless a person chose it
            new.claimed_by := NULL;
            new.acknowledged_at := NULL;
            new.lapsed_from := CASE its_move WHEN 'lapse' THEN old.claimed_by END;
            new.queue := coalesce(detail ->> 'queue', old.queue);
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
        WHEN 'verify' THEN new.verified_at := moved_at;
        WHEN 'send_back' THEN -- with as much time as the rule gave; what was seen stays with the case
            INSERT INTO city.observation (task, number, because, note, checks)
            SELECT its_id, max(e.number), 'sent_back', old.note, coalesce(old.checks, '{}')
            FROM city.task_event e WHERE e.task = its_id AND e.move = 'complete';
            new.missing := because;
            new.extended := 0;
            new.respond_by := city.due(moved_at, old.respond_within, old.respond_unit);
            new.finished_at := NULL;
            new.seen_at := NULL;
            new.outcome := NULL;
            new.note := NULL;
            new.checks := NULL;
        WHEN 'rate' THEN
            IF coalesce(detail ->> 'rating', '') NOT IN ('good', 'fair', 'poor') THEN
                RAISE EXCEPTION 'To rate a case, say good, fair or poor.' USING ERRCODE = 'CG422';
            END IF;
            new.rating := detail ->> 'rating';
        WHEN 'ask_suspension' THEN
            new.asked := 'suspension';
            new.asked_because := because;
        WHEN 'ask_extension' THEN
            more := city.extension_of(old, detail);
            new.asked := 'extension';
            new.asked_because := because;
            new.asked_amount := more.amount;
        WHEN 'extend' THEN
            more := city.extension_of(old, detail);
            new.extended := old.extended + more.units;
            new.respond_by := city.due_of(new);
        WHEN 'decline' THEN NULL;
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
            new.lapsed_from := NULL;
        WHEN 'suspend' THEN
            new.suspended_from := old.state;
            new.suspended_at := moved_at;
        WHEN 'resume' THEN -- the service clock stood still meanwhile
            new.respond_by := city.due_of(old, moved_at);
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
    new.lease_until := CASE
        WHEN new.claimed_by IS NULL OR new.state NOT IN ('dispatched', 'acknowledged') THEN NULL
        WHEN its_move IN ('claim', 'acknowledge', 'send_back', 'resume') THEN city.lease(new, moved_at)
        ELSE old.lease_until END;
    UPDATE city.task t SET (queue, handed_over, state, claimed_by, respond_by, suspended_from, suspended_at, acknowledged_at, finished_at,
            seen_at, outcome, note, checks, closed_zh, closed_en, revision, extended, asked, asked_because, asked_amount, missing,
            verified_at, rating, lease_until, lapsed_from)
        = (new.queue, new.handed_over, new.state, new.claimed_by, new.respond_by, new.suspended_from, new.suspended_at, new.acknowledged_at,
            new.finished_at, new.seen_at, new.outcome, new.note, new.checks, new.closed_zh, new.closed_en, new.revision, new.extended,
            new.asked, new.asked_because, new.asked_amount, new.missing, new.verified_at, new.rating, new.lease_until, new.lapsed_from)
    WHERE t.id = its_id;
    INSERT INTO city.task_event (task, number, move, from_state, to_state, queue, actor, actor_name, reason, request, at, happened_at, stated_at,
        outcome, amount)
    VALUES (its_id, (SELECT coalesce(max(e.number), 0) + 1 FROM city.task_event e WHERE e.task = its_id),
        its_move, old.state, new.state, new.queue, actor, by_name, because, request_id, moved_at,
        CASE its_move WHEN 'complete' THEN new.seen_at END, stated,
        CASE its_move WHEN 'complete' THEN new.outcome WHEN 'rate' THEN new.rating END,
        CASE WHEN its_move IN ('extend', 'ask_extension') THEN (detail ->> 'amount')::integer END)
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
DECLARE
    me uuid := city.my_account();
    -- Beforehand, whether the task is there or not: no time tells.
    since text := city.sees_from(); until text := city.sees_until(); domains text[] := city.sees_domains();
BEGIN
    -- Not there and not yours to see are one answer. A tablet that sends a hand-over again no longer sees the task.
    IF me IS NULL OR NOT EXISTS (
        SELECT FROM city.task t WHERE t.id = its_id
            AND t.queue >= since AND t.queue < until AND t.domain = ANY (coalesce(domains, ARRAY[t.domain])))
        AND NOT EXISTS (SELECT FROM city.task_event e WHERE e.task = its_id AND e.request = request_id AND e.actor = me AND e.move = its_move)
    THEN
        RAISE EXCEPTION 'There is no such task.' USING ERRCODE = 'CG404';
    END IF;
    -- What moves a deadline, or makes a finding's task open.
    IF its_move IN ('resume', 'extend', 'send_back', 'complete') THEN
        PERFORM city.hold_finding(its_id);
    END IF;
    RETURN city.move_task(its_id, its_move, me, because, detail, request_id);
END $$;
COMMENT ON FUNCTION city.act IS 'move_task for the account of this transaction, on a task in its scope.';

-- -- who may call them
GRANT EXECUTE ON FUNCTION city.act TO citygrid_api;
GRANT EXECUTE ON FUNCTION city.capacities, city.legal_moves TO citygrid_reader, citygrid_sinks;
GRANT EXECUTE ON FUNCTION city.due_of, city.move_task TO citygrid_sinks;
