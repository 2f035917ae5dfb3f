-- depends: 0020.api
-- Grids, districts and legal persons: their rows' first generations, and places that are no dwelling.

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
GRANT EXECUTE ON FUNCTION city.name_places TO citygrid_sinks;

-- city.move_task states a visit of the task's dwelling when it is completed; nobody visits a grid or a district.
CREATE FUNCTION city.no_visit_of_a_grid() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN NULL;
END $$;
CREATE TRIGGER no_visit_of_a_grid BEFORE INSERT ON city.outbox FOR EACH ROW
    WHEN (NEW.topic = 'grid.observation' AND NEW.statement ->> 'subject' ~ '^(grid|district)/') EXECUTE FUNCTION city.no_visit_of_a_grid();

DO $$ BEGIN PERFORM city.begin_generation(one) FROM unnest(ARRAY['grid', 'district', 'legal_person']) AS one; END $$;
