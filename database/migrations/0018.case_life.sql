-- depends: 0017.service_clock
-- A case's life after its work was reported: fed back (state `completed`), verified and closed (`verified`), rated; and the side
-- moves that need a superior's consent. Why so: docs/decisions/0037-case-life.md

-- -- the table of moves

ALTER TABLE city.legal_move
    DROP CONSTRAINT legal_move_from_state_check, DROP CONSTRAINT legal_move_to_state_check, DROP CONSTRAINT legal_move_by_whom_check,
    ADD CHECK (from_state IN ('dispatched', 'acknowledged', 'suspended', 'completed', 'verified')),
    ADD CHECK (to_state IN ('dispatched', 'acknowledged', 'suspended', 'completed', 'verified', 'closed')),
    ADD CHECK (by_whom <@ ARRAY['holder', 'taker', 'centre', 'asker', 'approver', 'answerer', 'reviewer', 'system', 'router'] AND by_whom <> '{}');
COMMENT ON COLUMN city.legal_move.by_whom IS
    'In which capacity, see city.capacities. holder: has claimed the task. taker: any account that sees it while nobody has claimed '
    'it, but for a command centre and a grid''s queue. centre: a command centre that sees it, whoever holds it. approver: such a centre of a '
    'street, a district or the city. asker: holder, taker or centre who is no approver. answerer: an approver while something is asked for. '
    'reviewer: a centre, of work that is done and is not its own. system: no person. router: no person, while nobody '
    'has claimed the task or chosen its queue.';
DELETE FROM city.legal_move WHERE move = 'suspend';
UPDATE city.legal_move SET position = CASE move WHEN 'hand_over' THEN 7 WHEN 'resume' THEN 13 WHEN 'instruct' THEN 14 WHEN 'reroute' THEN 15
    ELSE 16 END WHERE move IN ('hand_over', 'resume', 'instruct', 'reroute', 'close');
INSERT INTO city.legal_move (move, from_state, to_state, by_whom, needs_reason, position) VALUES
    ('verify', 'completed', 'verified', '{reviewer}', false, 4),
    ('send_back', 'completed', 'acknowledged', '{reviewer}', true, 5), -- the reason is what is missing
    ('rate', 'verified', 'verified', '{reviewer}', false, 6),
    ('ask_suspension', 'dispatched', 'dispatched', '{asker}', true, 8),
    ('ask_suspension', 'acknowledged', 'acknowledged', '{asker}', true, 8),
    ('ask_extension', 'dispatched', 'dispatched', '{asker}', true, 9),
    ('ask_extension', 'acknowledged', 'acknowledged', '{asker}', true, 9),
    ('suspend', 'dispatched', 'suspended', '{approver}', true, 10),
    ('suspend', 'acknowledged', 'suspended', '{approver}', true, 10),
    ('extend', 'dispatched', 'dispatched', '{approver}', true, 11),
    ('extend', 'acknowledged', 'acknowledged', '{approver}', true, 11),
    ('decline', 'dispatched', 'dispatched', '{answerer}', true, 12),
    ('decline', 'acknowledged', 'acknowledged', '{answerer}', true, 12);

-- -- the task

ALTER TABLE city.task
    DROP CONSTRAINT task_state_check,
    ADD CONSTRAINT task_state_check CHECK (state IN ('dispatched', 'acknowledged', 'suspended', 'completed', 'verified', 'closed')),
    ADD COLUMN extended integer NOT NULL DEFAULT 0 CHECK (extended >= 0), -- in its respond_unit, beside respond_within
    ADD COLUMN asked text CHECK (asked IN ('suspension', 'extension')),   -- of its approvers; NULL: nothing, or it is answered
    ADD COLUMN asked_because text,
    ADD COLUMN asked_amount integer,
    ADD COLUMN missing text, -- why a centre sent it back last
    ADD COLUMN verified_at timestamptz,
    ADD COLUMN rating text CHECK (rating IN ('good', 'fair', 'poor')),
    ADD CHECK ((state = 'verified') = (verified_at IS NOT NULL)),
    ADD CHECK (rating IS NULL OR state = 'verified');
