-- depends: 0034.retention
-- A centre plans its grids' shifts on a page: docs/decisions/0046-punctual-and-push.md

CREATE FUNCTION city.plan_day(its_grid text, day date, lines jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me record; one record; planned jsonb := '[]';
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
    DELETE FROM city.shift s WHERE s.grid = its_grid AND (s.begins AT TIME ZONE 'Asia/Shanghai')::date = day AND s.begins > now();
    PERFORM city.plan_shifts(planned);
EXCEPTION WHEN unique_violation OR cardinality_violation THEN
    RAISE EXCEPTION 'Two lines are the same shift.' USING ERRCODE = 'CG422', DETAIL = 'shift-twice';
END $$;
COMMENT ON FUNCTION city.plan_day IS
    'Of this grid''s day the lines are the whole, but for shifts that have begun. CG403: not their grid; CG422: no worker of it, or not ahead.';
GRANT EXECUTE ON FUNCTION city.plan_day TO citygrid_api;
