-- depends: 0024.places
-- Where a pin for what concerns a whole grid stands on the map: such a place has no door with coordinates of its own.

CREATE FUNCTION city.middle(geometry jsonb, axis integer) RETURNS float8 LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT avg((corner ->> axis)::float8)
    FROM jsonb_array_elements(CASE geometry ->> 'type'
        WHEN 'Polygon' THEN geometry #> '{coordinates,0}'
        WHEN 'MultiPolygon' THEN geometry #> '{coordinates,0,0}' END) WITH ORDINALITY AS ring(corner, number)
    WHERE number > 1 -- the last corner is the first again
);
COMMENT ON FUNCTION city.middle IS 'The mean of the corners of an area''s outline, in degrees; axis 0: longitude, 1: latitude. NULL: no outline.';
GRANT EXECUTE ON FUNCTION city.middle TO citygrid_sinks; -- who writes an area computes it
ALTER TABLE city.grid_area
    ADD COLUMN lon float8 GENERATED ALWAYS AS (city.middle(geometry, 0)) STORED,
    ADD COLUMN lat float8 GENERATED ALWAYS AS (city.middle(geometry, 1)) STORED;
