DO $$
DECLARE one record;
BEGIN
    FOR one IN SELECT DISTINCT view FROM city.generation LOOP EXECUTE format('DROP VIEW city.%I', one.view); END LOOP;
    FOR one IN SELECT view, number FROM city.generation LOOP EXECUTE format('DROP TABLE city.%I', one.view || '_g' || one.number); END LOOP;
END $$;
DROP FUNCTION city.drop_generation, city.switch_generation, city.begin_generation, city.show_generation, city.keep_no_statistics;
DROP TABLE city.generation, city.placement;
