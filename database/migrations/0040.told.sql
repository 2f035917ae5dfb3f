-- depends: 0039.contested
-- A department that lets a question's time pass is no secret, and neither is who planned a shift; pairs of inhibition are changed by a
-- command. docs/decisions/0045-answers.md, 0038-roster-and-leases.md, 0041-noise.md

-- -- a question that nobody has answered in time

CREATE TABLE city.question_term (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    within integer NOT NULL CHECK (within BETWEEN 1 AND 60),
    unit text NOT NULL CHECK (unit IN ('working_hour', 'working_day'))
);
COMMENT ON TABLE city.question_term IS 'Within which time a department answers a question.';
ALTER TABLE city.question_term ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.question_term TO citygrid_owner USING (true);
INSERT INTO city.question_term VALUES (true, 3, 'working_day'); -- ours, to be confirmed by each city

CREATE OR REPLACE FUNCTION city.set_answer_by() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT city.due(new.asked_at, term.within, term.unit) INTO new.answer_by FROM city.question_term term;
    RETURN new;
END $$;
COMMENT ON FUNCTION city.set_answer_by IS 'A department answers within the term of city.question_term.';

ALTER TABLE city.question ADD COLUMN overdue_at timestamptz; -- when those who see the case were told that its time had passed
CREATE INDEX question_to_tell ON city.question (answer_by, id) WHERE answer IS NULL AND overdue_at IS NULL;
CREATE INDEX question_overdue ON city.question (overdue_at, id) WHERE answer IS NULL AND overdue_at IS NOT NULL;
DO $$ BEGIN PERFORM city.keep_no_statistics('city.question'); END $$;

