-- How the API reads: functions of citygrid_reader, which owns no table and sees what the policies show to the session of the
-- transaction. Each looks who asks, reads, and records the look. The API's role may call them and read nothing else.

CREATE FUNCTION city.caller(OUT account uuid, OUT role text, OUT scope text, OUT domains text[]) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT m.account, m.role, m.scope, m.domains INTO account, role, scope, domains FROM city.me() m;
    IF account IS NULL THEN RAISE EXCEPTION 'Log in first.' USING ERRCODE = 'CG401'; END IF;
END $$;
COMMENT ON FUNCTION city.caller IS 'Who asks. CG401: nobody.';

CREATE FUNCTION city.looked(its_view text, its_keys text[], its_purpose text DEFAULT 'list', its_case uuid DEFAULT NULL, was_found boolean DEFAULT true)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF cardinality(its_keys) > 0 THEN
        PERFORM audit.record(m.account, m.name, m.role, m.scope, its_view, its_keys, its_purpose, its_case, was_found) FROM city.me() m;
    END IF;
END $$;
COMMENT ON FUNCTION city.looked IS 'Records one look at these keys; none: nothing was shown.';

CREATE FUNCTION city.looks(its_view text, its_key text, most integer) RETURNS TABLE (at timestamptz, account text, role text, purpose text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who record := city.caller(); centre boolean := who.role = 'command_centre';
BEGIN
    RETURN QUERY SELECT * FROM audit.looks_at(its_view, its_key, who.account, CASE WHEN centre THEN city.sees_from() END,
        CASE WHEN centre THEN city.sees_until() END, who.role = 'admin', least(most, 200));
END $$;
COMMENT ON FUNCTION city.looks IS 'The newest looks at a row: one''s own; for a command centre those of its area''s accounts, for an administrator all.';

CREATE FUNCTION city.read_in_order(wanted jsonb, scope text) RETURNS void LANGUAGE sql
BEGIN ATOMIC
    SELECT set_config('enable_sort', CASE WHEN greatest(length(coalesce(wanted ->> 'area', '')), length(scope)) > 6
        OR wanted ?| ARRAY['mine', 'assignee'] THEN 'on' ELSE 'off' END, true);
END;
COMMENT ON FUNCTION city.read_in_order IS
    'For the city and a district there is an index in the order of the list: a page costs its page. Below, and of one person, all is read and sorted.';

-- Whoever asks by an area below his own reads that index; whoever asks by one above it reads his own.
CREATE FUNCTION city.in_area(column_name text, area text, scope text) RETURNS text LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
DECLARE within text := CASE WHEN starts_with(scope, coalesce(area, '')) THEN scope ELSE area END;
BEGIN
    RETURN CASE length(within) WHEN 0 THEN 'true' WHEN 6 THEN format('district = %L', within)
        ELSE format('%1$I >= %2$L AND %1$I < %3$L', column_name, within, within || 'z') END;
END $$;

-- -- places and rows

CREATE TYPE city.shown_place AS (placed text, grid text, district text, address text, lon float8, lat float8, names_zh text[], names_en text[]);

-- Without SET, so that PostgreSQL puts it into the query that calls it; its names are bound when it is made.
CREATE FUNCTION city.show_place(its_dwelling text) RETURNS SETOF city.shown_place LANGUAGE sql STABLE
BEGIN ATOMIC
    -- The middle of the grid is where a whole grid's matter stands; a door without coordinates stands nowhere.
    SELECT p.dwelling, p.grid, p.district, p.address,
        CASE WHEN starts_with(p.dwelling, 'grid/') THEN area.lon ELSE p.lon END,
        CASE WHEN starts_with(p.dwelling, 'grid/') THEN area.lat ELSE p.lat END,
        ARRAY[street.name_zh, community.name_zh, area.name_zh], ARRAY[street.name_en, community.name_en, area.name_en]
    FROM city.placement p
    LEFT JOIN city.grid_area street ON street.grid = left(p.grid, 9)
    LEFT JOIN city.grid_area community ON community.grid = left(p.grid, 12)
    LEFT JOIN city.grid_area area ON area.grid = p.grid
    WHERE p.dwelling = its_dwelling AND p.dwelling <> '';
END;

-- Names of areas are no secret. At most 50: whoever looks for one types more of its name.
CREATE FUNCTION city.queues(search text, most integer) RETURNS TABLE (queue text, names_zh text[], names_en text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE who record := city.caller(); area text := CASE WHEN length(who.scope) > 6 THEN left(who.scope, 6) ELSE who.scope END;
BEGIN
    IF who.role NOT IN ('grid_worker', 'command_centre') THEN RETURN; END IF;
    RETURN QUERY SELECT g.grid, ARRAY[street.name_zh, community.name_zh, g.name_zh], ARRAY[street.name_en, community.name_en, g.name_en]
        FROM city.grid_area g
        LEFT JOIN city.grid_area street ON street.grid = left(g.grid, 9)
        LEFT JOIN city.grid_area community ON community.grid = left(g.grid, 12)
        WHERE length(g.grid) = 15 AND g.grid >= area AND g.grid < area || 'z' AND (starts_with(g.grid, search)
            OR strpos(lower(concat_ws(' ', street.name_zh, community.name_zh, g.name_zh, g.name_en, community.name_en, street.name_en)), lower(search)) > 0)
        ORDER BY g.grid LIMIT least(most, 50);
END $$;
COMMENT ON FUNCTION city.queues IS
    'Grids of the caller''s area, or of the district in which it lies, whose code begins with `search` or in whose name it stands.';

CREATE FUNCTION city.my_area() RETURNS TABLE (grid text, name_zh text, name_en text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC SELECT g.grid, g.name_zh, g.name_en FROM city.me() m JOIN city.grid_area g ON g.grid = m.scope; END;

-- Why who may look at a person. An account that is limited to domains handles its cases, and nothing else.
CREATE TABLE city.purpose (
    role text NOT NULL,
    name text NOT NULL,
    of_limited boolean NOT NULL,  -- also of accounts that are limited to domains
    names_case boolean NOT NULL,  -- it must say which case, and the row must be concerned by it
    position integer NOT NULL,
    PRIMARY KEY (role, name)
);
INSERT INTO city.purpose VALUES
    ('grid_worker', 'handle_case', true, true, 1), ('grid_worker', 'verify_fact', false, false, 2),
    ('grid_worker', 'answer_citizen', false, false, 3),
    ('command_centre', 'handle_case', true, true, 1), ('command_centre', 'verify_fact', false, false, 2),
    ('command_centre', 'answer_citizen', false, false, 3), ('command_centre', 'supervise', false, false, 4);
GRANT SELECT ON city.purpose TO citygrid_reader;

CREATE FUNCTION city.my_purposes() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT p.name FROM city.purpose p JOIN city.me() m ON p.role = m.role WHERE m.domains IS NULL OR p.of_limited ORDER BY p.position;
END;

CREATE FUNCTION city.concerned(its_case uuid, its_view text, its_key text, its_dwelling text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE about city.alert; named boolean;
BEGIN
    SELECT * INTO about FROM city.alert a WHERE a.finding_id = its_case;
    IF about.finding_id IS NULL THEN RETURN false; END IF;
    IF (about.view, about.subject) = (its_view, its_key) OR (its_view = 'household' AND about.household = its_key)
        OR (about.dwelling <> '' AND about.dwelling = its_dwelling)
    THEN
        RETURN true;
    END IF;
    -- or the row that the case is about, or that of its door, names it: a tenant, a legal representative
    EXECUTE format('SELECT EXISTS (SELECT FROM city.%I WHERE id = $1 AND strpos(row::text, $2) > 0)
        OR EXISTS (SELECT FROM city.dwelling WHERE id = $3 AND strpos(row::text, $2) > 0)', about.view)
    INTO named USING about.subject, to_jsonb(its_key)::text, about.dwelling;
    RETURN named;
END $$;
COMMENT ON FUNCTION city.concerned IS 'Whether this case, which the caller must see, is about this row or about who or what the row is of.';

CREATE FUNCTION city.read_rows(its_view text, its_keys text[], its_purpose text DEFAULT NULL, its_case uuid DEFAULT NULL)
RETURNS TABLE (id text, version bigint, updated_at timestamptz, "row" jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE rule city.purpose; who record := city.caller(); shown text[] := '{}'; dwelling text;
BEGIN
    IF cardinality(its_keys) > 200 THEN RAISE EXCEPTION 'At most 200 rows at once.' USING ERRCODE = 'CG422'; END IF;
    IF its_purpose IS NOT NULL THEN
        SELECT p.* INTO rule FROM city.purpose p
        WHERE p.role = who.role AND p.name = its_purpose AND (who.domains IS NULL OR p.of_limited);
        IF rule.name IS NULL AND EXISTS (SELECT FROM city.purpose p WHERE p.role = who.role) THEN
            RAISE EXCEPTION 'This account may not look for the purpose %.', its_purpose USING ERRCODE = 'CG403';
        END IF;
        IF rule.names_case AND its_case IS NULL THEN
            RAISE EXCEPTION 'The purpose % names a case.', its_purpose USING ERRCODE = 'CG422';
        END IF;
    END IF;
    IF EXISTS (SELECT FROM city.generation g WHERE g.view = its_view) THEN
        FOR id, dwelling, version, updated_at, "row" IN EXECUTE format(
            'SELECT id, dwelling, version, updated_at, row FROM city.%I WHERE id = ANY ($1)', its_view) USING its_keys
        LOOP
            IF NOT rule.names_case OR rule.names_case IS NULL OR city.concerned(its_case, its_view, id, dwelling) THEN
                shown := shown || id;
                RETURN NEXT;
            END IF;
        END LOOP;
    END IF;
    PERFORM city.looked(its_view, shown, coalesce(its_purpose, 'list'), its_case);
    PERFORM city.looked(its_view, ARRAY(SELECT k FROM unnest(its_keys) k WHERE k <> ALL (shown)), coalesce(its_purpose, 'list'), its_case, false);
END $$;
COMMENT ON FUNCTION city.read_rows IS
    'Rows of a view by their keys; recorded, found or not. CG403: not a purpose of this account; CG422: the purpose names a case.';

CREATE FUNCTION city.facts_in("row" jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(jsonb_agg(few.fact), '[]') FROM (
        SELECT f.fact FROM jsonb_path_query("row", 'strict $.** ? (@.event_id.type() == "string" && @.department.type() == "string"
            && @.kind.type() == "string" && @.record.type() == "string")') f(fact)
        WHERE f.fact -> 'withdrawn' IS DISTINCT FROM 'true' LIMIT 5000) few;
END;
COMMENT ON FUNCTION city.facts_in IS 'The statements that stand in a row, its own and those that others contribute: a grid''s row has those of all its doors.';

CREATE FUNCTION city.read_row(its_view text, its_key text, its_purpose text DEFAULT NULL, its_case uuid DEFAULT NULL)
RETURNS TABLE (id text, version bigint, updated_at timestamptz, "row" jsonb, contested jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    FOR id, version, updated_at, "row" IN SELECT r.* FROM city.read_rows(its_view, ARRAY[its_key], its_purpose, its_case) r LOOP
        contested := (SELECT coalesce(jsonb_agg(c), '[]') FROM city.contested(city.facts_in("row")) c);
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION city.read_row IS 'As city.read_rows, one row, with those of its statements that are contested: [{event_id, correction, state, asked_at}].';

-- -- who may call them, and whose they are
GRANT EXECUTE ON FUNCTION city.looks, city.queues, city.my_area, city.my_purposes, city.read_rows, city.read_row TO citygrid_api;
GRANT CREATE ON SCHEMA city TO citygrid_reader;
DO $$
DECLARE one name;
BEGIN
    FOREACH one IN ARRAY ARRAY[
        'caller', 'looked', 'looks', 'read_in_order', 'in_area', 'show_place', 'queues', 'my_area', 'my_purposes', 'concerned',
        'read_rows', 'facts_in', 'read_row']
    LOOP
        EXECUTE format('ALTER FUNCTION city.%I OWNER TO citygrid_reader', one);
    END LOOP;
END $$;
REVOKE CREATE ON SCHEMA city FROM citygrid_reader;