ALTER TABLE city.task_event ADD COLUMN amount integer; -- of an extension: hours, or days of what counts working days
COMMENT ON COLUMN city.task_event.outcome IS 'Of a visit; of `rate` the rating.';
DO $$ BEGIN
    PERFORM city.keep_no_statistics(about) FROM unnest(ARRAY['city.task', 'city.task_event']::regclass[]) AS about;
END $$;

ALTER TABLE city.observation
    DROP CONSTRAINT observation_because_check,
    ADD CHECK (because IN ('completed', 'closed', 'suspended', 'taken_over', 'handed_over', 'not_acknowledged', 'sent_back'));
COMMENT ON TABLE city.observation IS
    'Visits that did not complete their task: it had ended, stood still, or was no longer the visitor''s; or a centre sent it back.';

DROP INDEX city.task_finished, city.task_finished_in_district, city.task_finished_in_queue, city.task_finished_by;
CREATE INDEX task_finished ON city.task (finished_at, id) WHERE state IN ('completed', 'verified', 'closed');
CREATE INDEX task_finished_in_district ON city.task (district, finished_at, id) WHERE state IN ('completed', 'verified', 'closed');
CREATE INDEX task_finished_in_queue ON city.task (queue, finished_at) WHERE state IN ('completed', 'verified', 'closed');
CREATE INDEX task_finished_by ON city.task (claimed_by, finished_at, id) WHERE state IN ('completed', 'verified', 'closed');
CREATE INDEX task_fed_back ON city.task (finished_at, id) WHERE state = 'completed' AND outcome = 'done';
CREATE INDEX task_fed_back_in_district ON city.task (district, finished_at, id) WHERE state = 'completed' AND outcome = 'done';
CREATE INDEX task_asking ON city.task (queue) WHERE asked IS NOT NULL;

-- -- who may do what

DROP FUNCTION city.show_tasks, city.show_alerts, city.legal_moves, city.capacities;
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
        its.claimed_by IS NULL AND (role IS DISTINCT FROM 'command_centre' OR length(its.queue) < 15) AS takes,
        coalesce(role = 'command_centre' AND length(scope) <= 9, false) AS approves) one;
END;
COMMENT ON FUNCTION city.capacities IS
    'In which capacities of legal_move.by_whom an account of this scope that sees the task acts on it; who NULL: the system.';

CREATE FUNCTION city.legal_moves(its city.task, who uuid, role text, scope text) RETURNS SETOF city.legal_move LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT l.* FROM city.legal_move l
    WHERE l.from_state = its.state AND l.by_whom && city.capacities(its, who, role, scope)
        -- what another task followed goes on there
        AND (l.move <> 'send_back' OR NOT EXISTS (SELECT FROM city.task later WHERE later.previous = its.id))
    ORDER BY l.position;
END;
COMMENT ON FUNCTION city.legal_moves IS 'What this account may do now with this task, which it sees, in the order of a form.';
GRANT EXECUTE ON FUNCTION city.capacities, city.legal_moves TO citygrid_reader, citygrid_sinks;
GRANT SELECT (scope) ON city.account TO citygrid_sinks;

-- -- the clock

CREATE OR REPLACE FUNCTION city.due_of(its city.task, again_at timestamptz DEFAULT NULL) RETURNS timestamptz LANGUAGE sql STABLE
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

-- -- the moves

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

CREATE OR REPLACE FUNCTION city.move_task(its_id uuid, its_move text, actor uuid, because text DEFAULT NULL, detail jsonb DEFAULT '{}',
    request_id uuid DEFAULT NULL, moved_at timestamptz DEFAULT now())
