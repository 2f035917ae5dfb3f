DO $$
DECLARE one record;
BEGIN
    FOR one IN SELECT view, number FROM city.generation WHERE view IN ('grid', 'district', 'legal_person') LOOP
        EXECUTE format('DROP VIEW IF EXISTS city.%I', one.view);
        EXECUTE format('DROP TABLE city.%I', one.view || '_g' || one.number);
    END LOOP;
    DELETE FROM city.generation WHERE view IN ('grid', 'district', 'legal_person');
END $$;
DROP TRIGGER no_visit_of_a_grid ON city.outbox;
DROP FUNCTION city.no_visit_of_a_grid, city.name_places;
