-- depends: 0016.patrol
-- The service clock. A rule says how long there is to respond, and whether that counts day and night or while offices are open;
-- alerts carry it. Until when that is, city.due says for every task and nothing else does: docs/decisions/0035-due-and-route.md

-- Every day of the years whose working days are known (database/service_calendar.py); a day that is not here is not known.
CREATE TABLE city.office_day (
    day date PRIMARY KEY,
    works boolean NOT NULL,
    number integer NOT NULL -- how many working days came before it
);
CREATE UNIQUE INDEX ON city.office_day (number) WHERE works;
CREATE TABLE city.office_hours (
    opens time PRIMARY KEY,
    closes time NOT NULL CHECK (closes > opens),
    before interval NOT NULL -- office time of the day before it opens
);
GRANT SELECT, INSERT, UPDATE, DELETE ON city.office_day, city.office_hours TO citygrid_sinks;

CREATE FUNCTION city.office_day_length() RETURNS interval LANGUAGE sql STABLE
BEGIN ATOMIC SELECT sum(h.closes - h.opens) FROM city.office_hours h; END;

-- Office time is a line that rises while offices are open: what is due after some of it is where the line is that much higher.
CREATE FUNCTION city.office_time(at timestamptz) RETURNS interval LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT d.number * city.office_day_length() + CASE WHEN d.works
        THEN (SELECT coalesce(sum(least(h.closes, local.clock) - h.opens), '0') FROM city.office_hours h WHERE h.opens < local.clock)
        ELSE interval '0' END
    FROM (SELECT (at AT TIME ZONE 'Asia/Shanghai')::date AS day, (at AT TIME ZONE 'Asia/Shanghai')::time AS clock) local
    JOIN city.office_day d ON d.day = local.day;
END;
COMMENT ON FUNCTION city.office_time IS 'For how long offices had been open by then, since the first day known. NULL: that day is not known.';

CREATE FUNCTION city.office_instant(worked interval) RETURNS timestamptz LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT (d.day + h.opens + (worked - d.number * city.office_day_length() - h.before)) AT TIME ZONE 'Asia/Shanghai'
    FROM city.office_day d JOIN city.office_hours h ON h.before < worked - d.number * city.office_day_length()
    WHERE d.works
        AND d.number = (ceil(extract(epoch FROM worked) / extract(epoch FROM city.office_day_length())) - 1)::integer
    ORDER BY h.before DESC LIMIT 1;
END;
COMMENT ON FUNCTION city.office_instant IS 'The first instant by which offices had been open for so long. NULL: it lies in a year that is not known.';

CREATE FUNCTION city.service_time(within integer, unit text) RETURNS interval LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT CASE unit WHEN 'working_day' THEN within * city.office_day_length() ELSE make_interval(mins => within) END;
END;

CREATE FUNCTION city.elapsed(begins timestamptz, ends timestamptz, unit text) RETURNS interval LANGUAGE sql STABLE
BEGIN ATOMIC
    -- A server's clock that was put back took no time.
    SELECT CASE WHEN ends <= begins THEN '0'
        WHEN unit = 'minute' THEN make_interval(secs => extract(epoch FROM ends - begins)::double precision)
        ELSE city.office_time(ends) - city.office_time(begins) END;
END;
COMMENT ON FUNCTION city.elapsed IS 'How much of a service time went by. NULL: it counts working hours of a year that is not known.';

CREATE FUNCTION city.due(begins timestamptz, within integer, unit text, spent interval DEFAULT '0') RETURNS timestamptz LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT CASE unit WHEN 'minute' THEN begins + (city.service_time(within, unit) - spent)
        ELSE city.office_instant(city.office_time(begins) + city.service_time(within, unit) - spent) END;
END;
COMMENT ON FUNCTION city.due IS
    'Until when there is time from `begins` on, of which some is spent. NULL: it lies in a year whose working days are not known yet.';

ALTER TABLE city.alert
    ADD COLUMN respond_within integer CHECK (respond_within >= 0),
    ADD COLUMN respond_unit text NOT NULL DEFAULT 'minute' CHECK (respond_unit IN ('minute', 'working_minute', 'working_day'));
ALTER TABLE city.task
    ADD COLUMN respond_within integer CHECK (respond_within >= 0), -- from dispatch on, but for the time of its suspensions
    ADD COLUMN respond_unit text NOT NULL DEFAULT 'minute' CHECK (respond_unit IN ('minute', 'working_minute', 'working_day'));
ALTER TABLE city.alert ALTER COLUMN respond_within SET STATISTICS 0, ALTER COLUMN respond_unit SET STATISTICS 0;
ALTER TABLE city.task ALTER COLUMN respond_within SET STATISTICS 0, ALTER COLUMN respond_unit SET STATISTICS 0;
-- Tasks from before have as many minutes as their alert gave; its stage says the alert again, with its service time.
UPDATE city.task t SET respond_within = greatest(0, round(extract(epoch FROM a.respond_by - a.opened_at) / 60))
FROM city.alert a WHERE a.finding_id = t.finding_id AND a.respond_by IS NOT NULL;

