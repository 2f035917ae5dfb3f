-- Where a grid worker goes without anything having happened: recurring visits by kind, as data; and what a route is made of.
-- docs/decisions/0035-due-and-route.md

CREATE TABLE city.patrol_kind (
    kind text PRIMARY KEY CHECK (kind ~ '^[a-z]+(_[a-z]+)*$'),
    title_zh text NOT NULL,
    title_en text NOT NULL,
    domain text COLLATE "C" NOT NULL, -- an account that is limited to domains goes on their patrols only
    severity text NOT NULL CHECK (severity IN ('today', 'planned')),
    every_days integer NOT NULL CHECK (every_days BETWEEN 1 AND 366),
    minutes integer NOT NULL CHECK (minutes BETWEEN 1 AND 240)
);
INSERT INTO city.patrol_kind VALUES
    ('daily_visit', '每日探访', 'daily visit', 'care', 'today', 1, 10),
    ('manhole', '井盖巡查', 'manhole cover', 'facilities', 'planned', 7, 3),
    ('low_income', '低收入家庭走访', 'low-income family', 'benefits', 'planned', 30, 15),
    ('rental', '出租屋巡查', 'rental', 'housing', 'planned', 30, 10);

CREATE TABLE city.patrol (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    kind text NOT NULL REFERENCES city.patrol_kind,
    dwelling text COLLATE "C" NOT NULL REFERENCES city.placement, -- a door, or `grid/<15 digits>` for a spot of that grid
    spot text NOT NULL DEFAULT '',  -- which one of that grid: a component's code
    address text,                   -- of a spot; a door's is its placement's
    lon double precision,           -- degrees, WGS 84
    lat double precision,
    every_days integer CHECK (every_days BETWEEN 1 AND 366), -- NULL: as its kind
    opens time,                     -- when somebody can be met; NULL: always
    closes time,
    ended_at timestamptz,           -- no longer in the plan; its visits stay
    UNIQUE (kind, dwelling, spot),
    CHECK ((opens IS NULL) = (closes IS NULL) AND opens < closes),
    CHECK ((spot <> '') = starts_with(dwelling, 'grid/'))
);
CREATE INDEX ON city.patrol (dwelling) WHERE ended_at IS NULL;

CREATE TABLE city.patrol_visit (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    patrol uuid NOT NULL REFERENCES city.patrol,
    account uuid NOT NULL REFERENCES city.account,
    account_name text NOT NULL, -- as it was then
    outcome text NOT NULL CHECK (outcome <> ''),
    note text,
    seen_at timestamptz NOT NULL,
    sent_at timestamptz NOT NULL DEFAULT now(),
    request uuid, -- of the tablet: the same visit sent twice is one
    UNIQUE (account, request)
);
CREATE INDEX ON city.patrol_visit (patrol, seen_at);
DO $$ BEGIN
    PERFORM city.keep_no_statistics(about) FROM unnest(ARRAY['city.patrol', 'city.patrol_visit']::regclass[]) AS about;
END $$;
ALTER TABLE city.patrol ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE city.patrol_visit ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.patrol TO citygrid_owner USING (true);
CREATE POLICY owner ON city.patrol_visit TO citygrid_owner USING (true);
CREATE POLICY sees ON city.patrol FOR SELECT TO citygrid_reader USING (EXISTS (SELECT FROM city.placement p WHERE p.dwelling = patrol.dwelling));
CREATE POLICY sees ON city.patrol_visit FOR SELECT TO citygrid_reader USING (EXISTS (SELECT FROM city.patrol p WHERE p.id = patrol_visit.patrol));
GRANT SELECT ON city.patrol_kind, city.patrol, city.patrol_visit TO citygrid_reader;

CREATE FUNCTION city.plan_patrols(lines jsonb) RETURNS integer LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE changed integer;
BEGIN
    PERFORM city.name_places(ARRAY(SELECT DISTINCT l ->> 'dwelling' FROM jsonb_array_elements(lines) l));
    INSERT INTO city.patrol AS old (kind, dwelling, spot, address, lon, lat, every_days, opens, closes)
    SELECT l.kind, l.dwelling, coalesce(l.spot, ''), l.address, l.lon, l.lat, l.every_days, l.opens, l.closes
    FROM jsonb_to_recordset(lines) AS l(kind text, dwelling text, spot text, address text, lon float8, lat float8, every_days integer,
        opens time, closes time)
    ON CONFLICT (kind, dwelling, spot) DO UPDATE SET (address, lon, lat, every_days, opens, closes, ended_at)
        = (excluded.address, excluded.lon, excluded.lat, excluded.every_days, excluded.opens, excluded.closes, NULL);
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN changed;
END $$;
COMMENT ON FUNCTION city.plan_patrols IS 'Lines of the patrol plan; one that is there already is renewed.';

