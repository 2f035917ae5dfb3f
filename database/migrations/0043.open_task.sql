-- depends: 0042.news
-- A filter by an open task costs what is listed, in a young city, too.

-- As in 0040, but the open task of an alert is looked up by its finding. No table about people has statistics, and to a planner that
-- knows none the open tasks of the whole city look as few as that one: it went through all of them once for each alert.
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
            -- OFFSET 0: not as a join; there is at most one that is open, which an index says
            WHEN wanted ? 'task' THEN format('EXISTS (SELECT FROM city.task t WHERE t.finding_id = a.finding_id AND %s%s)',
                city.task_state_where(wanted ->> 'task'),
                CASE WHEN wanted ->> 'task' IN ('open', 'running', 'dispatched', 'acknowledged', 'suspended') THEN ' OFFSET 0' END) END);
END $$;

GRANT CREATE ON SCHEMA city TO citygrid_reader;
ALTER FUNCTION city.alerts_where OWNER TO citygrid_reader;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
