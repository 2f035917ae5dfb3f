-- depends: 0012.retention
-- How many identity numbers each department's key has stated today, over all gateways: who holds a key and reads Kafka as well
-- could learn whose pseudonym is whose, so a day's numbers are bounded (docs/decisions/0032-logins.md). One row a key.

ALTER TABLE city.department_key
    ADD COLUMN numbers_per_day bigint CHECK (numbers_per_day > 0); -- NULL: as many as the installation's setting says

CREATE TABLE city.key_day (
    key_id text COLLATE "C" PRIMARY KEY REFERENCES city.department_key,
    day date NOT NULL, -- the city's
    numbers bigint NOT NULL CHECK (numbers >= 0)
);
ALTER TABLE city.key_day ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON city.key_day TO citygrid_owner USING (true);

CREATE FUNCTION city.key_states(its_id text, its_numbers bigint, usual bigint,
    OUT taken boolean, OUT today bigint, OUT at_most bigint, OUT seconds_left integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    here timestamp := clock_timestamp() AT TIME ZONE 'Asia/Shanghai';
BEGIN
    SELECT coalesce(k.numbers_per_day, usual) INTO STRICT at_most FROM city.department_key k WHERE k.id = its_id;
    INSERT INTO city.key_day VALUES (its_id, here::date, 0) ON CONFLICT (key_id) DO NOTHING;
    SELECT CASE d.day WHEN here::date THEN d.numbers ELSE 0 END INTO today FROM city.key_day d WHERE d.key_id = its_id FOR NO KEY UPDATE;
    taken := its_numbers <= 0 OR today + its_numbers <= at_most;
    IF taken THEN
        today := greatest(0, today + its_numbers);
        UPDATE city.key_day d SET day = here::date, numbers = today WHERE d.key_id = its_id;
    END IF;
    seconds_left := ceil(extract(epoch FROM date_trunc('day', here) + interval '1 day' - here));
END $$;
COMMENT ON FUNCTION city.key_states IS
    'The key is about to state so many identity numbers (fewer than 0: they were not delivered): whether it still may today. usual: the limit of a key that has none of its own.';
GRANT EXECUTE ON FUNCTION city.key_states TO citygrid_doors;
