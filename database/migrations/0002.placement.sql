-- Where dwellings, grids and districts lie; who may see what follows from it.

-- The only table that says which grid a dwelling is in (law 8). A dwelling that somebody named but nobody registered has a row with neither
-- grid nor district; the dwelling '' stands for "none". So each row that concerns people has exactly one place. It is kept in the row
-- itself as well (`place` of rows and alerts, `queue` of tasks), so that "who may see it" is two comparisons: city.move_place keeps them the same.
CREATE TABLE city.placement (
    dwelling text COLLATE "C" PRIMARY KEY,
    grid text COLLATE "C",
    district text COLLATE "C",
    lon double precision, -- degrees, WGS 84
    lat double precision,
    address text,
    version bigint NOT NULL DEFAULT -1, -- offset of the dwelling's row record
    place text COLLATE "C" NOT NULL GENERATED ALWAYS AS (coalesce(grid, district, 'city')) STORED
);
CREATE INDEX ON city.placement (place, dwelling);
CREATE INDEX ON city.placement (dwelling, place);
INSERT INTO city.placement (dwelling) VALUES ('');
ALTER TABLE city.placement ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.placement TO citygrid_owner USING (true);
CREATE POLICY sinks ON city.placement TO citygrid_sinks USING (true);
CREATE POLICY sees ON city.placement FOR SELECT TO citygrid_reader USING (
    place >= (SELECT city.sees_from()) AND place < (SELECT city.sees_until()));
GRANT SELECT ON city.placement TO citygrid_reader;
GRANT SELECT, INSERT, UPDATE ON city.placement TO citygrid_sinks;

-- A key of city.placement is a dwelling's number, or `grid/<15 digits>` or `district/<6 digits>` for what concerns a whole
-- grid or district; such a key says by itself where it lies. Whoever names a key first writes its row.
CREATE FUNCTION city.name_places(keys text[]) RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    INSERT INTO city.placement (dwelling, grid, district)
    SELECT DISTINCT key, substring(key FROM '^grid/([0-9]{15})$'),
        coalesce(substring(key FROM '^district/([0-9]{6})$'), substring(key FROM '^grid/([0-9]{6})[0-9]{9}$'))
    FROM unnest(keys) AS key ORDER BY key
    ON CONFLICT DO NOTHING;
END;
COMMENT ON FUNCTION city.name_places IS 'A placement for each key that has none: where a grid or district lies, and unknown for a dwelling.';

-- Statistics answer whoever may read the catalogue, whatever the policies say: tables about people have none.
CREATE FUNCTION city.keep_no_statistics(about regclass) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE one name;
BEGIN
    FOR one IN SELECT attname FROM pg_attribute WHERE attrelid = about AND attnum > 0 AND NOT attisdropped AND attgenerated <> 'v' LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS 0', about, one);
    END LOOP;
END $$;

DO $$ BEGIN PERFORM city.keep_no_statistics('city.placement'); END $$;

CREATE FUNCTION city.middle(geometry jsonb, axis integer) RETURNS float8 LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT avg((corner ->> axis)::float8)
    FROM jsonb_array_elements(CASE geometry ->> 'type'
        WHEN 'Polygon' THEN geometry #> '{coordinates,0}'
        WHEN 'MultiPolygon' THEN geometry #> '{coordinates,0,0}' END) WITH ORDINALITY AS ring(corner, number)
    WHERE number > 1 -- the last corner is the first again
);
COMMENT ON FUNCTION city.middle IS 'The mean of the corners of an area''s outline, in degrees; axis 0: longitude, 1: latitude. NULL: no outline.';

-- Districts, streets, communities and grids by the prefix of their code. What a map of the city shows is no secret.
CREATE TABLE city.grid_area (
    grid text COLLATE "C" PRIMARY KEY CHECK (grid ~ '^[0-9]+$' AND length(grid) IN (6, 9, 12, 15)),
    geometry jsonb, -- GeoJSON Polygon or MultiPolygon, WGS 84
    name_zh text NOT NULL,
    name_en text NOT NULL,
    parent text COLLATE "C" NOT NULL GENERATED ALWAYS AS (
        CASE length(grid) WHEN 6 THEN '' ELSE substr(grid, 1, length(grid) - 3) END) STORED,
    -- where a pin for what concerns the whole area stands: no door of it has coordinates of its own
    lon double precision GENERATED ALWAYS AS (city.middle(geometry, 0)) STORED,
    lat double precision GENERATED ALWAYS AS (city.middle(geometry, 1)) STORED
);
CREATE INDEX ON city.grid_area (parent, grid);
GRANT SELECT ON city.grid_area TO citygrid_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON city.grid_area TO citygrid_sinks;

CREATE FUNCTION city.is_door(place text) RETURNS boolean LANGUAGE sql IMMUTABLE
BEGIN ATOMIC SELECT place <> '' AND place !~ '^(grid|district)/'; END;
COMMENT ON FUNCTION city.is_door IS 'Whether the key of a placement is a dwelling: not none, and not a whole grid or district.';

CREATE FUNCTION city.is_queue(named text) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT named = 'city' OR named ~ '^([0-9]{15}|[0-9]{6})$' AND (
        EXISTS (SELECT FROM city.grid_area g WHERE g.grid = named)
        OR EXISTS (SELECT FROM city.placement p WHERE p.place >= named AND p.place < named || 'z')
        OR EXISTS (SELECT FROM city.account a WHERE a.scope = named AND a.disabled_at IS NULL));
END;
COMMENT ON FUNCTION city.is_queue IS 'Whether it is the city, or a grid or district that the map, a dwelling or an account names.';

-- -- who may call them
GRANT EXECUTE ON FUNCTION city.is_door TO citygrid_reader;
GRANT EXECUTE ON FUNCTION city.name_places, city.middle TO citygrid_sinks;
