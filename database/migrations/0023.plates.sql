-- Door plates: what somebody without an account learns at a door, and what they report there. docs/decisions/0039-door-plates.md

CREATE TABLE city.plate (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    dwelling text COLLATE "C" NOT NULL REFERENCES city.placement,
    code_sha256 bytea NOT NULL UNIQUE CHECK (length(code_sha256) = 32), -- of 128 random bits: nobody guesses one
    made_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
CREATE UNIQUE INDEX one_plate ON city.plate (dwelling) WHERE revoked_at IS NULL;

-- What a community tells everybody; a file of it replaces what stood there (city.load_communities). Nothing here is of a private person.
CREATE TABLE city.community_line (
    community text COLLATE "C" NOT NULL CHECK (community ~ '^[0-9]{12}$'),
    number integer NOT NULL, -- in the order of the file
    kind text NOT NULL CHECK (kind IN ('profile', 'office', 'doctor', 'housekeeper', 'restaurant', 'pharmacy', 'police', 'repair', 'other')),
    name_zh text NOT NULL,
    name_en text,
    about_zh text,
    about_en text,
    address text,
    phone text,
    hours text,
    PRIMARY KEY (community, number)
);
GRANT SELECT ON city.community_line TO citygrid_reader;

CREATE TABLE city.plate_report (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), -- the record's number of the statement, so that it says nothing
    plate uuid NOT NULL REFERENCES city.plate,
    dwelling text COLLATE "C" NOT NULL REFERENCES city.placement,
    category text NOT NULL CHECK (category IN ('exit_blocked', 'wiring', 'building', 'leak', 'lighting', 'rubbish', 'noise', 'other')),
    note text,
    photo uuid, -- its name outside the database
    made_at timestamptz NOT NULL DEFAULT now(),
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'accepted', 'declined')),
    decided_by uuid REFERENCES city.account,
    decided_name text, -- as it was then
    decided_at timestamptz,
    reason text,
    CHECK ((state = 'waiting') = (decided_at IS NULL))
);
CREATE INDEX ON city.plate_report (plate, made_at);
CREATE INDEX ON city.plate_report (state, made_at);
CREATE INDEX ON city.plate_report (dwelling);
DO $$ BEGIN
    PERFORM city.keep_no_statistics(about) FROM unnest(ARRAY['city.plate', 'city.plate_report']::regclass[]) AS about;
END $$;
ALTER TABLE city.plate ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE city.plate_report ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.plate TO citygrid_owner USING (true);
CREATE POLICY owner ON city.plate_report TO citygrid_owner USING (true);
CREATE POLICY sees ON city.plate FOR SELECT TO citygrid_reader USING (EXISTS (SELECT FROM city.placement p WHERE p.dwelling = plate.dwelling));
-- A report is read by the command centre of its place; once it is a case, by whoever sees that case.
CREATE POLICY sees ON city.plate_report FOR SELECT TO citygrid_reader USING (
    (SELECT city.my_role()) = 'command_centre'
        AND ((SELECT city.sees_domains()) IS NULL OR 'facilities' = ANY ((SELECT city.sees_domains())::text[]))
        AND EXISTS (SELECT FROM city.placement p WHERE p.dwelling = plate_report.dwelling)
    OR state = 'accepted' AND EXISTS (SELECT FROM city.alert a
        WHERE a.dwelling = plate_report.dwelling AND a.rule = 'public-report' AND a.cause = plate_report.id::text));
GRANT SELECT ON city.plate, city.plate_report TO citygrid_reader;

-- -- what runs the installation does (as the owner)

CREATE FUNCTION city.load_communities(lines jsonb) RETURNS integer LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE loaded integer;
BEGIN
    DELETE FROM city.community_line WHERE community IN (SELECT l ->> 'community' FROM jsonb_array_elements(lines) l);
    INSERT INTO city.community_line (community, number, kind, name_zh, name_en, about_zh, about_en, address, phone, hours)
    SELECT l.community, l.number, l.kind, l.name_zh, l.name_en, l.about_zh, l.about_en, l.address, l.phone, l.hours
    FROM jsonb_to_recordset(lines) AS l(community text, number integer, kind text, name_zh text, name_en text, about_zh text, about_en text,
        address text, phone text, hours text);
    GET DIAGNOSTICS loaded = ROW_COUNT;
    RETURN loaded;