CREATE FUNCTION city.due_of(its city.task, again_at timestamptz DEFAULT NULL) RETURNS timestamptz LANGUAGE sql STABLE
BEGIN ATOMIC
    -- It runs from its dispatch and from each resumption until it is suspended; the last run has no end yet.
    SELECT CASE WHEN count(*) FILTER (WHERE run.ends IS NOT NULL) = count(run.took) THEN
        city.due(max(run.begins) FILTER (WHERE run.ends IS NULL), its.respond_within, its.respond_unit,
            coalesce(sum(run.took) FILTER (WHERE run.ends IS NOT NULL), '0')) END
    FROM (
        SELECT turn.begins, turn.ends, CASE WHEN turn.ends IS NOT NULL THEN city.elapsed(turn.begins, turn.ends, its.respond_unit) END AS took
        FROM (
            SELECT e.move, e.at AS begins, lead(e.at) OVER (ORDER BY e.number) AS ends
            FROM (SELECT h.move, h.at, h.number FROM city.task_event h WHERE h.task = its.id AND h.move IN ('dispatch', 'suspend', 'resume')
                  UNION ALL SELECT 'resume', again_at, 2147483647 WHERE again_at IS NOT NULL) e
        ) turn
        WHERE turn.move <> 'suspend'
    ) run;
END;
COMMENT ON FUNCTION city.due_of IS
    'Until when a task that runs is to be responded to, by its history; again_at: as if it were resumed then. NULL: as in city.due.';
GRANT EXECUTE ON FUNCTION city.office_day_length, city.office_time, city.office_instant, city.service_time, city.elapsed, city.due, city.due_of
    TO citygrid_sinks;

CREATE FUNCTION city.learn_calendar(first date, works boolean[], opens time[], closes time[]) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    LOCK TABLE city.office_day, city.office_hours IN SHARE ROW EXCLUSIVE MODE; -- one at a time; who reads does not wait
    IF works IS NOT DISTINCT FROM (SELECT array_agg(d.works ORDER BY d.day) FROM city.office_day d)
        AND first = (SELECT min(d.day) FROM city.office_day d)
        AND (opens, closes) = (SELECT array_agg(h.opens ORDER BY h.opens), array_agg(h.closes ORDER BY h.opens) FROM city.office_hours h)
    THEN
        RETURN false;
    END IF;
    DELETE FROM city.office_day;
    INSERT INTO city.office_day (day, works, number)
    SELECT first + (one.position - 1)::integer, one.works,
        coalesce(sum(one.works::integer) OVER (ORDER BY one.position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
    FROM unnest(learn_calendar.works) WITH ORDINALITY AS one(works, position);
    DELETE FROM city.office_hours;
    INSERT INTO city.office_hours (opens, closes, before)
    SELECT one.opens, one.closes,
        coalesce(sum(one.closes - one.opens) OVER (ORDER BY one.opens ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), '0')
    FROM unnest(learn_calendar.opens, learn_calendar.closes) AS one(opens, closes);
    -- What is open is due by what is known now. Alerts before tasks, as the sinks lock them.
    UPDATE city.alert a SET respond_by = due.now
    FROM (SELECT b.finding_id, city.due(b.opened_at, b.respond_within, b.respond_unit) AS now FROM city.alert b
          WHERE b.state = 'opened' AND NOT b.deleted AND b.respond_unit <> 'minute' ORDER BY b.finding_id FOR NO KEY UPDATE) due
    WHERE due.finding_id = a.finding_id AND a.respond_by IS DISTINCT FROM due.now;
    WITH moved AS (
        UPDATE city.task t SET respond_by = due.now
        FROM (SELECT u.id, city.due_of(u) AS now FROM city.task u
              WHERE u.state IN ('dispatched', 'acknowledged') AND u.respond_unit <> 'minute' ORDER BY u.id FOR NO KEY UPDATE) due
        WHERE due.id = t.id AND t.respond_by IS DISTINCT FROM due.now
        RETURNING t.id, t.queue, t.domain)
    INSERT INTO city.feed (kind, key, place, domain) SELECT 'task', m.id::text, m.queue, m.domain FROM moved m;
    NOTIFY city_feed;
    RETURN true;
END $$;
COMMENT ON FUNCTION city.learn_calendar IS
    'From `first` on, whether offices work on each day, and from when to when: whether that was new. Open tasks are due by it.';
GRANT EXECUTE ON FUNCTION city.learn_calendar TO citygrid_sinks;

-- As in 0006, but for the times at which a task is due.
CREATE OR REPLACE FUNCTION city.follow_up(its city.task) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
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

CREATE OR REPLACE FUNCTION city.move_task(its_id uuid, its_move text, actor uuid, because text DEFAULT NULL, detail jsonb DEFAULT '{}',
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

-- Its columns are those of the table when it is made.
CREATE OR REPLACE FUNCTION city.my_open_tasks() RETURNS SETOF city.task LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT t.* FROM city.me() m JOIN city.task t ON t.queue >= city.sees_from() AND t.queue < city.sees_until()
    WHERE t.state IN ('dispatched', 'acknowledged', 'suspended') AND (m.domains IS NULL OR t.domain = ANY (m.domains))
        AND (t.claimed_by IS NULL OR t.claimed_by = m.account OR m.role = 'command_centre');
END;