CREATE FUNCTION city.tell_overdue_questions(as_of timestamptz, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE one record; its city.task; told integer := 0;
BEGIN
    FOR one IN SELECT q.id, q.task FROM city.question q
        WHERE q.answer_by <= as_of AND q.answer IS NULL AND q.overdue_at IS NULL ORDER BY q.answer_by, q.id LIMIT most
    LOOP
        -- Task before question, as whoever asks; what somebody holds is told in the next turn.
        SELECT t.* INTO its FROM city.task t WHERE t.id = one.task FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN its.id IS NULL;
        PERFORM FROM city.question q WHERE q.id = one.id AND q.answer IS NULL AND q.overdue_at IS NULL FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND; -- it is being answered
        UPDATE city.question q SET overdue_at = as_of WHERE q.id = one.id;
        INSERT INTO city.task_event (task, number, move, from_state, to_state, queue, at)
        SELECT its.id, coalesce(max(e.number), 0) + 1, 'question_overdue', its.state, its.state, its.queue, as_of
        FROM city.task_event e WHERE e.task = its.id;
        INSERT INTO city.feed (kind, key, place, domain) VALUES ('task', its.id::text, its.queue, its.domain);
        told := told + 1;
    END LOOP;
    IF told > 0 THEN NOTIFY city_feed; END IF;
    RETURN told;
END $$;
COMMENT ON FUNCTION city.tell_overdue_questions IS
    'Tells whoever sees the case that a department has let the time of its answer pass, once a question: a line of the history and of the feed. How many.';

CREATE FUNCTION city.overdue_questions() RETURNS TABLE (department text, waiting bigint, overdue bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT q.department, count(*), count(*) FILTER (WHERE q.overdue_at IS NOT NULL) FROM city.question q WHERE q.answer IS NULL GROUP BY 1;
END;
COMMENT ON FUNCTION city.overdue_questions IS 'Of each department how many questions wait, and of them those whose time has passed.';
GRANT EXECUTE ON FUNCTION city.tell_overdue_questions, city.overdue_questions TO citygrid_sinks;

-- -- who planned a shift

ALTER TABLE city.shift
    ADD COLUMN planned_by uuid REFERENCES city.account, -- NULL: a command, or planned before this was written
    ADD COLUMN planned_by_name text,                    -- as they were called then
    ADD COLUMN planned_at timestamptz;

-- As in 0019: its columns are those of the table when it is made.
CREATE OR REPLACE FUNCTION city.shift_of(who uuid, at timestamptz) RETURNS SETOF city.shift LANGUAGE sql STABLE
BEGIN ATOMIC
    -- the own ones before those of a colleague
    SELECT s.* FROM city.shift s
    WHERE (s.worker = who OR s.deputy = who) AND s.begins <= at AND s.ends > at AND s.begins > at - interval '24 hours' AND s.ended_at IS NULL
    ORDER BY s.worker <> who, s.ends DESC, s.grid;
END;

CREATE FUNCTION city.keep_planner() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT m.account, m.name, now() INTO new.planned_by, new.planned_by_name, new.planned_at FROM (SELECT) nobody LEFT JOIN city.me() m ON true;
    RETURN new;
END $$;
COMMENT ON FUNCTION city.keep_planner IS 'Who planned a shift, and when, stands with it.';
CREATE TRIGGER planner BEFORE INSERT OR UPDATE OF ends, deputy ON city.shift FOR EACH ROW EXECUTE FUNCTION city.keep_planner();

CREATE FUNCTION city.shifts_in_words(its_grid text, day date) RETURNS text[] LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT ARRAY(SELECT to_char(s.begins AT TIME ZONE 'Asia/Shanghai', 'HH24:MI') || '-' || to_char(s.ends AT TIME ZONE 'Asia/Shanghai', 'HH24:MI')
            || ' ' || w.name || coalesce(' / ' || d.name, '')
        FROM city.shift s JOIN city.account w ON w.id = s.worker LEFT JOIN city.account d ON d.id = s.deputy
        WHERE s.grid = its_grid AND (s.begins AT TIME ZONE 'Asia/Shanghai')::date = day ORDER BY s.begins, w.name);
END;
COMMENT ON FUNCTION city.shifts_in_words IS 'A grid''s day of the roster, a line a shift, as the audit has it.';

-- As in 0034; what the day was and what it is now stand in the audit.
CREATE OR REPLACE FUNCTION city.plan_day(its_grid text, day date, lines jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me record; one record; planned jsonb := '[]'; before text[];
BEGIN
    SELECT m.* INTO me FROM city.me() m;
    IF me.account IS NULL THEN RAISE EXCEPTION 'Log in first.' USING ERRCODE = 'CG401'; END IF;
    IF me.role <> 'command_centre' OR length(me.scope) > 9 OR me.domains IS NOT NULL OR NOT starts_with(its_grid, me.scope) THEN
        RAISE EXCEPTION 'A street''s, a district''s or the city''s command centre plans the shifts of its own grids.' USING ERRCODE = 'CG403';
    END IF;
    FOR one IN
        SELECT l.*, w.id AS worker_id, d.id AS deputy_id
        FROM jsonb_to_recordset(lines) AS l(begins timestamptz, ends timestamptz, worker text, deputy text)
        LEFT JOIN city.account w ON w.name = l.worker AND w.role = 'grid_worker' AND w.disabled_at IS NULL AND starts_with(its_grid, w.scope)
        LEFT JOIN city.account d ON d.name = l.deputy AND d.role = 'grid_worker' AND d.disabled_at IS NULL AND starts_with(its_grid, d.scope)
    LOOP
        IF one.worker_id IS NULL OR one.deputy IS NOT NULL AND one.deputy_id IS NULL OR one.worker_id = one.deputy_id THEN
            RAISE EXCEPTION 'Worker and deputy are two grid workers who see grid %.', its_grid USING ERRCODE = 'CG422', DETAIL = 'shift-worker';
        END IF;
        IF one.begins <= now() OR (one.begins AT TIME ZONE 'Asia/Shanghai')::date <> day THEN
            RAISE EXCEPTION 'A shift that is planned lies ahead.' USING ERRCODE = 'CG422', DETAIL = 'shift-begun';
        END IF;
        planned := planned || jsonb_build_object('grid', its_grid, 'begins', one.begins, 'ends', one.ends, 'worker', one.worker_id, 'deputy', one.deputy_id);
    END LOOP;
    -- Two centres may plan a day at once: the later is the whole of it.
    PERFORM pg_advisory_xact_lock(hashtext('city.plan_day'), hashtext(its_grid));
    before := city.shifts_in_words(its_grid, day);
    DELETE FROM city.shift s WHERE s.grid = its_grid AND (s.begins AT TIME ZONE 'Asia/Shanghai')::date = day AND s.begins > now();
    PERFORM city.plan_shifts(planned);
    PERFORM city.record_act('shift', ARRAY[its_grid || ' ' || day] || ARRAY(SELECT '- ' || was FROM unnest(before) was)
        || ARRAY(SELECT '+ ' || is_now FROM unnest(city.shifts_in_words(its_grid, day)) is_now), 'plan');
EXCEPTION WHEN unique_violation OR cardinality_violation THEN
    RAISE EXCEPTION 'Two lines are the same shift.' USING ERRCODE = 'CG422', DETAIL = 'shift-twice';
END $$;

-- As in 0019, and who planned it.
DROP FUNCTION city.roster;
CREATE FUNCTION city.roster(from_at timestamptz, until_at timestamptz) RETURNS TABLE (grid text, begins timestamptz, ends timestamptz, worker text,
    deputy text, on_duty text, ended_at timestamptz, note text, planned_by text, planned_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF city.my_role() IS NULL THEN RAISE EXCEPTION 'Log in first.' USING ERRCODE = 'CG401'; END IF;
    RETURN QUERY SELECT s.grid, s.begins, s.ends, w.name, d.name,
            CASE WHEN s.begins <= now() AND s.ends > now() AND s.ended_at IS NULL THEN
                CASE WHEN city.on_duty(w.id, w.scope) THEN w.name WHEN city.on_duty(d.id, d.scope) THEN d.name END END,
            s.ended_at, s.note, s.planned_by_name, s.planned_at
        FROM city.shift s JOIN city.account w ON w.id = s.worker LEFT JOIN city.account d ON d.id = s.deputy
        WHERE s.begins < until_at AND s.ends > from_at AND s.begins > from_at - interval '24 hours'
            AND s.grid >= city.sees_from() AND s.grid < city.sees_until()
        ORDER BY s.begins, s.grid, w.name LIMIT 1000;
END $$;
COMMENT ON FUNCTION city.roster IS 'Shifts of the caller''s area that lie between two instants; on_duty: who serves one that runs now. At most 1,000.';
GRANT EXECUTE ON FUNCTION city.roster TO citygrid_api;

-- -- pairs of inhibition

CREATE FUNCTION city.keep_inhibitions(pairs jsonb) RETURNS integer LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE concerned text[]; changed integer;
BEGIN
    -- Whoever writes alerts has read the pairs first (city.hold_inhibition): each is before this, or knows them as they are now.
    LOCK TABLE city.inhibition IN ACCESS EXCLUSIVE MODE;
    WITH wanted AS (SELECT p.rule, p.inhibits FROM jsonb_to_recordset(pairs) AS p(rule text, inhibits text)),
        ended AS (DELETE FROM city.inhibition i WHERE NOT EXISTS (SELECT FROM wanted w WHERE (w.rule, w.inhibits) = (i.rule, i.inhibits)) RETURNING i.inhibits),
        added AS (INSERT INTO city.inhibition SELECT w.rule, w.inhibits FROM wanted w ON CONFLICT DO NOTHING RETURNING inhibits)
    SELECT array_agg(inhibits), count(*) INTO concerned, changed FROM (SELECT inhibits FROM ended UNION ALL SELECT inhibits FROM added) both_ways;
    PERFORM city.settle(ARRAY(SELECT a.finding_id FROM city.alert a WHERE a.rule = ANY (concerned) AND a.state = 'opened' AND NOT a.deleted));
    RETURN changed;
END $$;
COMMENT ON FUNCTION city.keep_inhibitions IS
    'These pairs {rule, inhibits} are all that there are; what that shows or hides is settled in the same transaction. How many pairs came or went.';

-- -- the head of an area

CREATE FUNCTION city.workers_on_duty_in(area text) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT count(*) FROM city.account a
    WHERE a.role = 'grid_worker' AND a.disabled_at IS NULL AND a.scope >= city.sees_from() AND a.scope < city.sees_until()
        AND starts_with(a.scope, area) AND city.on_duty(a.id, a.scope);
END;
COMMENT ON FUNCTION city.workers_on_duty_in IS 'As city.workers_on_duty, of those whose scope lies in an area.';
GRANT EXECUTE ON FUNCTION city.workers_on_duty_in TO citygrid_reader;

-- -- what is read of it

-- As in 0023; task unanswered.
DROP FUNCTION city.alerts_where;
CREATE FUNCTION city.alerts_where(wanted jsonb, scope text) RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN concat_ws(' AND ', 'NOT deleted', city.in_area('place', wanted ->> 'area', scope),
        CASE coalesce(wanted ->> 'state', 'open') 
            WHEN 'open' THEN city.shown_where() WHEN 'opened' THEN city.shown_where()
            WHEN 'inhibited' THEN 'state = ''opened'' AND inhibited_by IS NOT NULL' WHEN 'silenced' THEN 'state = ''opened'' AND silenced_by IS NOT NULL'
            WHEN 'resolved' THEN 'state = ''resolved''' WHEN 'held' THEN 'state = ''held'' AND NOT unknown'
            WHEN 'unknown' THEN 'unknown AND state <> ''resolved'' AND inhibited_by IS NULL AND silenced_by IS NULL' WHEN 'any' THEN 'state <> ''held''' ELSE 'false' END,
        -- below a district by the place alone: without statistics the rule looks as good
        CASE WHEN wanted ? 'rule' THEN CASE WHEN greatest(length(wanted ->> 'area'), length(scope)) > 6 THEN '(rule || '''')' ELSE 'rule' END
            || ' = $1 ->> ''rule''' END,
        CASE WHEN wanted ? 'line' THEN 'line = $1 ->> ''line''' END,
        CASE WHEN wanted ? 'severity' THEN 'severity = $1 ->> ''severity''' END,
        CASE WHEN wanted ? 'department' THEN 'because @> jsonb_build_array(jsonb_build_object(''department'', $1 ->> ''department''))' END,
        nullif(city.due_where('due', wanted), ''),
        CASE WHEN wanted ? 'opened_from' THEN 'opened_at > ($1 ->> ''opened_from'')::timestamptz' END,
        CASE
            -- a department lets the time of its answer pass: those that wait longest, as many as are counted
            WHEN wanted ->> 'task' = 'unanswered' THEN format('finding_id = ANY (ARRAY(SELECT t.finding_id FROM city.question q
                JOIN city.task t ON t.id = q.task WHERE q.answer IS NULL AND q.overdue_at IS NOT NULL %s ORDER BY q.overdue_at, q.id LIMIT 1001))',
                CASE WHEN wanted ? 'assignee' THEN 'AND t.claimed_by = ($1 ->> ''assignee'')::uuid' END)
            -- few tasks: they are looked up first, and not one for each alert; what waits for a centre, oldest first, as many as are counted
            WHEN wanted ? 'assignee' OR wanted ->> 'task' IN ('waiting', 'escalated', 'asking', 'fed_back') THEN
                format('finding_id = ANY (ARRAY(SELECT t.finding_id FROM city.task t WHERE %s %s))',
                    concat_ws(' AND ', city.task_state_where(coalesce(wanted ->> 'task', 'open')),
                        CASE WHEN wanted ? 'assignee' THEN 't.claimed_by = ($1 ->> ''assignee'')::uuid' END,
                        -- of whose level the reader is, or that went on to one above
                        CASE wanted ->> 'task' WHEN 'escalated' THEN format('t.escalated_to = ANY (%L::text[])', city.levels_from(scope)) END,
                        CASE wanted ->> 'task' WHEN 'fed_back' THEN city.in_area('queue', wanted ->> 'area', scope) END),
                    CASE wanted ->> 'task' WHEN 'fed_back' THEN 'ORDER BY t.finished_at, t.id LIMIT 1001' END)
            WHEN wanted ? 'task' THEN format('EXISTS (SELECT FROM city.task t WHERE t.finding_id = a.finding_id AND %s)',
                city.task_state_where(wanted ->> 'task')) END);
END $$;

CREATE FUNCTION city.questions_overdue(its_department text) RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    IF NOT city.sees_department(its_department) THEN RETURN 0; END IF;
    RETURN (SELECT count(*) FROM (SELECT FROM city.question q WHERE q.department = its_department AND q.answer IS NULL AND q.answer_by <= now()
        LIMIT 1001) few);
END $$;
COMMENT ON FUNCTION city.questions_overdue IS 'How many questions to a department wait past their time, 1,001 at most; 0 where the caller sees none of it.';

CREATE FUNCTION city.summary_in(area text, zone text)
RETURNS TABLE (open bigint, urgent bigint, unknown bigint, opened_last_hour bigint, due_today bigint, overdue bigint, waiting_for_assignment bigint,
    escalated bigint, silenced bigint, asking bigint, unanswered bigint, fed_back bigint, mean_acknowledge_seconds float8, workers_on_duty bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE within jsonb := CASE WHEN area = '' THEN '{}' ELSE jsonb_build_object('area', area) END;
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT city.count_alerts(within || '{"state": "open"}'), city.count_alerts(within || '{"state": "open", "severity": "urgent"}'),
        city.count_alerts(within || '{"state": "unknown"}'),
        city.count_alerts(within || jsonb_build_object('state', 'any', 'opened_from', now() - interval '1 hour')),
        city.count_alerts(within || jsonb_build_object('task', 'running', 'due', 'today', 'zone', zone)),
        city.count_alerts(within || jsonb_build_object('task', 'running', 'due', 'overdue', 'zone', zone)),
        city.count_alerts(within || '{"task": "waiting"}'),
        city.count_alerts(within || '{"task": "escalated"}'),
        city.count_alerts(within || '{"state": "silenced"}'),
        city.count_alerts(within || '{"task": "asking"}'),
        city.count_alerts(within || '{"state": "any", "task": "unanswered"}'),
        city.count_alerts(within || '{"state": "any", "task": "fed_back"}'),
        (SELECT extract(epoch FROM avg(t.acknowledged_at - t.dispatched_at))::float8 FROM city.task t
         WHERE t.acknowledged_at > now() - interval '24 hours' AND starts_with(t.queue, area)),
        CASE WHEN area = '' THEN city.workers_on_duty() ELSE city.workers_on_duty_in(area) END;
END $$;
COMMENT ON FUNCTION city.summary_in IS
    'The head line of an area of the caller''s (empty: all of it); each number is the count of the list that it opens there.';

-- -- whose they are, and who may call them: as in 0009

GRANT EXECUTE ON FUNCTION city.summary_in, city.questions_overdue TO citygrid_api;
GRANT CREATE ON SCHEMA city TO citygrid_reader;
DO $$
DECLARE one regprocedure;
BEGIN
    FOR one IN SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'city'::regnamespace
        AND p.proname IN ('alerts_where', 'summary_in', 'questions_overdue') LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO citygrid_reader', one);
    END LOOP;
END $$;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