END $$;
COMMENT ON FUNCTION city.load_communities IS 'The communities that the lines name tell these lines, and nothing that they told before.';

CREATE FUNCTION city.issue_plate(its_dwelling text, its_code_sha256 bytea) RETURNS uuid LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE made uuid;
BEGIN
    PERFORM city.revoke_plate(its_dwelling);
    INSERT INTO city.plate (dwelling, code_sha256) VALUES (its_dwelling, its_code_sha256) RETURNING id INTO made;
    RETURN made;
END $$;
COMMENT ON FUNCTION city.issue_plate IS 'A new plate for a door; the code of the one before is worth nothing from now on.';

CREATE FUNCTION city.revoke_plate(its_dwelling text) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE city.plate p SET revoked_at = now() WHERE p.dwelling = its_dwelling AND p.revoked_at IS NULL;
    RETURN FOUND;
END $$;

-- -- what anybody may do who holds a plate's code: no session. As the owner, so each says itself what it gives away.

CREATE FUNCTION city.plate_of(code text) RETURNS city.plate LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT p.* FROM city.plate p WHERE p.code_sha256 = sha256(convert_to(code, 'UTF8')) AND p.revoked_at IS NULL;
END;

CREATE FUNCTION city.read_plate(code text) RETURNS TABLE (address text, names_zh text[], names_en text[], workers text[], lines jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT p.address, ARRAY[street.name_zh, community.name_zh, area.name_zh], ARRAY[street.name_en, community.name_en, area.name_en],
        -- whoever works in this very grid, if the account says what to call them; no desk, doctor or centre
        ARRAY(SELECT a.shown_as FROM city.account a
            WHERE a.role = 'grid_worker' AND a.scope = p.grid AND a.domains IS NULL AND a.disabled_at IS NULL AND a.shown_as IS NOT NULL
            ORDER BY a.shown_as LIMIT 5),
        (SELECT coalesce(jsonb_agg(to_jsonb(l) - 'community' - 'number' ORDER BY l.number), '[]')
            FROM city.community_line l WHERE l.community = left(p.grid, 12))
    FROM city.plate_of(code) plate
    JOIN city.placement p ON p.dwelling = plate.dwelling
    LEFT JOIN city.grid_area street ON street.grid = left(p.grid, 9)
    LEFT JOIN city.grid_area community ON community.grid = left(p.grid, 12)
    LEFT JOIN city.grid_area area ON area.grid = p.grid;
END;
COMMENT ON FUNCTION city.read_plate IS
    'What a door plate tells everybody: the address, who serves the grid as they allow to be called, what the community says of itself. '
    'No row: no plate has this code (any more).';

CREATE FUNCTION city.plate_can_report(code text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT NOT EXISTS (SELECT FROM city.plate_report r WHERE r.plate = p.id AND r.made_at > now() - interval '1 hour' OFFSET 4)
        AND NOT EXISTS (SELECT FROM city.plate_report r WHERE r.plate = p.id AND r.state = 'waiting' OFFSET 19)
    FROM city.plate_of(code) p WHERE p.id IS NOT NULL;
END;
COMMENT ON FUNCTION city.plate_can_report IS 'Whether this plate takes a report now: five in an hour, twenty unread. NULL: no plate has this code.';

CREATE FUNCTION city.report_at_plate(code text, its_category text, its_note text, its_photo uuid) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE its city.plate; made uuid;
BEGIN
    -- one at a time for each plate, so that the limit holds
    SELECT p.* INTO its FROM city.plate p WHERE p.id = (city.plate_of(code)).id FOR UPDATE;
    IF its.id IS NULL OR its.revoked_at IS NOT NULL THEN RAISE EXCEPTION 'There is no such plate.' USING ERRCODE = 'CG404'; END IF;
    IF NOT city.plate_can_report(code) THEN RAISE EXCEPTION 'This plate takes no more reports now.' USING ERRCODE = 'CG429'; END IF;
    INSERT INTO city.plate_report (plate, dwelling, category, note, photo)
    VALUES (its.id, its.dwelling, its_category, its_note, its_photo) RETURNING id INTO made;
    RETURN made;
END $$;
COMMENT ON FUNCTION city.report_at_plate IS
    'Keeps a report until a person has looked at it. Its address is the plate''s; who sent it is not kept. CG404: no such plate; CG429: too many.';

-- -- who is signed in

CREATE FUNCTION city.door_of_plate(code text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who record := city.caller(); door text;
BEGIN
    SELECT p.dwelling INTO door FROM city.plate p WHERE p.code_sha256 = sha256(convert_to(code, 'UTF8')) AND p.revoked_at IS NULL;
    RETURN door;
END $$;
COMMENT ON FUNCTION city.door_of_plate IS 'Which door the plate hangs at, if the caller sees that door; else NULL.';

CREATE FUNCTION city.my_plates() RETURNS TABLE (door text, code_sha256 bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who record := city.caller(); shown text[];
BEGIN
    IF who.role <> 'grid_worker' THEN RETURN; END IF;
    SELECT array_agg(door_with_work.dwelling) INTO shown FROM (
        SELECT t.dwelling FROM city.task t WHERE t.state IN ('dispatched', 'acknowledged', 'suspended') AND t.queue >= who.scope AND t.queue < who.scope || 'z'
        UNION SELECT c.dwelling FROM city.placement here JOIN city.patrol c ON c.dwelling = here.dwelling AND c.ended_at IS NULL
            WHERE here.place >= who.scope AND here.place < who.scope || 'z'
        LIMIT 1000) door_with_work;
    RETURN QUERY SELECT p.dwelling, p.code_sha256 FROM city.plate p WHERE p.dwelling = ANY (shown) AND p.revoked_at IS NULL ORDER BY p.dwelling;
END $$;
COMMENT ON FUNCTION city.my_plates IS
    'The plates of doors where a grid worker has something to do, by the hash of their code: a tablet finds the stop without a network.';

CREATE FUNCTION city.visits_at(door text, most integer)
RETURNS TABLE (at timestamptz, by text, rule text, kind text, outcome text, note text, task uuid)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who record := city.caller();
BEGIN
    RETURN QUERY SELECT v.* FROM (
        SELECT coalesce(e.happened_at, e.at), e.actor_name, t.rule, NULL::text, e.outcome,
            CASE e.move WHEN 'complete' THEN t.note ELSE (SELECT o.note FROM city.observation o WHERE (o.task, o.number) = (e.task, e.number)) END, t.id
        FROM city.task t JOIN city.task_event e ON e.task = t.id AND e.move IN ('complete', 'observe')
        WHERE t.dwelling = door
        UNION ALL
        SELECT v.seen_at, v.account_name, NULL, c.kind, v.outcome, v.note, NULL
        FROM city.patrol c JOIN city.patrol_visit v ON v.patrol = c.id JOIN city.patrol_kind k ON k.kind = c.kind
        WHERE c.dwelling = door AND c.spot = '' AND (who.domains IS NULL OR k.domain = ANY (who.domains))) v
    ORDER BY 1 DESC LIMIT least(most, 100);
    PERFORM city.looked('dwelling', ARRAY[door], was_found => FOUND);
END $$;
COMMENT ON FUNCTION city.visits_at IS 'The newest visits at a door, of the tasks that the caller sees and of the patrol plan. Recorded.';

CREATE FUNCTION city.tasks_at(door text) RETURNS SETOF city.shown_task LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT r.* FROM city.read_tasks(ARRAY(
        SELECT t.id FROM city.task t WHERE t.dwelling = door AND t.state IN ('dispatched', 'acknowledged', 'suspended')
        ORDER BY t.respond_by, t.id LIMIT 50)) r;
END $$;
COMMENT ON FUNCTION city.tasks_at IS 'The open tasks at a door that the caller sees. Recorded.';

CREATE FUNCTION city.place_of_door(door text) RETURNS SETOF city.shown_place LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT * FROM city.show_place(door);
END $$;
COMMENT ON FUNCTION city.place_of_door IS 'Where a door is that the caller sees.';

CREATE TYPE city.shown_report AS (
    id uuid, dwelling text, category text, note text, photo boolean, made_at timestamptz, state text, decided_name text, decided_at timestamptz,
    reason text, finding_id uuid,
    placed text, grid text, district text, address text, lon float8, lat float8, names_zh text[], names_en text[]);

CREATE FUNCTION city.show_reports(ids uuid[]) RETURNS SETOF city.shown_report LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT r.id, r.dwelling, r.category, r.note, r.photo IS NOT NULL, r.made_at, r.state, r.decided_name, r.decided_at, r.reason,
        (SELECT a.finding_id FROM city.alert a WHERE a.dwelling = r.dwelling AND a.rule = 'public-report' AND a.cause = r.id::text), p.*
    FROM city.plate_report r LEFT JOIN LATERAL city.show_place(r.dwelling) p ON true
    WHERE r.id = ANY (ids) ORDER BY array_position(ids, r.id);
END;

CREATE FUNCTION city.list_reports(its_state text, most integer, after_time timestamptz DEFAULT NULL, after_id uuid DEFAULT NULL)
RETURNS SETOF city.shown_report LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who record := city.caller(); page uuid[];
BEGIN
    IF who.role <> 'command_centre' THEN RAISE EXCEPTION 'Reports are for command centres.' USING ERRCODE = 'CG403'; END IF;
    page := ARRAY(SELECT r.id FROM city.plate_report r WHERE r.state = its_state AND (after_id IS NULL
        OR CASE its_state WHEN 'waiting' THEN (r.made_at, r.id) > (after_time, after_id) ELSE (r.made_at, r.id) < (after_time, after_id) END)
        ORDER BY CASE its_state WHEN 'waiting' THEN r.made_at END, r.made_at DESC, r.id LIMIT least(most, 201));
    PERFORM city.looked('plate_report', page::text[]);
    RETURN QUERY SELECT * FROM city.show_reports(page);
END $$;
COMMENT ON FUNCTION city.list_reports IS 'Reports of the caller''s area: those that wait, the oldest first; others, the newest first. CG403: no command centre.';

CREATE FUNCTION city.count_reports() RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who record := city.caller();
BEGIN
    IF who.role <> 'command_centre' THEN RETURN 0; END IF;
    RETURN (SELECT count(*) FROM city.plate_report r WHERE r.state = 'waiting');
END $$;
COMMENT ON FUNCTION city.count_reports IS 'How many reports of the caller''s area wait for a person.';

CREATE FUNCTION city.read_report(its_id uuid) RETURNS SETOF city.shown_report LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM city.caller();
    RETURN QUERY SELECT * FROM city.show_reports(ARRAY[its_id]);
    PERFORM city.looked('plate_report', ARRAY[its_id::text], was_found => FOUND);
END $$;
COMMENT ON FUNCTION city.read_report IS 'One report, for the centre of its area or whoever sees its case. Recorded, found or not.';

CREATE FUNCTION city.report_of_case(finding uuid) RETURNS SETOF city.shown_report LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE its_id uuid;
BEGIN
    PERFORM city.caller();
    SELECT r.id INTO its_id FROM city.alert a JOIN city.plate_report r ON r.dwelling = a.dwelling AND r.id::text = a.cause
    WHERE a.finding_id = finding AND a.rule = 'public-report';
    IF its_id IS NOT NULL THEN RETURN QUERY SELECT * FROM city.read_report(its_id); END IF;
END $$;
COMMENT ON FUNCTION city.report_of_case IS 'What was reported, of a case that began with it. Recorded.';

CREATE FUNCTION city.report_photo(its_id uuid) RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE its_photo uuid;
BEGIN
    PERFORM city.caller();
    SELECT r.photo INTO its_photo FROM city.plate_report r WHERE r.id = its_id;
    PERFORM city.looked('plate_report', ARRAY[its_id::text], was_found => its_photo IS NOT NULL);
    RETURN its_photo;
END $$;
COMMENT ON FUNCTION city.report_photo IS 'The name of a report''s photo in the store, for whoever sees the report; else NULL. Recorded.';

CREATE FUNCTION city.decide_report(its_id uuid, accept boolean, because text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    its city.plate_report; decided text := CASE WHEN accept THEN 'accepted' ELSE 'declined' END;
    since text := city.sees_from(); until text := city.sees_until();
BEGIN
    -- Not there and not yours to see are one answer; as the policy of city.plate_report says it, for this function runs as the owner.
    IF city.my_role() IS DISTINCT FROM 'command_centre' OR NOT 'facilities' = ANY (coalesce(city.sees_domains(), '{facilities}'))
        OR NOT EXISTS (SELECT FROM city.plate_report r JOIN city.placement p ON p.dwelling = r.dwelling
            WHERE r.id = its_id AND p.place >= since AND p.place < until)
    THEN
        RAISE EXCEPTION 'There is no such report.' USING ERRCODE = 'CG404';
    END IF;
    IF NOT accept AND coalesce(trim(because), '') = '' THEN
        RAISE EXCEPTION 'To decline a report, say why.' USING ERRCODE = 'CG422';
    END IF;
    SELECT * INTO its FROM city.plate_report r WHERE r.id = its_id FOR UPDATE;
    IF its.state = decided AND its.decided_by = city.my_account() THEN RETURN; END IF; -- sent again because the answer was lost
    IF its.state <> 'waiting' THEN
        RAISE EXCEPTION 'This report was % already.', its.state USING ERRCODE = 'CG409', DETAIL = 'none';
    END IF;
    UPDATE city.plate_report r SET (state, decided_by, decided_name, decided_at, reason) = (SELECT decided, m.account, m.name, now(), because FROM city.me() m)
    WHERE r.id = its_id;
    IF accept THEN -- a fact like what a worker saw: a rule makes the case of it
        INSERT INTO city.outbox (topic, statement) VALUES ('grid.report', jsonb_build_object(
            'withdrawn', false, 'occurred_at', now(), 'recorded_at', now(), 'record', its.id::text, 'subject', its.dwelling,
            'kind', 'ReportAccepted', 'change', jsonb_build_object('category', its.category)));
        NOTIFY city_outbox;
    END IF;
END $$;
COMMENT ON FUNCTION city.decide_report IS
    'A person of the command centre has looked: accepted, it is stated and becomes a case; declined, with a reason, it is kept for a while. '
    'CG404: not theirs; CG409: decided before; CG422: no reason.';

-- -- who may call them, and whose they are
GRANT EXECUTE ON FUNCTION city.read_plate, city.plate_can_report, city.report_at_plate, city.door_of_plate, city.my_plates, city.visits_at, city.tasks_at,
    city.place_of_door, city.list_reports, city.count_reports, city.read_report, city.report_of_case, city.report_photo,
    city.decide_report
    TO citygrid_api;
GRANT CREATE ON SCHEMA city TO citygrid_reader;
DO $$
DECLARE one name;
BEGIN
    FOREACH one IN ARRAY ARRAY[
        'door_of_plate', 'my_plates', 'visits_at', 'tasks_at', 'place_of_door', 'show_reports', 'list_reports', 'count_reports',
        'read_report', 'report_of_case', 'report_photo']
    LOOP
        EXECUTE format('ALTER FUNCTION city.%I OWNER TO citygrid_reader', one);
    END LOOP;
END $$;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
