-- depends: 0021.plates
-- Photos of visits: which lie in the store outside, of which case, by whom. docs/decisions/0040-photos.md

CREATE TABLE city.visit_photo (
    id uuid NOT NULL,      -- its name in the store
    task uuid NOT NULL,    -- no reference: a case goes (city.forget) before its photos do, which lie elsewhere
    account uuid NOT NULL REFERENCES city.account,
    account_name text NOT NULL, -- as it was then
    taken_at timestamptz NOT NULL, -- as the tablet states it, within the bounds of a visit
    sent_at timestamptz NOT NULL DEFAULT now(),
    request uuid, -- of the tablet: the same photo sent twice is one
    PRIMARY KEY (task, id),
    UNIQUE (task, account, request)
);
CREATE INDEX ON city.visit_photo (id);
DO $$ BEGIN PERFORM city.keep_no_statistics('city.visit_photo'); END $$;
ALTER TABLE city.visit_photo ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.visit_photo TO citygrid_owner USING (true);
CREATE POLICY sees ON city.visit_photo FOR SELECT TO citygrid_reader USING (EXISTS (SELECT FROM city.task t WHERE t.id = visit_photo.task));
GRANT SELECT ON city.visit_photo TO citygrid_reader;

-- As city.visit has it: what is in the worker's queue, was in one, or what they acted on. Everybody else has no such task.
CREATE FUNCTION city.may_visit(its_id uuid) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM city.me() m JOIN city.task t ON t.id = its_id AND t.domain = ANY (coalesce(m.domains, ARRAY[t.domain]))
        WHERE m.role = 'grid_worker' AND (t.queue >= m.scope AND t.queue < m.scope || 'z' OR EXISTS (
            SELECT FROM city.task_event e WHERE e.task = t.id AND (e.actor = m.account OR e.queue >= m.scope AND e.queue < m.scope || 'z'))));
END;

CREATE FUNCTION city.photo_sent(its_task uuid, its_request uuid) RETURNS uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT city.may_visit(its_task) THEN RAISE EXCEPTION 'There is no such task.' USING ERRCODE = 'CG404'; END IF;
    IF (SELECT count(*) FROM city.visit_photo v WHERE v.task = its_task) >= 40 THEN
        RAISE EXCEPTION 'A task has at most 40 photos.' USING ERRCODE = 'CG422';
    END IF;
    RETURN (SELECT v.id FROM city.visit_photo v WHERE v.task = its_task AND v.account = city.my_account() AND v.request = its_request);
END $$;
COMMENT ON FUNCTION city.photo_sent IS
    'Whether the caller may add a photo to the task, before it is stored: NULL, or the photo that this request added already. CG404, CG422.';

CREATE FUNCTION city.keep_photo(its_task uuid, its_id uuid, also uuid[], stated timestamptz, its_request uuid) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE kept uuid := city.photo_sent(its_task, its_request);
BEGIN
    IF kept IS NOT NULL THEN RETURN kept; END IF;
    -- One visit answers all findings of a door, and its photo belongs to each of its cases.
    INSERT INTO city.visit_photo (id, task, account, account_name, taken_at, request)
    SELECT its_id, t.id, m.account, m.name, (city.time_of_visit(stated, t.dispatched_at, now())).happened_at, its_request
    FROM city.task t, city.me() m
    WHERE t.id = its_task OR t.id = ANY (also) AND city.may_visit(t.id)
        AND t.dwelling = (SELECT d.dwelling FROM city.task d WHERE d.id = its_task)
    ON CONFLICT (task, account, request) DO NOTHING;
    SELECT v.id INTO kept FROM city.visit_photo v WHERE v.task = its_task AND v.account = city.my_account() AND v.request = its_request;
    RETURN coalesce(kept, its_id); -- another sending of it came first: that one is kept
END $$;
COMMENT ON FUNCTION city.keep_photo IS
    'A photo is of this visit: of the task and of others at the same door. Whatever state they are in; its name in the store, that of the first sending.';

CREATE FUNCTION city.photos_of(finding uuid) RETURNS TABLE (id uuid, at timestamptz, by text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT v.id, min(v.taken_at), min(v.account_name) FROM city.task t JOIN city.visit_photo v ON v.task = t.id
        WHERE t.finding_id = finding GROUP BY v.id ORDER BY 2, 1 LIMIT 200;
END $$;
COMMENT ON FUNCTION city.photos_of IS 'The photos of a case, as far as the caller sees its tasks; part of the case''s look.';

CREATE FUNCTION city.sees_photo(its_id uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE seen boolean;
BEGIN
    PERFORM city.caller();
    seen := EXISTS (SELECT FROM city.visit_photo v WHERE v.id = its_id);
    PERFORM city.looked('photo', ARRAY[its_id::text], was_found => seen);
    RETURN seen;
END $$;
COMMENT ON FUNCTION city.sees_photo IS 'Whether the caller sees a task that the photo is of. Recorded, seen or not.';

CREATE FUNCTION city.old_photos(most integer) RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT DISTINCT v.id FROM city.visit_photo v
    WHERE NOT EXISTS (SELECT FROM city.visit_photo o JOIN city.task t ON t.id = o.task WHERE o.id = v.id) LIMIT most;
END;
COMMENT ON FUNCTION city.old_photos IS 'Photos whose cases were all forgotten.';

CREATE FUNCTION city.forget_photos(ids uuid[]) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE gone integer;
BEGIN
    DELETE FROM city.visit_photo v WHERE v.id = ANY (ids) AND v.id IN (SELECT city.old_photos(10000));
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
GRANT EXECUTE ON FUNCTION city.old_photos, city.forget_photos TO citygrid_sinks;
GRANT EXECUTE ON FUNCTION city.photo_sent, city.keep_photo TO citygrid_api;
-- As in 0009: the reading functions run as who sees what the policies show.
GRANT CREATE ON SCHEMA city TO citygrid_reader;
GRANT EXECUTE ON FUNCTION city.photos_of, city.sees_photo TO citygrid_api;
ALTER FUNCTION city.photos_of OWNER TO citygrid_reader;
ALTER FUNCTION city.sees_photo OWNER TO citygrid_reader;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