CREATE FUNCTION city.patrol_visited(its_id uuid, seen jsonb, stated timestamptz DEFAULT NULL, request_id uuid DEFAULT NULL,
    OUT seen_at timestamptz, OUT sent_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE me record; its city.patrol; made city.patrol_visit;
BEGIN
    SELECT m.* INTO me FROM city.me() m;
    SELECT c.* INTO its FROM city.patrol c JOIN city.placement p ON p.dwelling = c.dwelling JOIN city.patrol_kind k ON k.kind = c.kind
    WHERE c.id = its_id AND p.place >= me.scope AND p.place < me.scope || 'z' AND k.domain = ANY (coalesce(me.domains, ARRAY[k.domain]));
    IF me.role IS DISTINCT FROM 'grid_worker' OR its.id IS NULL THEN
        RAISE EXCEPTION 'There is no such visit in the plan.' USING ERRCODE = 'CG404';
    END IF;
    SELECT v.* INTO made FROM city.patrol_visit v WHERE v.account = me.account AND v.request = request_id;
    IF made.id IS NULL THEN
        INSERT INTO city.patrol_visit AS v (patrol, account, account_name, outcome, note, seen_at, request)
        VALUES (its.id, me.account, me.name, seen ->> 'outcome', seen ->> 'note',
            (city.time_of_visit(stated, now() - interval '7 days', now())).happened_at, request_id)
        RETURNING v.* INTO made;
        IF city.is_door(its.dwelling) THEN -- a fact like every visit: a rule that waits for one is content
            INSERT INTO city.outbox (topic, statement) VALUES ('grid.observation', jsonb_build_object(
                'withdrawn', false, 'occurred_at', made.seen_at, 'recorded_at', made.sent_at, 'record', made.id::text, 'subject', its.dwelling,
                'kind', 'Visited', 'change', jsonb_build_object('task', made.id::text, 'outcome', made.outcome, 'note', made.note,
                    'checks', coalesce(seen -> 'checks', '{}'))));
            NOTIFY city_outbox;
        END IF;
    END IF;
    seen_at := made.seen_at;
    sent_at := made.sent_at;
END $$;
COMMENT ON FUNCTION city.patrol_visited IS 'A recurring visit was made; sent again it is still one. A visit to a door is stated like a task''s. CG404: not in the own plan.';

-- -- what a route is made of

CREATE FUNCTION city.route_tasks() RETURNS TABLE (id uuid, rule text, severity text, sos boolean, respond_by timestamptz, door text, lon float8, lat float8)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE who record := city.caller(); shown text[] := '{}';
BEGIN
    IF who.role <> 'grid_worker' THEN RAISE EXCEPTION 'Only a grid worker has a route.' USING ERRCODE = 'CG403'; END IF;
    FOR id, rule, severity, sos, respond_by, door, lon, lat IN
        SELECT t.id, t.rule, t.severity, t.domain = 'sos', t.respond_by, CASE WHEN city.is_door(t.dwelling) THEN t.dwelling END, p.lon, p.lat
        FROM city.task t LEFT JOIN LATERAL city.show_place(t.dwelling) p ON true
        WHERE t.state IN ('dispatched', 'acknowledged') AND (t.claimed_by IS NULL OR t.claimed_by = who.account)
            AND t.queue >= who.scope AND t.queue < who.scope || 'z'
        ORDER BY (t.domain <> 'sos'), coalesce(t.respond_by, 'infinity'), t.id LIMIT 200
    LOOP
        shown := shown || id::text;
        RETURN NEXT;
    END LOOP;
    PERFORM city.looked('task', shown);
END $$;
COMMENT ON FUNCTION city.route_tasks IS 'What a grid worker may go to: open tasks of the own queues that nobody else has. At most 200. CG403: not a grid worker.';

CREATE FUNCTION city.route_patrols(today date) RETURNS TABLE (id uuid, kind text, title_zh text, title_en text, severity text, minutes integer,
    every_days integer, opens time, closes time, last_at timestamptz, door text, spot text, address text, lon float8, lat float8)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE who record := city.caller(); shown text[] := '{}';
BEGIN
    IF who.role <> 'grid_worker' THEN RAISE EXCEPTION 'Only a grid worker has a route.' USING ERRCODE = 'CG403'; END IF;
    FOR id, kind, title_zh, title_en, severity, minutes, every_days, opens, closes, last_at, door, spot, address, lon, lat IN
        SELECT c.id, c.kind, k.title_zh, k.title_en, k.severity, k.minutes, coalesce(c.every_days, k.every_days), c.opens, c.closes, seen.last_at,
            CASE WHEN city.is_door(c.dwelling) THEN c.dwelling END, nullif(c.spot, ''), coalesce(c.address, p.address),
            coalesce(c.lon, p.lon), coalesce(c.lat, p.lat)
        FROM city.placement here
        JOIN city.patrol c ON c.dwelling = here.dwelling AND c.ended_at IS NULL
        JOIN city.patrol_kind k ON k.kind = c.kind
        JOIN LATERAL city.show_place(c.dwelling) p ON true
        LEFT JOIN LATERAL (SELECT max(v.seen_at) AS last_at FROM city.patrol_visit v WHERE v.patrol = c.id AND v.outcome = 'done') seen ON true
        WHERE here.place >= who.scope AND here.place < who.scope || 'z' AND (who.domains IS NULL OR k.domain = ANY (who.domains))
            AND (seen.last_at IS NULL
                OR (seen.last_at AT TIME ZONE 'Asia/Shanghai')::date + coalesce(c.every_days, k.every_days) <= route_patrols.today)
            -- who was not met today is tried again tomorrow
            AND NOT EXISTS (SELECT FROM city.patrol_visit v WHERE v.patrol = c.id AND v.outcome <> 'done'
                AND (v.seen_at AT TIME ZONE 'Asia/Shanghai')::date = route_patrols.today)
        ORDER BY seen.last_at NULLS FIRST, c.id LIMIT 200
    LOOP
        shown := shown || id::text;
        RETURN NEXT;
    END LOOP;
    PERFORM city.looked('patrol', shown);
END $$;
COMMENT ON FUNCTION city.route_patrols IS 'Recurring visits of a grid worker''s area that are due on this day, the longest not visited first. At most 200.';

-- -- who may call them, and whose they are
GRANT EXECUTE ON FUNCTION city.patrol_visited, city.route_tasks, city.route_patrols TO citygrid_api;
GRANT CREATE ON SCHEMA city TO citygrid_reader;
ALTER FUNCTION city.route_tasks OWNER TO citygrid_reader;
ALTER FUNCTION city.route_patrols OWNER TO citygrid_reader;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