RETURNS city.task LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old city.task; new city.task; legal city.legal_move; event city.task_event; by_name text; by_role text; by_scope text; others text;
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
    UPDATE city.task t SET (queue, handed_over, state, claimed_by, respond_by, suspended_from, suspended_at, acknowledged_at, finished_at,
            seen_at, outcome, note, checks, closed_zh, closed_en, revision, extended, asked, asked_because, asked_amount, missing,
            verified_at, rating)
        = (new.queue, new.handed_over, new.state, new.claimed_by, new.respond_by, new.suspended_from, new.suspended_at, new.acknowledged_at,
            new.finished_at, new.seen_at, new.outcome, new.note, new.checks, new.closed_zh, new.closed_en, new.revision, new.extended,
            new.asked, new.asked_because, new.asked_amount, new.missing, new.verified_at, new.rating)
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
    -- What moves a deadline, or makes a finding's task open.
    IF its_move IN ('resume', 'extend', 'send_back') OR (its_move = 'complete' AND detail ->> 'outcome' IN ('nobody_home', 'refused')) THEN
        PERFORM city.hold_finding(its_id);
    END IF;
    RETURN city.move_task(its_id, its_move, me, because, detail, request_id);
END $$;

CREATE OR REPLACE FUNCTION city.visit(its_id uuid, seen jsonb, stated timestamptz DEFAULT NULL, request_id uuid DEFAULT NULL,
    OUT kept_as text, OUT because text, OUT seen_at timestamptz, OUT sent_at timestamptz, OUT bound text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me record; its city.task; event city.task_event;
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
    IF seen ->> 'outcome' IN ('nobody_home', 'refused') THEN
        PERFORM city.hold_finding(its_id);
    END IF;
    SELECT * INTO its FROM city.task t WHERE t.id = its_id FOR UPDATE;
    SELECT * INTO event FROM city.task_event e
    WHERE e.task = its_id AND e.actor = me.account AND e.move IN ('complete', 'observe')
        AND (e.request = request_id OR me.role <> 'grid_worker') -- sent again, or done above
    ORDER BY e.number DESC LIMIT 1;
    IF event.task IS NULL AND EXISTS (SELECT FROM city.legal_moves(its, me.account, me.role, me.scope) l WHERE l.move = 'complete') THEN
        PERFORM city.move_task(its_id, 'complete', me.account, NULL, seen || jsonb_build_object('seen_at', stated), request_id);
        SELECT * INTO event FROM city.task_event e WHERE e.task = its_id ORDER BY e.number DESC LIMIT 1;
    ELSIF event.task IS NULL THEN
        event := city.observe(its, me.account, CASE
            WHEN its.state IN ('completed', 'closed') THEN its.state
            WHEN its.state = 'verified' THEN 'completed'
            WHEN its.claimed_by <> me.account THEN 'taken_over'
            WHEN NOT (its.queue >= me.scope AND its.queue < me.scope || 'z') THEN 'handed_over'
            WHEN its.state = 'suspended' THEN 'suspended'
            ELSE 'not_acknowledged' END, seen, stated, request_id);
    END IF;
    kept_as := CASE event.move WHEN 'complete' THEN 'completion' ELSE 'observation' END;
    because := CASE event.move WHEN 'observe' THEN
        (SELECT o.because FROM city.observation o WHERE (o.task, o.number) = (event.task, event.number)) END;
    seen_at := event.happened_at;
    sent_at := event.at;
    bound := (city.time_of_visit(event.stated_at, its.dispatched_at, event.at)).bound;
END $$;

-- Its columns are those of the table when it is made.
CREATE OR REPLACE FUNCTION city.my_open_tasks() RETURNS SETOF city.task LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT t.* FROM city.me() m JOIN city.task t ON t.queue >= city.sees_from() AND t.queue < city.sees_until()
    WHERE t.state IN ('dispatched', 'acknowledged', 'suspended') AND (m.domains IS NULL OR t.domain = ANY (m.domains))
        AND (t.claimed_by IS NULL OR t.claimed_by = m.account OR m.role = 'command_centre');
END;

-- -- what is read of it

DROP FUNCTION city.alerts_where, city.task_state_where, city.tasks_where, city.list_tasks, city.timeline_of;
ALTER TYPE city.shown_task ADD ATTRIBUTE respond_unit text, ADD ATTRIBUTE asked text, ADD ATTRIBUTE asked_because text,
    ADD ATTRIBUTE asked_amount integer, ADD ATTRIBUTE missing text, ADD ATTRIBUTE verified_at timestamptz, ADD ATTRIBUTE rating text;
ALTER TYPE city.shown_alert ADD ATTRIBUTE task_asked text;

CREATE FUNCTION city.show_tasks(ids uuid[]) RETURNS SETOF city.shown_task LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
BEGIN ATOMIC
    SELECT t.id, t.finding_id, t.rule, t.queue, t.state, t.suspended_from, t.claimed_by, t.severity, t.respond_by, t.dispatched_at,
        t.acknowledged_at, t.finished_at, t.seen_at, t.outcome, t.note, t.checks, t.closed_zh, t.closed_en,
        nullif(regexp_replace(t.dwelling, '^(grid|district)/[0-9]+$', ''), ''), a.why_zh, a.why_en, a.unknown, c.name, t.outcome_before,
        ARRAY(SELECT l.move FROM city.legal_moves(t, (SELECT city.my_account()), (SELECT city.my_role()), (SELECT city.sees_from())) l),
        p.*, (t.domain <> 'sos')::integer,
        t.respond_unit, t.asked, t.asked_because, t.asked_amount, t.missing, t.verified_at, t.rating
    FROM city.task t
    LEFT JOIN city.alert a ON a.finding_id = t.finding_id
    LEFT JOIN city.account c ON c.id = t.claimed_by
    LEFT JOIN LATERAL city.show_place(t.dwelling) p ON true
    WHERE t.id = ANY (ids) ORDER BY array_position(ids, t.id);
END;
COMMENT ON FUNCTION city.show_tasks IS 'These tasks, in this order, each with its place and the caller''s legal moves, as far as the caller sees them.';

CREATE FUNCTION city.show_alerts(ids uuid[]) RETURNS SETOF city.shown_alert LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
BEGIN ATOMIC
    SELECT a.finding_id, a.rule, a.rule_version, a.state, a.unknown, a.view, a.subject, a.severity, a.why_zh, a.why_en,
        -- what concerns a whole grid or district has a place and no door that one could look up or scan
        nullif(regexp_replace(a.dwelling, '^(grid|district)/[0-9]+$', ''), ''), a.household, a.opened_at, a.changed_at, a.respond_by,
        a.cause, a.because, a.resolution_zh, a.resolution_en, p.*,
        t.id, t.state, t.queue, t.outcome, t.respond_by, t.dispatched_at, (a.domain <> 'sos')::integer, a.due, c.name, t.asked
    FROM city.alert a
    LEFT JOIN LATERAL city.show_place(a.dwelling) p ON true
    LEFT JOIN LATERAL (SELECT * FROM city.task WHERE finding_id = a.finding_id ORDER BY dispatched_at DESC, id DESC LIMIT 1) t ON true
    LEFT JOIN city.account c ON c.id = t.claimed_by
    WHERE a.finding_id = ANY (ids) ORDER BY array_position(ids, a.finding_id);
END;
COMMENT ON FUNCTION city.show_alerts IS 'These alerts, in this order, each with its place and its newest task, as far as the caller sees them.';

CREATE FUNCTION city.timeline_of(finding uuid) RETURNS TABLE (at timestamptz, kind text, by text, note text, happened_at timestamptz,
    outcome text, amount integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT e.at, e.move, e.actor_name, e.reason, e.happened_at, e.outcome, e.amount
        FROM city.task t JOIN city.task_event e ON e.task = t.id
        WHERE t.finding_id = finding ORDER BY e.at, e.task, e.number LIMIT 500;
END $$;
COMMENT ON FUNCTION city.timeline_of IS 'What was done about a finding, as far as the caller sees its tasks; part of the case''s look.';

-- As in 0014, and fed_back, asking. `wanted`: state, rule, severity, area, department, due (overdue, today, later; zone), due_from, due_until,
-- opened_from; and of its task: task (open, running, waiting, asking, fed_back, dispatched, acknowledged, suspended), assignee.
CREATE FUNCTION city.alerts_where(wanted jsonb, scope text) RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN concat_ws(' AND ', 'NOT deleted', city.in_area('place', wanted ->> 'area', scope),
        CASE coalesce(wanted ->> 'state', 'open') WHEN 'open' THEN 'state = ''opened''' WHEN 'opened' THEN 'state = ''opened'''
            WHEN 'resolved' THEN 'state = ''resolved''' WHEN 'held' THEN 'state = ''held'' AND NOT unknown'
            WHEN 'unknown' THEN 'unknown AND state <> ''resolved''' WHEN 'any' THEN 'state <> ''held''' ELSE 'false' END,
        -- below a district by the place alone: without statistics the rule looks as good
        CASE WHEN wanted ? 'rule' THEN CASE WHEN greatest(length(wanted ->> 'area'), length(scope)) > 6 THEN '(rule || '''')' ELSE 'rule' END
            || ' = $1 ->> ''rule''' END,
        CASE WHEN wanted ? 'severity' THEN 'severity = $1 ->> ''severity''' END,
        CASE WHEN wanted ? 'department' THEN 'because @> jsonb_build_array(jsonb_build_object(''department'', $1 ->> ''department''))' END,
        nullif(city.due_where('due', wanted), ''),
        CASE WHEN wanted ? 'opened_from' THEN 'opened_at > ($1 ->> ''opened_from'')::timestamptz' END,
        CASE
            -- few tasks: they are looked up first, and not one for each alert; what waits for a centre, oldest first, as many as are counted
            WHEN wanted ? 'assignee' OR wanted ->> 'task' IN ('waiting', 'asking', 'fed_back') THEN
                format('finding_id = ANY (ARRAY(SELECT t.finding_id FROM city.task t WHERE %s %s))',
                    concat_ws(' AND ', city.task_state_where(coalesce(wanted ->> 'task', 'open')),
                        CASE WHEN wanted ? 'assignee' THEN 't.claimed_by = ($1 ->> ''assignee'')::uuid' END,
                        CASE wanted ->> 'task' WHEN 'fed_back' THEN city.in_area('queue', wanted ->> 'area', scope) END),
                    CASE wanted ->> 'task' WHEN 'fed_back' THEN 'ORDER BY t.finished_at, t.id LIMIT 1001' END)
            WHEN wanted ? 'task' THEN format('EXISTS (SELECT FROM city.task t WHERE t.finding_id = a.finding_id AND %s)',
                city.task_state_where(wanted ->> 'task')) END);
END $$;

CREATE FUNCTION city.task_state_where(wanted text) RETURNS text LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT CASE wanted WHEN 'open' THEN 't.state IN (''dispatched'', ''acknowledged'', ''suspended'')'
        -- the clock of a suspended one stands still; the first condition is the index's
        WHEN 'running' THEN 't.state IN (''dispatched'', ''acknowledged'', ''suspended'') AND t.state <> ''suspended'''
        WHEN 'waiting' THEN 't.state = ''dispatched'' AND t.claimed_by IS NULL AND length(t.queue) < 15'
        WHEN 'asking' THEN 't.asked IS NOT NULL'
        WHEN 'fed_back' THEN 't.state = ''completed'' AND t.outcome = ''done'''
        ELSE format('t.state IN (''dispatched'', ''acknowledged'', ''suspended'', ''completed'', ''closed'') AND t.state = %L', wanted) END;
END;

-- As in 0014, and fed_back, finished.
CREATE FUNCTION city.tasks_where(wanted jsonb, scope text) RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN concat_ws(' AND ', city.in_area('queue', wanted ->> 'area', scope),
        CASE coalesce(wanted ->> 'state', 'open') WHEN 'open' THEN 'state IN (''dispatched'', ''acknowledged'', ''suspended'')'
            WHEN 'running' THEN 'state IN (''dispatched'', ''acknowledged'')' -- the clock of a suspended one stands still
            WHEN 'fed_back' THEN 'state = ''completed'' AND outcome = ''done'''
            WHEN 'finished' THEN 'state IN (''completed'', ''verified'', ''closed'') AND state <> ''closed'''
            ELSE format('state = %L', wanted ->> 'state') END,
        CASE WHEN wanted ? 'rule' THEN 'rule = $1 ->> ''rule''' END,
        CASE WHEN wanted ? 'severity' THEN 'severity = $1 ->> ''severity''' END,
        nullif(city.due_where('respond_by', wanted), ''),
        CASE WHEN wanted ? 'finished_today' THEN format('finished_at >= %L::timestamptz',
            date_trunc('day', now() AT TIME ZONE (wanted ->> 'zone')) AT TIME ZONE (wanted ->> 'zone')) END,
        CASE WHEN wanted ? 'mine' THEN 'claimed_by = (SELECT city.my_account())' END,
        CASE WHEN wanted ? 'assignee' THEN 'claimed_by = ($1 ->> ''assignee'')::uuid' END,
        CASE WHEN wanted ? 'unassigned' THEN 'claimed_by IS NULL AND state = ''dispatched'' AND length(queue) < 15' END);
END $$;

CREATE FUNCTION city.list_tasks(wanted jsonb, most integer, after_rank integer DEFAULT NULL, after_time timestamptz DEFAULT NULL, after_id uuid DEFAULT NULL)
RETURNS SETOF city.shown_task LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_sort = on AS $$
DECLARE
    who record := city.caller(); page uuid[];
    over boolean := coalesce(wanted ->> 'state', '') IN ('fed_back', 'finished', 'completed', 'verified', 'closed');
BEGIN
    PERFORM city.read_in_order(wanted, who.scope);
    EXECUTE format('SELECT ARRAY(SELECT id FROM city.task t WHERE %s %s ORDER BY %s LIMIT $2)', city.tasks_where(wanted, who.scope),
        CASE WHEN after_id IS NULL THEN '' WHEN over THEN 'AND (finished_at, id) < ($4, $5)'
            ELSE 'AND ((domain <> ''sos''), coalesce(respond_by, ''infinity''), id) > ($3 = 1, $4, $5)' END,
        CASE WHEN over THEN 'finished_at DESC, id DESC' ELSE '(domain <> ''sos''), coalesce(respond_by, ''infinity''), id' END)
    INTO page USING wanted, least(most, 201), after_rank, after_time, after_id;
    PERFORM city.looked('task', page::text[]);
    RETURN QUERY SELECT * FROM city.show_tasks(page);
END $$;
COMMENT ON FUNCTION city.list_tasks IS
    'A page of tasks: calls for help first, then what is due first; finished ones, newest first. After: rank, time and id of the last.';

DROP FUNCTION city.summary;
CREATE FUNCTION city.summary(zone text)
RETURNS TABLE (open bigint, urgent bigint, unknown bigint, opened_last_hour bigint, due_today bigint, overdue bigint, waiting_for_assignment bigint,
    asking bigint, fed_back bigint, mean_acknowledge_seconds float8, workers_on_duty bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT city.count_alerts('{"state": "open"}'), city.count_alerts('{"state": "open", "severity": "urgent"}'),
        city.count_alerts('{"state": "unknown"}'),
        city.count_alerts(jsonb_build_object('state', 'any', 'opened_from', now() - interval '1 hour')),
        city.count_alerts(jsonb_build_object('task', 'running', 'due', 'today', 'zone', zone)),
        city.count_alerts(jsonb_build_object('task', 'running', 'due', 'overdue', 'zone', zone)),
        city.count_alerts('{"task": "waiting"}'),
        city.count_alerts('{"task": "asking"}'),
        city.count_alerts('{"state": "any", "task": "fed_back"}'),
        (SELECT extract(epoch FROM avg(t.acknowledged_at - t.dispatched_at))::float8 FROM city.task t
         WHERE t.acknowledged_at > now() - interval '24 hours'),
        city.workers_on_duty();
END $$;
COMMENT ON FUNCTION city.summary IS 'The head line; each number is the count of the list that it opens.';

-- -- whose they are, and who may call them

GRANT CREATE ON SCHEMA city TO citygrid_reader;
DO $$
DECLARE one regprocedure; of_api CONSTANT name[] := ARRAY['list_tasks', 'timeline_of', 'summary'];
BEGIN
    FOR one IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'city'::regnamespace AND p.proname = ANY (of_api) LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO citygrid_api', one);
    END LOOP;
    FOR one IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'city'::regnamespace AND (p.proname = ANY (of_api)
        OR p.proname IN ('show_tasks', 'show_alerts', 'alerts_where', 'task_state_where', 'tasks_where'))
    LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO citygrid_reader', one);
    END LOOP;
END $$;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
